//! `carbex journal`: what a data directory holds, whether it fits together, and the state at any command.

use std::{
    fs::File,
    io::{BufWriter, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use carbex_core::Market;
use carbex_journal::{Description, SegmentDescription, SnapshotDescription, describe};
use carbex_node::{AuditStep, Follower, ReplaySink, audit, journal_directory};
use carbex_vocabulary::Sequence;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

#[derive(Subcommand)]
pub enum JournalCommand {
    /// Reads every byte, follows the hash chain, replays every command and compares events and snapshots.
    ///
    /// Exit 0: all fits together. Exit 1: the first damage, with file and offset, or the first command that replays
    /// otherwise than it was acknowledged. A torn tail is not damage: it was never acknowledged.
    Verify(DataOptions),
    /// Lists segments, snapshots and what is prepared.
    Describe(DescribeOptions),
    /// Replays up to command N and prints the state's hash.
    ReplayTo(ReplayOptions),
}

#[derive(Args)]
pub struct DataOptions {
    /// The exchange's data directory.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

#[derive(Args)]
pub struct DescribeOptions {
    #[command(flatten)]
    data: DataOptions,
    /// One JSON object instead of tables.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct ReplayOptions {
    /// The last command to apply. The directory knows its own rules and sizes.
    #[arg(value_name = "N")]
    sequence: u64,
    #[command(flatten)]
    data: DataOptions,
    /// Where the state at N goes (JSON, as `carbex run --state`).
    #[arg(long, value_name = "FILE.json")]
    state: Option<PathBuf>,
    /// Start at the founding record instead of the nearest snapshot.
    #[arg(long)]
    from_beginning: bool,
}

/// Runs; a failure is told on stderr. Exit 2: nothing to look at; exit 1: damage, or the disk.
pub fn run(command: JournalCommand) -> ExitCode {
    let data = match &command {
        JournalCommand::Verify(options) => &options.data,
        JournalCommand::Describe(DescribeOptions { data, .. })
        | JournalCommand::ReplayTo(ReplayOptions { data, .. }) => &data.data,
    };
    let journal = journal_directory(data);
    if !journal.is_dir() {
        eprintln!("{}: no exchange here: name the directory that `carbex serve --data` was given", data.display());
        return ExitCode::from(2);
    }
    let done = match &command {
        JournalCommand::Verify(_) => verify(&journal),
        JournalCommand::Describe(options) => describe_journal(&journal, options.json),
        JournalCommand::ReplayTo(options) => replay_to(&journal, options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{fault:#}");
            ExitCode::FAILURE
        }
    }
}

/// A bar when someone watches, nothing when the output is kept.
pub fn progress_bar(template: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style)
}

fn verify(journal: &Path) -> anyhow::Result<()> {
    let bar = progress_bar("{msg:>9} {wide_bar} {human_pos}/{human_len} {eta}");
    let audited = audit(journal, &mut |step| {
        let (message, done, total) = match step {
            AuditStep::Reading { done_bytes, total_bytes } => ("reading", done_bytes, total_bytes),
            AuditStep::Replaying { done_commands, total_commands } => ("replaying", done_commands, total_commands),
        };
        bar.set_message(message);
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let audited = audited.context("the journal does NOT fit together")?;
    let found = &audited.verification;
    let mut out = std::io::stdout().lock();
    writeln!(out, "the journal fits together")?;
    writeln!(out, "  files       {} segments, {} groups, {} records", found.segments, found.groups, found.records)?;
    writeln!(out, "  chain       {}", found.group_hash)?;
    writeln!(out, "  replayed    commands {} to {}", audited.replayed_from, audited.replayed_to)?;
    writeln!(out, "  state       {}", audited.state_hash)?;
    writeln!(out, "  snapshots   {} whole, {} met by the replay", found.snapshots.len(), audited.snapshots_replayed)?;
    for damage in &found.snapshots_damaged {
        writeln!(out, "  damaged     {damage} (an older one or the journal serves instead)")?;
    }
    if let Some(cut) = &found.torn {
        writeln!(
            out,
            "  torn tail   {} bytes at {} of {}: never acknowledged, the next start cuts it ({})",
            cut.bytes,
            cut.offset,
            cut.file.display(),
            cut.reason
        )?;
    }
    Ok(())
}

fn describe_journal(journal: &Path, as_json: bool) -> anyhow::Result<()> {
    let description = describe(journal)?;
    let mut out = std::io::stdout().lock();
    if as_json {
        writeln!(out, "{:#}", to_json(&description))?;
    } else {
        write_tables(&description, &mut out)?;
    }
    let damaged = description.segments.iter().filter_map(|segment| segment.damage.as_ref());
    let damage: Vec<_> = damaged.chain(&description.damage).map(String::as_str).collect();
    if damage.is_empty() { Ok(()) } else { bail!("{}", damage.join("\n")) }
}

fn file_name(file: &Path) -> String {
    file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn write_tables(description: &Description, out: &mut impl Write) -> std::io::Result<()> {
    let yes_or_no = |is: bool| if is { "yes" } else { "no" };
    writeln!(
        out,
        "{:<40} {:>7} {:>6} {:>12} {:>12} {:>9} {:>10} {:>12} {:>12}",
        "segment", "version", "epoch", "first", "last", "groups", "records", "used bytes", "file bytes"
    )?;
    for SegmentDescription {
        file,
        archived,
        version,
        epoch,
        first,
        last,
        groups,
        records,
        used_bytes,
        file_bytes,
        damage,
    } in &description.segments
    {
        let folder = if *archived { "archive/" } else { "" };
        let last = last.map_or_else(|| "-".to_owned(), |last| last.to_string());
        writeln!(
            out,
            "{:<40} {version:>7} {:>6} {:>12} {last:>12} {groups:>9} {records:>10} {used_bytes:>12} {file_bytes:>12}",
            format!("{folder}{}", file_name(file)),
            epoch.number(),
            first.number()
        )?;
        if let Some(damage) = damage {
            writeln!(out, "  damaged: {damage}")?;
        }
    }
    writeln!(out)?;
    writeln!(out, "{:<40} {:>12} {:>6} {:>12}  state", "snapshot", "command", "epoch", "bytes")?;
    for SnapshotDescription { file, bytes, head } in &description.snapshots {
        match head {
            Ok(head) => writeln!(
                out,
                "{:<40} {:>12} {:>6} {bytes:>12}  {}",
                file_name(file),
                head.sequence.number(),
                head.epoch.number(),
                head.state_hash
            )?,
            Err(damage) => writeln!(out, "{:<40} damaged: {damage}", file_name(file))?,
        }
    }
    writeln!(out)?;
    writeln!(out, "next segment prepared     {}", yes_or_no(description.next_prepared))?;
    writeln!(out, "reserve for a full disk   {}", yes_or_no(description.reserve_ready))?;
    match &description.torn {
        None => writeln!(out, "torn tail                 no"),
        Some(cut) => writeln!(
            out,
            "torn tail                 {} bytes at {} of {}: never acknowledged, the next start cuts it",
            cut.bytes,
            cut.offset,
            file_name(&cut.file)
        ),
    }
}

fn to_json(description: &Description) -> Value {
    let segments: Vec<_> = description
        .segments
        .iter()
        .map(|segment| {
            json!({
                "file": segment.file, "archived": segment.archived, "version": segment.version,
                "epoch": segment.epoch.number(), "first": segment.first.number(),
                "last": segment.last.map(Sequence::number), "groups": segment.groups, "records": segment.records,
                "used_bytes": segment.used_bytes, "file_bytes": segment.file_bytes, "damage": segment.damage,
            })
        })
        .collect();
    let snapshots: Vec<_> = description
        .snapshots
        .iter()
        .map(|SnapshotDescription { file, bytes, head }| match head {
            Ok(head) => json!({
                "file": file, "bytes": bytes, "sequence": head.sequence.number(), "ts_ns": head.time.ns(),
                "epoch": head.epoch.number(), "group_hash": head.group_hash.to_string(),
                "state_hash": head.state_hash.to_string(),
            }),
            Err(damage) => json!({ "file": file, "bytes": bytes, "damage": damage }),
        })
        .collect();
    let torn = description
        .torn
        .as_ref()
        .map(|cut| json!({ "file": cut.file, "offset": cut.offset, "bytes": cut.bytes, "reason": cut.reason }));
    json!({
        "segments": segments, "snapshots": snapshots, "next_prepared": description.next_prepared,
        "reserve_ready": description.reserve_ready, "torn": torn, "damage": description.damage,
    })
}

/// Looks at the state just after one command.
struct At<'a> {
    sequence: Sequence,
    state: Option<&'a Path>,
    found: Option<anyhow::Result<String>>,
    bar: &'a ProgressBar,
}

impl ReplaySink for At<'_> {
    fn state(&mut self, sequence: Sequence, market: &Market) {
        if sequence == self.sequence {
            self.found = Some(show_state(market, self.state));
        }
    }

    fn group(&mut self, last: Sequence, _bytes: u64) {
        self.bar.set_position(last.number());
    }
}

/// Writes the state to the file, if one is wanted; answers the line to print.
fn show_state(market: &Market, file: Option<&Path>) -> anyhow::Result<String> {
    if let Some(path) = file {
        let written = File::create(path).map(BufWriter::new).and_then(|mut out| {
            carbex_wire::write_state(market, &mut out)?;
            out.flush()
        });
        written.with_context(|| format!("{}: the state cannot be written", path.display()))?;
    }
    let state_hash: String = market.state_hash().iter().map(|byte| format!("{byte:02x}")).collect();
    let line = json!({
        "sequence": market.sequence().number(), "ts_ns": market.time().ns(), "state_hash": state_hash,
    });
    Ok(line.to_string())
}

fn replay_to(journal: &Path, options: &ReplayOptions) -> anyhow::Result<()> {
    let sequence = Sequence::new(options.sequence);
    if options.sequence == 0 {
        bail!("commands are counted from 1; command 1 founded the exchange");
    }
    let mut follower = if options.from_beginning {
        Follower::genesis(journal)?
    } else {
        Follower::open(journal, Some(sequence), &mut |note| eprintln!("{note}"))?
    };
    let bar = progress_bar("{wide_bar} {human_pos}/{human_len} {eta}");
    bar.set_length(options.sequence);
    let mut at = At { sequence, state: options.state.as_deref(), found: None, bar: &bar };
    // A snapshot may stand exactly there; else the replay passes by, to the end of the group so that it is checked too.
    if follower.sequence() == sequence {
        at.found = Some(show_state(follower.market(), at.state));
    } else {
        follower.advance(sequence, &mut at)?;
    }
    bar.finish_and_clear();
    match at.found {
        Some(line) => {
            println!("{}", line?);
            Ok(())
        }
        None => bail!("the journal ends at command {}", follower.sequence()),
    }
}
