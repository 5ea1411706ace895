//! Snapshot files: an opaque payload in checked chunks, complete or absent.

use std::path::{Path, PathBuf};

use carbex_vocabulary::{Sequence, TimestampNs};

use crate::{Epoch, GroupHash, JournalFault, StateHash};

/// What a snapshot says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotHead {
    /// The last command that is in it.
    pub sequence: Sequence,
    /// The time of that command.
    pub time: TimestampNs,
    /// Which opening wrote it.
    pub epoch: Epoch,
    /// The chain at that sequence.
    pub group_hash: GroupHash,
    /// The canonical hash of the state in it.
    pub state_hash: StateHash,
}

/// A snapshot file and whether it can be used.
#[derive(Debug)]
pub struct SnapshotInfo {
    /// The file.
    pub file: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Its header, or why it cannot be used. (The payload is verified as it is read.)
    pub head: Result<SnapshotHead, JournalFault>,
}

/// All snapshots of the journal in `directory`, newest first, their headers verified.
pub fn list_snapshots(directory: &Path) -> Result<Vec<SnapshotInfo>, JournalFault> {
    todo!("{directory:?}")
}

/// Writes a snapshot: a temporary file, then sync, rename, sync of the directory.
pub struct SnapshotWriter {}

impl SnapshotWriter {
    /// Begins a snapshot of the state at `head.sequence`.
    pub fn create(directory: &Path, head: SnapshotHead) -> Result<Self, JournalFault> {
        todo!("{directory:?} {head:?}")
    }
    /// Makes it complete and durable under its name.
    pub fn finish(self) -> Result<SnapshotInfo, JournalFault> {
        todo!()
    }
}

impl std::io::Write for SnapshotWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        todo!("{bytes:?}")
    }
    fn flush(&mut self) -> std::io::Result<()> {
        todo!()
    }
}

/// Reads a snapshot's payload; every byte handed out is verified (end of payload only after the trailer is).
pub struct SnapshotReader {}

impl SnapshotReader {
    /// Opens and verifies the header.
    pub fn open(file: &Path) -> Result<Self, JournalFault> {
        todo!("{file:?}")
    }
    /// The header.
    pub fn head(&self) -> &SnapshotHead {
        todo!()
    }
    /// The next verified chunk of the payload; none after the last, once the trailer is verified too.
    pub fn next_chunk(&mut self) -> Result<Option<&[u8]>, JournalFault> {
        todo!()
    }
}

impl std::io::Read for SnapshotReader {
    /// As `next_chunk`; damage is an error of kind `InvalidData` that holds the `JournalFault`.
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        todo!("{buffer:?}")
    }
}
