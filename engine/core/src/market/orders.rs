//! Orders: place, cancel, replace, and the order in which their rules are looked at (market specification, section 5).

use carbex_rules::{
    Allowance, HoldingTerms, Holdings, PurchaseTerms, check_open_orders, check_opposite, check_order_rate, check_price,
    check_purchase, check_quantity, check_sale, resale_is_free,
};
use carbex_vocabulary::{
    AccountId, CancelReason, CapsPer, ClientOrderId, Event, OrderId, Phase, PriceUeur, QuantityG, Reject, RejectCode,
    Side, TimeInForce,
};

use super::accounts::{check_not_closed, check_not_frozen};
use super::execution::Incoming;
use super::ledger::{give_back, set_aside, signed, value_ueur};
use super::points::check_amount_fits;
use super::year::Year;
use super::{Checked, Events, Market};
use crate::accounts::{AccountSlot, Hot};
use crate::book::{ORDER_NUMBER_MAX, Order, OrderSlot};

/// The most open orders that one account's field counts.
const OPEN_ORDERS_MAX: u16 = u16::MAX;
/// The most orders a day that one account's field counts.
const ORDERS_TODAY_MAX: u32 = (1 << 24) - 1;

impl Market {
    #[expect(clippy::too_many_arguments, reason = "the fields of the command, each of its own type")]
    pub(super) fn place(
        &mut self,
        account: AccountId,
        client_order_id: Option<ClientOrderId>,
        side: Side,
        quantity: QuantityG,
        price: PriceUeur,
        tif: TimeInForce,
        events: &mut impl Events,
    ) -> Checked {
        let slot = self.find(account)?;
        let hot = *self.accounts.hot(slot);
        check_not_closed(&hot)?;
        check_not_frozen(&hot)?;
        self.check_market_open()?;
        self.check_tif(tif)?;
        self.check_client_order_id(&hot, client_order_id)?;
        check_quantity(&self.rules.market, &self.rules.orders, quantity)?;
        check_price(&self.rules.market, &self.band, price)?;
        check_open_orders(&self.rules.orders, u32::from(hot.open_orders()))?;
        let wish = Wish { side, quantity_g: signed(quantity.g()), price_ueur: price.ueur() };
        self.check_wish(slot, &hot, &wish)?;
        self.check_room(&hot)?;

        let incoming = Incoming {
            account: slot,
            id: OrderId::new(self.sequence.number()),
            client_order_id,
            side,
            tif,
            quantity_g: wish.quantity_g,
            price_ueur: wish.price_ueur,
        };
        self.enter(account, incoming, events);
        Ok(())
    }

    /// Tells that an order is taken, counts it, reserves what it needs, and lets it trade.
    #[inline]
    fn enter(&mut self, account: AccountId, incoming: Incoming, events: &mut impl Events) {
        events.emit(Event::Accepted { account, order: incoming.id });
        self.count_order(incoming.account);
        let hot = self.accounts.hot_mut(incoming.account);
        set_aside(hot, incoming.side, incoming.quantity_g, incoming.price_ueur);
        self.execute(incoming, events);
    }

    pub(super) fn cancel(&mut self, account: AccountId, order: OrderId, events: &mut impl Events) -> Checked {
        let (_, order) = self.find_own_order(account, order)?;
        events.emit(self.cancel_order(order, CancelReason::Requested));
        Ok(())
    }

