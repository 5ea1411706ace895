//! Accounts put back as a stored state holds them, a group at a time: what one waits for in memory is waited for together.

use carbex_memory::{TakingAhead, prefetch};

use super::record::{Cold, ColdWords, Hot};
use super::table::{AccountSlot, AccountTable};

/// Accounts that are put back together at most: more than the processor can wait for at once, few enough for its nearest cache.
pub(crate) const RESTORED_TOGETHER: usize = 64;

/// An account as a stored state holds it.
#[derive(Clone, Copy)]
pub(crate) struct RestoredAccount {
    pub number: u64,
    pub hot: Hot,
    pub cold: ColdWords,
    /// When it last bought, ns since the epoch + 1; 0 = never.
    pub last_purchase_ns: u64,
}

impl RestoredAccount {
    /// Nothing in it.
    pub const EMPTY: Self = Self { number: 0, hot: Hot::new(0, 0), cold: [0; 3], last_purchase_ns: 0 };

    /// Whether it lives with others.
    pub fn has_household(&self) -> bool {
        household(&self.cold) != 0
    }
}

impl AccountTable {
    /// The packed cold side.
    #[inline]
    pub fn cold_words(&self, slot: AccountSlot) -> &ColdWords {
        self.records.cold(slot)
    }

    /// When the account last bought, ns since the epoch + 1; 0 = never.
    #[inline]
    pub fn last_purchase_word(&self, slot: AccountSlot) -> u64 {
        self.last_purchase_ns[slot.at()]
    }

    /// Has memory for the first accounts taken from the system while they are restored; for households if there are any.
    pub fn take_ahead(&self, accounts: u32, households: bool) -> TakingAhead {
        let mut extents = vec![self.index.extent()];
        if households {
            extents.extend(self.households.extents(accounts));
        }
        extents.push(self.records.extent(accounts));
        TakingAhead::start(extents)
    }

    /// Brings nearer where accounts will be entered that are restored soon.
    pub fn look_up_restored(&self, accounts: &[RestoredAccount]) {
        for account in accounts {
            self.index.look_up(account.number);
            self.households.look_up(household(&account.cold));
        }
    }

    /// Enters the next accounts, for which there must be room; false = one of their numbers is there already, and the table is
    /// of no use any more.
    pub fn restore(&mut self, accounts: &[RestoredAccount]) -> bool {
        let first = self.count;
        assert!(accounts.len() <= (self.capacity - first) as usize, "the caller checks for room");
        for account in accounts {
            if let Some(head) = self.households.likely(household(&account.cold)) {
                prefetch(self.records.cold(AccountSlot::from_number(head)));
            }
        }
        for (slot, account) in (first..).map(AccountSlot::from_number).zip(accounts) {
            self.records.set_number(slot, account.number);
            *self.records.hot_mut(slot) = account.hot;
            *self.records.cold_mut(slot) = account.cold;
            // A column that stays zero takes no memory.
            if account.last_purchase_ns != 0 {
                self.last_purchase_ns[slot.at()] = account.last_purchase_ns;
            }
        }
        self.count += accounts.len() as u32;
        let Self { records, index, households, .. } = self;
        for (slot, account) in (first..).zip(accounts) {
            let number_at = |other: u32| records.number(AccountSlot::from_number(other));
            if !index.enter(account.number, slot, number_at) {
                return false;
            }
        }
        for (slot, account) in (first..).zip(accounts) {
            let number = household(&account.cold);
            if number != 0 {
                households.join(slot, number, |other| household(records.cold(AccountSlot::from_number(other))));
            }
        }
        true
    }
}

fn household(cold: &ColdWords) -> u32 {
    Cold::unpack(cold).household
}
