//! The pool of order records: asked for once, recycled through a free list.

use carbex_memory::Table;

use super::order::{OrderSlot, Record};

pub(super) struct Pool {
    records: Table<Record>,
    /// How many records were ever used.
    used: u32,
    free: Option<OrderSlot>,
    live: u32,
}

impl Pool {
    pub fn new(capacity: u32) -> Self {
        Self { records: Table::zeroed(capacity as usize), used: 0, free: None, live: 0 }
    }

    pub const fn live(&self) -> u32 {
        self.live
    }

    pub fn capacity(&self) -> u32 {
        self.records.len() as u32
    }

    pub fn is_full(&self) -> bool {
        self.live == self.capacity()
    }

    /// Takes a record's place; there must be room.
    #[inline]
    pub fn take(&mut self, record: Record) -> OrderSlot {
        self.live += 1;
        let slot = match self.free {
            Some(slot) => {
                self.free = OrderSlot::from_link(self.records[slot.at()].next_in_level);
                slot
            }
            None => {
                let slot = OrderSlot::new(self.used);
                self.used += 1;
                slot
            }
        };
        self.records[slot.at()] = record;
        slot
    }

    #[inline]
    pub fn give_back(&mut self, slot: OrderSlot) {
        self.live -= 1;
        self.records[slot.at()].next_in_level = OrderSlot::link(self.free);
        self.free = Some(slot);
    }

    /// Brings a record nearer: it may lie across two cache lines.
    #[inline]
    pub fn prefetch(&self, slot: OrderSlot) {
        self.records.prefetch(slot.at());
        self.records.prefetch(slot.at() + 1);
    }

    #[inline]
    pub fn record(&self, slot: OrderSlot) -> &Record {
        &self.records[slot.at()]
    }

    #[inline]
    pub fn record_mut(&mut self, slot: OrderSlot) -> &mut Record {
        &mut self.records[slot.at()]
    }
}
