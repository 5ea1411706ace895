//! A rule set inside a JSON line: an object of objects with the names of the rule file.

use carbex_rules::RuleSet;
use serde::ser::{Serialize, SerializeMap, Serializer};

/// A rule set written out, every key of what the core applies.
pub(super) struct RuleTables<'a>(pub(super) &'a RuleSet);

/// Writes one table, an object, under its name.
macro_rules! table {
    ($map:ident, $name:literal, $($key:ident: $value:expr),+ $(,)?) => {{
        #[derive(serde::Serialize)]
        struct Table<$($key),+> { $($key: $key),+ }
        $map.serialize_entry($name, &Table { $($key: $value),+ })?;
    }};
}

#[allow(non_camel_case_types, reason = "each type parameter of a table has the name of its key")]
impl Serialize for RuleTables<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rules = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("version", rules.version.as_str())?;
        table!(map, "market",
            lot_g: rules.market.lot_g,
            tick_ueur: rules.market.tick_ueur,
            spread_ueur: rules.market.spread_ueur,
            collar_bp: rules.market.collar_bp,
            posted_sales: rules.market.posted_sales.name(),
            rationing: rules.market.rationing.name(),
        );
        table!(map, "orders",
            max_order_g: rules.orders.max_order_g,
            max_open_orders: rules.orders.max_open_orders,
            max_orders_per_day: rules.orders.max_orders_per_day,
            opposite_orders: rules.orders.opposite_orders.name(),
        );
        table!(map, "sale",
            earned_surplus_only: rules.sale.earned_surplus_only,
            subsistence_bp: rules.sale.subsistence_bp,
            sale_cap_bp: rules.sale.sale_cap_bp,
            resale: rules.sale.resale.name(),
            resale_after_days: rules.sale.resale_after_days,
        );
        table!(map, "purchase",
            holding_margin_bp: rules.purchase.holding_margin_bp,
            purchase_cap_bp: rules.purchase.purchase_cap_bp,
            caps_per: rules.purchase.caps_per.name(),
        );
        table!(map, "overdraft",
            overdraft_bp: rules.overdraft.overdraft_bp,
            penalty_ueur: rules.overdraft.penalty_ueur,
            repay_bp: rules.overdraft.repay_bp,
        );
        table!(map, "carry_over",
            fraction_bp: rules.carry_over.fraction_bp,
            cap_bp: rules.carry_over.cap_bp,
        );
        table!(map, "band",
            floor_ueur: rules.band.floor_ueur,
            ceiling_ueur: rules.band.ceiling_ueur,
        );
        if let Some(tiers) = rules.tiers {
            table!(map, "tiers",
                price_1_ueur: tiers.price_1_ueur,
                volume_1_g: tiers.volume_1_g,
                price_2_ueur: tiers.price_2_ueur,
                volume_2_g: tiers.volume_2_g,
            );
        }
        map.end()
    }
}
