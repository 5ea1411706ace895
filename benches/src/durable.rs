//! The durable pipeline measured: batches through queue, sequencing, apply, journal with fdatasync, publication, answers;
//! beside it, in the same run and on the same file system, what the disk does when it is only written and synced.
//!
//! Terms: one client thread on the same machine fills batches and reads every answer. The mix is balanced: of ten commands
//! three orders rest away from the touch, two at it, two cross those, three cancel a random resting order; accounts are
//! uniformly random. Full rules, none binding. Snapshots are off, and segments that the measurement has left behind are
//! deleted while it runs: it needs room for about six segments, whatever its length, and stops before the disk is low.

mod commands;
mod disk;
mod latency;
mod report;
mod throughput;

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use carbex_core::Capacities;
use carbex_node::{Node, NodeHandle, NodeOptions, Refusal, SLICE_ACCOUNTS, Silent, StartFault, StopFault};
use carbex_rules::RuleSet;

use commands::Mix;
use disk::{Cleaner, RawDisk};
pub use report::{LatencyReport, Quantiles, Report};

/// How the measurement is made.
#[derive(Clone, Debug)]
pub struct DurableOptions {
    /// A directory that does not exist yet, on the disk to be measured. It is deleted in the end.
    pub directory: PathBuf,
    /// How long commands are measured at full speed; the raw disk and the latencies come on top.
    pub duration: Duration,
    /// How long latencies are measured at each of the three rates.
    pub latency_duration: Duration,
    /// Accounts in the market, each opened and funded by commands.
    pub accounts: u32,
    /// Orders that rest all the time.
    pub resting_orders: u32,
    /// Commands in one batch at full speed.
    pub batch_commands: usize,
    /// Size of a journal segment, in bytes.
    pub segment_bytes: u64,
    /// The largest journal group, in bytes.
    pub group_bytes_max: usize,
    /// The measurement stops when the disk has less than this free.
    pub free_bytes_min: u64,
}

impl DurableOptions {
    /// Two minutes at full speed with a million accounts, in that directory.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            duration: Duration::from_secs(120),
            latency_duration: Duration::from_secs(10),
            accounts: 1_000_000,
            resting_orders: 100_000,
            batch_commands: 512,
            segment_bytes: 256 << 20,
            group_bytes_max: 1 << 20,
            free_bytes_min: 8 << 30,
        }
    }
}

