//! The regulator's acts: phase, band, quotes, reserve, rules, and the passing of time.

use carbex_rules::{Band, PRICE_MAX_UEUR, RuleSet, check_price};
use carbex_vocabulary::{
    AmountUeur, CancelReason, Event, Phase, PriceUeur, QuantityG, Reject, RejectCode, Side, TimestampNs,
};

use super::ledger::signed;
use super::points::check_not_zero;
use super::{Checked, Events, Market};
use crate::Quote;

/// How often an indicative price is told at most.
const INDICATIVE_EVERY_NS: u64 = 60 * 1_000_000_000;

impl Market {
    /// While citizens cannot cancel, the regulator cannot move.
    fn check_not_frozen_market(&self) -> Checked {
        if self.phase == Phase::AuctionFreeze {
            return Err(Reject::plain(RejectCode::MarketFrozen));
        }
        Ok(())
    }

    /// Entering continuous with a crossed book uncrosses it first; then resting orders are served at the quotes.
    pub(super) fn set_phase(&mut self, phase: Phase, events: &mut impl Events) -> Checked {
        let entering = self.phase != phase;
        self.phase = phase;
        events.emit(Event::PhaseSet { phase });
        if entering && phase == Phase::Continuous && self.is_crossed() {
            self.uncross_now(events);
        }
        self.serve_resting(events);
        Ok(())
    }

    /// Best citizen bid − best citizen ask ≥ spread.
    fn is_crossed(&self) -> bool {
        let spread_ueur = self.rules.market.spread_ueur;
        match (self.book.best_price_ueur(Side::Buy), self.book.best_price_ueur(Side::Sell)) {
            (Some(bid_ueur), Some(ask_ueur)) => bid_ueur >= ask_ueur + spread_ueur,
            _ => false,
        }
    }

    /// Cancels the resting orders outside the new band and drops a quote outside it.
    pub(super) fn set_band(&mut self, floor: PriceUeur, ceiling: PriceUeur, events: &mut impl Events) -> Checked {
        self.check_not_frozen_market()?;
        let tick_ueur = self.rules.market.tick_ueur;
        let band = Band { floor_ueur: floor.ueur(), ceiling_ueur: ceiling.ueur() };
        check_band(band, tick_ueur)?;
        if ceiling.ueur() > PRICE_MAX_UEUR {
            return Err(Reject::with(RejectCode::LimitExceeded, PRICE_MAX_UEUR, ceiling.ueur()));
        }

        events.emit(Event::BandSet { floor, ceiling });
        let outside = move |price_ueur: u64| price_ueur < band.floor_ueur || price_ueur > band.ceiling_ueur;
        for side in [Side::Sell, Side::Buy] {
            self.cancel_in_line(side, |order| outside(order.price_ueur), CancelReason::BandChanged, events);
        }
        self.band = band;
        self.book.set_band(band, tick_ueur);
        if self.buyback.volume_g > 0 && outside(self.buyback.price_ueur) {
            self.buyback = Quote::default();
            self.later.rest(Event::BuybackSet {
                price: PriceUeur::ZERO,
                volume: QuantityG::ZERO,
                budget: AmountUeur::ZERO,
            });
        }
        if self.sale.volume_g > 0 && outside(self.sale.price_ueur) {
            self.sale = Quote::default();
            self.later.rest(Event::SaleSet { price: PriceUeur::ZERO, volume: QuantityG::ZERO });
        }
        Ok(())
    }

    /// A quote's volume is whole lots, its price on the tick and inside the band.
    fn check_quote(&self, price: PriceUeur, volume: QuantityG) -> Checked {
        let lot_g = self.rules.market.lot_g;
        if !volume.g().is_multiple_of(lot_g) {
            return Err(Reject::with(RejectCode::InvalidQuantity, lot_g, volume.g()));
        }
        check_price(&self.rules.market, &self.band, price)
    }

    /// Both quotes with volume: the buyback price is at most the sale price.
    fn check_not_crossed(buyback: &Quote, sale: &Quote) -> Checked {
        if buyback.volume_g > 0 && sale.volume_g > 0 && buyback.price_ueur > sale.price_ueur {
            return Err(Reject::with(RejectCode::QuotesCrossed, sale.price_ueur, buyback.price_ueur));
        }
        Ok(())
    }

