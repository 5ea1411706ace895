//! `carbex bench durable`: the whole way of a command, to the disk and back.

use std::path::PathBuf;
use std::time::Duration;

use carbex_benches::durable::{self, DurableOptions as Measurement};
use clap::{Args, value_parser};

use super::bar::Bar;
use super::figures::{Figures, tell_about_pages};

/// The pipeline: queue, sequencing, apply, journal with fdatasync, publication, answers; and its limits in the same run.
///
/// First the core alone runs the balanced workload in process. Then the accounts are opened and funded by commands, and the
/// same commands go through the pipeline at full speed, in turns with the disk alone (written and synced in groups as large
/// as the journal's, and in the largest that gain anything). Then latencies, open loop: batches leave at times fixed
/// beforehand, and a latency counts from then, at 10, 50 and 80 % of the full speed, in turns with fdatasync alone. What
/// was written is deleted. With the defaults it takes about ten minutes, 12 GiB of memory and 9 GB of the
/// disk.
#[derive(Args)]
pub struct DurableOptions {
    /// Accounts in the exchange.
    #[arg(long, value_name = "N", default_value_t = 68_000_000, value_parser = value_parser!(u32).range(2..=200_000_000))]
    accounts: u32,
    /// How long the pipeline runs at full speed. The disk alone takes as long again, the latencies as long once more.
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = value_parser!(u32).range(1..=86_400))]
    seconds: u32,
    /// A directory on the disk to be measured: an empty one, or one that does not exist.
    #[arg(long, value_name = "DIR", default_value = "carbex-bench-durable")]
    directory: PathBuf,
    /// Commands of the workload before it begins anew, with an empty book.
    #[arg(long, value_name = "N", default_value_t = 10_000_000, value_parser = value_parser!(u32).range(1..=100_000_000))]
    commands: u32,
    /// Draws the workload: the same seed, the same commands, here and in `bench core`.
    #[arg(long, value_name = "N", default_value_t = 2027)]
    seed: u64,
    /// Size of a journal segment, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 256, value_parser = value_parser!(u64).range(4..=1024))]
    segment_mib: u64,
    /// Where the figures go as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// The latencies take as long as the full speed, both with the disk's turns: three rates and their turns of the disk.
const LATENCY_PARTS: u32 = 6;

pub fn run(options: &DurableOptions) -> anyhow::Result<()> {
    let figures = Figures::create(options.json.as_deref())?;
    tell_about_pages();
    let duration = Duration::from_secs(options.seconds.into());
    let measurement = Measurement {
        accounts: options.accounts,
        duration,
        latency_duration: (duration / LATENCY_PARTS).max(Duration::from_secs(1)),
        round_commands: options.commands,
        seed: options.seed,
        segment_bytes: options.segment_mib << 20,
        ..Measurement::new(&options.directory)
    };
    let mut bar = Bar::new();
    let report = durable::run(&measurement, &mut bar)?;
    bar.end();
    figures.write(&report)
}