/// Why there is no measurement. What was written is deleted.
#[derive(Debug, thiserror::Error)]
pub enum DurableFault {
    /// The directory exists.
    #[error("{directory}: exists already: name a directory that does not", directory = directory.display())]
    Exists {
        /// The directory.
        directory: PathBuf,
    },
    /// The directory is in memory.
    #[error("{directory}: lies in memory (tmpfs), where a sync costs nothing: name a directory on a disk", directory = directory.display())]
    InMemory {
        /// The directory.
        directory: PathBuf,
    },
    /// Too little room.
    #[error("{directory}: {free_bytes} bytes are free, the measurement keeps {needed_bytes} free: make room, or lower --free-min or --segment-bytes", directory = directory.display())]
    NoRoom {
        /// The directory.
        directory: PathBuf,
        /// What is free.
        free_bytes: u64,
        /// What must be.
        needed_bytes: u64,
    },
    /// The disk said no.
    #[error("{path}: cannot {operation}: {source}", path = path.display())]
    Disk {
        /// Which file or directory.
        path: PathBuf,
        /// What was tried.
        operation: &'static str,
        /// What it answered.
        source: io::Error,
    },
    /// The node did not start.
    #[error(transparent)]
    Start(#[from] StartFault),
    /// The node did not stop cleanly.
    #[error(transparent)]
    Stop(#[from] StopFault),
    /// The node refused what it should have taken.
    #[error("the node refused a command of the measurement: {0}")]
    Refused(Refusal),
    /// The market rejected what it should have taken: the measurement would be of something else.
    #[error("{rejected} of {commands} commands were rejected: the mix must fit the rules it runs under")]
    Rejected {
        /// How many.
        rejected: u64,
        /// Of how many.
        commands: u64,
    },
    /// The options contradict themselves.
    #[error("{option}: {reason}")]
    Options {
        /// Which.
        option: &'static str,
        /// Why.
        reason: &'static str,
    },
}

/// What is under way, told as it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Accounts are opened and funded, the book is filled.
    Preparing,
    /// The disk alone.
    RawDisk,
    /// Commands at full speed.
    FullSpeed,
    /// Latencies at that share of the full speed, in percent.
    Latency(u32),
}

/// Turns of full speed and raw disk, so that both see the same moods of the disk.
const TURNS: u32 = 4;
/// How long the raw disk is written between two turns, at most.
const RAW_TURN: Duration = Duration::from_secs(5);
/// The shares of the full speed at which latencies are measured, in percent.
const LATENCY_PERCENTS: [u32; 3] = [10, 50, 80];
/// Segments that may be there at once: the journal's own, its two spares, two to be deleted, the raw disk's.
const SEGMENTS_AT_ONCE: u64 = 6;

/// Measures; `progress` is told what begins.
pub fn run(options: &DurableOptions, progress: &mut dyn FnMut(Stage)) -> Result<Report, DurableFault> {
    check(options)?;
    std::fs::create_dir_all(&options.directory).map_err(disk_fault(&options.directory, "create"))?;
    let measured = check_disk(options).and_then(|()| measure(options, progress));
    let deleted = std::fs::remove_dir_all(&options.directory).map_err(disk_fault(&options.directory, "delete"));
    measured.and_then(|report| deleted.map(|()| report))
}

fn check(options: &DurableOptions) -> Result<(), DurableFault> {
    let refuse = |option, reason| Err(DurableFault::Options { option, reason });
    if options.directory.exists() {
        return Err(DurableFault::Exists { directory: options.directory.clone() });
    }
    if options.batch_commands == 0 || options.batch_commands > 8_192 {
        return refuse("batch", "a batch has 1 to 8192 commands");
    }
    if options.accounts < 2 {
        return refuse("accounts", "trades need two accounts at least");
    }
    if options.duration < Duration::from_secs(4) || options.latency_duration < Duration::from_secs(1) {
        return refuse("seconds", "at full speed 4 seconds at least, latencies 1 second at least");
    }
    Ok(())
}

fn check_disk(options: &DurableOptions) -> Result<(), DurableFault> {
    if disk::is_in_memory(&options.directory)? && std::env::var_os("PROF").is_none() {
        return Err(DurableFault::InMemory { directory: options.directory.clone() });
    }
    let needed_bytes = options.free_bytes_min + SEGMENTS_AT_ONCE * options.segment_bytes;
    let free_bytes = disk::free_bytes(&options.directory)?;
    if free_bytes < needed_bytes {
        return Err(DurableFault::NoRoom { directory: options.directory.clone(), free_bytes, needed_bytes });
    }
    Ok(())
}

fn measure(options: &DurableOptions, progress: &mut dyn FnMut(Stage)) -> Result<Report, DurableFault> {
    progress(Stage::Preparing);
    let node = start(options)?;
    let cleaner = Cleaner::start(carbex_node::journal_directory(&options.directory), options.free_bytes_min);
    let mut raw = RawDisk::create(&options.directory, options.segment_bytes)?;
    let mut mix = Mix::prepare(&node, options)?;

    let mut total = throughput::Throughput::default();
    let mut raw_total = disk::RawTotal::default();
    let raw_turn = (options.duration / TURNS).min(RAW_TURN);
    progress(Stage::RawDisk);
    raw_total.add(&raw.write_for(raw_turn, options.group_bytes_max)?);
    for _ in 0..TURNS {
        progress(Stage::FullSpeed);
        let turn = throughput::full_speed(&node, &mut mix, options, options.duration / TURNS, &cleaner)?;
        progress(Stage::RawDisk);
        raw_total.add(&raw.write_for(raw_turn, turn.mean_group_bytes())?);
        total.add(&turn);
    }
    if std::env::var_os("PROF").is_some() {
        for entry in std::fs::read_dir("/proc/self/task").unwrap() {
            let path = entry.unwrap().path();
            let stat = std::fs::read_to_string(path.join("stat")).unwrap();
            let name = std::fs::read_to_string(path.join("comm")).unwrap();
            let f: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
            eprintln!("{:20} user {} sys {} (10ms)", name.trim(), f[11], f[12]);
        }
        eprintln!("{total:?}");
        let m = node.metrics();
        eprintln!(
            "apply mean {} p50 {} commit p50 {} ",
            m.apply_ns.mean(),
            m.apply_ns.value_at_quantile(0.5),
            m.journal_commit_ns.value_at_quantile(0.5)
        );
        std::process::exit(0);
    }
    let mut latencies = Vec::new();
    for percent in LATENCY_PERCENTS {
        progress(Stage::Latency(percent));
        let commands_per_s = total.commands_per_s() * f64::from(percent) / 100.0;
        let measured =
            latency::open_loop(&node, &mut mix, commands_per_s, options.latency_duration, &mut raw, &cleaner)?;
        latencies.push(LatencyReport { percent_of_full_speed: percent, ..measured });
    }
    let rejected: u64 = node.metrics().rejections.iter().map(|(_, count)| count).sum();
    node.stop()?;
    cleaner.end()?;
    if rejected * 1_000 > total.commands {
        return Err(DurableFault::Rejected { rejected, commands: total.commands });
    }
    Ok(Report::new(options, &total, &raw_total, latencies))
}

/// A plain book with all checks made and none that binds.
fn plain_rules() -> RuleSet {
    let text = "version = \"bench-plain\"\n[market]\nspread_ueur = 0\n[orders]\nmax_open_orders = 65535\n\
        max_orders_per_day = 16000000\nopposite_orders = \"allowed\"\n[sale]\nearned_surplus_only = false\n\
        subsistence_bp = 0\nsale_cap_bp = 4000000000\nresale = \"allowed\"\n[purchase]\n\
        holding_margin_bp = 4000000000\npurchase_cap_bp = 4000000000\n\
        [band]\nfloor_ueur = 80000\nceiling_ueur = 89990\n";
    carbex_rulebook::parse_toml(text).expect("the rules of the benchmark are consistent")
}

fn start(options: &DurableOptions) -> Result<NodeHandle, DurableFault> {
    let capacities = Capacities {
        accounts: options.accounts,
        orders: options.resting_orders.saturating_mul(2).saturating_add(65_536),
        slice_accounts: SLICE_ACCOUNTS,
    };
    let node_options = NodeOptions {
        // Who waits for a place in the queue would look for it all the time; who waits for an answer sleeps.
        queue_commands_max: 2 * throughput::UNDER_WAY_MAX,
        snapshot_every_commands: 0,
        snapshot_on_stop: false,
        segment_bytes: options.segment_bytes,
        group_bytes_max: options.group_bytes_max,
        ..NodeOptions::new(&options.directory).founding(capacities, plain_rules())
    };
    Ok(Node::start(node_options, &Silent)?)
}

fn disk_fault(path: &Path, operation: &'static str) -> impl FnOnce(io::Error) -> DurableFault + use<> {
    let path = path.to_path_buf();
    move |source| DurableFault::Disk { path, operation, source }
}
