//! Settling: operations on all accounts, taken by each when it is next touched, or in its turn.
//!
//! An operation is done at once where one command may settle all accounts. Else it waits in a log of fifteen at most, and
//! the accounts take it
//! - when a command touches them, before anything else of the command is looked at (a resting order's owner: just before
//!   its trade or cancellation);
//! - in their turn: a cursor goes round, `slice_accounts` with the operation's own command and with every `tick`.
//!
//! Each account counts the operations it has taken; so far behind the log's end is what it still has to take. Reading
//! shows accounts as if they were settled. Some commands need more than their own account, and settle first:
//! - an operation that finds the log full, until its oldest is done;
//! - an operation that might pass a field's bound ([`super::marks`]), all accounts;
//! - `draw_treasury` and `set_buyback` beyond what the treasury has been paid so far, while a year's penalties still come
//!   in, all accounts;
//! - `place` with the pool full of a closed year's orders, one owner of such an order.

use carbex_vocabulary::{AmountUeur, CancelReason, Event, PointsAccount, Side};

use super::ledger::{amount, quantity, signed};
use super::marks::Marks;
use super::operation::{Effect, Operation};
use super::{Events, Market};
use crate::accounts::{AccountSlot, Cold, EndowmentClasses, Hot, OPERATIONS_MODULUS};
use crate::{Command, PublicFields};

/// The most operations that wait.
pub(super) const OPERATIONS_MAX: usize = OPERATIONS_MODULUS as usize - 1;

/// An operation that some accounts have yet to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pending {
    pub operation: Operation,
    /// Where the cursor stood when it was commanded: it is done when the cursor has come round to it.
    pub start: u32,
    /// Whether the cursor has passed the last account since.
    pub wrapped: bool,
}

/// How far the accounts are in taking the operations that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Accounts that have taken all of them in their turn.
    pub done: u32,
    /// Accounts in all.
    pub total: u32,
    /// Operations that wait.
    pub operations: u32,
}

/// The operations that wait, and what is kept so that nobody must walk all accounts.
pub(super) struct Settlement {
    /// How many accounts one command settles in their turn at most.
    pub slice_accounts: u32,
    /// Oldest first; never longer than [`OPERATIONS_MAX`], which was reserved at the start.
    pub log: Vec<Pending>,
    /// Operations that ever waited, modulo [`OPERATIONS_MODULUS`].
    pub logged: u8,
    /// The account whose turn is next.
    pub cursor: u32,
    pub marks: Marks,
    pub classes: EndowmentClasses,
}

impl Settlement {
    pub fn new(accounts: u32, slice_accounts: u32) -> Self {
        Self {
            slice_accounts: slice_accounts.max(1),
            log: Vec::with_capacity(OPERATIONS_MAX),
            logged: 0,
            cursor: 0,
            marks: Marks::default(),
            classes: EndowmentClasses::new(accounts),
        }
    }

    /// Whether any operation waits.
    #[inline]
    pub const fn is_under_way(&self) -> bool {
        !self.log.is_empty()
    }

    /// The operations that an account has yet to take, oldest first.
    pub fn owed_to(&self, hot: &Hot) -> &[Pending] {
        &self.log[self.log.len() - self.count_owed_to(hot)..]
    }

    /// How many operations an account has yet to take.
    pub fn count_owed_to(&self, hot: &Hot) -> usize {
        usize::from((self.logged + OPERATIONS_MODULUS - hot.operations_taken()) % OPERATIONS_MODULUS)
    }

    /// Adds to the public accounts what will reach them when an account is settled.
    pub fn foresee(&self, mut hot: Hot, mut cold: Cold, public: &mut PublicFields) {
        for pending in self.owed_to(&hot) {
            pending.operation.take(&mut hot, &mut cold).book(public);
        }
    }

    /// The turn passes to the next of `accounts`; what has come round is done.
    fn pass_on(&mut self, accounts: u32) {
        self.cursor += 1;
        if self.cursor >= accounts {
            self.cursor = 0;
            self.log.iter_mut().for_each(|pending| pending.wrapped = true);
        }
        while self.log.first().is_some_and(|oldest| oldest.wrapped && self.cursor >= oldest.start) {
            self.log.remove(0);
        }
        if self.log.is_empty() {
            self.cursor = 0;
        }
    }
}

