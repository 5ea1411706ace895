//! A citizen's account (section 3): what it holds, and what follows from its share of the endowment.

use carbex_core::AccountFields;
use carbex_vocabulary::{AccountId, AccountStatus, HouseholdId, Reject, RejectCode};

use super::{Twin, answer::plain};

/// What one citizen holds.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub id: AccountId,
    pub allotted_g: i128,
    pub purchased_g: i128,
    pub consumed_g: i128,
    pub consumed_purchased_g: i128,
    pub sold_g: i128,
    pub bought_g: i128,
    pub open_sell_g: i128,
    pub open_buy_g: i128,
    pub cash_ueur: i128,
    pub cash_reserved_ueur: i128,
    pub owed_ueur: i128,
    pub repay_g: i128,
    pub obligation_g: i128,
    pub share_bp: u32,
    pub opened_day: i128,
    pub household: HouseholdId,
    pub status: AccountStatus,
    /// When it last bought points, in whatever year.
    pub last_purchase_ns: Option<i128>,
    /// The day on which orders were last counted, and how many were accepted on it.
    pub orders_day: i128,
    pub orders_count: u32,
}

impl Account {
    pub fn new(id: AccountId, share_bp: u32, household: HouseholdId, opened_day: i128) -> Self {
        Self {
            id,
            allotted_g: 0,
            purchased_g: 0,
            consumed_g: 0,
            consumed_purchased_g: 0,
            sold_g: 0,
            bought_g: 0,
            open_sell_g: 0,
            open_buy_g: 0,
            cash_ueur: 0,
            cash_reserved_ueur: 0,
            owed_ueur: 0,
            repay_g: 0,
            obligation_g: 0,
            share_bp,
            opened_day,
            household,
            status: AccountStatus::Active,
            last_purchase_ns: None,
            orders_day: 0,
            orders_count: 0,
        }
    }

    /// `allotted + purchased`.
    pub fn points_g(&self) -> i128 {
        self.allotted_g + self.purchased_g
    }

    /// Cash not reserved for open buys.
    pub fn free_cash_ueur(&self) -> i128 {
        self.cash_ueur - self.cash_reserved_ueur
    }

    fn fields(&self) -> AccountFields {
        let narrow = |number: i128| i64::try_from(number).expect("fields are kept within 64 bits");
        AccountFields {
            allotted_g: narrow(self.allotted_g),
            purchased_g: narrow(self.purchased_g),
            consumed_g: narrow(self.consumed_g),
            consumed_purchased_g: narrow(self.consumed_purchased_g),
            sold_g: narrow(self.sold_g),
            bought_g: narrow(self.bought_g),
            open_sell_g: narrow(self.open_sell_g),
            open_buy_g: narrow(self.open_buy_g),
            cash_ueur: narrow(self.cash_ueur),
            cash_reserved_ueur: narrow(self.cash_reserved_ueur),
            owed_ueur: narrow(self.owed_ueur),
            repay_g: narrow(self.repay_g),
            obligation_g: narrow(self.obligation_g),
            share_bp: self.share_bp,
            opened_day: u16::try_from(self.opened_day).expect("a day of the year"),
            household: u32::try_from(self.household.number()).expect("checked at the door"),
            status: self.status,
        }
    }
}

impl Twin {
    /// One account, if it exists.
    pub fn account(&self, account: AccountId) -> Option<AccountFields> {
        self.accounts.iter().find(|candidate| candidate.id == account).map(Account::fields)
    }

    /// All accounts, in the order in which they were opened.
    pub fn accounts(&self) -> Vec<(AccountId, AccountFields)> {
        self.accounts.iter().map(|account| (account.id, account.fields())).collect()
    }

    /// The account, whatever its status: `UNKNOWN_ACCOUNT`.
    pub(super) fn known(&self, account: AccountId) -> Result<&Account, Reject> {
        self.accounts.iter().find(|candidate| candidate.id == account).ok_or(plain(RejectCode::UnknownAccount))
    }

    /// The account, unless it is closed: `UNKNOWN_ACCOUNT`, `ACCOUNT_CLOSED`.
    pub(super) fn not_closed(&self, account: AccountId) -> Result<&Account, Reject> {
        let found = self.known(account)?;
        match found.status {
            AccountStatus::Closed => Err(plain(RejectCode::AccountClosed)),
            AccountStatus::Active | AccountStatus::Frozen => Ok(found),
        }
    }

    /// The account of an id that was checked before.
    pub(super) fn account_mut(&mut self, account: AccountId) -> &mut Account {
        self.accounts.iter_mut().find(|candidate| candidate.id == account).expect("the account was checked before")
    }

    /// A: the account's endowment, `floor(endowment × share × (D − o) / (10000 × D))`; 0 for a closed account.
    pub(super) fn endowment_g(&self, account: &Account) -> i128 {
        let Some(year) = &self.year else { return 0 };
        match account.status {
            AccountStatus::Closed => 0,
            AccountStatus::Active | AccountStatus::Frozen => {
                year.endowment_g * i128::from(account.share_bp) * (year.days - account.opened_day)
                    / (10_000 * year.days)
            }
        }
    }

    /// Whole days since the year opened, at most D.
    pub(super) fn formula_day(&self) -> i128 {
        self.year.as_ref().map_or(0, |year| self.day().min(year.days))
    }

    /// Whole days since the year opened, not capped (day orders, the daily count of orders).
    pub(super) fn day(&self) -> i128 {
        self.year.as_ref().map_or(0, |year| (self.now_ns - year.start_ns) / i128::from(carbex_vocabulary::DAY_NS))
    }

    /// `left(x) = x·(D−d)/(D−o)` as numerator and denominator, so that the caller rounds once; 0 when D = o.
    pub(super) fn left(&self, account: &Account, x: i128) -> (i128, i128) {
        let days = self.year.as_ref().map_or(0, |year| year.days);
        if days == account.opened_day {
            return (0, 1);
        }
        (x * (days - self.formula_day()), days - account.opened_day)
    }
}
