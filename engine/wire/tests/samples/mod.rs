//! One command and one event of every kind, and random ones, for the tests of this crate.
#![allow(dead_code, reason = "each test takes what it needs")]

use carbex_core::Command;
use carbex_rulebook::parse_toml;
use carbex_rules::{RuleSet, TierRules};
use carbex_vocabulary::{
    AccountId, AmountUeur, BasisPoints, CancelReason, ClientOrderId, DebitMode, Event, HouseholdId, OrderId, Phase,
    PointsAccount, PriceUeur, QuantityG, Reject, RejectCode, Side, TimeInForce,
};
use fastrand::Rng;

/// A number, often one at which things break.
fn number(random: &mut Rng) -> u64 {
    match random.u8(0..6) {
        0 => 0,
        1 => random.u64(0..1000),
        2 => u64::MAX - random.u64(0..2),
        3 => i64::MAX as u64 + random.u64(0..2),
        4 => u64::from(u32::MAX) + random.u64(0..2),
        _ => random.u64(..),
    }
}

fn small(random: &mut Rng) -> u32 {
    u32::try_from(number(random)).unwrap_or(u32::MAX)
}

fn signed(random: &mut Rng) -> i64 {
    number(random).cast_signed()
}

fn member<T: Copy>(random: &mut Rng, all: &[T]) -> T {
    all[random.usize(..all.len())]
}

/// A valid rule set whose every list and some of whose numbers are drawn.
pub fn random_rules(random: &mut Rng) -> RuleSet {
    let label: String = (0..random.usize(1..=32)).map(|_| random.char(' '..='~')).collect();
    let mut parameters = *parse_toml("version = \"drawn\"").unwrap();
    parameters.version = carbex_rules::RuleVersion::new(&label).unwrap();
    parameters.market.spread_ueur = 10 * random.u64(0..1000);
    parameters.market.collar_bp = small(random);
    parameters.market.posted_sales = member(random, carbex_vocabulary::PostedSales::ALL);
    parameters.market.rationing = member(random, carbex_vocabulary::Rationing::ALL);
    parameters.orders.max_open_orders = small(random).max(1);
    parameters.orders.opposite_orders = member(random, carbex_vocabulary::OppositeOrders::ALL);
    parameters.sale.earned_surplus_only = random.bool();
    parameters.sale.sale_cap_bp = random.u32(0..=10_000);
    parameters.sale.resale = member(random, carbex_vocabulary::Resale::ALL);
    parameters.purchase.holding_margin_bp = random.u32(0..=10_000);
    parameters.purchase.caps_per = member(random, carbex_vocabulary::CapsPer::ALL);
    parameters.overdraft.repay_bp = random.u32(0..=10_000);
    parameters.carry_over.cap_bp = random.u32(0..=10_000);
    parameters.tiers = random.bool().then(|| TierRules {
        price_1_ueur: 200_000,
        volume_1_g: 1000 * random.u64(0..1_000_000),
        price_2_ueur: 300_000,
        volume_2_g: 1000 * random.u64(0..1_000_000),
    });
    RuleSet::new(parameters).unwrap()
}

/// How many kinds of command there are.
pub const COMMANDS: u16 = 29;

/// The command of that template, its values drawn.
pub fn random_command(template: u16, random: &mut Rng) -> Command {
    let account = AccountId::new(number(random));
    let order = OrderId::new(number(random));
    let quantity = QuantityG::new(number(random));
    let amount = AmountUeur::new(number(random));
    let price = PriceUeur::new(number(random));
    let share = BasisPoints::new(small(random));
    let household = HouseholdId::new(number(random));
    match template {
        1 => Command::OpenPeriod {
            year: small(random),
            endowment: quantity,
            reserve: QuantityG::new(number(random)),
            cap: random.bool().then(|| QuantityG::new(number(random))),
        },
        2 => Command::ClosePeriod,
        3 => Command::OpenAccount { account, share, household },
        4 => Command::CloseAccount { account },
        5 => Command::SetShare { account, share },
        6 => Command::SetHousehold { account, household },
        7 => Command::SetObligation { account, quantity },
        8 => Command::Freeze { account },
        9 => Command::Unfreeze { account },
        10 => Command::Allot { account, quantity },
        11 => Command::AllotAll { fraction: share },
        12 => Command::Deposit { account, amount },
        13 => Command::Withdraw { account, amount },
        14 => Command::Debit { account, quantity, mode: member(random, DebitMode::ALL) },
        15 => Command::Refund { account, quantity },
        16 => Command::Place {
            account,
            client_order_id: random.bool().then(|| ClientOrderId::new(number(random))),
            side: member(random, Side::ALL),
            quantity,
            price,
            tif: member(random, TimeInForce::ALL),
        },
        17 => Command::Cancel { account, order },
        18 => Command::Replace { account, order, quantity, price },
        19 => Command::SetPhase { phase: member(random, Phase::ALL) },
        20 => Command::SetBand { floor: price, ceiling: PriceUeur::new(number(random)) },
        21 => Command::SetBuyback { price, volume: quantity, budget: amount },
        22 => Command::SetSale { price, volume: quantity },
        23 => Command::FundTreasury { amount },
        24 => Command::DrawTreasury { amount },
        25 => Command::ReleaseReserve { quantity },
        26 => Command::Uncross,
        27 => Command::Distribute,
        28 => Command::SetRules { rules: random_rules(random) },
        29 => Command::Tick,
        _ => panic!("no command has template {template}"),
    }
}

