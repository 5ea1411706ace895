//! One copy of everything that the journal determines: the market, the idempotency keys, and how large the tables are.
//!
//! The running core, a recovery and the snapshots' follower all hold one and change it by the same function, so that
//! they cannot differ.

use carbex_core::{Capacities, Command, Events, Market};
use carbex_vocabulary::{Event, Sequence, TimestampNs};

use crate::{
    Founding,
    keys::{BodyHash, KeptAnswer, KeyName, KeyWindow},
};

/// The events of one command, and where its own outcome stands: after the day orders that ended before it and the accounts
/// that were settled for it. Always inlined, so that an event is built where it stays: built on the stack and copied it costs
/// a quarter of the core's time, because wide loads wait for the narrow stores before them.
struct InPlace<'a> {
    events: &'a mut Vec<Event>,
    outcome_at: usize,
}

impl Events for InPlace<'_> {
    #[inline(always)]
    fn emit(&mut self, event: Event) {
        self.events.push(event);
    }

    #[inline(always)]
    fn outcome_is_next(&mut self) {
        self.outcome_at = self.events.len();
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

    /// Applies one journaled command; appends its events and keeps its key (`None` = it had none). Answers where in `events`
    /// its outcome stands: accepted, rejected, or the command's own event; at the end if a tick caused none.
    pub(crate) fn apply(
        &mut self,
        sequence: Sequence,
        time: TimestampNs,
        command: &Command,
        key: Option<(KeyName, BodyHash)>,
        events: &mut Vec<Event>,
    ) -> usize {
        let mut told = InPlace { outcome_at: events.len(), events };
        self.market.apply(sequence, time, command, &mut told);
        let outcome_at = told.outcome_at;
        if let Some((name, body)) = key {
            self.keys.forget_expired(time);
            let outcome = events.get(outcome_at).copied();
            self.keys.keep(name, KeptAnswer { sequence, time, body, outcome });
        }
        outcome_at
    }
}
