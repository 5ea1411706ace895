//! `HOLDING_CAP`: nobody holds much more than the days to come need: no hoarding (market specification, section 5; the
//! shape is California's holding limit with its exemption for obligations).

use carbex_vocabulary::{Reject, RejectCode};

use crate::{Allowance, Holdings};

/// Both sides of the holding cap, in grams, added up over the accounts that share it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HoldingTerms {
    held_g: i128,
    cap_g: i128,
}

impl HoldingTerms {
    /// Adds one account: `allotted + purchased + open_buy + to_come` on one side,
    /// `floor(left(A)) + floor(A·holding_margin_bp/10000) + obligation` on the other.
    #[inline]
    pub fn add(&mut self, holdings: &Holdings, allowance: &Allowance) {
        self.held_g += i128::from(holdings.points_g() + holdings.open_buy_g) + i128::from(allowance.to_come_g);
        self.cap_g += allowance.holding_cap_g + i128::from(holdings.obligation_g);
    }
}

/// `held + quantity ≤ cap`, in grams.
#[inline]
pub(super) fn check(terms: &HoldingTerms, quantity_g: i64) -> Result<(), Reject> {
    let after_g = terms.held_g + i128::from(quantity_g);
    if after_g > terms.cap_g {
        return Err(Reject::with(RejectCode::HoldingCap, terms.cap_g, after_g));
    }
    Ok(())
}
