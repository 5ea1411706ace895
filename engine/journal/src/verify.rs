//! Verifying a whole journal: every byte, the chain, the snapshots.

use std::path::Path;

use carbex_vocabulary::Sequence;

use crate::{CutTail, GroupHash, JournalFault};

/// How far a long walk has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes done.
    pub bytes_done: u64,
    /// Bytes in all.
    pub bytes_total: u64,
    /// The last sequence seen.
    pub sequence: u64,
}

/// A journal that is whole.
#[derive(Clone, Debug)]
pub struct Verification {
    /// Segments read, archive included.
    pub segments: u64,
    /// Groups in them.
    pub groups: u64,
    /// Records in them.
    pub records: u64,
    /// The oldest record still there.
    pub first: Option<Sequence>,
    /// The last record.
    pub last: Option<Sequence>,
    /// The end of the chain.
    pub group_hash: GroupHash,
    /// A torn tail that the next opening will cut.
    pub torn: Option<CutTail>,
    /// Snapshots that are whole, newest first.
    pub snapshots: Vec<Sequence>,
    /// Snapshots that are damaged, and how.
    pub snapshots_damaged: Vec<String>,
}

/// Reads everything in `directory`, archive included, and answers what is there; the first damage is the error.
pub fn verify(directory: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Verification, JournalFault> {
    progress(Progress::default());
    todo!("{directory:?}")
}
