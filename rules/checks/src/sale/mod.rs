//! What a sale must pass, in the order of the rejection codes.

mod insufficient_points;
mod not_yet_earned;
mod resale_forbidden;
mod sale_cap;
mod subsistence_floor;

use carbex_vocabulary::Reject;

use crate::{Allowance, Holdings, SaleRules};

/// Checks a sale of `quantity_g`; `resale_free` tells whether purchased points may be sold now (see [`resale_is_free`]).
///
/// # Errors
/// `INSUFFICIENT_POINTS`, `NOT_YET_EARNED`, `SUBSISTENCE_FLOOR`, `SALE_CAP`, `RESALE_FORBIDDEN`, the first that fails.
#[inline]
pub fn check_sale(
    rules: &SaleRules,
    holdings: &Holdings,
    allowance: &Allowance,
    resale_free: bool,
    quantity_g: i64,
) -> Result<(), Reject> {
    insufficient_points::check(holdings, quantity_g)?;
    not_yet_earned::check(rules, holdings, allowance, quantity_g)?;
    subsistence_floor::check(holdings, allowance, quantity_g)?;
    sale_cap::check(holdings, allowance, quantity_g)?;
    resale_forbidden::check(holdings, resale_free, quantity_g)
}

pub use resale_forbidden::resale_is_free;
