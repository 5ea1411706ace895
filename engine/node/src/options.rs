//! How a node is started, and why it may not start.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use carbex_core::Capacities;
use carbex_journal::{RetentionPolicy, SegmentsBehind};
use carbex_rules::RuleSet;
use carbex_vocabulary::Sequence;

use crate::ClockSource;

/// What a new data directory is founded with. An existing one knows its own and ignores this.
#[derive(Clone, Copy, Debug)]
pub struct Founding {
    /// How much the tables hold, for the life of the directory.
    pub capacities: Capacities,
    /// The first rule set; it becomes record 1.
    pub rules: RuleSet,
}

/// Accounts that one tick of a running exchange settles at most: well under a millisecond, while a change of year or an
/// allotment is worked off.
pub const SLICE_ACCOUNTS: u32 = 8_192;

/// How a node is started.
#[derive(Clone, Debug)]
pub struct NodeOptions {
    /// The data directory: journal, snapshots, archive.
    pub data: PathBuf,
    /// For a directory that does not exist yet; without it such a directory is a fault.
    pub founding: Option<Founding>,
    /// Where market time comes from.
    pub clock: ClockSource,
    /// Commands waiting at once, beyond which callers are told `Overloaded`.
    pub queue_commands_max: usize,
    /// Places in the lane reserved for what protects people (cancels, halts, debits) when the queue is full.
    pub queue_reserved_max: usize,
    /// Questions waiting at once.
    pub queue_questions_max: usize,
    /// Commands that become durable together at most.
    pub group_commands_max: usize,
    /// Idempotency keys kept at most; beyond it new keys are refused rather than old ones forgotten early.
    pub keys_max: usize,
    /// Groups kept for readers at most; a reader further behind is told that it lags.
    pub published_groups_max: usize,
    /// Events kept for readers at most, beside the newest group's own.
    pub published_events_max: u64,
    /// Commands between snapshots; 0 = none while running.
    pub snapshot_every_commands: u64,
    /// Whether a clean stop writes a snapshot.
    pub snapshot_on_stop: bool,
    /// Size of a journal segment, in bytes. Going on to the next one empties the pipeline (some milliseconds): an exchange that
    /// writes hundreds of MB/s takes 64 or 256 MiB. Three of them are reserved on the disk.
    pub segment_bytes: u64,
    /// The largest journal group, in bytes.
    pub group_bytes_max: usize,
    /// What is kept behind a new snapshot.
    pub retention: RetentionPolicy,
    /// Real time between the exchange's own ticks (day orders expire, indicative prices); `None` = the caller ticks.
    pub tick_every: Option<Duration>,
}

impl NodeOptions {
    /// A node over `data` with real time and the measures of one machine of 2 cores.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            founding: None,
            clock: ClockSource::Real,
            queue_commands_max: 16_384,
            queue_reserved_max: 4_096,
            queue_questions_max: 4_096,
            group_commands_max: 16_384,
            keys_max: 4_000_000,
            published_groups_max: 65_536,
            published_events_max: 4_000_000,
            snapshot_every_commands: 1_000_000,
            snapshot_on_stop: true,
            segment_bytes: 16 * 1024 * 1024,
            group_bytes_max: 1024 * 1024,
            retention: RetentionPolicy { snapshots_kept: 2, segments: SegmentsBehind::Archive },
            tick_every: None,
        }
    }

    /// The same, able to found a new directory.
    pub fn founding(self, capacities: Capacities, rules: RuleSet) -> Self {
        Self { founding: Some(Founding { capacities, rules }), ..self }
    }
}

/// How far recovery has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoveryStep {
    /// The last command replayed.
    pub sequence: Sequence,
    /// The last command of the journal.
    pub last: Sequence,
    /// Commands replayed.
    pub done_commands: u64,
    /// Commands to replay in all.
    pub total_commands: u64,
}

/// Who is told how recovery goes.
pub trait RecoveryProgress {
    /// Something worth a line: which snapshot is used, which one is damaged, a torn tail that was cut.
    fn note(&self, message: &str);
    /// The replay has come this far; told at most once per group.
    fn step(&self, step: RecoveryStep);
}

/// Nobody is told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl RecoveryProgress for Silent {
    fn note(&self, _message: &str) {}
    fn step(&self, _step: RecoveryStep) {}
}

/// Where the journal of a data directory lies.
pub fn journal_directory(data: &Path) -> PathBuf {
    data.join("journal")
}
