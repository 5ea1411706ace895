//! The writer: one group at a time, on disk before it is acknowledged.

use std::path::PathBuf;

use carbex_vocabulary::{Sequence, TimestampNs};

use crate::{
    AppendError, Epoch, EventsHash, GroupHash, JournalFault, JournalOptions, RecordHead, RetentionPolicy,
    RetentionReport,
};

/// What was found when the journal was opened.
#[derive(Clone, Debug)]
pub struct Recovered {
    /// The epoch of this opening.
    pub epoch: Epoch,
    /// The oldest record that is still there (archive included), if any.
    pub first: Option<Sequence>,
    /// The last record, if any.
    pub last: Option<Sequence>,
    /// Its time.
    pub last_time: TimestampNs,
    /// The end of the chain, this opening's own group included.
    pub group_hash: GroupHash,
    /// The torn tail that was cut, if there was one.
    pub cut: Option<CutTail>,
}

/// A torn tail: the end of a group that was never acknowledged, zeroed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CutTail {
    /// In which segment.
    pub file: PathBuf,
    /// Where the last good group ends.
    pub offset: u64,
    /// How many bytes, up to the last that was not zero.
    pub bytes: u64,
    /// By which rule it is torn and not corrupt.
    pub reason: String,
}

/// A group that is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupReceipt {
    /// Its first record.
    pub first: Sequence,
    /// Its last record.
    pub last: Sequence,
    /// The chain up to it.
    pub group_hash: GroupHash,
}

/// How much room is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// The next segment is ready, or can be made.
    Normal,
    /// The next segment cannot be made: the disk is full; what is left, and the reserve, is for cancels and debits.
    Low,
    /// The reserve is nearly used up too.
    Exhausted,
}

/// The journal, open for writing by this process alone.
pub struct Journal {}

impl Journal {
    /// Opens (or creates) the journal, takes its lock, verifies its last segment, cuts a torn tail and begins a new epoch.
    pub fn open(options: JournalOptions) -> Result<(Self, Recovered), JournalFault> {
        todo!("{options:?}")
    }
    /// The sequence that the next record gets.
    pub fn next_sequence(&self) -> Sequence {
        todo!()
    }
    /// The last record that is on disk; sequence 0 when there is none.
    pub fn durable_sequence(&self) -> Sequence {
        todo!()
    }
    /// The end of the chain on disk.
    pub fn group_hash(&self) -> GroupHash {
        todo!()
    }
    /// The epoch of this opening.
    pub fn epoch(&self) -> Epoch {
        todo!()
    }
    /// How much room is left. Cheap: ask before every group.
    pub fn room(&self) -> Room {
        todo!()
    }
    /// Begins a group of at most `payload_bytes_max` (see [`Journal::record_bytes`]) and makes sure that it can be written:
    /// after `Ok`, a full disk cannot fail its commit. Call it before applying anything. Waits for the preparer if it is
    /// merely behind; [`AppendError::NoRoom`] if the disk is full.
    pub fn begin_group(&mut self, payload_bytes_max: usize) -> Result<(), AppendError> {
        todo!("{payload_bytes_max}")
    }
    /// How many payload bytes a record with this reason and body takes.
    pub const fn record_bytes(reason_bytes: usize, body_bytes: usize) -> usize {
        (72 + reason_bytes + body_bytes).next_multiple_of(8)
    }
    /// Adds a record to the group that was begun, and answers its sequence.
    pub fn push_record(&mut self, head: &RecordHead<'_>, body: &[u8]) -> Result<Sequence, AppendError> {
        todo!("{head:?} {body:?}")
    }
    /// Writes the group and makes it durable. After an error the journal is poisoned: stop.
    pub fn commit(&mut self, events: EventsHash) -> Result<GroupReceipt, JournalFault> {
        todo!("{events:?}")
    }
    /// Moves or deletes what the kept snapshots make superfluous.
    pub fn retain(&mut self, policy: &RetentionPolicy) -> Result<RetentionReport, JournalFault> {
        todo!("{policy:?}")
    }
    /// Seals the tail and closes: after it, damage to the last group cannot be taken for a torn tail.
    pub fn close(self) -> Result<(), JournalFault> {
        todo!()
    }
}
