//! Commands about one citizen's account: opening to closing, points in and out, money in and out.

use carbex_vocabulary::{
    AccountId, AccountStatus, AmountUeur, BasisPoints, CancelReason, DebitMode, Event, HouseholdId, QuantityG,
    RejectCode, Side,
};

use super::{
    Twin,
    accounts::Account,
    answer::{Outcome, amount as as_amount, plain, quantity as as_quantity, reject},
    limits::{ACCOUNT_GRAMS_MAX, HOUSEHOLD_MAX, OBLIGATION_MAX_G, SHARE_MAX_BP, within},
};

/// `INVALID_QUANTITY` for nothing.
pub(super) fn not_zero(number: i128) -> Outcome {
    if number == 0 {
        return Err(reject(RejectCode::InvalidQuantity, 1, 0));
    }
    Ok(())
}

impl Twin {
    pub(super) fn open_account(&mut self, id: AccountId, share: BasisPoints, household: HouseholdId) -> Outcome {
        if self.known(id).is_ok() {
            return Err(plain(RejectCode::AccountExists));
        }
        within(SHARE_MAX_BP, i128::from(share.bp()))?;
        within(HOUSEHOLD_MAX, i128::from(household.number()))?;
        let opened = self.accounts.len() as i128;
        let places = i128::from(self.capacities.accounts);
        if opened >= places {
            return Err(reject(RejectCode::TableFull, places, opened + 1));
        }
        self.accounts.push(Account::new(id, share.bp(), household, self.formula_day()));
        self.answer.outcome.push(Event::AccountOpened { account: id, share, household });
        Ok(())
    }

    /// Death or emigration: orders cancelled, points expired or the deficit taken over, cash stays.
    pub(super) fn close_account(&mut self, id: AccountId) -> Outcome {
        let net_g = self.not_closed(id)?.points_g();
        self.cancel_orders_of(id, CancelReason::AccountClosed);
        self.public.expired_g += net_g.max(0);
        self.public.deficit_g += net_g.min(0);
        let account = self.account_mut(id);
        account.allotted_g = 0;
        account.purchased_g = 0;
        account.status = AccountStatus::Closed;
        self.answer.outcome.push(Event::AccountClosed {
            account: id,
            expired: as_quantity(net_g.max(0)),
            deficit: as_quantity((-net_g).max(0)),
        });
        Ok(())
    }

    pub(super) fn set_share(&mut self, id: AccountId, share: BasisPoints) -> Outcome {
        self.known(id)?;
        within(SHARE_MAX_BP, i128::from(share.bp()))?;
        self.account_mut(id).share_bp = share.bp();
        self.answer.outcome.push(Event::ShareSet { account: id, share });
        Ok(())
    }

    pub(super) fn set_household(&mut self, id: AccountId, household: HouseholdId) -> Outcome {
        self.known(id)?;
        within(HOUSEHOLD_MAX, i128::from(household.number()))?;
        self.account_mut(id).household = household;
        self.answer.outcome.push(Event::HouseholdSet { account: id, household });
        Ok(())
    }

    pub(super) fn set_obligation(&mut self, id: AccountId, quantity: QuantityG) -> Outcome {
        self.known(id)?;
        within(OBLIGATION_MAX_G, i128::from(quantity.g()))?;
        self.account_mut(id).obligation_g = i128::from(quantity.g());
        self.answer.outcome.push(Event::ObligationSet { account: id, quantity });
        Ok(())
    }

    pub(super) fn freeze(&mut self, id: AccountId) -> Outcome {
        self.not_closed(id)?;
        self.cancel_orders_of(id, CancelReason::AccountFrozen);
        self.account_mut(id).status = AccountStatus::Frozen;
        self.answer.outcome.push(Event::Frozen { account: id });
        Ok(())
    }

    pub(super) fn unfreeze(&mut self, id: AccountId) -> Outcome {
        self.not_closed(id)?;
        self.account_mut(id).status = AccountStatus::Active;
        self.answer.outcome.push(Event::Unfrozen { account: id });
        Ok(())
    }

