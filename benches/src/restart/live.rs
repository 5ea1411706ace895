//! Trade in an open loop: commands leave when they are due whatever became of those before.

use std::time::{Duration, Instant};

use carbex_node::NodeHandle;

use super::life::Life;
use super::{LiveReport, QUEUE_COMMANDS_MAX, RestartFault};
use crate::client::{Answered, Client};
use crate::{Latencies, LatencyNs};

/// How far batches are apart; what is due in that time goes together.
const BATCH_EVERY: Duration = Duration::from_micros(250);
/// How often it is asked whether to go on.
const ASK_EVERY: Duration = Duration::from_millis(100);
/// The node's counters are at most this old.
const COUNTERS_AGE: Duration = Duration::from_millis(600);

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
    let (mut acknowledgements, mut gaps) = (Latencies::default(), Latencies::default());
    let mut client = Client::alone_from(node, QUEUE_COMMANDS_MAX, life.next());
    let started = Instant::now();
    let (mut due, mut ask, mut last_answer) = (started, started + ASK_EVERY, started);
    let mut commands = 0;
    let mut told = |answered: Answered| {
        commands += answered.commands;
        acknowledgements.record(answered.latency(), answered.commands);
        gaps.record(answered.at - last_answer, 1);
        last_answer = answered.at;
    };
    loop {
        let now = Instant::now();
        if now >= ask {
            ask = now + ASK_EVERY;
            if !goes_on(started.elapsed())? {
                break;
            }
        }
        client.read_until(due, &mut told)?;
        client.submit(life.batch(node, batch_commands), due, &mut told)?;
        due += every;
    }
    let seconds = started.elapsed().as_secs_f64();
    // What is under way when it ends was held up by the question whether to go on: it is no longer timed.
    client.finish(&mut |_| {})?;
    std::thread::sleep(COUNTERS_AGE);
    let metrics = node.metrics();
    Ok(LiveReport {
        seconds,
        commands,
        batch_commands,
        acknowledge_ns: acknowledgements.quantiles(),
        between_answers_ns: gaps.quantiles(),
        core_stall_ns: LatencyNs::of(&metrics.queue_wait_ns),
        journal_commit_ns: LatencyNs::of(&metrics.journal_commit_ns),
    })
}
