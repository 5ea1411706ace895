//! The budget year: opening it, and closing it with its penalties, carry-over and expiry (market specification, section 4).

use carbex_vocabulary::{AmountUeur, CancelReason, Event, Phase, PointsAccount, QuantityG, Reject, RejectCode, Side};

use super::ledger::{TOTAL_MAX, amount, quantity, signed};
use super::points::{check_amount_fits, check_not_zero};
use super::year::Year;
use super::{Checked, Events, Market};
use crate::Quote;
use crate::accounts::{AccountSlot, OWED_MAX_UEUR};

/// How one account ends the year.
#[derive(Clone, Copy)]
enum Ending {
    Deficit { deficit_g: i64, charged_ueur: i64, repay_g: i64 },
    Surplus { carried_g: i64, expired_g: i64 },
}

/// floor(number × numerator / denominator), exact.
fn floor_share(number: i64, numerator: u64, denominator: u64) -> i64 {
    let wide = u128::from(number.unsigned_abs()) * u128::from(numerator) / u128::from(denominator);
    signed(u64::try_from(wide).unwrap_or(u64::MAX))
}

impl Market {
    pub(super) fn open_period(
        &mut self,
        year: u32,
        endowment: QuantityG,
        reserve: QuantityG,
        cap: Option<QuantityG>,
        events: &mut impl Events,
    ) -> Checked {
        if self.year.is_some() {
            return Err(Reject::plain(RejectCode::PeriodOpen));
        }
        check_not_zero(endowment.g())?;
        if let Some(cap) = cap {
            check_not_zero(cap.g())?;
            if reserve.g() > cap.g() {
                return Err(Reject::with(RejectCode::CapExceeded, cap.g(), reserve.g()));
            }
        }
        let reserve_g = signed(reserve.g());
        if signed(endowment.g()) == TOTAL_MAX || reserve_g > TOTAL_MAX - 1 - self.public.issued_g {
            return Err(Reject::with(RejectCode::LimitExceeded, TOTAL_MAX - 1, endowment.g().max(reserve.g())));
        }

        let days = Year::days_of(year);
        events.emit(Event::PeriodOpened { year, days, endowment, reserve, cap });
        self.year = Some(Year {
            year,
            start: self.time,
            days,
            day: 0,
            endowment_g: endowment.g(),
            cap_g: cap.map(QuantityG::g),
            issued_g: 0,
            allotted_fraction_bp: 0,
            tiers_used: [false; 2],
        });
        self.allowances.forget();
        self.reference_ueur = None;
        self.book_issue(reserve_g);
        self.public.reserve_g += reserve_g;
        for slot in self.accounts.slots() {
            let hot = self.accounts.hot_mut(slot);
            hot.set_consumed_g(0);
            hot.set_sold_g(0);
            hot.set_bought_g(0);
            hot.set_opened_day(0);
            hot.set_orders_today(0);
            let mut cold = self.accounts.cold(slot);
            cold.consumed_purchased_g = 0;
            self.accounts.set_cold(slot, &cold);
        }
        Ok(())
    }

    pub(super) fn close_period(&mut self, events: &mut impl Events) -> Checked {
        let year = *self.open_year()?;
        for slot in self.accounts.slots() {
            self.check_ending(slot, &year)?;
        }

        events.emit(Event::PeriodClosed { year: year.year });
        for side in [Side::Sell, Side::Buy] {
            self.cancel_in_line(side, |_| true, CancelReason::PeriodClosed, events);
        }
        for slot in self.accounts.slots() {
            if !self.is_closed(slot) {
                self.end_year_of(slot, &year, events);
            }
        }
        let (inventory_g, reserve_g) = (self.public.inventory_g, self.public.reserve_g);
        for (from, expired_g) in [(PointsAccount::Inventory, inventory_g), (PointsAccount::Reserve, reserve_g)] {
            if expired_g > 0 {
                events.emit(Event::Expired { from, quantity: quantity(expired_g) });
            }
        }
        self.public.expired_g += inventory_g + reserve_g;
        self.public.inventory_g = 0;
        self.public.reserve_g = 0;
        self.buyback = Quote::default();
        self.sale = Quote::default();
        self.reference_ueur = None;
        self.phase = Phase::Closed;
        self.year = None;
        self.allowances.forget();
        Ok(())
    }

    /// Both buckets together end the year; what was bought is not carried, so it comes off what was allotted.
    fn ending(&self, slot: AccountSlot, year: &Year) -> Ending {
        let hot = self.accounts.hot(slot);
        let points_g = hot.points_g();
        if points_g < 0 {
            let deficit_g = -points_g;
            return Ending::Deficit {
                deficit_g,
                charged_ueur: floor_share(deficit_g, self.rules.overdraft.penalty_ueur, 1000),
                repay_g: floor_share(deficit_g, u64::from(self.rules.overdraft.repay_bp), 10_000),
            };
        }
        let carry_over = &self.rules.carry_over;
        let own_g = (hot.allotted_g() - hot.bought_g()).max(0);
        let carried_g =
            floor_share(own_g, u64::from(carry_over.fraction_bp), 10_000).min(year.of(&hot).share_g(carry_over.cap_bp));
        Ending::Surplus { carried_g, expired_g: points_g - carried_g }
    }

    /// The tables hold what this account ends with.
    fn check_ending(&self, slot: AccountSlot, year: &Year) -> Checked {
        match self.ending(slot, year) {
            Ending::Surplus { .. } => Ok(()),
            Ending::Deficit { charged_ueur, repay_g, .. } => {
                let cold = self.accounts.cold(slot);
                let owed_ueur = cold.owed_ueur + charged_ueur;
                if owed_ueur > OWED_MAX_UEUR {
                    return Err(Reject::with(RejectCode::LimitExceeded, OWED_MAX_UEUR, owed_ueur));
                }
                check_amount_fits(cold.repay_g + repay_g)
            }
        }
    }

    fn end_year_of(&mut self, slot: AccountSlot, year: &Year, events: &mut impl Events) {
        let ending = self.ending(slot, year);
        let account = self.accounts.id(slot);
        let hot = self.accounts.hot_mut(slot);
        hot.set_purchased_g(0);
        match ending {
            Ending::Deficit { deficit_g, charged_ueur, repay_g } => {
                let paid_ueur = charged_ueur.min(hot.cash_ueur());
                hot.set_allotted_g(0);
                hot.add_cash_ueur(-paid_ueur);
                let mut cold = self.accounts.cold(slot);
                cold.owed_ueur += charged_ueur - paid_ueur;
                cold.repay_g += repay_g;
                self.accounts.set_cold(slot, &cold);
                self.public.treasury_ueur += paid_ueur;
                self.public.deficit_g -= deficit_g;
                events.emit(Event::Penalty {
                    account,
                    deficit: quantity(deficit_g),
                    charged: amount(charged_ueur),
                    paid: AmountUeur::new(paid_ueur.unsigned_abs()),
                    repay: quantity(repay_g),
                });
            }
            Ending::Surplus { carried_g, expired_g } => {
                hot.set_allotted_g(carried_g);
                self.public.expired_g += expired_g;
                if carried_g > 0 {
                    events.emit(Event::CarriedOver { account, quantity: quantity(carried_g) });
                }
                if expired_g > 0 {
                    let from = PointsAccount::Citizen(account);
                    events.emit(Event::Expired { from, quantity: quantity(expired_g) });
                }
            }
        }
    }
}
