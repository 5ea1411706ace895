//! Workloads as commands: each is made from its record when its batch is handed over.

use carbex_core::Command;
use carbex_vocabulary::{DebitMode, OrderId, QuantityG, TimeInForce};

use crate::terms::{PriceScale, lots};
use crate::workload::{AccountIndex, Debit, Operation, OperationKind, Operations};

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

/// An order's number in the exchange is the sequence of its `place`, which is known when the list is: replaces the id in
/// every cancel by the place of its order in the list, and its account by the order's owner.
pub(crate) fn translate(operations: &mut Operations) {
    let news = operations.all().filter(|operation| operation.kind() == OperationKind::New).count();
    let mut entered: Vec<(u32, AccountIndex)> = Vec::with_capacity(news);
    for (place, operation) in (0_u32..).zip(operations.prefill.iter_mut().chain(&mut operations.timed)) {
        match operation.kind() {
            OperationKind::New => entered.push((place, operation.account())),
            OperationKind::Cancel => {
                let (target, owner) = entered[operation.id() as usize - 1];
                *operation = Operation::cancel(u64::from(target), owner);
            }
        }
    }
}
