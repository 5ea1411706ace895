//! One resting order in 48 bytes.

use carbex_vocabulary::{ClientOrderId, OrderId, Side, TimeInForce};

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
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub(super) struct Record {
    client_order_id: u64,
    id_low: u32,
    priority_low: u32,
    id_high: u16,
    priority_high: u16,
    quantity_low: u32,
    quantity_high: u8,
    flags: u8,
    /// The price level: the price in ticks, modulo the number of levels.
    pub level: u16,
    pub account: u32,
    /// The next younger order of the level (of a free record: the next free one).
    pub next_in_level: u32,
    pub previous_in_level: u32,
    /// The next older order of the account.
    pub older_of_account: u32,
    pub newer_of_account: u32,
}

const SIDE_BUY: u8 = 1;
const HAS_CLIENT_ORDER_ID: u8 = 2;
const TIF_SHIFT: u32 = 2;

impl Record {
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
            id_low: id as u32,
            id_high: (id >> 32) as u16,
            priority_low: order.priority as u32,
            priority_high: (order.priority >> 32) as u16,
            flags: side | named | ((order.tif as u8) << TIF_SHIFT),
            level,
            account: order.account.number(),
            ..Self::default()
        };
        record.set_quantity_g(order.quantity_g);
        record
    }

    #[inline]
    pub fn id(&self) -> u64 {
        u64::from(self.id_low) | (u64::from(self.id_high) << 32)
    }

    #[inline]
    pub fn priority(&self) -> u64 {
        u64::from(self.priority_low) | (u64::from(self.priority_high) << 32)
    }

    #[inline]
    pub fn quantity_g(&self) -> i64 {
        (u64::from(self.quantity_low) | (u64::from(self.quantity_high) << 32)).cast_signed()
    }

    #[inline]
    pub fn set_quantity_g(&mut self, quantity_g: i64) {
        let quantity = quantity_g.cast_unsigned();
        debug_assert!(quantity < 1 << 40);
        self.quantity_low = quantity as u32;
        self.quantity_high = (quantity >> 32) as u8;
    }

    #[inline]
    pub fn side(&self) -> Side {
        if self.flags & SIDE_BUY == 0 { Side::Sell } else { Side::Buy }
    }

    pub fn tif(&self) -> TimeInForce {
        match (self.flags >> TIF_SHIFT) & 3 {
            0 => TimeInForce::Gtc,
            1 => TimeInForce::Day,
            2 => TimeInForce::Ioc,
            _ => TimeInForce::Fok,
        }
    }

    pub fn client_order_id(&self) -> Option<ClientOrderId> {
        (self.flags & HAS_CLIENT_ORDER_ID != 0).then(|| ClientOrderId::new(self.client_order_id))
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
                (record.id(), record.priority(), record.quantity_g(), record.side(), record.tif(), record.level),
                (ORDER_NUMBER_MAX, order.priority, order.quantity_g, Side::Buy, *tif, 65_535)
            );
            assert_eq!((record.account, record.client_order_id()), (u32::MAX - 1, order.client_order_id));
        }
    }
}
