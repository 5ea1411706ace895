//! `SUBSISTENCE_FLOOR`: what the days to come need cannot be sold (market specification, section 5).

use carbex_vocabulary::{Reject, RejectCode};

use crate::{Allowance, Holdings};

/// `allotted + purchased − open_sell − quantity ≥ ceil(left(A·subsistence_bp)/10000)`, in grams left.
#[inline]
pub(super) fn check(holdings: &Holdings, allowance: &Allowance, quantity_g: i64) -> Result<(), Reject> {
    let floor_g = allowance.subsistence_g;
    let left_g = holdings.points_g() - holdings.open_sell_g - quantity_g;
    if left_g < floor_g {
        return Err(Reject::with(RejectCode::SubsistenceFloor, floor_g, left_g));
    }
    Ok(())
}
