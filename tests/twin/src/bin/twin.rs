//! `twin`: runs the core beside its slow twin over many seeds; any difference ends the run with the line that replays it.

use std::{
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use carbex_core::Market;
use carbex_twin::{
    Exchange, Twin,
    harness::{Disagreement, SHRINK_SECONDS_MAX, Tally, run_seed, shrink, tell_panics_with_their_seed},
};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};

/// How many steps of a shrunk run are printed.
const STEPS_SHOWN_MAX: usize = 60;

/// Without a terminal, progress is a line every so many commands.
const LINE_EVERY: u64 = 500_000;

/// Compares the core with its twin, event by event and state by state, over random commands.
#[derive(Parser)]
struct Arguments {
    /// How many seeds to run, from `--first` on.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    first: u64,
    /// Commands a seed.
    #[arg(long, default_value_t = 50_000)]
    commands: u64,
    /// Runs this seed alone.
    #[arg(long)]
    seed: Option<u64>,
    /// Threads; as many as there are cores if not given.
    #[arg(long)]
    threads: Option<usize>,
    /// Shows a progress bar even when stderr is not a terminal.
    #[arg(long)]
    progress: bool,
    /// Puts a second twin in the place of the core: tries out the generator alone.
    #[arg(long)]
    self_check: bool,
    /// Leaves a failing run as long as it is.
    #[arg(long)]
    no_shrink: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tell_panics_with_their_seed();
    if arguments.self_check { run::<Twin>(&arguments) } else { run::<Market>(&arguments) }
}

fn run<E: Exchange>(arguments: &Arguments) -> ExitCode {
    let seeds: Vec<u64> = match arguments.seed {
        Some(seed) => vec![seed],
        None => (arguments.first..arguments.first + arguments.seeds).collect(),
    };
    let progress = Progress::new(seeds.len() as u64 * arguments.commands, arguments.progress);
    let next = AtomicU64::new(0);
    let failed = AtomicBool::new(false);
    let tally = Mutex::new(Tally::default());
    let failures: Mutex<Vec<Disagreement>> = Mutex::new(Vec::new());
    let threads = arguments.threads.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !failed.load(Ordering::Relaxed) {
                    let Some(&seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed) as usize) else { return };
                    let mut own = Tally::default();
                    let outcome = run_seed::<E>(seed, arguments.commands, &mut own, |done| progress.done(done));
                    tally.lock().expect("no thread stops while it holds the tally").merge(&own);
                    if let Err(disagreement) = outcome {
                        failed.store(true, Ordering::Relaxed);
                        failures.lock().expect("no thread stops while it holds this").push(*disagreement);
                    }
                }
            });
        }
    });
    progress.bar.finish_and_clear();
    let tally = tally.into_inner().expect("all threads have ended");
    let mut failures = failures.into_inner().expect("all threads have ended");
    failures.sort_by_key(|failure| failure.steps.len());
    if let Some(failure) = failures.first() {
        report(failure);
        if !arguments.no_shrink {
            report_short::<E>(failure);
        }
        return ExitCode::FAILURE;
    }
    print!("{tally}");
    let missing = if arguments.seed.is_some() { Vec::new() } else { tally.never_reached() };
    if !missing.is_empty() {
        eprintln!(
            "the run agrees, but it never reached: {missing:?}; run more seeds or commands, or widen the generator"
        );
        return ExitCode::FAILURE;
    }
    println!("core and twin agree: {} seeds, {} commands, {} events", seeds.len(), tally.commands, tally.events);
    ExitCode::SUCCESS
}

fn report(failure: &Disagreement) {
    let index = failure.steps.len();
    println!("DISAGREEMENT at seed {}, command {index}: {}", failure.seed, failure.what);
    if let Some(step) = failure.steps.last() {
        println!("command: {:?} at {} ns", step.command, step.time.ns());
    }
    show("core", &failure.events);
    show("twin", &failure.twin_events);
    println!(
        "replay with: cargo run --release -p carbex-twin --bin twin -- --seed {} --commands {index}",
        failure.seed
    );
}

fn report_short<E: Exchange>(failure: &Disagreement) {
    let short = shrink::<E>(failure, SHRINK_SECONDS_MAX);
    println!("\nas short as could be found: {} commands: {}", short.steps.len(), short.what);
    println!("capacities {:?}\nrules {:?}", short.world.0, *short.world.1);
    let skipped = short.steps.len().saturating_sub(STEPS_SHOWN_MAX);
    if skipped > 0 {
        println!("({skipped} earlier commands not shown)");
    }
    for step in &short.steps[skipped..] {
        println!("{:>6} {} {:?}", step.sequence.number(), step.time.ns(), step.command);
    }
    show("core", &short.events);
    show("twin", &short.twin_events);
}

fn show(whose: &str, events: &[carbex_vocabulary::Event]) {
    println!("events of the {whose}:");
    for event in events {
        println!("  {event:?}");
    }
}

/// A bar on a terminal; with `--progress`, without a terminal, a line now and then.
struct Progress {
    bar: ProgressBar,
    lines: bool,
}

impl Progress {
    fn new(commands: u64, always: bool) -> Self {
        let style = "{elapsed_precise} {wide_bar} {human_pos}/{human_len} commands, {per_sec}, {eta} left";
        let bar = ProgressBar::new(commands)
            .with_style(ProgressStyle::with_template(style).expect("a template of known fields"));
        Self { lines: always && bar.is_hidden(), bar }
    }

    fn done(&self, commands: u64) {
        self.bar.inc(commands);
        let (position, length) = (self.bar.position(), self.bar.length().unwrap_or(0));
        if self.lines && position / LINE_EVERY > (position - commands) / LINE_EVERY {
            eprintln!("{position} of {length} commands, {:.0} a second", self.bar.per_sec());
        }
    }
}
