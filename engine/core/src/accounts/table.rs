//! The table of accounts: dense slots in opening order, never freed.

use carbex_memory::Table;
use carbex_vocabulary::{AccountId, TimestampNs};

use super::households::Households;
use super::index::Index;
use super::record::{Cold, ColdWords, Hot};

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
    numbers: Table<u64>,
    hot: Table<Hot>,
    cold: Table<ColdWords>,
    /// When the account last bought, ns since the epoch + 1; 0 = never.
    last_purchase_ns: Table<u64>,
    index: Index,
    households: Households,
}

impl AccountTable {
    pub fn new(capacity: u32) -> Self {
        let length = capacity as usize;
        Self {
            capacity,
            count: 0,
            numbers: Table::zeroed(length),
            hot: Table::zeroed(length),
            cold: Table::zeroed(length),
            last_purchase_ns: Table::zeroed(length),
            index: Index::new(capacity),
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

    #[inline]
    pub fn find(&self, account: AccountId) -> Option<AccountSlot> {
        self.index.find(account.number(), |slot| self.numbers[slot as usize]).map(AccountSlot)
    }

    /// Brings the index entry of an account nearer.
    #[inline]
    pub fn look_up(&self, account: AccountId) {
        self.index.look_up(account.number());
    }

    /// Brings an account nearer, its index entry being near already.
    #[inline]
    pub fn look_at(&self, account: AccountId) {
        if let Some(slot) = self.index.likely(account.number()) {
            self.look_at_slot(AccountSlot(slot));
        }
    }

    /// Brings an account nearer.
    #[inline]
    pub fn look_at_slot(&self, slot: AccountSlot) {
        self.hot.prefetch(slot.at());
        self.numbers.prefetch(slot.at());
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
        self.numbers[slot.at()] = account.number();
        self.hot[slot.at()] = *hot;
        self.index.insert(account.number(), slot.0);
        self.set_household(slot, household);
        slot
    }

    #[inline]
    pub fn id(&self, slot: AccountSlot) -> AccountId {
        AccountId::new(self.numbers[slot.at()])
    }

    #[inline(always)]
    pub fn hot(&self, slot: AccountSlot) -> &Hot {
        &self.hot[slot.at()]
    }

    #[inline(always)]
    pub fn hot_mut(&mut self, slot: AccountSlot) -> &mut Hot {
        &mut self.hot[slot.at()]
    }

    #[inline]
    pub fn cold(&self, slot: AccountSlot) -> Cold {
        Cold::unpack(&self.cold[slot.at()])
    }

    /// Writes the cold side. The household moves by [`Self::set_household`] only.
    pub fn set_cold(&mut self, slot: AccountSlot, cold: &Cold) {
        debug_assert_eq!(cold.household, self.cold(slot).household);
        self.cold[slot.at()] = cold.pack();
    }

    /// Moves an account to another household; 0 = none.
    pub fn set_household(&mut self, slot: AccountSlot, household: u32) {
        let mut cold = self.cold(slot);
        if cold.household == household {
            return;
        }
        let households = &mut self.households;
        let table = &self.cold;
        let household_of = |other: u32| Cold::unpack(&table[other as usize]).household;
        if cold.household != 0 {
            households.leave(slot.0, cold.household, household_of);
        }
        if household != 0 {
            households.join(slot.0, household, household_of);
        }
        cold.household = household;
        self.cold[slot.at()] = cold.pack();
    }

    /// The accounts of a household (not 0).
    pub fn members(&self, household: u32) -> impl Iterator<Item = AccountSlot> + '_ {
        let household_of = |other: u32| Cold::unpack(&self.cold[other as usize]).household;
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
