//! The writer: one group at a time, on disk before it is acknowledged.

use std::any::Any;
use std::sync::Arc;

use carbex_vocabulary::{Sequence, TimestampNs};

use crate::chain::Chain;
use crate::group::{GroupBuffer, record_bytes_padded};
use crate::layout::{
    FLAG_OPENED, FLAG_SEAL, GROUP_HEADER_BYTES, GROUP_TRAILER_BYTES, SECTOR_BYTES, SEGMENT_HEADER_BYTES,
    group_bytes_for,
};
use crate::names::SegmentName;
use crate::preparer::{NoSpare, Preparer, Spare, StockWatch};
use crate::retention::retain_in;
use crate::segment::header_sector;
use crate::storage::{DiskDirectory, Storage, StorageFile, disk_fault, is_full, write_all_at};
use crate::{
    AppendError, Epoch, EventsHash, GroupHash, GroupReceipt, JournalFault, JournalOptions, RecordHead, Recovered,
    RetentionPolicy, RetentionReport, Room,
};

/// The journal, open for writing by this process alone.
pub struct Journal {
    storage: Arc<dyn Storage>,
    options: JournalOptions,
    /// The segment that is being written, and where its next group begins.
    segment: OpenSegment,
    /// What is on disk.
    chain: Chain,
    epoch: Epoch,
    group: GroupBuffer,
    /// The payload bytes that the group which was begun may take.
    group_payload_bytes_max: Option<usize>,
    /// The time of the last record in the group that is being built.
    group_time: TimestampNs,
    preparer: Preparer,
    /// The first write or sync error: nothing is written after it.
    poison: Option<String>,
    _lock: Box<dyn Any + Send>,
}

/// Asks how much room is left, from any thread.
#[derive(Clone)]
pub struct RoomWatch {
    stock: StockWatch,
    exhausted_margin_bytes: u64,
}

impl core::fmt::Debug for RoomWatch {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("RoomWatch").field("disk_full", &self.stock.is_full()).finish_non_exhaustive()
    }
}

impl RoomWatch {
    /// How much room is left when the segment being written has `segment_bytes` that nothing was promised of.
    pub fn room(&self, segment_bytes: u64) -> Room {
        if !self.stock.is_full() {
            Room::Normal
        } else if self.stock.has_spare() || segment_bytes >= self.exhausted_margin_bytes {
            Room::Low
        } else {
            Room::Exhausted
        }
    }
}

/// The segment that is being written.
pub(crate) struct OpenSegment {
    pub name: SegmentName,
    pub file: Box<dyn StorageFile>,
    pub at: u64,
    pub bytes: u64,
}

impl OpenSegment {
    fn room_bytes(&self) -> u64 {
        self.bytes.saturating_sub(self.at)
    }
}

/// A journal as recovery hands it over: everything checked and cut, nothing written yet.
pub(crate) struct Opening {
    pub storage: Arc<dyn Storage>,
    pub options: JournalOptions,
    pub segment: OpenSegment,
    pub chain: Chain,
    pub preparer: Preparer,
    pub lock: Box<dyn Any + Send>,
}

impl core::fmt::Debug for Journal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let path = self.storage.path(&self.segment.name.to_string());
        f.debug_struct("Journal")
            .field("segment", &path)
            .field("at", &self.segment.at)
            .field("chain", &self.chain)
            .finish_non_exhaustive()
    }
}

impl Journal {
    /// Opens (or creates) the journal, takes its lock, verifies its last segment, cuts a torn tail and begins a new epoch.
    pub fn open(options: JournalOptions) -> Result<(Self, Recovered), JournalFault> {
        let storage = Arc::new(DiskDirectory::new(options.directory.clone()));
        Self::open_in(storage, options)
    }

    /// As [`Journal::open`], on any storage (`options.directory` is not looked at).
    pub fn open_in(storage: Arc<dyn Storage>, options: JournalOptions) -> Result<(Self, Recovered), JournalFault> {
        let (opening, first, cut) = crate::recovery::recover(storage, options)?;
        let chain = opening.chain;
        let mut journal = Self {
            group: GroupBuffer::new(opening.options.group_bytes_max),
            storage: opening.storage,
            options: opening.options,
            segment: opening.segment,
            chain,
            epoch: Epoch::new(chain.epoch + 1),
            group_payload_bytes_max: None,
            group_time: TimestampNs::new(chain.time_ns),
            preparer: opening.preparer,
            poison: None,
            _lock: opening.lock,
        };
        if let Err(error) = journal.mark(FLAG_OPENED) {
            return Err(match error {
                AppendError::Fault(fault) => fault,
                AppendError::NoRoom { .. } | AppendError::GroupFull { .. } | AppendError::TooLarge { .. } => {
                    JournalFault::Disk {
                        file: journal.storage.path(""),
                        operation: "note the opening (free some space first) in",
                        source: std::io::ErrorKind::StorageFull.into(),
                    }
                }
            });
        }
        let recovered = Recovered {
            epoch: journal.epoch,
            first: first.filter(|first| first.number() < chain.next),
            last: (chain.next > 1).then(|| Sequence::new(chain.next - 1)),
            last_time: TimestampNs::new(chain.time_ns),
            group_hash: journal.chain.hash,
            cut,
        };
        Ok((journal, recovered))
    }

