//! Commands at full speed: as many batches under way as the queue takes.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use carbex_node::NodeHandle;

use super::{
    DurableFault, DurableOptions,
    commands::{self, InFlight, Mix},
    disk::Cleaner,
};

/// Commands under way at once: enough for two full groups at the disk and one being filled.
pub(super) const UNDER_WAY_MAX: usize = 40_960;
/// The node's counters are at most this old while it works.
pub(super) const COUNTERS_AGE: Duration = Duration::from_millis(300);

/// What was done at full speed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Throughput {
    /// Commands acknowledged.
    pub(super) commands: u64,
    /// From the first submission to the last acknowledgement.
    pub(super) took: Duration,
    /// Bytes of journal records, and groups.
    pub(super) journal_bytes: u64,
    pub(super) groups: u64,
}

impl Throughput {
    pub(super) fn add(&mut self, other: &Self) {
        self.commands += other.commands;
        self.took += other.took;
        self.journal_bytes += other.journal_bytes;
        self.groups += other.groups;
    }

    pub(super) fn commands_per_s(&self) -> f64 {
        self.commands as f64 / self.took.as_secs_f64()
    }

    pub(super) fn bytes_per_s(&self) -> f64 {
        self.journal_bytes as f64 / self.took.as_secs_f64()
    }

    pub(super) fn mean_group_bytes(&self) -> usize {
        usize::try_from(self.journal_bytes / self.groups.max(1)).unwrap_or(usize::MAX)
    }
}

/// The node's counters: journal bytes and groups so far.
pub(super) fn counters(node: &NodeHandle) -> (u64, u64) {
    std::thread::sleep(COUNTERS_AGE);
    let metrics = node.metrics();
    (metrics.journal_bytes, metrics.groups)
}

/// Submits and reads answers for that long.
pub(super) fn full_speed(
    node: &NodeHandle,
    mix: &mut Mix,
    options: &DurableOptions,
    duration: Duration,
    cleaner: &Cleaner,
) -> Result<Throughput, DurableFault> {
    let batches_max = (UNDER_WAY_MAX / options.batch_commands).max(2);
    let (bytes_before, groups_before) = counters(node);
    let mut under_way: VecDeque<InFlight> = VecDeque::with_capacity(batches_max);
    let mut commands = 0;
    let started = Instant::now();
    while started.elapsed() < duration {
        cleaner.check()?;
        let batch = mix.batch(node, options.batch_commands);
        if under_way.len() >= batches_max
            && let Some(oldest) = under_way.pop_front()
        {
            commands += commands::wait(oldest)?;
        }
        under_way.push_back(commands::submit(node, batch)?);
    }
    for pending in under_way {
        commands += commands::wait(pending)?;
    }
    let took = started.elapsed();
    let (bytes, groups) = counters(node);
    Ok(Throughput { commands, took, journal_bytes: bytes - bytes_before, groups: groups - groups_before })
}
