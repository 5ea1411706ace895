//! The regulator's commands: phase, band, quotes, treasury, reserve, and the tiers that release it.

use carbex_rules::Band;
use carbex_vocabulary::{AmountUeur, CancelReason, Event, Phase, PriceUeur, QuantityG, RejectCode};

use super::{
    Twin,
    answer::{Outcome, amount as as_amount, plain, price as as_price, quantity as as_quantity, reject},
    citizens::not_zero,
    facility::Offer,
    limits::{PRICE_MAX_UEUR, within},
};

impl Twin {
    /// While citizens cannot cancel, the regulator cannot move: `MARKET_FROZEN`, before anything else is looked at.
    pub(super) fn require_not_frozen(&self) -> Outcome {
        match self.phase {
            Phase::AuctionFreeze => Err(plain(RejectCode::MarketFrozen)),
            Phase::Closed | Phase::Auction | Phase::Posted | Phase::Continuous | Phase::Halted => Ok(()),
        }
    }

    /// Changes the phase; a crossed book is uncrossed on entering continuous.
    pub(super) fn set_phase(&mut self, phase: Phase) -> Outcome {
        let enters_continuous = phase == Phase::Continuous && self.phase != Phase::Continuous;
        self.phase = phase;
        self.answer.outcome.push(Event::PhaseSet { phase });
        if enters_continuous && self.book_is_crossed() {
            self.clear_the_book();
        }
        Ok(())
    }

    pub(super) fn set_band(&mut self, floor: PriceUeur, ceiling: PriceUeur) -> Outcome {
        self.require_not_frozen()?;
        self.check_tick(i128::from(floor.ueur()))?;
        self.check_tick(i128::from(ceiling.ueur()))?;
        let band = Band { floor_ueur: floor.ueur(), ceiling_ueur: ceiling.ueur() };
        check_band(band, self.rules.market.tick_ueur)?;
        within(PRICE_MAX_UEUR, i128::from(ceiling.ueur()))?;

        self.band = band;
        self.answer.outcome.push(Event::BandSet { floor, ceiling });
        let outside =
            |price_ueur: i128| price_ueur < i128::from(band.floor_ueur) || price_ueur > i128::from(band.ceiling_ueur);
        for order in self.best_first() {
            if outside(order.price_ueur) {
                self.cancel_order(order.id, CancelReason::BandChanged);
            }
        }
        if self.buyback.volume_g > 0 && outside(self.buyback.price_ueur) {
            self.buyback = Offer::default();
            self.answer.rest.push(Event::BuybackSet {
                price: PriceUeur::ZERO,
                volume: QuantityG::ZERO,
                budget: AmountUeur::ZERO,
            });
        }
        if self.sale.volume_g > 0 && outside(self.sale.price_ueur) {
            self.sale = Offer::default();
            self.answer.rest.push(Event::SaleSet { price: PriceUeur::ZERO, volume: QuantityG::ZERO });
        }
        Ok(())
    }

    pub(super) fn set_buyback(&mut self, price: PriceUeur, volume: QuantityG, budget: AmountUeur) -> Outcome {
        self.require_not_frozen()?;
        let offer = Offer {
            price_ueur: i128::from(price.ueur()),
            volume_g: i128::from(volume.g()),
            budget_ueur: i128::from(budget.ueur()),
        };
        self.check_whole_lots(offer.volume_g)?;
        self.check_price(offer.price_ueur)?;
        if offer.volume_g > 0 {
            if self.sale.volume_g > 0 && offer.price_ueur > self.sale.price_ueur {
                return Err(reject(RejectCode::QuotesCrossed, self.sale.price_ueur, offer.price_ueur));
            }
            if offer.budget_ueur > self.public.treasury_ueur {
                return Err(reject(RejectCode::TreasuryShort, self.public.treasury_ueur, offer.budget_ueur));
            }
        }
        self.buyback = offer;
        self.answer.outcome.push(Event::BuybackSet { price, volume, budget });
        Ok(())
    }

