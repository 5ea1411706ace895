//! What the writer answers: what it found, what it has made durable, how much room is left.

use std::path::PathBuf;

use carbex_vocabulary::{Sequence, TimestampNs};

use crate::names::SegmentFile;
use crate::storage::Storage;
use crate::{Epoch, GroupHash};

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

impl CutTail {
    /// A last segment that ends inside its header.
    pub(crate) fn of_unbegun(storage: &dyn Storage, segment: &SegmentFile, bytes: u64) -> Self {
        let reason = format!("the segment ends after byte {bytes} of its header: no group was in it");
        Self { file: storage.path(&segment.file()), offset: 0, bytes, reason }
    }
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
