//! The budget year: opening, allotments, closing.

use carbex_vocabulary::{
    AccountId, BasisPoints, CancelReason, Event, Phase, PointsAccount, QuantityG, Reject, RejectCode,
};

use super::{
    Twin,
    accounts::Account,
    answer::{Outcome, amount, plain, quantity as as_quantity, reject},
    citizens::not_zero,
    facility::Offer,
    limits::{ACCOUNT_GRAMS_MAX, OWED_MAX_UEUR, PUBLIC_GRAMS_MAX, within},
};

/// The open budget year.
#[derive(Clone, Debug)]
pub struct Year {
    /// Calendar year.
    pub year: u32,
    /// The instant it opened.
    pub start_ns: i128,
    /// D: 365 or 366.
    pub days: i128,
    /// One endowment.
    pub endowment_g: i128,
    /// The most that may be issued.
    pub cap_g: Option<i128>,
    /// Issued so far, reserve included.
    pub issued_g: i128,
    /// Σ fraction of this year's `allot_all`.
    pub allotted_fraction_bp: i128,
    /// Whether tier 1 and tier 2 were released this year.
    pub tiers_used: [bool; 2],
}

fn days_of(year: u32) -> i128 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    if leap { 366 } else { 365 }
}

impl Twin {
    pub(super) fn require_year(&self) -> Result<&Year, Reject> {
        self.year.as_ref().ok_or(plain(RejectCode::NoPeriod))
    }

    pub(super) fn open_period(
        &mut self,
        year: u32,
        endowment: QuantityG,
        reserve: QuantityG,
        cap: Option<QuantityG>,
    ) -> Outcome {
        if self.year.is_some() {
            return Err(plain(RejectCode::PeriodOpen));
        }
        let (endowment_g, reserve_g) = (i128::from(endowment.g()), i128::from(reserve.g()));
        let cap_g = cap.map(|cap| i128::from(cap.g()));
        not_zero(endowment_g)?;
        if let Some(cap_g) = cap_g {
            not_zero(cap_g)?;
            if reserve_g > cap_g {
                return Err(reject(RejectCode::CapExceeded, cap_g, reserve_g));
            }
        }
        within(PUBLIC_GRAMS_MAX, self.public.issued_g + reserve_g)?;

        let days = days_of(year);
        self.year = Some(Year {
            year,
            start_ns: self.now_ns,
            days,
            endowment_g,
            cap_g,
            issued_g: reserve_g,
            allotted_fraction_bp: 0,
            tiers_used: [false, false],
        });
        self.public.reserve_g += reserve_g;
        self.public.issued_g += reserve_g;
        self.reference_ueur = None;
        for account in &mut self.accounts {
            account.consumed_g = 0;
            account.consumed_purchased_g = 0;
            account.sold_g = 0;
            account.bought_g = 0;
            account.opened_day = 0;
            account.orders_day = 0;
            account.orders_count = 0;
        }
        self.answer.outcome.push(Event::PeriodOpened { year, days: days as u32, endowment, reserve, cap });
        Ok(())
    }

    pub(super) fn allot(&mut self, id: AccountId, quantity: QuantityG) -> Outcome {
        let quantity_g = i128::from(quantity.g());
        let account = self.not_closed(id)?;
        self.require_year()?;
        not_zero(quantity_g)?;
        self.check_year_cap(quantity_g)?;
        within(PUBLIC_GRAMS_MAX, self.public.issued_g + quantity_g)?;
        self.check_allotment_fits(account, quantity_g)?;
        let event = self.issue(id, quantity_g);
        self.answer.outcome.push(event);
        Ok(())
    }

    /// Issues to every account `floor(A × fraction / 10000)`.
    pub(super) fn allot_all(&mut self, fraction: BasisPoints) -> Outcome {
        self.require_year()?;
        let fraction_bp = i128::from(fraction.bp());
        not_zero(fraction_bp)?;
        let shares: Vec<(AccountId, i128)> = self
            .accounts
            .iter()
            .map(|account| (account.id, self.endowment_g(account) * fraction_bp / 10_000))
            .filter(|share| share.1 > 0)
            .collect();
        let total_g: i128 = shares.iter().map(|share| share.1).sum();
        self.check_year_cap(total_g)?;
        within(PUBLIC_GRAMS_MAX, self.public.issued_g + total_g)?;
        for (id, share_g) in &shares {
            self.check_allotment_fits(self.known(*id)?, *share_g)?;
        }
        self.answer.outcome.push(Event::AllottedAll {
            fraction,
            accounts: shares.len() as u64,
            quantity: as_quantity(total_g),
        });
        for (id, share_g) in shares {
            let event = self.issue(id, share_g);
            self.answer.rest.push(event);
        }
        if let Some(year) = &mut self.year {
            year.allotted_fraction_bp += fraction_bp;
        }
        Ok(())
    }

