//! `SUBSISTENCE_FLOOR`: what the days to come need cannot be sold (market specification, section 5).

use carbex_vocabulary::{Reject, RejectCode};

use crate::{AccountYear, Holdings, SaleRules};

/// `allotted + purchased − open_sell − quantity ≥ ceil(left(A·subsistence_bp)/10000)`, in grams left.
pub(super) fn check(rules: &SaleRules, holdings: &Holdings, year: &AccountYear, quantity_g: i64) -> Result<(), Reject> {
    let floor_g = year.subsistence_g(rules.subsistence_bp);
    let left_g = holdings.points_g() - holdings.open_sell_g - quantity_g;
    if left_g < floor_g {
        return Err(Reject::with(RejectCode::SubsistenceFloor, floor_g, left_g));
    }
    Ok(())
}
