//! Points issued and consumed: allot, allot_all, debit, refund.

use carbex_rules::check_overdraft;
use carbex_vocabulary::{
    AccountId, AccountStatus, BasisPoints, CancelReason, DebitMode, Event, QuantityG, Reject, RejectCode, Side,
};

use super::accounts::check_not_closed;
use super::ledger::{TOTAL_MAX, quantity, signed};
use super::{Checked, Events, Market};
use crate::accounts::{AMOUNT_MAX_G, AccountSlot};

/// Zero of anything is no command.
pub(super) fn check_not_zero(number: u64) -> Checked {
    if number == 0 {
        return Err(Reject::with(RejectCode::InvalidQuantity, 1, 0));
    }
    Ok(())
}

/// A sum that one field of the account table holds.
pub(super) fn check_amount_fits(grams: i64) -> Checked {
    if grams > AMOUNT_MAX_G {
        return Err(Reject::with(RejectCode::LimitExceeded, AMOUNT_MAX_G, grams));
    }
    Ok(())
}

/// What an allotment does to one account.
#[derive(Clone, Copy)]
struct Allotment {
    issued_g: i64,
    /// What goes to the old deficit first.
    repaid_g: i64,
}

impl Market {
    /// Checks an issue against the year's cap and what the public total holds.
    pub(super) fn check_issue(&self, quantity_g: i128) -> Checked {
        let year = self.open_year()?;
        let issued_g = i128::from(year.issued_g) + quantity_g;
        if let Some(cap_g) = year.cap_g
            && issued_g > i128::from(cap_g)
        {
            return Err(Reject::with(RejectCode::CapExceeded, cap_g, issued_g));
        }
        let total_g = i128::from(self.public.issued_g) + quantity_g;
        if total_g > i128::from(TOTAL_MAX) {
            return Err(Reject::with(RejectCode::LimitExceeded, TOTAL_MAX, total_g));
        }
        Ok(())
    }

    /// Books an issue in the public total and in the year's; it was checked.
    pub(super) fn book_issue(&mut self, quantity_g: i64) {
        self.public.issued_g += quantity_g;
        if let Some(year) = &mut self.year {
            year.issued_g += quantity_g.unsigned_abs();
        }
    }

    fn plan_allotment(&self, slot: AccountSlot, issued_g: i64) -> Checked<Allotment> {
        let repaid_g = issued_g.min(self.accounts.cold(slot).repay_g);
        check_amount_fits(self.accounts.hot(slot).allotted_g().saturating_add(issued_g - repaid_g))?;
        Ok(Allotment { issued_g, repaid_g })
    }

    fn book_allotment(&mut self, slot: AccountSlot, allotment: Allotment, events: &mut impl Events) {
        let Allotment { issued_g, repaid_g } = allotment;
        let hot = self.accounts.hot_mut(slot);
        hot.add_allotted_g(issued_g - repaid_g);
        if repaid_g > 0 {
            let mut cold = self.accounts.cold(slot);
            cold.repay_g -= repaid_g;
            self.accounts.set_cold(slot, &cold);
            self.public.deficit_g += repaid_g;
        }
        let account = self.accounts.id(slot);
        events.emit(Event::Allotted { account, quantity: quantity(issued_g), repaid: quantity(repaid_g) });
    }

    pub(super) fn allot(&mut self, account: AccountId, allotted: QuantityG, events: &mut impl Events) -> Checked {
        let slot = self.find(account)?;
        check_not_closed(&self.accounts.hot(slot))?;
        self.open_year()?;
        check_not_zero(allotted.g())?;
        self.check_issue(i128::from(allotted.g()))?;
        let allotment = self.plan_allotment(slot, signed(allotted.g()))?;
        self.book_issue(allotment.issued_g);
        self.book_allotment(slot, allotment, events);
        Ok(())
    }

    /// Gives each account floor(A × fraction_bp / 10000); all of them or none.
    pub(super) fn allot_all(&mut self, fraction: BasisPoints, events: &mut impl Events) -> Checked {
        let year = *self.open_year()?;
        check_not_zero(u64::from(fraction.bp()))?;
        let (mut accounts, mut total_g) = (0_u64, 0_i128);
        let mut unfit = Ok(());
        for slot in self.accounts.slots() {
            let issued_g = year.of(&self.accounts.hot(slot)).share_g(fraction.bp());
            total_g += i128::from(issued_g);
            accounts += u64::from(issued_g > 0);
            if unfit.is_ok() {
                unfit = self.plan_allotment(slot, issued_g).map(|_| ());
            }
        }
        self.check_issue(total_g)?;
        unfit?;
        let total_g = i64::try_from(total_g).map_err(|_| Reject::plain(RejectCode::LimitExceeded))?;
        events.emit(Event::AllottedAll { fraction, accounts, quantity: quantity(total_g) });
        self.book_issue(total_g);
        if let Some(year) = &mut self.year {
            year.allotted_fraction_bp += u64::from(fraction.bp());
        }
        self.allowances.forget();
        for slot in self.accounts.slots() {
            let issued_g = year.of(&self.accounts.hot(slot)).share_g(fraction.bp());
            if issued_g > 0 {
                let repaid_g = issued_g.min(self.accounts.cold(slot).repay_g);
                self.book_allotment(slot, Allotment { issued_g, repaid_g }, events);
            }
        }
        Ok(())
    }

