//! The two sides together: entering, leaving, and walking orders by price, time and account.

use carbex_rules::Band;
use carbex_vocabulary::{OrderId, Side, TimeInForce};

use super::levels::{Level, Levels};
use super::order::{Order, OrderSlot, Record};
use super::order_index::OrderIndex;
use super::pool::Pool;
use super::retired::Retired;
use crate::accounts::AccountSlot;

/// All resting orders.
pub(crate) struct Book {
    pub(super) pool: Pool,
    pub(super) index: OrderIndex,
    /// By side, sells first.
    sides: [Levels; 2],
    /// The best level of each side: lowest sell, highest buy.
    pub(super) best: [Option<u16>; 2],
    tick_ueur: u64,
    /// The band's floor, in ticks.
    floor_ticks: u64,
    /// The band's ceiling, in ticks.
    ceiling_ticks: u64,
    /// How many day orders rest, so that a day without them costs nothing.
    pub(super) day_orders: u32,
    /// Orders of a closed year, out of every line, whose owners have not yet been settled.
    pub(super) retired: Retired,
}

impl Book {
    pub fn new(capacity: u32, band: Band, tick_ueur: u64) -> Self {
        let mut book = Self {
            pool: Pool::new(capacity),
            index: OrderIndex::new(capacity),
            sides: [Levels::new(), Levels::new()],
            best: [None, None],
            tick_ueur,
            floor_ticks: 0,
            ceiling_ticks: 0,
            day_orders: 0,
            retired: Retired::default(),
        };
        book.set_band(band, tick_ueur);
        book
    }

    /// Moves the band (and the tick, with an empty book). Orders outside must be gone.
    pub fn set_band(&mut self, band: Band, tick_ueur: u64) {
        debug_assert!(tick_ueur == self.tick_ueur || self.is_empty());
        self.tick_ueur = tick_ueur;
        self.floor_ticks = band.floor_ueur / tick_ueur;
        self.ceiling_ticks = band.ceiling_ueur / tick_ueur;
        // Only places counted from the floor can be compared, and the floor has moved; the orders have not.
        let floor = self.floor_place();
        self.best = [
            self.levels(Side::Sell).next_up(floor, floor),
            self.levels(Side::Buy).next_down(self.ceiling_ticks as u16, floor),
        ];
    }

    /// Orders in line; those of a closed year no longer count.
    pub const fn len(&self) -> u32 {
        self.pool.live() - self.retired.len()
    }

    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether no place is left in the pool, where orders of a closed year stand until their owners are settled.
    pub fn is_full(&self) -> bool {
        self.pool.is_full()
    }

    pub fn capacity(&self) -> u32 {
        self.pool.capacity()
    }

    pub const fn day_orders(&self) -> u32 {
        self.day_orders
    }

    /// A price's level. Ticks modulo 65,536: see [`Levels`].
    #[inline]
    fn place(&self, price_ueur: u64) -> u16 {
        (price_ueur / self.tick_ueur) as u16
    }

    #[inline]
    const fn floor_place(&self) -> u16 {
        self.floor_ticks as u16
    }

    /// The price of a level inside the band.
    #[inline]
    fn price_ueur(&self, place: u16) -> u64 {
        (self.floor_ticks + u64::from(place.wrapping_sub(self.floor_place()))) * self.tick_ueur
    }

    #[inline]
    const fn levels(&self, side: Side) -> &Levels {
        &self.sides[side as usize]
    }

    #[inline]
    pub(super) const fn levels_mut(&mut self, side: Side) -> &mut Levels {
        &mut self.sides[side as usize]
    }

    /// Whether a level is better than the best of its side so far.
    #[inline]
    fn is_best(&self, side: Side, place: u16) -> bool {
        let rank = |place: u16| place.wrapping_sub(self.floor_place());
        match (self.best[side as usize], side) {
            (None, _) => true,
            (Some(best), Side::Sell) => rank(place) < rank(best),
            (Some(best), Side::Buy) => rank(place) > rank(best),
        }
    }

