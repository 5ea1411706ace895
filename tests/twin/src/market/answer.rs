//! The answer to one command: its events in their drawers, and how numbers leave the twin.

use carbex_vocabulary::{AmountUeur, Event, PriceUeur, QuantityG, Reject, RejectCode};

/// Done, or a rule's no (and then nothing was changed).
pub(super) type Outcome = Result<(), Reject>;

/// The events of one command, by the place they take in the answer.
#[derive(Default)]
pub(super) struct Answer {
    pub before: Vec<Event>,
    pub outcome: Vec<Event>,
    pub trades: Vec<Event>,
    pub cancellations: Vec<Event>,
    pub rest: Vec<Event>,
}

impl Answer {
    pub fn into_events(self) -> Vec<Event> {
        [self.before, self.outcome, self.trades, self.cancellations, self.rest].concat()
    }
}

/// A rejection with its two numbers.
pub(super) fn reject(code: RejectCode, limit: i128, actual: i128) -> Reject {
    Reject::with(code, limit, actual)
}

/// A rejection whose code says all.
pub(super) fn plain(code: RejectCode) -> Reject {
    Reject::plain(code)
}

/// Grams as a unit; the twin never holds a negative or larger number where this is called.
pub(super) fn quantity(grams: i128) -> QuantityG {
    QuantityG::new(u64::try_from(grams).expect("a quantity is not negative"))
}

/// µ€ per point as a unit.
pub(super) fn price(ueur: i128) -> PriceUeur {
    PriceUeur::new(u64::try_from(ueur).expect("a price is not negative"))
}

/// µ€ as a unit.
pub(super) fn amount(ueur: i128) -> AmountUeur {
    AmountUeur::new(u64::try_from(ueur).expect("an amount is not negative"))
}

/// The value of a quantity at a price: exact, or the rule set was wrong.
pub(super) fn value_ueur(quantity_g: i128, price_ueur: i128) -> i128 {
    let product = quantity_g * price_ueur;
    assert_eq!(product % 1000, 0, "a value is a whole number of µ€");
    product / 1000
}
