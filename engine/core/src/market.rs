//! The market: the whole state, and `apply`.

use carbex_rules::RuleSet;
use carbex_vocabulary::{AccountId, ClientOrderId, Event, OrderId, Sequence, Side, TimeInForce, TimestampNs};

use crate::{AccountFields, Command, MarketFields};

/// Where the core puts what happened, in order.
pub trait Events {
    /// Takes one event.
    fn emit(&mut self, event: Event);
}

impl Events for Vec<Event> {
    fn emit(&mut self, event: Event) {
        self.push(event);
    }
}

/// How much the tables hold; declared once, allocated at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacities {
    /// Accounts ever opened (closed ones keep their place).
    pub accounts: u32,
    /// Orders resting at once.
    pub orders: u32,
}

/// Why a stored state could not be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateFault(pub String);

/// One resting order, as its owner may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestingOrder {
    /// Its id.
    pub order: OrderId,
    /// Its owner.
    pub account: AccountId,
    /// The owner's name for it.
    pub client_order_id: Option<ClientOrderId>,
    /// Sell or buy.
    pub side: Side,
    /// Grams open.
    pub quantity_g: u64,
    /// Limit, in µ€ per point.
    pub price_ueur: u64,
    /// How long it stays.
    pub tif: TimeInForce,
}

/// One price level of one side of the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepthLevel {
    /// µ€ per point.
    pub price_ueur: u64,
    /// Grams resting.
    pub quantity_g: u64,
    /// Orders resting.
    pub orders: u32,
}

/// The whole market. Same commands, same events, same state hash, on any machine.
pub struct Market {}

impl Market {
    /// An empty market under `rules`: closed, no budget year.
    pub fn new(capacities: Capacities, rules: RuleSet) -> Self {
        let _ = (capacities, rules);
        unimplemented!()
    }

    /// Applies one command; answers with events only. `time` never goes backwards and `sequence` grows.
    pub fn apply(&mut self, sequence: Sequence, time: TimestampNs, command: &Command, events: &mut impl Events) {
        let _ = (sequence, time, command, events);
        unimplemented!()
    }

    /// The time of the last command.
    pub fn time(&self) -> TimestampNs {
        unimplemented!()
    }

    /// The sequence of the last command.
    pub fn sequence(&self) -> Sequence {
        unimplemented!()
    }

    /// The rules in force.
    pub fn rules(&self) -> &RuleSet {
        unimplemented!()
    }

    /// The market's public state.
    pub fn fields(&self) -> MarketFields {
        unimplemented!()
    }

    /// One account, if it exists.
    pub fn account(&self, account: AccountId) -> Option<AccountFields> {
        let _ = account;
        unimplemented!()
    }

    /// All accounts, in the order in which they were opened.
    pub fn accounts(&self) -> impl Iterator<Item = (AccountId, AccountFields)> + '_ {
        std::iter::empty()
    }

    /// An account's open orders, oldest first.
    pub fn orders_of(&self, account: AccountId) -> impl Iterator<Item = RestingOrder> + '_ {
        let _ = account;
        std::iter::empty()
    }

    /// The levels of one side, best price first.
    pub fn depth(&self, side: Side) -> impl Iterator<Item = DepthLevel> + '_ {
        let _ = side;
        std::iter::empty()
    }

    /// Writes the canonical state, in pieces, to `out`.
    pub fn write_state(&self, out: &mut dyn FnMut(&[u8])) {
        let _ = out;
        unimplemented!()
    }

    /// Reads a state back; `fill` fills the buffer it is given whole, or answers false when the bytes end.
    pub fn read_state(capacities: Capacities, fill: &mut dyn FnMut(&mut [u8]) -> bool) -> Result<Self, StateFault> {
        let _ = (capacities, fill);
        unimplemented!()
    }

    /// blake3 of the canonical state.
    pub fn state_hash(&self) -> [u8; 32] {
        unimplemented!()
    }
}
