//! Measurements at a small size: right totals, stated fields, and no measurement of what was refused.

use crate::plain::Plain;
use carbex_benches::workload::{
    AccountIndex, FlowShape, Operation, Operations, TickBand, Workload, auction_orders, order_flow,
};
use carbex_benches::{BenchFault, Pace, Report, Terms, TradeTotals, Unwatched, Work, measure, time};
use carbex_vocabulary::{RejectCode, Side};

const ACCOUNTS: u32 = 300;

fn terms() -> Terms {
    Terms { accounts: ACCOUNTS, pace: Pace::DEFAULT, seed: 1 }
}

fn totals_of(operations: Operations, terms: &Terms) -> Result<TradeTotals, BenchFault> {
    let work = Work::of_operations("small".to_owned(), operations);
    time(work, terms, &mut Unwatched).map(|(_, totals)| totals)
}

fn report_of(work: Work) -> Report {
    measure(work, &terms(), &mut Unwatched).expect("a workload that no rule refuses")
}

/// Worked out by hand: 4 lots rest at 12, 5 at 11. A buy of 6 at 12 takes 5 at 11 and 1 at 12; one of 2 at 11 rests; a sell
/// of 4 at 10 takes these 2 at 11, and 2 rest; the cancel takes them away, so the last buy of 3 meets the 3 left at 12.
fn by_hand(lowest_tick: u32) -> Operations {
    let tick = |tick: u32| lowest_tick + tick;
    let account = AccountIndex::new;
    Operations {
        band: TickBand { lowest_tick, width_ticks: 20 },
        prefill: vec![
            Operation::new(1, account(1), Side::Sell, tick(12), 4),
            Operation::new(2, account(2), Side::Sell, tick(11), 5),
        ],
        timed: vec![
            Operation::new(3, account(3), Side::Buy, tick(12), 6),
            Operation::new(4, account(4), Side::Buy, tick(11), 2),
            Operation::new(5, account(5), Side::Sell, tick(10), 4),
            Operation::cancel(5, account(5)),
            Operation::new(6, account(6), Side::Buy, tick(15), 3),
            Operation::cancel(2, account(2)),
        ],
    }
}

#[test]
fn totals_are_those_worked_out_by_hand() {
    // From tick 0 the market's prices are one tick higher than the file's, since no price is nothing.
    for lowest_tick in [0, 1, 500] {
        let lots_at = |lots: u128, tick: u32| lots * u128::from(lowest_tick + tick);
        let notional = lots_at(5, 11) + lots_at(1, 12) + lots_at(2, 11) + lots_at(3, 12);
        let report = report_of(Work::of_operations("by hand".to_owned(), by_hand(lowest_tick)));
        let totals = (report.trades, report.traded_lots, report.notional, report.cancels_gone);
        assert_eq!(totals, (4, 11, notional, 1));
    }
}

#[test]
fn the_core_trades_as_the_slow_twin_however_much_is_at_hand_and_however_far_it_looks() {
    for (shape, resting) in [(FlowShape::BALANCED, 700), (FlowShape::RUSH, 900), (FlowShape::DEEP, 800)] {
        let operations = order_flow(shape.resting(resting), ACCOUNTS, 6_000, 11);
        let mut twin = Plain::default();
        operations.all().for_each(|operation| {
            twin.apply(operation);
        });
        for (at_hand_commands, look_ahead) in [(1, false), (32, true), (7, true), (5_000, true)] {
            let terms = Terms { pace: Pace { at_hand_commands, look_ahead }, ..terms() };
            assert_eq!(totals_of(operations.clone(), &terms).expect("a flow that no rule refuses"), twin.totals);
        }
    }
}

#[test]
fn accounts_beyond_the_table_are_opened_too() {
    let mut operations = by_hand(10);
    operations.timed[0] = Operation::new(3, AccountIndex::new(u32::MAX), Side::Buy, 22, 6);
    operations.timed[1] = Operation::new(4, AccountIndex::new(ACCOUNTS), Side::Buy, 21, 2);
    assert_eq!(totals_of(operations.clone(), &terms()).expect("they are opened").trades, 4);
    let report = report_of(Work::of_operations("beyond".to_owned(), operations));
    assert_eq!(report.accounts, ACCOUNTS + 2);
}