    pub(super) fn set_sale(&mut self, price: PriceUeur, volume: QuantityG) -> Outcome {
        self.require_not_frozen()?;
        let offer = Offer { price_ueur: i128::from(price.ueur()), volume_g: i128::from(volume.g()), budget_ueur: 0 };
        self.check_whole_lots(offer.volume_g)?;
        self.check_price(offer.price_ueur)?;
        if offer.volume_g > 0 && self.buyback.volume_g > 0 && self.buyback.price_ueur > offer.price_ueur {
            return Err(reject(RejectCode::QuotesCrossed, offer.price_ueur, self.buyback.price_ueur));
        }
        self.sale = offer;
        self.answer.outcome.push(Event::SaleSet { price, volume });
        Ok(())
    }

    pub(super) fn fund_treasury(&mut self, amount: AmountUeur) -> Outcome {
        let amount_ueur = i128::from(amount.ueur());
        not_zero(amount_ueur)?;
        self.check_money_in(amount_ueur)?;
        self.public.treasury_ueur += amount_ueur;
        self.public.deposited_ueur += amount_ueur;
        self.answer.outcome.push(Event::TreasuryFunded { amount: as_amount(amount_ueur) });
        Ok(())
    }

    /// The budget of a buyback quote with volume stays covered.
    pub(super) fn draw_treasury(&mut self, amount: AmountUeur) -> Outcome {
        let amount_ueur = i128::from(amount.ueur());
        not_zero(amount_ueur)?;
        let promised = if self.buyback.volume_g > 0 { self.buyback.budget_ueur } else { 0 };
        let free = self.public.treasury_ueur - promised;
        if amount_ueur > free {
            return Err(reject(RejectCode::TreasuryShort, free, amount_ueur));
        }
        self.public.treasury_ueur -= amount_ueur;
        self.public.withdrawn_ueur += amount_ueur;
        self.answer.outcome.push(Event::TreasuryDrawn { amount: as_amount(amount_ueur) });
        Ok(())
    }

    pub(super) fn release_reserve(&mut self, quantity: QuantityG) -> Outcome {
        self.require_not_frozen()?;
        let quantity_g = i128::from(quantity.g());
        not_zero(quantity_g)?;
        self.check_whole_lots(quantity_g)?;
        if quantity_g > self.public.reserve_g {
            return Err(reject(RejectCode::InsufficientReserve, self.public.reserve_g, quantity_g));
        }
        self.public.reserve_g -= quantity_g;
        self.public.inventory_g += quantity_g;
        self.answer.outcome.push(Event::ReserveReleased { quantity, tier: 0 });
        Ok(())
    }

    /// After an uncross or a facility sale at `price_ueur`: each tier at or below it, once a year.
    pub(super) fn release_tiers(&mut self, price_ueur: i128) {
        let Some(tiers) = self.rules.tiers else { return };
        let levels = [
            (i128::from(tiers.price_1_ueur), i128::from(tiers.volume_1_g)),
            (i128::from(tiers.price_2_ueur), i128::from(tiers.volume_2_g)),
        ];
        for (index, (level_ueur, volume_g)) in levels.into_iter().enumerate() {
            let year = self.year.as_mut().expect("points trade in an open year only");
            if price_ueur < level_ueur || year.tiers_used[index] {
                continue;
            }
            year.tiers_used[index] = true;
            let released = volume_g.min(self.public.reserve_g);
            self.public.reserve_g -= released;
            self.public.inventory_g += released;
            if released > 0 {
                let tier = if index == 0 { 1 } else { 2 };
                self.answer.rest.push(Event::ReserveReleased { quantity: as_quantity(released), tier });
            }
        }
    }

    /// A price as a unit (for the rule changes' check of quotes).
    pub(super) fn quote_prices(&self) -> Vec<PriceUeur> {
        [self.buyback, self.sale]
            .iter()
            .filter(|offer| offer.volume_g > 0)
            .map(|offer| as_price(offer.price_ueur))
            .collect()
    }
}

/// `INVALID_BAND` unless 0 < floor ≤ ceiling within 65,536 ticks.
pub(super) fn check_band(band: Band, tick_ueur: u64) -> Outcome {
    let (floor, ceiling) = (i128::from(band.floor_ueur), i128::from(band.ceiling_ueur));
    let ticks = (ceiling - floor) / i128::from(tick_ueur) + 1;
    let ticks_max = i128::from(Band::TICKS_MAX);
    if floor == 0 || floor > ceiling || ticks > ticks_max {
        return Err(reject(RejectCode::InvalidBand, ticks_max, ticks));
    }
    Ok(())
}
