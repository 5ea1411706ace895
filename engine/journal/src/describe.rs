//! What lies in a journal's directory, for people.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use carbex_vocabulary::Sequence;

use crate::names::{PREPARED, RESERVE};
use crate::snapshot::list_snapshots_in;
use crate::storage::{DiskDirectory, Storage, disk_fault};
use crate::survey::Surveyor;
use crate::verify::require_journal;
use crate::{CutTail, Epoch, JournalFault, SnapshotHead};

/// One segment file.
#[derive(Clone, Debug)]
pub struct SegmentDescription {
    /// The file.
    pub file: PathBuf,
    /// Whether it lies in `archive/`.
    pub archived: bool,
    /// The format version in its header.
    pub version: u16,
    /// The epoch in which it was begun.
    pub epoch: Epoch,
    /// Its first record.
    pub first: Sequence,
    /// Its last record, if it has any.
    pub last: Option<Sequence>,
    /// Groups in it, those without records included.
    pub groups: u64,
    /// Records in it.
    pub records: u64,
    /// Bytes up to the end of its last good group.
    pub used_bytes: u64,
    /// Bytes of the file.
    pub file_bytes: u64,
    /// What is damaged in it; what stands behind the damage is not counted.
    pub damage: Option<String>,
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
    /// Damage that lies in no segment that could be opened (a segment's header).
    pub damage: Vec<String>,
}

/// Describes the journal in `directory`, reading and verifying all of its segments; damage is described, not answered as a fault.
pub fn describe(directory: &Path) -> Result<Description, JournalFault> {
    describe_in(Arc::new(DiskDirectory::new(directory)))
}

/// As [`describe`], on any storage.
pub fn describe_in(storage: Arc<dyn Storage>) -> Result<Description, JournalFault> {
    require_journal(&*storage)?;
    let files = storage.list("").map_err(disk_fault(&*storage, "", "list"))?;
    let is_there = |wanted: &str| files.iter().any(|(name, _)| name == wanted);
    let snapshots = list_snapshots_in(&*storage)?
        .into_iter()
        .map(|info| SnapshotDescription {
            file: info.file,
            bytes: info.bytes,
            head: info.head.map_err(|fault| fault.to_string()),
        })
        .collect();
    let mut surveyor =
        Surveyor { storage: Arc::clone(&storage), durable: None, wanted: Vec::new(), progress: &mut |_| {} };
    let survey = surveyor.survey()?;
    let segments: Vec<SegmentDescription> = survey.segments.into_iter().map(|(_, description)| description).collect();
    let described: Vec<&String> = segments.iter().filter_map(|segment| segment.damage.as_ref()).collect();
    let damage = survey.damage.iter().map(ToString::to_string).filter(|fault| !described.contains(&fault)).collect();
    Ok(Description {
        snapshots,
        next_prepared: is_there(PREPARED),
        reserve_ready: is_there(RESERVE),
        torn: survey.torn,
        damage,
        segments,
    })
}
