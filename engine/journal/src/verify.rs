//! Verifying a whole journal: every byte, the chain, the snapshots.

use std::path::Path;
use std::sync::Arc;

use carbex_vocabulary::Sequence;

use crate::names::{segments, snapshot_name};
use crate::retention::verify_snapshot;
use crate::snapshot::list_snapshots_in;
use crate::storage::{DiskDirectory, Storage, disk_fault};
use crate::survey::Surveyor;
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
    /// Groups in them, those without records included.
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
    /// Snapshots that are whole and on the chain, newest first.
    pub snapshots: Vec<Sequence>,
    /// Snapshots that are damaged or of another journal, and how. The journal can do without them.
    pub snapshots_damaged: Vec<String>,
}

/// Reads everything in `directory`, archive included, and answers what is there; the first damage is the error.
pub fn verify(directory: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Verification, JournalFault> {
    verify_in(Arc::new(DiskDirectory::new(directory)), progress)
}

/// As [`verify`], on any storage.
pub fn verify_in(storage: Arc<dyn Storage>, progress: &mut dyn FnMut(Progress)) -> Result<Verification, JournalFault> {
    require_journal(&*storage)?;
    let (mut heads, mut snapshots_damaged) = (Vec::new(), Vec::new());
    for snapshot in list_snapshots_in(&*storage)? {
        match snapshot.head {
            Ok(head) => heads.push((head.sequence, head.group_hash)),
            Err(fault) => snapshots_damaged.push(fault.to_string()),
        }
    }
    let mut surveyor = Surveyor { storage: Arc::clone(&storage), durable: None, wanted: heads.clone(), progress };
    let survey = surveyor.survey()?;
    if let Some(fault) = survey.damage.into_iter().next() {
        return Err(fault);
    }
    let first = survey.segments.first().map(|(_, description)| description.first);
    let mut snapshots = Vec::new();
    for head in heads {
        let name = snapshot_name(head.0.number());
        if !survey.passed.contains(&head) {
            let file = storage.path(&name);
            snapshots_damaged.push(format!("{}: the journal's chain does not pass through it", file.display()));
        } else if verify_snapshot(&storage, &name)? {
            snapshots.push(head.0);
        } else {
            snapshots_damaged.push(format!("{}: the payload is damaged", storage.path(&name).display()));
        }
    }
    Ok(Verification {
        segments: survey.segments.len() as u64,
        groups: survey.segments.iter().map(|(_, description)| description.groups).sum(),
        records: survey.segments.iter().map(|(_, description)| description.records).sum(),
        first: first.filter(|first| first.number() < survey.chain.next),
        last: (survey.chain.next > 1).then(|| Sequence::new(survey.chain.next - 1)),
        group_hash: survey.chain.hash,
        torn: survey.torn,
        snapshots,
        snapshots_damaged,
    })
}

/// A directory without segments is no journal: say so rather than call it whole.
pub(crate) fn require_journal(storage: &dyn Storage) -> Result<(), JournalFault> {
    if segments(storage).map_err(disk_fault(storage, "", "list"))?.is_empty() {
        let directory = storage.path("");
        return Err(JournalFault::Misuse(format!("{}: no journal here (no segment-*.cxj file)", directory.display())));
    }
    Ok(())
}
