//! Orders for the mechanisms that trade at one price: the posted facility, and the auction.

use carbex_vocabulary::Side;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{AccountIndex, Operation, Operations, TickBand};

/// Where the facility quotes in the posted workload, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostedPrices {
    /// What it pays.
    pub buyback_tick: u32,
    /// What it asks.
    pub sale_tick: u32,
}

impl PostedPrices {
    /// The quotes of the workload: sale one hundredth above buyback.
    pub const QUOTED: Self = Self { buyback_tick: 80_000, sale_tick: 80_800 };
}

/// Lots waiting to be bought in the posted workload: what is sold never lies idle.
pub const POSTED_WAITING: u64 = 100_000;
const POSTED_BAND: TickBand = TickBand { lowest_tick: 79_500, width_ticks: 2_000 };
/// How many prices the auction's orders name.
pub const AUCTION_TICKS: u32 = 1_000;
const AUCTION_BAND: TickBand = TickBand { lowest_tick: 80_000, width_ticks: AUCTION_TICKS };
const LOTS_MAX: u32 = 10;
/// How far beyond a quote a limit may lie.
const LIMIT_SPREAD_TICKS: u32 = 500;

/// Sells and buys that reach the facility's quotes, half and half. Before the clock `POSTED_WAITING` lots wait to be bought;
/// they are kept waiting, so that every sale is handed on to the oldest of the best buyers in the same command.
pub fn posted_orders(accounts: u32, timed: usize, seed: u64) -> Operations {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut next_id = 1;
    let mut order = |random: &mut ChaCha8Rng, side: Side| {
        let account = AccountIndex::new(random.random_range(0..accounts.max(1)));
        let beyond_ticks = random.random_range(0..LIMIT_SPREAD_TICKS);
        let price_tick = match side {
            Side::Sell => PostedPrices::QUOTED.buyback_tick - beyond_ticks,
            Side::Buy => PostedPrices::QUOTED.sale_tick + beyond_ticks,
        };
        let lots = random.random_range(1..=LOTS_MAX);
        let operation = Operation::new(next_id, account, side, price_tick, lots);
        next_id += 1;
        operation
    };
    let (mut prefill, mut waiting_lots) = (Vec::new(), 0_u64);
    while waiting_lots < POSTED_WAITING {
        let buy = order(&mut random, Side::Buy);
        waiting_lots += u64::from(buy.quantity_lots());
        prefill.push(buy);
    }
    let timed = (0..timed)
        .map(|_| {
            let side = if waiting_lots > POSTED_WAITING + POSTED_WAITING / 100 {
                Side::Sell
            } else if waiting_lots < POSTED_WAITING - POSTED_WAITING / 100 || random.random() {
                Side::Buy
            } else {
                Side::Sell
            };
            let operation = order(&mut random, side);
            let lots = u64::from(operation.quantity_lots());
            match side {
                Side::Buy => waiting_lots += lots,
                Side::Sell => waiting_lots -= lots,
            }
            operation
        })
        .collect();
    Operations { band: POSTED_BAND, prefill, timed }
}

/// Sells and buys at prices drawn uniformly from the band: about half of either side trades when the auction uncrosses.
pub fn auction_orders(accounts: u32, orders: usize, seed: u64) -> Operations {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let timed = (1..=orders as u64)
        .map(|id| {
            let account = AccountIndex::new(random.random_range(0..accounts.max(1)));
            let side = if random.random() { Side::Buy } else { Side::Sell };
            let price_tick = AUCTION_BAND.lowest_tick + random.random_range(0..AUCTION_TICKS);
            Operation::new(id, account, side, price_tick, random.random_range(1..=LOTS_MAX))
        })
        .collect();
    Operations { band: AUCTION_BAND, prefill: Vec::new(), timed }
}
