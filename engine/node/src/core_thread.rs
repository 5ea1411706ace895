//! The core's thread: questions, then commands, then what to do with the group; it sleeps when nothing waits, and closes
//! what it opened.

mod chunk;
mod sequencing;

use std::{
    sync::{Arc, PoisonError, atomic::Ordering},
    time::{Duration, Instant},
};

use carbex_core::Command;
use carbex_journal::{AppendError, Journal, JournalFault, Room, RoomWatch};
use carbex_vocabulary::Sequence;

use crate::{
    Batch, MarketView, Metrics, Mode, NodeOptions, Role, StopFault, Submission,
    batch::Waiting,
    commit::Group,
    events_hash::EventsHasher,
    fault::stop_the_process,
    handed_between::Shared,
    pending::Reply,
    pipeline::Pipeline,
    replica::Replica,
    snapshot::{Position, write_snapshot},
};
use chunk::Chunk;

/// Questions answered in one turn at most, so that they cannot hold the market up.
const QUESTIONS_PER_TURN_MAX: usize = 256;
/// How often the counters are shown while there is work.
const METRICS_EVERY: Duration = Duration::from_millis(250);
/// How long the core sleeps at most; shorter while the disk is full, to see that there is room again.
const SLEEP_MAX: Duration = Duration::from_millis(500);
/// How long nothing must come before the journal's tail is sealed (one sync, 512 bytes).
const QUIET_BEFORE_SEAL: Duration = Duration::from_secs(1);
const SLEEP_WITHOUT_ROOM_MAX: Duration = Duration::from_millis(50);
/// With so much in the group an idle disk is given it at once; with less the core first takes what else waits.
const HAND_OVER_BYTES: usize = 128 * 1024;

/// Everything that the core's thread owns.
pub(crate) struct Core {
    shared: Arc<Shared>,
    options: NodeOptions,
    pipeline: Pipeline,
    room: RoomWatch,
    /// What is left of the segment being written that no group was promised.
    room_bytes: u64,
    replica: Replica,
    /// Where the journal stood at the start.
    position: Position,
    mode: Mode,
    metrics: Metrics,
    metrics_shown: Instant,
    metrics_fresh: bool,
    ticked: Instant,
    /// When the last group was passed on, until the tail behind it is sealed.
    unsealed_since: Option<Instant>,
    /// The exchange's own tick, when it is due.
    due: Option<Box<Waiting>>,
    chunk: Chunk,
    /// The group that is being filled, and whether the next command did not fit into it.
    group: Group,
    full: bool,
    hasher: EventsHasher,
}

/// The view of a replica.
pub(crate) fn view_of(replica: &Replica, mode: Mode) -> MarketView {
    let market = replica.market.fields();
    MarketView { sequence: replica.market.sequence(), time: replica.market.time(), market, phase: market.phase, mode }
}

impl Core {
    /// The core, and the journal's thread.
    pub(crate) fn new(
        shared: Arc<Shared>,
        options: NodeOptions,
        journal: Journal,
        replica: Replica,
        position: Position,
    ) -> std::io::Result<Self> {
        let mut group = Group::new(journal.new_group_buffer());
        group.begin(journal.next_sequence());
        Ok(Self {
            room: journal.room_watch(),
            room_bytes: journal.room_bytes(),
            pipeline: Pipeline::start(&shared, journal)?,
            shared,
            options,
            replica,
            position,
            mode: Mode::Normal,
            metrics: Metrics::new(),
            metrics_shown: Instant::now(),
            metrics_fresh: true,
            ticked: Instant::now(),
            unsealed_since: None,
            due: None,
            chunk: Chunk::new(),
            group,
            full: false,
            hasher: EventsHasher::default(),
        })
    }

