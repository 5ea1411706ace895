//! An exchange for one piece at a time: a command, applied alone, with no list and no batch around it.

use carbex_core::Command;
use carbex_vocabulary::OrderId;

use crate::BenchFault;
use crate::exchange::{Exchange, Mechanism, Opening, Pace, accepted};
use crate::funding::Funding;
use crate::progress::Unwatched;
use crate::tally::{Counted, Tally};
use crate::workload::TickBand;

/// An exchange in continuous, opened and funded on the same terms as the workloads.
pub struct PieceExchange {
    exchange: Exchange,
    tally: Tally,
}

impl PieceExchange {
    /// An exchange of that many accounts and room for that many orders.
    pub fn new(accounts: u32, orders_max: u32, band: TickBand) -> Result<Self, BenchFault> {
        let funding = Funding::equal(accounts);
        let opening = Opening { funding: &funding, orders_max, band, mechanism: Mechanism::Continuous };
        let mut exchange = Exchange::new(&opening, Pace::DEFAULT)?;
        exchange.open(&opening, &mut Unwatched)?;
        Ok(Self { exchange, tally: Tally::new(Counted::Crossings) })
    }

    /// Applies a command. Answers the number that an order placed by it has.
    #[inline]
    pub fn apply(&mut self, command: Command) -> OrderId {
        self.exchange.one(&mut self.tally, command);
        OrderId::new(self.exchange.sequence())
    }

    /// Crossings so far.
    pub fn trades(&self) -> u64 {
        self.tally.traded().0
    }

    /// Refuses what was measured if a rule refused any of it.
    pub fn accepted(&self) -> Result<(), BenchFault> {
        accepted(&self.tally, "a piece")
    }
}
