//! Workloads as commands: each is made from its record when it is handed over.

use carbex_core::Command;
use carbex_vocabulary::{DebitMode, OrderId, QuantityG, TimeInForce};

use crate::terms::{PriceScale, lots};
use crate::workload::{Debit, Operation, OperationKind};

/// A list of commands.
pub(crate) trait Commands {
    /// How many.
    fn count(&self) -> usize;
    /// The command at a place below `count`.
    fn command(&self, place: usize) -> Command;
}

impl Commands for [Debit] {
    fn count(&self) -> usize {
        self.len()
    }
    #[inline]
    fn command(&self, place: usize) -> Command {
        let Debit { account, quantity_g } = self[place];
        Command::Debit {
            account: account.number(),
            quantity: QuantityG::new(u64::from(quantity_g)),
            mode: DebitMode::Authorise,
        }
    }
}

/// Orders whose ids were translated: a cancel names the place of its order in the whole list, from 0.
pub(crate) struct Orders<'a> {
    operations: &'a [Operation],
    scale: PriceScale,
    /// The sequence of the whole list's first operation.
    first_sequence: u64,
}

impl<'a> Orders<'a> {
    pub fn new(operations: &'a [Operation], scale: PriceScale, first_sequence: u64) -> Self {
        Self { operations, scale, first_sequence }
    }
}

impl Commands for Orders<'_> {
    fn count(&self) -> usize {
        self.operations.len()
    }
    #[inline]
    fn command(&self, place: usize) -> Command {
        let operation = &self.operations[place];
        let account = operation.account().number();
        match operation.kind() {
            OperationKind::New => Command::Place {
                account,
                client_order_id: None,
                side: operation.side(),
                quantity: lots(operation.quantity_lots()),
                price: self.scale.price(operation.price_tick()),
                tif: TimeInForce::Gtc,
            },
            OperationKind::Cancel => {
                Command::Cancel { account, order: OrderId::new(self.first_sequence + operation.id()) }
            }
        }
    }
}
