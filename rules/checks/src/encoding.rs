//! A rule set as bytes: the one fixed little-endian layout that the journal and the state hash use.
//!
//! ```text
//! offset  bytes  field
//!      0      8  layout number, 1
//!      8     32  version, UTF-8 padded with zeros
//!     40   19×8  lot_g tick_ueur spread_ueur collar_bp max_order_g max_open_orders max_orders_per_day subsistence_bp
//!                sale_cap_bp resale_after_days holding_margin_bp purchase_cap_bp overdraft_bp penalty_ueur repay_bp
//!                fraction_bp cap_bp floor_ueur ceiling_ueur
//!    192    4×8  tiers: price_1_ueur volume_1_g price_2_ueur volume_2_g (zero when there are none)
//!    224      7  one byte each: posted_sales rationing opposite_orders earned_surplus_only resale caps_per tiers (0, 1)
//!    231     25  reserved, zero
//! ```
//! Every rule set has exactly one encoding: what is unused must be zero, so equal rules are equal bytes and equal hashes.

use carbex_vocabulary::{CapsPer, OppositeOrders, PostedSales, Rationing, Resale};

use crate::{
    BandRules, CarryOverRules, MarketRules, OrderRules, OverdraftRules, PurchaseRules, RuleFault, RuleParameters,
    RuleSet, RuleVersion, SaleRules, TierRules,
};

/// The length of an encoded rule set.
pub const RULE_SET_BYTES: usize = 256;

/// The number of the layout drawn above; a changed layout gets the next one.
const LAYOUT: u64 = 1;

impl RuleSet {
    /// The bytes of these rules, in the layout drawn above.
    pub fn to_bytes(&self) -> [u8; RULE_SET_BYTES] {
        let tiers = self.tiers.unwrap_or(TierRules { price_1_ueur: 0, volume_1_g: 0, price_2_ueur: 0, volume_2_g: 0 });
        let mut writer = Writer { bytes: [0; RULE_SET_BYTES], at: 0 };
        writer.number(LAYOUT);
        writer.bytes(&self.version.bytes());
        for number in [
            self.market.lot_g,
            self.market.tick_ueur,
            self.market.spread_ueur,
            u64::from(self.market.collar_bp),
            self.orders.max_order_g,
            u64::from(self.orders.max_open_orders),
            u64::from(self.orders.max_orders_per_day),
            u64::from(self.sale.subsistence_bp),
            u64::from(self.sale.sale_cap_bp),
            u64::from(self.sale.resale_after_days),
            u64::from(self.purchase.holding_margin_bp),
            u64::from(self.purchase.purchase_cap_bp),
            u64::from(self.overdraft.overdraft_bp),
            self.overdraft.penalty_ueur,
            u64::from(self.overdraft.repay_bp),
            u64::from(self.carry_over.fraction_bp),
            u64::from(self.carry_over.cap_bp),
            self.band.floor_ueur,
            self.band.ceiling_ueur,
            tiers.price_1_ueur,
            tiers.volume_1_g,
            tiers.price_2_ueur,
            tiers.volume_2_g,
        ] {
            writer.number(number);
        }
        writer.bytes(&[
            self.market.posted_sales as u8,
            self.market.rationing as u8,
            self.orders.opposite_orders as u8,
            u8::from(self.sale.earned_surplus_only),
            self.sale.resale as u8,
            self.purchase.caps_per as u8,
            u8::from(self.tiers.is_some()),
        ]);
        writer.bytes
    }

