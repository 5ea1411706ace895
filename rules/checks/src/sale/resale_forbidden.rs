//! `RESALE_FORBIDDEN`: points are bought to be used, not to be sold again (market specification, section 5).

use carbex_vocabulary::{DAY_NS, Reject, RejectCode, Resale, TimestampNs};

use crate::{Holdings, SaleRules};

/// Whether purchased points may be sold at `now`, given the account's last purchase (`None` = never bought), which is asked
/// for only where the rules need it.
#[inline]
pub fn resale_is_free(
    rules: &SaleRules,
    last_purchase: impl FnOnce() -> Option<TimestampNs>,
    now: TimestampNs,
) -> bool {
    match rules.resale {
        Resale::Never => false,
        Resale::Allowed => true,
        Resale::AfterDays => last_purchase().is_none_or(|bought| {
            let free_from = u128::from(bought.ns()) + u128::from(rules.resale_after_days) * u128::from(DAY_NS);
            u128::from(now.ns()) >= free_from
        }),
    }
}

/// Unless resale is free: `quantity ≤ allotted − open_sell`, in grams.
#[inline]
pub(super) fn check(holdings: &Holdings, resale_free: bool, quantity_g: i64) -> Result<(), Reject> {
    let own_g = holdings.allotted_g - holdings.open_sell_g;
    if !resale_free && quantity_g > own_g {
        return Err(Reject::with(RejectCode::ResaleForbidden, own_g, quantity_g));
    }
    Ok(())
}
