//! The rule file: its tables, names and defaults as written in TOML, or as the `rules` object of a `set_rules` line.

use carbex_rules::{
    BandRules, CarryOverRules, MarketRules, OrderRules, OverdraftRules, PurchaseRules, RuleFault, RuleParameters,
    RuleSet, RuleVersion, SaleRules, TierRules,
};
use carbex_vocabulary::{CapsPer, OppositeOrders, PostedSales, Rationing, Resale};
use serde::{Deserialize, Deserializer};

use crate::Rulebook;
use crate::allotment::AllotmentTable;
use crate::reading::{
    caps_per, flag, opposite_orders, posted_sales, rationing, resale, some_table, some_whole, table, text, whole,
};
use crate::trajectory::TrajectoryTable;

/// A rule file as read: names and types are right, consistency is not yet known.
///
/// Unknown keys and tables are refused while it is read; a missing key has the default of the market specification,
/// section 5. Reads from TOML and, as an object of objects with the same names, from JSON.
#[derive(Clone, Debug, Default)]
pub struct RuleFile(Tables);

impl<'de> Deserialize<'de> for RuleFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        table(deserializer).map(Self)
    }
}

impl RuleFile {
    /// The rules of this file if they are consistent; else the first field at fault.
    ///
    /// `[allotment]` and `[trajectory]` are checked too, though they are no part of what the core applies.
    pub fn validate(&self) -> Result<RuleSet, RuleFault> {
        self.rulebook().map(|rulebook| rulebook.rules)
    }

    /// Everything in this file if it is consistent; else the first field at fault.
    pub fn rulebook(&self) -> Result<Rulebook, RuleFault> {
        let Tables { version, market, orders, sale, purchase, overdraft, carry_over, band, tiers, .. } = &self.0;
        let rules = RuleSet::new(RuleParameters {
            version: version_of(version)?,
            market: MarketRules {
                lot_g: market.lot_g,
                tick_ueur: market.tick_ueur,
                spread_ueur: market.spread_ueur,
                collar_bp: market.collar_bp,
                posted_sales: market.posted_sales,
                rationing: market.rationing,
            },
            orders: OrderRules {
                max_order_g: orders.max_order_g,
                max_open_orders: orders.max_open_orders,
                max_orders_per_day: orders.max_orders_per_day,
                opposite_orders: orders.opposite_orders,
            },
            sale: SaleRules {
                earned_surplus_only: sale.earned_surplus_only,
                subsistence_bp: sale.subsistence_bp,
                sale_cap_bp: sale.sale_cap_bp,
                resale: sale.resale,
                resale_after_days: sale.resale_after_days,
            },
            purchase: PurchaseRules {
                holding_margin_bp: purchase.holding_margin_bp,
                purchase_cap_bp: purchase.purchase_cap_bp,
                caps_per: purchase.caps_per,
            },
            overdraft: OverdraftRules {
                overdraft_bp: overdraft.overdraft_bp,
                penalty_ueur: overdraft.penalty_ueur,
                repay_bp: overdraft.repay_bp,
            },
            carry_over: CarryOverRules { fraction_bp: carry_over.fraction_bp, cap_bp: carry_over.cap_bp },
            band: BandRules { floor_ueur: band.floor_ueur, ceiling_ueur: band.ceiling_ueur },
            tiers: tiers.as_ref().map(TierTable::rules).transpose()?,
        })?;
        Ok(Rulebook { rules, allotment: self.0.allotment.allotment()?, trajectory: self.0.trajectory.trajectory()? })
    }
}

fn version_of(label: &str) -> Result<RuleVersion, RuleFault> {
    RuleVersion::new(label).ok_or_else(|| {
        let problem = if label.is_empty() {
            "is missing: name the rule set on the first line, for example version = \"charter-2027\"".to_owned()
        } else {
            format!("must be 1 to 32 bytes of text without a zero byte; {label:?} is {} bytes long", label.len())
        };
        RuleFault { field: "version", problem }
    })
}

/// Every table of the file. `version` has no default: an empty one is refused by `validate`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Tables {
    #[serde(deserialize_with = "text")]
    version: String,
    #[serde(deserialize_with = "table")]
    market: MarketTable,
    #[serde(deserialize_with = "table")]
    orders: OrderTable,
    #[serde(deserialize_with = "table")]
    sale: SaleTable,
    #[serde(deserialize_with = "table")]
    purchase: PurchaseTable,
    #[serde(deserialize_with = "table")]
    overdraft: OverdraftTable,
    #[serde(deserialize_with = "table")]
    carry_over: CarryOverTable,
    #[serde(deserialize_with = "table")]
    band: BandTable,
    #[serde(deserialize_with = "some_table")]
    tiers: Option<TierTable>,
    #[serde(deserialize_with = "table")]
    allotment: AllotmentTable,
    #[serde(deserialize_with = "table")]
    trajectory: TrajectoryTable,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct MarketTable {
    #[serde(deserialize_with = "whole")]
    lot_g: u64,
    #[serde(deserialize_with = "whole")]
    tick_ueur: u64,
    #[serde(deserialize_with = "whole")]
    spread_ueur: u64,
    #[serde(deserialize_with = "whole")]
    collar_bp: u32,
    #[serde(deserialize_with = "posted_sales")]
    posted_sales: PostedSales,
    #[serde(deserialize_with = "rationing")]
    rationing: Rationing,
}