    /// The rules that those bytes hold, validated again; else the field at fault.
    pub fn from_bytes(bytes: &[u8; RULE_SET_BYTES]) -> Result<Self, RuleFault> {
        let mut reader = Reader { bytes, at: 0 };
        let layout = reader.number();
        if layout != LAYOUT {
            return Err(fault("layout", format!("layout {LAYOUT} is known here; these bytes are of layout {layout}")));
        }
        let version = RuleVersion::from_bytes(reader.bytes())
            .ok_or_else(|| fault("version", "must be 1 to 32 bytes of UTF-8, padded with zeros".into()))?;
        let lot_g = reader.number();
        let tick_ueur = reader.number();
        let spread_ueur = reader.number();
        let collar_bp = reader.small("market.collar_bp")?;
        let max_order_g = reader.number();
        let max_open_orders = reader.small("orders.max_open_orders")?;
        let max_orders_per_day = reader.small("orders.max_orders_per_day")?;
        let subsistence_bp = reader.small("sale.subsistence_bp")?;
        let sale_cap_bp = reader.small("sale.sale_cap_bp")?;
        let resale_after_days = reader.small("sale.resale_after_days")?;
        let holding_margin_bp = reader.small("purchase.holding_margin_bp")?;
        let purchase_cap_bp = reader.small("purchase.purchase_cap_bp")?;
        let overdraft_bp = reader.small("overdraft.overdraft_bp")?;
        let penalty_ueur = reader.number();
        let repay_bp = reader.small("overdraft.repay_bp")?;
        let fraction_bp = reader.small("carry_over.fraction_bp")?;
        let cap_bp = reader.small("carry_over.cap_bp")?;
        let floor_ueur = reader.number();
        let ceiling_ueur = reader.number();
        let tiers = TierRules {
            price_1_ueur: reader.number(),
            volume_1_g: reader.number(),
            price_2_ueur: reader.number(),
            volume_2_g: reader.number(),
        };
        let posted_sales = reader.choice("market.posted_sales", PostedSales::from_number)?;
        let rationing = reader.choice("market.rationing", Rationing::from_number)?;
        let opposite_orders = reader.choice("orders.opposite_orders", OppositeOrders::from_number)?;
        let earned_surplus_only = reader.choice("sale.earned_surplus_only", yes_or_no)?;
        let resale = reader.choice("sale.resale", Resale::from_number)?;
        let caps_per = reader.choice("purchase.caps_per", CapsPer::from_number)?;
        let has_tiers = reader.choice("tiers", yes_or_no)?;
        if !has_tiers && bytes[192..224].iter().any(|byte| *byte != 0) {
            return Err(fault("tiers", "must be all zero when there are none".into()));
        }
        if bytes[reader.at..].iter().any(|byte| *byte != 0) {
            return Err(fault("reserved", "must be all zero".into()));
        }
        Self::new(RuleParameters {
            version,
            market: MarketRules { lot_g, tick_ueur, spread_ueur, collar_bp, posted_sales, rationing },
            orders: OrderRules { max_order_g, max_open_orders, max_orders_per_day, opposite_orders },
            sale: SaleRules { earned_surplus_only, subsistence_bp, sale_cap_bp, resale, resale_after_days },
            purchase: PurchaseRules { holding_margin_bp, purchase_cap_bp, caps_per },
            overdraft: OverdraftRules { overdraft_bp, penalty_ueur, repay_bp },
            carry_over: CarryOverRules { fraction_bp, cap_bp },
            band: BandRules { floor_ueur, ceiling_ueur },
            tiers: has_tiers.then_some(tiers),
        })
    }
}

fn fault(field: &'static str, problem: String) -> RuleFault {
    RuleFault { field, problem }
}

fn yes_or_no(byte: u8) -> Option<bool> {
    match byte {
        0 => Some(false),
        1 => Some(true),
        2.. => None,
    }
}

struct Writer {
    bytes: [u8; RULE_SET_BYTES],
    at: usize,
}

impl Writer {
    fn bytes(&mut self, bytes: &[u8]) {
        self.bytes[self.at..self.at + bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }

    fn number(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }
}

struct Reader<'a> {
    bytes: &'a [u8; RULE_SET_BYTES],
    at: usize,
}

