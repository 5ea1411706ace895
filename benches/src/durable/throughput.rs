//! Commands at full speed: as many batches under way as keep every stage busy.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use carbex_node::NodeHandle;

use super::client::{self, InFlight, Rounds};
use super::{BATCH_COMMANDS, DurableFault, UNDER_WAY_MAX, counters};

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

    pub(super) fn bytes_per_command(&self) -> f64 {
        self.journal_bytes as f64 / self.commands.max(1) as f64
    }

    pub(super) fn mean_group_bytes(&self) -> usize {
        usize::try_from(self.journal_bytes / self.groups.max(1)).unwrap_or(usize::MAX)
    }
}

/// Submits and reads answers for that long.
pub(super) fn full_speed(
    node: &NodeHandle,
    rounds: &mut Rounds,
    duration: Duration,
) -> Result<Throughput, DurableFault> {
    let batches_max = UNDER_WAY_MAX / BATCH_COMMANDS;
    let before = counters(node);
    let mut under_way: VecDeque<InFlight> = VecDeque::with_capacity(batches_max);
    let mut commands = 0;
    let started = Instant::now();
    while started.elapsed() < duration {
        let batch = rounds.batch(node, BATCH_COMMANDS);
        if under_way.len() >= batches_max
            && let Some(oldest) = under_way.pop_front()
        {
            commands += client::wait(oldest)?;
        }
        under_way.push_back(client::submit(node, batch)?);
    }
    for pending in under_way {
        commands += client::wait(pending)?;
    }
    let took = started.elapsed();
    let after = counters(node);
    Ok(Throughput {
        commands,
        took,
        journal_bytes: after.journal_bytes - before.journal_bytes,
        groups: after.groups - before.groups,
    })
}
