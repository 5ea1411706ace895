//! Reading groups and records back, verified, in order, over all segments.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use carbex_vocabulary::{Sequence, TimestampNs};

use crate::answers::CutTail;
use crate::chain::{Chain, parse_record};
use crate::layout::{FLAG_OPENED, GroupHeader};
use crate::names::SegmentFile;
use crate::segment::{SegmentWalk, Step, begun_segments};
use crate::storage::{DiskDirectory, Storage};
use crate::survey::check_continues;
use crate::tail::Tail;
use crate::{Epoch, EventsHash, GroupHash, JournalFault, Record, SnapshotHead};

/// Reads a journal from a sequence on; usable while another process or thread appends.
pub struct JournalReader {
    storage: Arc<dyn Storage>,
    walk: SegmentWalk,
    /// The segment after it, if there was one at the last look.
    following: Option<SegmentFile>,
    chain: Chain,
    /// Groups that end before this record are passed over (but verified).
    from: u64,
    /// The snapshot that the chain must pass through.
    anchor: Option<SnapshotHead>,
    torn: Option<CutTail>,
}

impl core::fmt::Debug for JournalReader {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("JournalReader")
            .field("segment", &self.walk.segment.file())
            .field("at", &self.walk.at)
            .finish_non_exhaustive()
    }
}

impl JournalReader {
    /// Opens the journal in `directory` at the group that holds `from` (1 = the beginning), looking into the archive if needed.
    pub fn open(directory: &Path, from: Sequence) -> Result<Self, JournalFault> {
        Self::open_in(Arc::new(DiskDirectory::new(directory)), from)
    }

    /// As [`JournalReader::open`], on any storage.
    pub fn open_in(storage: Arc<dyn Storage>, from: Sequence) -> Result<Self, JournalFault> {
        Self::open_at(storage, from.number(), from.number(), None)
    }

    /// Opens the journal in `directory` behind a snapshot: the first record answered is the one after `head.sequence`, and a
    /// journal whose chain does not pass through `head.group_hash` there is refused (the snapshot is of another journal).
    pub fn open_after(directory: &Path, head: &SnapshotHead) -> Result<Self, JournalFault> {
        Self::open_after_in(Arc::new(DiskDirectory::new(directory)), head)
    }

    /// As [`JournalReader::open_after`], on any storage.
    pub fn open_after_in(storage: Arc<dyn Storage>, head: &SnapshotHead) -> Result<Self, JournalFault> {
        // Start where the record before is: the chain must be seen to arrive at the snapshot's hash.
        let sequence = head.sequence.number();
        Self::open_at(storage, sequence.max(1), sequence + 1, Some(*head))
    }

    fn open_at(
        storage: Arc<dyn Storage>,
        start: u64,
        from: u64,
        anchor: Option<SnapshotHead>,
    ) -> Result<Self, JournalFault> {
        let found = begun_segments(&*storage)?.begun;
        let Some(oldest) = found.first() else {
            let directory = storage.path("");
            return Err(JournalFault::Misuse(format!(
                "{}: no journal here (no segment-*.cxj file)",
                directory.display()
            )));
        };
        let Some(segment) = first_ordinal_of(&found, start) else {
            let (directory, oldest) = (storage.path(""), oldest.name.first);
            let reason = format!("record {start} is asked for, but the oldest segment begins with record {oldest}");
            return Err(JournalFault::Misuse(format!(
                "{}: {reason}: take the older ones from a backup",
                directory.display()
            )));
        };
        let walk = SegmentWalk::open(&*storage, segment)?;
        let chain = Chain::at_segment(&walk.header);
        let following = following(&*storage, &walk.segment)?;
        let mut reader = Self { storage, walk, following, chain, from, anchor, torn: None };
        reader.pass_anchor();
        Ok(reader)
    }

