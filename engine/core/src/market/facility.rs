//! The facility: the regulator's two quotes, what they can trade at this moment, and the resting orders they serve.

use carbex_vocabulary::{Event, Phase, Side};

use super::ledger::{quantity, signed, value_ueur};
use super::{Events, Market};

impl Market {
    /// The whole lots in a quantity.
    fn whole_lots_g(&self, quantity_g: i64) -> i64 {
        quantity_g - quantity_g % signed(self.rules.market.lot_g)
    }

    /// What the buyback quote takes at a price, in grams: its volume, or the whole lots that min(budget, treasury) pays for.
    pub(super) fn buyback_volume_g(&self, price_ueur: u64) -> i64 {
        if self.buyback.volume_g == 0 || price_ueur == 0 {
            return 0;
        }
        let money_ueur = signed(self.buyback.budget_ueur).min(self.public.treasury_ueur).max(0);
        let lot_g = signed(self.rules.market.lot_g);
        let lots_paid = money_ueur / value_ueur(lot_g, price_ueur);
        self.whole_lots_g(signed(self.buyback.volume_g)).min(lots_paid.saturating_mul(lot_g))
    }

    /// What the sale quote gives, in grams: the whole lots of min(Vs, I).
    pub(super) fn sale_volume_g(&self) -> i64 {
        self.whole_lots_g(signed(self.sale.volume_g).min(self.public.inventory_g))
    }

    /// What an order of that side and limit can trade with the facility at this moment: grams, and the quote in µ€ per point.
    #[inline]
    pub(super) fn facility_offer(&self, side: Side, limit_ueur: u64) -> Option<(i64, u64)> {
        let quote = match side {
            Side::Sell => &self.buyback,
            Side::Buy => &self.sale,
        };
        if quote.volume_g == 0 {
            return None;
        }
        let (reaches, offered_g, price_ueur) = match side {
            Side::Sell => {
                let price_ueur = self.buyback.price_ueur;
                (limit_ueur <= price_ueur, self.buyback_volume_g(price_ueur), price_ueur)
            }
            Side::Buy => (limit_ueur >= self.sale.price_ueur, self.sale_volume_g(), self.sale.price_ueur),
        };
        (reaches && offered_g > 0).then_some((offered_g, price_ueur))
    }

    /// Takes what the facility traded with a citizen's `side` from its quote; a sale may set off a price tier.
    pub(super) fn take_from_facility(&mut self, side: Side, quantity_g: i64) {
        self.facility_moved = true;
        match side {
            Side::Sell => {
                let value = value_ueur(quantity_g, self.buyback.price_ueur);
                self.take_buyback(quantity_g, value);
            }
            Side::Buy => {
                self.sale.volume_g -= quantity_g.unsigned_abs();
                self.set_off_tiers(self.sale.price_ueur);
            }
        }
    }

    /// Takes volume and money from the buyback quote.
    pub(super) fn take_buyback(&mut self, quantity_g: i64, value_ueur: i64) {
        self.buyback.volume_g -= quantity_g.unsigned_abs();
        self.buyback.budget_ueur -= value_ueur.unsigned_abs();
    }

    /// After an uncross or a facility sale at a price: each tier at or below it releases its volume, once a year.
    pub(super) fn set_off_tiers(&mut self, price_ueur: u64) {
        let Some(tiers) = self.rules.tiers else { return };
        let Some(year) = &mut self.year else { return };
        let levels = [(tiers.price_1_ueur, tiers.volume_1_g), (tiers.price_2_ueur, tiers.volume_2_g)];
        for (number, (level_ueur, volume_g)) in (1_u8..).zip(levels) {
            let used = &mut year.tiers_used[usize::from(number) - 1];
            if *used || price_ueur < level_ueur {
                continue;
            }
            *used = true;
            let released_g = signed(volume_g).min(self.public.reserve_g);
            if released_g > 0 {
                self.public.reserve_g -= released_g;
                self.public.inventory_g += released_g;
                self.facility_moved = true;
                self.later.rest(Event::ReserveReleased { quantity: quantity(released_g), tier: number });
            }
        }
    }

    /// Serves resting orders at the quotes: all sells first (lowest limit, then oldest), then all buys (highest limit, then
    /// oldest). A buyback so serves the waiting buyers in the same command.
    pub(super) fn serve_resting(&mut self, events: &mut impl Events) {
        match self.phase {
            Phase::Posted | Phase::Continuous => {}
            Phase::Closed | Phase::Auction | Phase::AuctionFreeze | Phase::Halted => return,
        }
        self.serve_side(Side::Sell, events);
        if self.buys_trade_at_once() {
            self.serve_side(Side::Buy, events);
        }
    }

    fn serve_side(&mut self, side: Side, events: &mut impl Events) {
        while let Some(slot) = self.book.best(side) {
            let order = self.book.order(slot);
            let Some((offered_g, price_ueur)) = self.facility_offer(side, order.price_ueur) else { return };
            let quantity_g = order.quantity_g.min(offered_g);
            self.fill_resting(slot, quantity_g, price_ueur, events);
            self.take_from_facility(side, quantity_g);
        }
    }
}