    /// No more quantity at the same price keeps its place; anything else re-enters as new.
    pub(super) fn replace(
        &mut self,
        account: AccountId,
        order: OrderId,
        quantity: QuantityG,
        price: PriceUeur,
        events: &mut impl Events,
    ) -> Checked {
        let (slot, order_slot) = self.find_own_order(account, order)?;
        let old = self.book.order(order_slot);
        let mut hot = *self.accounts.hot(slot);
        give_back(&mut hot, old.side, old.quantity_g, old.price_ueur);
        check_not_closed(&hot)?;
        check_not_frozen(&hot)?;
        self.check_market_open()?;
        self.check_tif(old.tif)?;
        check_quantity(&self.rules.market, &self.rules.orders, quantity)?;
        check_price(&self.rules.market, &self.band, price)?;
        let wish = Wish { side: old.side, quantity_g: signed(quantity.g()), price_ueur: price.ueur() };
        self.check_wish(slot, &hot, &wish)?;

        *self.accounts.hot_mut(slot) = hot;
        if wish.price_ueur == old.price_ueur && wish.quantity_g <= old.quantity_g {
            events.emit(Event::Accepted { account, order });
            self.count_order(slot);
            set_aside(self.accounts.hot_mut(slot), wish.side, wish.quantity_g, wish.price_ueur);
            self.book.reduce(order_slot, old.quantity_g - wish.quantity_g);
            return Ok(());
        }
        self.take_out(order_slot, slot);
        let incoming = Incoming {
            account: slot,
            id: order,
            client_order_id: old.client_order_id,
            side: old.side,
            tif: old.tif,
            quantity_g: wish.quantity_g,
            price_ueur: wish.price_ueur,
        };
        self.enter(account, incoming, events);
        Ok(())
    }

    /// An open order of the account; `cancel` and `replace` look at these first.
    fn find_own_order(&self, account: AccountId, order: OrderId) -> Checked<(AccountSlot, OrderSlot)> {
        let slot = self.find(account)?;
        let order = self.book.find(order).ok_or(Reject::plain(RejectCode::UnknownOrder))?;
        if self.book.owner(order) != slot {
            return Err(Reject::plain(RejectCode::NotYourOrder));
        }
        if self.phase == Phase::AuctionFreeze {
            return Err(Reject::plain(RejectCode::CancelFrozen));
        }
        Ok((slot, order))
    }

    fn check_market_open(&self) -> Checked {
        let open = match self.phase {
            Phase::Closed | Phase::Halted => false,
            Phase::Auction | Phase::AuctionFreeze | Phase::Posted | Phase::Continuous => self.year.is_some(),
        };
        if open { Ok(()) } else { Err(Reject::plain(RejectCode::MarketClosed)) }
    }

    /// Whether an auction collects: orders rest, nothing trades.
    pub(super) fn auction_collects(&self) -> bool {
        match self.phase {
            Phase::Auction | Phase::AuctionFreeze => true,
            Phase::Closed | Phase::Posted | Phase::Continuous | Phase::Halted => false,
        }
    }

    fn check_tif(&self, tif: TimeInForce) -> Checked {
        let immediate = match tif {
            TimeInForce::Ioc | TimeInForce::Fok => true,
            TimeInForce::Gtc | TimeInForce::Day => false,
        };
        if immediate && self.auction_collects() {
            return Err(Reject::plain(RejectCode::TifNotAllowed));
        }
        Ok(())
    }

    fn check_client_order_id(&self, hot: &Hot, client_order_id: Option<ClientOrderId>) -> Checked {
        let taken = client_order_id.is_some()
            && self
                .book
                .of_account(hot.newest_order())
                .any(|slot| self.book.order(slot).client_order_id == client_order_id);
        if taken { Err(Reject::plain(RejectCode::DuplicateClientOrderId)) } else { Ok(()) }
    }

    /// Places and replaces accepted today.
    fn orders_today(&self, hot: &Hot) -> u32 {
        let today = self.year.as_ref().map_or(0, Year::order_day);
        if hot.orders_day() == today { hot.orders_today() } else { 0 }
    }

    fn count_order(&mut self, slot: AccountSlot) {
        let today = self.year.as_ref().map_or(0, Year::order_day);
        let hot = self.accounts.hot_mut(slot);
        let before = if hot.orders_day() == today { hot.orders_today() } else { 0 };
        hot.set_orders_today(before + 1);
        hot.set_orders_day(today);
    }

