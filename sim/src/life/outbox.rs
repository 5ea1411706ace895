//! The outbox: commands on their way into the node's queue, kept until the node takes them.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use carbex_core::Command;
use carbex_node::{NodeHandle, Receipt, Refusal, Role, Submission};
use carbex_vocabulary::AccountId;

/// Commands offered to the queue at once.
const OFFER_COMMANDS_MAX: usize = 1_024;
/// How long to wait after a refusal before offering again: first, and at most.
const PAUSE_FIRST: Duration = Duration::from_millis(1);
const PAUSE_LONGEST: Duration = Duration::from_millis(100);

/// The pseudonymous numbers under which the life's institutions act (journaled with each command).
const REGULATOR: u64 = 1;
const BANK: u64 = 2;
const REGISTRY: u64 = 3;
const EXCHANGE: u64 = 4;

/// Who asks for what.
pub(super) fn by_bank(command: Command) -> Submission {
    Submission::new(command, Role::Bank, BANK)
}
pub(super) fn by_citizen(account: AccountId, command: Command) -> Submission {
    Submission::new(command, Role::Citizen, account.number())
}
pub(super) fn by_regulator(command: Command) -> Submission {
    Submission::new(command, Role::Regulator, REGULATOR)
}
pub(super) fn by_registry(command: Command) -> Submission {
    Submission::new(command, Role::Registry, REGISTRY)
}
pub(super) fn by_exchange(command: Command) -> Submission {
    Submission::new(command, Role::System, EXCHANGE)
}

/// Commands in order, until taken.
pub(super) struct Outbox {
    node: NodeHandle,
    waiting: VecDeque<Submission>,
    pause: Duration,
    /// The life is asked to end: it no longer waits for a disk without room.
    leaving: Arc<AtomicBool>,
    /// Commands the node took.
    pub(super) taken: u64,
    /// Refusals met: each was offered again later.
    pub(super) refused: u64,
}

impl Outbox {
    pub(super) fn new(node: NodeHandle) -> Self {
        Self {
            node,
            waiting: VecDeque::new(),
            pause: PAUSE_FIRST,
            leaving: Arc::new(AtomicBool::new(false)),
            taken: 0,
            refused: 0,
        }
    }

    /// What asks the life to end.
    pub(super) fn leaving(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.leaving)
    }

    /// Whether a refusal is one that nobody waits out who is asked to leave.
    fn ends(&self, refusal: Refusal) -> bool {
        let without_room = matches!(refusal, Refusal::SpaceLow | Refusal::SpaceExhausted);
        without_room && self.leaving.load(Ordering::Relaxed)
    }

    /// Adds a command.
    pub(super) fn push(&mut self, submission: Submission) {
        self.waiting.push_back(submission);
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Offers one handful. Refused commands stay, in order, and the caller has then slept a little: longer each time.
    ///
    /// # Errors
    /// `Refusal::Stopping`: the node takes nothing more. Asked to leave, also `SpaceLow` and `SpaceExhausted`.
    pub(super) fn offer(&mut self) -> Result<(), Refusal> {
        let handful: Vec<Submission> = self.waiting.drain(..self.waiting.len().min(OFFER_COMMANDS_MAX)).collect();
        let mut refused = Vec::new();
        for (submission, answer) in handful.iter().zip(self.node.submit_many(&handful)) {
            match answer {
                // What came of it is read from what the node publishes.
                Ok(_receipt_to_come) => self.taken += 1,
                Err(Refusal::Stopping) => return Err(Refusal::Stopping),
                Err(refusal) if self.ends(refusal) => return Err(refusal),
                Err(
                    Refusal::Overloaded
                    | Refusal::SpaceLow
                    | Refusal::SpaceExhausted
                    | Refusal::KeyReused
                    | Refusal::KeysExhausted,
                ) => refused.push(*submission),
            }
        }
        if refused.is_empty() {
            self.pause = PAUSE_FIRST;
            return Ok(());
        }
        self.refused += refused.len() as u64;
        for submission in refused.into_iter().rev() {
            self.waiting.push_front(submission);
        }
        self.rest();
        Ok(())
    }

    /// Offers everything, however long it takes.
    ///
    /// # Errors
    /// `Refusal::Stopping`: the node takes nothing more. Asked to leave, also `SpaceLow` and `SpaceExhausted`.
    pub(super) fn empty(&mut self) -> Result<(), Refusal> {
        while self.len() > 0 {
            self.offer()?;
        }
        Ok(())
    }

    /// Submits one command past those that wait, and waits until it is durable.
    ///
    /// # Errors
    /// `Refusal::Stopping`: the node takes nothing more. Asked to leave, also `SpaceLow` and `SpaceExhausted`.
    pub(super) fn call(&mut self, submission: Submission) -> Result<Receipt, Refusal> {
        loop {
            match self.node.submit(submission).and_then(|pending| pending.wait()) {
                Ok(receipt) => {
                    self.taken += 1;
                    self.pause = PAUSE_FIRST;
                    return Ok(receipt);
                }
                Err(Refusal::Stopping) => return Err(Refusal::Stopping),
                Err(refusal) if self.ends(refusal) => return Err(refusal),
                Err(
                    Refusal::Overloaded
                    | Refusal::SpaceLow
                    | Refusal::SpaceExhausted
                    | Refusal::KeyReused
                    | Refusal::KeysExhausted,
                ) => {
                    self.refused += 1;
                    self.rest();
                }
            }
        }
    }

    fn rest(&mut self) {
        thread::sleep(self.pause);
        self.pause = (self.pause * 2).min(PAUSE_LONGEST);
    }
}
