//! One resting order in 48 bytes.

use carbex_vocabulary::{ClientOrderId, OrderId, Side, TimeInForce};

use zerocopy::{FromBytes, IntoBytes};

use crate::accounts::AccountSlot;

/// The largest order number that 48 bits hold.
pub(crate) const ORDER_NUMBER_MAX: u64 = (1 << 48) - 1;

/// Where an order stands in the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OrderSlot(u32);

impl OrderSlot {
    #[inline]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }
    #[inline]
    pub const fn number(self) -> u32 {
        self.0
    }
    #[inline]
    pub const fn at(self) -> usize {
        self.0 as usize
    }
    /// As links are kept: slot + 1, 0 = none.
    #[inline]
    pub const fn link(this: Option<Self>) -> u32 {
        match this {
            Some(slot) => slot.0 + 1,
            None => 0,
        }
    }
    #[inline]
    pub const fn from_link(link: u32) -> Option<Self> {
        match link.checked_sub(1) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }
}

/// What an order is, links aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub id: OrderId,
    pub account: AccountSlot,
    pub client_order_id: Option<ClientOrderId>,
    pub side: Side,
    pub tif: TimeInForce,
    /// Grams open.
    pub quantity_g: i64,
    /// Limit, in µ€ per point.
    pub price_ueur: u64,
    /// Time of priority: a counter of entries; lower is older.
    pub priority: u64,
}

/// An order as the pool keeps it: 48 bytes, links included. Links are slot + 1, 0 = none.
#[derive(Clone, Copy, Default, FromBytes, IntoBytes)]
#[repr(C)]
pub(super) struct Record {
    client_order_id: u64,
    /// The order's number (48 bits), then its level: the price in ticks, modulo the number of levels.
    id_and_level: u64,
    /// The time of priority (48 bits), the flags (8), the upper 8 bits of the quantity.
    priority_and_flags: u64,
    quantity_low: u32,
    pub account: u32,
    /// The next younger order of the level (of a free record: the next free one).
    pub next_in_level: u32,
    pub previous_in_level: u32,
    /// The next older order of the account.
    pub older_of_account: u32,
    pub newer_of_account: u32,
}

const SIDE_BUY: u64 = 1 << 8;
const HAS_CLIENT_ORDER_ID: u64 = 2 << 8;
const TIF_SHIFT: u32 = 10;
const QUANTITY_HIGH: u64 = 0xFF;

impl Record {
    #[inline]
    pub fn new(order: &Order, level: u16) -> Self {
        let id = order.id.number();
        debug_assert!(id <= ORDER_NUMBER_MAX && order.priority <= ORDER_NUMBER_MAX);
        let side = match order.side {
            Side::Sell => 0,
            Side::Buy => SIDE_BUY,
        };
        let named = if order.client_order_id.is_some() { HAS_CLIENT_ORDER_ID } else { 0 };
        let mut record = Self {
            client_order_id: order.client_order_id.map_or(0, ClientOrderId::number),
            id_and_level: (id << 16) | u64::from(level),
            priority_and_flags: (order.priority << 16) | side | named | ((order.tif as u64) << TIF_SHIFT),
            account: order.account.number(),
            ..Self::default()
        };
        record.set_quantity_g(order.quantity_g);
        record
    }

    #[inline]
    pub fn id(&self) -> u64 {
        self.id_and_level >> 16
    }

    #[inline]
    pub fn level(&self) -> u16 {
        (self.id_and_level & 0xFFFF) as u16
    }

    #[inline]
    pub fn priority(&self) -> u64 {
        self.priority_and_flags >> 16
    }

    #[inline]
    pub fn quantity_g(&self) -> i64 {
        (u64::from(self.quantity_low) | ((self.priority_and_flags & QUANTITY_HIGH) << 32)).cast_signed()
    }

    #[inline]
    pub fn set_quantity_g(&mut self, quantity_g: i64) {
        let quantity = quantity_g.cast_unsigned();
        debug_assert!(quantity < 1 << 40);
        self.quantity_low = quantity as u32;
        self.priority_and_flags = (self.priority_and_flags & !QUANTITY_HIGH) | ((quantity >> 32) & QUANTITY_HIGH);
    }

    #[inline]
    pub fn side(&self) -> Side {
        if self.priority_and_flags & SIDE_BUY == 0 { Side::Sell } else { Side::Buy }
    }

    #[inline]
    pub fn tif(&self) -> TimeInForce {
        match (self.priority_and_flags >> TIF_SHIFT) & 3 {
            0 => TimeInForce::Gtc,
            1 => TimeInForce::Day,
            2 => TimeInForce::Ioc,
            _ => TimeInForce::Fok,
        }
    }

    #[inline]
    pub fn client_order_id(&self) -> Option<ClientOrderId> {
        (self.priority_and_flags & HAS_CLIENT_ORDER_ID != 0).then(|| ClientOrderId::new(self.client_order_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resting_order_takes_48_bytes() {
        assert_eq!(size_of::<Record>(), 48);
    }

    #[test]
    fn every_field_survives_packing() {
        for tif in TimeInForce::ALL {
            let order = Order {
                id: OrderId::new(ORDER_NUMBER_MAX),
                account: AccountSlot::from_number(u32::MAX - 1),
                client_order_id: Some(ClientOrderId::new(u64::MAX)),
                side: Side::Buy,
                tif: *tif,
                quantity_g: (1 << 39) - 1,
                price_ueur: 1,
                priority: ORDER_NUMBER_MAX - 1,
            };
            let record = Record::new(&order, 65_535);
            assert_eq!(
                (record.id(), record.priority(), record.quantity_g(), record.side(), record.tif(), record.level()),
                (ORDER_NUMBER_MAX, order.priority, order.quantity_g, Side::Buy, *tif, 65_535)
            );
            assert_eq!((record.account, record.client_order_id()), (u32::MAX - 1, order.client_order_id));
        }
    }
}
