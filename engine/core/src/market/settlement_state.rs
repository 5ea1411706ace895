//! The part of the canonical state that says which operations wait, and for whom: little when none does.

use super::Market;
use super::marks::Marks;
use super::operation::{EndingRules, Operation, YearTerms};
use super::settlement::{OPERATIONS_MAX, Pending, Settlement};
use super::state::{Pieces, Source, StateFault, wrong};
use crate::accounts::Hot;
use crate::book::Order;

/// What the header says of the orders of closed years.
pub(super) struct RetiredHeader {
    pub orders: u64,
    /// They entered before this time of priority.
    pub before_priority: u64,
}

const ALLOT_ALL: u64 = 0;
const CLOSE_PERIOD: u64 = 1;
const OPEN_PERIOD: u64 = 2;

/// An operation as its kind and six numbers, those it does not need being 0.
fn numbers(operation: &Operation) -> (u64, [u64; 6]) {
    match *operation {
        Operation::AllotAll { terms, fraction_bp } => {
            (ALLOT_ALL, [terms.endowment_g, u64::from(terms.days), u64::from(fraction_bp), 0, 0, 0])
        }
        Operation::ClosePeriod { terms, rules } => (
            CLOSE_PERIOD,
            [
                terms.endowment_g,
                u64::from(terms.days),
                rules.penalty_ueur,
                u64::from(rules.repay_bp),
                u64::from(rules.carried_bp),
                u64::from(rules.carried_cap_bp),
            ],
        ),
        Operation::OpenPeriod => (OPEN_PERIOD, [0; 6]),
    }
}

impl Settlement {
    /// How many operations the account at that place can have yet to take, as its turn has come since or not.
    pub fn most_owed_at(&self, place: u32) -> usize {
        let turn_came = |pending: &Pending| {
            if pending.wrapped {
                place >= pending.start || place < self.cursor
            } else {
                (pending.start..self.cursor).contains(&place)
            }
        };
        self.log.iter().filter(|pending| !turn_came(pending)).count()
    }

    /// Whether an account has yet to take a year's beginning.
    pub fn owes_opening_to(&self, hot: &Hot) -> bool {
        self.owed_to(hot).iter().any(|pending| matches!(pending.operation, Operation::OpenPeriod))
    }

    /// Whether an account has yet to take a year's end.
    pub fn owes_ending_to(&self, hot: &Hot) -> bool {
        self.owed_to(hot).iter().any(|pending| matches!(pending.operation, Operation::ClosePeriod { .. }))
    }
}

impl Market {
    pub(super) fn write_settlement(&self, pieces: &mut Pieces<'_>) {
        let Settlement { marks, classes, log, cursor, .. } = &self.settlement;
        for mark in [marks.allotted_g, marks.deficit_g, marks.owed_ueur, marks.repay_g] {
            pieces.signed(mark);
        }
        pieces.number(u64::from(classes.overflowed()));
        pieces.number(log.len() as u64);
        pieces.number(u64::from(self.book.retired_orders()));
        if log.is_empty() {
            return;
        }
        pieces.number(u64::from(*cursor));
        pieces.number(self.book.retired_before());
        for pending in log {
            let (kind, numbers) = numbers(&pending.operation);
            pieces.number(kind);
            numbers.iter().for_each(|number| pieces.number(*number));
            pieces.number(u64::from(pending.start));
            pieces.number(u64::from(pending.wrapped));
        }
    }

    /// The turns lie inside the table, in the order in which they come round.
    pub(super) fn check_settlement(&self, accounts: u64) -> Result<(), StateFault> {
        let settlement = &self.settlement;
        let inside = |place: u32| u64::from(place) < accounts.max(1);
        let in_turn = settlement
            .log
            .iter()
            .all(|pending| inside(pending.start) && pending.wrapped == (settlement.cursor < pending.start));
        if !inside(settlement.cursor) || !in_turn {
            return Err(wrong("the accounts' turns contradict each other"));
        }
        Ok(())
    }

    /// Puts the orders of closed years back: for their owners in order of age, in their list as it was stored.
    pub(super) fn restore_retired(&mut self, list: &[Order], before_priority: u64) {
        let mut by_age: Vec<&Order> = list.iter().collect();
        by_age.sort_unstable_by_key(|order| order.priority);
        for order in by_age {
            let hot = self.accounts.hot_mut(order.account);
            hot.set_newest_order(self.book.restore_retired(order, hot.newest_order()));
        }
        self.book.restore_retired_list(list.iter().map(|order| order.id), before_priority);
    }
}

impl Source<'_> {
    pub(super) fn settlement(&mut self, market: &mut Market) -> Result<RetiredHeader, StateFault> {
        market.settlement.marks = Marks {
            allotted_g: self.signed()?,
            deficit_g: self.signed()?,
            owed_ueur: self.signed()?,
            repay_g: self.signed()?,
        };
        if self.flag()? {
            market.settlement.classes.set_overflowed();
        }
        let operations = self.number()?;
        let orders = self.number()?;
        if operations > OPERATIONS_MAX as u64 {
            return Err(wrong("more operations wait than may"));
        }
        if operations == 0 {
            return if orders == 0 {
                Ok(RetiredHeader { orders, before_priority: 0 })
            } else {
                Err(wrong("orders of a closed year without its end"))
            };
        }
        market.settlement.cursor = self.small("the turn is nobody's")?;
        let before_priority = self.number()?;
        for _ in 0..operations {
            let pending = self.pending()?;
            market.settlement.log.push(pending);
        }
        market.settlement.logged = operations as u8;
        Ok(RetiredHeader { orders, before_priority })
    }

    fn pending(&mut self) -> Result<Pending, StateFault> {
        let kind = self.number()?;
        let terms = YearTerms { endowment_g: self.number()?, days: self.small("an operation's year is too long")? };
        if kind != OPEN_PERIOD && !(365..=366).contains(&terms.days) {
            return Err(wrong("an operation's year has neither 365 nor 366 days"));
        }
        let operation = match kind {
            ALLOT_ALL => {
                let fraction_bp = self.small("an allotment's share is too large")?;
                for _ in 0..3 {
                    self.number()?;
                }
                Operation::AllotAll { terms, fraction_bp }
            }
            CLOSE_PERIOD => Operation::ClosePeriod {
                terms,
                rules: EndingRules {
                    penalty_ueur: self.number()?,
                    repay_bp: self.small("a year's end has no such share")?,
                    carried_bp: self.small("a year's end has no such share")?,
                    carried_cap_bp: self.small("a year's end has no such share")?,
                },
            },
            OPEN_PERIOD => {
                for _ in 0..4 {
                    self.number()?;
                }
                Operation::OpenPeriod
            }
            _ => return Err(wrong("no such operation waits")),
        };
        Ok(Pending { operation, start: self.small("an operation began at nobody")?, wrapped: self.flag()? })
    }
}
