//! A random world: a rule set with any switch in any position, and tables of some size.

use carbex_core::Capacities;
use carbex_rules::{
    BandRules, CarryOverRules, MarketRules, OrderRules, OverdraftRules, PurchaseRules, RuleParameters, RuleSet,
    RuleVersion, SaleRules, TierRules,
};
use carbex_vocabulary::{CapsPer, OppositeOrders, PostedSales, Rationing, Resale};
use fastrand::Rng;

/// Lots and ticks whose product is a multiple of 1,000.
const LOTS_AND_TICKS: &[(u64, u64)] =
    &[(1000, 10), (1000, 1), (500, 2), (500, 10), (1, 1000), (100, 10), (250, 4), (2000, 5), (1000, 50)];

/// How many seeds of a hundred are crowded: hundreds of accounts, thousands of orders on wide and narrow bands.
const LARGE_PERCENT: u32 = 4;

/// One of a list.
pub(super) fn pick<T: Copy>(rng: &mut Rng, list: &[T]) -> T {
    list[rng.usize(..list.len())]
}

/// True that many times of a hundred.
pub(super) fn chance(rng: &mut Rng, percent: u32) -> bool {
    rng.u32(..100) < percent
}

/// Table sizes: ample on most seeds, so small on some that accounts or orders do not fit.
pub(super) fn capacities(rng: &mut Rng) -> Capacities {
    if chance(rng, LARGE_PERCENT) {
        return Capacities { accounts: 400, orders: 3000, slice_accounts: u32::MAX };
    }
    Capacities {
        accounts: if chance(rng, 20) { rng.u32(3..8) } else { 24 },
        orders: if chance(rng, 15) { rng.u32(3..12) } else { 300 },
        slice_accounts: u32::MAX,
    }
}

/// A consistent rule set, drawn from nothing.
pub(super) fn rules(rng: &mut Rng) -> RuleSet {
    loop {
        let (lot_g, tick_ueur) = pick(rng, LOTS_AND_TICKS);
        let ticks = if chance(rng, 3) { rng.u64(500..3000) } else { rng.u64(1..60) };
        let floor_ueur = tick_ueur * (80_000 / tick_ueur).max(rng.u64(1..40));
        let band = BandRules { floor_ueur, ceiling_ueur: floor_ueur + tick_ueur * (ticks - 1) };
        let parameters = RuleParameters {
            version: RuleVersion::new("random").expect("a label"),
            market: market(rng, lot_g, tick_ueur),
            orders: orders(rng, lot_g),
            sale: sale(rng),
            purchase: purchase(rng),
            overdraft: OverdraftRules {
                overdraft_bp: pick(rng, &[0, 500, 1000, 10_000]),
                penalty_ueur: band.ceiling_ueur * rng.u64(1..3) + rng.u64(..1000),
                repay_bp: pick(rng, &[0, 3333, 5000, 10_000]),
            },
            carry_over: CarryOverRules {
                fraction_bp: pick(rng, &[0, 1000, 2500, 9999, 10_000]),
                cap_bp: pick(rng, &[0, 1000, 5001, 10_000]),
            },
            band,
            tiers: tiers(rng, lot_g, band, tick_ueur),
        };
        if let Ok(rules) = RuleSet::new(parameters) {
            return rules;
        }
    }
}

/// The rules at hand with some fields changed: mostly those that may change at any time.
pub(super) fn changed(rng: &mut Rng, rules: &RuleSet, restricted: bool) -> RuleSet {
    let other = self::rules(rng);
    let mut parameters: RuleParameters = **rules;
    if restricted {
        match rng.u32(..6) {
            0 => parameters.market.lot_g = other.market.lot_g,
            1 => parameters.market.tick_ueur = other.market.tick_ueur,
            2 => parameters.market.spread_ueur = other.market.spread_ueur,
            3 => parameters.market.rationing = other.market.rationing,
            4 => parameters.purchase.caps_per = other.purchase.caps_per,
            _ => parameters.orders.opposite_orders = other.orders.opposite_orders,
        }
    }
    match rng.u32(..9) {
        0 => parameters.market.collar_bp = other.market.collar_bp,
        1 => parameters.market.posted_sales = other.market.posted_sales,
        2 => parameters.orders.max_open_orders = other.orders.max_open_orders,
        3 => parameters.orders.max_orders_per_day = other.orders.max_orders_per_day,
        4 => parameters.sale = other.sale,
        5 => parameters.purchase.holding_margin_bp = other.purchase.holding_margin_bp,
        6 => parameters.carry_over = other.carry_over,
        7 => parameters.tiers = other.tiers,
        _ => parameters.overdraft.repay_bp = other.overdraft.repay_bp,
    }
    parameters.version = RuleVersion::new(pick(rng, &["random-b", "random-c", "random-é"])).expect("a label");
    RuleSet::new(parameters).unwrap_or(*rules)
}

fn market(rng: &mut Rng, lot_g: u64, tick_ueur: u64) -> MarketRules {
    MarketRules {
        lot_g,
        tick_ueur,
        spread_ueur: tick_ueur * pick(rng, &[0, 0, 1, 2, 5]),
        collar_bp: pick(rng, &[0, 0, 1, 5, 20, 200]),
        posted_sales: pick(rng, PostedSales::ALL),
        rationing: pick(rng, Rationing::ALL),
    }
}

fn orders(rng: &mut Rng, lot_g: u64) -> OrderRules {
    OrderRules {
        max_order_g: lot_g * rng.u64(4..60) + pick(rng, &[0, lot_g - 1]),
        max_open_orders: pick(rng, &[1, 2, 3, 8, 8]),
        max_orders_per_day: pick(rng, &[2, 5, 100, 1000]),
        opposite_orders: pick(rng, OppositeOrders::ALL),
    }
}

fn sale(rng: &mut Rng) -> SaleRules {
    SaleRules {
        earned_surplus_only: chance(rng, 20),
        subsistence_bp: pick(rng, &[0, 0, 0, 500, 3333, 10_000]),
        sale_cap_bp: pick(rng, &[2000, 10_000, 30_000, 200_000]),
        resale: pick(rng, Resale::ALL),
        resale_after_days: pick(rng, &[0, 1, 1, 30]),
    }
}

fn purchase(rng: &mut Rng) -> PurchaseRules {
    PurchaseRules {
        holding_margin_bp: pick(rng, &[0, 2500, 20_000, 100_000, 200_000, 200_000]),
        purchase_cap_bp: pick(rng, &[500, 10_000, 30_000, 200_000, 1_000_000]),
        caps_per: pick(rng, CapsPer::ALL),
    }
}

fn tiers(rng: &mut Rng, lot_g: u64, band: BandRules, tick_ueur: u64) -> Option<TierRules> {
    if chance(rng, 40) {
        return None;
    }
    let ticks = (band.ceiling_ueur - band.floor_ueur) / tick_ueur + 1;
    Some(TierRules {
        price_1_ueur: band.floor_ueur + tick_ueur * rng.u64(..ticks),
        volume_1_g: rng.u64(..lot_g * 20),
        price_2_ueur: band.floor_ueur + tick_ueur * rng.u64(..ticks),
        volume_2_g: rng.u64(..lot_g * 20),
    })
}
