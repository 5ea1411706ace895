//! A line of an account's history as JSON: what happened, in the words of the market, decimals as text.

use carbex_vocabulary::Event;
use serde_json::{Map, Value, json};

use crate::{decimal, history::Line, instant};

/// Whether the line moves points or euros, or changes the account: what a statement shows. Orders have their own list.
pub const fn is_statement(event: &Event) -> bool {
    !matches!(event, Event::Accepted { .. } | Event::Cancelled { .. })
}

/// The line as its owner may see it.
pub fn line(line: &Line) -> Value {
    let mut body = Map::new();
    body.insert("id".into(), line.position.text().into());
    body.insert("seq".into(), line.position.sequence.into());
    body.insert("time".into(), instant::rfc3339(line.time_ns).into());
    let (kind, fields) = fields(&line.event);
    body.insert("type".into(), kind.into());
    if let Value::Object(fields) = fields {
        body.extend(fields);
    }
    Value::Object(body)
}

fn fields(event: &Event) -> (&'static str, Value) {
    let points = decimal::points_unsigned;
    let euros = decimal::euros_unsigned;
    match *event {
        Event::Accepted { order, .. } => ("accepted", json!({"order": order.number().to_string()})),
        Event::Trade { order, side, quantity, price, value, .. } => (
            "trade",
            json!({
                "order": order.number().to_string(),
                "side": side.name(),
                "quantity": points(quantity.g()),
                "price": euros(price.ueur()),
                "price_per_tonne": decimal::euros_per_tonne(price.ueur()),
                "value": euros(value.ueur()),
            }),
        ),
        Event::Cancelled { order, quantity, reason, .. } => (
            "cancelled",
            json!({"order": order.number().to_string(), "quantity": points(quantity.g()), "reason": reason.name()}),
        ),
        Event::AccountOpened { share, .. } => {
            ("account_opened", json!({"share_percent": decimal::percent(u64::from(share.bp()))}))
        }
        Event::AccountClosed { expired, deficit, .. } => {
            ("account_closed", json!({"expired": points(expired.g()), "deficit": points(deficit.g())}))
        }
        Event::ShareSet { share, .. } => {
            ("share_set", json!({"share_percent": decimal::percent(u64::from(share.bp()))}))
        }
        Event::HouseholdSet { household, .. } => {
            ("household_set", json!({"household": household.number().to_string()}))
        }
        Event::ObligationSet { quantity, .. } => ("obligation_set", json!({"quantity": points(quantity.g())})),
        Event::Frozen { .. } => ("frozen", json!({})),
        Event::Unfrozen { .. } => ("unfrozen", json!({})),
        Event::Allotted { quantity, repaid, .. } => {
            ("allotted", json!({"quantity": points(quantity.g()), "repaid": points(repaid.g())}))
        }
        Event::Deposited { amount, owed_paid, .. } => {
            ("deposited", json!({"amount": euros(amount.ueur()), "owed_paid": euros(owed_paid.ueur())}))
        }
        Event::Withdrawn { amount, .. } => ("withdrawn", json!({"amount": euros(amount.ueur())})),
        Event::Debited { quantity, purchased, mode, .. } => (
            "debited",
            json!({"quantity": points(quantity.g()), "purchased": points(purchased.g()), "mode": mode.name()}),
        ),
        Event::Refunded { quantity, purchased, .. } => {
            ("refunded", json!({"quantity": points(quantity.g()), "purchased": points(purchased.g())}))
        }
        Event::Expired { quantity, .. } => ("expired", json!({"quantity": points(quantity.g())})),
        Event::CarriedOver { quantity, .. } => ("carried_over", json!({"quantity": points(quantity.g())})),
        Event::Penalty { deficit, charged, paid, repay, .. } => (
            "penalty",
            json!({
                "deficit": points(deficit.g()),
                "charged": euros(charged.ueur()),
                "paid": euros(paid.ueur()),
                "repay": points(repay.g()),
            }),
        ),
        // Nobody's own: the index holds no such line.
        Event::Rejected(_)
        | Event::AuctionResult { .. }
        | Event::Indicative { .. }
        | Event::PeriodOpened { .. }
        | Event::PeriodClosed { .. }
        | Event::AllottedAll { .. }
        | Event::PhaseSet { .. }
        | Event::BandSet { .. }
        | Event::BuybackSet { .. }
        | Event::SaleSet { .. }
        | Event::TreasuryFunded { .. }
        | Event::TreasuryDrawn { .. }
        | Event::ReserveReleased { .. }
        | Event::Distributed { .. }
        | Event::RulesSet { .. } => ("market", json!({})),
    }
}