impl Market {
    /// How far the accounts are in taking the operations that wait; none when every account is settled.
    pub fn settling(&self) -> Option<Progress> {
        let newest = self.settlement.log.last()?;
        let (cursor, total) = (self.settlement.cursor, self.accounts.len());
        let left = if newest.wrapped { newest.start - cursor } else { total - cursor + newest.start };
        Some(Progress { done: total.saturating_sub(left), total, operations: self.settlement.log.len() as u32 })
    }

    /// What must be settled before a command is looked at. Called only while operations wait.
    #[cold]
    pub(super) fn settle_before(&mut self, command: &Command, events: &mut impl Events) {
        if let Some(account) = command.account()
            && let Some(slot) = self.accounts.find(account)
        {
            self.catch_up(slot, events);
        }
        match *command {
            Command::Tick => self.settle_slice(events),
            Command::AllotAll { fraction } => {
                let proven = self.year.is_none_or(|year| self.prove_allotment(&year, fraction.bp()).is_some());
                self.make_way(proven, events);
            }
            Command::ClosePeriod => {
                let proven = self.year.is_none() || self.prove_endings();
                self.make_way(proven, events);
            }
            Command::OpenPeriod { .. } => self.make_way(true, events),
            Command::DrawTreasury { amount } => self.settle_if_short(amount, self.promised_ueur(), events),
            Command::SetBuyback { budget, .. } => self.settle_if_short(budget, 0, events),
            Command::Place { .. } => self.make_room_in_pool(events),
            Command::OpenAccount { .. }
            | Command::CloseAccount { .. }
            | Command::SetShare { .. }
            | Command::SetHousehold { .. }
            | Command::SetObligation { .. }
            | Command::Freeze { .. }
            | Command::Unfreeze { .. }
            | Command::Allot { .. }
            | Command::Deposit { .. }
            | Command::Withdraw { .. }
            | Command::Debit { .. }
            | Command::Refund { .. }
            | Command::Cancel { .. }
            | Command::Replace { .. }
            | Command::SetPhase { .. }
            | Command::SetBand { .. }
            | Command::SetSale { .. }
            | Command::FundTreasury { .. }
            | Command::ReleaseReserve { .. }
            | Command::Uncross
            | Command::Distribute
            | Command::SetRules { .. } => {}
        }
    }

    /// Leaves room in the log for one more operation, or an empty log where the next one is done at once.
    fn make_way(&mut self, proven: bool, events: &mut impl Events) {
        if !proven || self.settles_at_once() {
            self.catch_up_all(events);
        }
        while self.settlement.log.len() == OPERATIONS_MAX {
            self.settle_next(events);
        }
    }

    /// Penalties come in as accounts are settled: who asks for more than there is waits for all of them.
    fn settle_if_short(&mut self, asked: AmountUeur, promised_ueur: i64, events: &mut impl Events) {
        if signed(asked.ueur()) > self.public.treasury_ueur - promised_ueur {
            self.catch_up_all(events);
        }
    }

    /// Orders of a closed year give their places to new ones.
    fn make_room_in_pool(&mut self, events: &mut impl Events) {
        if self.book.is_full()
            && let Some(owner) = self.book.first_retired_owner()
        {
            self.catch_up(owner, events);
        }
    }

    /// Whether one command may settle all accounts.
    fn settles_at_once(&self) -> bool {
        self.accounts.len() <= self.settlement.slice_accounts
    }

    /// Has every account take an operation: at once if it must or may be (all are settled then), else each in its turn.
    pub(super) fn begin_operation(&mut self, operation: Operation, at_once: bool, events: &mut impl Events) {
        if at_once || self.settles_at_once() {
            debug_assert!(!self.settlement.is_under_way());
            if matches!(operation, Operation::ClosePeriod { .. }) {
                for side in [Side::Sell, Side::Buy] {
                    self.cancel_in_line(side, |_| true, CancelReason::PeriodClosed, events);
                }
            }
            for slot in self.accounts.slots() {
                let (mut hot, mut cold) = (*self.accounts.hot(slot), self.accounts.cold(slot));
                self.take_operation(slot, &mut hot, &mut cold, &operation, events);
                *self.accounts.hot_mut(slot) = hot;
                self.accounts.set_cold(slot, &cold);
            }
            return;
        }
        if matches!(operation, Operation::ClosePeriod { .. }) {
            self.book.retire_all(self.next_priority);
        }
        assert!(self.settlement.log.len() < OPERATIONS_MAX, "room is made before the command is looked at");
        self.settlement.log.push(Pending { operation, start: self.settlement.cursor, wrapped: false });
        self.settlement.logged = (self.settlement.logged + 1) % OPERATIONS_MODULUS;
        self.settle_slice(events);
    }

