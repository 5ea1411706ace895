//! `SALE_CAP`: a year's sales stay within a share of the endowment (market specification, section 5).

use carbex_vocabulary::{Reject, RejectCode};

use crate::{Allowance, Holdings};

/// `sold + open_sell + quantity ≤ floor(A·sale_cap_bp/10000)`, in grams.
#[inline]
pub(super) fn check(holdings: &Holdings, allowance: &Allowance, quantity_g: i64) -> Result<(), Reject> {
    let cap_g = allowance.sale_cap_g;
    let after_g = holdings.sold_g + holdings.open_sell_g + quantity_g;
    if after_g > cap_g {
        return Err(Reject::with(RejectCode::SaleCap, cap_g, after_g));
    }
    Ok(())
}
