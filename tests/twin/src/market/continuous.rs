//! The continuous phase: an incoming order meets citizens through the regulator, and the regulator's quotes.

use carbex_vocabulary::{CancelReason, OrderId, Side, TimeInForce};

use super::{Twin, orders::Order};

/// Who trades with the incoming order next, and at what price.
struct Counterparty {
    /// The resting order, or the facility.
    resting: Option<Order>,
    /// What the incoming citizen pays or gets.
    own_price_ueur: i128,
    /// What the buyer of this trade pays (with the facility as the buyer: its price).
    buyer_price_ueur: i128,
}

impl Twin {
    /// Trades an incoming order as far as it goes; the collar may cancel what is left of it.
    pub(super) fn cross_incoming(&mut self, id: OrderId) {
        let order = self.order(id).expect("the order has just entered");
        if order.tif == TimeInForce::Fok && self.reachable_volume_g(&order) < order.quantity_g {
            return;
        }
        while let Some(order) = self.order(id) {
            let Some(counterparty) = self.best_counterparty(&order) else { return };
            if self.collar_forbids(counterparty.buyer_price_ueur) {
                self.cancel_order(id, CancelReason::PriceCollar);
                return;
            }
            match (counterparty.resting, order.side) {
                (Some(resting), Side::Sell) => {
                    let quantity_g = order.quantity_g.min(resting.quantity_g);
                    self.trade(id, quantity_g, counterparty.own_price_ueur);
                    self.trade(resting.id, quantity_g, resting.price_ueur);
                }
                (Some(resting), Side::Buy) => {
                    let quantity_g = order.quantity_g.min(resting.quantity_g);
                    self.trade(resting.id, quantity_g, resting.price_ueur);
                    self.trade(id, quantity_g, counterparty.own_price_ueur);
                }
                (None, Side::Sell) => {
                    let quantity_g = order.quantity_g.min(self.buyback_volume_g(self.buyback.price_ueur));
                    self.facility_buys(id, quantity_g, self.buyback.price_ueur);
                }
                (None, Side::Buy) => {
                    let quantity_g = order.quantity_g.min(self.sale_volume_g());
                    self.facility_sells(id, quantity_g);
                }
            }
        }
    }

    /// The better price for the incoming order wins; citizens before the facility at an equal price, oldest first.
    fn best_counterparty(&self, incoming: &Order) -> Option<Counterparty> {
        let spread = self.spread_ueur();
        match incoming.side {
            Side::Sell => {
                let citizen = self.buys().first().copied().filter(|bid| bid.price_ueur - incoming.price_ueur >= spread);
                let facility = self.facility_takes(incoming).then_some(self.buyback.price_ueur);
                match (citizen, facility) {
                    (Some(bid), facility) if facility.is_none_or(|quote| bid.price_ueur - spread >= quote) => {
                        Some(Counterparty {
                            resting: Some(bid),
                            own_price_ueur: bid.price_ueur - spread,
                            buyer_price_ueur: bid.price_ueur,
                        })
                    }
                    (_, Some(quote)) => {
                        Some(Counterparty { resting: None, own_price_ueur: quote, buyer_price_ueur: quote })
                    }
                    (_, None) => None,
                }
            }
            Side::Buy => {
                let citizen =
                    self.sells().first().copied().filter(|ask| incoming.price_ueur - ask.price_ueur >= spread);
                let facility = self.facility_takes(incoming).then_some(self.sale.price_ueur);
                match (citizen, facility) {
                    (Some(ask), facility) if facility.is_none_or(|quote| ask.price_ueur + spread <= quote) => {
                        Some(Counterparty {
                            resting: Some(ask),
                            own_price_ueur: ask.price_ueur + spread,
                            buyer_price_ueur: ask.price_ueur + spread,
                        })
                    }
                    (_, Some(quote)) => {
                        Some(Counterparty { resting: None, own_price_ueur: quote, buyer_price_ueur: quote })
                    }
                    (_, None) => None,
                }
            }
        }
    }

    /// Whether the facility trades with an order of this side and limit now.
    fn facility_takes(&self, order: &Order) -> bool {
        match order.side {
            Side::Sell => {
                self.buyback.volume_g > 0
                    && order.price_ueur <= self.buyback.price_ueur
                    && self.buyback_volume_g(self.buyback.price_ueur) > 0
            }
            Side::Buy => order.price_ueur >= self.sale.price_ueur && self.sale_volume_g() > 0,
        }
    }

    /// The volume that an order can reach at its limit, the collar left aside: what fill-or-kill counts.
    fn reachable_volume_g(&self, order: &Order) -> i128 {
        let spread = self.spread_ueur();
        let facility = match (self.facility_takes(order), order.side) {
            (false, Side::Sell | Side::Buy) => 0,
            (true, Side::Sell) => self.buyback_volume_g(self.buyback.price_ueur),
            (true, Side::Buy) => self.sale_volume_g(),
        };
        let citizens: i128 = match order.side {
            Side::Sell => self
                .buys()
                .iter()
                .filter(|bid| bid.price_ueur - order.price_ueur >= spread)
                .map(|bid| bid.quantity_g)
                .sum(),
            Side::Buy => self
                .sells()
                .iter()
                .filter(|ask| order.price_ueur - ask.price_ueur >= spread)
                .map(|ask| ask.quantity_g)
                .sum(),
        };
        facility + citizens
    }

    /// More than `collar_bp` from the reference price; without a collar or a reference nothing is forbidden.
    fn collar_forbids(&self, buyer_price_ueur: i128) -> bool {
        let collar_bp = i128::from(self.rules.market.collar_bp);
        match self.reference_ueur {
            Some(reference) if collar_bp > 0 => (buyer_price_ueur - reference).abs() * 10_000 > reference * collar_bp,
            Some(_) | None => false,
        }
    }

    /// Whether the best bid and the best ask of citizens could cross.
    pub(super) fn book_is_crossed(&self) -> bool {
        match (self.buys().first(), self.sells().first()) {
            (Some(bid), Some(ask)) => bid.price_ueur - ask.price_ueur >= self.spread_ueur(),
            (Some(_) | None, Some(_) | None) => false,
        }
    }
}
