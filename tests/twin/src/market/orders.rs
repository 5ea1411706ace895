//! Open orders, and the lifecycle of one: place, cancel, replace, and every way of being cancelled.

use std::cmp::Reverse;

use carbex_core::RestingOrder;
use carbex_vocabulary::{
    AccountId, CancelReason, ClientOrderId, Event, OrderId, Phase, PriceUeur, QuantityG, Reject, RejectCode, Side,
    TimeInForce,
};

use super::{
    Twin,
    answer::{Outcome, plain, quantity, value_ueur},
};

/// One open order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// The sequence of its `place`.
    pub id: OrderId,
    /// Its owner.
    pub account: AccountId,
    /// The owner's name for it.
    pub client_order_id: Option<ClientOrderId>,
    /// Sell or buy.
    pub side: Side,
    /// Grams still open.
    pub quantity_g: i128,
    /// Limit, in µ€ per point.
    pub price_ueur: i128,
    /// How long it stays.
    pub tif: TimeInForce,
    /// The day on which it was placed.
    pub day: i128,
    /// Time of priority: lower is older.
    pub priority: u64,
}

impl Order {
    /// As its owner may see it.
    pub(super) fn resting(&self) -> RestingOrder {
        RestingOrder {
            order: self.id,
            account: self.account,
            client_order_id: self.client_order_id,
            side: self.side,
            quantity_g: u64::try_from(self.quantity_g).expect("an order is not negative"),
            price_ueur: u64::try_from(self.price_ueur).expect("a price is not negative"),
            tif: self.tif,
        }
    }
}

impl Twin {
    /// An account's open orders, oldest first.
    pub fn orders_of(&self, account: AccountId) -> Vec<RestingOrder> {
        self.oldest_first().iter().filter(|order| order.account == account).map(Order::resting).collect()
    }

    /// Every open order, oldest first.
    pub fn open_orders(&self) -> Vec<RestingOrder> {
        self.oldest_first().iter().map(Order::resting).collect()
    }

    pub(super) fn order(&self, id: OrderId) -> Option<Order> {
        self.orders.iter().find(|order| order.id == id).copied()
    }

    pub(super) fn oldest_first(&self) -> Vec<Order> {
        let mut orders = self.orders.clone();
        orders.sort_by_key(|order| order.priority);
        orders
    }

    /// The sells, lowest limit first, then oldest.
    pub(super) fn sells(&self) -> Vec<Order> {
        let mut sells: Vec<Order> = self.orders.iter().filter(|order| order.side == Side::Sell).copied().collect();
        sells.sort_by_key(|order| (order.price_ueur, order.priority));
        sells
    }

    /// The buys, highest limit first, then oldest.
    pub(super) fn buys(&self) -> Vec<Order> {
        let mut buys: Vec<Order> = self.orders.iter().filter(|order| order.side == Side::Buy).copied().collect();
        buys.sort_by_key(|order| (Reverse(order.price_ueur), order.priority));
        buys
    }

    /// All sells, then all buys, each best price first, then oldest.
    pub(super) fn best_first(&self) -> Vec<Order> {
        [self.sells(), self.buys()].concat()
    }

    pub(super) fn place(
        &mut self,
        account: AccountId,
        client_order_id: Option<ClientOrderId>,
        side: Side,
        quantity: QuantityG,
        price: PriceUeur,
        tif: TimeInForce,
    ) -> Outcome {
        let order = Order {
            id: OrderId::new(self.sequence.number()),
            account,
            client_order_id,
            side,
            quantity_g: i128::from(quantity.g()),
            price_ueur: i128::from(price.ueur()),
            tif,
            day: self.day(),
            priority: self.next_priority,
        };
        self.check_place(&order)?;
        self.enter(order);
        Ok(())
    }

    pub(super) fn cancel(&mut self, account: AccountId, order: OrderId) -> Outcome {
        self.check_own_order(account, order)?;
        self.cancel_order(order, CancelReason::Requested);
        Ok(())
    }

    pub(super) fn replace(
        &mut self,
        account: AccountId,
        order: OrderId,
        quantity: QuantityG,
        price: PriceUeur,
    ) -> Outcome {
        let old = self.check_own_order(account, order)?;
        let mut new = Order {
            quantity_g: i128::from(quantity.g()),
            price_ueur: i128::from(price.ueur()),
            priority: self.next_priority,
            ..old
        };
        self.give_back(&old);
        let checked = self.check_replacement(&new);
        self.reserve(&old);
        checked?;

        let keeps_its_place = new.price_ueur == old.price_ueur && new.quantity_g <= old.quantity_g;
        self.give_back(&old);
        self.orders.retain(|candidate| candidate.id != old.id);
        if keeps_its_place {
            new.priority = old.priority;
            self.count_order(new.account);
            self.reserve(&new);
            self.orders.push(new);
            self.answer.outcome.push(Event::Accepted { account, order });
        } else {
            self.enter(new);
        }
        Ok(())
    }