    /// The sequence that the next record gets.
    pub fn next_sequence(&self) -> Sequence {
        Sequence::new(self.chain.next + u64::from(self.group.record_count()))
    }

    /// The last record that is on disk; sequence 0 when there is none.
    pub fn durable_sequence(&self) -> Sequence {
        Sequence::new(self.chain.next - 1)
    }

    /// The time of the last record that is on disk.
    pub fn durable_time(&self) -> TimestampNs {
        TimestampNs::new(self.chain.time_ns)
    }

    /// The end of the chain on disk.
    pub fn group_hash(&self) -> GroupHash {
        self.chain.hash
    }

    /// The epoch of this opening.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The storage it lies on (for snapshots beside it).
    pub fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }

    /// How much room is left. Cheap (two atomic loads): ask before every group.
    pub fn room(&self) -> Room {
        self.room_watch().room(self.segment.room_bytes())
    }

    /// A way to ask for the room on another thread, while this one writes.
    pub fn room_watch(&self) -> RoomWatch {
        RoomWatch { stock: self.preparer.watch(), exhausted_margin_bytes: self.options.exhausted_margin_bytes }
    }

    /// What is left in the segment that is being written, in bytes.
    pub fn room_bytes(&self) -> u64 {
        self.segment.room_bytes()
    }

    /// The most payload bytes that a group can be begun with.
    pub fn payload_bytes_max(&self) -> usize {
        self.options.group_bytes_max - GROUP_HEADER_BYTES - GROUP_TRAILER_BYTES
    }

    /// How many payload bytes a record with this reason and body takes.
    pub const fn record_bytes(reason_bytes: usize, body_bytes: usize) -> usize {
        record_bytes_padded(reason_bytes, body_bytes)
    }

    /// How many bytes a group of records with that many bytes takes on disk.
    pub const fn group_bytes(payload_bytes: usize) -> usize {
        group_bytes_for(payload_bytes)
    }

    /// Begins a group of at most `payload_bytes_max` (see [`Journal::record_bytes`]) and makes sure that it can be written:
    /// after `Ok`, a full disk cannot fail its commit. Call it before applying anything. Waits for the preparer if it is
    /// merely behind; [`AppendError::NoRoom`] if the disk is full. A group begun before and not committed is forgotten.
    pub fn begin_group(&mut self, payload_bytes_max: usize) -> Result<(), AppendError> {
        self.discard_group();
        self.check_poison()?;
        if payload_bytes_max > self.payload_bytes_max() {
            return Err(AppendError::TooLarge { bytes: payload_bytes_max, bytes_max: self.payload_bytes_max() });
        }
        self.make_room(group_bytes_for(payload_bytes_max))?;
        self.group_payload_bytes_max = Some(payload_bytes_max);
        Ok(())
    }

    /// A buffer for groups that are built beside this journal, on another thread, and written by [`Journal::commit_group`].
    pub fn new_group_buffer(&self) -> GroupBuffer {
        GroupBuffer::new(self.options.group_bytes_max)
    }

    /// Makes sure that the segment being written has room for a group of `payload_bytes`, going on to the next segment if
    /// need be, and answers what it has room for, in bytes of whole groups. Groups built elsewhere may be promised that
    /// much and no more: a full disk cannot fail their commit. Only when nothing promised is still to be written.
    pub fn promise_room(&mut self, payload_bytes: usize) -> Result<u64, AppendError> {
        self.check_poison()?;
        if payload_bytes > self.payload_bytes_max() {
            return Err(AppendError::TooLarge { bytes: payload_bytes, bytes_max: self.payload_bytes_max() });
        }
        self.make_room(group_bytes_for(payload_bytes))?;
        Ok(self.segment.room_bytes())
    }

    /// Writes a group that was built elsewhere and makes it durable: as [`Journal::commit`]. It must begin where the journal
    /// ends and fit the room that was promised.
    pub fn commit_group(&mut self, group: &mut GroupBuffer, events: EventsHash) -> Result<GroupReceipt, JournalFault> {
        self.check_poison()?;
        if group.record_count() == 0 || group.first().number() != self.chain.next {
            return Err(JournalFault::Misuse(format!(
                "commit of {} records from {} on, where {} is due",
                group.record_count(),
                group.first(),
                self.chain.next
            )));
        }
        if group.group_bytes() as u64 > self.segment.room_bytes() {
            let (bytes, left) = (group.group_bytes(), self.segment.room_bytes());
            return Err(JournalFault::Misuse(format!("a group of {bytes} bytes where {left} were promised")));
        }
        let given = group.last_time();
        if given.ns() < self.chain.time_ns {
            return Err(JournalFault::TimeBackwards { last: TimestampNs::new(self.chain.time_ns), given });
        }
        self.write_group(group, 0, given, events)?;
        Ok(GroupReceipt { first: group.first(), last: self.durable_sequence(), group_hash: self.chain.hash })
    }

    /// Adds a record to the group that was begun, and answers its sequence.
    pub fn push_record(&mut self, head: &RecordHead<'_>, body: &[u8]) -> Result<Sequence, AppendError> {
        let misuse = |reason: String| Err(AppendError::Fault(JournalFault::Misuse(reason)));
        let Some(payload_bytes_max) = self.group_payload_bytes_max else {
            return misuse("push_record before begin_group".into());
        };
        if head.reason.len() > RecordHead::REASON_BYTES_MAX {
            return misuse(format!(
                "a reason of {} bytes: at most {} fit",
                head.reason.len(),
                RecordHead::REASON_BYTES_MAX
            ));
        }
        if head.time < self.group_time {
            return Err(JournalFault::TimeBackwards { last: self.group_time, given: head.time }.into());
        }
        let wanted = record_bytes_padded(head.reason.len(), body.len());
        let left = payload_bytes_max - self.group.payload_bytes();
        if wanted > left {
            return Err(AppendError::GroupFull { wanted, left });
        }
        let sequence = self.group.push_record(head, body);
        self.group_time = head.time;
        Ok(sequence)
    }

    /// Forgets the group that was begun: nothing of it is written.
    pub fn discard_group(&mut self) {
        self.group.begin(Sequence::new(self.chain.next));
        self.group_payload_bytes_max = None;
        self.group_time = TimestampNs::new(self.chain.time_ns);
    }

    /// Writes the group and makes it durable: only after `Ok` may its commands be acknowledged. After a fault the journal is
    /// poisoned: stop, start again, recover.
    pub fn commit(&mut self, events: EventsHash) -> Result<GroupReceipt, JournalFault> {
        self.check_poison()?;
        if self.group.record_count() == 0 {
            return Err(JournalFault::Misuse("commit of a group without records: discard it instead".into()));
        }
        let first = self.chain.next;
        self.write_own_group(0, self.group_time, events)?;
        self.discard_group();
        Ok(GroupReceipt { first: Sequence::new(first), last: self.durable_sequence(), group_hash: self.chain.hash })
    }

    /// Writes a mark that proves everything before it complete: from then on damage to the last group cannot be taken for a
    /// torn tail. For quiet moments; [`Journal::close`] does it too. It costs 512 bytes and one sync.
    pub fn seal(&mut self) -> Result<(), AppendError> {
        self.discard_group();
        self.check_poison()?;
        self.mark(FLAG_SEAL)
    }

    /// Seals the tail (if there is room) and closes.
    pub fn close(mut self) -> Result<(), JournalFault> {
        match self.seal() {
            Ok(()) | Err(AppendError::NoRoom { .. }) => Ok(()),
            Err(AppendError::Fault(fault)) => Err(fault),
            Err(refusal @ (AppendError::GroupFull { .. } | AppendError::TooLarge { .. })) => {
                unreachable!("a mark has no records: {refusal}")
            }
        }
    }

    /// As [`retain_in`], here and now: it reads the kept snapshots whole, so a running exchange calls `retain` on another thread.
    pub fn retain(&mut self, policy: &RetentionPolicy) -> Result<RetentionReport, JournalFault> {
        self.check_poison()?;
        retain_in(Arc::clone(&self.storage), policy)
    }

    /// Writes a group without records.
    fn mark(&mut self, flag: u16) -> Result<(), AppendError> {
        self.make_room(group_bytes_for(0))?;
        let time = TimestampNs::new(self.chain.time_ns);
        Ok(self.write_own_group(flag, time, EventsHash::ZERO)?)
    }

    fn write_own_group(&mut self, flags: u16, time: TimestampNs, events: EventsHash) -> Result<(), JournalFault> {
        let mut group = std::mem::replace(&mut self.group, GroupBuffer::new(0));
        let written = self.write_group(&mut group, flags, time, events);
        self.group = group;
        written
    }

    fn write_group(
        &mut self,
        group: &mut GroupBuffer,
        flags: u16,
        time: TimestampNs,
        events: EventsHash,
    ) -> Result<(), JournalFault> {
        let count = u64::from(group.record_count());
        let (bytes, hash) = group.finish(&self.chain, self.epoch.number(), flags, time.ns(), events);
        let file = &*self.segment.file;
        let written = write_all_at(file, bytes, self.segment.at).map_err(|error| ("write a group to", error));
        let group_bytes = bytes.len() as u64;
        if let Err((operation, error)) = written.and_then(|()| file.sync_data().map_err(|error| ("sync", error))) {
            return Err(self.poisoned_by(disk_fault(&*self.storage, &self.segment.name.to_string(), operation)(error)));
        }
        self.segment.at += group_bytes;
        self.preparer.wrote(group_bytes);
        self.chain = Chain { next: self.chain.next + count, epoch: self.epoch.number(), time_ns: time.ns(), hash };
        Ok(())
    }

    /// Makes sure that the segment has that much room, going on to the spare if need be.
    fn make_room(&mut self, group_bytes: usize) -> Result<(), AppendError> {
        if self.segment.room_bytes() >= group_bytes as u64 {
            return Ok(());
        }
        let spare = match self.preparer.spare() {
            Ok(spare) => spare,
            Err(NoSpare::Full) => return Err(AppendError::NoRoom { bytes: group_bytes }),
            Err(NoSpare::Fault(cause)) => return Err(self.poisoned_by(JournalFault::Poisoned { cause }).into()),
        };
        match place_segment(&*self.storage, spare, &self.chain, &self.options, Some(self.segment.name)) {
            Ok(segment) => self.segment = segment,
            Err(PlaceError::Full) => return Err(AppendError::NoRoom { bytes: group_bytes }),
            Err(PlaceError::Fault(fault)) => return Err(self.poisoned_by(fault).into()),
        }
        self.preparer.taken(spare);
        Ok(())
    }

    fn check_poison(&mut self) -> Result<(), JournalFault> {
        if self.poison.is_none() {
            self.poison = self.preparer.fault();
        }
        match &self.poison {
            Some(cause) => Err(JournalFault::Poisoned { cause: cause.clone() }),
            None => Ok(()),
        }
    }

    fn poisoned_by(&mut self, fault: JournalFault) -> JournalFault {
        self.poison.get_or_insert_with(|| fault.to_string());
        fault
    }
}