impl Default for MarketTable {
    fn default() -> Self {
        Self {
            lot_g: 1000,
            tick_ueur: 10,
            spread_ueur: 0,
            collar_bp: 0,
            posted_sales: PostedSales::Batched,
            rationing: Rationing::Equal,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct OrderTable {
    #[serde(deserialize_with = "whole")]
    max_order_g: u64,
    #[serde(deserialize_with = "whole")]
    max_open_orders: u32,
    #[serde(deserialize_with = "whole")]
    max_orders_per_day: u32,
    #[serde(deserialize_with = "opposite_orders")]
    opposite_orders: OppositeOrders,
}

impl Default for OrderTable {
    fn default() -> Self {
        Self {
            max_order_g: 5_000_000,
            max_open_orders: 8,
            max_orders_per_day: 100,
            opposite_orders: OppositeOrders::Refused,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SaleTable {
    #[serde(deserialize_with = "flag")]
    earned_surplus_only: bool,
    #[serde(deserialize_with = "whole")]
    subsistence_bp: u32,
    #[serde(deserialize_with = "whole")]
    sale_cap_bp: u32,
    #[serde(deserialize_with = "resale")]
    resale: Resale,
    #[serde(deserialize_with = "whole")]
    resale_after_days: u32,
}

impl Default for SaleTable {
    fn default() -> Self {
        Self {
            earned_surplus_only: true,
            subsistence_bp: 3333,
            sale_cap_bp: 10_000,
            resale: Resale::Never,
            resale_after_days: 0,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PurchaseTable {
    #[serde(deserialize_with = "whole")]
    holding_margin_bp: u32,
    #[serde(deserialize_with = "whole")]
    purchase_cap_bp: u32,
    #[serde(deserialize_with = "caps_per")]
    caps_per: CapsPer,
}

impl Default for PurchaseTable {
    fn default() -> Self {
        Self { holding_margin_bp: 2500, purchase_cap_bp: 10_000, caps_per: CapsPer::Account }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct OverdraftTable {
    #[serde(deserialize_with = "whole")]
    overdraft_bp: u32,
    #[serde(deserialize_with = "whole")]
    penalty_ueur: u64,
    #[serde(deserialize_with = "whole")]
    repay_bp: u32,
}

impl Default for OverdraftTable {
    fn default() -> Self {
        Self { overdraft_bp: 1000, penalty_ueur: 500_000, repay_bp: 10_000 }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CarryOverTable {
    #[serde(deserialize_with = "whole")]
    fraction_bp: u32,
    #[serde(deserialize_with = "whole")]
    cap_bp: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct BandTable {
    #[serde(deserialize_with = "whole")]
    floor_ueur: u64,
    #[serde(deserialize_with = "whole")]
    ceiling_ueur: u64,
}

impl Default for BandTable {
    fn default() -> Self {
        Self { floor_ueur: 10_000, ceiling_ueur: 500_000 }
    }
}

/// Tiers have no defaults: a level that nobody wrote must not release anything.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TierTable {
    #[serde(deserialize_with = "some_whole")]
    price_1_ueur: Option<u64>,
    #[serde(deserialize_with = "some_whole")]
    volume_1_g: Option<u64>,
    #[serde(deserialize_with = "some_whole")]
    price_2_ueur: Option<u64>,
    #[serde(deserialize_with = "some_whole")]
    volume_2_g: Option<u64>,
}

impl TierTable {
    fn rules(&self) -> Result<TierRules, RuleFault> {
        let given = |field: &'static str, value: Option<u64>| {
            value.ok_or_else(|| RuleFault {
                field,
                problem: "is missing: [tiers] has all four of price_1_ueur, volume_1_g, price_2_ueur and volume_2_g; \
                          a level that is not used has volume 0"
                    .into(),
            })
        };
        Ok(TierRules {
            price_1_ueur: given("tiers.price_1_ueur", self.price_1_ueur)?,
            volume_1_g: given("tiers.volume_1_g", self.volume_1_g)?,
            price_2_ueur: given("tiers.price_2_ueur", self.price_2_ueur)?,
            volume_2_g: given("tiers.volume_2_g", self.volume_2_g)?,
        })
    }
}
