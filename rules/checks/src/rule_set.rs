//! The rule set: every parameter of the market in one validated struct (market specification, section 5).

use carbex_vocabulary::{CapsPer, OppositeOrders, PostedSales, Rationing, Resale};

/// The label of a rule set: at most 32 bytes of UTF-8, padded with zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RuleVersion([u8; 32]);

impl RuleVersion {
    /// The label, if it is not empty, fits 32 bytes and holds no zero byte.
    pub fn new(label: &str) -> Option<Self> {
        let bytes = label.as_bytes();
        if bytes.is_empty() || bytes.len() > 32 || bytes.contains(&0) {
            return None;
        }
        let mut padded = [0; 32];
        padded[..bytes.len()].copy_from_slice(bytes);
        Some(Self(padded))
    }

    /// The label as text.
    pub fn as_str(&self) -> &str {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(32);
        core::str::from_utf8(&self.0[..end]).unwrap_or_default()
    }

    /// The padded bytes, as journaled.
    pub const fn bytes(&self) -> [u8; 32] {
        self.0
    }

    /// The label of those padded bytes, if they are one.
    pub fn from_bytes(bytes: [u8; 32]) -> Option<Self> {
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(32);
        let label = Self::new(core::str::from_utf8(&bytes[..end]).ok()?)?;
        (label.0 == bytes).then_some(label)
    }
}

/// `[market]`: what trades and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketRules {
    /// The smallest tradable quantity, in grams.
    pub lot_g: u64,
    /// The price step, in µ€ per point.
    pub tick_ueur: u64,
    /// What the regulator keeps of a crossing between citizens, in µ€ per point.
    pub spread_ueur: u64,
    /// How far from the reference a buyer's price may be in continuous, in basis points; 0 = no collar.
    pub collar_bp: u32,
    /// Whether buys trade at once in the posted phase.
    pub posted_sales: PostedSales,
    /// How the long side is shared.
    pub rationing: Rationing,
}

/// `[orders]`: limits on orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderRules {
    /// The largest order, in grams.
    pub max_order_g: u64,
    /// Open orders an account may have.
    pub max_open_orders: u32,
    /// Places and replaces accepted per account and day.
    pub max_orders_per_day: u32,
    /// Whether an account may have both sides open.
    pub opposite_orders: OppositeOrders,
}

/// `[sale]`: what may be sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaleRules {
    /// Only what was not consumed so far can be sold.
    pub earned_surplus_only: bool,
    /// The share of the endowment of the days to come that cannot be sold, in basis points.
    pub subsistence_bp: u32,
    /// The share of the endowment that can be sold in a year, in basis points.
    pub sale_cap_bp: u32,
    /// Whether purchased points can be sold.
    pub resale: Resale,
    /// With `after_days`: how many days after the last purchase.
    pub resale_after_days: u32,
}

/// `[purchase]`: what may be bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PurchaseRules {
    /// What may be held beyond the endowment of the days to come, in basis points of the endowment.
    pub holding_margin_bp: u32,
    /// What may be bought in a year, in basis points of the endowment.
    pub purchase_cap_bp: u32,
    /// Over whom both caps add up.
    pub caps_per: CapsPer,
}

/// `[overdraft]`: what happens below zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverdraftRules {
    /// How far below zero an authorised debit may go, in basis points of the endowment.
    pub overdraft_bp: u32,
    /// What a point of deficit costs when the year closes, in µ€ per point.
    pub penalty_ueur: u64,
    /// The share of the deficit taken from later allotments, in basis points.
    pub repay_bp: u32,
}

/// `[carry_over]`: what survives the year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CarryOverRules {
    /// The share of what is left that is carried, in basis points.
    pub fraction_bp: u32,
    /// The most that is carried, in basis points of the endowment.
    pub cap_bp: u32,
}

/// `[band]`: where the price band starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BandRules {
    /// The lowest price, in µ€ per point.
    pub floor_ueur: u64,
    /// The highest price, in µ€ per point.
    pub ceiling_ueur: u64,
}

/// `[tiers]`: volumes released from the reserve when the price reaches a level, once a year each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TierRules {
    /// First level, in µ€ per point.
    pub price_1_ueur: u64,
    /// What it releases, in grams.
    pub volume_1_g: u64,
    /// Second level, in µ€ per point.
    pub price_2_ueur: u64,
    /// What it releases, in grams.
    pub volume_2_g: u64,
}

