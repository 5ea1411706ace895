//! The durable pipeline measured: batches through queue, sequencing, apply, journal with fdatasync, publication, answers;
//! beside it, in the same run, the same commands on the core alone, and what the disk does when it is only written and synced.
//!
//! Terms: one client thread on the same machine fills batches and reads every answer. The commands are those of `carbex
//! bench core --workload balanced`, round after round. Snapshots are off. Segments that were left behind are deleted
//! between the turns of ten seconds, so that the room needed does not grow with the length.

mod fault;
mod latency;
mod raw;
mod report;
mod rounds;
mod throughput;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use carbex_core::Capacities;
use carbex_node::{ClockSource, Node, NodeHandle, NodeOptions, SLICE_ACCOUNTS, Silent};
use carbex_vocabulary::TimestampNs;

use crate::exchange::YEAR_START;
use crate::funding::Funding;
use crate::measure::{Terms, Work, time};
use crate::progress::{Progress, Stage};
use crate::workload::{FlowShape, Workload};
use crate::{DiskFault, Pace, disk, terms};
pub use fault::DurableFault;
use raw::{RawDisk, RawRate};
pub use report::{DurableReport, LatencyReport, Limit};
use rounds::{Round, Rounds};
use throughput::Throughput;

/// How the measurement is made.
#[derive(Clone, Debug)]
pub struct DurableOptions {
    /// A directory that does not exist or is empty, on the disk to be measured. What is written there is deleted.
    pub directory: PathBuf,
    /// How long commands are measured at full speed; the raw disk is measured as long beside it.
    pub duration: Duration,
    /// How long latencies are measured at each of the three rates; `fdatasync` alone as long beside it.
    pub latency_duration: Duration,
    /// Accounts in the market, each opened and funded by commands.
    pub accounts: u32,
    /// Commands of the flow in one round.
    pub round_commands: u32,
    /// Draws the flow.
    pub seed: u64,
    /// Size of a journal segment, in bytes.
    pub segment_bytes: u64,
    /// The largest journal group, in bytes.
    pub group_bytes_max: usize,
}

impl DurableOptions {
    /// Two minutes at full speed with all of France, in that directory.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            duration: Duration::from_secs(120),
            latency_duration: Duration::from_secs(20),
            accounts: 68_000_000,
            round_commands: 10_000_000,
            seed: 2027,
            segment_bytes: 256 << 20,
            group_bytes_max: 1 << 20,
        }
    }
}

/// Commands in one batch at full speed.
pub(crate) const BATCH_COMMANDS: usize = 1_024;
/// Commands under way at once: enough for two full groups at the disk and one being filled.
pub(crate) const UNDER_WAY_MAX: usize = 40 * BATCH_COMMANDS;
/// Commands that the node's queue holds: in an open loop as many may be under way. Twice as many as at full speed, because who
/// waits for a place in the queue would look for it all the time; who waits for an answer sleeps.
const QUEUE_COMMANDS_MAX: usize = 2 * UNDER_WAY_MAX;
/// The node's counters are at most this old while it works.
const COUNTERS_AGE: Duration = Duration::from_millis(300);
/// Full speed and raw disk take turns of this length, so that both see the same moods of the disk.
const TURN: Duration = Duration::from_secs(10);
/// A group with which a disk is at its best: twice as much gained nothing.
const BEST_GROUP_BYTES: usize = 4 << 20;
/// The shares of the full speed at which latencies are measured, in percent.
const LATENCY_PERCENTS: [u32; 3] = [10, 50, 80];
/// Files of a segment's size that are always there: the one being written and the one before, two spares, the raw disk's.
const SEGMENTS_AT_ONCE: u64 = 5;

/// More is not left behind in a second: what the disk must have free for a turn.
const LEFT_BEHIND_PER_S_MAX: u64 = 600_000_000;
/// What is never used of the disk.
const UNTOUCHED_BYTES: u64 = 1 << 30;

impl DurableOptions {
    /// Turns at full speed, and how long each is.
    fn turns(&self) -> (u32, Duration) {
        let count = self.duration.div_duration_f64(TURN).ceil().max(1.0) as u32;
        (count, self.duration / count)
    }

    /// What the disk must have free before a turn.
    fn free_bytes_min(&self) -> u64 {
        UNTOUCHED_BYTES + self.turns().1.as_secs().saturating_add(1) * LEFT_BEHIND_PER_S_MAX
    }
}

/// What the measured exchange is made with.
struct Market {
    funding: Funding,
    /// The journal's directory, and the room that it is to leave.
    journal: PathBuf,
    free_bytes_min: u64,
}

impl Market {
    /// Deletes what the journal has left behind, and looks at the room.
    fn clean(&self) -> Result<(), DiskFault> {
        disk::delete_segments_behind(&self.journal)?;
        disk::check_room(&self.journal, self.free_bytes_min)
    }
}

/// The market's clock, set by hand.
struct Clock(Arc<AtomicU64>);

impl Clock {
    fn set(&self, time: TimestampNs) {
        self.0.store(time.ns(), Ordering::Release);
    }
}

/// Measures. What was written is deleted, whatever came of it.
pub fn run(options: &DurableOptions, progress: &mut dyn Progress) -> Result<DurableReport, DurableFault> {
    check(options)?;
    let needed_bytes = options.free_bytes_min() + SEGMENTS_AT_ONCE * options.segment_bytes;
    disk::within(&options.directory, needed_bytes, || measure(options, progress))
}