impl Reader<'_> {
    fn bytes<const LENGTH: usize>(&mut self) -> [u8; LENGTH] {
        let mut taken = [0; LENGTH];
        taken.copy_from_slice(&self.bytes[self.at..self.at + LENGTH]);
        self.at += LENGTH;
        taken
    }

    fn number(&mut self) -> u64 {
        u64::from_le_bytes(self.bytes())
    }

    /// A number that 32 bits hold.
    fn small(&mut self, field: &'static str) -> Result<u32, RuleFault> {
        let number = self.number();
        u32::try_from(number).map_err(|_| fault(field, format!("must be at most {}; {number} is more", u32::MAX)))
    }

    /// A byte that names a member of a closed list.
    fn choice<T>(&mut self, field: &'static str, member: impl Fn(u8) -> Option<T>) -> Result<T, RuleFault> {
        let [byte] = self.bytes();
        member(byte).ok_or_else(|| fault(field, format!("{byte} is not the number of a choice")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every field differs from every other, so that two swapped fields cannot pass.
    fn parameters() -> RuleParameters {
        RuleParameters {
            version: RuleVersion::new("été-2027").unwrap(),
            market: MarketRules {
                lot_g: 500,
                tick_ueur: 20,
                spread_ueur: 60,
                collar_bp: 41,
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
                sale_cap_bp: 9001,
                resale: Resale::Never,
                resale_after_days: 30,
            },
            purchase: PurchaseRules { holding_margin_bp: 2500, purchase_cap_bp: 10_002, caps_per: CapsPer::Account },
            overdraft: OverdraftRules { overdraft_bp: 1003, penalty_ueur: 600_000, repay_bp: 9004 },
            carry_over: CarryOverRules { fraction_bp: 5005, cap_bp: 1006 },
            band: BandRules { floor_ueur: 10_000, ceiling_ueur: 500_000 },
            tiers: Some(TierRules {
                price_1_ueur: 234_000,
                volume_1_g: 7_000_000,
                price_2_ueur: 300_000,
                volume_2_g: 8_000_000,
            }),
        }
    }

    fn assert_round_trip(parameters: RuleParameters) {
        let rules = RuleSet::new(parameters).unwrap();
        assert_eq!(RuleSet::from_bytes(&rules.to_bytes()), Ok(rules));
    }

    #[test]
    fn every_field_and_every_choice_comes_back() {
        assert_round_trip(parameters());
        assert_round_trip(RuleParameters { tiers: None, ..parameters() });
        for posted_sales in PostedSales::ALL {
            let mut changed = parameters();
            changed.market.posted_sales = *posted_sales;
            assert_round_trip(changed);
        }
        for rationing in Rationing::ALL {
            let mut changed = parameters();
            changed.market.rationing = *rationing;
            assert_round_trip(changed);
        }
        for opposite_orders in OppositeOrders::ALL {
            let mut changed = parameters();
            changed.orders.opposite_orders = *opposite_orders;
            assert_round_trip(changed);
        }
        for resale in Resale::ALL {
            let mut changed = parameters();
            changed.sale.resale = *resale;
            assert_round_trip(changed);
        }
        for caps_per in CapsPer::ALL {
            let mut changed = parameters();
            changed.purchase.caps_per = *caps_per;
            assert_round_trip(changed);
        }
        for earned_surplus_only in [false, true] {
            let mut changed = parameters();
            changed.sale.earned_surplus_only = earned_surplus_only;
            assert_round_trip(changed);
        }
    }

    #[test]
    fn the_layout_stands_where_it_is_drawn() {
        let bytes = RuleSet::new(parameters()).unwrap().to_bytes();
        assert_eq!(bytes[..8], 1_u64.to_le_bytes());
        assert_eq!(&bytes[8..18], "été-2027".as_bytes());
        assert_eq!(bytes[40..48], 500_u64.to_le_bytes());
        assert_eq!(bytes[184..192], 500_000_u64.to_le_bytes());
        assert_eq!(bytes[216..224], 8_000_000_u64.to_le_bytes());
        assert_eq!(bytes[224..231], [0, 0, 0, 1, 0, 0, 1]);
        assert!(bytes[231..].iter().all(|byte| *byte == 0));
    }

    /// What decoding says about the bytes of `parameters` when byte `at` is `byte`.
    fn field_at_fault(parameters: RuleParameters, at: usize, byte: u8) -> &'static str {
        let mut bytes = RuleSet::new(parameters).unwrap().to_bytes();
        bytes[at] = byte;
        RuleSet::from_bytes(&bytes).unwrap_err().field
    }

    #[test]
    fn bytes_that_no_rule_set_has_are_refused_with_their_field() {
        assert_eq!(field_at_fault(parameters(), 0, 2), "layout");
        assert_eq!(field_at_fault(parameters(), 8, 0), "version");
        assert_eq!(field_at_fault(parameters(), 68, 1), "market.collar_bp");
        assert_eq!(field_at_fault(parameters(), 40, 0), "market.lot_g");
        assert_eq!(field_at_fault(parameters(), 224, 2), "market.posted_sales");
        assert_eq!(field_at_fault(parameters(), 225, 3), "market.rationing");
        assert_eq!(field_at_fault(parameters(), 226, 2), "orders.opposite_orders");
        assert_eq!(field_at_fault(parameters(), 227, 2), "sale.earned_surplus_only");
        assert_eq!(field_at_fault(parameters(), 228, 3), "sale.resale");
        assert_eq!(field_at_fault(parameters(), 229, 2), "purchase.caps_per");
        assert_eq!(field_at_fault(parameters(), 230, 0), "tiers");
        assert_eq!(field_at_fault(parameters(), 255, 1), "reserved");
    }
}
