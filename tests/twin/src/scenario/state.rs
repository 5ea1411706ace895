//! `state` and `market` lines: what an account or the market must hold at that moment.

use carbex_core::{AccountFields, MarketFields};

use super::numbers::{parse, show};

/// Compares `key=value` words with what was found; `field` answers with the number and its decimals.
fn check(words: &[&str], field: impl Fn(&str) -> Option<(i128, u32)>) -> Result<(), String> {
    for word in words {
        let (key, value) = word.split_once('=').ok_or_else(|| format!("{word} is not key=value"))?;
        let (found, places) = field(key).ok_or_else(|| format!("{key} is not a field"))?;
        if parse(value, places as usize)? != found {
            return Err(format!("{key} is {}, not {value}", show(found, places)));
        }
    }
    Ok(())
}

pub(super) fn check_account(account: &AccountFields, words: &[&str]) -> Result<(), String> {
    let (status, numbers): (Vec<&str>, Vec<&str>) = words.iter().partition(|word| !word.contains('='));
    if let Some(wrong) = status.iter().find(|status| **status != account.status.name()) {
        return Err(format!("the account is {}, not {wrong}", account.status.name()));
    }
    check(&numbers, |key| {
        Some(match key {
            "allotted" => (account.allotted_g.into(), 3),
            "purchased" => (account.purchased_g.into(), 3),
            "consumed" => (account.consumed_g.into(), 3),
            "consumed_purchased" => (account.consumed_purchased_g.into(), 3),
            "sold" => (account.sold_g.into(), 3),
            "bought" => (account.bought_g.into(), 3),
            "open_sell" => (account.open_sell_g.into(), 3),
            "open_buy" => (account.open_buy_g.into(), 3),
            "repay" => (account.repay_g.into(), 3),
            "obligation" => (account.obligation_g.into(), 3),
            "cash" => (account.cash_ueur.into(), 6),
            "reserved" => (account.cash_reserved_ueur.into(), 6),
            "owed" => (account.owed_ueur.into(), 6),
            "opened_day" => (account.opened_day.into(), 0),
            _ => return None,
        })
    })
}

pub(super) fn check_market(market: &MarketFields, words: &[&str]) -> Result<(), String> {
    let (phase, numbers): (Vec<&str>, Vec<&str>) = words.iter().partition(|word| !word.contains('='));
    if let Some(wrong) = phase.iter().find(|phase| **phase != market.phase.name()) {
        return Err(format!("the phase is {}, not {wrong}", market.phase.name()));
    }
    check(&numbers, |key| {
        Some(match key {
            "issued" => (market.public.issued_g.into(), 3),
            "inventory" => (market.public.inventory_g.into(), 3),
            "reserve" => (market.public.reserve_g.into(), 3),
            "retired" => (market.public.retired_g.into(), 3),
            "expired" => (market.public.expired_g.into(), 3),
            "in_settlement" => (market.public.in_settlement_g.into(), 3),
            "deficit" => (market.public.deficit_g.into(), 3),
            "treasury" => (market.public.treasury_ueur.into(), 6),
            "buyback_volume" => (market.buyback.volume_g.into(), 3),
            "buyback_budget" => (market.buyback.budget_ueur.into(), 6),
            "sale_volume" => (market.sale.volume_g.into(), 3),
            "reference" => (market.reference_ueur.unwrap_or(0).into(), 6),
            "orders" => (market.open_orders.into(), 0),
            "days" => (market.period.map_or(0, |period| period.days).into(), 0),
            _ => return None,
        })
    })
}
