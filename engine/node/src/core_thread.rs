//! The core's thread: takes what waits, sequences, applies, journals as one group, and only then publishes and answers.

use std::{
    ops::Range,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use carbex_core::Command;
use carbex_journal::{AppendError, Journal, JournalFault, Room};
use carbex_vocabulary::{Sequence, TimestampNs};
use carbex_wire::encode_command;

use crate::{
    MarketView, Metrics, Mode, NodeOptions, PublishedGroup, PublishedRecord, Receipt, Refusal, Role, StopFault,
    Submission,
    events_hash::EventsHasher,
    fault::stop_the_process,
    journaled::record_head,
    keys::{BodyHash, KeptAnswer, KeyName},
    lanes::{Waiting, protects},
    metrics::record,
    pending::{Pending, Reply},
    replica::Replica,
    shared::Shared,
    snapshot::{Position, write_snapshot},
};

/// Questions answered between two groups at most, so that they cannot hold the market up.
const QUESTIONS_PER_TURN_MAX: usize = 256;
/// How often the counters are shown while there is work.
const METRICS_EVERY: Duration = Duration::from_millis(250);
/// How long the core sleeps at most; shorter while the disk is full, to see that there is room again.
const SLEEP_MAX: Duration = Duration::from_millis(500);
/// How long nothing must come before the journal's tail is sealed (one sync, 512 bytes).
const QUIET_BEFORE_SEAL: Duration = Duration::from_secs(1);
const SLEEP_WITHOUT_ROOM_MAX: Duration = Duration::from_millis(50);
/// What a group's header and trailer may take of its largest size.
const GROUP_FRAME_BYTES_MAX: usize = 4096;

/// A command taken out of its lane, encoded, not yet sequenced.
struct Gathered {
    waiting: Waiting,
    body: Range<usize>,
    key: Option<(KeyName, BodyHash)>,
}

/// An answer that waits for the disk.
struct Answer {
    reply: Reply<Receipt>,
    entered: Instant,
    result: Result<Receipt, Refusal>,
}

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

/// What answers a key that is known: the first answer again, or a refusal if the body is another.
fn known_key(kept: &KeptAnswer, body: BodyHash) -> Result<Receipt, Refusal> {
    if kept.body != body {
        return Err(Refusal::KeyReused);
    }
    Ok(Receipt { sequence: kept.sequence, time: kept.time, outcome: kept.outcome, repeated: true })
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

    /// Takes what waits, as much as one group may hold; answers or refuses at once what is not to be sequenced. Returns
    /// the payload bytes of what was gathered.
    fn gather(&mut self) -> usize {
        if self.gathered.is_empty() {
            self.bodies.clear();
        }
        let now = self.shared.clock.now();
        self.replica.keys.forget_expired(now);
        let payload_bytes_max = self.options.group_bytes_max.saturating_sub(GROUP_FRAME_BYTES_MAX);
        let mut payload_bytes =
            self.gathered.iter().map(|gathered| Journal::record_bytes(0, gathered.body.len())).sum::<usize>();
        let mut new_keys = 0;
        // What is answered or refused counts too: a turn is bounded whatever comes.
        for _ in self.gathered.len()..self.options.group_commands_max.max(1) {
            let Some(waiting) = self.carried.take().or_else(|| self.shared.lanes.next_command()) else { break };
            let submission = &waiting.submission;
            let start = self.bodies.len();
            encode_command(&submission.command, &mut self.bodies);
            let body = start..self.bodies.len();
            let key = (submission.idempotency_key != 0).then(|| {
                let name = KeyName { key: submission.idempotency_key, actor: submission.actor, role: submission.role };
                (name, BodyHash::of(&self.bodies[body.clone()]))
            });
            if let Some((name, hash)) = &key {
                if let Some(kept) = self.replica.keys.answer(name) {
                    // Durable already: the answer waits for nothing but this turn's end.
                    let result = known_key(kept, *hash);
                    self.bodies.truncate(start);
                    self.answers.push(Answer { reply: waiting.reply, entered: waiting.entered, result });
                    continue;
                }
                if self.replica.keys.len() + new_keys >= self.options.keys_max {
                    self.bodies.truncate(start);
                    self.shared.refuse(waiting, Refusal::KeysExhausted);
                    continue;
                }
            }
            if let Some(refusal) = self.refused_for_room(&submission.command) {
                self.bodies.truncate(start);
                self.shared.refuse(waiting, refusal);
                continue;
            }
            let bytes = Journal::record_bytes(submission.reason.as_str().len(), body.len());
            if payload_bytes + bytes > payload_bytes_max && !self.gathered.is_empty() {
                self.bodies.truncate(start);
                self.carried = Some(waiting);
                break;
            }
            payload_bytes += bytes;
            new_keys += usize::from(key.is_some());
            self.gathered.push(Gathered { waiting, body, key });
        }
        payload_bytes
    }

    fn refused_for_room(&self, command: &Command) -> Option<Refusal> {
        match self.mode {
            Mode::Normal => None,
            Mode::SpaceLow => (!protects(command)).then_some(Refusal::SpaceLow),
            Mode::SpaceExhausted => Some(Refusal::SpaceExhausted),
        }
    }

    /// Sequences and applies what was gathered, makes it durable, then tells everyone. Nothing is applied before the
    /// journal has promised room for it.
    fn write_group(&mut self, payload_bytes: usize) -> Result<(), JournalFault> {
        match self.journal.begin_group(payload_bytes) {
            Ok(()) => {}
            Err(AppendError::NoRoom { .. }) => {
                for gathered in self.gathered.drain(..) {
                    self.shared.refuse(gathered.waiting, Refusal::SpaceExhausted);
                }
                return Ok(());
            }
            Err(AppendError::Fault(fault)) => return Err(fault),
            Err(error @ (AppendError::GroupFull { .. } | AppendError::TooLarge { .. })) => {
                return Err(JournalFault::Misuse(error.to_string()));
            }
        }
        let mut records = Vec::with_capacity(self.gathered.len());
        let mut gathered = std::mem::take(&mut self.gathered);
        let mut instant = Instant::now();
        for gathered in gathered.drain(..) {
            record(&mut self.metrics.queue_wait_ns, instant - gathered.waiting.entered.min(instant));
            records.extend(self.apply(gathered)?);
            let after = Instant::now();
            record(&mut self.metrics.apply_ns, after - instant);
            instant = after;
        }
        let receipt = self.journal.commit(self.hasher.finish())?;
        record(&mut self.metrics.journal_commit_ns, instant.elapsed());
        self.gathered = gathered;
        self.position = Position {
            sequence: receipt.last,
            time: self.replica.market.time(),
            epoch: self.journal.epoch(),
            group_hash: receipt.group_hash,
        };
        self.unsealed_since = Some(Instant::now());
        self.metrics.groups += 1;
        self.shared.set_durable(receipt.last);
        self.shared.view.store(Arc::new(view_of(&self.replica, self.mode)));
        self.shared.publication.publish(Arc::new(PublishedGroup { first: receipt.first, last: receipt.last, records }));
        Ok(())
    }

    /// Sequences and applies one command; its answer waits for the disk. `None` = a key that an earlier command of this
    /// very group has used.
    fn apply(&mut self, gathered: Gathered) -> Result<Option<PublishedRecord>, JournalFault> {
        let Gathered { waiting: Waiting { submission, reply, entered }, body, key } = gathered;
        if let Some((name, hash)) = &key
            && let Some(kept) = self.replica.keys.answer(name)
        {
            let result = known_key(kept, *hash);
            self.answers.push(Answer { reply, entered, result });
            return Ok(None);
        }
        let time = self.time_of_next();
        let body = &self.bodies[body];
        let sequence =
            self.journal.push_record(&record_head(&submission, time), body).map_err(|error| match error {
                AppendError::Fault(fault) => fault,
                AppendError::NoRoom { .. } | AppendError::GroupFull { .. } | AppendError::TooLarge { .. } => {
                    JournalFault::Misuse(error.to_string())
                }
            })?;
        let mut events = Vec::new();
        let outcome = self.replica.apply(sequence, time, &submission.command, key, &mut events);
        self.hasher.add(sequence, &events);
        self.metrics.count(body, outcome.as_ref());
        self.metrics.journal_bytes += Journal::record_bytes(submission.reason.as_str().len(), body.len()) as u64;
        let result = Ok(Receipt { sequence, time, outcome, repeated: false });
        self.answers.push(Answer { reply, entered, result });
        Ok(Some(PublishedRecord {
            sequence,
            time,
            actor: submission.actor,
            role: submission.role,
            member: submission.member,
            command: submission.command,
            events,
        }))
    }

    fn time_of_next(&self) -> TimestampNs {
        self.shared.clock.now()
    }

    /// Gives every answer that waited for the disk.
    fn answer_all(&mut self) {
        for Answer { reply, entered, result } in self.answers.drain(..) {
            match &result {
                Ok(receipt) if receipt.repeated => self.metrics.repeats += 1,
                Ok(_) => record(&mut self.metrics.acknowledge_ns, entered.elapsed()),
                Err(refusal) => self.shared.refusals.count(*refusal),
            }
            self.metrics_fresh = false;
            // An asker who no longer waits needs no answer.
            let _ = reply.send(result);
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
