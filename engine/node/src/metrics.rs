//! What the node measures: latencies as histograms, everything else as counters.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use carbex_vocabulary::{Event, RejectCode};
use carbex_wire::COMMAND_LAYOUTS;
use hdrhistogram::Histogram;

use crate::{Mode, Refusal};

/// One latency, in nanoseconds.
pub type Latency = Histogram<u64>;

/// The longest latency told apart; longer ones count as this.
const LATENCY_NS_MAX: u64 = 60_000_000_000;

/// Counters and latencies since the start.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// From the queue's entry until the core reads it, in ns.
    pub queue_wait_ns: Latency,
    /// Applying one command, with copying it to the journal's buffer and encoding and hashing its events, in ns. The clock is
    /// read once for up to a hundred commands applied one after the other, and their mean is counted for each.
    pub apply_ns: Latency,
    /// Chaining and writing one group and making it durable, in ns.
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
    /// Journal bytes made durable (records, without the groups' frames).
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
    /// Snapshots that could not be written, or clean-ups behind them that could not be done, since the start.
    pub snapshots_failed: u64,
    /// The last command in the newest snapshot.
    pub snapshot_sequence: u64,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self {
            queue_wait_ns: latency(),
            apply_ns: latency(),
            journal_commit_ns: latency(),
            acknowledge_ns: latency(),
            commands: COMMAND_LAYOUTS.iter().map(|layout| (layout.name, 0)).collect(),
            rejections: Vec::new(),
            refusals: Vec::new(),
            groups: 0,
            journal_bytes: 0,
            repeats: 0,
            keys: 0,
            queued: 0,
            mode: Mode::Normal,
            snapshots: 0,
            snapshots_failed: 0,
            snapshot_sequence: 0,
        }
    }

    /// Counts one sequenced command by its template's number, and its rejection if it was one.
    #[inline]
    pub(crate) fn count(&mut self, template: u16, outcome: Option<&Event>) {
        // Templates are numbered from 1 without a gap, and listed in that order.
        if let Some((_, count)) = self.commands.get_mut(usize::from(template).wrapping_sub(1)) {
            *count += 1;
        }
        if let Some(Event::Rejected(reject)) = outcome {
            match self.rejections.iter_mut().find(|(code, _)| *code == reject.code) {
                Some((_, count)) => *count += 1,
                None => self.rejections.push((reject.code, 1)),
            }
        }
    }
}

fn latency() -> Latency {
    // Three digits up to a minute: these bounds are always possible.
    Histogram::new_with_bounds(1, LATENCY_NS_MAX, 3).unwrap_or_else(|fault| unreachable!("{fault}"))
}

/// Adds one latency that so many had.
pub(crate) fn record(latency: &mut Latency, took: Duration, count: u64) {
    if count > 0 {
        latency.saturating_record_n(u64::try_from(took.as_nanos()).unwrap_or(LATENCY_NS_MAX), count);
    }
}

/// What is measured where groups are committed.
#[derive(Debug)]
pub(crate) struct CommitMetrics {
    pub(crate) journal_commit_ns: Latency,
    pub(crate) acknowledge_ns: Latency,
    pub(crate) groups: u64,
}

impl CommitMetrics {
    pub(crate) fn new() -> Self {
        Self { journal_commit_ns: latency(), acknowledge_ns: latency(), groups: 0 }
    }
}

/// Refusals are counted where they are made, by any thread.
#[derive(Debug, Default)]
pub(crate) struct RefusalCounters {
    counters: [AtomicU64; REFUSALS.len()],
}

const REFUSALS: [(Refusal, &str); 6] = [
    (Refusal::Overloaded, "overloaded"),
    (Refusal::SpaceLow, "space_low"),
    (Refusal::SpaceExhausted, "space_exhausted"),
    (Refusal::KeyReused, "key_reused"),
    (Refusal::KeysExhausted, "keys_exhausted"),
    (Refusal::Stopping, "stopping"),
];

impl RefusalCounters {
    pub(crate) fn count(&self, refusal: Refusal, commands: usize) {
        let place = REFUSALS.iter().position(|(listed, _)| *listed == refusal);
        if let Some(counter) = place.and_then(|place| self.counters.get(place)) {
            counter.fetch_add(commands as u64, Ordering::Relaxed);
        }
    }

    pub(crate) fn read(&self) -> Vec<(&'static str, u64)> {
        REFUSALS
            .iter()
            .zip(&self.counters)
            .map(|((_, name), counter)| (*name, counter.load(Ordering::Relaxed)))
            .collect()
    }
}