    /// The next group with records, verified; none at the end (a torn tail included, see [`JournalReader::torn`]).
    /// May be called again when more has been appended.
    pub fn next_group(&mut self) -> Result<Option<Group<'_>>, JournalFault> {
        while let Some((header, hash, payload)) = self.advance()? {
            if header.record_count.get() > 0 {
                return Ok(Some(Group::new(&header, hash, self.walk.payload(payload))));
            }
        }
        Ok(None)
    }

    /// As [`JournalReader::next_group`], but answers the groups without records too, which mark an opening or a seal.
    pub fn next_group_or_mark(&mut self) -> Result<Option<Group<'_>>, JournalFault> {
        match self.advance()? {
            Some((header, hash, payload)) => Ok(Some(Group::new(&header, hash, self.walk.payload(payload)))),
            None => Ok(None),
        }
    }

    /// The next group if it begins at or before `durable`: for a reader beside a running writer. Poll again later after none.
    pub fn next_group_up_to(&mut self, durable: Sequence) -> Result<Option<Group<'_>>, JournalFault> {
        if self.chain.next > durable.number() { Ok(None) } else { self.next_group() }
    }

    /// The torn tail that the last look at the end found, if it did: the next opening for writing cuts it.
    pub fn torn(&self) -> Option<&CutTail> {
        self.torn.as_ref()
    }

    /// The chain up to here.
    pub fn group_hash(&self) -> GroupHash {
        self.chain.hash
    }

    /// The sequence that the next record will have.
    pub fn next_sequence(&self) -> Sequence {
        Sequence::new(self.chain.next)
    }

    /// The epoch of the last group read.
    pub fn epoch(&self) -> Epoch {
        Epoch::new(self.chain.epoch)
    }

    /// Moves to the next group that does not end before `from`.
    fn advance(&mut self) -> Result<Option<(GroupHeader, GroupHash, Range<usize>)>, JournalFault> {
        loop {
            let tail = match self.walk.step(&*self.storage, &mut self.chain, self.following.is_none())? {
                Step::Group { header, hash, payload } => {
                    self.torn = None;
                    let records = u64::from(header.record_count.get());
                    let wanted = self.chain.next > self.from || (records == 0 && self.chain.next == self.from);
                    if wanted && records > 0 {
                        self.check_anchor(records)?;
                    }
                    self.pass_anchor();
                    if wanted {
                        return Ok(Some((header, hash, payload)));
                    }
                    continue;
                }
                Step::End(tail) => tail,
            };
            if let Some(next) = self.following.take() {
                self.enter(next)?;
                continue;
            }
            // A writer may have gone on to a new segment since the last look: then judge this end again, as no longer the last.
            self.following = following(&*self.storage, &self.walk.segment)?;
            if self.following.is_some() {
                continue;
            }
            self.check_anchor(0)?;
            self.torn = match tail {
                Tail::Clean => None,
                Tail::Torn { bytes, reason } => {
                    let file = self.storage.path(&self.walk.segment.file());
                    Some(CutTail { file, offset: self.walk.at, bytes: bytes as u64, reason })
                }
            };
            return Ok(None);
        }
    }

    /// Goes on to `next`, whose header must continue the chain.
    fn enter(&mut self, next: SegmentFile) -> Result<(), JournalFault> {
        let walk = SegmentWalk::open(&*self.storage, next)?;
        check_continues(&*self.storage, &walk, &self.chain)?;
        self.following = following(&*self.storage, &walk.segment)?;
        self.walk = walk;
        Ok(())
    }

    fn pass_anchor(&mut self) {
        self.anchor.take_if(|head| head.sequence.number() + 1 == self.chain.next && head.group_hash == self.chain.hash);
    }

    /// Complains if the chain has passed the snapshot's sequence without its hash. `records` = those of the group just read.
    fn check_anchor(&self, records: u64) -> Result<(), JournalFault> {
        let Some(head) = &self.anchor else { return Ok(()) };
        let reason = format!(
            "the snapshot at record {} holds the chain {}, but the journal (now at record {}) does not pass through it: they do not belong together",
            head.sequence,
            head.group_hash,
            self.chain.next - 1 - records
        );
        let file = self.storage.path(&crate::names::snapshot_name(head.sequence.number()));
        Err(JournalFault::Corruption { file, offset: 0, reason })
    }
}

/// The segment after `segment`, if there is one.
fn following(storage: &dyn Storage, segment: &SegmentFile) -> Result<Option<SegmentFile>, JournalFault> {
    let found = begun_segments(storage)?.begun;
    Ok(found.into_iter().find(|other| other.name > segment.name))
}

/// The first of the segments that may hold record `start`: the last that begins at or before it, or the first ordinal of
/// that name.
fn first_ordinal_of(found: &[SegmentFile], start: u64) -> Option<SegmentFile> {
    let holds = found.iter().rev().find(|segment| segment.name.first <= start)?;
    found.iter().find(|segment| segment.name.first == holds.name.first).cloned()
}

/// One verified group. A group without records marks an opening or a seal.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    /// Which opening wrote it.
    pub epoch: Epoch,
    /// Its first record (the next one, for a group without records).
    pub first: Sequence,
    /// How many records.
    pub count: u32,
    /// Whether it marks an opening (then it has no records).
    pub opens: bool,
    /// The chain before it.
    pub previous_hash: GroupHash,
    /// The chain with it.
    pub group_hash: GroupHash,
    /// What its commands caused.
    pub events_hash: EventsHash,
    /// The time of its last record (of the one before it, for a group without records).
    pub last_time: TimestampNs,
    payload: &'a [u8],
}

impl<'a> Group<'a> {
    fn new(header: &GroupHeader, group_hash: GroupHash, payload: &'a [u8]) -> Self {
        Self {
            epoch: Epoch::new(header.epoch.get()),
            first: Sequence::new(header.first_sequence.get()),
            count: header.record_count.get(),
            opens: header.flags.get() & FLAG_OPENED != 0,
            previous_hash: GroupHash::new(header.previous_hash),
            group_hash,
            events_hash: EventsHash::new(header.events_hash),
            last_time: TimestampNs::new(header.last_time_ns.get()),
            payload,
        }
    }

    /// Its records, in order.
    pub fn records(&self) -> Records<'a> {
        Records { payload: self.payload }
    }
}

/// The records of a group, in order.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    payload: &'a [u8],
}

impl<'a> Records<'a> {
    /// The records in a payload that is known to be good: a verified group's, or a [`crate::GroupBuffer`]'s.
    pub fn of(payload: &'a [u8]) -> Self {
        Self { payload }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    #[inline]
    fn next(&mut self) -> Option<Record<'a>> {
        if self.payload.is_empty() {
            return None;
        }
        match parse_record(self.payload) {
            Ok((record, bytes)) => {
                self.payload = &self.payload[bytes..];
                Some(record)
            }
            Err(reason) => unreachable!("the group was verified when it was read: {reason}"),
        }
    }
}
