//! The foreign books behind one face: each gets the operations as its own interface wants them, and tells its trades.

use carbex_benches::TradeTotals;
use carbex_benches::workload::{Operation, OperationKind};
use carbex_vocabulary::Side;
use rust_ob::Decimal;

/// One order book.
pub trait Book {
    /// Its crate and version.
    const NAME: &'static str;
    /// An empty book with room for about so many resting orders, if it can be told.
    fn new(resting: usize) -> Self;
    /// Applies the operation at a place of the whole list and adds its trades.
    fn apply(&mut self, place: u64, operation: &Operation, totals: &mut TradeTotals);
}

fn add(totals: &mut TradeTotals, price_tick: u64, lots: u64) {
    totals.trades += 1;
    totals.traded_lots += lots;
    totals.notional += u128::from(price_tick) * u128::from(lots);
}

/// Arrays in arenas, a map of names, vectors by price.
pub struct Lobster(lobster::OrderBook);

impl Book for Lobster {
    const NAME: &'static str = "lobster 0.7.0";

    fn new(resting: usize) -> Self {
        Self(lobster::OrderBook::new(resting, 200, false))
    }

    fn apply(&mut self, _: u64, operation: &Operation, totals: &mut TradeTotals) {
        let id = u128::from(operation.id());
        let event = match operation.kind() {
            OperationKind::Cancel => lobster::OrderType::Cancel { id },
            OperationKind::New => lobster::OrderType::Limit {
                id,
                side: match operation.side() {
                    Side::Buy => lobster::Side::Bid,
                    Side::Sell => lobster::Side::Ask,
                },
                qty: u64::from(operation.quantity_lots()),
                price: u64::from(operation.price_tick()),
            },
        };
        match self.0.execute(event) {
            lobster::OrderEvent::Filled { fills, .. } | lobster::OrderEvent::PartiallyFilled { fills, .. } => {
                for fill in fills {
                    add(totals, fill.price, fill.qty);
                }
            }
            lobster::OrderEvent::Unfilled { .. }
            | lobster::OrderEvent::Placed { .. }
            | lobster::OrderEvent::Canceled { .. } => {}
        }
    }
}

/// A state machine of commands and outcomes; an order's name is its command's sequence.
pub struct Matchcore(matchcore::OrderBook);

impl Book for Matchcore {
    const NAME: &'static str = "matchcore 0.4.0";

    fn new(_: usize) -> Self {
        Self(matchcore::OrderBook::new("points"))
    }

    fn apply(&mut self, place: u64, operation: &Operation, totals: &mut TradeTotals) {
        use matchcore::{
            CancelCmd, Command, CommandKind, CommandMeta, CommandOutcome, LimitOrder, NewOrder, OrderFlags, OrderId,
            OrderKind, Price, Quantity, QuantityPolicy, SequenceNumber, SubmitCmd, TimeInForce, Timestamp,
        };
        let kind = match operation.kind() {
            OperationKind::Cancel => {
                CommandKind::Cancel(CancelCmd { order_id: OrderId(operation.id()), order_kind: OrderKind::Limit })
            }
            OperationKind::New => CommandKind::Submit(SubmitCmd {
                order: NewOrder::Limit(LimitOrder::new(
                    Price(u64::from(operation.price_tick())),
                    QuantityPolicy::Standard { quantity: Quantity(u64::from(operation.quantity_lots())) },
                    OrderFlags::new(
                        match operation.side() {
                            Side::Buy => matchcore::Side::Buy,
                            Side::Sell => matchcore::Side::Sell,
                        },
                        false,
                        TimeInForce::Gtc,
                    ),
                )),
            }),
        };
        let meta = CommandMeta { sequence_number: SequenceNumber(place), timestamp: Timestamp(0) };
        match self.0.execute(&Command { meta, kind }) {
            CommandOutcome::Rejected(failure) => panic!("matchcore rejects operation {place}: {failure}"),
            CommandOutcome::Applied(report) => {
                let matchcore::CommandReport::Submit(effects) = report else { return };
                let matched = effects.target_order().match_result();
                for trade in matched.map_or(&[][..], matchcore::MatchResult::trades) {
                    add(totals, trade.price().0, trade.quantity().0);
                }
            }
        }
    }
}

/// What obcore keeps of an order is the caller's own type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObcoreOrder {
    id: u64,
    is_buy: bool,
    price: u64,
    quantity: u64,
    remaining: u64,
    owner: u32,
}

impl obcore::OrderInterface for ObcoreOrder {
    type I = u64;
    type N = u64;
    type O = u32;