    /// Enters an order as the youngest of its level and of its account, whose newest order's link is `newest`; answers
    /// the account's new link. There must be room.
    #[inline]
    pub fn insert(&mut self, order: &Order, newest: u32) -> u32 {
        let place = self.place(order.price_ueur);
        let elder = self.levels(order.side).level(place).youngest;
        let mut record = Record::new(order, place);
        record.previous_in_level = elder;
        record.older_of_account = newest;
        let slot = self.pool.take(record);
        let link = OrderSlot::link(Some(slot));
        if let Some(elder) = OrderSlot::from_link(elder) {
            self.pool.record_mut(elder).next_in_level = link;
        }
        if let Some(older) = OrderSlot::from_link(newest) {
            self.pool.record_mut(older).newer_of_account = link;
        }
        let levels = self.levels_mut(order.side);
        let level = levels.level_mut(place);
        level.youngest = link;
        level.orders += 1;
        level.quantity_g += order.quantity_g;
        if elder == 0 {
            level.oldest = link;
            levels.mark_used(place);
            if self.is_best(order.side, place) {
                self.best[order.side as usize] = Some(place);
            }
        }
        let pool = &self.pool;
        self.index.insert(order.id.number(), slot.number(), |slot| pool.record(OrderSlot::new(slot)).id());
        if order.tif == TimeInForce::Day {
            self.day_orders += 1;
        }
        link
    }

    /// Takes an order out; answers its account's new link to its newest order, if that has changed.
    #[inline]
    pub fn remove(&mut self, slot: OrderSlot) -> Option<u32> {
        let record = *self.pool.record(slot);
        let (side, place) = (record.side(), record.level());
        if let Some(older) = OrderSlot::from_link(record.previous_in_level) {
            self.pool.record_mut(older).next_in_level = record.next_in_level;
        }
        if let Some(younger) = OrderSlot::from_link(record.next_in_level) {
            self.pool.record_mut(younger).previous_in_level = record.previous_in_level;
        }
        let levels = self.levels_mut(side);
        let level = levels.level_mut(place);
        if record.previous_in_level == 0 {
            level.oldest = record.next_in_level;
        }
        if record.next_in_level == 0 {
            level.youngest = record.previous_in_level;
        }
        level.orders -= 1;
        level.quantity_g -= record.quantity_g();
        if level.orders == 0 {
            levels.mark_empty(place);
            if self.best[side as usize] == Some(place) {
                self.best[side as usize] = self.worse_place(side, place);
            }
        }
        if record.tif() == TimeInForce::Day {
            self.day_orders -= 1;
        }
        self.release(slot, &record)
    }

    /// Unlinks an order from its account, forgets its number and gives its place back; answers its account's new link to
    /// its newest order, if that has changed.
    #[inline]
    pub(super) fn release(&mut self, slot: OrderSlot, record: &Record) -> Option<u32> {
        if let Some(older) = OrderSlot::from_link(record.older_of_account) {
            self.pool.record_mut(older).newer_of_account = record.newer_of_account;
        }
        let mut newest = None;
        match OrderSlot::from_link(record.newer_of_account) {
            Some(newer) => self.pool.record_mut(newer).older_of_account = record.older_of_account,
            None => newest = Some(record.older_of_account),
        }
        let pool = &self.pool;
        self.index.remove(record.id(), |slot| pool.record(OrderSlot::new(slot)).id());
        self.pool.give_back(slot);
        newest
    }

    /// Takes a part off an order, which keeps its place.
    #[inline]
    pub fn reduce(&mut self, slot: OrderSlot, by_g: i64) {
        let record = self.pool.record_mut(slot);
        record.set_quantity_g(record.quantity_g() - by_g);
        let (side, place) = (record.side(), record.level());
        self.levels_mut(side).level_mut(place).quantity_g -= by_g;
    }

    /// The order at a place.
    #[inline]
    pub fn order(&self, slot: OrderSlot) -> Order {
        let record = self.pool.record(slot);
        Order {
            id: OrderId::new(record.id()),
            account: AccountSlot::from_number(record.account),
            client_order_id: record.client_order_id(),
            side: record.side(),
            tif: record.tif(),
            quantity_g: record.quantity_g(),
            price_ueur: self.price_ueur(record.level()),
            priority: record.priority(),
        }
    }

    /// Whose order it is.
    #[inline]
    pub fn owner(&self, slot: OrderSlot) -> AccountSlot {
        AccountSlot::from_number(self.pool.record(slot).account)
    }

    /// An open order by its number; one of a closed year is none.
    #[inline]
    pub fn find(&self, id: OrderId) -> Option<OrderSlot> {
        self.find_any(id).filter(|slot| !self.is_retired(*slot))
    }

    /// An order of the pool by its number.
    #[inline]
    pub(super) fn find_any(&self, id: OrderId) -> Option<OrderSlot> {
        self.index.find(id.number(), |slot| self.pool.record(OrderSlot::new(slot)).id()).map(OrderSlot::new)
    }

