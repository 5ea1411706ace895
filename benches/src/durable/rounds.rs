//! What the client asks for: accounts first, then the balanced flow, round after round.

use std::time::Instant;

use carbex_core::Command;
use carbex_node::{Batch, NodeHandle, Pending, Role, Submission};
use carbex_vocabulary::{BasisPoints, Phase, QuantityG, Sequence, TimestampNs};

use super::{BATCH_COMMANDS, COUNTERS_AGE, Clock, DurableFault, DurableOptions, Market};
use crate::client::{self, Client, ClientFault, push};
use crate::commands::{Commands, Orders};
use crate::exchange::{DAY, Enrolments, YEAR_START};
use crate::progress::{Progress, Stage};
use crate::terms::{self, PriceScale};
use crate::workload::{FlowShape, Operation, TickBand, order_flow_round};

/// Commands of the opening that are under way at once.
const OPENING_UNDER_WAY_MAX: usize = 8 * BATCH_COMMANDS;
/// Batches of the opening between two looks at what is left behind.
const CLEAN_EVERY_BATCHES: usize = 512;

/// The balanced flow without an end. Every round fills the book to its depth, runs the flow, and cancels what rests, so that
/// the next finds the book as this one did; orders' numbers are known beforehand, because nobody else submits.
pub(super) struct Rounds {
    operations: Vec<Operation>,
    scale: PriceScale,
    /// The next operation of the round.
    at: usize,
    /// The sequence of the round's first operation.
    first_sequence: u64,
    submission: Submission,
}

/// The operations of a round, and the band they lie in.
pub(super) struct Round {
    operations: Vec<Operation>,
    pub(super) band: TickBand,
}

impl Round {
    /// Draws it: the operations of `carbex bench core` with the same seed, and the cancels of what rests in the end.
    pub(super) fn draw(options: &DurableOptions) -> Self {
        let commands = options.round_commands as usize;
        let mut operations = order_flow_round(FlowShape::BALANCED, options.accounts, commands, options.seed);
        operations.name_by_place();
        let band = operations.band;
        let mut all = operations.prefill;
        all.append(&mut operations.timed);
        Self { operations: all, band }
    }
}

impl Rounds {
    /// Opens and funds the accounts, lets the year and its day begin, and stands before the first round.
    pub(super) fn prepare(
        node: &NodeHandle,
        market: &Market,
        round: Round,
        clock: &Clock,
        progress: &mut dyn Progress,
    ) -> Result<Self, DurableFault> {
        let mut opening = Submission::new(Command::Tick, Role::System, 0);
        let mut one = |command| {
            opening.command = command;
            client::one(node, opening).map(|receipt| receipt.sequence)
        };
        one(Command::OpenPeriod {
            year: 2027,
            endowment: terms::endowment(market.funding.accounts()),
            reserve: QuantityG::ZERO,
            cap: None,
        })?;
        enrol(node, market, progress)?;
        one(Command::AllotAll { fraction: BasisPoints::new(10_000) })?;
        one(Command::SetPhase { phase: Phase::Continuous })?;
        clock.set(TimestampNs::new(YEAR_START.ns() + DAY * carbex_vocabulary::DAY_NS));
        // The exchange settles the allotment by ticks of its own.
        let settling = || node.ask(carbex_core::Market::settling).and_then(Pending::wait).map_err(ClientFault::from);
        while settling()?.is_some() {
            std::thread::sleep(COUNTERS_AGE);
        }
        // One of them may still be on its way: from two of ours in a row on, only this client is given sequences.
        let mut last = one(Command::Tick)?;
        loop {
            let before = last;
            last = one(Command::Tick)?;
            if last.number() == before.number() + 1 {
                break;
            }
        }
        Ok(Self {
            scale: PriceScale::of(round.band),
            operations: round.operations,
            at: 0,
            first_sequence: last.number() + 1,
            submission: Submission::new(Command::Tick, Role::Citizen, 0),
        })
    }

    /// The number of the next command that is put into a batch.
    pub(super) fn next(&self) -> u64 {
        self.first_sequence + self.at as u64
    }

    /// The last command that was put into a batch.
    pub(super) fn submitted(&self) -> Sequence {
        Sequence::new(self.next() - 1)
    }

    /// The next commands, as a batch.
    pub(super) fn batch(&mut self, node: &NodeHandle, commands: usize) -> Batch {
        let mut batch = node.batch();
        for _ in 0..commands {
            if self.at == self.operations.len() {
                self.at = 0;
                self.first_sequence += self.operations.len() as u64;
            }
            let orders = Orders::new(&self.operations, self.scale, self.first_sequence);
            self.submission.command = orders.command(self.at);
            self.submission.actor = u64::from(self.operations[self.at].account().place()) + 1;
            self.at += 1;
            push(&mut batch, &self.submission);
        }
        batch
    }
}

fn enrol(node: &NodeHandle, market: &Market, progress: &mut dyn Progress) -> Result<(), DurableFault> {
    let enrolments = Enrolments(&market.funding);
    let commands = enrolments.count();
    progress.begin(Stage::Opening, u64::from(market.funding.accounts()));
    let mut client = Client::new(node, OPENING_UNDER_WAY_MAX);
    let mut registry = Submission::new(Command::Tick, Role::Registry, 0);
    for from in (0..commands).step_by(BATCH_COMMANDS) {
        let mut batch = node.batch();
        for place in from..commands.min(from + BATCH_COMMANDS) {
            registry.command = enrolments.command(place);
            push(&mut batch, &registry);
        }
        if (from / BATCH_COMMANDS).is_multiple_of(CLEAN_EVERY_BATCHES) {
            market.clean()?;
            progress.reached(from as u64 / 2);
        }
        client.submit(batch, Instant::now(), &mut |_| {})?;
    }
    Ok(client.finish(&mut |_| {})?)
}
