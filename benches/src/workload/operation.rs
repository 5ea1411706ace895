//! One operation in 24 bytes, as the file of operations has it.

use carbex_vocabulary::Side;
use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::AccountIndex;

/// What an operation asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
    /// A new limit order, good until cancelled.
    New,
    /// The cancel of an order.
    Cancel,
}

/// One operation. Its bytes are its record in a file of operations, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Operation {
    id: U64,
    account: U32,
    price_tick: U32,
    quantity_lots: U32,
    pub(super) kind: u8,
    pub(super) side: u8,
    padding: [u8; 2],
}

pub(super) const KIND_NEW: u8 = 0;
pub(super) const KIND_CANCEL: u8 = 1;
pub(super) const SIDE_BUY: u8 = 0;
pub(super) const SIDE_SELL: u8 = 1;

impl Operation {
    /// A new limit order. Ids are dense from 1, in the order of the list.
    pub const fn new(id: u64, account: AccountIndex, side: Side, price_tick: u32, quantity_lots: u32) -> Self {
        Self {
            id: U64::new(id),
            account: U32::new(account.place()),
            price_tick: U32::new(price_tick),
            quantity_lots: U32::new(quantity_lots),
            kind: KIND_NEW,
            side: match side {
                Side::Buy => SIDE_BUY,
                Side::Sell => SIDE_SELL,
            },
            padding: [0; 2],
        }
    }

    /// The cancel of order `target` by its owner.
    pub const fn cancel(target: u64, owner: AccountIndex) -> Self {
        Self {
            id: U64::new(target),
            account: U32::new(owner.place()),
            price_tick: U32::ZERO,
            quantity_lots: U32::ZERO,
            kind: KIND_CANCEL,
            side: SIDE_BUY,
            padding: [0; 2],
        }
    }

    /// The order's id; of a cancel, the id of the order it names.
    #[inline]
    pub const fn id(&self) -> u64 {
        self.id.get()
    }

    /// Whose order.
    #[inline]
    pub const fn account(&self) -> AccountIndex {
        AccountIndex::new(self.account.get())
    }

    /// The limit, in ticks from 0.
    #[inline]
    pub const fn price_tick(&self) -> u32 {
        self.price_tick.get()
    }

    /// How many lots.
    #[inline]
    pub const fn quantity_lots(&self) -> u32 {
        self.quantity_lots.get()
    }

    /// What it asks for.
    #[inline]
    pub const fn kind(&self) -> OperationKind {
        if self.kind == KIND_CANCEL { OperationKind::Cancel } else { OperationKind::New }
    }

    /// Which side a new order is on.
    #[inline]
    pub const fn side(&self) -> Side {
        if self.side == SIDE_SELL { Side::Sell } else { Side::Buy }
    }
}

/// The prices that orders may name: `width_ticks` of them, from `lowest_tick` up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TickBand {
    /// The lowest price, in ticks.
    pub lowest_tick: u32,
    /// How many prices there are.
    pub width_ticks: u32,
}

impl TickBand {
    /// The highest price, in ticks; in 64 bits, so that no band passes it.
    pub fn highest_tick(self) -> u64 {
        u64::from(self.lowest_tick) + u64::from(self.width_ticks.max(1)) - 1
    }

    /// Whether an order may name this price.
    pub fn holds(self, price_tick: u32) -> bool {
        price_tick >= self.lowest_tick && price_tick - self.lowest_tick < self.width_ticks
    }
}

/// A workload of orders: what rests before the clock starts, what is timed, and the band of both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operations {
    /// The prices that the orders keep to.
    pub band: TickBand,
    /// Applied before the clock starts.
    pub prefill: Vec<Operation>,
    /// What is timed.
    pub timed: Vec<Operation>,
}

impl Operations {
    /// All operations, in order.
    pub fn all(&self) -> impl Iterator<Item = &Operation> {
        self.prefill.iter().chain(&self.timed)
    }

    /// Replaces the id in every cancel by the place of its order in the whole list, from 0, and its account by the order's
    /// owner: an engine that numbers orders as they come then needs no table of names while the clock runs.
    pub fn name_by_place(&mut self) {
        let news = self.all().filter(|operation| operation.kind() == OperationKind::New).count();
        let mut entered: Vec<(u32, AccountIndex)> = Vec::with_capacity(news);
        for (place, operation) in (0_u32..).zip(self.prefill.iter_mut().chain(&mut self.timed)) {
            match operation.kind() {
                OperationKind::New => entered.push((place, operation.account())),
                OperationKind::Cancel => {
                    let (target, owner) = entered[operation.id() as usize - 1];
                    *operation = Operation::cancel(u64::from(target), owner);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_takes_24_bytes_in_the_order_of_the_file() {
        let operation = Operation::new(0x0102_0304_0506_0708, AccountIndex::new(9), Side::Sell, 10, 11);
        let mut expected = vec![8, 7, 6, 5, 4, 3, 2, 1, 9, 0, 0, 0, 10, 0, 0, 0, 11, 0, 0, 0];
        expected.extend([0, 1, 0, 0]);
        assert_eq!(operation.as_bytes(), expected);
        assert_eq!(Operation::cancel(1, AccountIndex::new(2)).as_bytes()[20..], [1, 0, 0, 0]);
    }
}
