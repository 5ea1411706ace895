//! Opening for writing: the lock, the leftovers of a crash, the last segment verified, a torn tail cut.

use std::ops::Range;
use std::sync::Arc;

use carbex_vocabulary::Sequence;

use crate::answers::CutTail;
use crate::chain::Chain;
use crate::journal::{OpenSegment, Opening, PlaceError, place_segment};
use crate::names::{LOCK, PREPARED, RESERVE, SNAPSHOT_UNFINISHED, SegmentFile, ZEROING, snapshot_name};
use crate::preparer::{Preparer, Spare, SpareError, is_whole_spare, make_spare};
use crate::segment::{BegunSegments, SegmentWalk, Step, begun_segments};
use crate::snapshot::list_snapshots_in;
use crate::storage::{Storage, StorageFile, disk_fault, read_up_to, write_all_at};
use crate::tail::Tail;
use crate::{JournalFault, JournalOptions};

/// How many zeros are written at a time when a tail is cut or a short segment completed.
const ZERO_BYTES: usize = 64 * 1024;

/// Recovers the journal in `storage` for writing. Answers it with its oldest record's sequence and what was cut.
pub(crate) fn recover(
    storage: Arc<dyn Storage>,
    options: JournalOptions,
) -> Result<(Opening, Option<Sequence>, Option<CutTail>), JournalFault> {
    options.check()?;
    let disk = &*storage;
    disk.create_folder("").map_err(disk_fault(disk, "", "create"))?;
    let lock = disk.lock(LOCK).map_err(disk_fault(disk, LOCK, "lock"))?;
    let Some(lock) = lock else {
        return Err(JournalFault::Locked { directory: disk.path("") });
    };
    let files = disk.list("").map_err(disk_fault(disk, "", "list"))?;
    let is_there = |name: &str| files.iter().any(|(file, _)| file == name);
    for (leftover, _) in files.iter().filter(|(file, _)| file == ZEROING || file.ends_with(SNAPSHOT_UNFINISHED)) {
        disk.remove(leftover).map_err(disk_fault(disk, leftover, "remove"))?;
    }
    let next_ready = is_there(PREPARED) && keep_spare(disk, PREPARED, options.segment_bytes)?;
    let reserve_ready = is_there(RESERVE) && keep_spare(disk, RESERVE, options.segment_bytes)?;

    let BegunSegments { begun: found, unbegun } = begun_segments(disk)?;
    let (segment, chain, cut, next_ready) = match found.last() {
        Some(last) => {
            check_headers(disk, &found)?;
            let (segment, chain, cut) = recover_last(disk, last)?;
            (segment, chain, cut, next_ready)
        }
        None => (create_first(disk, &options, next_ready)?, Chain::START, None, false),
    };
    check_snapshots(disk, &chain, &segment)?;
    let cut = match unbegun {
        Some((file, bytes)) => {
            let name = file.file();
            disk.remove(&name).and_then(|()| disk.sync_folder("")).map_err(disk_fault(disk, &name, "remove"))?;
            cut.or_else(|| Some(CutTail::of_unbegun(disk, &file, bytes)))
        }
        None => cut,
    };
    let first = found.first().map(|segment| Sequence::new(segment.name.first));
    let preparer = Preparer::start(Arc::clone(&storage), &options, next_ready, reserve_ready)?;
    Ok((Opening { storage, options, segment, chain, preparer, lock }, first, cut))
}

/// Whether a spare left by the last run can be used; if not, it is deleted.
fn keep_spare(disk: &dyn Storage, name: &str, segment_bytes: u64) -> Result<bool, JournalFault> {
    let whole = is_whole_spare(disk, name, segment_bytes).map_err(disk_fault(disk, name, "read"))?;
    if !whole {
        disk.remove(name).map_err(disk_fault(disk, name, "remove"))?;
    }
    Ok(whole)
}

/// Every segment's header must be good and known, and the last segment must not lie in the archive.
fn check_headers(disk: &dyn Storage, found: &[SegmentFile]) -> Result<(), JournalFault> {
    let mut epoch = 0;
    for segment in found {
        let walk = SegmentWalk::open(disk, segment.clone())?;
        let begins = walk.header.epoch.get();
        if begins < epoch {
            let reason = format!("the segment is of epoch {begins}, the one before of epoch {epoch}: a stale file");
            return Err(JournalFault::Corruption { file: disk.path(&segment.file()), offset: 16, reason });
        }
        epoch = begins;
    }
    match found.last() {
        Some(last) if last.archived => {
            let reason =
                "the newest segment lies in the archive, where only older ones may: the segments after it are missing"
                    .into();
            Err(JournalFault::Corruption { file: disk.path(&last.file()), offset: 0, reason })
        }
        Some(_) | None => Ok(()),
    }
}

