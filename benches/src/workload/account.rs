//! Which account an operation is about.

use carbex_vocabulary::AccountId;

/// An account's place in the workload's own count, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountIndex(u32);

/// Odd, so that multiplying by it is a bijection of 64-bit numbers: the golden ratio's bits.
const NUMBER_STEP: u64 = 0x9E37_79B9_7F4A_7C15;

impl AccountIndex {
    /// Takes the place.
    #[inline]
    pub const fn new(place: u32) -> Self {
        Self(place)
    }

    /// The place.
    #[inline]
    pub const fn place(self) -> u32 {
        self.0
    }

    /// The number the exchange knows the account by. A real exchange's numbers are pseudonyms all over 64 bits, not a dense
    /// count: the market has to find the account, here as there.
    #[inline]
    pub const fn number(self) -> AccountId {
        AccountId::new((self.0 as u64 + 1).wrapping_mul(NUMBER_STEP))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_distinct_and_not_dense() {
        let mut numbers: Vec<u64> = (0..100_000).map(|place| AccountIndex::new(place).number().number()).collect();
        numbers.sort_unstable();
        assert!(numbers.windows(2).all(|pair| pair[1] - pair[0] > 1_000_000));
        assert_ne!(AccountIndex::new(u32::MAX).number(), AccountIndex::new(0).number());
    }
}
