//! The way in: three bounded lock-free lanes, and the bell that wakes the core.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering, fence},
    },
    thread::{Thread, ThreadId},
    time::Duration,
};

use carbex_core::{Command, Market};
use carbex_vocabulary::Phase;
use crossbeam::queue::ArrayQueue;

use crate::{NodeOptions, Refusal, batch::Waiting};

/// What tells an asker the answer to a question, once all that the answer shows is durable.
pub(crate) type Delivery = Box<dyn FnOnce() + Send>;

/// A question about the exact state. It is asked on the core's thread, of a state that may be ahead of the disk; what it
/// answers with waits for the disk. Dropped unanswered at a stop.
pub(crate) type Question = Box<dyn FnOnce(&Market) -> Delivery + Send>;

/// How long the core looks for work before it sleeps. Short: with two cores a spinning core starves who would feed it.
const SPINS_MAX: u32 = 64;

/// A lane of batches, bounded by the commands in them.
struct Lane {
    batches: ArrayQueue<Box<Waiting>>,
    /// Commands in it, or about to be; never more than there are places for batches, so that who has counted his in finds
    /// a place.
    commands: AtomicUsize,
}

impl Lane {
    fn new(commands_max: usize) -> Self {
        Self { batches: ArrayQueue::new(commands_max.max(1)), commands: AtomicUsize::new(0) }
    }

    /// Takes the whole batch, or gives it back.
    fn push(&self, waiting: Box<Waiting>) -> Result<(), Box<Waiting>> {
        let commands = waiting.batch.len();
        let counted = self.commands.try_update(Ordering::AcqRel, Ordering::Relaxed, |before| {
            before.checked_add(commands).filter(|after| *after <= self.batches.capacity())
        });
        if counted.is_err() {
            return Err(waiting);
        }
        self.batches.push(waiting).inspect_err(|_| {
            self.commands.fetch_sub(commands, Ordering::AcqRel);
        })
    }

    /// The oldest batch. Its commands count as waiting until they are read: see [`Lane::read`].
    fn pop(&self) -> Option<Box<Waiting>> {
        self.batches.pop()
    }

    /// That many commands are no longer waiting.
    fn read(&self, commands: usize) {
        self.commands.fetch_sub(commands, Ordering::AcqRel);
    }
}

/// Commands, reserved places for what protects people, and questions.
pub(crate) struct Lanes {
    commands: Lane,
    reserved: Lane,
    questions: ArrayQueue<Question>,
    asleep: AtomicBool,
    /// The core's thread, once it runs.
    core: OnceLock<Thread>,
}

/// What takes a reserved place when the queue is full, and is still taken when the disk is nearly full: whatever
/// protects people, and consumption that has happened.
pub(crate) fn protects(command: &Command) -> bool {
    match command {
        Command::Cancel { .. }
        | Command::Debit { .. }
        | Command::Refund { .. }
        | Command::Freeze { .. }
        | Command::CloseAccount { .. }
        | Command::SetPhase { phase: Phase::Halted | Phase::Closed } => true,
        Command::SetPhase { phase: Phase::Auction | Phase::AuctionFreeze | Phase::Posted | Phase::Continuous }
        | Command::OpenPeriod { .. }
        | Command::ClosePeriod
        | Command::OpenAccount { .. }
        | Command::SetShare { .. }
        | Command::SetHousehold { .. }
        | Command::SetObligation { .. }
        | Command::Unfreeze { .. }
        | Command::Allot { .. }
        | Command::AllotAll { .. }
        | Command::Deposit { .. }
        | Command::Withdraw { .. }
        | Command::Place { .. }
        | Command::Replace { .. }
        | Command::SetBand { .. }
        | Command::SetBuyback { .. }
        | Command::SetSale { .. }
        | Command::FundTreasury { .. }
        | Command::DrawTreasury { .. }
        | Command::ReleaseReserve { .. }
        | Command::Uncross
        | Command::Distribute
        | Command::SetRules { .. }
        | Command::Tick => false,
    }
}

/// What passes everything that waits: halts and freezes act at once. (Closing does not: a calendar says "uncross, then
/// close" and means that order.)
pub(crate) fn passes_the_queue(command: &Command) -> bool {
    matches!(command, Command::SetPhase { phase: Phase::Halted } | Command::Freeze { .. })
}

