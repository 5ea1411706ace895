//! The terms under which the exchange is measured: its rules, its prices, and what its accounts own.

use carbex_rules::{Band, RuleSet, RuleVersion};
use carbex_vocabulary::{OppositeOrders, PostedSales, PriceUeur, QuantityG};

use crate::BenchFault;
use crate::workload::TickBand;

/// A lot: one point.
pub(crate) const LOT_G: u64 = 1_000;
/// A tick. With it one lot at one tick is worth one µ€, so that values are the notional.
const TICK_UEUR: u64 = 1;
/// The most that one account's points may ever add up to is 2³⁹ − 1 grams; a third leaves room for what it buys.
const ENDOWMENT_MAX_G: u64 = 200_000_000_000;
/// All points issued stay well inside what a public total holds, 2⁶² grams.
const ISSUED_MAX_G: u64 = 1 << 61;
/// Half of all the money that the tables hold (2⁵⁵ µ€), for the citizens; the other half is the treasury's.
pub(crate) const CITIZENS_MONEY_UEUR: u64 = 1 << 54;
/// What the treasury is given: a quarter of all the money that the tables hold.
pub(crate) const TREASURY_MONEY_UEUR: u64 = 1 << 53;

/// Where a workload's ticks lie among the market's prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceScale {
    /// A price of nothing cannot be: a band from tick 0 is moved up by one.
    shift_ticks: u64,
}

impl PriceScale {
    /// The scale for a band.
    pub fn of(band: TickBand) -> Self {
        Self { shift_ticks: u64::from(band.lowest_tick == 0) }
    }

    /// The market's price of a tick.
    #[inline]
    pub fn price(self, tick: u32) -> PriceUeur {
        PriceUeur::new((u64::from(tick) + self.shift_ticks) * TICK_UEUR)
    }

    /// Price × lots in ticks, of trades of that many lots and that value.
    pub fn notional(self, value_ueur: u128, lots: u64) -> u128 {
        value_ueur / u128::from(TICK_UEUR) - u128::from(self.shift_ticks) * u128::from(lots)
    }
}

/// A quantity in lots.
#[inline]
pub(crate) fn lots(lots: u32) -> QuantityG {
    QuantityG::new(u64::from(lots) * LOT_G)
}

/// What every account is endowed with: so much that no cap binds, in a table of that many accounts.
pub(crate) fn endowment(accounts: u32) -> QuantityG {
    let endowment_g = ENDOWMENT_MAX_G.min(ISSUED_MAX_G / u64::from(accounts.max(1)));
    QuantityG::new(endowment_g - endowment_g % LOT_G)
}

/// The charter's rules, every check made, in the workload's band; an account may have both sides open and any number of
/// orders, as a plain book allows.
pub fn rules(band: TickBand) -> Result<RuleSet, BenchFault> {
    let charter = carbex_rulebook::preset("charter").ok_or(BenchFault::NoCharter)?.rulebook().rules;
    let mut parameters = *charter;
    let scale = PriceScale::of(band);
    let band = Band {
        floor_ueur: scale.price(band.lowest_tick).ueur(),
        ceiling_ueur: (band.highest_tick() + scale.shift_ticks) * TICK_UEUR,
    };
    if let Some(version) = RuleVersion::new("charter-bench") {
        parameters.version = version;
    }
    parameters.market.lot_g = LOT_G;
    parameters.market.tick_ueur = TICK_UEUR;
    parameters.market.posted_sales = PostedSales::Immediate;
    parameters.orders.max_order_g = u64::from(u32::MAX) * LOT_G;
    parameters.orders.max_open_orders = u32::from(u16::MAX);
    parameters.orders.max_orders_per_day = (1 << 24) - 1;
    parameters.orders.opposite_orders = OppositeOrders::Allowed;
    // Ten endowments above what is left of one: what a citizen buys never passes it.
    parameters.purchase.holding_margin_bp = 100_000;
    // Borrowing must not beat buying, whatever the band.
    parameters.overdraft.penalty_ueur = parameters.overdraft.penalty_ueur.max(band.ceiling_ueur);
    (parameters.band.floor_ueur, parameters.band.ceiling_ueur) = (band.floor_ueur, band.ceiling_ueur);
    Ok(RuleSet::new(parameters)?)
}
