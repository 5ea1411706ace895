//! The way in: three bounded lock-free lanes, and the bell that wakes the core.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering, fence},
    },
    thread::Thread,
    time::{Duration, Instant},
};

use carbex_core::{Command, Market};
use carbex_vocabulary::{Phase, Sequence};
use crossbeam::queue::ArrayQueue;

use crate::{NodeOptions, Receipt, Refusal, Submission, pending::Reply};

/// A command waiting to be sequenced.
pub(crate) struct Waiting {
    pub(crate) submission: Submission,
    pub(crate) reply: Reply<Receipt>,
    pub(crate) entered: Instant,
}

/// A question waiting for exact, durable state; it answers its asker itself, and is dropped unanswered at a stop.
pub(crate) type Question = Box<dyn FnOnce(&Market, Sequence) + Send>;

/// How long the core looks for work before it sleeps. Short: with two cores a spinning core starves who would feed it.
const SPINS_MAX: u32 = 64;

/// Commands, reserved places for what protects people, and questions.
pub(crate) struct Lanes {
    commands: ArrayQueue<Waiting>,
    reserved: ArrayQueue<Waiting>,
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
fn passes_the_queue(command: &Command) -> bool {
    matches!(command, Command::SetPhase { phase: Phase::Halted } | Command::Freeze { .. })
}

impl Lanes {
    pub(crate) fn new(options: &NodeOptions) -> Self {
        Self {
            commands: ArrayQueue::new(options.queue_commands_max.max(1)),
            reserved: ArrayQueue::new(options.queue_reserved_max.max(1)),
            questions: ArrayQueue::new(options.queue_questions_max.max(1)),
            asleep: AtomicBool::new(false),
            core: OnceLock::new(),
        }
    }

    /// Puts a command in its lane.
    pub(crate) fn submit(&self, waiting: Waiting) -> Result<(), Refusal> {
        let (first, second) = match &waiting.submission.command {
            command if passes_the_queue(command) => (&self.reserved, Some(&self.commands)),
            command if protects(command) => (&self.commands, Some(&self.reserved)),
            _ => (&self.commands, None),
        };
        if let Err(waiting) = first.push(waiting) {
            second.ok_or(Refusal::Overloaded)?.push(waiting).map_err(|_| Refusal::Overloaded)?;
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

    /// The next command: reserved places first.
    pub(crate) fn next_command(&self) -> Option<Waiting> {
        self.reserved.pop().or_else(|| self.commands.pop())
    }

    /// The next question.
    pub(crate) fn next_question(&self) -> Option<Question> {
        self.questions.pop()
    }

    /// Commands waiting now.
    pub(crate) fn commands_waiting(&self) -> usize {
        self.commands.len() + self.reserved.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.commands.is_empty() && self.reserved.is_empty() && self.questions.is_empty()
    }

    /// Called by the core's thread before its first turn.
    pub(crate) fn attach_core(&self) {
        // Set once; a second core would be a bug of `Node::start`, which makes one.
        let _ = self.core.set(std::thread::current());
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
