//! What the core and the twin have in common, so that a comparison or a scenario can be run on either.

use carbex_core::{
    AccountFields, Capacities, Command, DepthLevel, Events, Market, MarketFields, Progress, PublicFields, RestingOrder,
};
use carbex_rules::RuleSet;
use carbex_vocabulary::{AccountId, CancelReason, Event, Sequence, Side, TimestampNs};

use crate::Twin;

/// A whole market: commands in, events out, and its state for reading.
pub trait Exchange {
    /// An empty market under `rules`.
    fn open(capacities: Capacities, rules: RuleSet) -> Self;
    /// Applies one command.
    fn apply(&mut self, sequence: Sequence, time: TimestampNs, command: &Command) -> Vec<Event>;
    /// Applies one command; answers with its events and the place of its outcome among them.
    fn apply_marked(&mut self, sequence: Sequence, time: TimestampNs, command: &Command) -> (Vec<Event>, usize) {
        let events = self.apply(sequence, time, command);
        let ended = |event: &&Event| matches!(event, Event::Cancelled { reason: CancelReason::Expired, .. });
        let outcome_at = events.iter().take_while(ended).count();
        (events, outcome_at)
    }
    /// How far accounts are in taking operations that wait.
    fn settling(&self) -> Option<Progress> {
        None
    }
    /// The public accounts as if every account were settled.
    fn public_as_settled(&self) -> PublicFields {
        self.fields().public
    }
    /// The hash of the state, of an exchange that has one.
    fn state_hash(&self) -> Option<[u8; 32]> {
        None
    }
    /// The public state.
    fn fields(&self) -> MarketFields;
    /// One account.
    fn account(&self, account: AccountId) -> Option<AccountFields>;
    /// All accounts, in the order in which they were opened.
    fn accounts(&self) -> Vec<(AccountId, AccountFields)>;
    /// An account's open orders, oldest first.
    fn orders_of(&self, account: AccountId) -> Vec<RestingOrder>;
    /// The levels of one side, best price first.
    fn depth(&self, side: Side) -> Vec<DepthLevel>;
    /// The rules in force.
    fn rules(&self) -> RuleSet;
    /// Writes the state out and goes on from what is read back; an error says what did not survive.
    fn reopen(&mut self, capacities: Capacities) -> Result<(), String>;
}

/// Events, and where the command's own outcome stands among them.
#[derive(Default)]
struct Marked {
    events: Vec<Event>,
    outcome_at: usize,
}

impl Events for Marked {
    fn emit(&mut self, event: Event) {
        self.events.push(event);
    }
    fn outcome_is_next(&mut self) {
        self.outcome_at = self.events.len();
    }
}

impl Exchange for Market {
    fn open(capacities: Capacities, rules: RuleSet) -> Self {
        Market::new(capacities, rules)
    }
    fn apply(&mut self, sequence: Sequence, time: TimestampNs, command: &Command) -> Vec<Event> {
        let mut events = Vec::new();
        Market::apply(self, sequence, time, command, &mut events);
        events
    }
    fn apply_marked(&mut self, sequence: Sequence, time: TimestampNs, command: &Command) -> (Vec<Event>, usize) {
        let mut answer = Marked::default();
        Market::apply(self, sequence, time, command, &mut answer);
        (answer.events, answer.outcome_at)
    }
    fn settling(&self) -> Option<Progress> {
        Market::settling(self)
    }
    fn public_as_settled(&self) -> PublicFields {
        Market::public_as_settled(self)
    }
    fn state_hash(&self) -> Option<[u8; 32]> {
        Some(Market::state_hash(self))
    }
    fn fields(&self) -> MarketFields {
        Market::fields(self)
    }
    fn account(&self, account: AccountId) -> Option<AccountFields> {
        Market::account(self, account)
    }
    fn accounts(&self) -> Vec<(AccountId, AccountFields)> {
        Market::accounts(self).collect()
    }
    fn orders_of(&self, account: AccountId) -> Vec<RestingOrder> {
        Market::orders_of(self, account).collect()
    }
    fn depth(&self, side: Side) -> Vec<DepthLevel> {
        Market::depth(self, side).collect()
    }
    fn rules(&self) -> RuleSet {
        *Market::rules(self)
    }
    fn reopen(&mut self, capacities: Capacities) -> Result<(), String> {
        let mut bytes = Vec::new();
        self.write_state(&mut |piece| bytes.extend_from_slice(piece));
        let mut rest = bytes.as_slice();
        let read = Market::read_state(capacities, &mut |buffer| match rest.split_at_checked(buffer.len()) {
            Some((head, tail)) => {
                buffer.copy_from_slice(head);
                rest = tail;
                true
            }
            None => false,
        });
        let reopened = read.map_err(|fault| format!("the written state cannot be read back: {fault:?}"))?;
        if !rest.is_empty() {
            return Err(format!("{} bytes of the written state were not read", rest.len()));
        }
        if reopened.state_hash() != self.state_hash() {
            return Err("the state hash does not survive being written and read".to_owned());
        }
        *self = reopened;
        Ok(())
    }
}

impl Exchange for Twin {
    fn open(capacities: Capacities, rules: RuleSet) -> Self {
        Twin::new(capacities, rules)
    }
    fn apply(&mut self, sequence: Sequence, time: TimestampNs, command: &Command) -> Vec<Event> {
        Twin::apply(self, sequence, time, command)
    }
    fn fields(&self) -> MarketFields {
        Twin::fields(self)
    }
    fn account(&self, account: AccountId) -> Option<AccountFields> {
        Twin::account(self, account)
    }
    fn accounts(&self) -> Vec<(AccountId, AccountFields)> {
        Twin::accounts(self)
    }
    fn orders_of(&self, account: AccountId) -> Vec<RestingOrder> {
        Twin::orders_of(self, account)
    }
    fn depth(&self, side: Side) -> Vec<DepthLevel> {
        Twin::depth(self, side)
    }
    fn rules(&self) -> RuleSet {
        *Twin::rules(self)
    }
    fn reopen(&mut self, _: Capacities) -> Result<(), String> {
        Ok(())
    }
}
