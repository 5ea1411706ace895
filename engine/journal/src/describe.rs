//! What lies in a journal's directory, for people.

use std::path::{Path, PathBuf};

use carbex_vocabulary::Sequence;

use crate::{CutTail, Epoch, JournalFault, SnapshotHead};

/// One segment file.
#[derive(Clone, Debug)]
pub struct SegmentDescription {
    /// The file.
    pub file: PathBuf,
    /// Whether it lies in `archive/`.
    pub archived: bool,
    /// The epoch that began it.
    pub epoch: Epoch,
    /// Its first record.
    pub first: Sequence,
    /// Its last record, if it has any.
    pub last: Option<Sequence>,
    /// Groups in it.
    pub groups: u64,
    /// Records in it.
    pub records: u64,
    /// Bytes up to the end of its last group.
    pub used_bytes: u64,
    /// Bytes of the file.
    pub file_bytes: u64,
}

/// One snapshot file.
#[derive(Clone, Debug)]
pub struct SnapshotDescription {
    /// The file.
    pub file: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Its header, or why it cannot be used.
    pub head: Result<SnapshotHead, String>,
}

/// A journal's directory.
#[derive(Clone, Debug)]
pub struct Description {
    /// The format version of its segments.
    pub version: u16,
    /// Segments, oldest first.
    pub segments: Vec<SegmentDescription>,
    /// Snapshots, newest first.
    pub snapshots: Vec<SnapshotDescription>,
    /// Whether the next segment is prepared.
    pub next_prepared: bool,
    /// Whether the reserve for a full disk is there.
    pub reserve_ready: bool,
    /// A torn tail that the next opening will cut.
    pub torn: Option<CutTail>,
}

/// Describes the journal in `directory`, reading and verifying all of its segments.
pub fn describe(directory: &Path) -> Result<Description, JournalFault> {
    todo!("{directory:?}")
}
