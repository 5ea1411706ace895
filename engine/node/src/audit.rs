//! The audit of a data directory: every byte, the chain, every group's events by replay, and every snapshot's state.

use std::path::Path;

use carbex_core::Market;
use carbex_journal::{StateHash, Verification, list_snapshots, verify};
use carbex_vocabulary::Sequence;

use crate::{Follower, ReplayFault, ReplaySink};

/// How far an audit has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditStep {
    /// Reading the files: bytes done and in all.
    Reading { done_bytes: u64, total_bytes: u64 },
    /// Replaying: commands done and in all.
    Replaying { done_commands: u64, total_commands: u64 },
}

/// A data directory in which everything fits together.
#[derive(Clone, Debug)]
pub struct Audit {
    /// What the files hold.
    pub verification: Verification,
    /// The first command replayed: 1, or the one after the oldest snapshot when the journal's beginning is gone.
    pub replayed_from: Sequence,
    /// The last command replayed.
    pub replayed_to: Sequence,
    /// Snapshots whose state the replay arrived at.
    pub snapshots_replayed: u64,
    /// The state at the end.
    pub state_hash: StateHash,
}

/// Why a data directory does not fit together.
#[derive(Debug, thiserror::Error)]
pub enum AuditFault {
    /// Damage, or another program's events.
    #[error(transparent)]
    Replay(#[from] ReplayFault),
    /// The replay arrives at another state than the snapshot holds.
    #[error("the snapshot at command {sequence} holds the state {stored}, the replay arrives at {replayed}")]
    Snapshot {
        /// Which snapshot.
        sequence: Sequence,
        /// Its hash.
        stored: StateHash,
        /// The replay's.
        replayed: StateHash,
    },
}

/// Audits the journal in `journal`; the first fault ends it.
pub fn audit(journal: &Path, progress: &mut dyn FnMut(AuditStep)) -> Result<Audit, AuditFault> {
    let verification = verify(journal, &mut |step| {
        progress(AuditStep::Reading { done_bytes: step.bytes_done, total_bytes: step.bytes_total });
    })
    .map_err(ReplayFault::from)?;
    let mut follower = beginning(journal, &verification)?;
    let before = follower.sequence();
    let last = verification.last.unwrap_or(before);
    let mut comparison = Comparison {
        expected: snapshot_hashes(journal)?,
        checked: 0,
        differs: None,
        before,
        total_commands: last.number().saturating_sub(before.number()),
        progress,
    };
    let replayed_to = follower.advance(last, &mut comparison)?;
    if let Some(fault) = comparison.differs {
        return Err(fault);
    }
    if replayed_to != last {
        return Err(ReplayFault::Beyond { last: replayed_to }.into());
    }
    Ok(Audit {
        replayed_from: Sequence::new(before.number() + 1),
        replayed_to,
        snapshots_replayed: comparison.checked,
        state_hash: StateHash::new(follower.market().state_hash()),
        verification,
    })
}

/// As far back as there is anything: the founding record, else the oldest snapshot that is whole.
fn beginning(journal: &Path, verification: &Verification) -> Result<Follower, ReplayFault> {
    match (verification.first, verification.snapshots.last()) {
        (Some(first), Some(oldest)) if first > Sequence::new(1) => Follower::open(journal, Some(*oldest), &mut |_| {}),
        (Some(_) | None, Some(_) | None) => Follower::genesis(journal),
    }
}

fn snapshot_hashes(journal: &Path) -> Result<Vec<(Sequence, StateHash)>, ReplayFault> {
    let heads = list_snapshots(journal)?.into_iter().filter_map(|info| info.head.ok());
    Ok(heads.map(|head| (head.sequence, head.state_hash)).collect())
}

/// Compares the replay with every snapshot it passes.
struct Comparison<'a> {
    expected: Vec<(Sequence, StateHash)>,
    checked: u64,
    differs: Option<AuditFault>,
    before: Sequence,
    total_commands: u64,
    progress: &'a mut dyn FnMut(AuditStep),
}

impl ReplaySink for Comparison<'_> {
    fn state(&mut self, sequence: Sequence, market: &Market) {
        let Some((_, stored)) = self.expected.iter().find(|(expected, _)| *expected == sequence) else { return };
        let replayed = StateHash::new(market.state_hash());
        if replayed == *stored {
            self.checked += 1;
        } else if self.differs.is_none() {
            self.differs = Some(AuditFault::Snapshot { sequence, stored: *stored, replayed });
        }
    }

    fn group(&mut self, last: Sequence, _bytes: u64) {
        let done_commands = last.number().saturating_sub(self.before.number());
        (self.progress)(AuditStep::Replaying { done_commands, total_commands: self.total_commands });
    }
}
