//! The reader: a thread that follows the node from its own cursor, folds, commits and tells the listeners.

use std::{
    path::PathBuf,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use carbex_node::{Delivery, NodeHandle, ReplayFault, SubscribeRefusal};
use carbex_vocabulary::{AccountId, Event, Sequence};
use tokio::task::JoinError;

use super::{
    Hub, IndexFault, Line, Position, Store,
    batch::Batch,
    fold::{Applied, Statistics, Target},
    pace::{Pace, in_idle_time},
    store::{Cursor, move_aside},
};

/// Commands replayed before the node is asked again whether the ring has the rest.
const REPLAY_COMMANDS_MAX: u64 = 1_000_000;
/// How long the reader sleeps when nothing happens, so that a stop is noticed.
const IDLE: Duration = Duration::from_millis(100);
/// How often what was written is brought nearer to the disk; a crash costs at most this much reading again.
const FLUSH_EVERY: Duration = Duration::from_secs(5);
/// How often an index is built anew before the reader gives up: a fault that repeats is not the index's.
const REBUILDS_MAX: u32 = 2;

/// How the index stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Reading what it has missed.
    CatchingUp {
        /// The last command read.
        done: Sequence,
        /// The last command there is.
        head: Sequence,
    },
    /// With the node, command by command.
    Following,
    /// It cannot be kept; the reason is for the operator. Balances and open orders do not depend on it.
    Failed(String),
}

/// The index as the routes see it.
#[derive(Debug)]
pub struct Index {
    store: RwLock<Option<Store>>,
    statistics: RwLock<Statistics>,
    status: RwLock<Status>,
    read: RwLock<Sequence>,
    /// Who listens to their own account.
    pub hub: Hub,
    stop: AtomicBool,
}

impl Index {
    fn new() -> Self {
        let start = Sequence::new(0);
        Self {
            store: RwLock::new(None),
            statistics: RwLock::default(),
            status: RwLock::new(Status::CatchingUp { done: start, head: start }),
            read: RwLock::new(start),
            hub: Hub::default(),
            stop: AtomicBool::new(false),
        }
    }

