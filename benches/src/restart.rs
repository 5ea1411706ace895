//! Snapshots and restart measured: a market of so many accounts written as a snapshot and read back, beside what the disk does with
//! as many bytes in the same run; a node's start from snapshot and journal; and trade while a snapshot is written.
//!
//! Terms: everything goes through the files and the node of a real exchange. Accounts are opened and funded by commands; nine
//! in twenty have a household's number of their own, so that households have 2.2 members who lie anywhere in the table. The disk is
//! written and read past the page cache, raw and as snapshots, and the cache holds nothing of snapshot and journal when a node starts.
//! Before a snapshot is read, the memory that its tables take is taken and given back, and that is measured apart: on this virtual
//! machine the host hands it out at anything between 0.5 and 15 GB/s. A node's start has no such help.
//! Full rules, none binding. One client thread on the same machine sends commands in an open loop: each counts its latency
//! from when it was due.

mod life;
mod live;
mod raw;
mod report;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use carbex_core::Capacities;
use carbex_journal::{JournalFault, RetentionPolicy, SegmentsBehind, list_snapshots};
use carbex_node::{
    Follower, Node, NodeHandle, NodeOptions, RecoveryProgress, RecoveryStep, ReplayFault, SLICE_ACCOUNTS, Silent,
    StartFault, StopFault,
};

use crate::{ClientFault, DiskFault, Progress, Stage, disk};
use life::Life;
pub use report::{LiveReport, RestartReport};

/// How the measurement is made.
#[derive(Clone, Debug)]
pub struct RestartOptions {
    /// A directory that does not exist or is empty, on the disk to be measured. What is written there is deleted.
    pub directory: PathBuf,
    /// Accounts in the market.
    pub accounts: u32,
    /// Commands in the journal behind the snapshot.
    pub tail_commands: u32,
    /// Commands that the client sends per second while a snapshot is written and while none is.
    pub commands_per_s: u32,
    /// How long it sends them while none is written.
    pub quiet: Duration,
}

