//! What a purchase must pass, in the order of the rejection codes.

mod holding_cap;
mod insufficient_funds;
mod purchase_cap;

pub use holding_cap::HoldingTerms;
pub use purchase_cap::PurchaseTerms;

use carbex_vocabulary::Reject;

use crate::Holdings;

/// Checks a purchase of `quantity_g` worth `value_ueur` at its limit. The terms are those of the account, or summed over
/// its household (`caps_per`).
///
/// # Errors
/// `INSUFFICIENT_FUNDS`, `HOLDING_CAP`, `PURCHASE_CAP`, the first that fails.
#[inline]
pub fn check_purchase(
    holdings: &Holdings,
    holding: &HoldingTerms,
    purchase: &PurchaseTerms,
    quantity_g: i64,
    value_ueur: i64,
) -> Result<(), Reject> {
    insufficient_funds::check(holdings, value_ueur)?;
    holding_cap::check(holding, quantity_g)?;
    purchase_cap::check(purchase, quantity_g)
}
