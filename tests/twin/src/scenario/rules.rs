//! Rules of a scenario: the charter's defaults, and the fields that a `rules` line changes.

use carbex_rules::{
    BandRules, CarryOverRules, MarketRules, OrderRules, OverdraftRules, PurchaseRules, RuleParameters, RuleSet,
    RuleVersion, SaleRules, TierRules,
};
use carbex_vocabulary::{CapsPer, OppositeOrders, PostedSales, Rationing, Resale};

/// The defaults of the market's specification.
pub(super) fn charter() -> RuleParameters {
    RuleParameters {
        version: RuleVersion::new("charter-2027").expect("a label"),
        market: MarketRules {
            lot_g: 1000,
            tick_ueur: 10,
            spread_ueur: 0,
            collar_bp: 0,
            posted_sales: PostedSales::Batched,
            rationing: Rationing::Equal,
        },
        orders: OrderRules {
            max_order_g: 5_000_000,
            max_open_orders: 8,
            max_orders_per_day: 100,
            opposite_orders: OppositeOrders::Refused,
        },
        sale: SaleRules {
            earned_surplus_only: true,
            subsistence_bp: 3333,
            sale_cap_bp: 10_000,
            resale: Resale::Never,
            resale_after_days: 0,
        },
        purchase: PurchaseRules { holding_margin_bp: 2500, purchase_cap_bp: 10_000, caps_per: CapsPer::Account },
        overdraft: OverdraftRules { overdraft_bp: 1000, penalty_ueur: 500_000, repay_bp: 10_000 },
        carry_over: CarryOverRules { fraction_bp: 0, cap_bp: 0 },
        band: BandRules { floor_ueur: 10_000, ceiling_ueur: 500_000 },
        tiers: None,
    }
}

/// The rule set, if it does not contradict itself.
pub(super) fn checked(parameters: RuleParameters) -> Result<RuleSet, String> {
    RuleSet::new(parameters).map_err(|fault| fault.to_string())
}

/// Changes the fields that `key=value` words name.
pub(super) fn change(parameters: &mut RuleParameters, words: &[&str]) -> Result<(), String> {
    for word in words {
        if *word == "plain" {
            // A market without the charter's limits on sellers and buyers: for scenarios about prices.
            parameters.sale.earned_surplus_only = false;
            parameters.sale.subsistence_bp = 0;
            parameters.purchase.holding_margin_bp = 100_000;
            parameters.purchase.purchase_cap_bp = 100_000;
            continue;
        }
        let (key, value) = word.split_once('=').ok_or_else(|| format!("{word} is not key=value"))?;
        change_field(parameters, key, value)?;
    }
    Ok(())
}

fn change_field(parameters: &mut RuleParameters, key: &str, value: &str) -> Result<(), String> {
    let number = || value.parse::<u64>().map_err(|_| format!("{key}: {value} is not a number"));
    let share = || value.parse::<u32>().map_err(|_| format!("{key}: {value} is not a number"));
    let unknown = || format!("{key}: {value} is not one of its values");
    let RuleParameters { version, market, orders, sale, purchase, overdraft, carry_over, band, tiers } = parameters;
    match key {
        "version" => *version = RuleVersion::new(value).ok_or_else(unknown)?,
        "lot_g" => market.lot_g = number()?,
        "tick_ueur" => market.tick_ueur = number()?,
        "spread_ueur" => market.spread_ueur = number()?,
        "collar_bp" => market.collar_bp = share()?,
        "posted_sales" => market.posted_sales = PostedSales::from_name(value).ok_or_else(unknown)?,
        "rationing" => market.rationing = Rationing::from_name(value).ok_or_else(unknown)?,
        "max_order_g" => orders.max_order_g = number()?,
        "max_open_orders" => orders.max_open_orders = share()?,
        "max_orders_per_day" => orders.max_orders_per_day = share()?,
        "opposite_orders" => orders.opposite_orders = OppositeOrders::from_name(value).ok_or_else(unknown)?,
        "earned_surplus_only" => sale.earned_surplus_only = value == "true",
        "subsistence_bp" => sale.subsistence_bp = share()?,
        "sale_cap_bp" => sale.sale_cap_bp = share()?,
        "resale" => sale.resale = Resale::from_name(value).ok_or_else(unknown)?,
        "resale_after_days" => sale.resale_after_days = share()?,
        "holding_margin_bp" => purchase.holding_margin_bp = share()?,
        "purchase_cap_bp" => purchase.purchase_cap_bp = share()?,
        "caps_per" => purchase.caps_per = CapsPer::from_name(value).ok_or_else(unknown)?,
        "overdraft_bp" => overdraft.overdraft_bp = share()?,
        "penalty_ueur" => overdraft.penalty_ueur = number()?,
        "repay_bp" => overdraft.repay_bp = share()?,
        "fraction_bp" => carry_over.fraction_bp = share()?,
        "cap_bp" => carry_over.cap_bp = share()?,
        "floor_ueur" => band.floor_ueur = number()?,
        "ceiling_ueur" => band.ceiling_ueur = number()?,
        "tiers" => {
            let numbers: Vec<u64> = value.split(',').filter_map(|part| part.parse().ok()).collect();
            *tiers = match numbers.as_slice() {
                &[price_1_ueur, volume_1_g, price_2_ueur, volume_2_g] => {
                    Some(TierRules { price_1_ueur, volume_1_g, price_2_ueur, volume_2_g })
                }
                _ => return Err("tiers=price_1_ueur,volume_1_g,price_2_ueur,volume_2_g".to_owned()),
            };
        }
        _ => return Err(format!("{key} is not a rule")),
    }
    Ok(())
}
