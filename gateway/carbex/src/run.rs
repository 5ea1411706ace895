//! `carbex run`: a file of commands through the market, with no server and no store.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, IsTerminal, Seek, SeekFrom, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use carbex_core::{Capacities, Market};
use carbex_rules::RuleSet;
use carbex_wire::{RunFault, Totals};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

/// What every failure answers: nothing of the kind "it worked, but".
const FAILED: u8 = 2;

/// The name that stands for standard input.
const STANDARD_INPUT: &str = "-";

const BUFFER_BYTES: usize = 1 << 18;

/// Applies a file of commands to an empty market and writes the events and the state that come of it.
///
/// One JSON object a line, in UTF-8; blank lines only at the end. Prints one line of JSON: commands, events, trades,
/// traded_g, state_hash. A line that is no command ends the run: its number and the reason on stderr, exit status 2;
/// events and state then hold what came before it.
#[derive(Args)]
pub struct RunOptions {
    /// The rule set: a TOML file, or the name of a preset.
    #[arg(long, value_name = "FILE|PRESET")]
    rules: PathBuf,
    /// The commands (JSON lines); `-` reads standard input.
    #[arg(long, value_name = "FILE.jsonl")]
    commands: PathBuf,
    /// Where the events go (JSON lines).
    #[arg(long, value_name = "FILE.jsonl")]
    events: PathBuf,
    /// Where the state at the end goes (JSON).
    #[arg(long, value_name = "FILE.json")]
    state: Option<PathBuf>,
    /// Where the state at the end goes with every field that is kept (JSON).
    #[arg(long, value_name = "FILE.json")]
    state_all: Option<PathBuf>,
    /// Room for that many accounts. Without it, what the commands can need at most; commands that do not come from a
    /// file are then kept in a temporary one first, to be counted.
    #[arg(long, value_name = "N")]
    accounts: Option<u32>,
    /// Room for that many resting orders; without it, as for the accounts.
    #[arg(long, value_name = "N")]
    orders: Option<u32>,
}

/// Runs; every failure is one line on stderr.
pub fn run(options: &RunOptions) -> ExitCode {
    match run_files(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{fault:#}");
            ExitCode::from(FAILED)
        }
    }
}

fn run_files(options: &RunOptions) -> anyhow::Result<()> {
    let rules = read_rules(&options.rules)?;
    let (commands, capacities) = open_commands(options, &rules)?;
    let mut taken = vec![options.rules.as_path(), options.commands.as_path()];
    let events = create(&options.events, &mut taken, "events")?;
    let state = create_state(options.state.as_deref(), &mut taken)?;
    let state_all = create_state(options.state_all.as_deref(), &mut taken)?;

    let progress = progress_bar(&commands);
    let mut market = Market::new(capacities, rules);
    let mut totals = Totals::default();
    let input = BufReader::with_capacity(BUFFER_BYTES, commands);
    let ran = carbex_wire::run(&mut market, input, events, &mut totals, |totals| {
        progress.set_position(totals.bytes);
        progress.set_message(format!("{} commands, {} events", totals.commands, totals.events));
    });
    progress.finish_and_clear();

    // The states are written whatever happened: they hold what came before the line at fault.
    let written = [
        write_state(state, |out| carbex_wire::write_state(&market, out)),
        write_state(state_all, |out| carbex_wire::write_full_state(&market, out)),
    ]
    .into_iter()
    .collect::<anyhow::Result<()>>();
    if let Err(fault) = ran {
        if let Err(second) = written {
            eprintln!("{second:#}");
        }
        return Err(match fault {
            RunFault::Line { .. } | RunFault::Read { .. } => anyhow!(fault),
            RunFault::Write(fault) => not_writable("events", &options.events, fault),
        });
    }
    written?;
    print_summary(&totals, &market.state_hash())
}

fn read_rules(path: &Path) -> anyhow::Result<RuleSet> {
    // A file comes before a preset of the same name.
    if !path.exists()
        && let Some(preset) = path.to_str().and_then(carbex_rulebook::preset)
    {
        return Ok(preset.rulebook().rules);
    }
    let text = std::fs::read_to_string(path).map_err(|fault| not_readable("rules", path, fault))?;
    carbex_rulebook::parse_toml(&text).with_context(|| format!("rules {}", path.display()))
}

