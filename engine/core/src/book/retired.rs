//! Orders of a closed budget year: out of every line at once, in the pool until their owners are settled.
//!
//! Closing a year strings all levels together into one list, so that it costs a step per level and none per order. Such
//! an order has no price any more: what it reserved is given back whole, with the account's other orders.

use carbex_vocabulary::{OrderId, Side};

use super::order::{Order, OrderSlot, Record};
use super::sides::Book;
use crate::accounts::AccountSlot;

/// The list: sells best price first, then buys, as they stood in line.
#[derive(Default)]
pub(super) struct Retired {
    first: Option<OrderSlot>,
    last: Option<OrderSlot>,
    orders: u32,
    /// Orders that entered before this time of priority are retired.
    before_priority: u64,
}

impl Retired {
    pub const fn len(&self) -> u32 {
        self.orders
    }
}

impl Book {
    /// Takes all orders out of their lines. `next_priority` is younger than all of them.
    pub fn retire_all(&mut self, next_priority: u64) {
        for side in [Side::Sell, Side::Buy] {
            let mut next = self.best[side as usize].take();
            while let Some(place) = next {
                next = self.worse_place(side, place);
                let levels = self.levels_mut(side);
                let level = core::mem::take(levels.level_mut(place));
                levels.mark_empty(place);
                let youngest = OrderSlot::from_link(level.youngest);
                let (Some(oldest), Some(youngest)) = (level.oldest(), youngest) else { continue };
                self.string_together(oldest, youngest);
                self.retired.orders += level.orders;
            }
        }
        self.day_orders = 0;
        self.retired.before_priority = next_priority;
    }

    /// Appends a chain of orders to the list.
    fn string_together(&mut self, oldest: OrderSlot, youngest: OrderSlot) {
        self.pool.record_mut(oldest).previous_in_level = OrderSlot::link(self.retired.last);
        match self.retired.last {
            Some(last) => self.pool.record_mut(last).next_in_level = OrderSlot::link(Some(oldest)),
            None => self.retired.first = Some(oldest),
        }
        self.retired.last = Some(youngest);
    }

    /// Whether an order belongs to a closed year.
    #[inline]
    pub fn is_retired(&self, slot: OrderSlot) -> bool {
        self.pool.record(slot).priority() < self.retired.before_priority
    }

    /// How many orders of closed years stand in the pool.
    pub const fn retired_orders(&self) -> u32 {
        self.retired.orders
    }

    /// The time of priority before which orders are retired; 0 when none is left.
    pub const fn retired_before(&self) -> u64 {
        if self.retired.orders == 0 { 0 } else { self.retired.before_priority }
    }

    /// The orders of closed years, in the order of their list.
    pub fn retired(&self) -> impl Iterator<Item = OrderSlot> + '_ {
        core::iter::successors(self.retired.first, |slot| OrderSlot::from_link(self.pool.record(*slot).next_in_level))
    }

    /// Takes an order of a closed year out. Its account takes out all of them, and keeps no link then.
    pub fn remove_retired(&mut self, slot: OrderSlot) {
        debug_assert!(self.is_retired(slot));
        let record = *self.pool.record(slot);
        let before = OrderSlot::from_link(record.previous_in_level);
        let after = OrderSlot::from_link(record.next_in_level);
        match before {
            Some(before) => self.pool.record_mut(before).next_in_level = record.next_in_level,
            None => self.retired.first = after,
        }
        match after {
            Some(after) => self.pool.record_mut(after).previous_in_level = record.previous_in_level,
            None => self.retired.last = before,
        }
        self.retired.orders -= 1;
        self.release(slot, &record);
    }

    /// Puts a stored order of a closed year back into the pool, as the newest of its account, whose link was `newest`;
    /// answers the new link. There must be room. [`Self::restore_retired_list`] follows.
    pub fn restore_retired(&mut self, order: &Order, newest: u32) -> u32 {
        let mut record = Record::new(order, 0);
        record.older_of_account = newest;
        let slot = self.pool.take(record);
        if let Some(older) = OrderSlot::from_link(newest) {
            self.pool.record_mut(older).newer_of_account = OrderSlot::link(Some(slot));
        }
        let pool = &self.pool;
        self.index.insert(order.id.number(), slot.number(), |slot| pool.record(OrderSlot::new(slot)).id());
        OrderSlot::link(Some(slot))
    }

    /// Strings the restored orders of closed years together in the order in which their list was stored.
    pub fn restore_retired_list(&mut self, list: impl Iterator<Item = OrderId>, before_priority: u64) {
        for id in list {
            let Some(slot) = self.find_any(id) else { continue };
            self.string_together(slot, slot);
            self.retired.orders += 1;
        }
        self.retired.before_priority = before_priority;
    }

    /// The owner of the first order of the list.
    pub fn first_retired_owner(&self) -> Option<AccountSlot> {
        self.retired.first.map(|slot| AccountSlot::from_number(self.pool.record(slot).account))
    }
}
