//! `INSUFFICIENT_POINTS`: nobody sells points that are not there (market specification, section 5).

use carbex_vocabulary::{Reject, RejectCode};

use crate::Holdings;

/// `quantity ≤ allotted + purchased − open_sell`, in grams.
#[inline]
pub(super) fn check(holdings: &Holdings, quantity_g: i64) -> Result<(), Reject> {
    let free_g = holdings.points_g() - holdings.open_sell_g;
    if quantity_g > free_g {
        return Err(Reject::with(RejectCode::InsufficientPoints, free_g, quantity_g));
    }
    Ok(())
}
