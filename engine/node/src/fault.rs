//! Faults: our bug or the disk. A node that meets one while it runs ends the process; it never limps.

use std::io::Write;

use carbex_journal::JournalFault;
use carbex_vocabulary::Sequence;

/// Why a journal could not be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayFault {
    /// The disk, or damage found by the journal.
    #[error(transparent)]
    Journal(#[from] JournalFault),
    /// The replayed events are not those that were acknowledged.
    #[error(
        "the replay of commands {first} to {last} causes other events than were acknowledged: this program is not the \
         one that wrote them. Start that one"
    )]
    Diverged {
        /// The first command of the group that differs.
        first: Sequence,
        /// Its last command.
        last: Sequence,
    },
    /// A record that this program cannot read although its checksum is right.
    #[error("command {sequence} cannot be read: {reason}. Start the program that wrote it")]
    Undecodable {
        /// Which.
        sequence: Sequence,
        /// What is wrong with it.
        reason: String,
    },
    /// No snapshot can be used and the journal's beginning is no longer there.
    #[error("nothing to start from: the journal begins at command {oldest} and no snapshot can be used ({damage})")]
    NoBeginning {
        /// The oldest command that is still there.
        oldest: Sequence,
        /// What is wrong with the snapshots.
        damage: String,
    },
    /// A snapshot knows commands that the journal does not hold: acknowledged commands are missing.
    #[error(
        "the snapshot at command {snapshot} is ahead of the journal, which ends at {last}: acknowledged commands are \
         missing. Restore the journal from a backup"
    )]
    JournalBehind {
        /// The snapshot.
        snapshot: Sequence,
        /// The end of the journal.
        last: Sequence,
    },
    /// The sequence asked for is not in the journal.
    #[error("the journal ends at command {last}")]
    Beyond {
        /// The end of the journal.
        last: Sequence,
    },
}

/// Why a snapshot cannot be used; an older one may.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotFault {
    /// The disk, or damage found by the journal.
    #[error(transparent)]
    Journal(#[from] JournalFault),
    /// Its contents are not what a node writes.
    #[error("{0}")]
    Contents(String),
}

/// Why a node does not start. Nothing was served; what was acknowledged is still on disk.
#[derive(Debug, thiserror::Error)]
pub enum StartFault {
    /// There is no exchange and no founding to make one.
    #[error("no exchange in {directory}: name a rule set to found one")]
    NotFounded {
        /// The data directory.
        directory: String,
    },
    /// The journal cannot be opened or written.
    #[error(transparent)]
    Journal(#[from] JournalFault),
    /// The journal cannot be replayed.
    #[error(transparent)]
    Replay(#[from] ReplayFault),
    /// The machine gives no thread.
    #[error("cannot start the core's thread: {0}")]
    Thread(std::io::Error),
}

/// Why a stop was not clean. Everything acknowledged is on disk all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StopFault {
    /// The last snapshot could not be written; the next start replays more.
    #[error("the snapshot at the stop could not be written: {0}")]
    Snapshot(String),
    /// The journal could not be sealed; the next start verifies its tail.
    #[error("the journal could not be sealed: {0}")]
    Seal(String),
}

/// The exit status of a node that met a fault while it ran (`EX_SOFTWARE`).
pub const FAULT_EXIT_STATUS: i32 = 70;

/// Ends the process: nothing more is journaled, answered or published. The next start recovers from the disk.
pub(crate) fn stop_the_process(what: &str, why: &dyn core::fmt::Display) -> ! {
    // The one place where this library speaks on a terminal: there is nobody left to return an error to.
    let _ = writeln!(
        std::io::stderr(),
        "carbex: {what}: {why}\ncarbex: stopped. What was acknowledged is on disk: start again to recover from there"
    );
    std::process::exit(FAULT_EXIT_STATUS)
}
