//! Commands at full speed: as many batches under way as keep every stage busy.

use std::time::{Duration, Instant};

use carbex_node::NodeHandle;

use super::rounds::Rounds;
use super::{BATCH_COMMANDS, DurableFault, UNDER_WAY_MAX, counters};
use crate::client::{Answered, Client};

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
    let before = counters(node);
    let mut client = Client::alone_from(node, UNDER_WAY_MAX, rounds.next());
    let mut commands = 0;
    let mut told = |answered: Answered| commands += answered.commands;
    let started = Instant::now();
    while started.elapsed() < duration {
        client.submit(rounds.batch(node, BATCH_COMMANDS), Instant::now(), &mut told)?;
    }
    client.finish(&mut told)?;
    let took = started.elapsed();
    let after = counters(node);
    Ok(Throughput {
        commands,
        took,
        journal_bytes: after.journal_bytes - before.journal_bytes,
        groups: after.groups - before.groups,
    })
}