/// A price band: `floor` and `ceiling` are multiples of the tick, at most 65,536 ticks apart (both ends counted).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    /// The lowest price, in µ€ per point.
    pub floor_ueur: u64,
    /// The highest price, in µ€ per point.
    pub ceiling_ueur: u64,
}

impl Band {
    /// The most ticks a band may span, both ends counted.
    pub const TICKS_MAX: u64 = 65_536;

    /// How many ticks the band spans, both ends counted; `None` unless 0 < floor ≤ ceiling.
    pub const fn ticks(self, tick_ueur: u64) -> Option<u64> {
        if self.floor_ueur == 0 || self.floor_ueur > self.ceiling_ueur || tick_ueur == 0 {
            return None;
        }
        Some((self.ceiling_ueur - self.floor_ueur) / tick_ueur + 1)
    }
}

/// Every parameter of the market, as written: not yet known to be consistent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleParameters {
    /// The label of the rule set.
    pub version: RuleVersion,
    /// `[market]`
    pub market: MarketRules,
    /// `[orders]`
    pub orders: OrderRules,
    /// `[sale]`
    pub sale: SaleRules,
    /// `[purchase]`
    pub purchase: PurchaseRules,
    /// `[overdraft]`
    pub overdraft: OverdraftRules,
    /// `[carry_over]`
    pub carry_over: CarryOverRules,
    /// `[band]`
    pub band: BandRules,
    /// `[tiers]`; absent = none.
    pub tiers: Option<TierRules>,
}

/// A validated rule set: what it reads as is consistent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleSet(RuleParameters);

impl core::ops::Deref for RuleSet {
    type Target = RuleParameters;
    fn deref(&self) -> &RuleParameters {
        &self.0
    }
}

/// Why a rule set was refused: the field at fault, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFault {
    /// The field, with its table: `market.lot_g`.
    pub field: &'static str,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl core::fmt::Display for RuleFault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}: {}", self.field, self.problem)
    }
}

impl core::error::Error for RuleFault {}

/// The highest price a band may reach, in µ€ per point: a million euros. Beyond it the sums of an auction could not be exact.
pub const PRICE_MAX_UEUR: u64 = 1_000_000_000_000;

/// The largest lot, in grams: a million tonnes. Beyond it a single lot could pass what the tables hold.
const LOT_MAX_G: u64 = 1_000_000_000_000;

/// The largest number any other field may have: what a TOML file can hold, so that every rule set can be written out.
const NUMBER_MAX: u64 = i64::MAX.cast_unsigned();

impl RuleSet {
    /// Takes the parameters if they do not contradict each other; else names the first field at fault.
    pub fn new(parameters: RuleParameters) -> Result<Self, RuleFault> {
        check_market(&parameters)?;
        check_shares(&parameters)?;
        check_band(&parameters)?;
        check_tiers(&parameters)?;
        Ok(Self(parameters))
    }
}

fn fault(field: &'static str, problem: String) -> Result<(), RuleFault> {
    Err(RuleFault { field, problem })
}

fn check_market(parameters: &RuleParameters) -> Result<(), RuleFault> {
    let MarketRules { lot_g, tick_ueur, spread_ueur, .. } = parameters.market;
    if lot_g == 0 {
        return fault("market.lot_g", "a lot is at least 1 g".into());
    }
    if lot_g > LOT_MAX_G {
        return fault("market.lot_g", format!("must be at most {LOT_MAX_G} g; {lot_g} is more"));
    }
    if tick_ueur == 0 {
        return fault("market.tick_ueur", "a tick is at least 1 µ€ per point".into());
    }
    if !(u128::from(lot_g) * u128::from(tick_ueur)).is_multiple_of(1000) {
        return fault(
            "market.lot_g",
            format!(
                "lot_g × tick_ueur must be a multiple of 1000 so that values are exact; {lot_g} × {tick_ueur} is not"
            ),
        );
    }
    if !spread_ueur.is_multiple_of(tick_ueur) {
        return fault(
            "market.spread_ueur",
            format!("must be a multiple of the tick, {tick_ueur} µ€; {spread_ueur} is not"),
        );
    }
    if spread_ueur > PRICE_MAX_UEUR {
        return fault("market.spread_ueur", format!("must be at most {PRICE_MAX_UEUR} µ€"));
    }
    let OrderRules { max_order_g, max_open_orders, max_orders_per_day, .. } = parameters.orders;
    if max_order_g < lot_g {
        return fault("orders.max_order_g", format!("must be at least one lot, {lot_g} g; {max_order_g} is less"));
    }
    if max_order_g > NUMBER_MAX {
        return fault("orders.max_order_g", format!("must be at most {NUMBER_MAX} g; {max_order_g} is more"));
    }
    if max_open_orders == 0 {
        return fault("orders.max_open_orders", "must be at least 1: with 0 nobody could ever place an order".into());
    }
    if max_orders_per_day == 0 {
        return fault(
            "orders.max_orders_per_day",
            "must be at least 1: with 0 nobody could ever place an order".into(),
        );
    }
    Ok(())
}

