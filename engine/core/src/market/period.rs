//! The budget year: opening it, and closing it with its penalties, carry-over and expiry (market specification, section 4).

use carbex_vocabulary::{Event, Phase, PointsAccount, QuantityG, Reject, RejectCode};

use super::ledger::{TOTAL_MAX, quantity, signed};
use super::marks::Marks;
use super::operation::{EndingRules, Operation, YearTerms};
use super::points::{check_amount_fits, check_not_zero};
use super::year::Year;
use super::{Checked, Events, Market};
use crate::Quote;
use crate::accounts::{AMOUNT_MAX_G, OWED_MAX_UEUR};

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
        self.settlement.classes.forget_opened_days();
        self.begin_operation(Operation::OpenPeriod, false, events);
        Ok(())
    }

    pub(super) fn close_period(&mut self, events: &mut impl Events) -> Checked {
        let year = *self.open_year()?;
        let rules = EndingRules::of_rules(&self.rules);
        debug_assert!(self.marks_cover_all_accounts());
        let proven = self.prove_endings();
        if !proven {
            self.sharpen_marks();
            self.check_endings(&rules)?;
        }
        let terms = YearTerms::of_year(&year);
        let most_carried_g = self.issue(&terms, rules.carried_cap_bp).map_or(AMOUNT_MAX_G, |issue| issue.most_g);
        self.settlement.marks.after_endings(&rules, most_carried_g);

        events.emit(Event::PeriodClosed { year: year.year });
        self.begin_operation(Operation::ClosePeriod { terms, rules }, !proven, events);
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

    /// Whether the tables are known to hold what every account ends the year with.
    pub(super) fn prove_endings(&self) -> bool {
        self.settlement.marks.prove_endings(&EndingRules::of_rules(&self.rules))
    }

    /// The tables hold what every account ends the year with; all accounts are settled.
    fn check_endings(&self, rules: &EndingRules) -> Checked {
        for slot in self.accounts.slots() {
            let deficit_g = -self.accounts.hot(slot).points_g();
            if deficit_g <= 0 {
                continue;
            }
            let cold = self.accounts.cold(slot);
            let owed_ueur = cold.owed_ueur + rules.charged_ueur(deficit_g);
            if owed_ueur > OWED_MAX_UEUR {
                return Err(Reject::with(RejectCode::LimitExceeded, OWED_MAX_UEUR, owed_ueur));
            }
            check_amount_fits(cold.repay_g + rules.repay_g(deficit_g))?;
        }
        Ok(())
    }

    /// Looks at every account; all are settled.
    pub(super) fn sharpen_marks(&mut self) {
        let mut marks = Marks::default();
        for slot in self.accounts.slots() {
            marks.note(self.accounts.hot(slot), &self.accounts.cold(slot));
        }
        self.settlement.marks = marks;
    }
}
