//! `carbex bench restart`: snapshots and the start of a node at the size of a country.

use std::fs::File;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, anyhow};
use carbex_benches::restart::{RestartOptions, RestartProgress, RestartStage, measure};
use clap::{Args, value_parser};
use indicatif::{ProgressBar, ProgressStyle};

/// Snapshots and restart: a market written and read beside the raw disk, a node's start from snapshot and journal, and trade
/// while a snapshot is written.
///
/// Founds an exchange by commands, so it takes some minutes; with the default of 68 million accounts also 16 GiB of memory and about
/// 30 GB on the disk, all deleted in the end.
#[derive(Args)]
pub struct RestartArguments {
    /// Accounts in the exchange.
    #[arg(long, value_name = "N", default_value_t = 68_000_000, value_parser = value_parser!(u32).range(1_000..=200_000_000))]
    accounts: u32,
    /// Commands in the journal behind the snapshot that a node starts from.
    #[arg(long, value_name = "N", default_value_t = 10_000_000, value_parser = value_parser!(u32).range(1..=1_000_000_000))]
    tail: u32,
    /// Commands per second that come in while a snapshot is written, and while none is.
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = value_parser!(u32).range(100..=5_000_000))]
    rate: u32,
    /// How long they come in while none is written, in seconds.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = value_parser!(u64).range(1..=3_600))]
    seconds: u64,
    /// A directory that does not exist yet, on the disk to be measured. It is deleted in the end.
    #[arg(long, value_name = "DIR", default_value = "carbex-bench-restart")]
    directory: PathBuf,
    /// Where the figures go as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

pub fn run(arguments: &RestartArguments) -> anyhow::Result<()> {
    // Opened first: minutes of measurement are not lost to a wrong name.
    let json = match &arguments.json {
        Some(path) => Some(File::create(path).map_err(|fault| {
            anyhow!("{} cannot be written: {fault}: check the folder and your rights", path.display())
        })?),
        None => None,
    };
    if let Err(why) = carbex_memory::huge_pages() {
        eprintln!("the tables lie on ordinary pages, which costs speed: {why}");
    }
    let options = RestartOptions {
        directory: arguments.directory.clone(),
        accounts: arguments.accounts,
        tail_commands: arguments.tail,
        commands_per_s: arguments.rate,
        quiet: Duration::from_secs(arguments.seconds),
    };
    let mut bar = Bar(ProgressBar::hidden());
    let report = measure(&options, &mut bar)?;
    bar.0.finish_and_clear();
    if let (Some(path), Some(mut out)) = (&arguments.json, json) {
        serde_json::to_writer_pretty(&mut out, &report)
            .map_err(anyhow::Error::from)
            .and_then(|()| Ok(writeln!(out)?))
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    write!(std::io::stdout(), "{report}").context("the figures cannot be written to standard output")
}

/// A bar, or a turning sign where nobody knows how long it takes; nothing when the output is kept.
struct Bar(ProgressBar);

/// How often a turning sign turns.
const TURN_EVERY: Duration = Duration::from_millis(120);

impl RestartProgress for Bar {
    fn begin(&mut self, stage: RestartStage, steps: u64) {
        self.0.finish_and_clear();
        if !std::io::stderr().is_terminal() {
            return;
        }
        let (bar, template) = if steps == 0 {
            (ProgressBar::new_spinner(), "{spinner} {msg} {elapsed}")
        } else {
            (ProgressBar::new(steps), "{msg} {wide_bar} {human_pos}/{human_len} {eta}")
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        self.0 = bar.with_style(style).with_message(stage.words());
        self.0.tick();
        if steps == 0 {
            self.0.enable_steady_tick(TURN_EVERY);
        }
    }

    fn reached(&mut self, steps: u64) {
        self.0.set_position(steps);
    }
}
