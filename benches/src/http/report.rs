//! What came out, for people and as JSON.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Latencies, LatencyNs};

use super::{BatchesServed, CpuPerAnswer, HttpOptions, child::Settled, cpu::CpuTime, request::Route};

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
    pub latency_ns: LatencyNs,
    /// Time on a core for one answer.
    pub cpu: CpuPerAnswer,
    #[serde(skip)]
    cpu_time: CpuTime,
    #[serde(skip)]
    seconds: f64,
    #[serde(skip)]
    latency: Latencies,
}

impl Served {
    /// Adds a round.
    pub fn add(&mut self, requests: u64, took: Duration, latency: &Latencies, cpu: CpuTime) {
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
    /// Orders at a rate of their own.
    pub open_loop: OpenLoop,
}

/// Orders that leave at times fixed beforehand, whatever the answers do.
#[derive(Clone, Debug, Default, Serialize)]
pub struct OpenLoop {
    /// Of the orders that the same connections placed one after the other.
    pub percent: u32,
    /// Orders that leave in a second.
    pub rate_per_s: f64,
    /// Orders placed in all rounds.
    pub requests: u64,
    /// From the time at which an order was to leave until its answer's last byte was in: corrected for coordinated omission.
    pub latency_ns: LatencyNs,
    #[serde(skip)]
    latency: Latencies,
}

impl OpenLoop {
    /// At so many percent of that rate.
    pub fn begin(&mut self, closed_per_s: f64, percent: u32) {
        (self.percent, self.rate_per_s) = (percent, closed_per_s * f64::from(percent) / 100.0);
    }

    /// Adds a round.
    pub fn add(&mut self, requests: u64, latency: &Latencies) {
        self.requests += requests;
        self.latency.add(latency);
        self.latency_ns = self.latency.quantiles();
    }
}

impl Level {
    /// Nothing yet.
    pub fn new(connections: usize) -> Self {
        let [orders, nothing, bare] = [(); 3].map(|()| Served::default());
        Self { connections, orders, nothing, bare, ratio: 0.0, ratio_to_bare: 0.0, open_loop: OpenLoop::default() }
    }

    /// Draws the ratios.
    pub fn conclude(&mut self) {
        self.ratio = self.orders.requests_per_s / self.nothing.requests_per_s;
        self.ratio_to_bare = self.orders.requests_per_s / self.bare.requests_per_s;
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
    pub journal_commit_ns: LatencyNs,
    /// Applying one command, with its copy into the journal's buffer.
    pub apply_ns: LatencyNs,
    /// From the queue's entry to the acknowledgement.
    pub acknowledge_ns: LatencyNs,
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
    /// The most commands by which the history index was behind at the end of a round of single orders; it gives way to trade.
    pub history_behind_max: u64,
    /// The commands by which it was behind after the last batch.
    pub history_behind_end: u64,
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
            history_behind_end: 0,
            history_wait_s: 0.0,
            node: NodeCounted::default(),
        }
    }

    /// Adds what the history index still had to read after a round.
    pub fn waited_for_history(&mut self, settled: Settled) {
        self.history_behind_max = self.history_behind_max.max(settled.behind_commands);
        self.history_wait_s += settled.waited_s;
    }

    /// Adds how the exchange stood at the end.
    pub fn conclude(&mut self, last: Settled) {
        self.node = last.node;
        self.history_behind_end = last.behind_commands;
    }
}
