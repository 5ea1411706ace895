//! `carbex backup` and `carbex restore`: whole files, verified on the way.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, bail};
use carbex_journal::{BackupReport, Progress, backup, restore};
use carbex_node::journal_directory;
use clap::Args;
use indicatif::ProgressBar;

use crate::journal::progress_bar;

/// Copies the journal and its snapshots into a new directory, verifying every byte; the exchange may run meanwhile.
#[derive(Args)]
pub struct BackupOptions {
    /// The exchange's data directory.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The new directory for the backup.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

/// Makes a data directory from a backup, after verifying it.
#[derive(Args)]
pub struct RestoreOptions {
    /// The backup.
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// The new data directory; it must not hold anything yet.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

fn bar() -> (ProgressBar, impl FnMut(Progress)) {
    let bar = progress_bar("{wide_bar} {bytes}/{total_bytes} {eta}");
    let moved = bar.clone();
    (bar, move |progress: Progress| {
        moved.set_length(progress.bytes_total);
        moved.set_position(progress.bytes_done);
    })
}

fn tell(done: anyhow::Result<()>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{fault:#}");
            ExitCode::FAILURE
        }
    }
}

fn print(what: &str, report: &BackupReport) {
    let BackupReport { files, bytes, last, group_hash, snapshots_damaged } = report;
    let last = last.map_or_else(|| "no command".to_owned(), |last| format!("up to command {last}"));
    println!("{what}: {files} files, {bytes} bytes, {last}, chain {group_hash}");
    for damage in snapshots_damaged {
        println!("left out: {damage}");
    }
}

/// Backs up.
pub fn run_backup(options: &BackupOptions) -> ExitCode {
    tell((|| {
        let journal = journal_directory(&options.data);
        if !journal.is_dir() {
            bail!(
                "{}: no exchange here: name the directory that `carbex serve --data` was given",
                options.data.display()
            );
        }
        let (bar, mut progress) = bar();
        let report = backup(&journal, &options.to, None, &mut progress);
        bar.finish_and_clear();
        print("backed up", &report.context("nothing was backed up")?);
        Ok(())
    })())
}

/// Restores.
pub fn run_restore(options: &RestoreOptions) -> ExitCode {
    tell((|| {
        // A history index of another life beside a restored journal would tell what never happened.
        if std::fs::read_dir(&options.data).is_ok_and(|mut entries| entries.next().is_some()) {
            bail!("{}: not empty: name a new directory, or move this one aside", options.data.display());
        }
        std::fs::create_dir_all(&options.data).with_context(|| options.data.display().to_string())?;
        let (bar, mut progress) = bar();
        let report = restore(&options.from, &journal_directory(&options.data), &mut progress);
        bar.finish_and_clear();
        if report.is_err() {
            // Empty again, so that the next try is not refused; a directory that is not empty stays.
            let _ = std::fs::remove_dir(&options.data);
        }
        print("restored", &report.context("nothing was restored")?);
        Ok(())
    })())
}
