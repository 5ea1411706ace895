//! What comes out, counted and not kept.

use carbex_core::Events;
use carbex_vocabulary::{Event, Reject, RejectCode, Side};

use crate::terms::LOT_G;

/// Which trades are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Each crossing once, by its buyer's leg: citizens trade with each other through the regulator.
    Crossings,
    /// Every citizen's leg: the facility is the other side.
    Legs,
}

/// Trades so far: what two runs of the same operations must agree in, here and on other engines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TradeTotals {
    /// How many trades.
    pub trades: u64,
    /// How many lots they moved.
    pub traded_lots: u64,
    /// Σ price × lots, price in ticks.
    pub notional: u128,
}

/// Counts events.
pub(crate) struct Tally {
    counted: Counted,
    /// The command under way, from 0.
    pub command: u64,
    pub events: u64,
    trades: u64,
    traded_g: u64,
    value_ueur: u128,
    /// Cancels of orders that had traded or were cancelled before.
    pub gone: u64,
    /// The first rejection that is a fault of the workload, and its command.
    pub rejected: Option<(u64, Reject)>,
}

impl Tally {
    pub fn new(counted: Counted) -> Self {
        Self { counted, command: 0, events: 0, trades: 0, traded_g: 0, value_ueur: 0, gone: 0, rejected: None }
    }

    /// Trades, lots, and their value in µ€.
    pub fn traded(&self) -> (u64, u64, u128) {
        (self.trades, self.traded_g / LOT_G, self.value_ueur)
    }

    #[cold]
    fn reject(&mut self, reject: Reject) {
        if reject.code == RejectCode::UnknownOrder {
            self.gone += 1;
        } else if self.rejected.is_none() {
            self.rejected = Some((self.command, reject));
        }
    }
}

impl Events for Tally {
    #[inline]
    fn emit(&mut self, event: Event) {
        self.events += 1;
        if let Event::Trade { side, quantity, value, .. } = event {
            if side == Side::Buy || self.counted == Counted::Legs {
                self.trades += 1;
                self.traded_g += quantity.g();
                self.value_ueur += u128::from(value.ueur());
            }
        } else if let Event::Rejected(reject) = event {
            self.reject(reject);
        }
    }
}
