//! `PURCHASE_CAP`: a year's purchases stay within a share of the endowment (market specification, section 5).

use carbex_vocabulary::{Reject, RejectCode};

use crate::{Allowance, Holdings};

/// Both sides of the purchase cap, in grams, added up over the accounts that share it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PurchaseTerms {
    bought_g: i128,
    cap_g: i128,
}

impl PurchaseTerms {
    /// Adds one account: `bought + open_buy` on one side, `floor(A·purchase_cap_bp/10000)` on the other.
    #[inline]
    pub fn add(&mut self, holdings: &Holdings, allowance: &Allowance) {
        self.bought_g += i128::from(holdings.bought_g + holdings.open_buy_g);
        self.cap_g += i128::from(allowance.purchase_cap_g);
    }
}

/// `bought + quantity ≤ cap`, in grams.
#[inline]
pub(super) fn check(terms: &PurchaseTerms, quantity_g: i64) -> Result<(), Reject> {
    let after_g = terms.bought_g + i128::from(quantity_g);
    if after_g > terms.cap_g {
        return Err(Reject::with(RejectCode::PurchaseCap, terms.cap_g, after_g));
    }
    Ok(())
}
