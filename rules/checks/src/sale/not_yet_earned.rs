//! `NOT_YET_EARNED`: only the surplus of the days lived so far can be sold (market specification, section 5; the charter
//! sells what was saved, not what is hoped to be).

use carbex_vocabulary::{Reject, RejectCode};

use crate::{Allowance, Holdings, SaleRules};

/// `quantity ≤ floor(A·(d−o)/(D−o)) − consumed − sold − open_sell`, in grams; switch `earned_surplus_only`.
#[inline]
pub(super) fn check(
    rules: &SaleRules,
    holdings: &Holdings,
    allowance: &Allowance,
    quantity_g: i64,
) -> Result<(), Reject> {
    if !rules.earned_surplus_only {
        return Ok(());
    }
    let surplus_g = allowance.earned_g - holdings.consumed_g - holdings.sold_g - holdings.open_sell_g;
    if quantity_g > surplus_g {
        return Err(Reject::with(RejectCode::NotYetEarned, surplus_g, quantity_g));
    }
    Ok(())
}
