//! Reading groups and records back, verified, in order, over all segments.

use std::path::Path;

use carbex_vocabulary::{Sequence, TimestampNs};

use crate::{Epoch, EventsHash, GroupHash, JournalFault, Record};

/// Reads a journal from a sequence on; usable while another process or thread appends.
pub struct JournalReader {}

impl JournalReader {
    /// Opens the journal in `directory` at the group that holds `from` (1 = the beginning), looking into the archive if needed.
    pub fn open(directory: &Path, from: Sequence) -> Result<Self, JournalFault> {
        todo!("{directory:?} {from:?}")
    }
    /// The next group, verified; none at the end (a torn tail included, see [`JournalReader::torn`]).
    pub fn next_group(&mut self) -> Result<Option<Group<'_>>, JournalFault> {
        todo!()
    }
    /// The next group if it begins at or before `durable`: for a reader beside a running writer. Poll again later after none.
    pub fn next_group_up_to(&mut self, durable: Sequence) -> Result<Option<Group<'_>>, JournalFault> {
        todo!("{durable:?}")
    }
}

/// One verified group. A group without records marks an opening or a close.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    /// Which opening wrote it.
    pub epoch: Epoch,
    /// Its first record (the next one, for a group without records).
    pub first: Sequence,
    /// How many records.
    pub count: u32,
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
    /// Its records, in order.
    pub fn records(&self) -> Records<'a> {
        Records { payload: self.payload }
    }
}

/// The records of a group, in order.
pub struct Records<'a> {
    payload: &'a [u8],
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;
    fn next(&mut self) -> Option<Record<'a>> {
        todo!("{:?}", self.payload)
    }
}