impl Lanes {
    pub(crate) fn new(options: &NodeOptions) -> Self {
        Self {
            commands: Lane::new(options.queue_commands_max),
            reserved: Lane::new(options.queue_reserved_max),
            questions: ArrayQueue::new(options.queue_questions_max.max(1)),
            asleep: AtomicBool::new(false),
            core: OnceLock::new(),
        }
    }

    /// Puts a batch in its lane, whole or not at all. A batch goes where each of its commands would go: only one of nothing
    /// but halts and freezes passes the queue, only one of nothing but what protects people may take reserved places.
    pub(crate) fn submit(&self, mut waiting: Box<Waiting>) -> Result<(), Box<Waiting>> {
        waiting.reserved = waiting.batch.passes_the_queue;
        if waiting.reserved {
            waiting = match self.reserved.push(waiting) {
                Ok(()) => {
                    self.wake();
                    return Ok(());
                }
                Err(waiting) => waiting,
            };
            waiting.reserved = false;
        }
        if let Err(mut waiting) = self.commands.push(waiting) {
            if !waiting.batch.protects || waiting.batch.passes_the_queue {
                return Err(waiting);
            }
            waiting.reserved = true;
            self.reserved.push(waiting)?;
        }
        self.wake();
        Ok(())
    }

    /// Puts a question in its lane.
    pub(crate) fn ask(&self, question: Question) -> Result<(), Refusal> {
        self.questions.push(question).map_err(|_| Refusal::Overloaded)?;
        self.wake();
        Ok(())
    }

    /// The next batch of the reserved places.
    pub(crate) fn next_reserved(&self) -> Option<Box<Waiting>> {
        self.reserved.pop()
    }

    /// The next batch of the others.
    pub(crate) fn next_batch(&self) -> Option<Box<Waiting>> {
        self.commands.pop()
    }

    /// That many commands of a batch were read: there is room for as many new ones.
    pub(crate) fn read(&self, reserved: bool, commands: usize) {
        if reserved { self.reserved.read(commands) } else { self.commands.read(commands) }
    }

    /// The next question.
    pub(crate) fn next_question(&self) -> Option<Question> {
        self.questions.pop()
    }

    /// Commands waiting now.
    pub(crate) fn commands_waiting(&self) -> usize {
        self.commands.commands.load(Ordering::Relaxed) + self.reserved.commands.load(Ordering::Relaxed)
    }

    /// Whether a batch waits.
    pub(crate) fn commands_wait(&self) -> bool {
        !self.commands.batches.is_empty() || !self.reserved.batches.is_empty()
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.commands_wait() && self.questions.is_empty()
    }

    /// Called by the core's thread before its first turn.
    pub(crate) fn attach_core(&self) {
        // Set once; a second core would be a bug of `Node::start`, which makes one.
        let _ = self.core.set(std::thread::current());
    }

    /// Whether that is the core's thread.
    pub(crate) fn is_core(&self, thread: ThreadId) -> bool {
        self.core.get().is_some_and(|core| core.id() == thread)
    }

    /// Wakes the core if it sleeps.
    pub(crate) fn wake(&self) {
        // Orders the push before the look at `asleep`, as `sleep` orders its mark before its look at the lanes.
        fence(Ordering::SeqCst);
        if self.asleep.load(Ordering::Relaxed)
            && let Some(core) = self.core.get()
        {
            core.unpark();
        }
    }

    /// Looks for work a little longer; answers whether there is some.
    pub(crate) fn linger(&self) -> bool {
        for _ in 0..SPINS_MAX {
            if !self.is_empty() {
                return true;
            }
            std::hint::spin_loop();
        }
        std::thread::yield_now();
        !self.is_empty()
    }

    /// Sleeps until there is work, `woken` holds, or `timeout` has passed.
    pub(crate) fn sleep(&self, timeout: Duration, woken: impl Fn() -> bool) {
        self.asleep.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if self.is_empty() && !woken() {
            std::thread::park_timeout(timeout);
        }
        self.asleep.store(false, Ordering::Relaxed);
    }
}
