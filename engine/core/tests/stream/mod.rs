//! A reproducible stream of commands that reaches every mechanism: small, without a library, for tests of the core alone.

use carbex_core::Command;
use carbex_rules::{
    BandRules, CarryOverRules, MarketRules, OrderRules, OverdraftRules, PurchaseRules, RuleParameters, RuleSet,
    RuleVersion, SaleRules, TierRules,
};
use carbex_vocabulary::*;

/// Rules under which everything can happen.
pub fn rules(rationing: Rationing) -> RuleSet {
    RuleSet::new(RuleParameters {
        version: RuleVersion::new("stream").unwrap(),
        market: MarketRules {
            lot_g: 1000,
            tick_ueur: 10,
            spread_ueur: 10,
            collar_bp: 100,
            posted_sales: PostedSales::Immediate,
            rationing,
        },
        orders: OrderRules {
            max_order_g: 5_000_000,
            max_open_orders: 8,
            max_orders_per_day: 100,
            opposite_orders: OppositeOrders::Allowed,
        },
        sale: SaleRules {
            earned_surplus_only: false,
            subsistence_bp: 1000,
            sale_cap_bp: 10_000,
            resale: Resale::AfterDays,
            resale_after_days: 3,
        },
        purchase: PurchaseRules { holding_margin_bp: 10_000, purchase_cap_bp: 10_000, caps_per: CapsPer::Household },
        overdraft: OverdraftRules { overdraft_bp: 1000, penalty_ueur: 500_000, repay_bp: 5000 },
        carry_over: CarryOverRules { fraction_bp: 1000, cap_bp: 500 },
        band: BandRules { floor_ueur: 80_000, ceiling_ueur: 81_000 },
        tiers: Some(TierRules { price_1_ueur: 80_400, volume_1_g: 500_000, price_2_ueur: 80_800, volume_2_g: 900_000 }),
    })
    .unwrap()
}

/// A reproducible random number below `bound`.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }
}

/// The commands with their times: a market of `accounts` that lives through several short years.
pub fn commands(seed: u64, accounts: u64, count: usize) -> Vec<(TimestampNs, Command)> {
    let mut dice = Dice::new(seed);
    let mut time = 1_798_761_600_000_000_000_u64;
    let mut list = Vec::with_capacity(count);
    let mut push = |time: u64, command: Command| list.push((TimestampNs::new(time), command));
    let endowment = QuantityG::new(9_000_000);
    let reserve = QuantityG::new(5_000_000);
    push(time, Command::OpenPeriod { year: 2027, endowment, reserve, cap: None });
    for number in 1..=accounts {
        let account = AccountId::new(number * 1_000_003);
        let household = HouseholdId::new(number % 7);
        push(time, Command::OpenAccount { account, share: BasisPoints::new(10_000), household });
        push(time, Command::Deposit { account, amount: AmountUeur::new(2_000_000_000) });
    }
    push(time, Command::AllotAll { fraction: BasisPoints::new(10_000) });
    push(time, Command::FundTreasury { amount: AmountUeur::new(1_000_000_000_000) });
    let mut year = 2027;
    for turn in accounts * 2 + 3..count as u64 {
        time += dice.below(1_200) * 1_000_000_000;
        let account = AccountId::new((1 + dice.below(accounts)) * 1_000_003);
        let price = PriceUeur::new(80_000 + dice.below(101) * 10);
        let quantity = QuantityG::new((1 + dice.below(300)) * 1000);
        let order = OrderId::new(turn.saturating_sub(dice.below(60)) + 1);
        let phases = [Phase::Auction, Phase::AuctionFreeze, Phase::Posted, Phase::Continuous, Phase::Halted];
        let command = match dice.below(100) {
            0..45 => Command::Place {
                account,
                client_order_id: (dice.below(2) == 0).then(|| ClientOrderId::new(dice.below(20))),
                side: if dice.below(2) == 0 { Side::Sell } else { Side::Buy },
                quantity,
                price,
                tif: TimeInForce::ALL[dice.below(4) as usize],
            },
            45..55 => Command::Cancel { account, order },
            55..60 => Command::Replace { account, order, quantity, price },
            60..72 => Command::Debit {
                account,
                quantity: QuantityG::new(1 + dice.below(400_000)),
                mode: DebitMode::ALL[dice.below(2) as usize],
            },
            72..75 => Command::Refund { account, quantity: QuantityG::new(1 + dice.below(9000)) },
            75..79 => Command::SetPhase { phase: phases[dice.below(5) as usize] },
            79..82 => Command::SetBuyback { price, volume: quantity, budget: AmountUeur::new(900_000_000) },
            82..85 => Command::SetSale { price, volume: quantity },
            85..89 => Command::Uncross,
            89..91 => Command::Distribute,
            91..93 => Command::ReleaseReserve { quantity },
            93 => Command::Freeze { account },
            94 => Command::Unfreeze { account },
            95 => Command::SetHousehold { account, household: HouseholdId::new(dice.below(5)) },
            96 => Command::SetBand {
                floor: PriceUeur::new(80_000 - dice.below(5) * 100),
                ceiling: PriceUeur::new(80_800 + dice.below(5) * 100),
            },
            97 => Command::SetObligation { account, quantity },
            98 => Command::Tick,
            _ if dice.below(20) == 0 => {
                year += 1;
                list.push((TimestampNs::new(time), Command::ClosePeriod));
                list.push((TimestampNs::new(time), Command::OpenPeriod { year, endowment, reserve, cap: None }));
                list.push((TimestampNs::new(time), Command::AllotAll { fraction: BasisPoints::new(10_000) }));
                Command::SetPhase { phase: Phase::Continuous }
            }
            _ => Command::Withdraw { account, amount: AmountUeur::new(1 + dice.below(90_000_000)) },
        };
        list.push((TimestampNs::new(time), command));
    }
    list
}
