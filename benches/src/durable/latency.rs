//! Open-loop latency: batches leave at their intended times whatever became of those before, and a latency counts from the
//! intended time, so that a stall is felt by everyone who would have come during it.

use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use carbex_node::NodeHandle;

use super::raw::RawDisk;
use super::rounds::Rounds;
use super::{DurableFault, LatencyReport, Market, QUEUE_COMMANDS_MAX, counters};
use crate::client::{Answered, Client};
use crate::{Latencies, disk};

/// How far batches are apart; what is due in that time goes together.
const BATCH_EVERY: Duration = Duration::from_micros(500);
/// Commands in one batch at most: beyond it batches leave more often.
const BATCH_COMMANDS_MAX: usize = 8_192;
/// Turns of the market and of the raw disk at the same pace.
const TURNS: u32 = 4;

/// The schedule, fixed before the first batch leaves.
struct Schedule {
    commands_per_s: f64,
    batch_commands: usize,
    every: Duration,
    turn: Duration,
}

/// Measures at that share of the full speed, for that long, and `fdatasync` alone for as long in turns with it.
pub(super) fn open_loop(
    node: &NodeHandle,
    rounds: &mut Rounds,
    market: &Market,
    (percent_of_full_speed, full_speed_per_s): (u32, f64),
    duration: Duration,
    raw: &mut RawDisk,
) -> Result<LatencyReport, DurableFault> {
    let commands_per_s = (full_speed_per_s * f64::from(percent_of_full_speed) / 100.0).max(1.0);
    let batch_commands = ((commands_per_s * BATCH_EVERY.as_secs_f64()).round() as usize).clamp(1, BATCH_COMMANDS_MAX);
    let every = Duration::from_secs_f64(batch_commands as f64 / commands_per_s);
    let schedule = Schedule { commands_per_s, batch_commands, every, turn: duration / TURNS };
    rustix::thread::set_current_timer_slack(Some(TIMER_SLACK_NS))
        .map_err(|error| disk::fault("/proc/self/timerslack_ns".as_ref(), "set")(error.into()))?;
    let (mut acknowledgements, mut syncs) = (Latencies::default(), Latencies::default());
    let mut group_bytes = 0;
    let mut commands = 0;
    for _ in 0..TURNS {
        market.clean()?;
        let before = counters(node);
        let started = Instant::now();
        commands += one_turn(node, rounds, &schedule, &mut acknowledgements)?;
        let took = started.elapsed();
        let after = counters(node);
        let groups = (after.groups - before.groups).max(1);
        let bytes = (after.journal_bytes - before.journal_bytes) / groups;
        group_bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        raw.sync_paced(schedule.turn, group_bytes, took.div_f64(groups as f64), &mut syncs)?;
    }
    let (acknowledge_ns, fdatasync_ns) = (acknowledgements.quantiles(), syncs.quantiles());
    Ok(LatencyReport {
        percent_of_full_speed,
        commands_per_s: schedule.commands_per_s,
        commands,
        batch_commands,
        group_bytes,
        acknowledge_ns,
        fdatasync_ns,
        acknowledge_p99_to_fdatasync_p99: acknowledge_ns.p99 as f64 / fdatasync_ns.p99.max(1) as f64,
    })
}

/// Sleeps end when they should, not up to 50 µs later: the client's lateness would count as the exchange's.
const TIMER_SLACK_NS: NonZeroU64 = NonZeroU64::MIN;

/// Sends by the schedule and reads answers as they come; tells how many commands were answered.
fn one_turn(
    node: &NodeHandle,
    rounds: &mut Rounds,
    schedule: &Schedule,
    acknowledgements: &mut Latencies,
) -> Result<u64, DurableFault> {
    let batches = schedule.turn.div_duration_f64(schedule.every).ceil() as u32;
    let mut client = Client::alone_from(node, QUEUE_COMMANDS_MAX, rounds.next());
    let mut commands = 0;
    let mut told = |answered: Answered| {
        acknowledgements.record(answered.latency(), answered.commands);
        commands += answered.commands;
    };
    let started = Instant::now();
    for place in 0..batches {
        let due = started + schedule.every * place;
        // Made before it is due: its making is the client's affair.
        let batch = rounds.batch(node, schedule.batch_commands);
        client.read_until(due, &mut told)?;
        client.submit(batch, due, &mut told)?;
    }
    client.finish(&mut told)?;
    Ok(commands)
}
