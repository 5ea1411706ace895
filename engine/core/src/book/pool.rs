//! The pool of order records: asked for once, recycled through a free list.

use super::order::{OrderSlot, Record};

pub(super) struct Pool {
    /// The records ever used; the vector never grows beyond what was reserved at the start.
    records: Vec<Record>,
    capacity: u32,
    free: Option<OrderSlot>,
    live: u32,
}

impl Pool {
    pub fn new(capacity: u32) -> Self {
        Self { records: Vec::with_capacity(capacity as usize), capacity, free: None, live: 0 }
    }

    pub const fn live(&self) -> u32 {
        self.live
    }

    pub const fn capacity(&self) -> u32 {
        self.capacity
    }

    pub const fn is_full(&self) -> bool {
        self.live == self.capacity
    }

    /// Takes a record's place; there must be room.
    #[inline]
    pub fn take(&mut self, record: Record) -> OrderSlot {
        self.live += 1;
        if let Some(slot) = self.free {
            self.free = OrderSlot::from_link(self.records[slot.at()].next_in_level);
            self.records[slot.at()] = record;
            return slot;
        }
        assert!(self.records.len() < self.capacity as usize, "the caller checks for room");
        let slot = OrderSlot::new(self.records.len() as u32);
        self.records.push(record);
        slot
    }

    #[inline]
    pub fn give_back(&mut self, slot: OrderSlot) {
        self.live -= 1;
        self.records[slot.at()].next_in_level = OrderSlot::link(self.free);
        self.free = Some(slot);
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
