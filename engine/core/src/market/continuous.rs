//! Continuous: citizens' orders cross each other through the regulator, beside the facility.
//!
//! The resting order's limit decides: a resting ask `a` means that the seller gets `a` and the buyer pays `a + spread`; a
//! resting bid `b` means that the buyer pays `b` and the seller gets `b − spread`. The better price for the incoming order
//! wins, citizens before the facility at an equal price, oldest first.

use carbex_vocabulary::{Side, TimeInForce};

use super::execution::{Incoming, Stop};
use super::{Events, Market};
use crate::book::OrderSlot;

/// Whom an incoming order trades with next, and what it pays or gets, in µ€ per point.
enum Counterparty {
    Citizen { slot: OrderSlot, price_ueur: u64 },
    Facility { offered_g: i64, price_ueur: u64 },
}

impl Market {
    pub(super) fn execute_continuous(&mut self, incoming: &mut Incoming, events: &mut impl Events) -> Stop {
        if incoming.tif == TimeInForce::Fok && self.volume_within_reach_g(incoming) < i128::from(incoming.quantity_g) {
            return Stop::Exhausted;
        }
        while incoming.quantity_g > 0 {
            let Some(counterparty) = self.best_counterparty(incoming) else { return Stop::Exhausted };
            if self.collar_forbids(self.buyer_price_ueur(incoming.side, &counterparty)) {
                return Stop::Collar;
            }
            match counterparty {
                Counterparty::Citizen { slot, price_ueur } => self.cross(incoming, slot, price_ueur, events),
                Counterparty::Facility { offered_g, price_ueur } => {
                    let quantity_g = incoming.quantity_g.min(offered_g);
                    incoming.quantity_g -= quantity_g;
                    self.settle(incoming.leg(quantity_g, price_ueur), events);
                    self.take_from_facility(incoming.side, quantity_g);
                }
            }
        }
        Stop::Exhausted
    }

    /// What an incoming order would pay or get against a resting limit, if the two cross.
    fn crossing_price_ueur(&self, side: Side, limit_ueur: u64, resting_ueur: u64) -> Option<u64> {
        let spread_ueur = self.rules.market.spread_ueur;
        match side {
            Side::Buy => Some(resting_ueur + spread_ueur).filter(|pays_ueur| *pays_ueur <= limit_ueur),
            Side::Sell => resting_ueur.checked_sub(spread_ueur).filter(|gets_ueur| *gets_ueur >= limit_ueur),
        }
    }

    fn best_counterparty(&self, incoming: &Incoming) -> Option<Counterparty> {
        let citizen = self.book.best(other(incoming.side)).and_then(|slot| {
            let resting_ueur = self.book.order(slot).price_ueur;
            let price_ueur = self.crossing_price_ueur(incoming.side, incoming.price_ueur, resting_ueur)?;
            Some((slot, price_ueur))
        });
        let facility = self.facility_offer(incoming.side, incoming.price_ueur);
        let citizen_first = match (citizen, facility) {
            (Some((_, citizen_ueur)), Some((_, facility_ueur))) => match incoming.side {
                Side::Buy => citizen_ueur <= facility_ueur,
                Side::Sell => citizen_ueur >= facility_ueur,
            },
            (citizen, _) => citizen.is_some(),
        };
        if citizen_first {
            citizen.map(|(slot, price_ueur)| Counterparty::Citizen { slot, price_ueur })
        } else {
            facility.map(|(offered_g, price_ueur)| Counterparty::Facility { offered_g, price_ueur })
        }
    }

    /// What the buyer of a trade pays; the regulator is the buyer of what a citizen sells to the facility.
    fn buyer_price_ueur(&self, side: Side, counterparty: &Counterparty) -> u64 {
        match (side, counterparty) {
            (Side::Sell, Counterparty::Citizen { price_ueur, .. }) => price_ueur + self.rules.market.spread_ueur,
            (Side::Buy, Counterparty::Citizen { price_ueur, .. }) | (_, Counterparty::Facility { price_ueur, .. }) => {
                *price_ueur
            }
        }
    }

    /// Whether a buyer's price is more than `collar_bp` from the reference price.
    fn collar_forbids(&self, buyer_ueur: u64) -> bool {
        let collar_bp = self.rules.market.collar_bp;
        let Some(reference_ueur) = self.reference_ueur.filter(|_| collar_bp > 0) else { return false };
        let distance = u128::from(buyer_ueur.abs_diff(reference_ueur)) * 10_000;
        distance > u128::from(reference_ueur) * u128::from(collar_bp)
    }

    /// A crossing: two trades through the regulator, the seller's first. The spread stays in the treasury.
    fn cross(&mut self, incoming: &mut Incoming, slot: OrderSlot, price_ueur: u64, events: &mut impl Events) {
        let resting = self.book.order(slot);
        let quantity_g = incoming.quantity_g.min(resting.quantity_g);
        incoming.quantity_g -= quantity_g;
        let leg = incoming.leg(quantity_g, price_ueur);
        match incoming.side {
            Side::Sell => {
                self.settle(leg, events);
                self.fill_resting(slot, quantity_g, resting.price_ueur, events);
            }
            Side::Buy => {
                self.fill_resting(slot, quantity_g, resting.price_ueur, events);
                self.settle(leg, events);
            }
        }
    }

    /// All that an order could trade at once, the collar aside; no more than it asks for is counted.
    fn volume_within_reach_g(&self, incoming: &Incoming) -> i128 {
        let wanted_g = i128::from(incoming.quantity_g);
        let offer = self.facility_offer(incoming.side, incoming.price_ueur);
        let mut reach_g = offer.map_or(0, |(offered_g, _)| i128::from(offered_g));
        for (resting_ueur, level) in self.book.used_levels(other(incoming.side)) {
            if reach_g >= wanted_g
                || self.crossing_price_ueur(incoming.side, incoming.price_ueur, resting_ueur).is_none()
            {
                break;
            }
            reach_g += i128::from(level.quantity_g);
        }
        reach_g
    }
}

/// The side an order trades against.
pub(super) const fn other(side: Side) -> Side {
    match side {
        Side::Sell => Side::Buy,
        Side::Buy => Side::Sell,
    }
}
