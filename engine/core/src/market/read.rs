//! Reading the state: what an account, the book and the market hold at this moment.

use carbex_rules::RuleSet;
use carbex_vocabulary::{AccountId, ClientOrderId, OrderId, Sequence, Side, TimeInForce, TimestampNs};

use super::Market;
use crate::accounts::AccountSlot;
use crate::book::OrderSlot;
use crate::{AccountFields, MarketFields, PeriodFields, PublicFields};

/// One resting order, as its owner may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestingOrder {
    /// Its id.
    pub order: OrderId,
    /// Its owner.
    pub account: AccountId,
    /// The owner's name for it.
    pub client_order_id: Option<ClientOrderId>,
    /// Sell or buy.
    pub side: Side,
    /// Grams open.
    pub quantity_g: u64,
    /// Limit, in µ€ per point.
    pub price_ueur: u64,
    /// How long it stays.
    pub tif: TimeInForce,
}

/// One price level of one side of the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepthLevel {
    /// µ€ per point.
    pub price_ueur: u64,
    /// Grams resting.
    pub quantity_g: u64,
    /// Orders resting.
    pub orders: u32,
}

impl Market {
    /// The time of the last command.
    pub const fn time(&self) -> TimestampNs {
        self.time
    }

    /// The sequence of the last command.
    pub const fn sequence(&self) -> Sequence {
        self.sequence
    }

    /// The rules in force.
    pub const fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// The market's public state. Its public accounts move as accounts are settled ([`Self::public_as_settled`]).
    pub fn fields(&self) -> MarketFields {
        MarketFields {
            phase: self.phase,
            band: self.band,
            buyback: self.buyback,
            sale: self.sale,
            reference_ueur: self.reference_ueur,
            period: self.year.as_ref().map(|year| PeriodFields {
                year: year.year,
                start_ns: year.start.ns(),
                days: year.days,
                day: year.day,
                endowment_g: year.endowment_g,
                cap_g: year.cap_g,
                issued_g: year.issued_g,
                allotted_fraction_bp: year.allotted_fraction_bp,
            }),
            public: self.public,
            accounts: u64::from(self.accounts.len()),
            open_orders: u64::from(self.book.len()),
            best_sell_ueur: self.book.best_price_ueur(Side::Sell),
            best_buy_ueur: self.book.best_price_ueur(Side::Buy),
        }
    }

    /// The public accounts as they will be once every account is settled, when they add up with [`Self::accounts`]. While
    /// operations wait this walks all accounts; [`Self::fields`] never does.
    pub fn public_as_settled(&self) -> PublicFields {
        let mut public = self.public;
        if self.settlement.is_under_way() {
            for slot in self.accounts.slots() {
                self.settlement.foresee(*self.accounts.hot(slot), self.accounts.cold(slot), &mut public);
            }
        }
        public
    }

    /// One account, if it exists, as if it were settled.
    pub fn account(&self, account: AccountId) -> Option<AccountFields> {
        self.accounts.find(account).map(|slot| self.account_fields(slot))
    }

    /// All accounts, as if they were settled, in the order in which they were opened.
    pub fn accounts(&self) -> impl Iterator<Item = (AccountId, AccountFields)> + '_ {
        self.accounts.slots().map(|slot| (self.accounts.id(slot), self.account_fields(slot)))
    }

    fn account_fields(&self, slot: AccountSlot) -> AccountFields {
        let (hot, cold) = self.as_settled(slot);
        AccountFields {
            allotted_g: hot.allotted_g(),
            purchased_g: hot.purchased_g(),
            consumed_g: hot.consumed_g(),
            consumed_purchased_g: cold.consumed_purchased_g,
            sold_g: hot.sold_g(),
            bought_g: hot.bought_g(),
            open_sell_g: hot.open_sell_g(),
            open_buy_g: hot.open_buy_g(),
            cash_ueur: hot.cash_ueur(),
            cash_reserved_ueur: hot.cash_reserved_ueur(),
            owed_ueur: cold.owed_ueur,
            repay_g: cold.repay_g,
            obligation_g: cold.obligation_g,
            share_bp: hot.share_bp(),
            opened_day: hot.opened_day(),
            household: cold.household,
            status: hot.status(),
        }
    }

    /// An account's open orders, oldest first.
    pub fn orders_of(&self, account: AccountId) -> impl Iterator<Item = RestingOrder> + '_ {
        let newest = self.accounts.find(account).map_or(0, |slot| self.as_settled(slot).0.newest_order());
        let oldest = self.book.of_account(newest).last();
        core::iter::successors(oldest, |slot| self.book.newer_of_account(*slot)).map(|slot| self.resting_order(slot))
    }

    /// All resting orders of one side, best price first, then oldest.
    pub fn orders(&self, side: Side) -> impl Iterator<Item = RestingOrder> + '_ {
        self.book.in_line(side).map(|slot| self.resting_order(slot))
    }

    fn resting_order(&self, slot: OrderSlot) -> RestingOrder {
        let order = self.book.order(slot);
        RestingOrder {
            order: order.id,
            account: self.accounts.id(order.account),
            client_order_id: order.client_order_id,
            side: order.side,
            quantity_g: order.quantity_g.unsigned_abs(),
            price_ueur: order.price_ueur,
            tif: order.tif,
        }
    }

    /// The levels of one side, best price first.
    pub fn depth(&self, side: Side) -> impl Iterator<Item = DepthLevel> + '_ {
        self.book.used_levels(side).map(|(price_ueur, level)| DepthLevel {
            price_ueur,
            quantity_g: level.quantity_g.unsigned_abs(),
            orders: level.orders,
        })
    }
}
