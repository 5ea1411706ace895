//! What came out, for people and as JSON.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::{BatchesServed, CpuPerAnswer, HttpOptions, child::Settled, cpu::CpuTime, request::Route};

/// One latency in nanoseconds, up to a minute, to three digits.
#[derive(Clone, Debug)]
pub struct Latency(Histogram<u64>);

impl Default for Latency {
    fn default() -> Self {
        // Three digits up to a minute: these bounds are always possible.
        Self(Histogram::new_with_bounds(1, 60_000_000_000, 3).unwrap_or_else(|fault| unreachable!("{fault}")))
    }
}

impl Latency {
    /// Adds one.
    pub fn record(&mut self, took: Duration) {
        self.0.saturating_record(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Adds all of another.
    pub fn add(&mut self, other: &Self) {
        // Both have the same bounds, so this cannot fail.
        let _ = self.0.add(&other.0);
    }

    /// Its quantiles.
    pub fn quantiles(&self) -> Quantiles {
        Quantiles::of(&self.0)
    }
}

/// What a route served.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Served {
    /// Answers in all rounds.
    pub requests: u64,
    /// Answers in a second, over all rounds.
    pub requests_per_s: f64,
    /// The same of every round.
    pub rounds_per_s: Vec<f64>,
    /// From the request's first byte out to the answer's last byte in, as the client saw it.
    pub latency_ns: Quantiles,
    /// Time on a core for one answer.
    pub cpu: CpuPerAnswer,
    #[serde(skip)]
    cpu_time: CpuTime,
    #[serde(skip)]
    seconds: f64,
    #[serde(skip)]
    latency: Latency,
}

/// A latency's quantiles, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[allow(missing_docs, reason = "their names say it")]
pub struct Quantiles {
    pub p50: u64,
    pub p99: u64,
    pub p999: u64,
    pub max: u64,
}

impl Quantiles {
    /// Of that histogram.
    pub fn of(latency: &Histogram<u64>) -> Self {
        Self {
            p50: latency.value_at_quantile(0.5),
            p99: latency.value_at_quantile(0.99),
            p999: latency.value_at_quantile(0.999),
            max: latency.max(),
        }
    }
}

impl Served {
    /// Adds a round.
    pub fn add(&mut self, requests: u64, took: Duration, latency: &Latency, cpu: CpuTime) {
        self.requests += requests;
        self.seconds += took.as_secs_f64();
        self.requests_per_s = self.requests as f64 / self.seconds;
        self.rounds_per_s.push(requests as f64 / took.as_secs_f64());
        self.latency.add(latency);
        self.latency_ns = self.latency.quantiles();
        self.cpu_time.add(cpu);
        self.cpu = self.cpu_time.per_answer(self.requests);
    }
}

/// One number of connections.
#[derive(Clone, Debug, Serialize)]
pub struct Level {
    /// Keep-alive connections, one request in flight on each.
    pub connections: usize,
    /// Orders, 201 when on disk.
    pub orders: Served,
    /// Nothing, behind the same door.
    pub nothing: Served,
    /// Nothing, behind bare axum.
    pub bare: Served,
    /// Orders to nothing behind the same door.
    pub ratio: f64,
    /// Orders to nothing behind bare axum.
    pub ratio_to_bare: f64,
}

impl Level {
    /// Nothing yet.
    pub fn new(connections: usize) -> Self {
        let [orders, nothing, bare] = [(); 3].map(|()| Served::default());
        Self { connections, orders, nothing, bare, ratio: 0.0, ratio_to_bare: 0.0 }
    }

    /// What that route served.
    pub fn of(&mut self, route: Route) -> &mut Served {
        match route {
            Route::Orders => &mut self.orders,
            Route::Nothing => &mut self.nothing,
            Route::Bare => &mut self.bare,
        }
    }
}

/// What the node counted over the whole run.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct NodeCounted {
    /// Commands on disk, the preparation's included.
    pub commands: u64,
    /// Groups written with one fdatasync each.
    pub groups: u64,
    /// Writing one group with its fdatasync.
    pub journal_commit_ns: Quantiles,
    /// Applying one command, with its copy into the journal's buffer.
    pub apply_ns: Quantiles,
    /// From the queue's entry to the acknowledgement.
    pub acknowledge_ns: Quantiles,
}