/// Why there is no measurement. What was written is deleted.
#[derive(Debug, thiserror::Error)]
pub enum RestartFault {
    /// The disk is not one to measure on, or said no.
    #[error(transparent)]
    Disk(#[from] DiskFault),
    /// The journal or a snapshot is not what was written.
    #[error(transparent)]
    Journal(#[from] JournalFault),
    /// The journal cannot be followed.
    #[error(transparent)]
    Replay(#[from] ReplayFault),
    /// The node did not start.
    #[error(transparent)]
    Start(#[from] StartFault),
    /// The node did not stop cleanly.
    #[error(transparent)]
    Stop(#[from] StopFault),
    /// The node refused a command, or gave it another number.
    #[error(transparent)]
    Client(#[from] ClientFault),
    /// The market rejected what it should have taken: the measurement would be of something else.
    #[error("{rejected} commands of {doing} were rejected: what is sent must fit the rules it runs under")]
    Rejected {
        /// How many.
        rejected: u64,
        /// What was under way.
        doing: &'static str,
    },
    /// A snapshot failed while commands came in.
    #[error("the node could not write a snapshot while commands came in: see the room on the disk")]
    NoSnapshot,
}

/// Turns of raw disk and snapshot, so that both see the same moods of the disk.
const TURNS: u32 = 2;
/// The most a snapshot takes for an account: its row, its four other words, its share of masks and heads.
const SNAPSHOT_BYTES_PER_ACCOUNT: u64 = 105;
/// Of the core's tables: an account's records, its place in the index, its household's and its last purchase.
const TABLE_BYTES_PER_ACCOUNT: u64 = 96 + 6 + 9 + 8;
/// The most the journal takes for one command.
const JOURNAL_BYTES_PER_COMMAND: u64 = 256;
/// The journal's segments that lie about whatever is measured, and what the disk keeps for others.
const BESIDE_BYTES: u64 = 4 << 30;
/// For filling a journal at full speed, and for what the client sends while the node is watched.
const SEGMENT_BYTES_AT_FULL_SPEED: u64 = 256 << 20;
const SEGMENT_BYTES: u64 = 16 << 20;

/// Commands that the node's queue holds: in an open loop as many may be under way.
const QUEUE_COMMANDS_MAX: usize = 2 * life::UNDER_WAY_MAX;
/// How long trade is watched once the snapshot before is deleted: a file system frees what was deleted some time later.
const SETTLED_AFTER: Duration = Duration::from_secs(5);

/// Measures.
pub fn measure(options: &RestartOptions, progress: &mut dyn Progress) -> Result<RestartReport, RestartFault> {
    // Two snapshots and as many raw bytes at once, the tail and what the client sends, and what lies about.
    let needed_bytes = 3 * SNAPSHOT_BYTES_PER_ACCOUNT * u64::from(options.accounts)
        + JOURNAL_BYTES_PER_COMMAND * u64::from(options.tail_commands)
        + BESIDE_BYTES;
    disk::within(&options.directory, needed_bytes, || Measurement { options, progress }.run())
}

struct Measurement<'a> {
    options: &'a RestartOptions,
    progress: &'a mut dyn Progress,
}

/// Bytes and the time they took.
#[derive(Clone, Copy, Debug, Default)]
struct Moved {
    bytes: u64,
    took: Duration,
}

impl Moved {
    fn add(&mut self, bytes: u64, took: Duration) {
        self.bytes += bytes;
        self.took += took;
    }

    fn bytes_per_s(&self) -> f64 {
        self.bytes as f64 / self.took.as_secs_f64()
    }
}

/// What the disk and the snapshots did.
#[derive(Default)]
struct Bandwidth {
    raw_write: Moved,
    raw_read: Moved,
    write: Moved,
    read: Moved,
    snapshot_bytes: u64,
    /// Memory taken from the system.
    memory: Moved,
}

/// How a node's start went.
struct Started {
    node: NodeHandle,
    whole: Duration,
    /// Until the state was there.
    state: Duration,
    commands: u64,
}

impl Measurement<'_> {
    fn run(mut self) -> Result<RestartReport, RestartFault> {
        let mut life = Life::new(self.options.accounts);
        self.found(&mut life)?;
        let bandwidth = self.write_and_read()?;
        self.fill_the_journal(&mut life)?;
        let started = self.start(0)?;
        let (whole, state, commands) = (started.whole, started.state, started.commands);
        self.progress.begin(Stage::Trade, 0);
        let quiet = live::trade(&started.node, &mut life, self.options.commands_per_s, &mut |elapsed| {
            Ok(elapsed < self.options.quiet)
        })?;
        stop(started.node, "trade without a snapshot")?;
        let (with_snapshot, snapshot_took) = self.trade_with_snapshot(&mut life)?;
        Ok(RestartReport::new(
            self.options,
            &bandwidth,
            (whole, state, commands),
            [quiet, with_snapshot],
            snapshot_took,
        ))
    }

    fn node_options(&self, snapshot_every_commands: u64, segment_bytes: u64) -> NodeOptions {
        NodeOptions {
            queue_commands_max: QUEUE_COMMANDS_MAX,
            snapshot_every_commands,
            snapshot_on_stop: false,
            segment_bytes,
            retention: RetentionPolicy { snapshots_kept: 1, segments: SegmentsBehind::Delete },
            ..NodeOptions::new(&self.options.directory)
        }
    }

    fn journal(&self) -> PathBuf {
        carbex_node::journal_directory(&self.options.directory)
    }

    /// A market of that many accounts as an exchange gets it, and its first snapshot.
    fn found(&mut self, life: &mut Life) -> Result<(), RestartFault> {
        let accounts = self.options.accounts;
        self.progress.begin(Stage::Opening, u64::from(accounts));
        let capacities = Capacities { accounts, orders: life::ORDERS_MAX, slice_accounts: SLICE_ACCOUNTS };
        let node_options = NodeOptions { snapshot_on_stop: true, ..self.node_options(0, SEGMENT_BYTES_AT_FULL_SPEED) }
            .founding(capacities, life::rules());
        let node = Node::start(node_options, &Silent)?;
        let journal = self.journal();
        life.open(&node, &mut |opened| {
            self.progress.reached(opened);
            Ok(disk::delete_segments_behind(&journal)?)
        })?;
        stop(node, "the founding")
    }

    fn write_and_read(&mut self) -> Result<Bandwidth, RestartFault> {
        self.progress.begin(Stage::Snapshots, u64::from(4 * TURNS));
        let journal = self.journal();
        let raw_file = self.options.directory.join("raw-disk.tmp");
        let mut done = Bandwidth { snapshot_bytes: snapshot_bytes(&journal)?, ..Bandwidth::default() };
        for turn in 0..u64::from(TURNS) {
            let bytes = done.snapshot_bytes;
            done.raw_write.add(bytes, raw::write(&raw_file, bytes)?);
            self.progress.reached(4 * turn + 1);
            done.raw_read.add(bytes, raw::read(&raw_file)?);
            std::fs::remove_file(&raw_file).map_err(disk::fault(&raw_file, "delete"))?;
            self.progress.reached(4 * turn + 2);
            raw::forget(&journal)?;
            done.memory.add(self.table_bytes(), raw::take_memory(self.table_bytes()));
            let started = Instant::now();
            let follower = Follower::open(&journal, None, &mut |_| {})?;
            done.read.add(bytes, started.elapsed());
            self.progress.reached(4 * turn + 3);
            let started = Instant::now();
            let written = follower.write_snapshot()?;
            done.write.add(written.bytes, started.elapsed());
            self.progress.reached(4 * turn + 4);
        }
        Ok(done)
    }

    /// What the tables of so many accounts take.
    fn table_bytes(&self) -> u64 {
        TABLE_BYTES_PER_ACCOUNT * u64::from(self.options.accounts)
    }

    fn fill_the_journal(&mut self, life: &mut Life) -> Result<(), RestartFault> {
        let commands = u64::from(self.options.tail_commands);
        self.progress.begin(Stage::Tail, commands);
        let node = Node::start(self.node_options(0, SEGMENT_BYTES_AT_FULL_SPEED), &Silent)?;
        life.run(&node, commands, &mut |done| self.progress.reached(done))?;
        stop(node, "the tail")
    }

    /// Starts a node that has to read everything from the disk.
    fn start(&mut self, snapshot_every_commands: u64) -> Result<Started, RestartFault> {
        self.progress.begin(Stage::Starting, 0);
        raw::forget(&self.journal())?;
        let watch = StartWatch {
            begun: Instant::now(),
            state: core::cell::Cell::default(),
            commands: core::cell::Cell::new(0),
        };
        let node = Node::start(self.node_options(snapshot_every_commands, SEGMENT_BYTES), &watch)?;
        let whole = watch.begun.elapsed();
        Ok(Started { node, whole, state: watch.state.get(), commands: watch.commands.get() })
    }

    /// A node that owes a snapshot from its start on, and trades until it is written and the one before it is deleted.
    fn trade_with_snapshot(&mut self, life: &mut Life) -> Result<(LiveReport, Duration), RestartFault> {
        // So few commands came since the last that only one snapshot becomes due.
        let Started { node, .. } = self.start(u64::from(self.options.tail_commands.max(1)))?;
        self.progress.begin(Stage::TradeWithSnapshot, 0);
        let journal = self.journal();
        let begun = Instant::now();
        let (mut took, mut only_one_since) = (None, None);
        let watched = node.clone();
        let report = live::trade(&node, life, self.options.commands_per_s, &mut |elapsed| {
            let metrics = watched.metrics();
            if metrics.snapshots_failed > 0 {
                return Err(RestartFault::NoSnapshot);
            }
            if took.is_none() && metrics.snapshots > 0 {
                took = Some(begun.elapsed());
            }
            if took.is_some() && only_one_since.is_none() && names_of_snapshots(&journal)? == 1 {
                only_one_since = Some(elapsed);
            }
            let settled = only_one_since.is_some_and(|since| elapsed >= since + SETTLED_AFTER);
            Ok(!settled || elapsed < self.options.quiet)
        })?;
        drop(watched);
        stop(node, "trade while a snapshot was written")?;
        Ok((report, took.ok_or(RestartFault::NoSnapshot)?))
    }
}

fn snapshot_bytes(journal: &Path) -> Result<u64, RestartFault> {
    list_snapshots(journal)?.first().map(|newest| newest.bytes).ok_or(RestartFault::NoSnapshot)
}

/// How many snapshots lie there: their names alone are looked at, because whoever asks has commands to send.
fn names_of_snapshots(journal: &Path) -> Result<usize, RestartFault> {
    let mut snapshots = 0;
    for path in disk::entries(journal)? {
        snapshots += usize::from(path?.extension().is_some_and(|extension| extension == "cxs"));
    }
    Ok(snapshots)
}

/// Stops a node that rejected nothing.
fn stop(node: NodeHandle, doing: &'static str) -> Result<(), RestartFault> {
    node.stop()?;
    let rejected: u64 = node.metrics().rejections.iter().map(|(_, count)| count).sum();
    if rejected > 0 { Err(RestartFault::Rejected { rejected, doing }) } else { Ok(()) }
}

/// Looks at the clock when the state is there.
struct StartWatch {
    begun: Instant,
    state: core::cell::Cell<Duration>,
    commands: core::cell::Cell<u64>,
}

impl RecoveryProgress for StartWatch {
    fn note(&self, _message: &str) {
        self.state.set(self.begun.elapsed());
    }

    fn step(&self, step: RecoveryStep) {
        self.commands.set(step.done_commands);
    }
}
