//! One copy of everything that the journal determines: the market, the idempotency keys, and how large the tables are.
//!
//! The running core, a recovery and the snapshots' follower all hold one and change it by the same function, so that
//! they cannot differ.

use carbex_core::{Capacities, Command, Events, Market};
use carbex_vocabulary::{CancelReason, Event, Sequence, TimestampNs};

use crate::{
    Founding,
    keys::{BodyHash, KeptAnswer, KeyName, KeyWindow},
};

/// Puts every event where it stays. Always inlined, so that an event is built there: built on the stack and copied it costs
/// a quarter of the core's time, because wide loads wait for the narrow stores before them.
struct InPlace<'a>(&'a mut Vec<Event>);

impl Events for InPlace<'_> {
    #[inline(always)]
    fn emit(&mut self, event: Event) {
        self.0.push(event);
    }
}

/// The market with its keys, as of `market.sequence()`.
pub(crate) struct Replica {
    pub(crate) market: Market,
    pub(crate) keys: KeyWindow,
    pub(crate) capacities: Capacities,
}

impl Replica {
    /// The market as founded: nothing applied yet.
    pub(crate) fn found(founding: Founding) -> Self {
        let market = Market::new(founding.capacities, founding.rules);
        Self { market, keys: KeyWindow::default(), capacities: founding.capacities }
    }

    /// Applies one journaled command; appends its events and keeps its key (`None` = it had none).
    pub(crate) fn apply(
        &mut self,
        sequence: Sequence,
        time: TimestampNs,
        command: &Command,
        key: Option<(KeyName, BodyHash)>,
        events: &mut Vec<Event>,
    ) {
        let start = events.len();
        self.market.apply(sequence, time, command, &mut InPlace(events));
        if let Some((name, body)) = key {
            self.keys.forget_expired(time);
            let outcome = outcome(&events[start..]).copied();
            self.keys.keep(name, KeptAnswer { sequence, time, body, outcome });
        }
    }
}

/// A command's own event: the first one, after the day orders that ended before it.
pub(crate) fn outcome(events: &[Event]) -> Option<&Event> {
    events.iter().find(|event| !matches!(event, Event::Cancelled { reason: CancelReason::Expired, .. }))
}
