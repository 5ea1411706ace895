//! What an accepted order does, phase by phase: trade what can be traded, then rest or go.

use carbex_vocabulary::{CancelReason, ClientOrderId, OrderId, Phase, PostedSales, Side, TimeInForce};

use super::ledger::{Leg, give_back};
use super::{Events, Market};
use crate::accounts::AccountSlot;

/// An order on its way into the market. What it needs is reserved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Incoming {
    pub account: AccountSlot,
    pub id: OrderId,
    pub client_order_id: Option<ClientOrderId>,
    pub side: Side,
    pub tif: TimeInForce,
    /// Grams not yet traded.
    pub quantity_g: i64,
    /// Limit, in µ€ per point.
    pub price_ueur: u64,
}

impl Incoming {
    /// Its leg of a trade.
    pub fn leg(&self, quantity_g: i64, price_ueur: u64) -> Leg {
        Leg {
            account: self.account,
            order: self.id,
            side: self.side,
            quantity_g,
            price_ueur,
            limit_ueur: self.price_ueur,
        }
    }
}

/// Why an order trades no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Nothing left on the other side, or nothing left of the order.
    Exhausted,
    /// The next trade is too far from the reference price.
    Collar,
}

impl Market {
    /// Lets an order trade, then rest or go, then serves whoever the trades made room for.
    pub(super) fn execute(&mut self, mut incoming: Incoming, events: &mut impl Events) {
        let stop = match self.phase {
            Phase::Posted => {
                self.execute_posted(&mut incoming, events);
                Stop::Exhausted
            }
            Phase::Continuous => self.execute_continuous(&mut incoming, events),
            Phase::Closed | Phase::Auction | Phase::AuctionFreeze | Phase::Halted => Stop::Exhausted,
        };
        if incoming.quantity_g > 0 {
            match (stop, incoming.tif) {
                (Stop::Collar, _) => self.drop_rest(&incoming, CancelReason::PriceCollar),
                (Stop::Exhausted, TimeInForce::Ioc | TimeInForce::Fok) => {
                    self.drop_rest(&incoming, CancelReason::Unfilled);
                }
                (Stop::Exhausted, TimeInForce::Gtc | TimeInForce::Day) => self.rest(&incoming),
            }
        }
        if self.facility_moved {
            self.serve_resting(events);
        }
    }

    /// Cancels what is left of an order that never rested.
    fn drop_rest(&mut self, incoming: &Incoming, reason: CancelReason) {
        let hot = self.accounts.hot_mut(incoming.account);
        give_back(hot, incoming.side, incoming.quantity_g, incoming.price_ueur);
        let event = self.cancelled(incoming.account, incoming.id, incoming.quantity_g, reason);
        self.later.cancelled(event);
    }

    /// Whether buys trade at once in the present phase.
    pub(super) fn buys_trade_at_once(&self) -> bool {
        match self.phase {
            Phase::Continuous => true,
            Phase::Posted => self.rules.market.posted_sales == PostedSales::Immediate,
            Phase::Closed | Phase::Auction | Phase::AuctionFreeze | Phase::Halted => false,
        }
    }

    /// Posted: one trade with the facility at its quote, for what it has at this moment.
    fn execute_posted(&mut self, incoming: &mut Incoming, events: &mut impl Events) {
        if incoming.side == Side::Buy && !self.buys_trade_at_once() {
            return;
        }
        let Some((offered_g, price_ueur)) = self.facility_offer(incoming.side, incoming.price_ueur) else { return };
        let quantity_g = incoming.quantity_g.min(offered_g);
        if incoming.tif == TimeInForce::Fok && quantity_g < incoming.quantity_g {
            return;
        }
        incoming.quantity_g -= quantity_g;
        self.settle(incoming.leg(quantity_g, price_ueur), events);
        self.take_from_facility(incoming.side, quantity_g);
    }
}
