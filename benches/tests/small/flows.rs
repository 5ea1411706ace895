//! The generated workloads are what they say they are: mix, depth, crossings, and the same for the same seed.

use crate::plain::{Outcome, Plain};
use carbex_benches::workload::{
    FlowShape, OperationKind, Operations, POSTED_WAITING, PostedPrices, auction_orders, card_payments, order_flow,
    posted_orders,
};
use carbex_vocabulary::Side;

const ACCOUNTS: u32 = 5_000;
const TIMED: usize = 40_000;
const RESTING: u32 = 2_000;

/// What a flow did, seen by a book that knows nothing of how it was made.
#[derive(Default)]
struct Seen {
    rested: usize,
    cancelled: usize,
    crossed: usize,
    met_most: usize,
    met: usize,
    shallowest: usize,
    deepest: usize,
    /// Cancels directly followed by an order that rests.
    pairs: usize,
}

fn see(operations: &Operations) -> Seen {
    let mut book = Plain::default();
    for operation in &operations.prefill {
        assert_eq!(book.apply(operation), Outcome::Rested { met: 0 }, "the prefill only rests");
    }
    let mut seen = Seen { shallowest: usize::MAX, ..Seen::default() };
    let mut cancel_before = false;
    for operation in &operations.timed {
        let mut cancel = false;
        match book.apply(operation) {
            Outcome::Cancelled => {
                seen.cancelled += 1;
                cancel = true;
            }
            Outcome::Rested { met: 0 } => {
                seen.rested += 1;
                seen.pairs += usize::from(cancel_before);
            }
            Outcome::Filled { met } => {
                seen.crossed += 1;
                seen.met += met;
                seen.met_most = seen.met_most.max(met);
            }
            Outcome::Gone => panic!("a flow cancels only what rests"),
            Outcome::Rested { met } => panic!("an order that meant to cross {met} orders rests in part"),
        }
        cancel_before = cancel;
        seen.shallowest = seen.shallowest.min(book.resting());
        seen.deepest = seen.deepest.max(book.resting());
    }
    seen
}

/// Within two hundredths of all operations.
fn assert_share(what: &str, count: usize, percent: usize) {
    let (found, tolerance) = (count * 100, TIMED * 2);
    assert!(found.abs_diff(TIMED * percent) <= tolerance, "{what}: {count} of {TIMED}, not {percent} %");
}

fn assert_depth(seen: &Seen, resting: u32) {
    let resting = resting as usize;
    let slack = resting / 50;
    assert!(seen.shallowest >= resting - slack, "{} rest of {resting}", seen.shallowest);
    assert!(seen.deepest <= resting + slack, "{} rest of {resting}", seen.deepest);
}

fn flow(shape: FlowShape) -> Operations {
    order_flow(shape.resting(RESTING), ACCOUNTS, TIMED, 7)
}

#[test]
fn balanced_is_half_rest_three_tenths_cancel_and_a_fifth_cross() {
    let seen = see(&flow(FlowShape::BALANCED));
    assert_share("rest", seen.rested, 50);
    assert_share("cancel", seen.cancelled, 30);
    assert_share("cross", seen.crossed, 20);
    assert_eq!(seen.met_most, 3);
    assert!(
        seen.met * 10 >= seen.crossed * 15,
        "{} met by {}: one to three, all of them often",
        seen.met,
        seen.crossed
    );
    assert_depth(&seen, RESTING);
}

#[test]
fn rush_is_four_fifths_new_half_of_them_crossing() {
    let seen = see(&flow(FlowShape::RUSH));
    assert_share("rest", seen.rested, 40);
    assert_share("cross", seen.crossed, 40);
    assert_share("cancel", seen.cancelled, 20);
    assert_eq!(seen.met_most, 3);
    assert_depth(&seen, RESTING);
}