    /// Takes an order that passed every check: it trades as the phase has it, and what is left rests or is cancelled.
    fn enter(&mut self, order: Order) {
        self.next_priority += 1;
        self.count_order(order.account);
        self.answer.outcome.push(Event::Accepted { account: order.account, order: order.id });
        self.reserve(&order);
        self.orders.push(order);
        match self.phase {
            Phase::Posted => self.trade_at_posted_quotes(order.id),
            Phase::Continuous => self.cross_incoming(order.id),
            Phase::Auction | Phase::AuctionFreeze => {}
            Phase::Closed | Phase::Halted => unreachable!("checked: MARKET_CLOSED"),
        }
        match order.tif {
            TimeInForce::Ioc | TimeInForce::Fok if self.order(order.id).is_some() => {
                self.cancel_order(order.id, CancelReason::Unfilled);
            }
            TimeInForce::Ioc | TimeInForce::Fok | TimeInForce::Gtc | TimeInForce::Day => {}
        }
    }

    fn count_order(&mut self, account: AccountId) {
        let day = self.day();
        let account = self.account_mut(account);
        if account.orders_day != day {
            account.orders_day = day;
            account.orders_count = 0;
        }
        account.orders_count += 1;
    }

    /// `UNKNOWN_ACCOUNT`, `UNKNOWN_ORDER`, `NOT_YOUR_ORDER`, `CANCEL_FROZEN`.
    fn check_own_order(&self, account: AccountId, order: OrderId) -> Result<Order, Reject> {
        self.known(account)?;
        let order = self.order(order).ok_or(plain(RejectCode::UnknownOrder))?;
        if order.account != account {
            return Err(plain(RejectCode::NotYourOrder));
        }
        if self.phase == Phase::AuctionFreeze {
            return Err(plain(RejectCode::CancelFrozen));
        }
        Ok(order)
    }

    /// Sets aside what an order may cost: the points of a sell, the value at the limit of a buy.
    fn reserve(&mut self, order: &Order) {
        let account = self.account_mut(order.account);
        match order.side {
            Side::Sell => account.open_sell_g += order.quantity_g,
            Side::Buy => {
                account.open_buy_g += order.quantity_g;
                account.cash_reserved_ueur += value_ueur(order.quantity_g, order.price_ueur);
            }
        }
    }

    /// Gives back what `reserve` set aside for the part of the order that is still open.
    fn give_back(&mut self, order: &Order) {
        let account = self.account_mut(order.account);
        match order.side {
            Side::Sell => account.open_sell_g -= order.quantity_g,
            Side::Buy => {
                account.open_buy_g -= order.quantity_g;
                account.cash_reserved_ueur -= value_ueur(order.quantity_g, order.price_ueur);
            }
        }
    }

    /// Takes an order out of the book and says why.
    pub(super) fn cancel_order(&mut self, id: OrderId, reason: CancelReason) {
        let order = self.order(id).expect("an open order");
        self.give_back(&order);
        self.orders.retain(|candidate| candidate.id != id);
        self.answer.cancellations.push(Event::Cancelled {
            account: order.account,
            order: id,
            quantity: quantity(order.quantity_g),
            reason,
        });
    }

    /// Lessens an order by what just traded, with what was set aside for it; an order with nothing left is gone.
    pub(super) fn lessen(&mut self, id: OrderId, traded_g: i128) {
        let order = self.order(id).expect("an open order");
        self.give_back(&order);
        self.orders.retain(|candidate| candidate.id != id);
        assert!(traded_g > 0 && traded_g <= order.quantity_g, "an order trades at most what is open");
        if traded_g < order.quantity_g {
            let rest = Order { quantity_g: order.quantity_g - traded_g, ..order };
            self.reserve(&rest);
            self.orders.push(rest);
        }
    }

    /// Before the first command of a later day, day orders go: sells then buys, best price first, then oldest.
    pub(super) fn expire_day_orders(&mut self) {
        let today = self.day();
        for order in self.best_first() {
            if order.tif == TimeInForce::Day && order.day < today {
                self.cancel_order(order.id, CancelReason::Expired);
            }
        }
        self.answer.before = std::mem::take(&mut self.answer.cancellations);
    }

    /// Cancels what an account has open, oldest first.
    pub(super) fn cancel_orders_of(&mut self, account: AccountId, reason: CancelReason) {
        for order in self.oldest_first() {
            if order.account == account {
                self.cancel_order(order.id, reason);
            }
        }
    }
}
