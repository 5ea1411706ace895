//! Money and points changing hands: reservations, and the citizen's leg of a trade with the regulator.
//!
//! Conservation, after every command: Σ (allotted + purchased) + inventory + reserve + retired + expired + deficit +
//! in settlement = issued; Σ cash + treasury = deposited − withdrawn.

use carbex_vocabulary::{AmountUeur, Event, OrderId, PriceUeur, QuantityG, Side};

use super::{Events, Market};
use crate::accounts::{AccountSlot, Hot};
use crate::book::OrderSlot;

/// The most that a public total holds; far beyond a France of money or points, far below what 64 bits hold.
pub(super) const TOTAL_MAX: i64 = 1 << 62;

/// Grams that are known not to be negative, as told in events.
#[inline]
pub(super) fn quantity(grams: i64) -> QuantityG {
    debug_assert!(grams >= 0);
    QuantityG::new(grams.unsigned_abs())
}

/// µ€ that are known not to be negative, as told in events.
#[inline]
pub(super) fn amount(ueur: i64) -> AmountUeur {
    debug_assert!(ueur >= 0);
    AmountUeur::new(ueur.unsigned_abs())
}

/// A quantity of a command as the signed number the sums are made in. What is beyond it is beyond every limit too.
#[inline]
pub(super) fn signed(number: u64) -> i64 {
    number.min(TOTAL_MAX.unsigned_abs()).cast_signed()
}

/// The exact value of whole lots at a whole tick, in µ€; beyond 2⁶² it counts as 2⁶².
#[inline]
pub(super) fn value_ueur(quantity_g: i64, price_ueur: u64) -> i64 {
    let quantity = quantity_g.unsigned_abs();
    match quantity.checked_mul(price_ueur) {
        Some(product) => signed(product / 1000),
        None => {
            let wide = u128::from(quantity) * u128::from(price_ueur) / 1000;
            signed(u64::try_from(wide).unwrap_or(u64::MAX))
        }
    }
}

impl Market {
    /// Settles a part of a resting order, which leaves the book when nothing is left.
    #[inline]
    pub(super) fn fill_resting(&mut self, slot: OrderSlot, quantity_g: i64, price_ueur: u64, events: &mut impl Events) {
        let order = self.book.order(slot);
        if self.settlement.is_under_way() {
            self.catch_up(order.account, events);
        }
        if quantity_g == order.quantity_g {
            self.take_out(slot, order.account);
        } else {
            self.book.reduce(slot, quantity_g);
        }
        let leg = Leg {
            account: order.account,
            order: order.id,
            side: order.side,
            quantity_g,
            price_ueur,
            limit_ueur: order.price_ueur,
        };
        self.settle(leg, events);
    }

    /// Takes an order out of the book and out of its account's count.
    #[inline]
    pub(super) fn take_out(&mut self, slot: OrderSlot, account: AccountSlot) {
        let newest = self.book.remove(slot);
        let hot = self.accounts.hot_mut(account);
        if let Some(newest) = newest {
            hot.set_newest_order(newest);
        }
        hot.set_open_orders(hot.open_orders() - 1);
    }

    /// One citizen's leg: the regulator buys from, or sells to, the owner of an order that reserved at `limit_ueur`.
    /// A sale takes allotted points first.
    #[inline]
    pub(super) fn settle(&mut self, leg: Leg, events: &mut impl Events) {
        let Leg { account, order, side, quantity_g, price_ueur, limit_ueur } = leg;
        let value = value_ueur(quantity_g, price_ueur);
        let hot = self.accounts.hot_mut(account);
        match side {
            Side::Sell => {
                let from_allotted_g = hot.allotted_g().clamp(0, quantity_g);
                hot.add_allotted_g(-from_allotted_g);
                hot.add_purchased_g(from_allotted_g - quantity_g);
                hot.add_sold_g(quantity_g);
                hot.add_open_sell_g(-quantity_g);
                hot.add_cash_ueur(value);
                self.public.inventory_g += quantity_g;
                self.public.treasury_ueur -= value;
            }
            Side::Buy => {
                hot.add_purchased_g(quantity_g);
                hot.add_bought_g(quantity_g);
                hot.add_open_buy_g(-quantity_g);
                hot.add_cash_reserved_ueur(-value_ueur(quantity_g, limit_ueur));
                hot.add_cash_ueur(-value);
                self.public.inventory_g -= quantity_g;
                self.public.treasury_ueur += value;
                self.accounts.set_last_purchase(account, self.time);
            }
        }
        events.emit(Event::Trade {
            account: self.accounts.id(account),
            order,
            side,
            quantity: quantity(quantity_g),
            price: PriceUeur::new(price_ueur),
            value: amount(value),
        });
    }
}

/// Reserves what an order may need.
#[inline]
pub(super) fn set_aside(hot: &mut Hot, side: Side, quantity_g: i64, price_ueur: u64) {
    match side {
        Side::Sell => hot.add_open_sell_g(quantity_g),
        Side::Buy => {
            hot.add_open_buy_g(quantity_g);
            hot.add_cash_reserved_ueur(value_ueur(quantity_g, price_ueur));
        }
    }
}

/// Gives back what an order reserves.
#[inline]
pub(super) fn give_back(hot: &mut Hot, side: Side, quantity_g: i64, price_ueur: u64) {
    match side {
        Side::Sell => hot.add_open_sell_g(-quantity_g),
        Side::Buy => {
            hot.add_open_buy_g(-quantity_g);
            hot.add_cash_reserved_ueur(-value_ueur(quantity_g, price_ueur));
        }
    }
}

/// One citizen's leg of a trade.
#[derive(Clone, Copy)]
pub(super) struct Leg {
    pub account: AccountSlot,
    pub order: OrderId,
    pub side: Side,
    pub quantity_g: i64,
    /// What is paid, in µ€ per point.
    pub price_ueur: u64,
    /// What was reserved, in µ€ per point.
    pub limit_ueur: u64,
}
