//! The rules of the market: one validated [`RuleSet`], and the checks that may reject, one file each.
#![forbid(unsafe_code)]

mod encoding;
mod rule_set;

pub use encoding::RULE_SET_BYTES;
pub use rule_set::{
    Band, BandRules, CarryOverRules, MarketRules, OrderRules, OverdraftRules, PurchaseRules, RuleFault, RuleParameters,
    RuleSet, RuleVersion, SaleRules, TierRules,
};
