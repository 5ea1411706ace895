//! `carbex bench http`: orders over keep-alive HTTP, durable before 201, beside a route that does nothing; then NDJSON batches.
//!
//! The exchange is a child process of the same program over a directory of its own: the production node, door and history
//! index, with fdatasync. The client is one thread of raw sockets (`single`, `batches`): it looks at the status and the
//! length of an answer and at nothing else of the head, reads no JSON, does no TLS and no pipelining. Both share the
//! machine's cores. Every route is asked by the same client with the same bytes, in turn, round after round. Before a route
//! that does nothing takes its turn, the history index has read what the orders before it caused.

mod batches;
mod child;
mod chunked;
mod cpu;
mod exchange;
mod interruption;
mod report;
mod request;
mod room;
mod single;
mod words;

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

pub use batches::BatchesServed;
pub use cpu::CpuPerAnswer;
pub use exchange::{ExchangeFault, exchange};
pub use interruption::Interruption;
pub use report::{HttpReport, Level, OpenLoop, Served};

use crate::Latencies;
use crate::disk::{self, DiskFault};
use child::Child;
use cpu::CpuTime;
use request::{Orders, Route};
use single::Load;

/// What is measured, and how long.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// A directory on the disk to be measured; a directory of its own is made in it and removed at the end.
    pub scratch: PathBuf,
    /// The program and the arguments that call [`exchange`]; the data directory and the number of accounts are appended.
    pub exchange: Vec<OsString>,
    /// Accounts of the exchange.
    pub accounts: u32,
    /// Citizens whose tokens the single orders carry, in turn.
    pub citizens: u32,
    /// Keep-alive connections, one request in flight on each; one measurement for every number.
    pub connections: Vec<usize>,
    /// How often every route is measured.
    pub rounds: u32,
    /// How long one round of one route takes, and of the open loop.
    pub round_time: Duration,
    /// The open loop's rate, in percent of the orders that the same connections placed one after the other.
    pub open_loop_percent: u32,
    /// Orders in one batch.
    pub batch_lines: usize,
    /// Connections that send batches, one batch under way on each.
    pub batch_connections: usize,
    /// How long one round of batches takes; as many rounds as above.
    pub batch_time: Duration,
}

impl HttpOptions {
    /// The published measurement, in `scratch`, with that program as the exchange.
    pub fn new(scratch: impl Into<PathBuf>, exchange: Vec<OsString>) -> Self {
        Self {
            scratch: scratch.into(),
            exchange,
            accounts: 100_000,
            citizens: 1_024,
            connections: vec![64, 256],
            rounds: 5,
            round_time: Duration::from_secs(2),
            open_loop_percent: 50,
            batch_lines: 8_192,
            batch_connections: 4,
            batch_time: Duration::from_secs(1),
        }
    }
}

/// How far the measurement has come.
#[derive(Clone, Debug)]
pub struct Step {
    /// What is being done now.
    pub what: String,
    /// Steps done.
    pub done: u32,
    /// Steps in all.
    pub total: u32,
}

