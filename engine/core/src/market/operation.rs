//! An operation on all accounts: what an allotment, a year's end and a year's beginning do to one of them.
//!
//! An operation carries all it needs of the year and of the rules, as they were when it was commanded, so that an account
//! takes it with the same result whenever that is. It looks at the account alone.

use carbex_rules::{AccountYear, RuleSet};
use carbex_vocabulary::AccountStatus;

use super::ledger::signed;
use super::year::Year;
use crate::PublicFields;
use crate::accounts::{Cold, EndowmentClass, Hot};

/// What an account's endowment depends on, of a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct YearTerms {
    pub endowment_g: u64,
    /// D: 365 or 366.
    pub days: u32,
}

impl YearTerms {
    pub const fn of_year(year: &Year) -> Self {
        Self { endowment_g: year.endowment_g, days: year.days }
    }

    /// floor(A × share_bp / 10000) of an account of that class, in grams; the day of the year plays no part.
    pub fn share_g(&self, class: EndowmentClass, share_bp: u32) -> i64 {
        AccountYear::new(self.endowment_g, class.share_bp, self.days, 0, u32::from(class.opened_day)).share_g(share_bp)
    }
}

/// What of the rules ends a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EndingRules {
    pub penalty_ueur: u64,
    pub repay_bp: u32,
    pub carried_bp: u32,
    pub carried_cap_bp: u32,
}

impl EndingRules {
    pub fn of_rules(rules: &RuleSet) -> Self {
        Self {
            penalty_ueur: rules.overdraft.penalty_ueur,
            repay_bp: rules.overdraft.repay_bp,
            carried_bp: rules.carry_over.fraction_bp,
            carried_cap_bp: rules.carry_over.cap_bp,
        }
    }

    /// The penalty for a deficit, in µ€.
    pub fn charged_ueur(&self, deficit_g: i64) -> i64 {
        floor_share(deficit_g, self.penalty_ueur, 1000)
    }

    /// What of a deficit is taken from later allotments, in grams.
    pub fn repay_g(&self, deficit_g: i64) -> i64 {
        floor_share(deficit_g, u64::from(self.repay_bp), 10_000)
    }

    /// What of own points is carried over, the cap aside, in grams.
    pub fn carried_g(&self, own_g: i64) -> i64 {
        floor_share(own_g, u64::from(self.carried_bp), 10_000)
    }
}

/// One operation on all accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    AllotAll { terms: YearTerms, fraction_bp: u32 },
    ClosePeriod { terms: YearTerms, rules: EndingRules },
    OpenPeriod,
}

/// What an operation did to one account, as far as the public side is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Nothing,
    /// `repaid_g` of what was issued went to the old deficit.
    Allotted {
        issued_g: i64,
        repaid_g: i64,
    },
    Penalty {
        deficit_g: i64,
        charged_ueur: i64,
        paid_ueur: i64,
        repay_g: i64,
    },
    Surplus {
        carried_g: i64,
        expired_g: i64,
    },
}

impl Effect {
    /// The public accounts follow.
    pub fn book(self, public: &mut PublicFields) {
        match self {
            Self::Nothing => {}
            Self::Allotted { issued_g, repaid_g } => {
                public.in_settlement_g -= issued_g;
                public.deficit_g += repaid_g;
            }
            Self::Penalty { deficit_g, paid_ueur, .. } => {
                public.deficit_g -= deficit_g;
                public.treasury_ueur += paid_ueur;
            }
            Self::Surplus { expired_g, .. } => public.expired_g += expired_g,
        }
    }
}

impl Operation {
    /// One account takes the operation. The orders of an account whose year ends are gone, or go now.
    pub fn take(&self, hot: &mut Hot, cold: &mut Cold) -> Effect {
        match self {
            Self::AllotAll { terms, fraction_bp } => {
                let Some(class) = class_of(hot) else { return Effect::Nothing };
                let issued_g = terms.share_g(class, *fraction_bp);
                if issued_g == 0 {
                    return Effect::Nothing;
                }
                let repaid_g = issued_g.min(cold.repay_g);
                hot.add_allotted_g(issued_g - repaid_g);
                cold.repay_g -= repaid_g;
                Effect::Allotted { issued_g, repaid_g }
            }
            Self::ClosePeriod { terms, rules } => {
                hot.add_open_sell_g(-hot.open_sell_g());
                hot.add_open_buy_g(-hot.open_buy_g());
                hot.add_cash_reserved_ueur(-hot.cash_reserved_ueur());
                hot.set_open_orders(0);
                hot.set_newest_order(0);
                class_of(hot).map_or(Effect::Nothing, |class| end_year(hot, cold, terms, rules, class))
            }
            Self::OpenPeriod => {
                // Nothing bought was consumed where nothing was: most cold sides stay untouched.
                if hot.consumed_g() != 0 {
                    cold.consumed_purchased_g = 0;
                }
                hot.set_consumed_g(0);
                hot.set_sold_g(0);
                hot.set_bought_g(0);
                hot.set_opened_day(0);
                hot.set_orders_today(0);
                Effect::Nothing
            }
        }
    }
}

/// An account's endowment class; a closed account has no endowment.
pub(super) fn class_of(hot: &Hot) -> Option<EndowmentClass> {
    match hot.status() {
        AccountStatus::Active | AccountStatus::Frozen => {
            Some(EndowmentClass { share_bp: hot.share_bp(), opened_day: hot.opened_day() })
        }
        AccountStatus::Closed => None,
    }
}

/// Both buckets together end the year; what was bought is not carried, so it comes off what was allotted.
fn end_year(hot: &mut Hot, cold: &mut Cold, terms: &YearTerms, rules: &EndingRules, class: EndowmentClass) -> Effect {
    let points_g = hot.points_g();
    let own_g = (hot.allotted_g() - hot.bought_g()).max(0);
    hot.set_purchased_g(0);
    if points_g < 0 {
        let deficit_g = -points_g;
        let charged_ueur = rules.charged_ueur(deficit_g);
        let paid_ueur = charged_ueur.min(hot.cash_ueur());
        let repay_g = rules.repay_g(deficit_g);
        hot.set_allotted_g(0);
        hot.add_cash_ueur(-paid_ueur);
        cold.owed_ueur += charged_ueur - paid_ueur;
        cold.repay_g += repay_g;
        return Effect::Penalty { deficit_g, charged_ueur, paid_ueur, repay_g };
    }
    let carried_g = rules.carried_g(own_g).min(terms.share_g(class, rules.carried_cap_bp));
    hot.set_allotted_g(carried_g);
    Effect::Surplus { carried_g, expired_g: points_g - carried_g }
}

/// floor(number × numerator / denominator), exact.
fn floor_share(number: i64, numerator: u64, denominator: u64) -> i64 {
    let wide = u128::from(number.unsigned_abs()) * u128::from(numerator) / u128::from(denominator);
    signed(u64::try_from(wide).unwrap_or(u64::MAX))
}
