//! Uncrossing: everybody trades at the one price, in the order of who was better, then who was there (section 4).

use carbex_vocabulary::{Event, Phase, Reject, RejectCode, Side};

use super::auction::Clearing;
use super::ledger::{signed, value_ueur};
use super::{Checked, Events, Market};
use crate::book::OrderSlot;

impl Market {
    pub(super) fn uncross(&mut self, events: &mut impl Events) -> Checked {
        if !self.auction_collects() {
            return Err(Reject::plain(RejectCode::NotInAuction));
        }
        self.uncross_now(events);
        if self.phase == Phase::AuctionFreeze {
            self.phase = Phase::Auction;
            self.later.rest(Event::PhaseSet { phase: Phase::Auction });
        }
        Ok(())
    }

    /// Finds the price, tells it, and trades: sells first, each side in its priority. No volume is also a result.
    pub(super) fn uncross_now(&mut self, events: &mut impl Events) {
        let clearing = self.clearing();
        let (price, volume, imbalance_g) = Self::told(clearing);
        events.emit(Event::AuctionResult { price, volume, imbalance_g });
        let Some(clearing) = clearing else { return };
        let sold_g = self.fill_side(Side::Sell, &clearing, events);
        let bought_back_g = self.fill_side(Side::Buy, &clearing, events);
        self.take_buyback(bought_back_g, value_ueur(bought_back_g, clearing.price_ueur));
        self.sale.volume_g -= sold_g.unsigned_abs();
        self.facility_moved = true;
        self.reference_ueur = Some(clearing.price_ueur);
        self.set_off_tiers(clearing.price_ueur);
    }

    /// Fills one side at the clearing price and answers what of it the facility did, in grams: citizens better than the
    /// price first, then the facility if its quote is better, then citizens at the price, rationed, then the facility.
    fn fill_side(&mut self, side: Side, clearing: &Clearing, events: &mut impl Events) -> i64 {
        let price_ueur = clearing.price_ueur;
        let (offered_g, quote_ueur) = match side {
            Side::Sell => (clearing.facility_supply_g, self.sale.price_ueur),
            Side::Buy => (clearing.facility_demand_g, self.buyback.price_ueur),
        };
        let mut left_g = clearing.volume_g;
        left_g -= self.fill_better(side, price_ueur, left_g, events);
        let mut facility_g = 0;
        if is_better(side, quote_ueur, price_ueur) {
            facility_g = offered_g.min(left_g);
            left_g -= facility_g;
        }
        left_g -= self.fill_level(side, price_ueur, left_g, events);
        if quote_ueur == price_ueur {
            facility_g = offered_g.min(left_g);
        }
        facility_g
    }

    /// Fills the orders of one side whose limits are better than a price, in line; answers what they took, in grams.
    fn fill_better(&mut self, side: Side, price_ueur: u64, quantity_g: i64, events: &mut impl Events) -> i64 {
        let mut left_g = quantity_g;
        let mut line = core::mem::take(&mut self.line);
        while left_g > 0 {
            self.book.line_up(side, |limit_ueur| is_better(side, limit_ueur, price_ueur), &mut line);
            if line.is_empty() {
                break;
            }
            for (place, slot) in line.iter().enumerate() {
                self.look_along(line.len(), place, |place| line[place]);
                let order_g = self.book.order(*slot).quantity_g.min(left_g);
                if order_g == 0 {
                    break;
                }
                left_g -= order_g;
                self.fill_resting(*slot, order_g, price_ueur, events);
            }
        }
        self.line = line;
        quantity_g - left_g
    }

    /// Shares a quantity among the orders of one side at one price; answers what they took, in grams.
    fn fill_level(&mut self, side: Side, price_ueur: u64, quantity_g: i64, events: &mut impl Events) -> i64 {
        self.claims.clear();
        let mut next = self.book.at_price(side, price_ueur).1;
        while let Some(slot) = next {
            next = self.book.younger_in_level(slot);
            self.claim(slot);
        }
        self.fill_claims(quantity_g, price_ueur, events)
    }

    /// Adds a resting order to those who share.
    pub(super) fn claim(&mut self, slot: OrderSlot) {
        let order = self.book.order(slot);
        let lots = order.quantity_g.unsigned_abs() / self.rules.market.lot_g;
        self.claims.add(slot, order.account, order.priority, lots);
    }

    /// Shares a quantity among the claims by the rule in force and fills them in order of age; answers what they took.
    pub(super) fn fill_claims(&mut self, quantity_g: i64, price_ueur: u64, events: &mut impl Events) -> i64 {
        let lot_g = self.rules.market.lot_g;
        self.claims.share(quantity_g.unsigned_abs() / lot_g, self.rules.market.rationing);
        let mut taken_g = 0;
        for place in 0..self.claims.len() {
            self.look_along(self.claims.len(), place, |place| self.claims.at(place).order);
            let claim = self.claims.at(place);
            if claim.awarded_lots > 0 {
                let awarded_g = signed(claim.awarded_lots * lot_g);
                self.fill_resting(claim.order, awarded_g, price_ueur, events);
                taken_g += awarded_g;
            }
        }
        taken_g
    }
}

/// Whether a limit of a side is better for the market than a price: a lower sell, a higher buy.
const fn is_better(side: Side, limit_ueur: u64, price_ueur: u64) -> bool {
    match side {
        Side::Sell => limit_ueur < price_ueur,
        Side::Buy => limit_ueur > price_ueur,
    }
}