    /// Brings the index entry of an order nearer.
    #[inline]
    pub fn look_up(&self, id: OrderId) {
        self.index.look_up(id.number());
    }

    /// Where an order most likely stands, its index entry being near already; not confirmed by its number.
    #[inline]
    pub fn likely(&self, id: OrderId) -> Option<OrderSlot> {
        self.index.likely(id.number()).map(OrderSlot::new)
    }

    /// Brings an order nearer.
    #[inline]
    pub fn look_at(&self, slot: OrderSlot) {
        self.pool.prefetch(slot);
    }

    /// Brings an order's neighbours in its level nearer.
    #[inline]
    pub fn look_beside(&self, slot: OrderSlot) {
        let record = self.pool.record(slot);
        for link in [record.previous_in_level, record.next_in_level] {
            if let Some(slot) = OrderSlot::from_link(link) {
                self.pool.prefetch(slot);
            }
        }
    }

    /// Brings nearer where an order of that price would be entered. The price need not be a good one.
    #[inline]
    pub fn look_at_level(&self, side: Side, price_ueur: u64) {
        if let Some(youngest) = OrderSlot::from_link(self.levels(side).level(self.place(price_ueur)).youngest) {
            self.pool.prefetch(youngest);
        }
    }

    /// The next level of a side after one, going to worse prices.
    #[inline]
    pub(super) fn worse_place(&self, side: Side, place: u16) -> Option<u16> {
        let floor = self.floor_place();
        match side {
            Side::Sell if place == self.ceiling_ticks as u16 => None,
            Side::Sell => self.levels(side).next_up(place.wrapping_add(1), floor),
            Side::Buy if place == floor => None,
            Side::Buy => self.levels(side).next_down(place.wrapping_sub(1), floor),
        }
    }

    /// The first order in line of a side.
    #[inline]
    pub fn best(&self, side: Side) -> Option<OrderSlot> {
        self.best[side as usize].and_then(|place| self.levels(side).level(place).oldest())
    }

    /// The price of the first order in line.
    #[inline]
    pub fn best_price_ueur(&self, side: Side) -> Option<u64> {
        self.best[side as usize].map(|place| self.price_ueur(place))
    }

    /// The order in line behind one: the next younger at its price, else the oldest at the next worse price.
    pub fn behind(&self, slot: OrderSlot) -> Option<OrderSlot> {
        let record = self.pool.record(slot);
        OrderSlot::from_link(record.next_in_level).or_else(|| {
            let side = record.side();
            self.worse_place(side, record.level()).and_then(|place| self.levels(side).level(place).oldest())
        })
    }

    /// The next younger order at the same price.
    pub fn younger_in_level(&self, slot: OrderSlot) -> Option<OrderSlot> {
        OrderSlot::from_link(self.pool.record(slot).next_in_level)
    }

    /// What rests at a price of the band: how many grams, and the oldest order.
    #[inline]
    pub fn at_price(&self, side: Side, price_ueur: u64) -> (i64, Option<OrderSlot>) {
        let level = self.levels(side).level(self.place(price_ueur));
        (level.quantity_g, level.oldest())
    }

    /// The levels of a side in use, best price first.
    pub fn used_levels(&self, side: Side) -> impl Iterator<Item = (u64, Level)> + '_ {
        core::iter::successors(self.best[side as usize], move |place| self.worse_place(side, *place))
            .map(move |place| (self.price_ueur(place), *self.levels(side).level(place)))
    }

    /// The orders of a side in line, best price first, then oldest.
    pub fn in_line(&self, side: Side) -> impl Iterator<Item = OrderSlot> + '_ {
        core::iter::successors(self.best(side), move |slot| self.behind(*slot))
    }

    /// The account's order before one in time.
    pub fn older_of_account(&self, slot: OrderSlot) -> Option<OrderSlot> {
        OrderSlot::from_link(self.pool.record(slot).older_of_account)
    }

    /// The account's order after one in time.
    pub fn newer_of_account(&self, slot: OrderSlot) -> Option<OrderSlot> {
        OrderSlot::from_link(self.pool.record(slot).newer_of_account)
    }

    /// An account's orders, newest first, from the link it keeps.
    pub fn of_account(&self, newest: u32) -> impl Iterator<Item = OrderSlot> + '_ {
        core::iter::successors(OrderSlot::from_link(newest), |slot| self.older_of_account(*slot))
    }
}
