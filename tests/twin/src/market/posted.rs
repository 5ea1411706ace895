//! The posted phase: orders trade at the regulator's quotes only, at once or by fixed-price distribution.

use carbex_vocabulary::{Event, OrderId, Phase, RejectCode, Side, TimeInForce};

use super::{
    Twin,
    answer::{Outcome, plain, price, quantity},
    rationing::{Claim, ration},
};

impl Twin {
    /// An incoming order in the posted phase: one execution at the quote, as far as it reaches.
    pub(super) fn trade_at_posted_quotes(&mut self, id: OrderId) {
        let order = self.order(id).expect("the order has just entered");
        let available = match order.side {
            Side::Sell if self.buyback.volume_g > 0 && order.price_ueur <= self.buyback.price_ueur => {
                self.buyback_volume_g(self.buyback.price_ueur)
            }
            Side::Buy if !self.buys_wait_for_distribution() && order.price_ueur >= self.sale.price_ueur => {
                self.sale_volume_g()
            }
            Side::Sell | Side::Buy => 0,
        };
        let executes = order.quantity_g.min(available);
        if executes == 0 || (order.tif == TimeInForce::Fok && executes < order.quantity_g) {
            return;
        }
        match order.side {
            Side::Sell => self.facility_buys(id, executes, self.buyback.price_ueur),
            Side::Buy => self.facility_sells(id, executes),
        }
    }

    /// Shares the available volume among all waiting buys that take the sale price; a higher limit gives no priority.
    pub(super) fn distribute(&mut self) -> Outcome {
        if self.phase != Phase::Posted || self.sale.volume_g == 0 {
            return Err(plain(RejectCode::NothingToDistribute));
        }
        let price_ueur = self.sale.price_ueur;
        let claims: Vec<Claim> = self
            .oldest_first()
            .iter()
            .filter(|order| order.side == Side::Buy && order.price_ueur >= price_ueur)
            .map(Claim::of)
            .collect();
        let awards = ration(&claims, self.sale_volume_g(), self.lot_g(), self.rules.market.rationing);
        let volume: i128 = awards.iter().map(|award| award.quantity_g).sum();
        self.answer.outcome.push(Event::Distributed { price: price(price_ueur), volume: quantity(volume) });
        for award in awards {
            if award.quantity_g > 0 {
                self.trade(award.order, award.quantity_g, price_ueur);
            }
        }
        self.sale.volume_g -= volume;
        if volume > 0 {
            self.release_tiers(price_ueur);
        }
        Ok(())
    }
}
