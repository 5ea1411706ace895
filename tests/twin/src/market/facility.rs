//! The facility: the regulator's two quotes, what they can trade at this moment, and the resting orders they serve.

use carbex_core::Quote;
use carbex_vocabulary::{OrderId, Phase, PostedSales};

use super::{Twin, answer::value_ueur, orders::Order};

/// One quote; no volume = no quote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// µ€ per point.
    pub price_ueur: i128,
    /// Grams left.
    pub volume_g: i128,
    /// µ€ left (buyback only).
    pub budget_ueur: i128,
}

impl Offer {
    /// As the core shows it.
    pub(super) fn fields(&self) -> Quote {
        let narrow = |number: i128| u64::try_from(number).expect("a quote is not negative");
        Quote {
            price_ueur: narrow(self.price_ueur),
            volume_g: narrow(self.volume_g),
            budget_ueur: narrow(self.budget_ueur),
        }
    }
}

impl Twin {
    /// Pb, Vb, Bb, Ps, Vs, I and the phase: after a command that moves one of them, resting orders are served.
    pub(super) fn what_resting_orders_look_at(&self) -> (Offer, Offer, i128, Phase) {
        (self.buyback, self.sale, self.public.inventory_g, self.phase)
    }

    /// Grams that the buyback takes at `price_ueur`: whole lots of its volume that its money pays for.
    pub(super) fn buyback_volume_g(&self, price_ueur: i128) -> i128 {
        if self.buyback.volume_g == 0 {
            return 0;
        }
        let money = self.buyback.budget_ueur.min(self.public.treasury_ueur);
        let lots = (self.buyback.volume_g / self.lot_g()).min(money / value_ueur(self.lot_g(), price_ueur));
        lots * self.lot_g()
    }

    /// Grams that the sale quote gives: whole lots of what is left of it and of the available volume.
    pub(super) fn sale_volume_g(&self) -> i128 {
        self.sale.volume_g.min(self.public.inventory_g) / self.lot_g() * self.lot_g()
    }

    /// The facility buys from a citizen's sell.
    pub(super) fn facility_buys(&mut self, sell: OrderId, quantity_g: i128, price_ueur: i128) {
        self.trade(sell, quantity_g, price_ueur);
        self.buyback.volume_g -= quantity_g;
        self.buyback.budget_ueur -= value_ueur(quantity_g, price_ueur);
    }

    /// The facility sells to a citizen's buy; at a tier's price the tier is released at once.
    pub(super) fn facility_sells(&mut self, buy: OrderId, quantity_g: i128) {
        let price_ueur = self.sale.price_ueur;
        self.trade(buy, quantity_g, price_ueur);
        self.sale.volume_g -= quantity_g;
        self.release_tiers(price_ueur);
    }

    /// Serves resting orders at Pb and Ps: all sells, then all buys, best limit first, then oldest.
    ///
    /// A tier released by a sale serves the same order on: price and time of priority decide, at each moment.
    pub(super) fn serve_resting_orders(&mut self) {
        match self.phase {
            Phase::Posted | Phase::Continuous => {}
            Phase::Closed | Phase::Auction | Phase::AuctionFreeze | Phase::Halted => return,
        }
        while let Some(sell) = self.next_sell_to_serve() {
            let quantity_g = sell.quantity_g.min(self.buyback_volume_g(self.buyback.price_ueur));
            self.facility_buys(sell.id, quantity_g, self.buyback.price_ueur);
        }
        if self.buys_wait_for_distribution() {
            return;
        }
        while let Some(buy) = self.next_buy_to_serve() {
            let quantity_g = buy.quantity_g.min(self.sale_volume_g());
            self.facility_sells(buy.id, quantity_g);
        }
    }

    /// In the posted phase, batched sales are made by `distribute` alone.
    pub(super) fn buys_wait_for_distribution(&self) -> bool {
        match self.rules.market.posted_sales {
            PostedSales::Batched => self.phase == Phase::Posted,
            PostedSales::Immediate => false,
        }
    }

    fn next_sell_to_serve(&self) -> Option<Order> {
        let best = *self.sells().first()?;
        let price_ueur = self.buyback.price_ueur;
        (self.buyback.volume_g > 0 && best.price_ueur <= price_ueur && self.buyback_volume_g(price_ueur) > 0)
            .then_some(best)
    }

    fn next_buy_to_serve(&self) -> Option<Order> {
        let best = *self.buys().first()?;
        (best.price_ueur >= self.sale.price_ueur && self.sale_volume_g() > 0).then_some(best)
    }
}
