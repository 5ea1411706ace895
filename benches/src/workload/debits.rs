//! Card payments: what daily life asks of the exchange.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::AccountIndex;

/// One payment's points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Debit {
    /// Who pays.
    pub account: AccountIndex,
    /// How much, in grams.
    pub quantity_g: u32,
}

/// The largest payment: 5 points, a tank's share rather than a tank, so that a year of them is a citizen's.
const PAYMENT_MAX_G: u32 = 5_000;

/// Small payments of accounts drawn uniformly from `accounts`; the same arguments give the same payments.
pub fn card_payments(accounts: u32, payments: usize, seed: u64) -> Vec<Debit> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..payments)
        .map(|_| Debit {
            account: AccountIndex::new(random.random_range(0..accounts.max(1))),
            quantity_g: random.random_range(1..=PAYMENT_MAX_G),
        })
        .collect()
}