    /// Money in: penalties are paid first.
    pub(super) fn deposit(&mut self, id: AccountId, amount: AmountUeur) -> Outcome {
        let amount_ueur = i128::from(amount.ueur());
        let owed_ueur = self.known(id)?.owed_ueur;
        not_zero(amount_ueur)?;
        self.check_money_in(amount_ueur)?;
        let owed_paid = owed_ueur.min(amount_ueur);
        let account = self.account_mut(id);
        account.owed_ueur -= owed_paid;
        account.cash_ueur += amount_ueur - owed_paid;
        self.public.treasury_ueur += owed_paid;
        self.public.deposited_ueur += amount_ueur;
        self.answer.outcome.push(Event::Deposited { account: id, amount, owed_paid: as_amount(owed_paid) });
        Ok(())
    }

    pub(super) fn withdraw(&mut self, id: AccountId, amount: AmountUeur) -> Outcome {
        let amount_ueur = i128::from(amount.ueur());
        let account = self.known(id)?;
        match account.status {
            AccountStatus::Frozen => return Err(plain(RejectCode::AccountFrozen)),
            AccountStatus::Active | AccountStatus::Closed => {}
        }
        not_zero(amount_ueur)?;
        if account.owed_ueur > 0 {
            return Err(reject(RejectCode::DeficitOpen, 0, account.owed_ueur));
        }
        if account.points_g() < 0 {
            return Err(reject(RejectCode::DeficitOpen, 0, account.points_g()));
        }
        if amount_ueur > account.free_cash_ueur() {
            return Err(reject(RejectCode::InsufficientFunds, account.free_cash_ueur(), amount_ueur));
        }
        self.account_mut(id).cash_ueur -= amount_ueur;
        self.public.withdrawn_ueur += amount_ueur;
        self.answer.outcome.push(Event::Withdrawn { account: id, amount });
        Ok(())
    }

    /// Consumption: purchased points first. Daily life comes before trading: sells whose points are needed go.
    pub(super) fn debit(&mut self, id: AccountId, quantity: QuantityG, mode: DebitMode) -> Outcome {
        let quantity_g = i128::from(quantity.g());
        let account = self.not_closed(id)?;
        self.require_year()?;
        not_zero(quantity_g)?;
        let left_g = account.points_g() - quantity_g;
        match mode {
            DebitMode::Record => {}
            DebitMode::Authorise => {
                let overdraft = self.endowment_g(account) * i128::from(self.rules.overdraft.overdraft_bp) / 10_000;
                if -left_g > overdraft {
                    return Err(reject(RejectCode::OverdraftLimit, overdraft, -left_g));
                }
            }
        }
        let purchased_g = account.purchased_g.min(quantity_g);
        within(ACCOUNT_GRAMS_MAX, -(account.allotted_g - (quantity_g - purchased_g)))?;
        within(ACCOUNT_GRAMS_MAX, account.consumed_g + quantity_g)?;

        let mut newest_first = self.oldest_first();
        newest_first.reverse();
        for order in newest_first {
            if order.account == id && order.side == Side::Sell && left_g < self.account_mut(id).open_sell_g {
                self.cancel_order(order.id, CancelReason::DebitNeedsPoints);
            }
        }
        let account = self.account_mut(id);
        account.purchased_g -= purchased_g;
        account.allotted_g -= quantity_g - purchased_g;
        account.consumed_g += quantity_g;
        account.consumed_purchased_g += purchased_g;
        self.public.retired_g += quantity_g;
        self.answer.outcome.push(Event::Debited { account: id, quantity, purchased: as_quantity(purchased_g), mode });
        Ok(())
    }

    /// Consumption given back: allotted points first, as far as allotted points were consumed.
    pub(super) fn refund(&mut self, id: AccountId, quantity: QuantityG) -> Outcome {
        let quantity_g = i128::from(quantity.g());
        let account = self.not_closed(id)?;
        self.require_year()?;
        not_zero(quantity_g)?;
        if quantity_g > account.consumed_g {
            return Err(reject(RejectCode::InvalidQuantity, account.consumed_g, quantity_g));
        }
        let allotted_g = quantity_g.min(account.consumed_g - account.consumed_purchased_g);
        let purchased_g = quantity_g - allotted_g;
        within(ACCOUNT_GRAMS_MAX, account.allotted_g + allotted_g)?;
        within(ACCOUNT_GRAMS_MAX, account.purchased_g + purchased_g)?;
        let account = self.account_mut(id);
        account.allotted_g += allotted_g;
        account.purchased_g += purchased_g;
        account.consumed_g -= quantity_g;
        account.consumed_purchased_g -= purchased_g;
        self.public.retired_g -= quantity_g;
        self.answer.outcome.push(Event::Refunded { account: id, quantity, purchased: as_quantity(purchased_g) });
        Ok(())
    }
}
