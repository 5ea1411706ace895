//! What must be equal after every command: the events, the market's fields, the accounts touched, now and then everything.

use std::collections::BTreeSet;

use carbex_core::{Command, MarketFields, Quote};
use carbex_vocabulary::{AccountId, Event, Reject, RejectCode, Side};

use crate::{Exchange, Twin};

/// Codes whose two numbers the specification leaves open (which of several bounds is named): only the code is compared.
const NUMBERS_LEFT_OPEN: &[RejectCode] =
    &[RejectCode::InvalidQuantity, RejectCode::InvalidBand, RejectCode::LimitExceeded];

/// Numbers of a rejection beyond this are compared as if they were this: nobody redoes a sum with them.
const NUMBER_MAX: i64 = 1 << 60;

/// An event without the numbers that are left open.
fn comparable(event: &Event) -> Event {
    let Event::Rejected(Reject { code, limit, actual }) = *event else { return *event };
    if NUMBERS_LEFT_OPEN.contains(&code) {
        return Event::Rejected(Reject::plain(code));
    }
    let clamped = |number: i64| number.clamp(-NUMBER_MAX, NUMBER_MAX);
    Event::Rejected(Reject { code, limit: clamped(limit), actual: clamped(actual) })
}

/// The first event that differs, in words.
pub(super) fn events(found: &[Event], twin: &[Event]) -> Result<(), String> {
    for index in 0..found.len().max(twin.len()) {
        if found.get(index).map(comparable) != twin.get(index).map(comparable) {
            return Err(format!(
                "event {index}: the core says {}, the twin {}",
                in_words(found.get(index)),
                in_words(twin.get(index))
            ));
        }
    }
    Ok(())
}

fn in_words(event: Option<&Event>) -> String {
    event.map_or_else(|| "nothing".to_owned(), |event| format!("{event:?}"))
}

/// Market fields, the public accounts as if all were settled, the accounts that the command and its events name (or all), their orders with `everything`.
pub(super) fn states<E: Exchange>(
    exchange: &E,
    twin: &Twin,
    command: &Command,
    events: &[Event],
    everything: bool,
) -> Result<(), String> {
    let fields = MarketFields { public: exchange.public_as_settled(), ..exchange.fields() };
    let (found, expected) = (without_spent_quotes(fields), without_spent_quotes(twin.fields()));
    if found != expected {
        return Err(format!("the market differs:\n  core {found:?}\n  twin {expected:?}"));
    }
    if everything {
        if exchange.rules() != *twin.rules() {
            return Err(format!("the rules differ:\n  core {:?}\n  twin {:?}", exchange.rules(), twin.rules()));
        }
        for side in Side::ALL {
            let (found, expected) = (exchange.depth(*side), twin.depth(*side));
            if found != expected {
                return Err(format!("the {} side differs:\n  core {found:?}\n  twin {expected:?}", side.name()));
            }
        }
        let (found, expected) = (exchange.accounts(), twin.accounts());
        if let Some(index) = (0..found.len().max(expected.len())).find(|&i| found.get(i) != expected.get(i)) {
            return Err(format!(
                "account {index} differs:\n  core {:?}\n  twin {:?}",
                found.get(index),
                expected.get(index)
            ));
        }
    }
    let touched = if everything {
        twin.accounts().into_iter().map(|account| account.0).collect()
    } else {
        touched(command, events)
    };
    for account in touched {
        let (found, expected) = (exchange.account(account), twin.account(account));
        if found != expected {
            return Err(format!("account {account} differs:\n  core {found:?}\n  twin {expected:?}"));
        }
        let (found, expected) = (exchange.orders_of(account), twin.orders_of(account));
        if found != expected {
            return Err(format!("the orders of {account} differ:\n  core {found:?}\n  twin {expected:?}"));
        }
    }
    Ok(())
}

/// A quote without volume is none, whatever price is left in it.
fn without_spent_quotes(mut fields: MarketFields) -> MarketFields {
    for quote in [&mut fields.buyback, &mut fields.sale] {
        if quote.volume_g == 0 {
            *quote = Quote::default();
        }
    }
    fields
}

fn touched(command: &Command, events: &[Event]) -> BTreeSet<AccountId> {
    let mut accounts: BTreeSet<AccountId> = events.iter().filter_map(Event::account).collect();
    accounts.extend(command.account());
    accounts
}
