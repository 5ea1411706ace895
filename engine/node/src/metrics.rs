//! What the node measures: latencies as histograms, everything else as counters.

use carbex_vocabulary::RejectCode;
use hdrhistogram::Histogram;

use crate::Mode;

/// One latency, in nanoseconds.
pub type Latency = Histogram<u64>;

/// Counters and latencies since the start.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// From the queue's entry to sequencing, in ns.
    pub queue_wait_ns: Latency,
    /// The core's work on one command, in ns.
    pub apply_ns: Latency,
    /// Writing one group and making it durable, in ns.
    pub journal_commit_ns: Latency,
    /// From the queue's entry to the acknowledgement, in ns.
    pub acknowledge_ns: Latency,
    /// Commands sequenced, by kind.
    pub commands: Vec<(&'static str, u64)>,
    /// Rejections, by code; only those that happened.
    pub rejections: Vec<(RejectCode, u64)>,
    /// Refusals, by name.
    pub refusals: Vec<(&'static str, u64)>,
    /// Groups made durable.
    pub groups: u64,
    /// Journal bytes made durable.
    pub journal_bytes: u64,
    /// Answers given again for a known key.
    pub repeats: u64,
    /// Idempotency keys kept.
    pub keys: u64,
    /// Commands waiting now.
    pub queued: u64,
    /// What the node takes.
    pub mode: Mode,
    /// Snapshots written since the start.
    pub snapshots: u64,
}