    /// Runs until the node stops. A fault ends the process.
    pub(crate) fn run(mut self) -> Result<(), StopFault> {
        self.shared.lanes.attach_core();
        loop {
            match self.turn() {
                Ok(true) => {}
                Ok(false) if self.shared.is_stopping() => {
                    self.pipeline.drain();
                    if self.is_idle() {
                        break;
                    }
                }
                Ok(false) => {
                    if self.is_idle()
                        && let Err(fault) = self.seal_if_quiet()
                    {
                        stop_the_process("the journal failed", &fault);
                    }
                    self.rest();
                }
                Err(fault) => stop_the_process("the journal failed", &fault),
            }
        }
        self.shared.finish();
        self.show_metrics();
        self.close()
    }

    /// Nothing waits, and everything is durable.
    fn is_idle(&self) -> bool {
        !self.commands_wait() && self.shared.lanes.is_empty() && self.group.is_empty() && self.pipeline.is_idle()
    }

    fn commands_wait(&self) -> bool {
        self.due.is_some() || self.chunk.holds_commands() || self.shared.lanes.commands_wait()
    }

    /// One turn: questions, then commands, then what to do with the group. Answers whether there was anything to do.
    fn turn(&mut self) -> Result<bool, JournalFault> {
        let mut worked = false;
        for _ in 0..QUESTIONS_PER_TURN_MAX {
            let Some(question) = self.shared.lanes.next_question() else { break };
            self.group.deliveries.push(question(&self.replica.market));
            worked = true;
        }
        self.look_for_room();
        self.tick_if_due();
        worked |= self.sequence_what_waits()?;
        worked |= self.pass_on()?;
        if self.metrics_shown.elapsed() >= METRICS_EVERY {
            self.show_metrics();
        }
        Ok(worked)
    }

    /// Passes the group on if that is the best to do now. A group that the disk need not wait for goes on filling.
    fn pass_on(&mut self) -> Result<bool, JournalFault> {
        if self.group.is_empty() {
            return Ok(false);
        }
        if self.pipeline.is_idle() {
            if !self.commands_wait() {
                self.close_group();
                self.pipeline.commit_here(&mut self.group)?;
                self.begin_group();
                return Ok(true);
            }
            if !self.full && !self.group_is_worth_it() {
                return Ok(true);
            }
        } else if !self.full {
            return Ok(false);
        }
        if !self.pipeline.has_place() {
            self.pipeline.wait_for_place();
        }
        self.close_group();
        self.pipeline.hand_over(&mut self.group);
        self.begin_group();
        Ok(true)
    }

    fn group_is_worth_it(&self) -> bool {
        self.group.buffer.payload_bytes() >= HAND_OVER_BYTES || self.holds_enough_answers()
    }

    /// Nothing more is put into this group.
    fn close_group(&mut self) {
        if !self.group.ends.is_empty() {
            self.group.events_hash = self.hasher.finish();
            self.group.view = Some(Arc::new(view_of(&self.replica, self.mode)));
            self.room_bytes = self.room_bytes.saturating_sub(self.group.buffer.group_bytes() as u64);
            self.unsealed_since = Some(Instant::now());
        }
        self.metrics_fresh = false;
    }

    fn begin_group(&mut self) {
        // Only the core gives out sequences, so the market knows the last one.
        self.group.begin(Sequence::new(self.replica.market.sequence().number() + 1));
        self.full = false;
    }

    /// What the disk allows; told to everyone as soon as what they see is durable.
    fn look_for_room(&mut self) {
        let mode = match self.room.room(self.room_bytes) {
            Room::Normal => Mode::Normal,
            Room::Low => Mode::SpaceLow,
            Room::Exhausted => Mode::SpaceExhausted,
        };
        if mode != self.mode {
            self.mode = mode;
            self.group.view = Some(Arc::new(view_of(&self.replica, mode)));
            self.show_metrics();
        }
    }

    /// The exchange's own tick, if it is due and the exchange ticks itself; or while accounts are being settled in slices: each
    /// tick settles one, so that a year's change is worked off between commands that never wait long for it.
    fn tick_if_due(&mut self) {
        if self.mode != Mode::Normal || self.due.is_some() {
            return;
        }
        let settles = self.replica.market.settling().is_some();
        if settles || self.options.tick_every.is_some_and(|every| self.ticked.elapsed() >= every) {
            self.ticked = Instant::now();
            let tick = Submission::new(Command::Tick, Role::System, 0);
            self.due = Some(Waiting::new(Batch::of(&tick), Reply::Nobody));
        }
    }

