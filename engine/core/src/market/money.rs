//! Money in and out: deposits, withdrawals, the treasury.

use carbex_vocabulary::{AccountId, AmountUeur, Event, Reject, RejectCode};

use super::accounts::check_not_frozen;
use super::ledger::{TOTAL_MAX, amount, signed};
use super::points::check_not_zero;
use super::{Checked, Events, Market};
use crate::accounts::MONEY_MAX_UEUR;

impl Market {
    /// All money together stays within what one account's field holds, so that no trade ever passes it.
    fn check_money_in(&self, amount_ueur: i64) -> Checked {
        let held_ueur = self.public.deposited_ueur - self.public.withdrawn_ueur;
        if amount_ueur > MONEY_MAX_UEUR - held_ueur || amount_ueur > TOTAL_MAX - self.public.deposited_ueur {
            return Err(Reject::with(
                RejectCode::LimitExceeded,
                MONEY_MAX_UEUR,
                i128::from(held_ueur) + i128::from(amount_ueur),
            ));
        }
        Ok(())
    }

    /// Pays what is owed first, then adds to cash.
    pub(super) fn deposit(&mut self, account: AccountId, deposited: AmountUeur, events: &mut impl Events) -> Checked {
        let slot = self.find(account)?;
        check_not_zero(deposited.ueur())?;
        let deposited_ueur = signed(deposited.ueur());
        self.check_money_in(deposited_ueur)?;
        let mut cold = self.accounts.cold(slot);
        let owed_paid_ueur = deposited_ueur.min(cold.owed_ueur);
        if owed_paid_ueur > 0 {
            cold.owed_ueur -= owed_paid_ueur;
            self.accounts.set_cold(slot, &cold);
            self.public.treasury_ueur += owed_paid_ueur;
        }
        let hot = self.accounts.hot_mut(slot);
        hot.add_cash_ueur(deposited_ueur - owed_paid_ueur);
        self.public.deposited_ueur += deposited_ueur;
        events.emit(Event::Deposited { account, amount: deposited, owed_paid: amount(owed_paid_ueur) });
        Ok(())
    }

    pub(super) fn withdraw(&mut self, account: AccountId, withdrawn: AmountUeur, events: &mut impl Events) -> Checked {
        let slot = self.find(account)?;
        let hot = *self.accounts.hot(slot);
        check_not_frozen(&hot)?;
        check_not_zero(withdrawn.ueur())?;
        let owed_ueur = self.accounts.cold(slot).owed_ueur;
        if owed_ueur > 0 {
            return Err(Reject::with(RejectCode::DeficitOpen, 0, owed_ueur));
        }
        if hot.points_g() < 0 {
            return Err(Reject::with(RejectCode::DeficitOpen, 0, hot.points_g()));
        }
        let withdrawn_ueur = signed(withdrawn.ueur());
        let free_ueur = hot.cash_ueur() - hot.cash_reserved_ueur();
        if withdrawn_ueur > free_ueur {
            return Err(Reject::with(RejectCode::InsufficientFunds, free_ueur, withdrawn_ueur));
        }
        self.accounts.hot_mut(slot).add_cash_ueur(-withdrawn_ueur);
        self.public.withdrawn_ueur += withdrawn_ueur;
        events.emit(Event::Withdrawn { account, amount: withdrawn });
        Ok(())
    }

    pub(super) fn fund_treasury(&mut self, funded: AmountUeur, events: &mut impl Events) -> Checked {
        check_not_zero(funded.ueur())?;
        let funded_ueur = signed(funded.ueur());
        self.check_money_in(funded_ueur)?;
        self.public.treasury_ueur += funded_ueur;
        self.public.deposited_ueur += funded_ueur;
        events.emit(Event::TreasuryFunded { amount: funded });
        Ok(())
    }

    /// What of the treasury the buyback quote may still spend.
    pub(super) fn promised_ueur(&self) -> i64 {
        if self.buyback.volume_g > 0 { signed(self.buyback.budget_ueur) } else { 0 }
    }

    /// Leaves the budget of a buyback quote with volume left covered.
    pub(super) fn draw_treasury(&mut self, drawn: AmountUeur, events: &mut impl Events) -> Checked {
        check_not_zero(drawn.ueur())?;
        let drawn_ueur = signed(drawn.ueur());
        let free_ueur = self.public.treasury_ueur - self.promised_ueur();
        if drawn_ueur > free_ueur {
            return Err(Reject::with(RejectCode::TreasuryShort, free_ueur, drawn_ueur));
        }
        self.public.treasury_ueur -= drawn_ueur;
        self.public.withdrawn_ueur += drawn_ueur;
        events.emit(Event::TreasuryDrawn { amount: drawn });
        Ok(())
    }
}
