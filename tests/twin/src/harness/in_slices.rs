//! The exchange a second time, settling a few accounts a command: late, but with the same results.
//!
//! What an operation on all accounts tells of one account may come later than it does from the twin, never in another
//! order, and before anything else is told of that account. Everything else comes with its command, word for word.

use std::collections::{BTreeMap, VecDeque};

use carbex_core::{Capacities, Command, Progress, PublicFields};
use carbex_rules::RuleSet;
use carbex_vocabulary::{AccountId, CancelReason, CapsPer, Event, PointsAccount, RejectCode, Sequence, Side};

use super::{Step, compare, invariants};
use crate::{Exchange, Twin};

/// How often it is written out and read back, in commands.
const REOPEN_EVERY: u64 = 211;
/// Slices of the seeds, in turn.
const SLICES: &[u32] = &[3, 1, 3, 8];
/// The most operations that wait.
const OPERATIONS_MAX: u32 = 15;
/// More ticks than any table of the generator's needs.
const TICKS_MAX: u64 = 10_000;

/// Everything that settling may come to: a full run must have seen each.
pub(super) const PATHS: &[&str] = &[
    "settled with the operation's own command",
    "settled when touched",
    "settled in its turn, by a tick",
    "settled before a trade",
    "settled before a cancellation",
    "household member read as if settled",
    "order of a closed year is unknown",
    "full pool takes back an old order's place",
    "full log",
    "treasury waits for penalties",
    "limit of an allotment needs every account",
    "limit of a year's end needs every account",
    "two years' ends wait",
    "read back while settling",
    "all settled: the same hash",
];

/// The exchange that settles late, and what it has yet to tell.
pub(super) struct InSlices<E> {
    exchange: E,
    capacities: Capacities,
    /// What the twin told of operations on all accounts, and the exchange has not.
    owed: BTreeMap<AccountId, VecDeque<Event>>,
    applied: u64,
}

impl<E: Exchange> InSlices<E> {
    pub fn open(capacities: Capacities, rules: RuleSet, seed: u64) -> Self {
        let slice_accounts = SLICES[(seed % SLICES.len() as u64) as usize];
        let capacities = Capacities { slice_accounts, ..capacities };
        Self { exchange: E::open(capacities, rules), capacities, owed: BTreeMap::new(), applied: 0 }
    }