    /// Settles the accounts whose turn it is, as many as one command may.
    fn settle_slice(&mut self, events: &mut impl Events) {
        for _ in 0..self.settlement.slice_accounts {
            if !self.settlement.is_under_way() {
                return;
            }
            self.settle_next(events);
        }
    }

    /// Settles every account.
    fn catch_up_all(&mut self, events: &mut impl Events) {
        while self.settlement.is_under_way() {
            self.settle_next(events);
        }
    }

    fn settle_next(&mut self, events: &mut impl Events) {
        self.catch_up(AccountSlot::from_number(self.settlement.cursor), events);
        self.settlement.pass_on(self.accounts.len());
    }

    /// An account takes what it has yet to take.
    pub(super) fn catch_up(&mut self, slot: AccountSlot, events: &mut impl Events) {
        let owed = self.settlement.count_owed_to(self.accounts.hot(slot));
        if owed == 0 {
            return;
        }
        let mut hot = *self.accounts.hot(slot);
        let mut cold = self.accounts.cold(slot);
        for place in self.settlement.log.len() - owed..self.settlement.log.len() {
            let operation = self.settlement.log[place].operation;
            self.take_operation(slot, &mut hot, &mut cold, &operation, events);
        }
        hot.set_operations_taken(self.settlement.logged);
        *self.accounts.hot_mut(slot) = hot;
        self.accounts.set_cold(slot, &cold);
    }

    /// An account as it will be once it is settled.
    pub(super) fn as_settled(&self, slot: AccountSlot) -> (Hot, Cold) {
        let (mut hot, mut cold) = (*self.accounts.hot(slot), self.accounts.cold(slot));
        for pending in self.settlement.owed_to(&hot) {
            pending.operation.take(&mut hot, &mut cold);
        }
        (hot, cold)
    }

    /// One account takes one operation; the public side follows, and it is told.
    fn take_operation(
        &mut self,
        slot: AccountSlot,
        hot: &mut Hot,
        cold: &mut Cold,
        operation: &Operation,
        events: &mut impl Events,
    ) {
        if matches!(operation, Operation::ClosePeriod { .. }) {
            self.cancel_retired(slot, hot.newest_order(), events);
        }
        let account = self.accounts.id(slot);
        let effect = operation.take(hot, cold);
        effect.book(&mut self.public);
        match effect {
            Effect::Nothing => {}
            Effect::Allotted { issued_g, repaid_g } => {
                events.emit(Event::Allotted { account, quantity: quantity(issued_g), repaid: quantity(repaid_g) });
            }
            Effect::Penalty { deficit_g, charged_ueur, paid_ueur, repay_g } => {
                events.emit(Event::Penalty {
                    account,
                    deficit: quantity(deficit_g),
                    charged: amount(charged_ueur),
                    paid: amount(paid_ueur),
                    repay: quantity(repay_g),
                });
            }
            Effect::Surplus { carried_g, expired_g } => {
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

    /// The orders of an account that were open when its year closed leave, oldest first.
    fn cancel_retired(&mut self, slot: AccountSlot, newest: u32, events: &mut impl Events) {
        let mut next = self.book.of_account(newest).last();
        while let Some(order) = next {
            next = self.book.newer_of_account(order);
            let gone = self.book.order(order);
            self.book.remove_retired(order);
            events.emit(self.cancelled(slot, gone.id, gone.quantity_g, CancelReason::PeriodClosed));
        }
    }

    /// Whether the marks are what they promise to be, looking at every account.
    pub(super) fn marks_cover_all_accounts(&self) -> bool {
        self.accounts.slots().all(|slot| {
            let (hot, cold) = self.as_settled(slot);
            self.settlement.marks.cover(&hot, &cold)
        })
    }
}