fn check_shares(parameters: &RuleParameters) -> Result<(), RuleFault> {
    let shares = [
        ("sale.subsistence_bp", parameters.sale.subsistence_bp),
        ("overdraft.overdraft_bp", parameters.overdraft.overdraft_bp),
        ("overdraft.repay_bp", parameters.overdraft.repay_bp),
        ("carry_over.fraction_bp", parameters.carry_over.fraction_bp),
        ("carry_over.cap_bp", parameters.carry_over.cap_bp),
    ];
    for (field, share_bp) in shares {
        if share_bp > 10_000 {
            return fault(field, format!("a share is at most 10000 basis points; {share_bp} is more"));
        }
    }
    let OverdraftRules { overdraft_bp, penalty_ueur, .. } = parameters.overdraft;
    let ceiling_ueur = parameters.band.ceiling_ueur;
    if overdraft_bp > 0 && penalty_ueur < ceiling_ueur {
        return fault(
            "overdraft.penalty_ueur",
            format!(
                "must be at least the ceiling, {ceiling_ueur} µ€, while overdraft_bp > 0: borrowing must not beat buying"
            ),
        );
    }
    if penalty_ueur > PRICE_MAX_UEUR {
        return fault("overdraft.penalty_ueur", format!("must be at most {PRICE_MAX_UEUR} µ€ per point"));
    }
    Ok(())
}

fn check_tiers(parameters: &RuleParameters) -> Result<(), RuleFault> {
    let Some(tiers) = parameters.tiers else { return Ok(()) };
    // Which level is the higher one is left open: each stands for itself.
    for (field, number) in [
        ("tiers.price_1_ueur", tiers.price_1_ueur),
        ("tiers.volume_1_g", tiers.volume_1_g),
        ("tiers.price_2_ueur", tiers.price_2_ueur),
        ("tiers.volume_2_g", tiers.volume_2_g),
    ] {
        if number > NUMBER_MAX {
            return fault(field, format!("must be at most {NUMBER_MAX}; {number} is more"));
        }
    }
    Ok(())
}