fn check(options: &DurableOptions) -> Result<(), DurableFault> {
    let refuse = |option, reason| Err(DurableFault::Options { option, reason });
    if options.accounts < 2 {
        return refuse("accounts", "trades need two accounts at least");
    }
    if options.round_commands == 0 {
        return refuse("commands", "a round has one command at least");
    }
    if options.duration < Duration::from_secs(1) || options.latency_duration < Duration::from_secs(1) {
        return refuse("seconds", "one second at least");
    }
    Ok(())
}

fn measure(options: &DurableOptions, progress: &mut dyn Progress) -> Result<DurableReport, DurableFault> {
    let core_per_s = core_commands_per_s(options, progress)?;
    let round = Round::draw(options);
    let clock = Clock(Arc::new(AtomicU64::new(YEAR_START.ns())));
    let mut raw = RawDisk::create(&options.directory, options.segment_bytes)?;
    let node = start(options, &round, &clock)?;
    let journal = carbex_node::journal_directory(&options.directory);
    let market =
        Market { funding: Funding::equal(options.accounts), journal, free_bytes_min: options.free_bytes_min() };
    let mut rounds = Rounds::prepare(&node, &market, round, &clock, progress)?;
    let turns = take_turns(options, &node, &mut rounds, &market, &mut raw, progress)?;
    let mut latencies = Vec::with_capacity(LATENCY_PERCENTS.len());
    progress.begin(Stage::OpenLoop, LATENCY_PERCENTS.len() as u64);
    for percent in LATENCY_PERCENTS {
        let rate = (percent, turns.total.commands_per_s());
        latencies.push(latency::open_loop(&node, &mut rounds, &market, rate, options.latency_duration, &mut raw)?);
        progress.reached(latencies.len() as u64);
    }
    end(node, &rounds)?;
    Ok(DurableReport::new(options, core_per_s, &turns, latencies))
}

/// The same commands on the core alone, in process, without journal, queue or answers.
fn core_commands_per_s(options: &DurableOptions, progress: &mut dyn Progress) -> Result<f64, DurableFault> {
    let commands = options.round_commands as usize;
    let work = Work::generated(Workload::Balanced, options.accounts, commands, options.seed);
    let terms = Terms { accounts: options.accounts, pace: Pace::DEFAULT, seed: options.seed };
    let (elapsed, _) = time(work, &terms, progress)?;
    Ok(commands as f64 / elapsed.as_secs_f64())
}

fn start(options: &DurableOptions, round: &Round, clock: &Clock) -> Result<NodeHandle, DurableFault> {
    let resting = FlowShape::BALANCED.resting;
    let capacities = Capacities {
        accounts: options.accounts,
        // The flow keeps its depth; a fiftieth more is never reached.
        orders: resting + resting / 50 + 1_000,
        slice_accounts: SLICE_ACCOUNTS,
    };
    let node_options = NodeOptions {
        clock: ClockSource::Manual(Arc::clone(&clock.0)),
        queue_commands_max: QUEUE_COMMANDS_MAX,
        snapshot_every_commands: 0,
        snapshot_on_stop: false,
        segment_bytes: options.segment_bytes,
        group_bytes_max: options.group_bytes_max,
        ..NodeOptions::new(&options.directory).founding(capacities, terms::rules(round.band)?)
    };
    Ok(Node::start(node_options, &Silent)?)
}

/// What full speed and the raw disk did in turns.
struct Turns {
    total: Throughput,
    /// The disk alone, in groups as large as the journal's were.
    raw: RawRate,
    /// The disk alone, at its best.
    raw_best: RawRate,
}

fn take_turns(
    options: &DurableOptions,
    node: &NodeHandle,
    rounds: &mut Rounds,
    market: &Market,
    raw: &mut RawDisk,
    progress: &mut dyn Progress,
) -> Result<Turns, DurableFault> {
    let (count, turn) = options.turns();
    let mut turns = Turns { total: Throughput::default(), raw: RawRate::default(), raw_best: RawRate::default() };
    progress.begin(Stage::FullSpeed, u64::from(count));
    for done in 1..=count {
        market.clean()?;
        let one = throughput::full_speed(node, rounds, turn)?;
        turns.raw.add(raw.write_for(turn / 2, one.mean_group_bytes())?);
        turns.raw_best.add(raw.write_for(turn / 2, BEST_GROUP_BYTES)?);
        turns.total.add(&one);
        progress.reached(u64::from(done));
    }
    Ok(turns)
}

/// Stops the node and refuses a measurement whose commands were not all taken, or not all journaled.
fn end(node: NodeHandle, rounds: &Rounds) -> Result<(), DurableFault> {
    let _ = counters(&node);
    let rejected = node.metrics().rejections.iter().copied().max_by_key(|(_, count)| *count);
    let (journaled, submitted) = (node.durable(), rounds.submitted());
    node.stop()?;
    if let Some((code, commands)) = rejected.filter(|(_, commands)| *commands > 0) {
        return Err(DurableFault::Rejected { code, commands });
    }
    if journaled != submitted {
        return Err(DurableFault::Counted { journaled, submitted });
    }
    Ok(())
}

/// The node's counters of journal bytes and groups so far.
struct Counters {
    journal_bytes: u64,
    groups: u64,
}

fn counters(node: &NodeHandle) -> Counters {
    std::thread::sleep(COUNTERS_AGE);
    let metrics = node.metrics();
    Counters { journal_bytes: metrics.journal_bytes, groups: metrics.groups }
}
