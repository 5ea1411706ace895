//! `OVERDRAFT_LIMIT`: an authorised debit goes a bounded way below zero (market specification, section 3).

use carbex_vocabulary::{Reject, RejectCode};

use crate::{Allowance, Holdings};

/// `allotted + purchased − quantity ≥ −floor(A·overdraft_bp/10000)`; the numbers are grams below zero.
///
/// # Errors
/// `OVERDRAFT_LIMIT`.
#[inline]
pub fn check_overdraft(holdings: &Holdings, allowance: &Allowance, quantity_g: i64) -> Result<(), Reject> {
    let below_zero_g = quantity_g - holdings.points_g();
    let limit_g = allowance.overdraft_g;
    if below_zero_g > limit_g {
        return Err(Reject::with(RejectCode::OverdraftLimit, limit_g, below_zero_g));
    }
    Ok(())
}