#[test]
fn a_buyer_who_needs_more_than_an_equal_share_is_given_it() {
    let buy = |id, lots| Operation::new(id, AccountIndex::new(1), Side::Buy, 4_000_000_000, lots);
    let band = TickBand { lowest_tick: 4_000_000_000, width_ticks: 1 };
    let rich = Operations { band, prefill: Vec::new(), timed: vec![buy(1, 1_000_000)] };
    // 4 × 10¹⁵ µ€ of one account, where an equal share of 300 is 6 × 10¹³.
    assert!(totals_of(rich, &terms()).is_ok());
    let too_rich = Operations { band, prefill: Vec::new(), timed: vec![buy(1, 4_000_000), buy(2, 4_000_000)] };
    assert!(matches!(totals_of(too_rich, &terms()), Err(BenchFault::TooMuchMoney { .. })));
}

#[test]
fn a_rejected_command_ends_the_measurement_and_is_named() {
    let mut operations = by_hand(10);
    operations.timed[2] = Operation::new(5, AccountIndex::new(5), Side::Sell, 20, u32::MAX);
    match totals_of(operations, &terms()) {
        Err(BenchFault::Rejected { doing, number, reject }) => {
            assert_eq!((doing, number, reject.code), ("the timed pass", 3, RejectCode::InsufficientPoints));
        }
        other => panic!("a sell of more than there is must be refused, not {other:?}"),
    }
}

#[test]
fn every_workload_is_measured_and_its_passes_agree() {
    for workload in Workload::ALL {
        let work = match workload.flow() {
            Some(shape) => {
                let operations = order_flow(shape.resting(500), ACCOUNTS, 2_000, 1);
                Work::of_operations(workload.name().to_owned(), operations)
            }
            None => Work::generated(workload, ACCOUNTS, 2_000, 1),
        };
        let report = report_of(work);
        assert_eq!((report.workload.as_str(), report.commands), (workload.name(), 2_000));
        assert_eq!(report.cancels_gone, 0);
        assert_eq!(report.trades > 0, workload != Workload::Debits, "{}", workload.name());
        assert_eq!(report.auction.is_some(), workload == Workload::Auction);
    }
}

#[test]
fn posted_sales_are_handed_on_at_once() {
    let report = report_of(Work::generated(Workload::Posted, ACCOUNTS, 4_000, 1));
    let sold = carbex_benches::workload::posted_orders(ACCOUNTS, 4_000, 1);
    let sold_lots: u64 = sold
        .timed
        .iter()
        .filter(|operation| operation.side() == Side::Sell)
        .map(|operation| u64::from(operation.quantity_lots()))
        .sum();
    assert_eq!(report.traded_lots, 2 * sold_lots, "what is sold is bought in the same command");
}

#[test]
fn an_auction_trades_its_volume_once() {
    let operations = auction_orders(ACCOUNTS, 3_000, 9);
    let lots_of = |side: Side, trades: &dyn Fn(u32) -> bool| -> u64 {
        operations
            .timed
            .iter()
            .filter(|order| order.side() == side && trades(order.price_tick()))
            .map(|order| u64::from(order.quantity_lots()))
            .sum()
    };
    let volume = operations.timed.iter().map(|order| order.price_tick()).map(|price_tick| {
        let demand = lots_of(Side::Buy, &|tick| tick >= price_tick);
        demand.min(lots_of(Side::Sell, &|tick| tick <= price_tick))
    });
    let report = report_of(Work::generated(Workload::Auction, ACCOUNTS, 3_000, 9));
    assert_eq!(Some(report.traded_lots), volume.max());
}

#[test]
fn the_json_has_the_stated_names() {
    let report = report_of(Work::generated(Workload::Auction, ACCOUNTS, 1_000, 1));
    let json = serde_json::to_value(&report).expect("numbers and text");
    for name in [
        "commands_per_s",
        "ns_per_command",
        "random_access_ns",
        "ratio_to_random_access",
        "bytes_per_account",
        "resident_bytes",
        "trades",
        "traded_lots",
        "notional",
        "uncross_ms",
    ] {
        assert!(json[name].is_number(), "{name}: {}", json[name]);
    }
    for name in ["p50", "p99", "p999", "p9999", "max"] {
        assert!(json["latency_ns"][name].is_u64(), "{name}");
    }
    assert!(json["bytes_per_order"].is_null(), "nothing rests before an auction");
    let ratio = report.ns_per_command / report.random_access_ns;
    assert!((report.ratio_to_random_access - ratio).abs() < 1e-9);
    assert!((report.commands_per_s * report.ns_per_command - 1e9).abs() < 1.0);
}
