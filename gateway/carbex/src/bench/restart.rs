//! `carbex bench restart`: snapshots and the start of a node at the size of a country.

use std::path::PathBuf;
use std::time::Duration;

use carbex_benches::restart::{RestartOptions, measure};
use clap::{Args, value_parser};

use super::bar::Bar;
use super::figures::{Figures, tell_about_pages};

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
    /// A directory on the disk to be measured: an empty one, or one that does not exist. What was written is deleted.
    #[arg(long, value_name = "DIR", default_value = "carbex-bench-restart")]
    directory: PathBuf,
    /// Where the figures go as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

pub fn run(arguments: &RestartArguments) -> anyhow::Result<()> {
    let figures = Figures::create(arguments.json.as_deref())?;
    tell_about_pages();
    let options = RestartOptions {
        directory: arguments.directory.clone(),
        accounts: arguments.accounts,
        tail_commands: arguments.tail,
        commands_per_s: arguments.rate,
        quiet: Duration::from_secs(arguments.seconds),
    };
    let mut bar = Bar::new();
    let report = measure(&options, &mut bar)?;
    bar.end();
    figures.write(&report)
}