/// Why there is no measurement.
#[derive(Debug, thiserror::Error)]
pub enum HttpFault {
    /// The disk is not one to measure on, or said no.
    #[error(transparent)]
    Disk(#[from] DiskFault),
    /// Someone ended the measurement.
    #[error("ended before it was done; what it had written is deleted")]
    Interrupted,
    /// The exchange could not be started.
    #[error("the exchange `{program}` could not be started: {source}")]
    Start {
        /// The program.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// The exchange ended or said something else than expected.
    #[error("the exchange ended early or spoke out of turn: {said:?}; what it wrote above says why")]
    Exchange {
        /// What it said.
        said: String,
    },
    /// Tokens could not be minted.
    #[error(transparent)]
    Token(#[from] carbex_web::TokenFault),
    /// A connection failed.
    #[error("{doing}: {source}")]
    Connection {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// An answer was not what was asked for; the figures would mean something else.
    #[error("{route} was answered with: {answer}")]
    Answer {
        /// Which route.
        route: &'static str,
        /// How the answer began.
        answer: String,
    },
    /// Nothing came for a long time.
    #[error("no answer for {0:?}")]
    Silence(Duration),
    /// An option makes no sense.
    #[error("{0}")]
    Option(&'static str),
}

/// Measures. Starts the exchange, stops it, and leaves nothing behind.
pub fn run(
    options: &HttpOptions,
    interruption: &Interruption,
    progress: &mut dyn FnMut(&Step),
) -> Result<HttpReport, HttpFault> {
    check(options)?;
    disk::check(&options.scratch, room::needed_bytes(options))?;
    let made = tempfile::Builder::new().prefix("carbex-http-").tempdir_in(&options.scratch);
    let directory = made.map_err(disk::fault(&options.scratch, "make a directory in it"))?;
    // Whatever fails because someone ended the exchange, that is why.
    measure(options, directory.path(), interruption, progress)
        .map_err(|fault| if interruption.came() { HttpFault::Interrupted } else { fault })
}

fn measure(
    options: &HttpOptions,
    directory: &Path,
    interruption: &Interruption,
    progress: &mut dyn FnMut(&Step),
) -> Result<HttpReport, HttpFault> {
    let levels = u32::try_from(options.connections.len()).unwrap_or(u32::MAX);
    let total = 1 + options.rounds * (levels * (Route::ALL.len() as u32 + 1) + 1);
    let mut done = 0;
    let mut tell = |what: String| {
        progress(&Step { what, done, total });
        done += 1;
    };
    let data = directory.join("exchange");
    tell(format!("opening {} accounts", options.accounts));
    let mut child = Child::start(&options.exchange, &data, options.accounts, interruption)?;
    let mut orders = Orders::new(&data, options.citizens, options.accounts)?;

    let mut report = HttpReport::new(options);
    for connections in &options.connections {
        let mut level = Level::new(*connections);
        for _ in 0..options.rounds {
            for route in Route::ALL {
                tell(format!("{} over {connections} connections", route.name()));
                let mut load = Load::open(child.address_of(route), *connections)?;
                let mut latency = Latencies::default();
                let (cpu, started) = (CpuTime::now(child.id()), Instant::now());
                let answered = load.run(route, &mut orders, options.round_time, &mut latency)?;
                level.of(route).add(answered, started.elapsed(), &latency, CpuTime::now(child.id()).since(cpu));
                drop(load);
                report.waited_for_history(child.settle()?);
            }
        }
        level.conclude();
        level.open_loop.begin(level.orders.requests_per_s, options.open_loop_percent);
        for _ in 0..options.rounds {
            tell(format!("orders over {connections} connections at {:.0}/s", level.open_loop.rate_per_s));
            let mut load = Load::open(child.address_of(Route::Orders), *connections)?;
            let mut latency = Latencies::default();
            let answered = load.run_at(level.open_loop.rate_per_s, &mut orders, options.round_time, &mut latency)?;
            level.open_loop.add(answered, &latency);
            drop(load);
            report.waited_for_history(child.settle()?);
        }
        report.levels.push(level);
    }
    for _ in 0..options.rounds {
        tell(format!("batches of {} orders over {} connections", options.batch_lines, options.batch_connections));
        let cpu = CpuTime::now(child.id());
        let round = batches::run(child.address_of(Route::Orders), options, &mut orders)?;
        report.batches.add(&round, CpuTime::now(child.id()).since(cpu));
    }
    report.conclude(child.look()?);
    child.stop()?;
    Ok(report)
}

fn check(options: &HttpOptions) -> Result<(), HttpFault> {
    if options.exchange.is_empty() {
        return Err(HttpFault::Option("the exchange's program is not named"));
    }
    if options.connections.is_empty() || options.connections.iter().any(|number| !(1..=4_000).contains(number)) {
        return Err(HttpFault::Option("1 to 4000 connections: the door takes 4096 at once"));
    }
    if options.citizens == 0 || options.citizens > options.accounts {
        return Err(HttpFault::Option("the citizens are among the accounts: 1 to as many as there are"));
    }
    if options.rounds == 0 || options.batch_lines == 0 || options.batch_connections == 0 {
        return Err(HttpFault::Option("rounds, lines of a batch and its connections are at least 1"));
    }
    if options.round_time.is_zero() || options.batch_time.is_zero() || options.open_loop_percent == 0 {
        return Err(HttpFault::Option("the times of rounds and the open loop's rate are more than nothing"));
    }
    Ok(())
}