    /// The rules from the opposite order on, for an account that reserves nothing for this order; limits last.
    fn check_wish(&mut self, slot: AccountSlot, hot: &Hot, wish: &Wish) -> Checked {
        let holdings = self.holdings(slot, hot);
        check_opposite(&self.rules.orders, &holdings, wish.side)?;
        check_order_rate(&self.rules.orders, self.orders_today(hot))?;
        let allowance = self.allowance(hot)?;
        match wish.side {
            Side::Sell => self.check_sell(slot, &holdings, self.allowances.at(allowance), wish)?,
            Side::Buy => self.check_buy(slot, &holdings, self.allowances.at(allowance), wish)?,
        }
        if self.orders_today(hot) >= ORDERS_TODAY_MAX {
            return Err(Reject::with(RejectCode::LimitExceeded, ORDERS_TODAY_MAX, u64::from(ORDERS_TODAY_MAX) + 1));
        }
        Ok(())
    }

    fn check_sell(&self, slot: AccountSlot, holdings: &Holdings, allowance: &Allowance, wish: &Wish) -> Checked {
        let resale_free = resale_is_free(&self.rules.sale, || self.accounts.last_purchase(slot), self.time);
        check_sale(&self.rules.sale, holdings, allowance, resale_free, wish.quantity_g)?;
        check_amount_fits(holdings.sold_g + holdings.open_sell_g + wish.quantity_g)
    }

    fn check_buy(&self, slot: AccountSlot, holdings: &Holdings, allowance: &Allowance, wish: &Wish) -> Checked {
        let (mut holding, mut purchase) = (HoldingTerms::default(), PurchaseTerms::default());
        holding.add(holdings, allowance);
        purchase.add(holdings, allowance);
        let household = match self.rules.purchase.caps_per {
            CapsPer::Household => self.accounts.cold(slot).household,
            CapsPer::Account => 0,
        };
        if household != 0 {
            for member in self.accounts.members(household).filter(|member| *member != slot) {
                let (hot, _) = self.as_settled(member);
                let holdings = self.holdings(member, &hot);
                let allowance = self.work_out_allowance(&hot)?;
                holding.add(&holdings, &allowance);
                purchase.add(&holdings, &allowance);
            }
        }
        let value = value_ueur(wish.quantity_g, wish.price_ueur);
        check_purchase(holdings, &holding, &purchase, wish.quantity_g, value)?;
        check_amount_fits(holdings.purchased_g + holdings.open_buy_g + wish.quantity_g)?;
        check_amount_fits(holdings.bought_g + holdings.open_buy_g + wish.quantity_g)
    }

    /// Room for one more order, in the account's count, in the book, and in the order's number.
    fn check_room(&self, hot: &Hot) -> Checked {
        if hot.open_orders() == OPEN_ORDERS_MAX {
            return Err(Reject::with(RejectCode::LimitExceeded, OPEN_ORDERS_MAX, u32::from(OPEN_ORDERS_MAX) + 1));
        }
        if self.sequence.number() > ORDER_NUMBER_MAX {
            return Err(Reject::with(RejectCode::LimitExceeded, ORDER_NUMBER_MAX, self.sequence.number()));
        }
        if self.book.is_full() {
            return Err(Reject::with(RejectCode::BookFull, self.book.capacity(), u64::from(self.book.len()) + 1));
        }
        Ok(())
    }

    /// Puts what is left of an incoming order into the book, as the youngest of its price.
    pub(super) fn rest(&mut self, incoming: &Incoming) {
        let order = Order {
            id: incoming.id,
            account: incoming.account,
            client_order_id: incoming.client_order_id,
            side: incoming.side,
            tif: incoming.tif,
            quantity_g: incoming.quantity_g,
            price_ueur: incoming.price_ueur,
            priority: self.next_priority,
        };
        self.next_priority += 1;
        let hot = self.accounts.hot_mut(incoming.account);
        hot.set_newest_order(self.book.insert(&order, hot.newest_order()));
        hot.set_open_orders(hot.open_orders() + 1);
    }
}

/// What an order asks for, its form already checked.
struct Wish {
    side: Side,
    quantity_g: i64,
    price_ueur: u64,
}