    /// The store; `None` while there is none to trust.
    pub fn store(&self) -> Option<Store> {
        self.store.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the public figures away from the runtime: the reader gives way to trade and may hold them for a while. An error
    /// is a panic of `read`.
    pub async fn figures<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&Statistics) -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        let index = Arc::clone(self);
        tokio::task::spawn_blocking(move || index.statistics(read)).await
    }

    /// Reads the public figures; blocks while the reader folds an event.
    pub fn statistics<T>(&self, read: impl FnOnce(&Statistics) -> T) -> T {
        read(&self.statistics.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// How the index stands.
    pub fn status(&self) -> Status {
        self.status.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The last command read whole.
    pub fn sequence(&self) -> Sequence {
        *self.read.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_status(&self, status: Status) {
        *self.status.write().unwrap_or_else(PoisonError::into_inner) = status;
    }

    fn set_store(&self, store: Option<Store>) {
        *self.store.write().unwrap_or_else(PoisonError::into_inner) = store;
    }

    fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }
}

/// Why the reader stopped reading.
#[derive(Debug, thiserror::Error)]
enum ReaderFault {
    /// The index cannot be trusted: it is built anew.
    #[error(transparent)]
    Index(#[from] IndexFault),
    /// The journal cannot be replayed.
    #[error(transparent)]
    Replay(#[from] ReplayFault),
}

/// The running reader.
#[derive(Debug)]
pub struct Reader {
    index: Arc<Index>,
    thread: Option<JoinHandle<()>>,
}

impl Reader {
    /// Starts reading what `node` publishes into the index under `directory`; what the node no longer has at hand is replayed
    /// from its journal in `journal`.
    pub fn start(node: NodeHandle, journal: PathBuf, directory: PathBuf) -> std::io::Result<Self> {
        let index = Arc::new(Index::new());
        let own = Arc::clone(&index);
        let thread = std::thread::Builder::new().name("history".into()).spawn(move || {
            Work { node, journal, directory, index: own }.run();
        })?;
        Ok(Self { index, thread: Some(thread) })
    }

    /// The index it keeps.
    pub fn index(&self) -> Arc<Index> {
        Arc::clone(&self.index)
    }

    /// Stops reading; returns when what was folded is written.
    pub fn stop(&mut self) {
        self.index.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // A panic of that thread was told where it happened; there is nothing more to do about it here.
            let _ = thread.join();
        }
        self.index.hub.close();
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.stop();
    }
}

struct Work {
    node: NodeHandle,
    journal: PathBuf,
    directory: PathBuf,
    index: Arc<Index>,
}

impl Work {
    fn run(&self) {
        for rebuild in 0..=REBUILDS_MAX {
            let followed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.follow()));
            self.index.set_store(None);
            let reason = match followed {
                Ok(Ok(())) => return,
                Ok(Err(ReaderFault::Replay(fault))) => return self.give_up(&fault),
                Ok(Err(ReaderFault::Index(fault))) => fault.to_string(),
                Err(_) => "the index's storage panicked".to_owned(),
            };
            if rebuild == REBUILDS_MAX {
                return self.give_up(&reason);
            }
            tracing::warn!(reason, "the history index is moved aside and built anew from the journal");
            if let Err(fault) = move_aside(&self.directory) {
                return self.give_up(&fault);
            }
        }
    }

    fn give_up(&self, reason: &dyn std::fmt::Display) {
        tracing::error!(%reason, "no history: balances, orders and the market go on without it");
        self.index.set_status(Status::Failed(reason.to_string()));
    }

    /// Follows the node until the stop: in idle time while that is enough, beside trade while it is not.
    fn follow(&self) -> Result<(), ReaderFault> {
        let (store, statistics, cursor) = Store::open(&self.directory)?;
        *self.index.statistics.write().unwrap_or_else(PoisonError::into_inner) = statistics;
        self.index.set_store(Some(store.clone()));
        let mut progress = Progress::new(Arc::clone(&self.index), store, cursor);
        progress.tell();
        self.index.set_status(Status::CatchingUp { done: self.index.sequence(), head: self.node.market().sequence });
        loop {
            let read = match self.read(&mut progress, Pace::beside_trade())? {
                Read::CaughtUp => in_idle_time(|| self.read(&mut progress, Pace::in_idle_time()))?,
                read @ (Read::PutOff | Read::ToTheEnd) => read,
            };
            if read == Read::ToTheEnd {
                break;
            }
        }
        progress.commit()?;
        progress.store.flush()?;
        Ok(())
    }

    /// Reads at one pace, from wherever the rest is to be had.
    fn read(&self, progress: &mut Progress, mut pace: Pace) -> Result<Read, ReaderFault> {
        while !self.index.is_stopping() {
            match self.node.subscribe(progress.resume()) {
                Ok(subscription) => match self.listen(subscription, progress, &mut pace)? {
                    Listened::Read(read) => return Ok(read),
                    Listened::TooSlow => {}
                },
                // A replay is much work: it does not wait for idle time.
                Err(SubscribeRefusal::TooOld { .. }) if pace.gives_way() => return Ok(Read::PutOff),
                Err(SubscribeRefusal::TooOld { oldest }) => self.replay(oldest, progress, &mut pace)?,
                // The index knows commands that the journal does not: it is another journal's.
                Err(SubscribeRefusal::Ahead { .. }) => return Err(IndexFault::Damaged.into()),
            }
        }
        Ok(Read::ToTheEnd)
    }

    fn listen(
        &self,
        mut subscription: carbex_node::Subscription,
        progress: &mut Progress,
        pace: &mut Pace,
    ) -> Result<Listened, ReaderFault> {
        let mut flushed = Instant::now();
        while !self.index.is_stopping() {
            match subscription.try_next().or_else(|| {
                // Nothing more at once: what was folded is written before waiting.
                let arrived = progress.is_written().then(|| subscription.wait(IDLE)).flatten();
                // What has just arrived was not put off.
                pace.saw_the_end();
                arrived
            }) {
                Some(Delivery::Group(group)) => {
                    for record in group.since(progress.resume()) {
                        progress.take(&Applied {
                            sequence: record.sequence,
                            time: record.time,
                            actor: record.actor,
                            command: &record.command,
                            events: record.events,
                        })?;
                        if !pace.may_go_on() {
                            progress.commit()?;
                            return Ok(Listened::Read(Read::PutOff));
                        }
                    }
                }
                Some(Delivery::Lagged { .. }) => return Ok(Listened::TooSlow),
                Some(Delivery::Closed) => {
                    progress.commit()?;
                    return Ok(Listened::Read(Read::ToTheEnd));
                }
                None => {
                    progress.commit()?;
                    self.index.set_status(Status::Following);
                    if !pace.gives_way() {
                        return Ok(Listened::Read(Read::CaughtUp));
                    }
                }
            }
            if flushed.elapsed() >= FLUSH_EVERY {
                progress.commit()?;
                progress.store.flush()?;
                flushed = Instant::now();
            }
        }
        Ok(Listened::Read(Read::ToTheEnd))
    }

    /// Replays from the cursor up to where the node's ring begins.
    fn replay(&self, oldest: Sequence, progress: &mut Progress, pace: &mut Pace) -> Result<(), ReaderFault> {
        let from = progress.resume();
        let to = Sequence::new((oldest.number() - 1).min(from.number() + REPLAY_COMMANDS_MAX));
        let head = self.node.market().sequence;
        let mut fault = None;
        let replayed = carbex_node::replay(&self.journal, from, to, &mut |replayed| {
            if fault.is_some() || self.index.is_stopping() {
                return;
            }
            let sequence = replayed.record.sequence;
            let taken = progress.take(&Applied {
                sequence,
                time: replayed.record.time,
                actor: replayed.record.actor,
                command: &replayed.command,
                events: replayed.events,
            });
            fault = taken.err();
            // Beside trade it may always go on, after a pause.
            let _ = pace.may_go_on();
            if sequence.number().is_multiple_of(10_000) {
                self.index.set_status(Status::CatchingUp { done: sequence, head });
            }
        });
        if let Some(fault) = fault {
            return Err(fault.into());
        }
        replayed?;
        progress.commit()?;
        Ok(())
    }
}

/// Why reading at one pace has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Read {
    /// The node or the reader stops.
    ToTheEnd,
    /// There is nothing more for now.
    CaughtUp,
    /// Idle time is not enough.
    PutOff,
}

