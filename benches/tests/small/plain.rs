//! The slow twin of a plain order book: sorted maps, first come first served, nothing clever.

use std::collections::{BTreeMap, HashMap, VecDeque};

use carbex_benches::TradeTotals;
use carbex_benches::workload::{Operation, OperationKind};
use carbex_vocabulary::Side;

/// What became of an operation, and how many resting orders it met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Rested {
        met: usize,
    },
    Filled {
        met: usize,
    },
    Cancelled,
    /// A cancel of an order that was gone.
    Gone,
}

type Level = VecDeque<(u64, u32)>;

#[derive(Default)]
pub struct Plain {
    buys: BTreeMap<u32, Level>,
    sells: BTreeMap<u32, Level>,
    prices: HashMap<u64, (Side, u32)>,
    pub totals: TradeTotals,
}

impl Plain {
    pub fn resting(&self) -> usize {
        self.prices.len()
    }

    fn half(&mut self, side: Side) -> &mut BTreeMap<u32, Level> {
        match side {
            Side::Buy => &mut self.buys,
            Side::Sell => &mut self.sells,
        }
    }

    pub fn apply(&mut self, operation: &Operation) -> Outcome {
        match operation.kind() {
            OperationKind::Cancel => self.cancel(operation.id()),
            OperationKind::New => self.place(operation),
        }
    }

    fn cancel(&mut self, id: u64) -> Outcome {
        let Some((side, tick)) = self.prices.remove(&id) else { return Outcome::Gone };
        let half = self.half(side);
        let level = half.get_mut(&tick).expect("an order that rests has a level");
        level.retain(|(other, _)| *other != id);
        if level.is_empty() {
            half.remove(&tick);
        }
        Outcome::Cancelled
    }

    fn place(&mut self, operation: &Operation) -> Outcome {
        let (mut left, mut met) = (operation.quantity_lots(), 0);
        let limit = operation.price_tick();
        while left > 0 {
            let best = match operation.side() {
                Side::Buy => self.sells.first_entry().filter(|entry| *entry.key() <= limit),
                Side::Sell => self.buys.last_entry().filter(|entry| *entry.key() >= limit),
            };
            let Some(mut level) = best else { break };
            let tick = *level.key();
            let (id, lots) = level.get_mut().front_mut().expect("no level is empty");
            let traded = left.min(*lots);
            left -= traded;
            met += 1;
            self.totals.trades += 1;
            self.totals.traded_lots += u64::from(traded);
            self.totals.notional += u128::from(tick) * u128::from(traded);
            if traded < *lots {
                *lots -= traded;
            } else {
                self.prices.remove(id);
                level.get_mut().pop_front();
                if level.get().is_empty() {
                    level.remove();
                }
            }
        }
        if left == 0 {
            return Outcome::Filled { met };
        }
        self.half(operation.side()).entry(limit).or_default().push_back((operation.id(), left));
        self.prices.insert(operation.id(), (operation.side(), limit));
        Outcome::Rested { met }
    }
}
