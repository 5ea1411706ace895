//! What the rules allow an account on a day, before it is known what the account holds.

use crate::{AccountYear, RuleSet};

/// The limits that follow from the rules, the day, and an account's share and opening day alone, in grams. Every account with
/// the same share and opening day has the same, so they are worked out once and kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    /// floor(A·(d−o)/(D−o)): what the days lived so far have earned.
    pub earned_g: i64,
    /// ceil(left(A·subsistence_bp)/10000): the least that a sale must leave.
    pub subsistence_g: i64,
    /// floor(A·sale_cap_bp/10000): the most that is sold in a year.
    pub sale_cap_g: i64,
    /// What this year's allotments will still bring.
    pub to_come_g: i64,
    /// floor(left(A)) + floor(A·holding_margin_bp/10000): the most that is held, obligations aside.
    pub holding_cap_g: i128,
    /// floor(A·purchase_cap_bp/10000): the most that is bought in a year.
    pub purchase_cap_g: i64,
    /// floor(A·overdraft_bp/10000): how far below zero an authorised debit may go.
    pub overdraft_g: i64,
}

impl Allowance {
    /// The limits of an account in its year; `to_come_bp` is what this year's `allot_all` have not yet given out.
    #[inline]
    pub fn new(rules: &RuleSet, year: &AccountYear, to_come_bp: u32) -> Self {
        Self {
            earned_g: year.earned_g(),
            subsistence_g: year.subsistence_g(rules.sale.subsistence_bp),
            sale_cap_g: year.share_g(rules.sale.sale_cap_bp),
            to_come_g: year.share_g(to_come_bp),
            holding_cap_g: i128::from(year.left_g()) + i128::from(year.share_g(rules.purchase.holding_margin_bp)),
            purchase_cap_g: year.share_g(rules.purchase.purchase_cap_bp),
            overdraft_g: year.share_g(rules.overdraft.overdraft_bp),
        }
    }
}
