//! `set_rules`: a rule set takes effect, unless it changes what resting orders and the book stand on.

use carbex_rules::RuleSet;
use carbex_vocabulary::{Event, Phase, RejectCode};

use super::{
    Twin,
    answer::{Outcome, plain, reject},
    regulator::check_band,
};

impl Twin {
    pub(super) fn set_rules(&mut self, rules: RuleSet) -> Outcome {
        self.require_not_frozen()?;
        let quiet = self.phase == Phase::Closed && self.orders.is_empty();
        if !quiet && self.changes_what_orders_stand_on(&rules) {
            return Err(plain(RejectCode::RulesNeedClosed));
        }
        let tick_ueur = rules.market.tick_ueur;
        let on_tick = |price_ueur: u64| -> Outcome {
            if !price_ueur.is_multiple_of(tick_ueur) {
                return Err(reject(RejectCode::InvalidTick, i128::from(tick_ueur), i128::from(price_ueur)));
            }
            Ok(())
        };
        on_tick(self.band.floor_ueur)?;
        on_tick(self.band.ceiling_ueur)?;
        check_band(self.band, tick_ueur)?;
        for price in self.quote_prices() {
            on_tick(price.ueur())?;
        }
        self.rules = rules;
        self.answer.outcome.push(Event::RulesSet { version: rules.version.bytes() });
        Ok(())
    }

    fn changes_what_orders_stand_on(&self, rules: &RuleSet) -> bool {
        let (old, new) = (&self.rules, rules);
        old.market.lot_g != new.market.lot_g
            || old.market.tick_ueur != new.market.tick_ueur
            || old.market.spread_ueur != new.market.spread_ueur
            || old.market.rationing != new.market.rationing
            || old.purchase.caps_per != new.purchase.caps_per
            || old.orders.opposite_orders != new.orders.opposite_orders
    }
}
