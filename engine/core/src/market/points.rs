//! Points issued and consumed: allot, allot_all, debit, refund.

use carbex_rules::check_overdraft;
use carbex_vocabulary::{AccountId, BasisPoints, CancelReason, DebitMode, Event, QuantityG, Reject, RejectCode, Side};

use super::accounts::check_not_closed;
use super::ledger::{TOTAL_MAX, quantity, signed};
use super::operation::{Operation, YearTerms, class_of};
use super::year::Year;
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

/// What an allotment to all accounts issues.
#[derive(Clone, Copy)]
pub(super) struct Issue {
    /// Accounts that are given anything.
    pub accounts: u64,
    pub total_g: i128,
    /// The most that one account is given.
    pub most_g: i64,
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

    pub(super) fn allot(&mut self, account: AccountId, allotted: QuantityG, events: &mut impl Events) -> Checked {
        let slot = self.find(account)?;
        let hot = *self.accounts.hot(slot);
        check_not_closed(&hot)?;
        self.open_year()?;
        check_not_zero(allotted.g())?;
        self.check_issue(i128::from(allotted.g()))?;
        let issued_g = signed(allotted.g());
        let mut cold = self.accounts.cold(slot);
        let repaid_g = issued_g.min(cold.repay_g);
        check_amount_fits(hot.allotted_g().saturating_add(issued_g - repaid_g))?;
        self.book_issue(issued_g);
        let hot = self.accounts.hot_mut(slot);
        hot.add_allotted_g(issued_g - repaid_g);
        self.settlement.marks.note_points(hot);
        if repaid_g > 0 {
            cold.repay_g -= repaid_g;
            self.accounts.set_cold(slot, &cold);
        }
        self.public.deficit_g += repaid_g;
        events.emit(Event::Allotted { account, quantity: allotted, repaid: quantity(repaid_g) });
        Ok(())
    }

    /// Gives each account floor(A × fraction_bp / 10000); all of them or none.
    pub(super) fn allot_all(&mut self, fraction: BasisPoints, events: &mut impl Events) -> Checked {
        let year = *self.open_year()?;
        check_not_zero(u64::from(fraction.bp()))?;
        debug_assert!(self.marks_cover_all_accounts());
        let proven = self.prove_allotment(&year, fraction.bp());
        let issue = match proven {
            Some(issue) => {
                self.check_issue(issue.total_g)?;
                issue
            }
            None => self.look_at_all(&year, fraction.bp())?,
        };
        let total_g = i64::try_from(issue.total_g).map_err(|_| Reject::plain(RejectCode::LimitExceeded))?;
        events.emit(Event::AllottedAll { fraction, accounts: issue.accounts, quantity: quantity(total_g) });
        self.book_issue(total_g);
        self.public.in_settlement_g += total_g;
        if let Some(year) = &mut self.year {
            year.allotted_fraction_bp += u64::from(fraction.bp());
        }
        self.allowances.forget();
        self.settlement.marks.after_allotment(issue.most_g);
        let operation = Operation::AllotAll { terms: YearTerms::of_year(&year), fraction_bp: fraction.bp() };
        self.begin_operation(operation, proven.is_none(), events);
        Ok(())
    }

    /// What an allotment issues; none when too many classes of endowment exist to count them.
    pub(super) fn issue(&self, terms: &YearTerms, fraction_bp: u32) -> Option<Issue> {
        let mut issue = Issue { accounts: 0, total_g: 0, most_g: 0 };
        for (class, accounts) in self.settlement.classes.counted()? {
            let issued_g = terms.share_g(class, fraction_bp);
            if issued_g > 0 {
                issue.accounts += u64::from(accounts);
                issue.total_g += i128::from(issued_g) * i128::from(accounts);
                issue.most_g = issue.most_g.max(issued_g);
            }
        }
        Some(issue)
    }

    /// What an allotment issues, if every account is known to have room for it.
    pub(super) fn prove_allotment(&self, year: &Year, fraction_bp: u32) -> Option<Issue> {
        let issue = self.issue(&YearTerms::of_year(year), fraction_bp)?;
        self.settlement.marks.prove_allotment(issue.most_g).then_some(issue)
    }

    /// What an allotment issues, from every account; counts them anew on the way. All accounts are settled.
    fn look_at_all(&mut self, year: &Year, fraction_bp: u32) -> Checked<Issue> {
        let terms = YearTerms::of_year(year);
        let mut issue = Issue { accounts: 0, total_g: 0, most_g: 0 };
        let mut unfit = Ok(());
        self.settlement.classes.clear();
        self.sharpen_marks();
        for slot in self.accounts.slots() {
            let hot = self.accounts.hot(slot);
            let Some(class) = class_of(hot) else { continue };
            self.settlement.classes.add(class, 1);
            let issued_g = terms.share_g(class, fraction_bp);
            issue.accounts += u64::from(issued_g > 0);
            issue.total_g += i128::from(issued_g);
            issue.most_g = issue.most_g.max(issued_g);
            if unfit.is_ok() {
                let repaid_g = issued_g.min(self.accounts.cold(slot).repay_g);
                unfit = check_amount_fits(hot.allotted_g().saturating_add(issued_g - repaid_g));
            }
        }
        self.check_issue(issue.total_g)?;
        unfit.map(|()| issue)
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
        let hot = self.accounts.hot(slot);
        // Every debit that leaves less than nothing comes by here: the only place where deficits begin.
        self.settlement.marks.note_points(hot);
        let mut next = self.book.of_account(hot.newest_order()).next();
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
        self.settlement.marks.note_points(hot);
        self.accounts.set_cold(slot, &cold);
        self.public.retired_g -= refunded_g;
        events.emit(Event::Refunded { account, quantity: refunded, purchased: quantity(to_purchased_g) });
        Ok(())
    }
}