    fn id(&self) -> &u64 {
        &self.id
    }
    fn is_buy(&self) -> bool {
        self.is_buy
    }
    fn price(&self) -> u64 {
        self.price
    }
    fn quantity(&self) -> u64 {
        self.quantity
    }
    fn remaining(&self) -> u64 {
        self.remaining
    }
    fn fill(&mut self, quantity: u64) {
        self.remaining -= quantity;
    }
    fn owner(&self) -> &u32 {
        &self.owner
    }
}

/// Evaluation and application apart; here each operation is evaluated, then applied.
pub struct Obcore {
    book: obcore::OrderBook<ObcoreOrder>,
    evaluator: obcore::Evaluator<ObcoreOrder>,
}

impl Book for Obcore {
    const NAME: &'static str = "obcore 0.1.6";

    fn new(_: usize) -> Self {
        Self { book: obcore::OrderBook::default(), evaluator: obcore::Evaluator::default() }
    }

    fn apply(&mut self, _: u64, operation: &Operation, totals: &mut TradeTotals) {
        let quantity = u64::from(operation.quantity_lots());
        let op = match operation.kind() {
            OperationKind::Cancel => obcore::Op::Delete(operation.id()),
            OperationKind::New => obcore::Op::Insert(ObcoreOrder {
                id: operation.id(),
                is_buy: operation.side() == Side::Buy,
                price: u64::from(operation.price_tick()),
                quantity,
                remaining: quantity,
                owner: operation.account().place(),
            }),
        };
        self.evaluator.reset();
        for instruction in self.evaluator.eval(&self.book, op) {
            // The taker's own fill has the average price of all its trades; the makers' are the trades.
            if let obcore::Instruction::Fill(_, _, price, lots, false) = instruction {
                add(totals, price, lots);
            }
            self.book.apply(instruction);
        }
    }
}

/// Lock-free levels, made for many threads; here one.
pub struct OrderbookRs(orderbook_rs::OrderBook<()>);

impl Book for OrderbookRs {
    const NAME: &'static str = "orderbook-rs 0.15.3";

    fn new(_: usize) -> Self {
        Self(orderbook_rs::OrderBook::new("points"))
    }

    fn apply(&mut self, place: u64, operation: &Operation, totals: &mut TradeTotals) {
        let id = orderbook_rs::Id::Sequential(operation.id());
        match operation.kind() {
            OperationKind::Cancel => {
                self.0.cancel_order(id).unwrap_or_else(|fault| panic!("orderbook-rs rejects {place}: {fault}"));
            }
            OperationKind::New => {
                let side = match operation.side() {
                    Side::Buy => orderbook_rs::Side::Buy,
                    Side::Sell => orderbook_rs::Side::Sell,
                };
                let (price, lots) = (u128::from(operation.price_tick()), u64::from(operation.quantity_lots()));
                let tif = orderbook_rs::TimeInForce::Gtc;
                let (_, traded) = self
                    .0
                    .add_limit_order_with_result(id, price, lots, side, tif, None)
                    .unwrap_or_else(|fault| panic!("orderbook-rs rejects {place}: {fault}"));
                for trade in traded.iter().flat_map(|traded| traded.match_result.trades().as_vec()) {
                    totals.trades += 1;
                    totals.traded_lots += trade.quantity().as_u64();
                    totals.notional += trade.price().as_u128() * u128::from(trade.quantity().as_u64());
                }
            }
        }
    }
}

/// Sorted maps of decimals.
pub struct RustOb(rust_ob::OrderBook<u64>);

impl Book for RustOb {
    const NAME: &'static str = "rust_ob 2.5.3";

    fn new(_: usize) -> Self {
        Self(rust_ob::OrderBook::new())
    }

    fn apply(&mut self, place: u64, operation: &Operation, totals: &mut TradeTotals) {
        match operation.kind() {
            OperationKind::Cancel => {
                self.0
                    .cancel_order(operation.id())
                    .unwrap_or_else(|fault| panic!("rust_ob rejects {place}: {fault:?}"));
            }
            OperationKind::New => {
                let side = match operation.side() {
                    Side::Buy => rust_ob::Side::Buy,
                    Side::Sell => rust_ob::Side::Sell,
                };
                let (price, lots) = (Decimal::from(operation.price_tick()), Decimal::from(operation.quantity_lots()));
                let matches = self
                    .0
                    .process_limit_order(operation.id(), side, price, lots)
                    .unwrap_or_else(|fault| panic!("rust_ob rejects {place}: {fault:?}"));
                // The last match is the incoming order's own, of all its trades together.
                for met in matches.iter().take(matches.len().saturating_sub(1)) {
                    totals.trades += 1;
                    totals.traded_lots += whole(met.quantity);
                    totals.notional += u128::from(whole(met.cost.abs()));
                }
            }
        }
    }
}

fn whole(decimal: Decimal) -> u64 {
    u64::try_from(decimal).expect("whole lots at whole ticks are whole")
}
