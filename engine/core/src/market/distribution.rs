//! Fixed-price distribution: the available volume shared among all waiting buyers at the sale price, whatever their limit.

use carbex_vocabulary::{Event, Phase, PriceUeur, Reject, RejectCode, Side};

use super::ledger::quantity;
use super::{Checked, Events, Market};

impl Market {
    /// Shares min(Vs, I) among all waiting buys with limit ≥ Ps; a higher limit gives no priority.
    pub(super) fn distribute(&mut self, events: &mut impl Events) -> Checked {
        if self.phase != Phase::Posted || self.sale.volume_g == 0 {
            return Err(Reject::plain(RejectCode::NothingToDistribute));
        }
        let price_ueur = self.sale.price_ueur;
        let available_g = self.sale_volume_g();
        self.claims.clear();
        let mut wanted_g = 0_i128;
        let mut next = self.book.best(Side::Buy);
        while let Some(slot) = next {
            let order = self.book.order(slot);
            if order.price_ueur < price_ueur {
                break;
            }
            wanted_g += i128::from(order.quantity_g);
            self.claim(slot);
            next = self.book.behind(slot);
        }
        let shared_g = i64::try_from(wanted_g).unwrap_or(i64::MAX).min(available_g);
        events.emit(Event::Distributed { price: PriceUeur::new(price_ueur), volume: quantity(shared_g) });
        if shared_g == 0 {
            return Ok(());
        }
        let taken_g = self.fill_claims(shared_g, price_ueur, events);
        self.take_from_facility(Side::Buy, taken_g);
        self.serve_resting(events);
        Ok(())
    }
}
