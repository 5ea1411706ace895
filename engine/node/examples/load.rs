//! How fast a node is on this machine's disk: `cargo run -p carbex-node --release --example load -- DIRECTORY [SECONDS]`.
//!
//! Terms: residents' mixed life (40 % debits, 50 % orders in a continuous market, cancels, ticks), every command keyed,
//! 50 accounts, one client thread with a bounded window on the same machine, real fdatasync. No network, no JSON, and
//! tables that fit the caches: it measures the queue, the core's thread and the journal, not a large market.

#[path = "../tests/exchange/mod.rs"]
mod exchange;

use std::{
    collections::VecDeque,
    env,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use carbex_node::{ClockSource, Latency, Node, NodeOptions, Refusal, Silent};
use carbex_vocabulary::TimestampNs;

/// Submissions in flight, from one at a time to a crowd.
const WINDOWS: [usize; 4] = [1, 16, 256, 4_096];

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let Some(directory) = arguments.next().map(PathBuf::from) else {
        eprintln!("name a directory on the disk to be measured");
        return ExitCode::from(2);
    };
    let seconds = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(3);
    println!(
        "{:>7} {:>11} {:>11}  acknowledged after, in µs: p50, p99, p99.9  apply ns p50, p99",
        "window", "commands/s", "groups/s"
    );
    for window in WINDOWS {
        let data = directory.join(format!("window-{window}"));
        if data.exists() {
            eprintln!("{}: exists already: name a new directory", data.display());
            return ExitCode::from(2);
        }
        measure(&data, window, Duration::from_secs(seconds));
    }
    ExitCode::SUCCESS
}

fn measure(data: &std::path::Path, window: usize, duration: Duration) {
    let options = NodeOptions {
        clock: ClockSource::Scaled { start: TimestampNs::new(exchange::YEAR_START_NS), scale: 1_000 },
        snapshot_every_commands: 0,
        ..NodeOptions::new(data).founding(exchange::CAPACITIES, exchange::rules())
    };
    let node = Node::start(options, &Silent).expect("the node starts");
    exchange::submit_all(&node, &exchange::opening());
    let life = exchange::life(1, 2_000_000);
    let mut pending = VecDeque::with_capacity(window);
    let started = Instant::now();
    let mut done = 0_u64;
    for submission in life {
        if started.elapsed() >= duration {
            break;
        }
        while pending.len() >= window {
            let oldest: carbex_node::Pending<_> = pending.pop_front().expect("it is full");
            oldest.wait().expect("a receipt");
            done += 1;
        }
        match node.submit(submission) {
            Ok(answer) => pending.push_back(answer),
            Err(Refusal::Overloaded) => std::thread::yield_now(),
            Err(refusal) => panic!("{refusal}"),
        }
    }
    done += pending.len() as u64;
    for answer in pending {
        answer.wait().expect("a receipt");
    }
    let seconds = started.elapsed().as_secs_f64();
    std::thread::sleep(Duration::from_millis(600));
    let metrics = node.metrics();
    let microseconds = |latency: &Latency, quantile| latency.value_at_quantile(quantile) / 1_000;
    println!(
        "{window:>7} {:>11.0} {:>11.0}  {:>8} {:>8} {:>8}                     {:>6} {:>6}",
        done as f64 / seconds,
        metrics.groups as f64 / seconds,
        microseconds(&metrics.acknowledge_ns, 0.5),
        microseconds(&metrics.acknowledge_ns, 0.99),
        microseconds(&metrics.acknowledge_ns, 0.999),
        metrics.apply_ns.value_at_quantile(0.5),
        metrics.apply_ns.value_at_quantile(0.99),
    );
    node.stop().expect("a clean stop");
}
