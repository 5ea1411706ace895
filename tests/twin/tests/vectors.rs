//! The vectors of `carbex run`, applied to the twin alone: what they say, the twin must say.

use std::path::{Path, PathBuf};

use carbex_core::{Capacities, Command};
use carbex_rules::{
    BandRules, CarryOverRules, MarketRules, OrderRules, OverdraftRules, PurchaseRules, RuleParameters, RuleSet,
    RuleVersion, SaleRules,
};
use carbex_twin::Twin;
use carbex_vocabulary::{
    AccountId, AmountUeur, BasisPoints, CapsPer, ClientOrderId, DebitMode, Event, HouseholdId, OppositeOrders, OrderId,
    Phase, PostedSales, PriceUeur, QuantityG, Rationing, Resale, Sequence, Side, TimeInForce, TimestampNs,
};
use serde_json::{Value, json};

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors")
}

fn read(name: &str) -> String {
    let path = vectors().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn rules(name: &str) -> RuleSet {
    let file: toml::Table = read(name).parse().expect("a rule file is TOML");
    let number = |table: &str, key: &str| u64::try_from(file[table][key].as_integer().unwrap()).unwrap();
    let share = |table: &str, key: &str| u32::try_from(number(table, key)).unwrap();
    let word = |table: &str, key: &str| file[table][key].as_str().unwrap();
    RuleSet::new(RuleParameters {
        version: RuleVersion::new(file["version"].as_str().unwrap()).unwrap(),
        market: MarketRules {
            lot_g: number("market", "lot_g"),
            tick_ueur: number("market", "tick_ueur"),
            spread_ueur: number("market", "spread_ueur"),
            collar_bp: share("market", "collar_bp"),
            posted_sales: PostedSales::from_name(word("market", "posted_sales")).unwrap(),
            rationing: Rationing::from_name(word("market", "rationing")).unwrap(),
        },
        orders: OrderRules {
            max_order_g: number("orders", "max_order_g"),
            max_open_orders: share("orders", "max_open_orders"),
            max_orders_per_day: share("orders", "max_orders_per_day"),
            opposite_orders: OppositeOrders::from_name(word("orders", "opposite_orders")).unwrap(),
        },
        sale: SaleRules {
            earned_surplus_only: file["sale"]["earned_surplus_only"].as_bool().unwrap(),
            subsistence_bp: share("sale", "subsistence_bp"),
            sale_cap_bp: share("sale", "sale_cap_bp"),
            resale: Resale::from_name(word("sale", "resale")).unwrap(),
            resale_after_days: share("sale", "resale_after_days"),
        },
        purchase: PurchaseRules {
            holding_margin_bp: share("purchase", "holding_margin_bp"),
            purchase_cap_bp: share("purchase", "purchase_cap_bp"),
            caps_per: CapsPer::from_name(word("purchase", "caps_per")).unwrap(),
        },
        overdraft: OverdraftRules {
            overdraft_bp: share("overdraft", "overdraft_bp"),
            penalty_ueur: number("overdraft", "penalty_ueur"),
            repay_bp: share("overdraft", "repay_bp"),
        },
        carry_over: CarryOverRules {
            fraction_bp: share("carry_over", "fraction_bp"),
            cap_bp: share("carry_over", "cap_bp"),
        },
        band: BandRules { floor_ueur: number("band", "floor_ueur"), ceiling_ueur: number("band", "ceiling_ueur") },
        tiers: None,
    })
    .expect("the vectors' rules are consistent")
}

fn command(line: &Value) -> Command {
    let number = |key: &str| line[key].as_u64().unwrap_or_else(|| panic!("{key} in {line}"));
    let quantity = |key: &str| QuantityG::new(number(key));
    let price = |key: &str| PriceUeur::new(number(key));
    let amount = |key: &str| AmountUeur::new(number(key));
    let basis_points = |key: &str| BasisPoints::new(u32::try_from(number(key)).unwrap());
    let account = || AccountId::new(number("account"));
    let or = |key: &str, default: u64| line.get(key).map_or(default, |value| value.as_u64().unwrap());
    let word =
        |key: &str, default: &'static str| line.get(key).map_or(default, |value| value.as_str().unwrap()).to_owned();
    match line["type"].as_str().unwrap() {
        "open_period" => Command::OpenPeriod {
            year: u32::try_from(number("year")).unwrap(),
            endowment: quantity("endowment_g"),
            reserve: QuantityG::new(or("reserve_g", 0)),
            cap: line.get("cap_g").map(|_| quantity("cap_g")),
        },
        "close_period" => Command::ClosePeriod,
        "open_account" => Command::OpenAccount {
            account: account(),
            share: BasisPoints::new(u32::try_from(or("share_bp", 10_000)).unwrap()),
            household: HouseholdId::new(or("household", 0)),
        },
        "close_account" => Command::CloseAccount { account: account() },
        "set_share" => Command::SetShare { account: account(), share: basis_points("share_bp") },
        "set_household" => {
            Command::SetHousehold { account: account(), household: HouseholdId::new(number("household")) }
        }
        "set_obligation" => Command::SetObligation { account: account(), quantity: quantity("quantity_g") },
        "freeze" => Command::Freeze { account: account() },
        "unfreeze" => Command::Unfreeze { account: account() },
        "allot" => Command::Allot { account: account(), quantity: quantity("quantity_g") },
        "allot_all" => Command::AllotAll { fraction: basis_points("fraction_bp") },
        "deposit" => Command::Deposit { account: account(), amount: amount("amount_ueur") },
        "withdraw" => Command::Withdraw { account: account(), amount: amount("amount_ueur") },
        "debit" => Command::Debit {
            account: account(),
            quantity: quantity("quantity_g"),
            mode: DebitMode::from_name(&word("mode", "authorise")).unwrap(),
        },
        "refund" => Command::Refund { account: account(), quantity: quantity("quantity_g") },
        "place" => Command::Place {
            account: account(),
            client_order_id: line.get("client_order_id").map(|_| ClientOrderId::new(number("client_order_id"))),
            side: Side::from_name(&word("side", "")).unwrap(),
            quantity: quantity("quantity_g"),
            price: price("price_ueur"),
            tif: TimeInForce::from_name(&word("tif", "gtc")).unwrap(),
        },
        "cancel" => Command::Cancel { account: account(), order: OrderId::new(number("order")) },
        "replace" => Command::Replace {
            account: account(),
            order: OrderId::new(number("order")),
            quantity: quantity("quantity_g"),
            price: price("price_ueur"),
        },
        "set_phase" => Command::SetPhase { phase: Phase::from_name(&word("phase", "")).unwrap() },
        "set_band" => Command::SetBand { floor: price("floor_ueur"), ceiling: price("ceiling_ueur") },
        "set_buyback" => Command::SetBuyback {
            price: price("price_ueur"),
            volume: quantity("volume_g"),
            budget: amount("budget_ueur"),
        },
        "set_sale" => Command::SetSale { price: price("price_ueur"), volume: quantity("volume_g") },
        "fund_treasury" => Command::FundTreasury { amount: amount("amount_ueur") },
        "draw_treasury" => Command::DrawTreasury { amount: amount("amount_ueur") },
        "release_reserve" => Command::ReleaseReserve { quantity: quantity("quantity_g") },
        "uncross" => Command::Uncross,
        "distribute" => Command::Distribute,
        "tick" => Command::Tick,
        other => panic!("the vectors hold no {other}"),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the vectors compare five kinds of events")]
/// The events that the vectors compare, with the fields that must agree.
fn shown(sequence: u64, event: &Event, replaces_or_places: bool) -> Option<Value> {
    match *event {
        Event::Accepted { account, order } if replaces_or_places => {
            Some(json!({"seq": sequence, "type": "accepted", "account": account.number(), "order": order.number()}))
        }
        Event::Rejected(reject) => Some(json!({"seq": sequence, "type": "rejected", "code": reject.code.name()})),
        Event::Trade { account, order, side, quantity, price, value } => Some(json!({
            "seq": sequence, "type": "trade", "account": account.number(), "order": order.number(),
            "side": side.name(), "quantity_g": quantity.g(), "price_ueur": price.ueur(), "value_ueur": value.ueur(),
        })),
        Event::Cancelled { account, order, quantity, reason } => Some(json!({
            "seq": sequence, "type": "cancelled", "account": account.number(), "order": order.number(),
            "quantity_g": quantity.g(), "reason": reason.name(),
        })),
        Event::AuctionResult { price, volume, imbalance_g } => Some(json!({
            "seq": sequence, "type": "auction_result", "price_ueur": price.map(PriceUeur::ueur),
            "volume_g": volume.g(), "imbalance_g": imbalance_g,
        })),
        _ => None,
    }
}

fn account_state(twin: &Twin) -> Value {
    let accounts: serde_json::Map<String, Value> = twin
        .accounts()
        .into_iter()
        .map(|(id, fields)| {
            let shown = json!({
                "allotted_g": fields.allotted_g, "purchased_g": fields.purchased_g, "consumed_g": fields.consumed_g,
                "sold_g": fields.sold_g, "bought_g": fields.bought_g, "open_sell_g": fields.open_sell_g,
                "open_buy_g": fields.open_buy_g, "cash_ueur": fields.cash_ueur,
                "cash_reserved_ueur": fields.cash_reserved_ueur, "share_bp": fields.share_bp,
                "status": fields.status.name(),
            });
            (id.to_string(), shown)
        })
        .collect();
    let public = twin.fields().public;
    json!({
        "accounts": accounts,
        "public": {
            "issued_g": public.issued_g, "inventory_g": public.inventory_g, "reserve_g": public.reserve_g,
            "retired_g": public.retired_g, "expired_g": public.expired_g, "deficit_g": public.deficit_g,
            "treasury_ueur": public.treasury_ueur, "deposited_ueur": public.deposited_ueur,
            "withdrawn_ueur": public.withdrawn_ueur,
        },
        "phase": twin.phase().name(),
    })
}

fn sorted(mut events: Vec<Value>) -> Vec<String> {
    let mut lines: Vec<String> = events.drain(..).map(|event| event.to_string()).collect();
    lines.sort();
    lines
}

fn vector_agrees(number: u32) {
    let mut twin = Twin::new(
        Capacities { accounts: 1000, orders: 10_000, slice_accounts: u32::MAX },
        rules(&format!("{number:02}.rules.toml")),
    );
    let expected: Vec<Value> = read(&format!("{number:02}.expected.jsonl"))
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    for (line, sequence) in read(&format!("{number:02}.commands.jsonl")).lines().zip(1..) {
        let value: Value = serde_json::from_str(line).expect("JSON");
        let command = command(&value);
        let time = TimestampNs::new(value["ts_ns"].as_u64().unwrap());
        let order = matches!(command, Command::Place { .. } | Command::Replace { .. });
        let events = twin.apply(Sequence::new(sequence), time, &command);
        let found = events.iter().filter_map(|event| shown(sequence, event, order)).collect();
        let wanted = expected.iter().filter(|event| event["seq"] == sequence).cloned().collect();
        assert_eq!(sorted(found), sorted(wanted), "vector {number:02}, line {sequence}: {line}");
    }
    let wanted: Value = serde_json::from_str(&read(&format!("{number:02}.state.json"))).expect("JSON");
    assert_eq!(account_state(&twin), wanted, "vector {number:02}: the state at the end");
}

macro_rules! vector_tests {
    ($($name:ident = $number:literal;)+) => {
        $(#[test] fn $name() { vector_agrees($number); })+
    };
}

vector_tests! {
    twin_agrees_with_vector_01 = 1; twin_agrees_with_vector_02 = 2; twin_agrees_with_vector_03 = 3;
    twin_agrees_with_vector_04 = 4; twin_agrees_with_vector_05 = 5; twin_agrees_with_vector_06 = 6;
    twin_agrees_with_vector_07 = 7; twin_agrees_with_vector_08 = 8; twin_agrees_with_vector_09 = 9;
    twin_agrees_with_vector_10 = 10; twin_agrees_with_vector_11 = 11; twin_agrees_with_vector_12 = 12;
    twin_agrees_with_vector_13 = 13; twin_agrees_with_vector_14 = 14; twin_agrees_with_vector_15 = 15;
    twin_agrees_with_vector_16 = 16;
}
