//! Backup and restore: whole files, verified on the way, with a manifest.

use std::path::Path;

use carbex_vocabulary::Sequence;

use crate::{GroupHash, JournalFault, Progress};

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupReport {
    /// Files copied, the manifest not counted.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The last record in it.
    pub last: Option<Sequence>,
    /// The end of the chain in it.
    pub group_hash: GroupHash,
}

/// What was put back.
pub type RestoreReport = BackupReport;

/// Copies the journal in `directory` (snapshots, segments, archive) into the new directory `to`, verifying while copying.
/// Beside a running writer pass the last durable sequence: nothing after the group that holds it is copied.
pub fn backup(
    directory: &Path,
    to: &Path,
    durable: Option<Sequence>,
    progress: &mut dyn FnMut(Progress),
) -> Result<BackupReport, JournalFault> {
    progress(Progress::default());
    todo!("{directory:?} {to:?} {durable:?}")
}

/// Puts a backup back into `directory`, which must be empty or absent, after verifying its manifest and its chain.
pub fn restore(
    from: &Path,
    directory: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<RestoreReport, JournalFault> {
    progress(Progress::default());
    todo!("{from:?} {directory:?}")
}
