//! What every account has, kept together: 96 bytes, always in two cache lines side by side.
//!
//! Random access over 68 million accounts costs as much for finding where in memory a page lies as for the line itself, and lines
//! that are neighbours come together. In tables of their own an account's parts would lie on three pages.

use carbex_memory::{Table, prefetch};
use zerocopy::{FromBytes, IntoBytes};

use super::record::{ColdWords, Hot};
use super::table::AccountSlot;

#[derive(FromBytes, IntoBytes)]
#[repr(C, align(32))]
struct Record {
    hot: Hot,
    number: u64,
    cold: ColdWords,
}

const _: () = assert!(size_of::<Record>() == 64 + 8 + 24);

/// The accounts' records by slot.
pub(super) struct Records {
    records: Table<Record>,
}

impl Records {
    pub fn new(capacity: u32) -> Self {
        Self { records: Table::zeroed(capacity as usize) }
    }

    #[inline(always)]
    fn record(&self, slot: AccountSlot) -> &Record {
        &self.records[slot.number() as usize]
    }

    #[inline(always)]
    fn record_mut(&mut self, slot: AccountSlot) -> &mut Record {
        &mut self.records[slot.number() as usize]
    }

    #[inline(always)]
    pub fn hot(&self, slot: AccountSlot) -> &Hot {
        &self.record(slot).hot
    }

    #[inline(always)]
    pub fn hot_mut(&mut self, slot: AccountSlot) -> &mut Hot {
        &mut self.record_mut(slot).hot
    }

    #[inline(always)]
    pub fn number(&self, slot: AccountSlot) -> u64 {
        self.record(slot).number
    }

    pub fn set_number(&mut self, slot: AccountSlot, number: u64) {
        self.record_mut(slot).number = number;
    }

    #[inline(always)]
    pub fn cold(&self, slot: AccountSlot) -> &ColdWords {
        &self.record(slot).cold
    }

    #[inline(always)]
    pub fn cold_mut(&mut self, slot: AccountSlot) -> &mut ColdWords {
        &mut self.record_mut(slot).cold
    }

    /// Brings an account's record nearer, both of its lines.
    #[inline(always)]
    pub fn prefetch(&self, slot: AccountSlot) {
        let record = self.record(slot);
        prefetch(record);
        prefetch(&record.cold);
    }
}