    fn show_metrics(&mut self) {
        self.metrics_shown = Instant::now();
        self.metrics_fresh = true;
        self.metrics.mode = self.mode;
        {
            let commits = self.shared.commits.lock().unwrap_or_else(PoisonError::into_inner);
            self.metrics.groups = commits.groups;
            self.metrics.journal_commit_ns.clone_from(&commits.journal_commit_ns);
            self.metrics.acknowledge_ns.clone_from(&commits.acknowledge_ns);
        }
        self.metrics.refusals = self.shared.refusals.read();
        self.metrics.keys = self.replica.keys.len() as u64;
        self.metrics.queued = self.shared.lanes.commands_waiting() as u64;
        self.metrics.snapshots = self.shared.snapshots.load(Ordering::Relaxed);
        self.metrics.snapshots_failed = self.shared.snapshots_failed.load(Ordering::Relaxed);
        self.metrics.snapshot_sequence = self.shared.snapshot_sequence.load(Ordering::Relaxed);
        self.shared.metrics.store(Arc::new(self.metrics.clone()));
    }

    /// In a quiet moment the tail is sealed: from then on damage to it cannot be taken for a torn write.
    fn seal_if_quiet(&mut self) -> Result<(), JournalFault> {
        if self.mode != Mode::Normal || self.unsealed_since.is_none_or(|since| since.elapsed() < QUIET_BEFORE_SEAL) {
            return Ok(());
        }
        self.unsealed_since = None;
        let (sealed, room_bytes) = self.pipeline.with_journal(|journal| (journal.seal(), journal.room_bytes()));
        self.room_bytes = room_bytes;
        match sealed {
            Ok(()) | Err(AppendError::NoRoom { .. }) => Ok(()),
            Err(AppendError::Fault(fault)) => Err(fault),
            Err(error @ (AppendError::GroupFull { .. } | AppendError::TooLarge { .. })) => {
                Err(JournalFault::Misuse(error.to_string()))
            }
        }
    }

    /// Nothing to do: looks a little longer, then sleeps.
    fn rest(&mut self) {
        if self.shared.lanes.linger() {
            return;
        }
        if !self.metrics_fresh {
            self.show_metrics();
        }
        let mut timeout = if self.mode == Mode::Normal { SLEEP_MAX } else { SLEEP_WITHOUT_ROOM_MAX };
        if let Some(since) = self.unsealed_since {
            timeout = timeout.min(QUIET_BEFORE_SEAL.saturating_sub(since.elapsed()));
        }
        if let Some(every) = self.options.tick_every {
            timeout = timeout.min(every.saturating_sub(self.ticked.elapsed()));
        }
        // The journal's thread rings after every group: then the one that was filled meanwhile is passed on.
        let has_group = !self.group.is_empty();
        self.shared.lanes.sleep(timeout, || self.shared.is_stopping() || (has_group && self.pipeline.is_idle()));
    }

    /// Seals what is on disk, with a last snapshot if that is wanted and worth it.
    fn close(self) -> Result<(), StopFault> {
        let Some((mut journal, last)) = self.pipeline.end() else {
            return Err(StopFault::Seal("another thread still holds the journal".into()));
        };
        let position = last.map_or(self.position, |last| Position {
            sequence: last.last,
            time: self.replica.market.time(),
            epoch: journal.epoch(),
            group_hash: last.group_hash,
        });
        let snapshot_sequence = Sequence::new(self.shared.snapshot_sequence.load(Ordering::Acquire));
        let mut stopped = Ok(());
        if self.options.snapshot_on_stop && position.sequence > snapshot_sequence {
            let written = write_snapshot(&self.options.journal_directory(), &self.replica, position)
                .and_then(|_| journal.retain(&self.options.retention));
            if let Err(fault) = written {
                stopped = Err(StopFault::Snapshot(fault.to_string()));
            }
        }
        journal.close().map_err(|fault| StopFault::Seal(fault.to_string()))?;
        stopped
    }
}