/// The whole measurement.
#[derive(Clone, Debug, Serialize)]
pub struct HttpReport {
    /// Accounts of the exchange.
    pub accounts: u32,
    /// Tokens in turn.
    pub citizens: u32,
    /// Cores of the machine, which client and exchange share.
    pub cores: usize,
    /// Single orders.
    pub levels: Vec<Level>,
    /// Batches.
    pub batches: BatchesServed,
    /// The most commands by which the history index was behind at the end of a round; it gives way to trade.
    pub history_behind_max: u64,
    /// How long it took in all, between rounds, until the history index had read everything.
    pub history_wait_s: f64,
    /// What the node counted.
    pub node: NodeCounted,
}

impl HttpReport {
    /// Nothing yet.
    pub fn new(options: &HttpOptions) -> Self {
        Self {
            accounts: options.accounts,
            citizens: options.citizens,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            levels: Vec::new(),
            batches: BatchesServed::new(options),
            history_behind_max: 0,
            history_wait_s: 0.0,
            node: NodeCounted::default(),
        }
    }

    /// Adds what the history index still had to read after a round.
    pub fn waited_for_history(&mut self, settled: Settled) {
        self.history_behind_max = self.history_behind_max.max(settled.behind_commands);
        self.history_wait_s += settled.waited_s;
    }

    /// Draws the ratios.
    pub fn conclude(&mut self) {
        for level in &mut self.levels {
            level.ratio = level.orders.requests_per_s / level.nothing.requests_per_s;
            level.ratio_to_bare = level.orders.requests_per_s / level.bare.requests_per_s;
        }
    }
}

impl std::fmt::Display for HttpReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "{} accounts, {} tokens in turn, {} cores for client and exchange, fdatasync before every answer\n",
            self.accounts, self.citizens, self.cores
        )?;
        writeln!(
            f,
            "{:>11}  {:<20}{:>11}{:>9}{:>9}{:>9}{:>9}{:>7}{:>9}{:>8}  ratio",
            "connections", "route", "requests/s", "p50 µs", "p99", "p99.9", "door µs", "core", "history", "client"
        )?;
        for level in &self.levels {
            let rows = [
                (Route::Orders, &level.orders, None),
                (Route::Nothing, &level.nothing, Some(level.ratio)),
                (Route::Bare, &level.bare, Some(level.ratio_to_bare)),
            ];
            for (route, served, ratio) in rows {
                let us = |ns: u64| ns / 1_000;
                let Quantiles { p50, p99, p999, .. } = served.latency_ns;
                write!(
                    f,
                    "{:>11}  {:<20}{:>11.0}{:>9}{:>9}{:>9}",
                    level.connections,
                    route.name(),
                    served.requests_per_s,
                    us(p50),
                    us(p99),
                    us(p999)
                )?;
                write!(f, "{}", served.cpu)?;
                match ratio {
                    Some(ratio) => writeln!(f, "  {:.1} %", ratio * 100.0)?,
                    None => writeln!(f)?,
                }
            }
        }
        writeln!(f, "\n{}", self.batches)?;
        let node = &self.node;
        writeln!(
            f,
            "node: {} commands in {} groups; commit p50 {} µs, p99 {} µs; acknowledged p50 {} µs, p99 {} µs; apply p50 {} ns",
            node.commands,
            node.groups,
            node.journal_commit_ns.p50 / 1_000,
            node.journal_commit_ns.p99 / 1_000,
            node.acknowledge_ns.p50 / 1_000,
            node.acknowledge_ns.p99 / 1_000,
            node.apply_ns.p50
        )?;
        write!(
            f,
            "history index: at most {} commands behind at the end of a round; {:.1} s of reading between rounds",
            self.history_behind_max, self.history_wait_s
        )
    }
}
