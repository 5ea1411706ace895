//! What can go wrong: refusals (nothing was written) and faults (stop, never limp).

use std::path::PathBuf;

use carbex_vocabulary::TimestampNs;

/// Our bug or the disk: the caller stops. Every fault names the file, the place, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum JournalFault {
    /// The operating system said no.
    #[error("{file}: cannot {operation}: {source}", file = file.display())]
    Disk {
        /// Which file or directory.
        file: PathBuf,
        /// What was tried, as a verb ("write", "sync").
        operation: &'static str,
        /// What it answered.
        source: std::io::Error,
    },
    /// Acknowledged bytes are not what was written.
    #[error("{file}: byte {offset}: {reason}. Nothing was changed. Restore this file from a backup or a standby (see engine/journal/FORMAT.md, \"What to do\")", file = file.display())]
    Corruption {
        /// Which file.
        file: PathBuf,
        /// Where the damaged part begins.
        offset: u64,
        /// What was expected and what is there.
        reason: String,
    },
    /// A snapshot is damaged: use an older one, or none.
    #[error("{file}: byte {offset}: {reason}. Use an older snapshot (the journal replays the rest) and delete this file", file = file.display())]
    Snapshot {
        /// Which file.
        file: PathBuf,
        /// Where.
        offset: u64,
        /// What was expected and what is there.
        reason: String,
    },
    /// A version or flag from a newer program.
    #[error("{file}: byte {offset}: {what} {found:#x} is not known to this program (it knows {known}). Start the program that wrote it", file = file.display())]
    Unsupported {
        /// Which file.
        file: PathBuf,
        /// Where.
        offset: u64,
        /// "format version" or "flags".
        what: &'static str,
        /// What the file says.
        found: u64,
        /// What this program knows.
        known: &'static str,
    },
    /// Another process writes this journal.
    #[error("{directory}: another process has this journal open for writing. Stop it first", directory = directory.display())]
    Locked {
        /// The journal.
        directory: PathBuf,
    },
    /// An earlier write or sync failed: nothing more is written or acknowledged.
    #[error(
        "the journal is poisoned by an earlier error ({cause}): stop the program and start it again, it recovers from the disk"
    )]
    Poisoned {
        /// The first error.
        cause: String,
    },
    /// The options contradict themselves.
    #[error("{option}: {reason}")]
    Options {
        /// The field at fault.
        option: &'static str,
        /// Why.
        reason: String,
    },
    /// The caller's clock went backwards (a bug of the caller).
    #[error("time {given} ns is before {last} ns, the time of the last record", given = given.ns(), last = last.ns())]
    TimeBackwards {
        /// The time of the last record.
        last: TimestampNs,
        /// What was given.
        given: TimestampNs,
    },
    /// The caller asked for what the journal does not hold, or called in the wrong order.
    #[error("{0}")]
    Misuse(String),
}

/// Why something was not appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// No segment has that much room and none can be prepared: the disk is full. Nothing was written.
    #[error("no room for a group of {bytes} bytes: the disk is full")]
    NoRoom {
        /// What was asked for.
        bytes: usize,
    },
    /// The record would pass the bytes the group was begun with: commit, and put it in the next group.
    #[error("the group is full: {wanted} bytes wanted, {left} left")]
    GroupFull {
        /// Bytes of the record.
        wanted: usize,
        /// Bytes left in the group.
        left: usize,
    },
    /// Larger than any group may be.
    #[error("{bytes} bytes is more than a group may hold ({bytes_max})")]
    TooLarge {
        /// What was asked for.
        bytes: usize,
        /// The most.
        bytes_max: usize,
    },
    /// Stop.
    #[error(transparent)]
    Fault(#[from] JournalFault),
}