    /// `CAP_EXCEEDED` if issuing that much more passes the year's cap.
    fn check_year_cap(&self, quantity_g: i128) -> Outcome {
        let year = self.require_year()?;
        match year.cap_g {
            Some(cap_g) if year.issued_g + quantity_g > cap_g => {
                Err(reject(RejectCode::CapExceeded, cap_g, year.issued_g + quantity_g))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn check_allotment_fits(&self, account: &Account, quantity_g: i128) -> Outcome {
        let to_account = quantity_g - account.repay_g.min(quantity_g);
        within(ACCOUNT_GRAMS_MAX, account.allotted_g + to_account)
    }

    /// Issues the full quantity; what is still to be repaid goes back to the deficit first.
    fn issue(&mut self, id: AccountId, quantity_g: i128) -> Event {
        let account = self.account_mut(id);
        let repaid = account.repay_g.min(quantity_g);
        account.repay_g -= repaid;
        account.allotted_g += quantity_g - repaid;
        self.public.deficit_g += repaid;
        self.public.issued_g += quantity_g;
        if let Some(year) = &mut self.year {
            year.issued_g += quantity_g;
        }
        Event::Allotted { account: id, quantity: as_quantity(quantity_g), repaid: as_quantity(repaid) }
    }

    pub(super) fn close_period(&mut self) -> Outcome {
        let year = self.require_year()?.year;
        let repay_bp = i128::from(self.rules.overdraft.repay_bp);
        let penalty_ueur = i128::from(self.rules.overdraft.penalty_ueur);
        for account in &self.accounts {
            let deficit_g = (-account.points_g()).max(0);
            if deficit_g > 0 {
                within(OWED_MAX_UEUR, account.owed_ueur + deficit_g * penalty_ueur / 1000)?;
            }
            within(ACCOUNT_GRAMS_MAX, account.repay_g + deficit_g * repay_bp / 10_000)?;
        }
        self.answer.outcome.push(Event::PeriodClosed { year });
        for order in self.best_first() {
            self.cancel_order(order.id, CancelReason::PeriodClosed);
        }
        for index in 0..self.accounts.len() {
            self.close_year_of(index);
        }
        self.expire_public_points();
        self.buyback = Offer::default();
        self.sale = Offer::default();
        self.reference_ueur = None;
        self.phase = Phase::Closed;
        self.year = None;
        Ok(())
    }

    /// Nets the two kinds of points; then a penalty for what is below zero, or a carry-over and expiry of the rest.
    fn close_year_of(&mut self, index: usize) {
        let endowment_g = self.endowment_g(&self.accounts[index]);
        let penalty_ueur = i128::from(self.rules.overdraft.penalty_ueur);
        let repay_bp = i128::from(self.rules.overdraft.repay_bp);
        let fraction_bp = i128::from(self.rules.carry_over.fraction_bp);
        let cap_bp = i128::from(self.rules.carry_over.cap_bp);
        let account = &mut self.accounts[index];
        let net_g = account.points_g();
        // Purchased points cover a deficit; they are not carried, nor are the allotted ones that they spared.
        let own_g = (account.allotted_g - account.bought_g).max(0);
        account.purchased_g = 0;
        if net_g < 0 {
            let deficit_g = -net_g;
            let charged = deficit_g * penalty_ueur / 1000;
            let paid = charged.min(account.cash_ueur);
            let repay_g = deficit_g * repay_bp / 10_000;
            account.allotted_g = 0;
            account.cash_ueur -= paid;
            account.owed_ueur += charged - paid;
            account.repay_g += repay_g;
            self.public.treasury_ueur += paid;
            self.public.deficit_g -= deficit_g;
            self.answer.rest.push(Event::Penalty {
                account: account.id,
                deficit: as_quantity(deficit_g),
                charged: amount(charged),
                paid: amount(paid),
                repay: as_quantity(repay_g),
            });
            return;
        }
        let carried_g = (own_g * fraction_bp / 10_000).min(endowment_g * cap_bp / 10_000);
        let expired_g = net_g - carried_g;
        account.allotted_g = carried_g;
        self.public.expired_g += expired_g;
        if carried_g > 0 {
            self.answer.rest.push(Event::CarriedOver { account: account.id, quantity: as_quantity(carried_g) });
        }
        if expired_g > 0 {
            let from = PointsAccount::Citizen(account.id);
            self.answer.rest.push(Event::Expired { from, quantity: as_quantity(expired_g) });
        }
    }

    fn expire_public_points(&mut self) {
        for (from, grams) in [
            (PointsAccount::Inventory, std::mem::take(&mut self.public.inventory_g)),
            (PointsAccount::Reserve, std::mem::take(&mut self.public.reserve_g)),
        ] {
            self.public.expired_g += grams;
            if grams > 0 {
                self.answer.rest.push(Event::Expired { from, quantity: as_quantity(grams) });
            }
        }
    }
}
