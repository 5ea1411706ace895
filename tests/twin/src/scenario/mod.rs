//! Scenarios in plain text that a lawyer could read: commands, what they come to, and what is left.
//!
//! ```text
//! year 2027 endowment=9000
//! account A allotted=9000 cash=1000.00      # margin 25 %: may hold 11250
//! phase continuous
//! buy A 2250 @ 0.10          => accepted
//! buy A 1 @ 0.10             => rejected HOLDING_CAP limit=11250 actual=11251
//! ```
//! Quantities are points, prices € per point, money €. `=>` lists what a person would ask for, in order, parted by `;`
//! (`=> ok` = none of it); a line that starts with `=>` goes on with the list. Without `=>` a command must not be refused.

mod events;
mod lines;
mod numbers;
mod rules;
mod state;

use std::collections::BTreeMap;

use carbex_core::{Capacities, Command};
use carbex_rules::RuleParameters;
use carbex_vocabulary::{AccountId, Event, OrderId, Sequence, TimestampNs};

use crate::Exchange;

/// Midnight in Paris, 1 January 2027, in nanoseconds.
const START_NS: u64 = 1_798_758_000_000_000_000;

/// The names that a scenario gives to accounts and orders.
#[derive(Default)]
struct Names {
    accounts: Vec<String>,
    orders: BTreeMap<String, OrderId>,
}

impl Names {
    /// Accounts are numbered as they are first named.
    fn account(&mut self, name: &str) -> AccountId {
        let index = self.accounts.iter().position(|known| known == name).unwrap_or_else(|| {
            self.accounts.push(name.to_owned());
            self.accounts.len() - 1
        });
        AccountId::new(1000 + index as u64)
    }

    fn account_name(&self, id: AccountId) -> String {
        usize::try_from(id.number() - 1000)
            .ok()
            .and_then(|index| self.accounts.get(index).cloned())
            .unwrap_or_else(|| id.to_string())
    }

    fn order(&self, name: &str) -> Result<OrderId, String> {
        match name.strip_prefix('#') {
            Some(number) => number.parse().map(OrderId::new).map_err(|_| format!("{name} is no order number")),
            None => self.orders.get(name).copied().ok_or_else(|| format!("no order was named {name}")),
        }
    }

    fn order_name(&self, id: OrderId) -> String {
        let named = self.orders.iter().find(|order| *order.1 == id);
        named.map_or_else(|| format!("#{id}"), |order| order.0.clone())
    }
}

/// A scenario being played.
struct Play<E> {
    capacities: Capacities,
    parameters: RuleParameters,
    /// None until the first command: rules and capacities come before it.
    exchange: Option<E>,
    names: Names,
    now_ns: u64,
    sequence: u64,
    /// Rendered events of the last command that have not been expected yet.
    unexpected: Vec<String>,
}

/// Plays a scenario on an exchange; an error names the line.
pub fn play<E: Exchange>(text: &str) -> Result<(), String> {
    let mut play = Play::<E> {
        capacities: Capacities { accounts: 100, orders: 1000, slice_accounts: u32::MAX },
        parameters: rules::charter(),
        exchange: None,
        names: Names::default(),
        now_ns: START_NS,
        sequence: 0,
        unexpected: Vec::new(),
    };
    for (line, number) in text.lines().zip(1..) {
        let line = line.split(" # ").next().unwrap_or_default().trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        play.line(line).map_err(|problem| format!("line {number}: {line}\n  {problem}"))?;
    }
    play.nothing_is_left_unexpected()
}

impl<E: Exchange> Play<E> {
    fn line(&mut self, line: &str) -> Result<(), String> {
        let (said, expected) = match line.split_once("=>") {
            Some((said, expected)) => (said.trim(), Some(expected.trim())),
            None => (line, None),
        };
        if !said.is_empty() {
            self.nothing_is_left_unexpected()?;
            let events = self.say(said)?;
            self.unexpected = events.iter().filter_map(|event| events::in_words(event, &self.names)).collect();
            if expected.is_none() {
                if let Some(refusal) = self.unexpected.iter().find(|words| words.starts_with("rejected")) {
                    return Err(format!("was refused: {refusal}"));
                }
                self.unexpected.clear();
            }
        }
        expected.map_or(Ok(()), |expected| self.expect(expected))
    }

    fn expect(&mut self, expected: &str) -> Result<(), String> {
        for words in expected.split(';').map(str::trim).filter(|words| *words != "ok") {
            if self.unexpected.is_empty() {
                return Err(format!("expected {words}, but nothing more happened"));
            }
            let found = self.unexpected.remove(0);
            if !events::agrees(&found, words) {
                return Err(format!("expected {words}, found {found}"));
            }
        }
        Ok(())
    }

    fn nothing_is_left_unexpected(&self) -> Result<(), String> {
        if self.unexpected.is_empty() {
            return Ok(());
        }
        Err(format!("the command before also did: {}", self.unexpected.join("; ")))
    }

    fn say(&mut self, said: &str) -> Result<Vec<Event>, String> {
        let words: Vec<&str> = said.split_whitespace().collect();
        match words.as_slice() {
            ["capacity", rest @ ..] => {
                lines::capacity(rest, &mut self.capacities)?;
                Ok(Vec::new())
            }
            ["rules", rest @ ..] => {
                rules::change(&mut self.parameters, rest)?;
                match self.exchange {
                    None => Ok(Vec::new()),
                    Some(_) => {
                        let rules = rules::checked(self.parameters)?;
                        self.apply(&Command::SetRules { rules })
                    }
                }
            }
            ["day", day] => self.pass_to(START_NS + lines::days(day)?),
            ["wait", span] => self.pass_to(self.now_ns + lines::span_ns(span)?),
            ["state", account, fields @ ..] => {
                let id = self.names.account(account);
                let found = self.exchange()?.account(id).ok_or("no such account")?;
                state::check_account(&found, fields)?;
                Ok(Vec::new())
            }
            ["market", fields @ ..] => {
                state::check_market(&self.exchange()?.fields(), fields)?;
                Ok(Vec::new())
            }
            ["account", ..] => {
                let mut events = Vec::new();
                for command in lines::account(&words, &mut self.names)? {
                    events.extend(self.apply(&command)?);
                }
                Ok(events)
            }
            _ => {
                let (command, label) = lines::command(&words, &mut self.names)?;
                if let Some(label) = label {
                    self.names.orders.insert(label, OrderId::new(self.sequence + 1));
                }
                self.apply(&command)
            }
        }
    }

    fn pass_to(&mut self, now_ns: u64) -> Result<Vec<Event>, String> {
        if now_ns < self.now_ns {
            return Err("time does not go backwards".to_owned());
        }
        self.now_ns = now_ns;
        Ok(Vec::new())
    }

    fn exchange(&mut self) -> Result<&mut E, String> {
        if self.exchange.is_none() {
            self.exchange = Some(E::open(self.capacities, rules::checked(self.parameters)?));
        }
        self.exchange.as_mut().ok_or_else(|| "an exchange".to_owned())
    }

    fn apply(&mut self, command: &Command) -> Result<Vec<Event>, String> {
        self.sequence += 1;
        let (sequence, time) = (Sequence::new(self.sequence), TimestampNs::new(self.now_ns));
        Ok(self.exchange()?.apply(sequence, time, command))
    }
}