    pub(super) fn set_buyback(
        &mut self,
        price: PriceUeur,
        volume: QuantityG,
        budget: AmountUeur,
        events: &mut impl Events,
    ) -> Checked {
        self.check_not_frozen_market()?;
        self.check_quote(price, volume)?;
        let quote = Quote { price_ueur: price.ueur(), volume_g: volume.g(), budget_ueur: budget.ueur() };
        Self::check_not_crossed(&quote, &self.sale)?;
        if !volume.is_zero() && signed(budget.ueur()) > self.public.treasury_ueur {
            return Err(Reject::with(RejectCode::TreasuryShort, self.public.treasury_ueur, budget.ueur()));
        }
        self.buyback = quote;
        events.emit(Event::BuybackSet { price, volume, budget });
        self.serve_resting(events);
        Ok(())
    }

    pub(super) fn set_sale(&mut self, price: PriceUeur, volume: QuantityG, events: &mut impl Events) -> Checked {
        self.check_not_frozen_market()?;
        self.check_quote(price, volume)?;
        let quote = Quote { price_ueur: price.ueur(), volume_g: volume.g(), budget_ueur: 0 };
        Self::check_not_crossed(&self.buyback, &quote)?;
        self.sale = quote;
        events.emit(Event::SaleSet { price, volume });
        self.serve_resting(events);
        Ok(())
    }

    pub(super) fn release_reserve(&mut self, released: QuantityG, events: &mut impl Events) -> Checked {
        self.check_not_frozen_market()?;
        check_not_zero(released.g())?;
        let lot_g = self.rules.market.lot_g;
        if !released.g().is_multiple_of(lot_g) {
            return Err(Reject::with(RejectCode::InvalidQuantity, lot_g, released.g()));
        }
        let released_g = signed(released.g());
        if released_g > self.public.reserve_g {
            return Err(Reject::with(RejectCode::InsufficientReserve, self.public.reserve_g, released.g()));
        }
        self.public.reserve_g -= released_g;
        self.public.inventory_g += released_g;
        events.emit(Event::ReserveReleased { quantity: released, tier: 0 });
        self.serve_resting(events);
        Ok(())
    }

    /// Puts a rule set in force. The band in force stays: it and the quotes must lie on the new tick.
    pub(super) fn set_rules(&mut self, rules: RuleSet, events: &mut impl Events) -> Checked {
        self.check_not_frozen_market()?;
        let old = &self.rules;
        let same_ground = rules.market.lot_g == old.market.lot_g
            && rules.market.tick_ueur == old.market.tick_ueur
            && rules.market.spread_ueur == old.market.spread_ueur
            && rules.market.rationing == old.market.rationing
            && rules.purchase.caps_per == old.purchase.caps_per
            && rules.orders.opposite_orders == old.orders.opposite_orders;
        let at_rest = self.phase == Phase::Closed && self.book.is_empty();
        if !same_ground && !at_rest {
            return Err(Reject::plain(RejectCode::RulesNeedClosed));
        }
        let tick_ueur = rules.market.tick_ueur;
        check_band(self.band, tick_ueur)?;
        for quote in [&self.buyback, &self.sale] {
            if quote.volume_g > 0 && !quote.price_ueur.is_multiple_of(tick_ueur) {
                return Err(Reject::with(RejectCode::InvalidTick, tick_ueur, quote.price_ueur));
            }
        }
        self.book.set_band(self.band, tick_ueur);
        self.rules = rules;
        self.allowances.forget();
        events.emit(Event::RulesSet { version: rules.version.bytes() });
        Ok(())
    }

    /// Time passes; while an auction collects, an indicative price is told at most once a minute.
    pub(super) fn tick(&mut self, events: &mut impl Events) -> Checked {
        let due = self.indicative_at.is_none_or(|told: TimestampNs| self.time.ns() - told.ns() >= INDICATIVE_EVERY_NS);
        if self.auction_collects() && due {
            self.indicative_at = Some(self.time);
            let (price, volume, imbalance_g) = Self::told(self.clearing());
            events.emit(Event::Indicative { price, volume, imbalance_g });
        }
        Ok(())
    }
}

/// A band on the tick, 0 < floor ≤ ceiling, within 65,536 ticks.
fn check_band(band: Band, tick_ueur: u64) -> Checked {
    for price_ueur in [band.floor_ueur, band.ceiling_ueur] {
        if !price_ueur.is_multiple_of(tick_ueur) {
            return Err(Reject::with(RejectCode::InvalidTick, tick_ueur, price_ueur));
        }
    }
    match band.ticks(tick_ueur) {
        None => Err(Reject::with(RejectCode::InvalidBand, band.ceiling_ueur, band.floor_ueur)),
        Some(ticks) if ticks > Band::TICKS_MAX => Err(Reject::with(RejectCode::InvalidBand, Band::TICKS_MAX, ticks)),
        Some(_) => Ok(()),
    }
}
