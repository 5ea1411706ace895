//! Open-loop latency: batches leave at their intended times whatever became of those before, and a latency counts from the
//! intended time, so that a stall is felt by everyone who would have come during it.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use carbex_node::NodeHandle;

use super::{
    DurableFault, LatencyReport, Quantiles,
    commands::{self, InFlight, Mix},
    disk::{Cleaner, RawDisk, histogram, record},
    throughput::counters,
};

/// How far batches are apart at the least; what is due in that time goes together.
const BATCH_EVERY: Duration = Duration::from_micros(200);
/// Turns of the market and of the raw disk at the same pace.
const TURNS: u32 = 2;

/// Measures at that rate. `percent_of_full_speed` is the caller's to fill in.
pub(super) fn open_loop(
    node: &NodeHandle,
    mix: &mut Mix,
    commands_per_s: f64,
    duration: Duration,
    raw: &mut RawDisk,
    cleaner: &Cleaner,
) -> Result<LatencyReport, DurableFault> {
    let batch_commands = ((commands_per_s * BATCH_EVERY.as_secs_f64()).round() as usize).clamp(1, 8_192);
    let every = Duration::from_secs_f64(batch_commands as f64 / commands_per_s);
    let (mut acknowledge_ns, mut sync_ns, mut write_and_sync_ns) = (histogram(), histogram(), histogram());
    let mut group_bytes = 0;
    for _ in 0..TURNS {
        let turn = duration / TURNS;
        let (bytes_before, groups_before) = counters(node);
        let mut under_way: VecDeque<(Instant, InFlight)> = VecDeque::new();
        let started = Instant::now();
        let mut due = started;
        loop {
            let now = Instant::now();
            if now >= due {
                if due.duration_since(started) >= turn {
                    break;
                }
                cleaner.check()?;
                let batch = mix.batch(node, batch_commands);
                under_way.push_back((due, commands::submit(node, batch)?));
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
                    record(&mut acknowledge_ns, arrived - intended, commands::check(answers)?);
                }
            }
        }
        for (intended, pending) in under_way {
            let commands = commands::wait(pending)?;
            record(&mut acknowledge_ns, intended.elapsed(), commands);
        }
        let took = started.elapsed();
        let (bytes, groups) = counters(node);
        let groups = (groups - groups_before).max(1);
        group_bytes = usize::try_from((bytes - bytes_before) / groups).unwrap_or(usize::MAX);
        let alone = raw.write_paced(turn, group_bytes, took.div_f64(groups as f64))?;
        // Both histograms have the same bounds.
        let added = sync_ns.add(&alone.sync_ns).and_then(|()| write_and_sync_ns.add(&alone.write_and_sync_ns));
        added.unwrap_or_else(|fault| unreachable!("{fault}"));
    }
    Ok(LatencyReport {
        percent_of_full_speed: 0,
        commands_per_s,
        batch_commands,
        group_bytes,
        acknowledge_ns: Quantiles::of(&acknowledge_ns),
        fdatasync_ns: Quantiles::of(&sync_ns),
        write_and_fdatasync_ns: Quantiles::of(&write_and_sync_ns),
        acknowledge_p99_to_fdatasync_p99: acknowledge_ns.value_at_quantile(0.99) as f64
            / sync_ns.value_at_quantile(0.99).max(1) as f64,
    })
}
