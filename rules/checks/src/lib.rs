//! The rules of the market: one validated [`RuleSet`], and the checks that may reject, one file each.
#![forbid(unsafe_code)]

mod allowance;
mod encoding;
mod holdings;
mod order;
mod overdraft;
mod purchase;
mod rule_set;
mod sale;

pub use allowance::Allowance;
pub use encoding::RULE_SET_BYTES;
pub use holdings::{AccountYear, Holdings};
pub use order::{check_open_orders, check_opposite, check_order_rate, check_price, check_quantity};
pub use overdraft::check_overdraft;
pub use purchase::{HoldingTerms, PurchaseTerms, check_purchase};
pub use rule_set::{
    Band, BandRules, CarryOverRules, MarketRules, OrderRules, OverdraftRules, PRICE_MAX_UEUR, PurchaseRules, RuleFault,
    RuleParameters, RuleSet, RuleVersion, SaleRules, TierRules,
};
pub use sale::{check_sale, resale_is_free};