/// The commands, where they start, and the capacities that they need.
fn open_commands(options: &RunOptions, rules: &RuleSet) -> anyhow::Result<(File, Capacities)> {
    let path = options.commands.as_path();
    let failed = |fault| not_readable("commands", path, fault);
    let mut file = if path == Path::new(STANDARD_INPUT) {
        File::from(io::stdin().as_fd().try_clone_to_owned().map_err(failed)?)
    } else {
        File::open(path).map_err(failed)?
    };
    if let (Some(accounts), Some(orders)) = (options.accounts, options.orders) {
        return Ok((file, Capacities { accounts, orders, slice_accounts: u32::MAX }));
    }
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    if !metadata.is_file() {
        file = kept_in_file(file).map_err(|fault| {
            let path = path.display();
            anyhow!(
                "commands {path}: cannot be kept in a temporary file and counted: {fault}: give --accounts and --orders"
            )
        })?;
    }
    let start = file.stream_position().map_err(failed)?;
    let counted = carbex_wire::capacities_for(&mut file, rules).map_err(failed)?;
    file.seek(SeekFrom::Start(start)).map_err(failed)?;
    let counted = counted.ok_or_else(|| {
        anyhow!("commands {}: too many to size the tables by: give --accounts and --orders", path.display())
    })?;
    let capacities = Capacities {
        accounts: options.accounts.unwrap_or(counted.accounts),
        orders: options.orders.unwrap_or(counted.orders),
        slice_accounts: u32::MAX,
    };
    Ok((file, capacities))
}

/// What comes through a pipe can be read once; a file without a name can be read twice.
fn kept_in_file(mut source: File) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut source, &mut file)?;
    file.rewind()?;
    Ok(file)
}

/// Creates an output, unless it is one of the files already taken: writing would destroy it.
fn create<'a>(path: &'a Path, taken: &mut Vec<&'a Path>, what: &str) -> anyhow::Result<BufWriter<File>> {
    // Devices and pipes may be written twice; what does not exist yet is taken by nobody.
    if let Ok(wanted) = path.canonicalize()
        && wanted.is_file()
        && let Some(same) = taken.iter().find(|other| other.canonicalize().is_ok_and(|other| other == wanted))
    {
        bail!("{what} {}: this is also {}, which would be lost: name another file", path.display(), same.display());
    }
    taken.push(path);
    let file = File::create(path).map_err(|fault| not_writable(what, path, fault))?;
    Ok(BufWriter::with_capacity(BUFFER_BYTES, file))
}

/// A state's output, if one is wanted.
fn create_state<'a>(
    path: Option<&'a Path>,
    taken: &mut Vec<&'a Path>,
) -> anyhow::Result<Option<(&'a Path, BufWriter<File>)>> {
    path.map(|path| Ok((path, create(path, taken, "state")?))).transpose()
}

fn write_state(
    output: Option<(&Path, BufWriter<File>)>,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> anyhow::Result<()> {
    let Some((path, mut file)) = output else { return Ok(()) };
    write(&mut file).and_then(|()| file.flush()).map_err(|fault| not_writable("state", path, fault))
}

fn not_readable(what: &str, path: &Path, fault: io::Error) -> anyhow::Error {
    anyhow!("{what} {}: cannot be read: {fault}: check the name and your rights to it", path.display())
}

fn not_writable(what: &str, path: &Path, fault: io::Error) -> anyhow::Error {
    anyhow!(
        "{what} {}: cannot be written: {fault}: check the folder, your rights to it and its free space",
        path.display()
    )
}

/// A bar when someone watches, nothing when the output is kept.
fn progress_bar(commands: &File) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bytes = commands.metadata().map_or(0, |metadata| metadata.len());
    let style = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {msg} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(bytes).with_style(style)
}

fn print_summary(totals: &Totals, state_hash: &[u8; 32]) -> anyhow::Result<()> {
    let Totals { commands, events, trades, traded_g, .. } = totals;
    let state_hash: String = state_hash.iter().map(|byte| format!("{byte:02x}")).collect();
    writeln!(
        io::stdout(),
        r#"{{"commands":{commands},"events":{events},"trades":{trades},"traded_g":{traded_g},"state_hash":"{state_hash}"}}"#
    )
    .context("the summary cannot be written to standard output")
}
