//! The order flows that any plain book can run: balanced, rush and deep.
//!
//! Resting orders lie uniformly over their half of the band, buys below the middle and sells from it up, so that only an
//! order that means to cross does. What a crossing order takes keeps the depth: it stays within a thousandth or so of what
//! is stated, whatever the mix.

use carbex_vocabulary::Side;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::plain_book::{Met, PlainBook};
use super::{AccountIndex, Operation, Operations, TickBand};

/// The mix of a flow, in shares of the whole `draws`, and the depth it keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowShape {
    /// Orders kept resting.
    pub resting: u32,
    /// New orders that rest.
    rest: u32,
    /// Cancels of a random resting order.
    cancel: u32,
    /// New orders that cross 1 to 3 resting orders.
    cross: u32,
    /// A cancel of a random resting order and a new one that rests, one after the other.
    pair: u32,
}

/// The band of the flows: 1,000 ticks.
const BAND: TickBand = TickBand { lowest_tick: 80_000, width_ticks: 1_000 };
/// The largest order that rests.
const LOTS_MAX: u32 = 10;
/// The most resting orders that one order crosses.
const CROSSED_MAX: usize = 3;

impl FlowShape {
    /// 50 % rest, 30 % cancel, 20 % cross; 100,000 resting.
    pub const BALANCED: Self = Self { resting: 100_000, rest: 50, cancel: 30, cross: 20, pair: 0 };
    /// 40 % rest, 40 % cross, 20 % cancel; 1,000,000 resting.
    pub const RUSH: Self = Self { resting: 1_000_000, rest: 40, cancel: 20, cross: 40, pair: 0 };
    /// Nine operations in ten belong to pairs (a pair is two operations, so 9 draws of 11), the rest rests or crosses;
    /// 1,000,000 resting.
    pub const DEEP: Self = Self { resting: 1_000_000, rest: 1, cancel: 0, cross: 1, pair: 9 };

    /// The same mix over another depth.
    #[must_use]
    pub const fn resting(self, resting: u32) -> Self {
        Self { resting, ..self }
    }

    const fn draws(self) -> u32 {
        self.rest + self.cancel + self.cross + self.pair
    }
}

/// Makes a flow: `shape.resting` orders before the clock, then `timed` operations of accounts drawn uniformly from
/// `accounts`. The same arguments give the same operations, on any machine.
pub fn order_flow(shape: FlowShape, accounts: u32, timed: usize, seed: u64) -> Operations {
    let mut flow = Flow {
        random: ChaCha8Rng::seed_from_u64(seed),
        book: PlainBook::new(BAND),
        accounts: accounts.max(1),
        made: Vec::with_capacity(shape.resting as usize),
        met: Vec::with_capacity(CROSSED_MAX),
        shape,
    };
    while flow.book.resting() < shape.resting {
        flow.rest();
    }
    let prefill = std::mem::replace(&mut flow.made, Vec::with_capacity(timed + 1));
    while flow.made.len() < timed {
        flow.draw();
    }
    // A pair may have gone one too far.
    flow.made.truncate(timed);
    Operations { band: BAND, prefill, timed: flow.made }
}

struct Flow {
    random: ChaCha8Rng,
    book: PlainBook,
    accounts: u32,
    made: Vec<Operation>,
    met: Vec<Met>,
    shape: FlowShape,
}

impl Flow {
    fn account(&mut self) -> AccountIndex {
        AccountIndex::new(self.random.random_range(0..self.accounts))
    }

    fn draw(&mut self) {
        let FlowShape { rest, cancel, cross, .. } = self.shape;
        let drawn = self.random.random_range(0..self.shape.draws());
        if drawn < rest {
            self.rest();
        } else if drawn < rest + cancel {
            self.cancel();
        } else if drawn < rest + cancel + cross {
            self.cross();
        } else {
            self.cancel();
            self.rest();
        }
    }

    /// How far the depth may wander before it is led back.
    fn tolerance(&self) -> u32 {
        self.shape.resting / 1_000
    }

    fn rest(&mut self) {
        let (buys, sells) = (self.book.resting_on(Side::Buy), self.book.resting_on(Side::Sell));
        let side = if buys > sells + self.tolerance() {
            Side::Sell
        } else if sells > buys + self.tolerance() || self.random.random() {
            Side::Buy
        } else {
            Side::Sell
        };
        let half = BAND.width_ticks / 2;
        let lowest_tick = match side {
            Side::Buy => BAND.lowest_tick,
            Side::Sell => BAND.lowest_tick + half,
        };
        let price_tick = lowest_tick + self.random.random_range(0..half);
        let lots = self.random.random_range(1..=LOTS_MAX);
        let account = self.account();
        let id = self.book.rest(account, side, price_tick, lots);
        self.made.push(Operation::new(id, account, side, price_tick, lots));
    }

    /// Cancels a random resting order; where none rests, one is placed.
    fn cancel(&mut self) {
        if self.book.resting() == 0 {
            return self.rest();
        }
        let place = self.random.random_range(0..self.book.resting());
        let id = self.book.resting_at(place);
        let owner = self.book.owner(id);
        self.book.remove(id);
        self.made.push(Operation::cancel(id, owner));
    }

    /// Crosses 1 to 3 resting orders, the last in part: on average one goes. Where too many rest the last goes whole, where
    /// too few rest one is crossed and stays. Where none rests, one is placed.
    fn cross(&mut self) {
        let (side, other) = if self.random.random() { (Side::Buy, Side::Sell) } else { (Side::Sell, Side::Buy) };
        let (resting, wanted, tolerance) = (self.book.resting(), self.shape.resting, self.tolerance());
        let crossed = if resting + tolerance < wanted { 1 } else { self.random.random_range(1..=CROSSED_MAX) };
        self.book.front(other, crossed, &mut self.met);
        let Some(last) = self.met.last().copied() else { return self.rest() };
        let last_lots = if resting > wanted + tolerance || last.lots == 1 {
            last.lots
        } else {
            self.random.random_range(1..last.lots)
        };
        let lots = self.met[..self.met.len() - 1].iter().map(|met| met.lots).sum::<u32>() + last_lots;
        let account = self.account();
        let id = self.book.pass(account, side, last.price_tick);
        self.book.take(other, lots);
        self.made.push(Operation::new(id, account, side, last.price_tick, lots));
    }
}
