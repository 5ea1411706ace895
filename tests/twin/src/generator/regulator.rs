//! The regulator's commands: quotes that move a few ticks, volumes that run out, bands that cut the book.

use carbex_core::Command;
use carbex_vocabulary::{AmountUeur, Phase, PriceUeur, QuantityG};

use super::{
    Generator, HUGE, Scene,
    world::{self, chance, pick},
};

impl Generator {
    pub(super) fn open_period(&mut self, scene: &Scene) -> Command {
        let lot_g = scene.rules.market.lot_g;
        let lots = self.mix.lots * pick(&mut self.rng, &[5, 20, 20, 100]);
        let endowment = if self.is_wrong() {
            pick(&mut self.rng, &[0, 1, HUGE])
        } else {
            lot_g * self.rng.u64(lots / 2..=lots) + self.rng.u64(..lot_g)
        };
        let reserve = if self.is_wrong() {
            pick(&mut self.rng, &[0, HUGE])
        } else {
            lot_g * self.rng.u64(..=lots * 4) + self.rng.u64(..lot_g)
        };
        let everybody = lot_g * lots * self.mix.accounts;
        let cap = match self.rng.u32(..10) {
            0 => Some(reserve.saturating_add(self.rng.u64(..=everybody))),
            1 => Some(reserve.saturating_add(everybody * 2)),
            2 => Some(pick(&mut self.rng, &[0, reserve, reserve.saturating_sub(1)])),
            _ => None,
        };
        Command::OpenPeriod {
            year: pick(&mut self.rng, &[2024, 2027, 2028, 2029, 2030, 1900, 2000, 2100, 2400, 0, u32::MAX]),
            endowment: QuantityG::new(endowment),
            reserve: QuantityG::new(reserve),
            cap: cap.map(QuantityG::new),
        }
    }

    pub(super) fn set_band(&mut self, scene: &Scene) -> Command {
        let tick = scene.rules.market.tick_ueur;
        let start = scene.rules.band;
        if self.is_wrong() {
            let wrong = [
                (0, start.ceiling_ueur),
                (start.ceiling_ueur + tick, start.floor_ueur),
                (start.floor_ueur + 1, start.ceiling_ueur),
                (start.floor_ueur, start.ceiling_ueur + 1),
                (tick, tick * 65_537),
                (HUGE / tick * tick, HUGE / tick * tick),
                (u64::MAX / tick * tick, u64::MAX / tick * tick),
            ];
            let (floor, ceiling) = pick(&mut self.rng, &wrong);
            return Command::SetBand { floor: PriceUeur::new(floor), ceiling: PriceUeur::new(ceiling) };
        }
        if chance(&mut self.rng, 2) {
            // The widest band there may be.
            let floor = start.floor_ueur / tick * tick;
            return Command::SetBand { floor: PriceUeur::new(floor), ceiling: PriceUeur::new(floor + tick * 65_535) };
        }
        let floor = (start.floor_ueur / tick + self.rng.u64(..8)).saturating_sub(4).max(1) * tick;
        let ceiling = floor + tick * self.rng.u64(..50);
        Command::SetBand { floor: PriceUeur::new(floor), ceiling: PriceUeur::new(ceiling) }
    }

    fn volume(&mut self, scene: &Scene) -> QuantityG {
        let lot_g = scene.rules.market.lot_g;
        if self.is_wrong() {
            let huge = pick(&mut self.rng, &[HUGE, u64::MAX]) / lot_g * lot_g;
            return QuantityG::new(pick(&mut self.rng, &[0, 0, lot_g + 1, lot_g - 1, huge]));
        }
        QuantityG::new(lot_g * self.rng.u64(1..=self.mix.lots * 4))
    }

    pub(super) fn set_buyback(&mut self, scene: &Scene) -> Command {
        let treasury = scene.fields.public.treasury_ueur.unsigned_abs();
        let budget = match self.rng.u32(..6) {
            0 => self.some_money(scene).ueur(),
            1 => treasury,
            2 => treasury + 1,
            _ => self.rng.u64(..=treasury),
        };
        let mut price = self.price(scene);
        if scene.fields.sale.volume_g > 0 && price.ueur() > scene.fields.sale.price_ueur && chance(&mut self.rng, 80) {
            price = PriceUeur::new(scene.fields.sale.price_ueur);
        }
        Command::SetBuyback { price, volume: self.volume(scene), budget: AmountUeur::new(budget) }
    }

    pub(super) fn set_sale(&mut self, scene: &Scene) -> Command {
        let mut price = self.price(scene);
        let buyback = scene.fields.buyback;
        if buyback.volume_g > 0 && price.ueur() < buyback.price_ueur && chance(&mut self.rng, 80) {
            price = PriceUeur::new(buyback.price_ueur);
        }
        Command::SetSale { price, volume: self.volume(scene) }
    }

    pub(super) fn fund_treasury(&mut self, scene: &Scene) -> Command {
        Command::FundTreasury { amount: self.some_money(scene) }
    }

    pub(super) fn draw_treasury(&mut self, scene: &Scene) -> Command {
        Command::DrawTreasury { amount: self.some_money(scene) }
    }

    pub(super) fn release_reserve(&mut self, scene: &Scene) -> Command {
        let lot_g = scene.rules.market.lot_g;
        let reserve = scene.fields.public.reserve_g.unsigned_abs();
        let whole = reserve / lot_g * lot_g;
        let quantity = match self.rng.u32(..20) {
            0 => reserve,
            1 => whole,
            2 => whole + lot_g,
            _ => self.volume(scene).g(),
        };
        Command::ReleaseReserve { quantity: QuantityG::new(quantity) }
    }

    /// Mostly where it may clear; elsewhere mostly an order instead.
    pub(super) fn uncross(&mut self, scene: &Scene) -> Command {
        match scene.fields.phase {
            Phase::Auction | Phase::AuctionFreeze if scene.fields.open_orders < 4 && chance(&mut self.rng, 70) => {
                self.place(scene)
            }
            Phase::Auction | Phase::AuctionFreeze => Command::Uncross,
            Phase::Closed | Phase::Posted | Phase::Continuous | Phase::Halted => {
                if chance(&mut self.rng, 5) {
                    Command::Uncross
                } else {
                    self.place(scene)
                }
            }
        }
    }

    /// Mostly where there may be something to share; elsewhere mostly an order instead.
    pub(super) fn distribute(&mut self, scene: &Scene) -> Command {
        let something = scene.fields.phase == Phase::Posted
            && scene.fields.best_buy_ueur.is_some()
            && scene.fields.public.inventory_g > 0;
        if something || chance(&mut self.rng, 5) { Command::Distribute } else { self.place(scene) }
    }

    pub(super) fn set_rules(&mut self, scene: &Scene, between_years: bool) -> Command {
        let restricted = between_years || chance(&mut self.rng, 30);
        Command::SetRules { rules: world::changed(&mut self.rng, &scene.rules, restricted) }
    }
}
