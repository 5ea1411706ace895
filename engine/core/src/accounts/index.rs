//! From an account's number to its slot: open addressing over 32-bit entries, three for every two accounts: 6 bytes an account.
//!
//! An entry is slot + 1 with what bits are left as a fingerprint of the number, so that a probe rarely looks at the wrong
//! account. Accounts are never removed, so neither are entries. The hash is fixed: the same on any machine.

use carbex_memory::Table;

/// Multiplies and folds: spreads consecutive and structured numbers alike.
#[inline(always)]
pub(super) fn spread(number: u64) -> u64 {
    let wide = u128::from(number ^ 0x9E37_79B9_7F4A_7C15) * u128::from(0xD6E8_FEB8_6659_FD93_u64);
    (wide as u64) ^ ((wide >> 64) as u64)
}

/// Finds slots by number.
pub(super) struct Index {
    entries: Table<u32>,
    /// The bits of an entry that hold slot + 1; the others are the fingerprint.
    slot_mask: u32,
}

impl Index {
    /// Room for `capacity` accounts at two thirds full.
    pub fn new(capacity: u32) -> Self {
        let entries = u64::from(capacity) * 3 / 2 + 2;
        let entries = usize::try_from(entries).expect("a table that this machine can address");
        let slot_mask = u32::MAX.checked_shr(capacity.leading_zeros()).unwrap_or(0);
        Self { entries: Table::zeroed(entries), slot_mask }
    }

    #[inline(always)]
    fn start(&self, hash: u64) -> usize {
        // The high half of hash × length is evenly spread over 0..length, whatever the length.
        ((u128::from(hash) * self.entries.len() as u128) >> 64) as usize
    }

    #[inline(always)]
    fn fingerprint(&self, hash: u64) -> u32 {
        (hash as u32) & !self.slot_mask
    }

    /// The first slot from where the search for `number` begins that has its fingerprint and is `confirmed`.
    #[inline(always)]
    fn search(&self, number: u64, confirmed: impl Fn(u32) -> bool) -> Option<u32> {
        let hash = spread(number);
        let fingerprint = self.fingerprint(hash);
        let mut place = self.start(hash);
        loop {
            let entry = self.entries[place];
            if entry == 0 {
                return None;
            }
            if entry & !self.slot_mask == fingerprint {
                let slot = (entry & self.slot_mask) - 1;
                if confirmed(slot) {
                    return Some(slot);
                }
            }
            place += 1;
            if place == self.entries.len() {
                place = 0;
            }
        }
    }

    /// The slot whose number is `number`; `number_at` tells a slot's number.
    #[inline(always)]
    pub fn find(&self, number: u64, number_at: impl Fn(u32) -> u64) -> Option<u32> {
        self.search(number, |slot| number_at(slot) == number)
    }

    /// The slot that a search for `number` would look at first, unconfirmed: its number is not looked at.
    #[inline(always)]
    pub fn likely(&self, number: u64) -> Option<u32> {
        self.search(number, |_| true)
    }

    /// Brings the place nearer where the search for `number` begins.
    #[inline(always)]
    pub fn look_up(&self, number: u64) {
        self.entries.prefetch(self.start(spread(number)));
    }

    /// Enters a slot under a number that is not there yet.
    pub fn insert(&mut self, number: u64, slot: u32) {
        let hash = spread(number);
        let entry = self.fingerprint(hash) | (slot + 1);
        let mut place = self.start(hash);
        while self.entries[place] != 0 {
            place = if place + 1 == self.entries.len() { 0 } else { place + 1 };
        }
        self.entries[place] = entry;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_index_finds_every_number_and_no_other() {
        for capacity in [1_u32, 2, 7, 255, 256, 10_000] {
            let numbers: Vec<u64> = (0..u64::from(capacity)).map(|n| n * 100_000_000_000_000 + 7).collect();
            let mut index = Index::new(capacity);
            for (slot, number) in (0_u32..).zip(&numbers) {
                assert_eq!(index.find(*number, |slot| numbers[slot as usize]), None);
                index.insert(*number, slot);
            }
            for (slot, number) in (0_u32..).zip(&numbers) {
                assert_eq!(index.find(*number, |slot| numbers[slot as usize]), Some(slot));
            }
            assert_eq!(index.find(8, |slot| numbers[slot as usize]), None);
        }
    }
}