/// Why a spare could not be put in its place.
pub(crate) enum PlaceError {
    /// The directory cannot take the name: the disk is full. Nothing has changed.
    Full,
    Fault(JournalFault),
}

/// Gives a spare its header and its name, in that order, both durable: a segment with a name always has a good header.
pub(crate) fn place_segment(
    storage: &dyn Storage,
    spare: Spare,
    chain: &Chain,
    options: &JournalOptions,
    current: Option<SegmentName>,
) -> Result<OpenSegment, PlaceError> {
    let ordinal = current.filter(|name| name.first == chain.next).map_or(1, |name| name.ordinal + 1);
    let name = SegmentName { first: chain.next, ordinal };
    let fault = |file: &str, operation| {
        let fault = disk_fault(storage, file, operation);
        move |error| PlaceError::Fault(fault(error))
    };
    let file = storage.open_to_write(spare.name()).map_err(fault(spare.name(), "open"))?;
    let sector = header_sector(chain, options.segment_bytes, options.group_bytes_max);
    write_all_at(&*file, &sector, 0).map_err(fault(spare.name(), "write the header of"))?;
    file.sync_data().map_err(fault(spare.name(), "sync"))?;
    if let Err(error) = storage.rename(spare.name(), &name.to_string()) {
        return Err(if is_full(&error) { PlaceError::Full } else { fault(spare.name(), "rename")(error) });
    }
    storage.sync_folder("").map_err(fault("", "sync"))?;
    Ok(OpenSegment { name, file, at: SEGMENT_HEADER_BYTES as u64, bytes: options.segment_bytes })
}

const _: () = assert!(SECTOR_BYTES == SEGMENT_HEADER_BYTES);