    /// Consumes points: purchased ones first. Daily life comes before trading: sells give way, newest first.
    pub(super) fn debit(
        &mut self,
        account: AccountId,
        debited: QuantityG,
        mode: DebitMode,
        events: &mut impl Events,
    ) -> Checked {
        let slot = self.find(account)?;
        let hot = *self.accounts.hot(slot);
        check_not_closed(&hot)?;
        self.open_year()?;
        check_not_zero(debited.g())?;
        let debited_g = signed(debited.g());
        match mode {
            DebitMode::Authorise => {
                let allowance = self.allowance(&hot)?;
                check_overdraft(&self.holdings(slot, &hot), self.allowances.at(allowance), debited_g)?;
            }
            DebitMode::Record => {}
        }
        let purchased_g = hot.purchased_g().min(debited_g);
        let from_allotted_g = debited_g - purchased_g;
        check_amount_fits(hot.consumed_g() + debited_g)?;
        check_amount_fits(from_allotted_g - hot.allotted_g())?;
        if self.public.retired_g > TOTAL_MAX - debited_g {
            return Err(Reject::with(RejectCode::LimitExceeded, TOTAL_MAX, self.public.retired_g));
        }
        let hot = self.accounts.hot_mut(slot);
        hot.add_purchased_g(-purchased_g);
        hot.add_allotted_g(-from_allotted_g);
        hot.add_consumed_g(debited_g);
        let needs_points = hot.points_g() < hot.open_sell_g();
        if purchased_g > 0 {
            let mut cold = self.accounts.cold(slot);
            cold.consumed_purchased_g += purchased_g;
            self.accounts.set_cold(slot, &cold);
        }
        self.public.retired_g += debited_g;
        events.emit(Event::Debited { account, quantity: debited, purchased: quantity(purchased_g), mode });
        if needs_points {
            self.cancel_sells_until_covered(slot, events);
        }
        Ok(())
    }

    /// Cancels an account's sells, newest first, while they promise points that are gone.
    fn cancel_sells_until_covered(&mut self, slot: AccountSlot, events: &mut impl Events) {
        let mut next = self.book.of_account(self.accounts.hot(slot).newest_order()).next();
        while let Some(order) = next {
            let hot = self.accounts.hot(slot);
            if hot.points_g() >= hot.open_sell_g() {
                return;
            }
            next = self.book.older_of_account(order);
            if self.book.order(order).side == Side::Sell {
                events.emit(self.cancel_order(order, CancelReason::DebitNeedsPoints));
            }
        }
    }

    /// Gives consumption back: to allotted what was allotted, the rest to purchased.
    pub(super) fn refund(&mut self, account: AccountId, refunded: QuantityG, events: &mut impl Events) -> Checked {
        let slot = self.find(account)?;
        let hot = *self.accounts.hot(slot);
        let mut cold = self.accounts.cold(slot);
        check_not_closed(&hot)?;
        self.open_year()?;
        check_not_zero(refunded.g())?;
        let refunded_g = signed(refunded.g());
        if refunded_g > hot.consumed_g() {
            return Err(Reject::with(RejectCode::InvalidQuantity, hot.consumed_g(), refunded_g));
        }
        let to_allotted_g = refunded_g.min(hot.consumed_g() - cold.consumed_purchased_g);
        let to_purchased_g = refunded_g - to_allotted_g;
        check_amount_fits(hot.allotted_g() + to_allotted_g)?;
        check_amount_fits(hot.purchased_g() + hot.open_buy_g() + to_purchased_g)?;
        let hot = self.accounts.hot_mut(slot);
        hot.add_consumed_g(-refunded_g);
        hot.add_allotted_g(to_allotted_g);
        hot.add_purchased_g(to_purchased_g);
        cold.consumed_purchased_g -= to_purchased_g;
        self.accounts.set_cold(slot, &cold);
        self.public.retired_g -= refunded_g;
        events.emit(Event::Refunded { account, quantity: refunded, purchased: quantity(to_purchased_g) });
        Ok(())
    }

    /// Whether an account takes part in a year's end and in allotments.
    pub(super) fn is_closed(&self, slot: AccountSlot) -> bool {
        self.accounts.hot(slot).status() == AccountStatus::Closed
    }
}
