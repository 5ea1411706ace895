//! Opening, closing, freezing accounts, and what is set on them at once.

use carbex_vocabulary::{
    AccountId, AccountStatus, BasisPoints, CancelReason, Event, HouseholdId, QuantityG, Reject, RejectCode,
};

use super::ledger::quantity;
use super::operation::class_of;
use super::{Checked, Events, Market};
use crate::accounts::{AccountSlot, EndowmentClass, Hot, OBLIGATION_MAX_G, SHARE_MAX_BP};

/// A share that the table holds.
fn check_share(share: BasisPoints) -> Checked {
    if share.bp() > SHARE_MAX_BP {
        return Err(Reject::with(RejectCode::LimitExceeded, SHARE_MAX_BP, share.bp()));
    }
    Ok(())
}

/// A household that the table holds.
fn check_household(household: HouseholdId) -> Checked<u32> {
    u32::try_from(household.number()).map_err(|_| Reject::with(RejectCode::LimitExceeded, u32::MAX, household.number()))
}

/// Closed accounts answer so to everything but money and identity.
pub(super) fn check_not_closed(hot: &Hot) -> Checked {
    match hot.status() {
        AccountStatus::Closed => Err(Reject::plain(RejectCode::AccountClosed)),
        AccountStatus::Active | AccountStatus::Frozen => Ok(()),
    }
}

/// Frozen accounts answer so to place, replace and withdraw.
pub(super) fn check_not_frozen(hot: &Hot) -> Checked {
    match hot.status() {
        AccountStatus::Frozen => Err(Reject::plain(RejectCode::AccountFrozen)),
        AccountStatus::Active | AccountStatus::Closed => Ok(()),
    }
}

impl Market {
    pub(super) fn open_account(
        &mut self,
        account: AccountId,
        share: BasisPoints,
        household: HouseholdId,
        events: &mut impl Events,
    ) -> Checked {
        if self.accounts.find(account).is_some() {
            return Err(Reject::plain(RejectCode::AccountExists));
        }
        check_share(share)?;
        let household_number = check_household(household)?;
        if self.accounts.is_full() {
            return Err(Reject::with(
                RejectCode::TableFull,
                self.accounts.capacity(),
                u64::from(self.accounts.len()) + 1,
            ));
        }
        let opened_day = self.year.as_ref().map_or(0, |year| year.capped_day() as u16);
        let mut hot = Hot::new(share.bp(), opened_day);
        hot.set_operations_taken(self.settlement.logged);
        self.accounts.open(account, &hot, household_number);
        self.settlement.classes.add(EndowmentClass { share_bp: share.bp(), opened_day }, 1);
        events.emit(Event::AccountOpened { account, share, household });
        Ok(())
    }

    pub(super) fn close_account(&mut self, account: AccountId, events: &mut impl Events) -> Checked {
        let slot = self.find(account)?;
        check_not_closed(self.accounts.hot(slot))?;
        let points_g = self.accounts.hot(slot).points_g();
        let (expired_g, deficit_g) = if points_g < 0 { (0, -points_g) } else { (points_g, 0) };
        events.emit(Event::AccountClosed { account, expired: quantity(expired_g), deficit: quantity(deficit_g) });
        self.cancel_orders_of(slot, CancelReason::AccountClosed, events);
        let hot = self.accounts.hot_mut(slot);
        self.settlement.classes.remove(EndowmentClass { share_bp: hot.share_bp(), opened_day: hot.opened_day() });
        hot.set_allotted_g(0);
        hot.set_purchased_g(0);
        hot.set_status(AccountStatus::Closed);
        self.public.expired_g += expired_g;
        self.public.deficit_g -= deficit_g;
        Ok(())
    }

    pub(super) fn set_share(&mut self, account: AccountId, share: BasisPoints, events: &mut impl Events) -> Checked {
        let slot = self.find(account)?;
        check_share(share)?;
        let hot = self.accounts.hot_mut(slot);
        let before = class_of(hot);
        hot.set_share_bp(share.bp());
        if let (Some(before), Some(after)) = (before, class_of(hot)) {
            self.settlement.classes.remove(before);
            self.settlement.classes.add(after, 1);
        }
        events.emit(Event::ShareSet { account, share });
        Ok(())
    }

    pub(super) fn set_household(
        &mut self,
        account: AccountId,
        household: HouseholdId,
        events: &mut impl Events,
    ) -> Checked {
        let slot = self.find(account)?;
        let number = check_household(household)?;
        self.accounts.set_household(slot, number);
        events.emit(Event::HouseholdSet { account, household });
        Ok(())
    }

    pub(super) fn set_obligation(
        &mut self,
        account: AccountId,
        obligation: QuantityG,
        events: &mut impl Events,
    ) -> Checked {
        let slot = self.find(account)?;
        let obligation_g = i64::try_from(obligation.g())
            .ok()
            .filter(|grams| *grams <= OBLIGATION_MAX_G)
            .ok_or(Reject::with(RejectCode::LimitExceeded, OBLIGATION_MAX_G, obligation.g()))?;
        let mut cold = self.accounts.cold(slot);
        cold.obligation_g = obligation_g;
        self.accounts.set_cold(slot, &cold);
        let hot = self.accounts.hot_mut(slot);
        hot.set_has_obligation(obligation_g > 0);
        events.emit(Event::ObligationSet { account, quantity: obligation });
        Ok(())
    }

    /// Cancels what is open and refuses place, replace and withdraw; a second freeze changes nothing.
    pub(super) fn freeze(&mut self, account: AccountId, events: &mut impl Events) -> Checked {
        let slot = self.find(account)?;
        let hot = self.accounts.hot_mut(slot);
        check_not_closed(hot)?;
        hot.set_status(AccountStatus::Frozen);
        events.emit(Event::Frozen { account });
        self.cancel_orders_of(slot, CancelReason::AccountFrozen, events);
        Ok(())
    }

    pub(super) fn unfreeze(&mut self, account: AccountId, events: &mut impl Events) -> Checked {
        let slot = self.find(account)?;
        let hot = self.accounts.hot_mut(slot);
        check_not_closed(hot)?;
        hot.set_status(AccountStatus::Active);
        events.emit(Event::Unfrozen { account });
        Ok(())
    }

    /// Cancels all orders of an account, oldest first.
    fn cancel_orders_of(&mut self, slot: AccountSlot, reason: CancelReason, events: &mut impl Events) {
        let newest = self.accounts.hot(slot).newest_order();
        let mut next = self.book.of_account(newest).last();
        while let Some(order) = next {
            next = self.book.newer_of_account(order);
            events.emit(self.cancel_order(order, reason));
        }
    }
}
