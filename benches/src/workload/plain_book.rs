//! The generators' own book: plain and unchecked, so that they know what rests and what an order would cross.

use std::collections::VecDeque;

use carbex_vocabulary::Side;

use super::{AccountIndex, TickBand};

/// One order the book has seen; `lots` is 0 once it is gone.
#[derive(Clone, Copy)]
struct Seen {
    owner: AccountIndex,
    price_tick: u32,
    lots: u32,
    side: Side,
    /// Where its id stands in the list of what rests.
    place: u32,
}

/// The orders of one side.
struct HalfBook {
    /// Ids by price, oldest first; what is gone is taken out when it reaches the front.
    levels: Vec<VecDeque<u32>>,
    /// Live orders by price.
    live: Vec<u32>,
    /// No better level than this one has live orders (an index, not a tick).
    best: usize,
    resting: u32,
}

/// A resting order that an incoming one would meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Met {
    pub price_tick: u32,
    pub lots: u32,
}

/// The book. Ids are dense from 1.
pub(super) struct PlainBook {
    band: TickBand,
    seen: Vec<Seen>,
    /// The ids of all that rests, in no order.
    resting: Vec<u32>,
    buys: HalfBook,
    sells: HalfBook,
}

impl HalfBook {
    fn new(band: TickBand, best: usize) -> Self {
        let levels = band.width_ticks as usize;
        Self { levels: vec![VecDeque::new(); levels], live: vec![0; levels], best, resting: 0 }
    }
}

impl PlainBook {
    pub fn new(band: TickBand) -> Self {
        Self {
            band,
            seen: Vec::new(),
            resting: Vec::new(),
            buys: HalfBook::new(band, 0),
            sells: HalfBook::new(band, band.width_ticks as usize - 1),
        }
    }

    fn half(&self, side: Side) -> &HalfBook {
        match side {
            Side::Buy => &self.buys,
            Side::Sell => &self.sells,
        }
    }

    fn half_mut(&mut self, side: Side) -> &mut HalfBook {
        match side {
            Side::Buy => &mut self.buys,
            Side::Sell => &mut self.sells,
        }
    }

    /// How many orders rest.
    pub fn resting(&self) -> u32 {
        self.resting.len() as u32
    }

    /// How many orders of one side rest.
    pub fn resting_on(&self, side: Side) -> u32 {
        self.half(side).resting
    }

    /// The id the next order gets.
    pub fn next_id(&self) -> u64 {
        self.seen.len() as u64 + 1
    }

    /// A resting order by its place in no particular order, below `resting`.
    pub fn resting_at(&self, place: u32) -> u64 {
        u64::from(self.resting[place as usize])
    }

    /// Who owns an order.
    pub fn owner(&self, id: u64) -> AccountIndex {
        self.seen[id as usize - 1].owner
    }

    /// Puts an order into the book; it must not cross. Answers its id.
    pub fn rest(&mut self, owner: AccountIndex, side: Side, price_tick: u32, lots: u32) -> u64 {
        let id = self.next_id() as u32;
        let place = self.resting.len() as u32;
        self.seen.push(Seen { owner, price_tick, lots, side, place });
        self.resting.push(id);
        let level = (price_tick - self.band.lowest_tick) as usize;
        let half = self.half_mut(side);
        half.levels[level].push_back(id);
        half.live[level] += 1;
        half.resting += 1;
        half.best = match side {
            Side::Buy => half.best.max(level),
            Side::Sell => half.best.min(level),
        };
        u64::from(id)
    }

    /// Counts an order that trades whole and never rests. Answers its id.
    pub fn pass(&mut self, owner: AccountIndex, side: Side, price_tick: u32) -> u64 {
        let id = self.next_id();
        self.seen.push(Seen { owner, price_tick, lots: 0, side, place: 0 });
        id
    }

    /// Takes an order out.
    pub fn remove(&mut self, id: u64) {
        let Seen { side, price_tick, place, .. } = self.seen[id as usize - 1];
        self.seen[id as usize - 1].lots = 0;
        self.resting.swap_remove(place as usize);
        if let Some(moved) = self.resting.get(place as usize) {
            self.seen[*moved as usize - 1].place = place;
        }
        let level = (price_tick - self.band.lowest_tick) as usize;
        let half = self.half_mut(side);
        half.live[level] -= 1;
        half.resting -= 1;
    }

    /// The `count` best resting orders of a side, in their priority; fewer if fewer rest.
    pub fn front(&mut self, side: Side, count: usize, met: &mut Vec<Met>) {
        met.clear();
        let wanted = count.min(self.half(side).resting as usize);
        let Self { seen, buys, sells, .. } = self;
        let half = match side {
            Side::Buy => buys,
            Side::Sell => sells,
        };
        let step = |level: usize| match side {
            Side::Buy => level.wrapping_sub(1),
            Side::Sell => level + 1,
        };
        if wanted > 0 {
            while half.live[half.best] == 0 {
                half.best = step(half.best);
            }
        }
        let mut level = half.best;
        while met.len() < wanted {
            let queue = &mut half.levels[level];
            while queue.front().is_some_and(|id| seen[*id as usize - 1].lots == 0) {
                queue.pop_front();
            }
            for id in queue.iter() {
                let Seen { price_tick, lots, .. } = seen[*id as usize - 1];
                if met.len() < wanted && lots > 0 {
                    met.push(Met { price_tick, lots });
                }
                if met.len() == wanted {
                    break;
                }
            }
            level = step(level);
        }
    }

    /// Trades `lots` against the best resting orders of a side, which must hold as many.
    pub fn take(&mut self, side: Side, mut lots: u32) {
        let mut met = Vec::with_capacity(1);
        while lots > 0 {
            self.front(side, 1, &mut met);
            let half = self.half(side);
            let id = half.levels[half.best][0];
            let order = &mut self.seen[id as usize - 1];
            let taken = order.lots.min(lots);
            lots -= taken;
            if taken < order.lots {
                order.lots -= taken;
            } else {
                self.remove(u64::from(id));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: AccountIndex = AccountIndex::new(7);

    #[test]
    fn the_front_is_best_price_first_then_oldest_and_takes_leave_what_is_left() {
        let mut book = PlainBook::new(TickBand { lowest_tick: 100, width_ticks: 10 });
        let late = book.rest(OWNER, Side::Sell, 105, 4);
        book.rest(OWNER, Side::Sell, 104, 2);
        let gone = book.rest(OWNER, Side::Sell, 104, 9);
        book.rest(OWNER, Side::Sell, 104, 3);
        book.remove(gone);
        let mut met = Vec::new();
        book.front(Side::Sell, 3, &mut met);
        let lots: Vec<u32> = met.iter().map(|met| met.lots).collect();
        assert_eq!(lots, [2, 3, 4]);
        book.take(Side::Sell, 6);
        book.front(Side::Sell, 3, &mut met);
        assert_eq!(met, [Met { price_tick: 105, lots: 3 }]);
        assert_eq!((book.resting(), book.resting_at(0)), (1, late));
    }
}
