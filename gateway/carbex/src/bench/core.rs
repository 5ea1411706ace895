//! `carbex bench core`: the core alone, in process, on one thread.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use carbex_benches::workload::{Workload, order_flow, read_operations, write_operations};
use carbex_benches::{Pace, Terms, Work, measure};
use clap::{Args, builder::PossibleValuesParser, value_parser};

use super::bar::Bar;
use super::figures::{Figures, create, tell_about_pages};

/// The core alone, in process, one thread: full rules on real accounts, no queue, no journal, no publication.
///
/// Opens the accounts, funds them, places what rests, then applies the workload twice, each time to an exchange of its
/// own: once for the rate, with no clock inside, and once with a clock behind every command, for the latencies. Accounts
/// are drawn uniformly from all of them. A command that a rule refuses ends the measurement. With the default of 68 million
/// accounts it takes about 12 GiB and some minutes.
#[derive(Args)]
pub struct CoreOptions {
    /// Accounts in the exchange.
    #[arg(long, value_name = "N", default_value_t = 68_000_000, value_parser = value_parser!(u32).range(1..=200_000_000))]
    accounts: u32,
    /// What is asked of it. balanced: 50 % new orders that rest, 30 % cancels, 20 % cross 1 to 3 resting orders, 100,000
    /// resting. rush: 80 % new, half of them crossing, 20 % cancels, 1,000,000 resting. deep: 90 % pairs of a cancel and a
    /// new order, 1,000,000 resting. posted: the facility's quotes, sold to and bought from. debits: card payments.
    /// auction: orders collect, then uncross.
    #[arg(
        long, value_name = "NAME", default_value = "balanced", conflicts_with = "ops",
        value_parser = PossibleValuesParser::new(Workload::ALL.map(Workload::name)),
    )]
    workload: String,
    /// A file of operations to run instead: it runs in continuous, without quotes or spread. Its layout is in
    /// benches/README.md.
    #[arg(long, value_name = "FILE")]
    ops: Option<PathBuf>,
    /// Commands that are timed; of auction, the orders that it uncrosses.
    #[arg(
        long, value_name = "N", default_value_t = 10_000_000, conflicts_with = "ops",
        value_parser = value_parser!(u32).range(1..=1_000_000_000),
    )]
    commands: u32,
    /// Draws the workload: the same seed, the same commands.
    #[arg(long, value_name = "N", default_value_t = 2027)]
    seed: u64,
    /// Commands at hand: handed over to the core, eight at a time as there is room, and not yet applied. Latency counts from the hand-over.
    #[arg(
        long, value_name = "N", default_value_t = Pace::DEFAULT.at_hand_commands as u32,
        value_parser = value_parser!(u32).range(1..=1_000_000),
    )]
    at_hand: u32,
    /// Do not look ahead at what was handed over, to see what that is worth.
    #[arg(long)]
    no_look_ahead: bool,
    /// Where the figures go as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the workload's operations to a file for --ops, here or in other engines, and measure nothing. Only balanced,
    /// rush and deep.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ops", "json"])]
    write_ops: Option<PathBuf>,
}

pub fn run(options: &CoreOptions) -> anyhow::Result<()> {
    let commands = options.commands as usize;
    let work = match &options.ops {
        Some(path) => {
            let file = File::open(path)
                .map_err(|fault| anyhow!("ops {}: cannot be read: {fault}: check the name", path.display()))?;
            let operations = read_operations(file).with_context(|| format!("ops {}", path.display()))?;
            Work::of_operations(path.display().to_string(), operations)
        }
        None => {
            let workload = Workload::from_name(&options.workload).context("clap lets only known workloads through")?;
            if let Some(path) = &options.write_ops {
                return write_file(workload, options, path);
            }
            Work::generated(workload, options.accounts, commands, options.seed)
        }
    };
    let figures = Figures::create(options.json.as_deref())?;
    let pace = Pace { at_hand_commands: options.at_hand as usize, look_ahead: !options.no_look_ahead };
    let terms = Terms { accounts: options.accounts, pace, seed: options.seed };
    tell_about_pages();
    let mut bar = Bar::new();
    let report = measure(work, &terms, &mut bar)?;
    bar.end();
    figures.write(&report)
}

/// Writes the operations of a workload that any plain book can run.
fn write_file(workload: Workload, options: &CoreOptions, path: &Path) -> anyhow::Result<()> {
    let Some(shape) = workload.flow() else {
        bail!("--write-ops: {} is more than orders on a plain book: choose balanced, rush or deep", workload.name())
    };
    let out = create(path)?;
    let operations = order_flow(shape, options.accounts, options.commands as usize, options.seed);
    write_operations(&operations, out).with_context(|| format!("{} cannot be written", path.display()))
}
