//! The table of accounts: dense slots in opening order, never freed.

use carbex_memory::Table;
use carbex_vocabulary::{AccountId, TimestampNs};

use super::households::Households;
use super::index::Index;
use super::record::{Cold, Hot};
use super::records::Records;

/// Where an account stands in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AccountSlot(u32);

impl AccountSlot {
    /// The bare slot, as orders keep it.
    #[inline]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The slot of that number, as an order kept it.
    #[inline]
    pub const fn from_number(number: u32) -> Self {
        Self(number)
    }

    #[inline]
    const fn at(self) -> usize {
        self.0 as usize
    }
}

/// All accounts. Memory is asked for once, zeroed, and touched only as accounts are opened.
pub(crate) struct AccountTable {
    capacity: u32,
    count: u32,
    records: Records,
    /// When the account last bought, ns since the epoch + 1; 0 = never.
    last_purchase_ns: Table<u64>,
    index: Index,
    /// The accounts that commands to come were seen to name. No part of the state: it only saves work.
    expected: Box<[Expected; EXPECTED]>,
    households: Households,
}

/// How many expected accounts are kept: more than are looked at ahead, so that two rarely meet in one place.
const EXPECTED: usize = 256;

/// An account's number and where it most likely stands.
#[derive(Clone, Copy)]
struct Expected {
    account: u64,
    slot: AccountSlot,
}

#[inline(always)]
fn expected_place(account: AccountId) -> usize {
    (account.number().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as usize % EXPECTED
}

impl AccountTable {
    pub fn new(capacity: u32) -> Self {
        let length = capacity as usize;
        Self {
            capacity,
            count: 0,
            records: Records::new(capacity),
            last_purchase_ns: Table::zeroed(length),
            index: Index::new(capacity),
            // No account stands beyond the table's end: nothing is expected.
            expected: Box::new([Expected { account: 0, slot: AccountSlot(u32::MAX) }; EXPECTED]),
            households: Households::new(length),
        }
    }

    pub const fn len(&self) -> u32 {
        self.count
    }

    pub const fn is_full(&self) -> bool {
        self.count == self.capacity
    }

    pub const fn capacity(&self) -> u32 {
        self.capacity
    }

    #[inline(always)]
    pub fn find(&self, account: AccountId) -> Option<AccountSlot> {
        match self.expected(account) {
            Some(slot) if self.records.number(slot) == account.number() => Some(slot),
            Some(_) | None => self.search(account),
        }
    }

    /// Finds an account that nobody expected.
    #[inline(never)]
    fn search(&self, account: AccountId) -> Option<AccountSlot> {
        self.index.find(account.number(), |slot| self.records.number(AccountSlot(slot))).map(AccountSlot)
    }

    /// Brings the index entry of an account nearer.
    #[inline]
    pub fn look_up(&self, account: AccountId) {
        self.index.look_up(account.number());
    }

    /// Where an account most likely stands, its index entry being near already; not confirmed by its number. Kept, so that
    /// finding the account soon after costs nothing more.
    #[inline]
    pub fn expect(&mut self, account: AccountId) -> Option<AccountSlot> {
        let slot = self.index.likely(account.number()).map(AccountSlot)?;
        self.expected[expected_place(account)] = Expected { account: account.number(), slot };
        Some(slot)
    }

    /// Where an account most likely stands, if it was expected a moment ago.
    #[inline(always)]
    pub fn expected(&self, account: AccountId) -> Option<AccountSlot> {
        let expected = &self.expected[expected_place(account)];
        (expected.account == account.number() && expected.slot.0 < self.count).then_some(expected.slot)
    }

    /// Brings an account nearer.
    #[inline]
    pub fn look_at(&self, slot: AccountSlot) {
        self.records.prefetch(slot);
    }

    /// Brings the place nearer where a purchase of the account is noted.
    #[inline]
    pub fn look_at_purchase(&self, slot: AccountSlot) {
        self.last_purchase_ns.prefetch(slot.at());
    }

    /// All slots, in opening order.
    pub fn slots(&self) -> impl Iterator<Item = AccountSlot> + use<> {
        (0..self.count).map(AccountSlot)
    }

    /// Enters an account that is not there yet; there must be room.
    pub fn open(&mut self, account: AccountId, hot: &Hot, household: u32) -> AccountSlot {
        assert!(!self.is_full(), "the caller checks for room");
        let slot = AccountSlot(self.count);
        self.count += 1;
        self.records.set_number(slot, account.number());
        *self.records.hot_mut(slot) = *hot;
        self.index.insert(account.number(), slot.0);
        self.set_household(slot, household);
        slot
    }

    #[inline]
    pub fn id(&self, slot: AccountSlot) -> AccountId {
        AccountId::new(self.records.number(slot))
    }

    #[inline(always)]
    pub fn hot(&self, slot: AccountSlot) -> &Hot {
        self.records.hot(slot)
    }

    #[inline(always)]
    pub fn hot_mut(&mut self, slot: AccountSlot) -> &mut Hot {
        self.records.hot_mut(slot)
    }

    #[inline]
    pub fn cold(&self, slot: AccountSlot) -> Cold {
        Cold::unpack(self.records.cold(slot))
    }

    /// Writes the cold side. The household moves by [`Self::set_household`] only.
    pub fn set_cold(&mut self, slot: AccountSlot, cold: &Cold) {
        debug_assert_eq!(cold.household, self.cold(slot).household);
        *self.records.cold_mut(slot) = cold.pack();
    }

    /// Moves an account to another household; 0 = none.
    pub fn set_household(&mut self, slot: AccountSlot, household: u32) {
        let mut cold = self.cold(slot);
        if cold.household == household {
            return;
        }
        let households = &mut self.households;
        let records = &self.records;
        let household_of = |other: u32| Cold::unpack(records.cold(AccountSlot(other))).household;
        if cold.household != 0 {
            households.leave(slot.0, cold.household, household_of);
        }
        if household != 0 {
            households.join(slot.0, household, household_of);
        }
        cold.household = household;
        *self.records.cold_mut(slot) = cold.pack();
    }

    /// The accounts of a household (not 0).
    pub fn members(&self, household: u32) -> impl Iterator<Item = AccountSlot> + '_ {
        let household_of = |other: u32| Cold::unpack(self.records.cold(AccountSlot(other))).household;
        self.households.members(household, household_of).map(AccountSlot)
    }

    pub fn last_purchase(&self, slot: AccountSlot) -> Option<TimestampNs> {
        self.last_purchase_ns[slot.at()].checked_sub(1).map(TimestampNs::new)
    }

    #[inline]
    pub fn set_last_purchase(&mut self, slot: AccountSlot, time: TimestampNs) {
        self.last_purchase_ns[slot.at()] = time.ns().saturating_add(1);
    }
}