    /// Applies one command and compares with what the twin told; answers which paths it took. `events` is left with what
    /// it told.
    pub fn step(
        &mut self,
        step: &Step,
        twin: &Twin,
        twin_events: &[Event],
        at_once: &E,
        events: &mut Vec<Event>,
    ) -> Result<Vec<&'static str>, String> {
        let Step { sequence, time, command } = step;
        self.applied += 1;
        let mut paths = Vec::new();
        let before = self.exchange.settling();
        self.see_what_is_read_late(command, twin, twin_events, &mut paths);
        let (late, own): (Vec<Event>, Vec<Event>) =
            twin_events.iter().partition(|event| is_of_an_operation(command, event));
        let (told, outcome_at) = self.exchange.apply_marked(*sequence, *time, command);
        events.clone_from(&told);
        let (preceding, following) = told.split_at(outcome_at);
        let mut found = self.check_told(command, preceding, true, &mut paths)?;
        for event in late {
            let account = event.account().ok_or("an operation tells of an account")?;
            self.owed.entry(account).or_default().push_back(event);
        }
        found.extend(self.check_told(command, following, false, &mut paths)?);
        compare::events(&found, &own).map_err(|words| format!("settling late: {words}"))?;
        self.check_state(command, twin, twin_events)?;
        let after = self.exchange.settling();
        self.see_progress(command, before, after, &own, twin, &mut paths);
        if after.is_none() && self.owed.values().any(|owed| !owed.is_empty()) {
            return Err(format!("all is settled, but this was never told: {:?}", self.owed));
        }
        if before.is_some() && after.is_none() || self.applied.is_multiple_of(super::COMPARE_ALL_EVERY) {
            self.check_hash(at_once)?;
            if before.is_some() && after.is_none() {
                paths.push("all settled: the same hash");
            }
        }
        if self.applied.is_multiple_of(REOPEN_EVERY) {
            self.exchange.reopen(self.capacities)?;
            if after != self.exchange.settling() {
                return Err(format!("read back, {after:?} became {:?}", self.exchange.settling()));
            }
            compare::states(&self.exchange, twin, command, twin_events, true)?;
            if after.is_some() {
                paths.push("read back while settling");
            }
        }
        Ok(paths)
    }

    /// Ticks on both until all is settled: they then hold the same.
    pub fn finish(&mut self, at_once: &mut E, mut sequence: Sequence, last: &Step) -> Result<(), String> {
        for _ in 0..TICKS_MAX {
            if self.exchange.settling().is_none() {
                return self.check_hash(at_once);
            }
            sequence = Sequence::new(sequence.number() + 1);
            self.exchange.apply(sequence, last.time, &Command::Tick);
            at_once.apply(sequence, last.time, &Command::Tick);
        }
        Err(format!("after {TICKS_MAX} ticks accounts are still not settled: {:?}", self.exchange.settling()))
    }

    /// With nothing waiting, both are one state.
    fn check_hash(&self, at_once: &E) -> Result<(), String> {
        if self.exchange.settling().is_none() && self.exchange.state_hash() != at_once.state_hash() {
            return Err("all is settled, but the state is not that of the market that settled at once".to_owned());
        }
        Ok(())
    }

    /// Settlements come from what is owed, first things first; answers with the rest, which the command itself told.
    fn check_told(
        &mut self,
        command: &Command,
        told: &[Event],
        before_outcome: bool,
        paths: &mut Vec<&'static str>,
    ) -> Result<Vec<Event>, String> {
        let mut found = Vec::new();
        for (index, event) in told.iter().enumerate() {
            let is_outcome = !before_outcome && index == 0;
            if is_settlement(event) && !(is_outcome && matches!(command, Command::Allot { .. })) {
                self.settle(event)?;
                let next = told[index + 1..].iter().find(|event| !is_settlement(event));
                paths.extend(path_of(command, event, before_outcome, next, told, index));
                continue;
            }
            let account = event.account();
            if account.is_some_and(|account| self.owed.get(&account).is_some_and(|owed| !owed.is_empty())) {
                return Err(format!("{event:?} is told before its account was settled: {:?}", self.owed));
            }
            if before_outcome && !matches!(event, Event::Cancelled { reason: CancelReason::Expired, .. }) {
                return Err(format!("{event:?} is told before the outcome"));
            }
            found.push(*event);
        }
        Ok(found)
    }

    /// Takes a settlement off what is owed. Orders of one closed year may leave in any order.
    fn settle(&mut self, event: &Event) -> Result<(), String> {
        let account = event.account().ok_or("a settlement is an account's")?;
        let owed = self.owed.entry(account).or_default();
        let leaving = owed.iter().take_while(|owed| is_leaving(owed)).count();
        let place = if is_leaving(event) { owed.iter().take(leaving).position(|owed| owed == event) } else { Some(0) };
        match place.and_then(|place| owed.remove(place)) {
            Some(expected) if expected == *event => Ok(()),
            expected => Err(format!("an account is settled with {event:?}, the twin told {expected:?}, then {owed:?}")),
        }
    }

    fn check_state(&self, command: &Command, twin: &Twin, twin_events: &[Event]) -> Result<(), String> {
        if let Some(account) = command.account()
            && self.owed.get(&account).is_some_and(|owed| !owed.is_empty())
        {
            return Err(format!("account {account} was touched and not settled: {:?}", self.owed.get(&account)));
        }
        compare::states(&self.exchange, twin, command, twin_events, false)?;
        invariants::check(&self.exchange)?;
        let (found, expected) = (self.exchange.fields().public, self.still_owing(twin.fields().public));
        if found != expected {
            return Err(format!("settling late, the public accounts differ:\n  core {found:?}\n  twin {expected:?}"));
        }
        Ok(())
    }

    /// The public accounts without what is still owed.
    fn still_owing(&self, mut public: PublicFields) -> PublicFields {
        let grams = |quantity: carbex_vocabulary::QuantityG| i64::try_from(quantity.g()).expect("grams of an account");
        for event in self.owed.values().flatten() {
            if let Event::Allotted { quantity, repaid, .. } = event {
                public.in_settlement_g += grams(*quantity);
                public.deficit_g -= grams(*repaid);
            } else if let Event::Penalty { deficit, paid, .. } = event {
                public.deficit_g += grams(*deficit);
                public.treasury_ueur -= i64::try_from(paid.ueur()).expect("money of an account");
            } else if let Event::Expired { quantity, .. } = event {
                public.expired_g -= grams(*quantity);
            }
        }
        public
    }

    /// Paths that leave no trace in the events.
    fn see_what_is_read_late(
        &self,
        command: &Command,
        twin: &Twin,
        twin_events: &[Event],
        paths: &mut Vec<&'static str>,
    ) {
        let owes = |account: AccountId| self.owed.get(&account).is_some_and(|owed| !owed.is_empty());
        if let Command::Place { account, side: Side::Buy, .. } = *command
            && twin.rules().purchase.caps_per == CapsPer::Household
            && matches!(twin_events.last(), Some(Event::Accepted { .. } | Event::Rejected(_)))
        {
            let household = twin.account(account).map_or(0, |fields| fields.household);
            let others = twin.accounts();
            if household != 0
                && others.iter().any(|other| other.0 != account && other.1.household == household && owes(other.0))
            {
                paths.push("household member read as if settled");
            }
        }
        if let Command::Cancel { account, order } | Command::Replace { account, order, .. } = *command
            && twin_events
                .iter()
                .any(|event| matches!(event, Event::Rejected(reject) if reject.code == RejectCode::UnknownOrder))
            && self.owed.iter().any(|(owner, owed)| {
                *owner != account
                    && owed.iter().any(|event| matches!(event, Event::Cancelled { order: gone, .. } if *gone == order))
            })
        {
            paths.push("order of a closed year is unknown");
        }
    }

    fn see_progress(
        &self,
        command: &Command,
        before: Option<Progress>,
        after: Option<Progress>,
        own: &[Event],
        twin: &Twin,
        paths: &mut Vec<&'static str>,
    ) {
        let accepted = !own.iter().any(|event| matches!(event, Event::Rejected(_)));
        let is_operation = is_operation(command);
        let more_than_a_slice = twin.accounts().len() > self.capacities.slice_accounts as usize;
        if is_operation && accepted && before.is_some_and(|before| before.operations == OPERATIONS_MAX) {
            paths.push("full log");
        }
        if is_operation && accepted && after.is_none() && more_than_a_slice {
            paths.push(if matches!(command, Command::ClosePeriod) {
                "limit of a year's end needs every account"
            } else {
                "limit of an allotment needs every account"
            });
        }
        if matches!(command, Command::DrawTreasury { .. } | Command::SetBuyback { .. })
            && before.is_some()
            && after.is_none()
        {
            paths.push("treasury waits for penalties");
        }
        let ends = |owed: &VecDeque<Event>| {
            let ends = |event: &&Event| matches!(event, Event::Expired { .. } | Event::Penalty { .. });
            owed.iter().filter(ends).count()
        };
        if self.owed.values().any(|owed| ends(owed) > 1) {
            paths.push("two years' ends wait");
        }
    }
}