#[test]
fn deep_is_nine_tenths_pairs_of_a_cancel_and_a_new_order() {
    let seen = see(&flow(FlowShape::DEEP));
    assert_share("cancel", seen.cancelled, 45);
    assert_share("rest", seen.rested, 50);
    assert_share("cross", seen.crossed, 5);
    assert_eq!(seen.pairs, seen.cancelled, "every cancel is followed by an order that rests");
    assert_depth(&seen, RESTING);
}

#[test]
fn the_stated_depths_are_a_hundred_thousand_and_a_million() {
    let depths = [FlowShape::BALANCED, FlowShape::RUSH, FlowShape::DEEP].map(|shape| shape.resting);
    assert_eq!(depths, [100_000, 1_000_000, 1_000_000]);
    let balanced = order_flow(FlowShape::BALANCED, ACCOUNTS, 1, 1);
    assert_eq!((balanced.prefill.len(), balanced.band.width_ticks), (100_000, 1_000));
}

#[test]
fn accounts_are_spread_over_the_whole_table() {
    let operations = flow(FlowShape::BALANCED);
    let mut orders_of_tenth = [0_usize; 10];
    for operation in operations.timed.iter().filter(|operation| operation.kind() == OperationKind::New) {
        orders_of_tenth[operation.account().place() as usize * 10 / ACCOUNTS as usize] += 1;
    }
    let all: usize = orders_of_tenth.iter().sum();
    assert!(orders_of_tenth.iter().all(|orders| orders.abs_diff(all / 10) < all / 50), "{orders_of_tenth:?}");
}

#[test]
fn the_same_seed_makes_the_same_list_and_another_makes_another() {
    let list = |seed| order_flow(FlowShape::BALANCED.resting(500), ACCOUNTS, 2_000, seed);
    assert_eq!(list(3), list(3));
    assert_ne!(list(3), list(4));
    assert_eq!(posted_orders(ACCOUNTS, 500, 3), posted_orders(ACCOUNTS, 500, 3));
    assert_eq!(auction_orders(ACCOUNTS, 500, 3), auction_orders(ACCOUNTS, 500, 3));
    assert_eq!(card_payments(ACCOUNTS, 500, 3), card_payments(ACCOUNTS, 500, 3));
    assert_ne!(card_payments(ACCOUNTS, 500, 3), card_payments(ACCOUNTS, 500, 4));
}

/// A list is pinned: figures of different days are only comparable if a seed means the same workload for ever.
#[test]
fn a_seed_means_the_same_workload_for_ever() {
    let operations = order_flow(FlowShape::BALANCED.resting(100), 1_000, 1_000, 2027);
    let sum = operations.all().zip(1_u64..).fold(0_u64, |sum, (operation, place)| {
        let fields = operation.id()
            ^ u64::from(operation.account().place()) << 20
            ^ u64::from(operation.price_tick()) << 32
            ^ u64::from(operation.quantity_lots()) << 56;
        sum.wrapping_add(fields.wrapping_mul(place))
    });
    assert_eq!(sum, PINNED_SUM);
}

const PINNED_SUM: u64 = 17_553_476_375_371_687_041;

#[test]
fn posted_orders_reach_the_quotes_and_buyers_always_wait() {
    let operations = posted_orders(ACCOUNTS, TIMED, 5);
    let mut waiting_lots = 0_i64;
    for (place, operation) in operations.all().enumerate() {
        let lots = i64::from(operation.quantity_lots());
        match operation.side() {
            Side::Buy => {
                assert!(operation.price_tick() >= PostedPrices::QUOTED.sale_tick);
                waiting_lots += lots;
            }
            Side::Sell => {
                assert!(operation.price_tick() <= PostedPrices::QUOTED.buyback_tick);
                waiting_lots -= lots;
            }
        }
        if place >= operations.prefill.len() {
            assert!(
                waiting_lots.unsigned_abs().abs_diff(POSTED_WAITING) <= POSTED_WAITING / 50,
                "{waiting_lots} lots wait"
            );
        }
        assert!(operations.band.holds(operation.price_tick()));
    }
    let sells = operations.timed.iter().filter(|operation| operation.side() == Side::Sell).count();
    assert_share("sells", sells, 50);
}