/// Walks the last segment to its end, cuts a torn tail, and opens it for writing.
fn recover_last(disk: &dyn Storage, last: &SegmentFile) -> Result<(OpenSegment, Chain, Option<CutTail>), JournalFault> {
    let name = last.file();
    let mut walk = SegmentWalk::open(disk, last.clone())?;
    let mut chain = Chain::at_segment(&walk.header);
    let mut last_group = walk.at..walk.at;
    let tail = loop {
        let start = walk.at;
        match walk.step(disk, &mut chain, true)? {
            Step::Group { .. } => last_group = start..walk.at,
            Step::End(tail) => break tail,
        }
    };
    let bytes = walk.header.segment_bytes.get();
    let file = disk.open_to_write(&name).map_err(disk_fault(disk, &name, "open"))?;
    let zero = |from: u64, to: u64| {
        let zeros = vec![0; ZERO_BYTES];
        let mut at = from;
        while at < to {
            let count = zeros.len().min((to - at) as usize);
            write_all_at(&*file, &zeros[..count], at)?;
            at += count as u64;
        }
        file.sync_all()
    };
    let cut = match tail {
        Tail::Clean => None,
        Tail::Torn { bytes, reason } => {
            zero(walk.at, walk.at + bytes as u64).map_err(disk_fault(disk, &name, "cut the torn tail of"))?;
            Some(CutTail { file: disk.path(&name), offset: walk.at, bytes: bytes as u64, reason })
        }
    };
    let length = file.length().map_err(disk_fault(disk, &name, "look at"))?;
    if length < bytes {
        zero(length, bytes).map_err(disk_fault(disk, &name, "complete"))?;
    }
    make_durable_again(&*file, last_group).map_err(disk_fault(disk, &name, "write the last group again to"))?;
    disk.sync_folder("").map_err(disk_fault(disk, "", "sync"))?;
    Ok((OpenSegment { name: last.name, file, at: walk.at, bytes }, chain, cut))
}

/// Writes the last group once more, as it is, and syncs. If the last run died of a failed sync, the operating system shows
/// the group from memory though the disk does not have it, calls it clean, and would never write it: then a power cut
/// would take it from under the groups that follow. Only the last group can be in that state.
fn make_durable_again(file: &dyn StorageFile, group: Range<u64>) -> std::io::Result<()> {
    let mut bytes = vec![0; (group.end - group.start) as usize];
    let read = read_up_to(file, &mut bytes, group.start)?;
    write_all_at(file, &bytes[..read], group.start)?;
    file.sync_all()
}

/// The first segment of a new journal.
fn create_first(disk: &dyn Storage, options: &JournalOptions, prepared: bool) -> Result<OpenSegment, JournalFault> {
    let no_space = || JournalFault::Disk {
        file: disk.path(""),
        operation: "create the first segment in",
        source: std::io::ErrorKind::StorageFull.into(),
    };
    if !prepared {
        match make_spare(disk, PREPARED, options.segment_bytes) {
            Ok(()) => {}
            Err(SpareError::Full) => return Err(no_space()),
            Err(SpareError::Fault(fault)) => return Err(fault),
        }
    }
    place_segment(disk, Spare::Prepared, &Chain::START, options, None).map_err(|error| match error {
        PlaceError::Full => no_space(),
        PlaceError::Fault(fault) => fault,
    })
}

/// A snapshot is only made of durable commands: one that is ahead of the journal proves that the journal has lost some.
fn check_snapshots(disk: &dyn Storage, chain: &Chain, segment: &OpenSegment) -> Result<(), JournalFault> {
    for snapshot in list_snapshots_in(disk)? {
        let Ok(head) = snapshot.head else { continue };
        if head.sequence.number() >= chain.next {
            let name = snapshot_name(head.sequence.number());
            let reason = format!(
                "the journal ends with record {}, but {name} holds the state of record {}: acknowledged records are missing",
                chain.next - 1,
                head.sequence
            );
            return Err(JournalFault::Corruption {
                file: disk.path(&segment.name.to_string()),
                offset: segment.at,
                reason,
            });
        }
    }
    Ok(())
}
