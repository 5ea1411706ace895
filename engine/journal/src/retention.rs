//! Retention: what the kept snapshots make superfluous leaves the journal's directory.

use std::path::Path;
use std::sync::Arc;

use crate::names::{ARCHIVE, SegmentFile, segments, snapshot_name, snapshot_sequence};
use crate::storage::{DiskDirectory, Storage, disk_fault};
use crate::{JournalFault, SnapshotReader};

/// What to do with segments wholly behind the oldest kept snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentsBehind {
    /// Leave them.
    Keep,
    /// Move them to `archive/`.
    Archive,
    /// Delete them, those in `archive/` too. What they told can then only come from a backup.
    Delete,
}

/// What is kept.
#[derive(Clone, Copy, Debug)]
pub struct RetentionPolicy {
    /// How many good snapshots (at least 1).
    pub snapshots_kept: usize,
    /// What happens to segments behind them.
    pub segments: SegmentsBehind,
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RetentionReport {
    /// Snapshots deleted, by name.
    pub snapshots_deleted: Vec<String>,
    /// Segments moved to `archive/`, by name.
    pub segments_archived: Vec<String>,
    /// Segments deleted, by name.
    pub segments_deleted: Vec<String>,
    /// Snapshots that are damaged: neither counted as kept nor deleted. Look at them, then delete them.
    pub snapshots_damaged: Vec<String>,
}

/// Applies `policy` to the journal in `directory`, whether a writer runs or not (it never touches the newest segment).
/// The snapshots to be kept are read and verified whole first, so that nothing is given up for a damaged one: call it on
/// the thread that writes snapshots. Without a good snapshot nothing is touched.
pub fn retain(directory: &Path, policy: &RetentionPolicy) -> Result<RetentionReport, JournalFault> {
    retain_in(Arc::new(DiskDirectory::new(directory)), policy)
}

/// As [`retain`], on any storage.
pub fn retain_in(storage: Arc<dyn Storage>, policy: &RetentionPolicy) -> Result<RetentionReport, JournalFault> {
    if policy.snapshots_kept == 0 {
        return Err(JournalFault::Options { option: "snapshots_kept", reason: "at least one snapshot is kept".into() });
    }
    let mut report = RetentionReport::default();
    let Some(oldest_kept) = retain_snapshots(&storage, policy.snapshots_kept, &mut report)? else {
        return Ok(report);
    };
    let found = segments(&*storage).map_err(disk_fault(&*storage, "", "list"))?;
    for (segment, next) in found.iter().zip(found.iter().skip(1)) {
        // The record of the snapshot itself stays: a reader behind a snapshot sees the chain arrive there.
        if next.name.first <= oldest_kept {
            put_away(&*storage, segment, policy.segments, &mut report)?;
        }
    }
    Ok(report)
}

/// Deletes the snapshots beyond the newest `kept` good ones; answers the sequence of the oldest kept, if there is any.
fn retain_snapshots(
    storage: &Arc<dyn Storage>,
    kept: usize,
    report: &mut RetentionReport,
) -> Result<Option<u64>, JournalFault> {
    let files = storage.list("").map_err(disk_fault(&**storage, "", "list"))?;
    let mut sequences: Vec<u64> = files.iter().filter_map(|(name, _)| snapshot_sequence(name)).collect();
    sequences.sort_unstable_by(|a, b| b.cmp(a));
    let (mut good, mut oldest_kept) = (0, None);
    for sequence in sequences {
        let name = snapshot_name(sequence);
        if good == kept {
            storage.remove(&name).map_err(disk_fault(&**storage, &name, "remove"))?;
            report.snapshots_deleted.push(name);
        } else if verify_snapshot(storage, &name)? {
            good += 1;
            oldest_kept = Some(sequence);
        } else {
            report.snapshots_damaged.push(name);
        }
    }
    storage.sync_folder("").map_err(disk_fault(&**storage, "", "sync"))?;
    Ok(oldest_kept)
}

/// Whether the snapshot is whole; an error only if the disk says so.
pub(crate) fn verify_snapshot(storage: &Arc<dyn Storage>, name: &str) -> Result<bool, JournalFault> {
    let walk = || {
        let mut reader = SnapshotReader::open_in(Arc::clone(storage), name)?;
        while reader.next_chunk()?.is_some() {}
        Ok(())
    };
    match walk() {
        Ok(()) => Ok(true),
        Err(JournalFault::Snapshot { .. }) => Ok(false),
        Err(fault) => Err(fault),
    }
}

fn put_away(
    storage: &dyn Storage,
    segment: &SegmentFile,
    behind: SegmentsBehind,
    report: &mut RetentionReport,
) -> Result<(), JournalFault> {
    let (file, name) = (segment.file(), segment.name.to_string());
    match behind {
        SegmentsBehind::Archive if !segment.archived => {
            storage.create_folder(ARCHIVE).map_err(disk_fault(storage, ARCHIVE, "create"))?;
            storage.rename(&file, &format!("{ARCHIVE}/{name}")).map_err(disk_fault(storage, &file, "archive"))?;
            // The new name first: after a crash between the two the file is in both places, never in none.
            storage.sync_folder(ARCHIVE).map_err(disk_fault(storage, ARCHIVE, "sync"))?;
            storage.sync_folder("").map_err(disk_fault(storage, "", "sync"))?;
            report.segments_archived.push(name);
        }
        SegmentsBehind::Delete => {
            storage.remove(&file).map_err(disk_fault(storage, &file, "remove"))?;
            let folder = if segment.archived { ARCHIVE } else { "" };
            storage.sync_folder(folder).map_err(disk_fault(storage, folder, "sync"))?;
            report.segments_deleted.push(name);
        }
        SegmentsBehind::Keep | SegmentsBehind::Archive => {}
    }
    Ok(())
}
