//! Trade in an open loop: commands leave when they are due whatever became of those before.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use carbex_node::NodeHandle;
use hdrhistogram::Histogram;

use super::life::{self, Life};
use super::{LiveReport, QuantilesNs, RestartFault};

/// How far batches are apart; what is due in that time goes together.
const BATCH_EVERY: Duration = Duration::from_micros(250);
/// How often it is asked whether to go on.
const ASK_EVERY: Duration = Duration::from_millis(100);
/// The node's counters are at most this old.
const COUNTERS_AGE: Duration = Duration::from_millis(600);

fn histogram() -> Histogram<u64> {
    // Three digits up to a minute: these bounds are always possible.
    Histogram::new_with_bounds(1, 60_000_000_000, 3).unwrap_or_else(|fault| unreachable!("{fault}"))
}

fn record(histogram: &mut Histogram<u64>, took: Duration, count: u64) {
    histogram.saturating_record_n(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), count);
}

/// Trades at that rate on a node of its own as long as `goes_on`, which hears for how long it has been.
pub(super) fn trade(
    node: &NodeHandle,
    life: &mut Life,
    commands_per_s: u32,
    goes_on: &mut dyn FnMut(Duration) -> Result<bool, RestartFault>,
) -> Result<LiveReport, RestartFault> {
    life.join(node);
    let batch_commands = ((f64::from(commands_per_s) * BATCH_EVERY.as_secs_f64()).round() as usize).clamp(1, 8_192);
    let every = Duration::from_secs_f64(batch_commands as f64 / f64::from(commands_per_s.max(1)));
    let (mut acknowledge_ns, mut gaps_ns) = (histogram(), histogram());
    let mut under_way: VecDeque<(Instant, _)> = VecDeque::new();
    let started = Instant::now();
    let (mut due, mut ask, mut last_answer) = (started, started + ASK_EVERY, started);
    let mut commands = 0;
    loop {
        let now = Instant::now();
        if now >= ask {
            ask = now + ASK_EVERY;
            if !goes_on(started.elapsed())? {
                break;
            }
        }
        if now >= due {
            under_way.push_back((due, life::submit(node, life.batch(node, batch_commands))?));
            due += every;
            continue;
        }
        let Some((_, oldest)) = under_way.front() else {
            std::thread::sleep(due - now);
            continue;
        };
        if let Some(answers) = oldest.wait_timeout(due - now) {
            let arrived = Instant::now();
            if let Some((intended, _)) = under_way.pop_front() {
                let answered = life::check(answers)?;
                commands += answered;
                record(&mut acknowledge_ns, arrived - intended, answered);
                record(&mut gaps_ns, arrived - last_answer, 1);
                last_answer = arrived;
            }
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    // What is under way when it ends was held up by the question whether to go on: it is no longer timed.
    for (_, pending) in under_way {
        life::check(pending.wait())?;
    }
    std::thread::sleep(COUNTERS_AGE);
    let metrics = node.metrics();
    Ok(LiveReport {
        seconds,
        commands,
        batch_commands,
        acknowledge_ns: QuantilesNs::of(&acknowledge_ns),
        between_answers_ns: QuantilesNs::of(&gaps_ns),
        core_stall_ns: QuantilesNs::of(&metrics.queue_wait_ns),
        journal_commit_ns: QuantilesNs::of(&metrics.journal_commit_ns),
    })
}
