//! The core's thread: questions, then one group, then again; it sleeps when nothing waits, and closes what it opened.

mod group;

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use carbex_core::Command;
use carbex_journal::{AppendError, Journal, JournalFault, Room};
use carbex_vocabulary::Sequence;
use carbex_wire::encode_command;

use crate::{
    MarketView, Metrics, Mode, NodeOptions, Role, StopFault, Submission,
    events_hash::EventsHasher,
    fault::stop_the_process,
    handed_between::Shared,
    lanes::Waiting,
    pending::Pending,
    replica::Replica,
    snapshot::{Position, write_snapshot},
};
use group::{Answer, Gathered};

/// Questions answered between two groups at most, so that they cannot hold the market up.
const QUESTIONS_PER_TURN_MAX: usize = 256;
/// How often the counters are shown while there is work.
const METRICS_EVERY: Duration = Duration::from_millis(250);
/// How long the core sleeps at most; shorter while the disk is full, to see that there is room again.
const SLEEP_MAX: Duration = Duration::from_millis(500);
/// How long nothing must come before the journal's tail is sealed (one sync, 512 bytes).
const QUIET_BEFORE_SEAL: Duration = Duration::from_secs(1);
const SLEEP_WITHOUT_ROOM_MAX: Duration = Duration::from_millis(50);

/// Everything that the core's thread owns.
pub(crate) struct Core {
    shared: Arc<Shared>,
    options: NodeOptions,
    journal: Journal,
    replica: Replica,
    position: Position,
    mode: Mode,
    metrics: Metrics,
    metrics_shown: Instant,
    metrics_fresh: bool,
    ticked: Instant,
    /// When the last group was written, until the tail behind it is sealed.
    unsealed_since: Option<Instant>,
    gathered: Vec<Gathered>,
    /// Taken out of its lane, but too large for the group that was being gathered.
    carried: Option<Waiting>,
    bodies: Vec<u8>,
    answers: Vec<Answer>,
    hasher: EventsHasher,
}

/// The view of a replica.
pub(crate) fn view_of(replica: &Replica, mode: Mode) -> MarketView {
    let market = replica.market.fields();
    MarketView { sequence: replica.market.sequence(), time: replica.market.time(), market, phase: market.phase, mode }
}

impl Core {
    pub(crate) fn new(
        shared: Arc<Shared>,
        options: NodeOptions,
        journal: Journal,
        replica: Replica,
        position: Position,
    ) -> Self {
        Self {
            shared,
            options,
            journal,
            replica,
            position,
            mode: Mode::Normal,
            metrics: Metrics::new(),
            metrics_shown: Instant::now(),
            metrics_fresh: true,
            ticked: Instant::now(),
            unsealed_since: None,
            gathered: Vec::new(),
            carried: None,
            bodies: Vec::new(),
            answers: Vec::new(),
            hasher: EventsHasher::default(),
        }
    }

    /// Runs until the node stops. A fault ends the process.
    pub(crate) fn run(mut self) -> Result<(), StopFault> {
        self.shared.lanes.attach_core();
        loop {
            match self.turn() {
                Ok(true) => {}
                Ok(false) if !self.is_idle() => {}
                Ok(false) if self.shared.is_stopping() => break,
                Ok(false) => {
                    if let Err(fault) = self.seal_if_quiet() {
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

    /// Nothing waits.
    fn is_idle(&self) -> bool {
        self.carried.is_none() && self.shared.lanes.is_empty()
    }

    /// One turn: questions, then one group. Answers whether there was anything to do.
    fn turn(&mut self) -> Result<bool, JournalFault> {
        let mut worked = false;
        for _ in 0..QUESTIONS_PER_TURN_MAX {
            let Some(question) = self.shared.lanes.next_question() else { break };
            question(&self.replica.market, self.position.sequence);
            worked = true;
        }
        if self.shared.retention_due.swap(false, Ordering::AcqRel) {
            self.let_go_of_what_is_behind();
        }
        self.look_for_room();
        self.tick_if_due();
        let payload_bytes = self.gather();
        if !self.gathered.is_empty() {
            self.write_group(payload_bytes)?;
        }
        worked |= !self.answers.is_empty();
        self.answer_all();
        if self.metrics_shown.elapsed() >= METRICS_EVERY {
            self.show_metrics();
        }
        Ok(worked)
    }

    /// What the disk allows; told to everyone as soon as it changes.
    fn look_for_room(&mut self) {
        let mode = match self.journal.room() {
            Room::Normal => Mode::Normal,
            Room::Low => Mode::SpaceLow,
            Room::Exhausted => Mode::SpaceExhausted,
        };
        if mode != self.mode {
            self.mode = mode;
            self.shared.view.store(Arc::new(view_of(&self.replica, mode)));
            self.show_metrics();
        }
    }

    /// What a new snapshot made superfluous leaves the journal's directory. Renames only: trade waits some milliseconds at
    /// most. Files that cannot be moved take room and nothing else, so that is counted, not a reason to stop.
    fn let_go_of_what_is_behind(&mut self) {
        if self.journal.retain(&self.options.retention).is_err() {
            self.shared.snapshots_failed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The exchange's own tick, if it is due and the exchange ticks itself.
    fn tick_if_due(&mut self) {
        if self.mode == Mode::Normal && self.options.tick_every.is_some_and(|every| self.ticked.elapsed() >= every) {
            self.ticked = Instant::now();
            let (reply, _unread) = Pending::new();
            let waiting =
                Waiting { submission: Submission::new(Command::Tick, Role::System, 0), reply, entered: self.ticked };
            self.bodies.clear();
            encode_command(&waiting.submission.command, &mut self.bodies);
            let body = 0..self.bodies.len();
            self.gathered.push(Gathered { waiting, body, key: None });
        }
    }

    fn show_metrics(&mut self) {
        self.metrics_shown = Instant::now();
        self.metrics_fresh = true;
        self.metrics.mode = self.mode;
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
        match self.journal.seal() {
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
        self.shared.lanes.sleep(timeout, || self.shared.is_stopping());
    }

    /// Seals what is on disk, with a last snapshot if that is wanted and worth it.
    fn close(mut self) -> Result<(), StopFault> {
        let snapshot_sequence = Sequence::new(self.shared.snapshot_sequence.load(Ordering::Acquire));
        let mut stopped = Ok(());
        if self.options.snapshot_on_stop && self.position.sequence > snapshot_sequence {
            let written = write_snapshot(&self.options.journal_directory(), &self.replica, self.position)
                .and_then(|_| self.journal.retain(&self.options.retention));
            if let Err(fault) = written {
                stopped = Err(StopFault::Snapshot(fault.to_string()));
            }
        }
        self.journal.close().map_err(|fault| StopFault::Seal(fault.to_string()))?;
        stopped
    }
}
