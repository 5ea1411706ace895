//! One order's life as its owner may read it: what was asked, what traded, how it ended.

use carbex_vocabulary::{CancelReason, Side, TimeInForce};
use zerocopy::{
    FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned,
    little_endian::{U32, U64},
};

/// How an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderState {
    /// Resting in the book.
    Open,
    /// Traded whole.
    Filled,
    /// What was left of it is gone, for this reason.
    Cancelled(CancelReason),
}

/// An order's record; suffixes give the units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderRecord {
    /// When it was placed.
    pub placed_ns: u64,
    /// When it last changed.
    pub changed_ns: u64,
    /// Sell or buy.
    pub side: Side,
    /// How long it stays.
    pub tif: TimeInForce,
    /// The owner's name for it.
    pub client_order_id: Option<u64>,
    /// Limit, in µ€ per point.
    pub price_ueur: u64,
    /// Grams first asked, or asked by the last replace in addition to what had traded.
    pub quantity_g: u64,
    /// Grams still open.
    pub open_g: u64,
    /// Grams traded.
    pub filled_g: u64,
    /// What they were worth, in µ€.
    pub value_ueur: u64,
    /// How it stands.
    pub state: OrderState,
}

/// The record on disk, little-endian, 76 bytes.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct Bytes {
    placed_ns: U64,
    changed_ns: U64,
    client_order_id: U64,
    price_ueur: U64,
    quantity_g: U64,
    open_g: U64,
    filled_g: U64,
    value_ueur: U64,
    /// 0 = open, 1 = filled, 2 + reason = cancelled.
    state: U32,
    side: u8,
    tif: u8,
    has_client_order_id: u8,
    padding: u8,
}

impl OrderRecord {
    /// The record as stored.
    pub fn bytes(&self) -> Vec<u8> {
        let state = match self.state {
            OrderState::Open => 0,
            OrderState::Filled => 1,
            OrderState::Cancelled(reason) => 2 + reason as u32,
        };
        Bytes {
            placed_ns: self.placed_ns.into(),
            changed_ns: self.changed_ns.into(),
            client_order_id: self.client_order_id.unwrap_or(0).into(),
            price_ueur: self.price_ueur.into(),
            quantity_g: self.quantity_g.into(),
            open_g: self.open_g.into(),
            filled_g: self.filled_g.into(),
            value_ueur: self.value_ueur.into(),
            state: state.into(),
            side: self.side as u8,
            tif: self.tif as u8,
            has_client_order_id: self.client_order_id.is_some().into(),
            padding: 0,
        }
        .as_bytes()
        .to_vec()
    }

    /// The record of those bytes; `None` = not one of ours.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let stored = Bytes::read_from_bytes(bytes).ok()?;
        let state = match stored.state.get() {
            0 => OrderState::Open,
            1 => OrderState::Filled,
            reason => OrderState::Cancelled(*CancelReason::ALL.get(usize::try_from(reason - 2).ok()?)?),
        };
        Some(Self {
            placed_ns: stored.placed_ns.get(),
            changed_ns: stored.changed_ns.get(),
            side: Side::from_number(stored.side)?,
            tif: TimeInForce::from_number(stored.tif)?,
            client_order_id: (stored.has_client_order_id == 1).then(|| stored.client_order_id.get()),
            price_ueur: stored.price_ueur.get(),
            quantity_g: stored.quantity_g.get(),
            open_g: stored.open_g.get(),
            filled_g: stored.filled_g.get(),
            value_ueur: stored.value_ueur.get(),
            state,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_as_it_was_written() {
        for state in [OrderState::Open, OrderState::Filled]
            .into_iter()
            .chain(CancelReason::ALL.iter().copied().map(OrderState::Cancelled))
        {
            let record = OrderRecord {
                placed_ns: 1,
                changed_ns: 2,
                side: Side::Buy,
                tif: TimeInForce::Day,
                client_order_id: Some(0),
                price_ueur: 85_000,
                quantity_g: 120_000,
                open_g: 20_000,
                filled_g: 100_000,
                value_ueur: 8_500_000,
                state,
            };
            assert_eq!(OrderRecord::from_bytes(&record.bytes()), Some(record));
        }
        assert_eq!(OrderRecord::from_bytes(&[0; 10]), None);
    }
}
