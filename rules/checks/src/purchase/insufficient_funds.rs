//! `INSUFFICIENT_FUNDS`: a purchase is paid from money that is there and free (market specification, section 5).

use carbex_vocabulary::{Reject, RejectCode};

use crate::Holdings;

/// The full value at the limit must be free in cash, in µ€.
#[inline]
pub(super) fn check(holdings: &Holdings, value_ueur: i64) -> Result<(), Reject> {
    let free_ueur = holdings.cash_ueur - holdings.cash_reserved_ueur;
    if value_ueur > free_ueur {
        return Err(Reject::with(RejectCode::InsufficientFunds, free_ueur, value_ueur));
    }
    Ok(())
}