enum Listened {
    Read(Read),
    TooSlow,
}

/// What was folded and not yet written, and how far.
struct Progress {
    index: Arc<Index>,
    store: Store,
    cursor: Cursor,
    /// The cursor as last written.
    written: Cursor,
    batch: Batch,
    told: Vec<(AccountId, Line)>,
    /// Whether the command before the cursor was compared with the one that the index read.
    proven: bool,
}

impl Progress {
    fn new(index: Arc<Index>, store: Store, cursor: Cursor) -> Self {
        Self {
            index,
            store,
            cursor,
            written: cursor,
            batch: Batch::default(),
            told: Vec::new(),
            proven: cursor == Cursor::default(),
        }
    }

    /// The command to read next: the one before the cursor first, to prove that it is the same journal.
    fn resume(&self) -> Sequence {
        let next = self.cursor.next;
        let inside = next.index > 0;
        match (self.proven, inside) {
            (true, false) => Sequence::new(next.sequence.max(1)),
            (true, true) | (false, true) => Sequence::new(next.sequence),
            (false, false) => Sequence::new(next.sequence.saturating_sub(1).max(1)),
        }
    }

    fn take(&mut self, applied: &Applied<'_>) -> Result<(), IndexFault> {
        let proof = proof(applied);
        if !self.proven {
            if proof != self.cursor.proof {
                return Err(IndexFault::Damaged);
            }
            self.proven = true;
        }
        let done = self.cursor.next;
        if applied.sequence.number() < done.sequence {
            return Ok(());
        }
        let first = if applied.sequence.number() == done.sequence { done.index } else { 0 };
        for (index, event) in (0u32..).zip(applied.events).skip(first as usize) {
            self.fold(applied, index, event)?;
            self.cursor = Cursor { next: Position { sequence: applied.sequence.number(), index: index + 1 }, proof };
            if self.batch.is_full() {
                self.commit()?;
            }
        }
        let next = Position::start_of(Sequence::new(applied.sequence.number() + 1));
        self.cursor = Cursor { next, proof };
        // A command without a stored event still moves the cursor, with the next write.
        Ok(())
    }

    fn fold(&mut self, applied: &Applied<'_>, index: u32, event: &Event) -> Result<(), IndexFault> {
        let mut target = Target { tree: self.store.tree(), batch: &mut self.batch };
        let mut statistics = self.index.statistics.write().unwrap_or_else(PoisonError::into_inner);
        statistics.fold(applied, index, event, &mut target)?;
        drop(statistics);
        if let Some(account) = event.account()
            && !self.index.hub.is_idle()
        {
            let position = Position { sequence: applied.sequence.number(), index };
            self.told.push((account, Line { position, time_ns: applied.time.ns(), event: *event }));
        }
        Ok(())
    }

    /// Whether all that was folded is written, and told.
    fn is_written(&self) -> bool {
        self.cursor == self.written
    }

    /// Writes what was folded, then tells the listeners: nobody hears what a rebuilt index would not know.
    fn commit(&mut self) -> Result<(), IndexFault> {
        if self.is_written() {
            return Ok(());
        }
        self.store.commit(std::mem::take(&mut self.batch), self.cursor)?;
        self.written = self.cursor;
        for (account, line) in self.told.drain(..) {
            self.index.hub.tell(account, || line);
        }
        self.tell();
        Ok(())
    }

    /// Says how far the index has read.
    fn tell(&self) {
        let whole = self.cursor.next.sequence.saturating_sub(1);
        *self.index.read.write().unwrap_or_else(PoisonError::into_inner) = Sequence::new(whole);
    }
}

/// What proves that two journals hold the same command at the same place.
fn proof(applied: &Applied<'_>) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&applied.sequence.number().to_le_bytes());
    hasher.update(&applied.time.ns().to_le_bytes());
    hasher.update(&applied.actor.to_le_bytes());
    let mut bytes = Vec::new();
    carbex_wire::encode_command(applied.command, &mut bytes);
    hasher.update(&bytes);
    hasher.finalize().into()
}
