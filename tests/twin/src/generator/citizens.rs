//! Commands about citizens' accounts, sized by their endowment.

use carbex_core::Command;
use carbex_vocabulary::{AccountId, AmountUeur, BasisPoints, DebitMode, HouseholdId, QuantityG};

use super::{
    Generator, HUGE, Scene,
    world::{chance, pick},
};

/// Half of what one field of an account holds, in grams.
const FLOOD_G: i64 = 1 << 38;

impl Generator {
    pub(super) fn open_account(&mut self, scene: &Scene) -> Command {
        let opened = scene.fields.accounts;
        let number = if chance(&mut self.rng, 10) { self.rng.u64(..=opened) } else { opened };
        // Far apart, as pseudonymous numbers are; the first is 0, which is a number like another.
        let account = AccountId::new(number.wrapping_mul(100_000_000_000_007));
        Command::OpenAccount { account, share: self.share(), household: self.household() }
    }

    pub(super) fn close_account(&mut self, scene: &Scene) -> Command {
        let living = scene.fields.accounts;
        if living >= u64::from(self.capacities.accounts) && chance(&mut self.rng, 95) {
            return self.debit(scene);
        }
        Command::CloseAccount { account: self.account(scene) }
    }

    fn share(&mut self) -> BasisPoints {
        if self.is_wrong() && chance(&mut self.rng, 20) {
            return BasisPoints::new(u32::MAX);
        }
        BasisPoints::new(pick(&mut self.rng, &[10_000, 10_000, 10_000, 10_000, 5000, 5000, 3333, 0, 20_001]))
    }

    fn household(&mut self) -> HouseholdId {
        if self.is_wrong() && chance(&mut self.rng, 20) {
            return HouseholdId::new(pick(&mut self.rng, &[HUGE, u64::MAX]));
        }
        HouseholdId::new(self.rng.u64(..4))
    }

    pub(super) fn set_share(&mut self, scene: &Scene) -> Command {
        Command::SetShare { account: self.account(scene), share: self.share() }
    }

    pub(super) fn set_household(&mut self, scene: &Scene) -> Command {
        Command::SetHousehold { account: self.account(scene), household: self.household() }
    }

    pub(super) fn set_obligation(&mut self, scene: &Scene) -> Command {
        let quantity = if chance(&mut self.rng, 20) { QuantityG::ZERO } else { self.some_points(scene) };
        Command::SetObligation { account: self.account(scene), quantity }
    }

    /// A part of an endowment; rarely nothing or too much.
    fn some_points(&mut self, scene: &Scene) -> QuantityG {
        let endowment = scene.fields.period.map_or(1000, |period| period.endowment_g);
        if self.is_wrong() {
            // With an endowment as huge as the debit, which of two refusals comes first is nobody's question.
            let huge = if endowment < HUGE { u64::MAX } else { 0 };
            return QuantityG::new(pick(&mut self.rng, &[0, HUGE, huge]));
        }
        let endowment = endowment.min(10_000_000);
        let part = pick(&mut self.rng, &[100, 20, 5, 2]);
        QuantityG::new(self.rng.u64(1..=endowment / part + 1))
    }

    pub(super) fn debit(&mut self, scene: &Scene) -> Command {
        let account = self.account(scene);
        let mode = if chance(&mut self.rng, 15) { DebitMode::Record } else { DebitMode::Authorise };
        Command::Debit { account, quantity: self.some_points(scene), mode }
    }

    pub(super) fn refund(&mut self, scene: &Scene) -> Command {
        let account = self.account(scene);
        let consumed = scene.twin.account(account).map_or(0, |fields| fields.consumed_g.unsigned_abs());
        let quantity = if chance(&mut self.rng, 70) && consumed > 0 {
            QuantityG::new(self.rng.u64(1..=consumed))
        } else {
            self.some_points(scene)
        };
        Command::Refund { account, quantity }
    }

    pub(super) fn allot(&mut self, scene: &Scene) -> Command {
        Command::Allot { account: self.account(scene), quantity: self.some_points(scene) }
    }

    /// An account filled to the brim, or emptied of what filled it and more: what the tables can just hold.
    pub(super) fn flood(&mut self, scene: &Scene) -> Command {
        let account = self.account(scene);
        let brim_g = scene.twin.accounts().iter().max_by_key(|(_, fields)| fields.allotted_g).copied();
        match brim_g {
            Some((account, fields)) if fields.allotted_g > FLOOD_G && chance(&mut self.rng, 80) => {
                let quantity = fields.allotted_g.unsigned_abs() - self.rng.u64(..FLOOD_G.unsigned_abs());
                Command::Debit { account, quantity: QuantityG::new(quantity), mode: DebitMode::Record }
            }
            _ if chance(&mut self.rng, 30) => {
                let quantity = self.rng.u64(..2 * FLOOD_G.unsigned_abs());
                Command::Debit { account, quantity: QuantityG::new(quantity), mode: DebitMode::Record }
            }
            _ => {
                let held_g = scene.twin.account(account).map_or(0, |fields| fields.allotted_g);
                let room = (2 * FLOOD_G - 1 - held_g).max(0).unsigned_abs();
                Command::Allot { account, quantity: QuantityG::new(room.saturating_sub(self.rng.u64(..1000))) }
            }
        }
    }

    pub(super) fn allot_all(&mut self) -> Command {
        let fraction = if self.is_wrong() { 0 } else { pick(&mut self.rng, &[833, 2500, 5000, 10_000, 1, 12_000]) };
        Command::AllotAll { fraction: BasisPoints::new(fraction) }
    }

    /// What some lots cost; rarely nothing or too much.
    pub(super) fn some_money(&mut self, scene: &Scene) -> AmountUeur {
        if self.is_wrong() {
            return AmountUeur::new(pick(&mut self.rng, &[0, HUGE, u64::MAX]));
        }
        // Below what the treasury may hold, even in a band that was set absurdly high.
        let ceiling_ueur = scene.fields.band.ceiling_ueur.min(100_000_000);
        let lot_ueur = ceiling_ueur * scene.rules.market.lot_g / 1000 + 1;
        let lots = pick(&mut self.rng, &[2, 20, 200]);
        AmountUeur::new(self.rng.u64(1..=lot_ueur * lots))
    }

    pub(super) fn deposit(&mut self, scene: &Scene) -> Command {
        Command::Deposit { account: self.account(scene), amount: self.some_money(scene) }
    }

    pub(super) fn withdraw(&mut self, scene: &Scene) -> Command {
        Command::Withdraw { account: self.account(scene), amount: self.some_money(scene) }
    }
}
