//! What the core's tables hold. Beyond it the answer is `LIMIT_EXCEEDED`, after every other check.

use carbex_vocabulary::RejectCode;

use super::{
    Twin,
    answer::{Outcome, reject},
};

/// Grams in one field of an account: below 2^39, either sign.
pub(super) const ACCOUNT_GRAMS_MAX: i128 = (1 << 39) - 1;
/// Grams in a public account.
pub(super) const PUBLIC_GRAMS_MAX: i128 = (1 << 62) - 1;
/// All money in the market.
pub(super) const MONEY_MAX_UEUR: i128 = (1 << 55) - 1;
/// Penalties that one account owes.
pub(super) const OWED_MAX_UEUR: i128 = (1 << 48) - 1;
/// An obligation, in grams.
pub(super) const OBLIGATION_MAX_G: i128 = u32::MAX as i128;
/// A share of one endowment, in basis points.
pub(super) const SHARE_MAX_BP: i128 = (1 << 21) - 1;
/// The highest household.
pub(super) const HOUSEHOLD_MAX: i128 = u32::MAX as i128;

/// The highest price of a band, in µ€ per point: a million euros.
pub(super) const PRICE_MAX_UEUR: i128 = 1_000_000_000_000;

/// `LIMIT_EXCEEDED` if `number` passes `limit`.
pub(super) fn within(limit: i128, number: i128) -> Outcome {
    if number > limit {
        return Err(reject(RejectCode::LimitExceeded, limit, number));
    }
    Ok(())
}

impl Twin {
    /// Whether that much more money still fits.
    pub(super) fn check_money_in(&self, amount_ueur: i128) -> Outcome {
        within(MONEY_MAX_UEUR, self.public.deposited_ueur - self.public.withdrawn_ueur + amount_ueur)
    }
}