fn is_operation(command: &Command) -> bool {
    matches!(command, Command::AllotAll { .. } | Command::ClosePeriod | Command::OpenPeriod { .. })
}

/// Whether the twin told this of an operation on all accounts, which another may tell later.
fn is_of_an_operation(command: &Command, event: &Event) -> bool {
    let is_allotment = matches!(event, Event::Allotted { .. });
    is_settlement(event) && (!is_allotment || matches!(command, Command::AllotAll { .. }))
}

/// Whether an event may be an account's settlement.
fn is_settlement(event: &Event) -> bool {
    is_leaving(event)
        || matches!(
            event,
            Event::Allotted { .. }
                | Event::Penalty { .. }
                | Event::CarriedOver { .. }
                | Event::Expired { from: PointsAccount::Citizen(_), .. }
        )
}

fn is_leaving(event: &Event) -> bool {
    matches!(event, Event::Cancelled { reason: CancelReason::PeriodClosed, .. })
}

/// Why an account was settled by a command; `next` is what was told next that is no settlement.
fn path_of(
    command: &Command,
    event: &Event,
    before_outcome: bool,
    next: Option<&Event>,
    told: &[Event],
    index: usize,
) -> Option<&'static str> {
    if is_operation(command) {
        return (!before_outcome).then_some("settled with the operation's own command");
    }
    if next.is_some_and(|next| {
        matches!(next, Event::Cancelled { reason: CancelReason::BandChanged | CancelReason::Expired, .. })
            && next.account() == event.account()
    }) {
        return Some("settled before a cancellation");
    }
    if before_outcome && command.account().is_some() && event.account() == command.account() {
        return Some("settled when touched");
    }
    if matches!(command, Command::Tick) {
        return Some("settled in its turn, by a tick");
    }
    if before_outcome && matches!(command, Command::Place { .. }) && told[index..].iter().any(is_leaving) {
        return Some("full pool takes back an old order's place");
    }
    next.is_some_and(|next| matches!(next, Event::Trade { .. }) && next.account() == event.account())
        .then_some("settled before a trade")
}
