//! Account numbers: pseudonymous and not dense, as a civil registry's would be.

use carbex_vocabulary::AccountId;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Half of a number's bits. 48 bits in all: numbers that a spreadsheet and a browser still hold exactly.
const HALF_BITS: u32 = 24;
const HALF_MASK: u64 = (1 << HALF_BITS) - 1;
const ROUNDS: usize = 4;

/// A seeded one-to-one map from 0, 1, 2 … to 48-bit numbers: a Feistel network, which is one-to-one whatever its round
/// function is. It scatters; it hides nothing from whoever has the seed.
pub(super) struct AccountNumbers {
    keys: [u64; ROUNDS],
}

impl AccountNumbers {
    pub(super) fn new(random: &mut ChaCha8Rng) -> Self {
        Self { keys: random.random() }
    }

    /// The account number of the index-th resident; never 0.
    pub(super) fn number_of(&self, index: u32) -> AccountId {
        // 1-based and below 2^33, so one preimage of 0 at most: stepping over it keeps the map one-to-one.
        let mut number = self.scatter(u64::from(index) + 1);
        while number == 0 {
            number = self.scatter(0);
        }
        AccountId::new(number)
    }

    fn scatter(&self, plain: u64) -> u64 {
        let (mut left, mut right) = (plain >> HALF_BITS & HALF_MASK, plain & HALF_MASK);
        for key in self.keys {
            let mixed = (right ^ key).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            (left, right) = (right, left ^ (mixed >> 40 & HALF_MASK));
        }
        left << HALF_BITS | right
    }
}
