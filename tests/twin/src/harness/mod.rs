//! The comparison: one seed's commands go to the core and to the twin, and whatever differs ends the run.

mod compare;
mod in_slices;
mod invariants;
mod shrink;
mod tally;

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
};

use carbex_core::{Capacities, Command};
use carbex_rules::RuleSet;
use carbex_vocabulary::{Event, Sequence, TimestampNs};

use crate::{Exchange, Twin, generator::Generator};
use in_slices::InSlices;
pub use shrink::{SHRINK_SECONDS_MAX, shrink};
pub use tally::{Before, Tally};

/// How often everything is compared, in commands; in between only what the events touched.
const COMPARE_ALL_EVERY: u64 = 1000;
/// How often the exchange is written out and read back, in commands.
const REOPEN_EVERY: u64 = 7919;

/// One command with its place and its time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Its sequence.
    pub sequence: Sequence,
    /// Its time.
    pub time: TimestampNs,
    /// What is asked.
    pub command: Command,
}

/// Where two readings of the specification part.
#[derive(Clone, Debug)]
pub struct Disagreement {
    /// The seed.
    pub seed: u64,
    /// The world in which it happened.
    pub world: (Capacities, RuleSet),
    /// Every command up to and including the one that shows it.
    pub steps: Vec<Step>,
    /// What differs, in words.
    pub what: String,
    /// The events of the exchange under test, if it answered.
    pub events: Vec<Event>,
    /// The events of the twin.
    pub twin_events: Vec<Event>,
}

/// The difference found at one step.
#[derive(Clone, Debug)]
struct Difference {
    what: String,
    events: Vec<Event>,
    twin_events: Vec<Event>,
}

/// Runs one seed: `commands` random commands on an `E` and on the twin; counts into `tally`.
pub fn run_seed<E: Exchange>(
    seed: u64,
    commands: u64,
    tally: &mut Tally,
    mut progress: impl FnMut(u64),
) -> Result<(), Box<Disagreement>> {
    let mut generator = Generator::new(seed);
    let world = generator.world();
    let mut pair = Pair::<E>::open(world, seed);
    let mut steps = Vec::new();
    for number in 1..=commands {
        let (time, command) = generator.next(&pair.twin);
        let step = Step { sequence: Sequence::new(number), time, command };
        steps.push(step);
        let before = Before { fields: pair.twin.fields(), rules: *pair.twin.rules() };
        match pair.step(&step) {
            Ok((twin_events, paths)) => {
                tally.count(&before, &command, &twin_events, &pair.twin);
                tally.count_paths(&paths);
                generator.heard(&twin_events);
            }
            Err(Difference { what, events, twin_events }) => {
                return Err(Box::new(Disagreement { seed, world, steps, what, events, twin_events }));
            }
        }
        if number % COMPARE_ALL_EVERY == 0 {
            progress(COMPARE_ALL_EVERY);
        }
    }
    progress(commands % COMPARE_ALL_EVERY);
    if let Some(last) = steps.last()
        && let Err(what) = pair.in_slices.finish(&mut pair.exchange, last.sequence, last)
    {
        return Err(Box::new(Disagreement { seed, world, steps, what, events: Vec::new(), twin_events: Vec::new() }));
    }
    Ok(())
}

/// Runs given steps; answers with the index of the step that shows a difference, and the difference.
fn run_steps<E: Exchange>(world: (Capacities, RuleSet), seed: u64, steps: &[Step]) -> Option<(usize, Difference)> {
    let mut pair = Pair::<E>::open(world, seed);
    steps.iter().enumerate().find_map(|(index, step)| pair.step(step).err().map(|difference| (index, difference)))
}

/// The exchange under test beside its twin, and a second time, settling in slices.
struct Pair<E> {
    exchange: E,
    in_slices: InSlices<E>,
    twin: Twin,
    capacities: Capacities,
    applied: u64,
}

impl<E: Exchange> Pair<E> {
    fn open((capacities, rules): (Capacities, RuleSet), seed: u64) -> Self {
        Self {
            exchange: E::open(capacities, rules),
            in_slices: InSlices::open(capacities, rules, seed),
            twin: Twin::new(capacities, rules),
            capacities,
            applied: 0,
        }
    }

    /// Applies one command to all and compares; answers with the twin's events and the paths that settling took.
    fn step(&mut self, step: &Step) -> Result<(Vec<Event>, Vec<&'static str>), Difference> {
        let Step { sequence, time, command } = step;
        self.applied += 1;
        let twin_events = examine(|| self.twin.apply(*sequence, *time, command)).map_err(|words| Difference {
            what: format!("the twin stops: {words}"),
            events: Vec::new(),
            twin_events: Vec::new(),
        })?;
        let mut events = Vec::new();
        let examined = examine(|| {
            events = self.exchange.apply(*sequence, *time, command);
            compare::events(&events, &twin_events)?;
            let everything = self.applied.is_multiple_of(COMPARE_ALL_EVERY);
            compare::states(&self.exchange, &self.twin, command, &twin_events, everything)?;
            invariants::check(&self.exchange)?;
            if self.applied.is_multiple_of(REOPEN_EVERY) {
                self.exchange.reopen(self.capacities)?;
                compare::states(&self.exchange, &self.twin, command, &twin_events, true)?;
            }
            self.in_slices.step(step, &self.twin, &twin_events, &self.exchange, &mut events)
        });
        let what = match examined {
            Ok(Ok(paths)) => return Ok((twin_events, paths)),
            Ok(Err(what)) => what,
            Err(words) => format!("the core stops: {words}"),
        };
        Err(Difference { what, events, twin_events })
    }
}

thread_local! {
    /// Whether this thread is inside a command: a panic there is a finding, told with its seed.
    static EXAMINING: Cell<bool> = const { Cell::new(false) };
}

/// Keeps panics inside commands from being printed where they happen; any other panic is printed as usual.
pub fn tell_panics_with_their_seed() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !EXAMINING.get() {
            usual(panic);
        }
    }));
}

/// Does something that may panic; answers with the panic's words.
fn examine<T>(act: impl FnOnce() -> T) -> Result<T, String> {
    EXAMINING.set(true);
    let done = catch_unwind(AssertUnwindSafe(act));
    EXAMINING.set(false);
    done.map_err(|panic| words_of(&*panic))
}

/// What a panic said.
fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "a panic without words".to_owned())
}
