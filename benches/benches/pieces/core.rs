//! Commands through the core, one kind at a time. What a kind needs to be there, or leaves behind, is made and cleared in
//! rounds outside the clock, so that the book keeps its depth however long criterion measures.

use std::time::{Duration, Instant};

use carbex_benches::PieceExchange;
use carbex_benches::workload::{AccountIndex, TickBand};
use carbex_core::Command;
use carbex_vocabulary::{DebitMode, OrderId, PriceUeur, QuantityG, Side, TimeInForce};
use criterion::Criterion;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const ACCOUNTS: u32 = 1_000_000;
/// Orders resting beside what is measured.
const RESTING: u32 = 100_000;
/// Commands between two readings of the clock.
const ROUND: u64 = 10_000;
const BAND: TickBand = TickBand { lowest_tick: 80_000, width_ticks: 1_000 };
/// Sells rest from here up, buys below.
const MIDDLE: u32 = 500;

struct Piece {
    exchange: PieceExchange,
    random: ChaCha8Rng,
}

impl Piece {
    fn new() -> Self {
        // One more than ever rests: an order needs room in the book even if it trades whole.
        let orders_max = RESTING + ROUND as u32 + 1;
        let exchange = PieceExchange::new(ACCOUNTS, orders_max, BAND).expect("an exchange of plain terms");
        let mut piece = Self { exchange, random: ChaCha8Rng::seed_from_u64(1) };
        for _ in 0..RESTING / 2 {
            let (buy, sell) = (piece.resting(Side::Buy), piece.resting(Side::Sell));
            piece.exchange.apply(buy);
            piece.exchange.apply(sell);
        }
        piece
    }

    fn account(&mut self) -> AccountIndex {
        AccountIndex::new(self.random.random_range(0..ACCOUNTS))
    }

    /// A tick at which an order of that side rests: of its half, the one beside the middle left free.
    fn tick_of_rest(&mut self, side: Side) -> u32 {
        let beyond_ticks = self.random.random_range(0..MIDDLE - 1);
        match side {
            Side::Buy => BAND.lowest_tick + beyond_ticks,
            Side::Sell => BAND.lowest_tick + MIDDLE + 1 + beyond_ticks,
        }
    }

    fn resting(&mut self, side: Side) -> Command {
        let (account, tick) = (self.account(), self.tick_of_rest(side));
        place(account, side, tick)
    }

    /// Applies the commands; answers how long they took and their orders' numbers.
    fn timed(&mut self, commands: Vec<Command>) -> (Duration, Vec<OrderId>) {
        let mut orders = Vec::with_capacity(commands.len());
        let started = Instant::now();
        for command in commands {
            orders.push(self.exchange.apply(command));
        }
        (started.elapsed(), orders)
    }
}

fn place(account: AccountIndex, side: Side, tick: u32) -> Command {
    Command::Place {
        account: account.number(),
        client_order_id: None,
        side,
        quantity: QuantityG::new(1_000),
        price: PriceUeur::new(u64::from(tick)),
        tif: TimeInForce::Gtc,
    }
}

/// Measures rounds: `round` answers the time of so many commands.
fn in_rounds(iterations: u64, mut round: impl FnMut(u64) -> Duration) -> Duration {
    let mut left = iterations;
    let mut elapsed = Duration::ZERO;
    while left > 0 {
        let commands = left.min(ROUND);
        elapsed += round(commands);
        left -= commands;
    }
    elapsed
}

/// Places a round of resting orders and cancels them; answers both times.
fn place_and_cancel(piece: &mut Piece, commands: u64) -> (Duration, Duration) {
    let owners: Vec<AccountIndex> = (0..commands).map(|_| piece.account()).collect();
    let places = owners.iter().map(|owner| place(*owner, Side::Sell, piece.tick_of_rest(Side::Sell))).collect();
    let (placing, orders) = piece.timed(places);
    let cancels = owners.iter().zip(orders).map(|(owner, order)| Command::Cancel { account: owner.number(), order });
    let cancels = cancels.collect();
    let (cancelling, _) = piece.timed(cancels);
    (placing, cancelling)
}

/// Places a round of sells beside the middle, then as many buys that each cross one of them; answers the buys' time.
fn cross(piece: &mut Piece, commands: u64) -> Duration {
    let tick = BAND.lowest_tick + MIDDLE;
    let sells = (0..commands).map(|_| place(piece.account(), Side::Sell, tick)).collect();
    piece.timed(sells);
    let buys = (0..commands).map(|_| place(piece.account(), Side::Buy, tick)).collect();
    let before = piece.exchange.trades();
    let (crossing, _) = piece.timed(buys);
    assert_eq!(piece.exchange.trades() - before, commands, "each buy crosses one sell");
    crossing
}

fn debit(piece: &mut Piece, commands: u64) -> Duration {
    let debits = (0..commands)
        .map(|_| Command::Debit {
            account: piece.account().number(),
            quantity: QuantityG::new(30),
            mode: DebitMode::Authorise,
        })
        .collect();
    piece.timed(debits).0
}

pub fn commands(criterion: &mut Criterion) {
    let mut piece = Piece::new();
    let mut group = criterion.benchmark_group("core");
    group.bench_function("place", |bencher| {
        bencher.iter_custom(|iterations| in_rounds(iterations, |commands| place_and_cancel(&mut piece, commands).0));
    });
    group.bench_function("cancel", |bencher| {
        bencher.iter_custom(|iterations| in_rounds(iterations, |commands| place_and_cancel(&mut piece, commands).1));
    });
    group.bench_function("cross", |bencher| {
        bencher.iter_custom(|iterations| in_rounds(iterations, |commands| cross(&mut piece, commands)));
    });
    group.bench_function("debit", |bencher| {
        bencher.iter_custom(|iterations| in_rounds(iterations, |commands| debit(&mut piece, commands)));
    });
    piece.exchange.accepted().expect("no rule refuses what is measured");
    group.finish();
}