/// The first template of an event, and how many kinds of event there are.
pub const EVENT_FIRST: u16 = 101;
pub const EVENTS: u16 = 33;

/// The event of that template, its values drawn.
pub fn random_event(template: u16, random: &mut Rng) -> Event {
    let account = AccountId::new(number(random));
    let order = OrderId::new(number(random));
    let quantity = QuantityG::new(number(random));
    let amount = AmountUeur::new(number(random));
    let price = PriceUeur::new(number(random));
    let some_price = random.bool().then_some(price);
    let share = BasisPoints::new(small(random));
    let household = HouseholdId::new(number(random));
    let purchased = QuantityG::new(number(random));
    match template {
        101 => Event::Accepted { account, order },
        102 => Event::Rejected(Reject {
            code: member(random, RejectCode::ALL),
            limit: signed(random),
            actual: signed(random),
        }),
        103 => Event::Trade { account, order, side: member(random, Side::ALL), quantity, price, value: amount },
        104 => Event::Cancelled { account, order, quantity, reason: member(random, CancelReason::ALL) },
        105 => Event::AuctionResult { price: some_price, volume: quantity, imbalance_g: signed(random) },
        106 => Event::Indicative { price: some_price, volume: quantity, imbalance_g: signed(random) },
        107 => Event::PeriodOpened {
            year: small(random),
            days: small(random),
            endowment: quantity,
            reserve: purchased,
            cap: random.bool().then(|| QuantityG::new(number(random))),
        },
        108 => Event::PeriodClosed { year: small(random) },
        109 => Event::AccountOpened { account, share, household },
        110 => Event::AccountClosed { account, expired: quantity, deficit: purchased },
        111 => Event::ShareSet { account, share },
        112 => Event::HouseholdSet { account, household },
        113 => Event::ObligationSet { account, quantity },
        114 => Event::Frozen { account },
        115 => Event::Unfrozen { account },
        116 => Event::Allotted { account, quantity, repaid: purchased },
        117 => Event::AllottedAll { fraction: share, accounts: number(random), quantity },
        118 => Event::Deposited { account, amount, owed_paid: AmountUeur::new(number(random)) },
        119 => Event::Withdrawn { account, amount },
        120 => Event::Debited { account, quantity, purchased, mode: member(random, DebitMode::ALL) },
        121 => Event::Refunded { account, quantity, purchased },
        122 => Event::PhaseSet { phase: member(random, Phase::ALL) },
        123 => Event::BandSet { floor: price, ceiling: PriceUeur::new(number(random)) },
        124 => Event::BuybackSet { price, volume: quantity, budget: amount },
        125 => Event::SaleSet { price, volume: quantity },
        126 => Event::TreasuryFunded { amount },
        127 => Event::TreasuryDrawn { amount },
        128 => Event::ReserveReleased { quantity, tier: random.u8(..) },
        129 => Event::Distributed { price, volume: quantity },
        130 => Event::RulesSet { version: random_rules(random).version.bytes() },
        131 => Event::Expired {
            from: member(random, &[PointsAccount::Citizen(account), PointsAccount::Inventory, PointsAccount::Reserve]),
            quantity,
        },
        132 => Event::CarriedOver { account, quantity },
        133 => Event::Penalty {
            account,
            deficit: quantity,
            charged: amount,
            paid: AmountUeur::new(number(random)),
            repay: purchased,
        },
        _ => panic!("no event has template {template}"),
    }
}
