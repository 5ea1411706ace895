//! `carbex bench http`: orders over HTTP, from a client's first byte to its last.

use std::env;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use carbex_benches::http::{HttpOptions as Measurement, Interruption, Step, exchange, run as measure};
use clap::{Args, value_parser};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::signal::unix::{SignalKind, signal};

use super::figures::Figures;

/// Orders over loopback HTTP, durable before they are answered, beside axum routes that do nothing, in one run.
///
/// Starts an exchange of its own (the production door, node, journal with fdatasync, and history index) as a process of its
/// own and asks it from one thread over keep-alive connections, one request in flight on each: orders with a citizen's
/// token and a key of their own, a route behind the same door that does nothing, and a route that does nothing in a bare
/// axum server, with the same bytes, in rounds that take turns. Then orders at a fixed rate, whose latencies count from
/// the time at which each was to leave. Then NDJSON batches. An answer other than the expected ends the measurement. What it
/// wrote is deleted, also when it is interrupted. Client, exchange and disk share the machine's cores.
#[derive(Args)]
pub struct HttpOptions {
    /// How long every route is asked in all; orders at a fixed rate take as long again, batches half as long.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = value_parser!(u32).range(1..=60))]
    seconds: u32,
    /// Rounds in which the routes take turns.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Keep-alive connections; one measurement for every number.
    #[arg(long, value_name = "N,N", default_value = "64,256", value_delimiter = ',')]
    connections: Vec<u16>,
    /// Accounts in the exchange. All of them place orders in batches, the first 1,024 singly.
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = value_parser!(u32).range(1..=68_000_000))]
    accounts: u32,
    /// The fixed rate, in percent of the orders that the same connections placed as fast as they were answered.
    #[arg(long, value_name = "PERCENT", default_value_t = 50, value_parser = value_parser!(u32).range(1..=100))]
    rate_percent: u32,
    /// Orders in one batch.
    #[arg(long, value_name = "N", default_value_t = 8_192, value_parser = value_parser!(u32).range(1..=100_000))]
    batch_lines: u32,
    /// Connections that send batches, one batch under way on each.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = value_parser!(u32).range(1..=16))]
    batch_connections: u32,
    /// A directory on the disk to be measured; a directory is made in it and removed at the end. Left out: the system's
    /// temporary directory.
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
    /// Where the figures go as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// The exchange that `bench http` asks: speaks with it over its pipes.
#[derive(Args)]
pub struct ExchangeOptions {
    data: PathBuf,
    accounts: u32,
}

/// The hidden command that runs it.
const EXCHANGE: &str = "http-exchange";
/// Citizens who place single orders.
const CITIZENS: u32 = 1_024;

pub fn run(options: &HttpOptions) -> anyhow::Result<()> {
    let figures = Figures::create(options.json.as_deref())?;
    let program = env::current_exe().context("this program's own file is not to be found")?;
    let seconds = Duration::from_secs(options.seconds.into());
    let measurement = Measurement {
        accounts: options.accounts,
        citizens: options.accounts.min(CITIZENS),
        connections: options.connections.iter().map(|connections| usize::from(*connections)).collect(),
        rounds: options.rounds,
        round_time: seconds / options.rounds,
        open_loop_percent: options.rate_percent,
        batch_lines: options.batch_lines as usize,
        batch_connections: options.batch_connections as usize,
        batch_time: seconds / options.rounds / 2,
        ..Measurement::new(
            options.directory.clone().unwrap_or_else(env::temp_dir),
            vec![program.into(), "bench".into(), EXCHANGE.into()],
        )
    };
    let interruption = Arc::new(Interruption::default());
    let _listening = end_when_told(&interruption)?;
    let bar = bar();
    let measured = measure(&measurement, &interruption, &mut |Step { what, done, total }| {
        bar.set_length(u64::from(*total));
        bar.set_position(u64::from(*done));
        bar.set_message(what.clone());
    });
    bar.finish_and_clear();
    let report = measured?;
    figures.write(&report)
}

pub fn run_exchange(options: &ExchangeOptions) -> anyhow::Result<()> {
    Ok(exchange(&options.data, options.accounts)?)
}

/// SIGINT and SIGTERM end the measurement instead of this program, which then removes what it wrote. Listens as long as what
/// it answers is kept.
fn end_when_told(interruption: &Arc<Interruption>) -> anyhow::Result<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let within = runtime.enter();
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be waited for")?;
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be waited for")?;
    drop(within);
    let interruption = Arc::clone(interruption);
    runtime.spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        interruption.end();
    });
    Ok(runtime)
}

/// A bar when someone watches, nothing when the output is kept.
fn bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(0).with_style(style);
    bar.tick();
    bar
}