fn check_band(parameters: &RuleParameters) -> Result<(), RuleFault> {
    let BandRules { floor_ueur, ceiling_ueur } = parameters.band;
    let tick_ueur = parameters.market.tick_ueur;
    for (field, price_ueur) in [("band.floor_ueur", floor_ueur), ("band.ceiling_ueur", ceiling_ueur)] {
        if !price_ueur.is_multiple_of(tick_ueur) {
            return fault(field, format!("must be a multiple of the tick, {tick_ueur} µ€; {price_ueur} is not"));
        }
    }
    if floor_ueur == 0 {
        return fault("band.floor_ueur", "must be above 0".into());
    }
    if ceiling_ueur > PRICE_MAX_UEUR {
        return fault("band.ceiling_ueur", format!("must be at most {PRICE_MAX_UEUR} µ€ per point"));
    }
    let band = Band { floor_ueur, ceiling_ueur };
    match band.ticks(tick_ueur) {
        None => {
            fault("band.ceiling_ueur", format!("must be at least the floor, {floor_ueur} µ€; {ceiling_ueur} is less"))
        }
        Some(ticks) if ticks > Band::TICKS_MAX => fault(
            "band.ceiling_ueur",
            format!("the band spans {ticks} ticks of {tick_ueur} µ€; at most {} are possible", Band::TICKS_MAX),
        ),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The charter's plain reading.
    fn charter() -> RuleParameters {
        RuleParameters {
            version: RuleVersion::new("charter-2027").unwrap(),
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

    /// Asserts that the charter with `on` is taken and with `past` is refused with that field.
    fn assert_limit(field: &str, on: impl Fn(&mut RuleParameters), past: impl Fn(&mut RuleParameters)) {
        let mut parameters = charter();
        on(&mut parameters);
        assert!(RuleSet::new(parameters).is_ok(), "{field}: on its limit");
        past(&mut parameters);
        let fault = RuleSet::new(parameters).expect_err(field);
        assert_eq!(fault.field, field, "{fault}");
    }

    #[test]
    fn quantities_that_the_tables_cannot_hold_are_refused() {
        assert_limit(
            "market.lot_g",
            |rules| (rules.market.lot_g, rules.orders.max_order_g) = (LOT_MAX_G, NUMBER_MAX),
            |rules| rules.market.lot_g = LOT_MAX_G + 1000,
        );
        assert_limit(
            "orders.max_order_g",
            |rules| rules.orders.max_order_g = NUMBER_MAX,
            |rules| rules.orders.max_order_g = NUMBER_MAX + 1,
        );
        let tiers = TierRules {
            price_1_ueur: NUMBER_MAX,
            volume_1_g: NUMBER_MAX,
            price_2_ueur: NUMBER_MAX,
            volume_2_g: NUMBER_MAX,
        };
        for (field, past) in [
            ("tiers.price_1_ueur", TierRules { price_1_ueur: NUMBER_MAX + 1, ..tiers }),
            ("tiers.volume_1_g", TierRules { volume_1_g: NUMBER_MAX + 1, ..tiers }),
            ("tiers.price_2_ueur", TierRules { price_2_ueur: NUMBER_MAX + 1, ..tiers }),
            ("tiers.volume_2_g", TierRules { volume_2_g: NUMBER_MAX + 1, ..tiers }),
        ] {
            assert_limit(field, |rules| rules.tiers = Some(tiers), |rules| rules.tiers = Some(past));
        }
    }

    #[test]
    fn an_order_is_at_least_a_lot() {
        assert_limit(
            "orders.max_order_g",
            |rules| rules.orders.max_order_g = 1000,
            |rules| rules.orders.max_order_g = 999,
        );
    }

    #[test]
    fn borrowing_must_not_beat_buying() {
        assert_limit(
            "overdraft.penalty_ueur",
            |rules| rules.overdraft.penalty_ueur = 500_000,
            |rules| rules.overdraft.penalty_ueur = 499_999,
        );
        // Without an overdraft the penalty may be anything: only recorded debits can leave a deficit.
        let mut parameters = charter();
        (parameters.overdraft.overdraft_bp, parameters.overdraft.penalty_ueur) = (0, 0);
        assert!(RuleSet::new(parameters).is_ok());
    }

    #[test]
    fn values_are_exact_or_the_lot_is_refused() {
        assert_limit("market.lot_g", |rules| rules.market.lot_g = 100, |rules| rules.market.lot_g = 101);
    }

    #[test]
    fn a_band_spans_at_most_65536_ticks_and_prices_at_most_a_million_euros() {
        assert_limit(
            "band.ceiling_ueur",
            |rules| (rules.overdraft.penalty_ueur, rules.band.ceiling_ueur) = (1_000_000, 10_000 + 10 * 65_535),
            |rules| rules.band.ceiling_ueur = 10_000 + 10 * 65_536,
        );
        assert_limit(
            "band.ceiling_ueur",
            |rules| {
                rules.overdraft.overdraft_bp = 0;
                rules.band = BandRules { floor_ueur: PRICE_MAX_UEUR, ceiling_ueur: PRICE_MAX_UEUR };
            },
            |rules| rules.band.ceiling_ueur = PRICE_MAX_UEUR + 10,
        );
    }

    #[test]
    fn a_version_is_1_to_32_bytes_and_comes_back_from_its_bytes() {
        for label in ["a", "été", &"v".repeat(32)] {
            let version = RuleVersion::new(label).unwrap();
            assert_eq!(version.as_str(), label);
            assert_eq!(RuleVersion::from_bytes(version.bytes()), Some(version));
        }
        assert_eq!(RuleVersion::new(""), None);
        assert_eq!(RuleVersion::new("a\0b"), None);
        assert_eq!(RuleVersion::new(&"v".repeat(33)), None);
        let mut hidden = RuleVersion::new("a").unwrap().bytes();
        hidden[31] = b'z';
        assert_eq!(RuleVersion::from_bytes(hidden), None);
    }
}
