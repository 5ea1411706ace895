//! From an account's number to its slot: open addressing over 32-bit entries, 4.4 bytes an account when full.
//!
//! An entry is slot + 1 with what bits are left as a fingerprint of the number, so that a probe rarely looks at the wrong
//! account. Accounts are never removed, so neither are entries. The hash is fixed: the same on any machine.

/// Multiplies and folds: spreads consecutive and structured numbers alike.
#[inline]
pub(super) fn spread(number: u64) -> u64 {
    let wide = u128::from(number ^ 0x9E37_79B9_7F4A_7C15) * u128::from(0xD6E8_FEB8_6659_FD93_u64);
    let folded = (wide ^ (wide >> 64)) as u64;
    folded.wrapping_mul(0x9FB2_1C65_1E98_DF25) ^ (folded >> 32)
}

/// Finds slots by number.
pub(super) struct Index {
    entries: Vec<u32>,
    slot_bits: u32,
}

impl Index {
    /// Room for `capacity` accounts at nine tenths full.
    pub fn new(capacity: u32) -> Self {
        let entries = u64::from(capacity) * 10 / 9 + 2;
        let slot_bits = u32::BITS - capacity.leading_zeros();
        Self { entries: vec![0; usize::try_from(entries).expect("a table that this machine can address")], slot_bits }
    }

    #[inline]
    fn start(&self, hash: u64) -> usize {
        // The high half of hash × length is evenly spread over 0..length, whatever the length.
        ((u128::from(hash) * self.entries.len() as u128) >> 64) as usize
    }

    #[inline]
    fn fingerprint(&self, hash: u64) -> u32 {
        if self.slot_bits == 32 { 0 } else { (hash as u32) >> self.slot_bits << self.slot_bits }
    }

    /// The slot whose number is `number`; `number_at` tells a slot's number.
    #[inline]
    pub fn find(&self, number: u64, number_at: impl Fn(u32) -> u64) -> Option<u32> {
        let hash = spread(number);
        let fingerprint = self.fingerprint(hash);
        let slot_mask = if self.slot_bits == 32 { u32::MAX } else { (1 << self.slot_bits) - 1 };
        let mut place = self.start(hash);
        loop {
            let entry = self.entries[place];
            if entry == 0 {
                return None;
            }
            if entry & !slot_mask == fingerprint {
                let slot = (entry & slot_mask) - 1;
                if number_at(slot) == number {
                    return Some(slot);
                }
            }
            place = if place + 1 == self.entries.len() { 0 } else { place + 1 };
        }
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
