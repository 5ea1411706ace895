//! One client of a node in this process: batches leave in order, their answers are read in order, and no more is under way
//! than the client was made for.
//!
//! That bound keeps the node's queue from being full. It must never be: a full queue has reserved places for batches of
//! nothing but cancels and payments, which overtake what waits, and the client's orders would not get the numbers that its
//! own cancels name. In an open loop a batch that the bound holds back leaves late, and its latency counts from when it was
//! due all the same.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use carbex_node::{Answers, Batch, NodeHandle, Pending, Receipt, Refusal, Submission};
use carbex_vocabulary::Sequence;

/// Why the client cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ClientFault {
    /// The node refused what it should have taken.
    #[error("the node refused a command of the measurement: {0}")]
    Refused(#[from] Refusal),
    /// Somebody else was given a sequence, or commands changed places.
    #[error(
        "a command was to be number {expected} and became number {given}: only the measurement may submit, and in its order: this is a fault of the exchange, report it"
    )]
    OutOfOrder {
        /// The number that its place gives it.
        expected: u64,
        /// The number it was given.
        given: u64,
    },
}

/// A batch's answers, all of them receipts.
pub(crate) struct Answered {
    pub(crate) commands: u64,
    /// When the batch was due.
    pub(crate) due: Instant,
    /// When the last answer was read.
    pub(crate) at: Instant,
}

impl Answered {
    pub(crate) fn latency(&self) -> Duration {
        self.at.saturating_duration_since(self.due)
    }
}

struct UnderWay {
    due: Instant,
    commands: usize,
    answers: Pending<Answers>,
}

/// The client.
pub(crate) struct Client<'a> {
    node: &'a NodeHandle,
    under_way: VecDeque<UnderWay>,
    commands_under_way: usize,
    under_way_max: usize,
    /// The number that the oldest command under way must be given, where it is known.
    next: Option<u64>,
}

impl<'a> Client<'a> {
    /// A client that has at most so many commands under way: no more than the node's queue holds.
    pub(crate) fn new(node: &'a NodeHandle, under_way_max: usize) -> Self {
        Self { node, under_way: VecDeque::new(), commands_under_way: 0, under_way_max, next: None }
    }

    /// From this command on every one must be given the number after the last: nobody else submits.
    pub(crate) fn alone_from(node: &'a NodeHandle, under_way_max: usize, next: u64) -> Self {
        Self { next: Some(next), ..Self::new(node, under_way_max) }
    }

    /// Submits a batch that was due then, once there is room for it; reads answers until there is.
    pub(crate) fn submit(
        &mut self,
        batch: Batch,
        due: Instant,
        told: &mut impl FnMut(Answered),
    ) -> Result<(), ClientFault> {
        let commands = batch.len();
        while self.commands_under_way + commands > self.under_way_max
            && let Some(oldest) = self.under_way.pop_front()
        {
            let answers = oldest.answers.wait();
            told(self.read(oldest.due, oldest.commands, answers)?);
        }
        let answers = self.node.submit_batch(batch).map_err(|refused| refused.refusal)?;
        self.under_way.push_back(UnderWay { due, commands, answers });
        self.commands_under_way += commands;
        Ok(())
    }

    /// Reads answers as they come until that time; all that are there if it is past.
    pub(crate) fn read_until(&mut self, end: Instant, told: &mut impl FnMut(Answered)) -> Result<(), ClientFault> {
        while let Some(oldest) = self.under_way.front() {
            let Some(answers) = oldest.answers.wait_timeout(end.saturating_duration_since(Instant::now())) else {
                return Ok(());
            };
            let (due, commands) = (oldest.due, oldest.commands);
            self.under_way.pop_front();
            told(self.read(due, commands, answers)?);
        }
        std::thread::sleep(end.saturating_duration_since(Instant::now()));
        Ok(())
    }

    /// Reads all answers that are still to come.
    pub(crate) fn finish(mut self, told: &mut impl FnMut(Answered)) -> Result<(), ClientFault> {
        while let Some(oldest) = self.under_way.pop_front() {
            let answers = oldest.answers.wait();
            told(self.read(oldest.due, oldest.commands, answers)?);
        }
        Ok(())
    }

    fn read(
        &mut self,
        due: Instant,
        commands: usize,
        answers: Result<Answers, Refusal>,
    ) -> Result<Answered, ClientFault> {
        let at = Instant::now();
        self.commands_under_way -= commands;
        for answer in answers? {
            let given = answer?.sequence;
            if let Some(expected) = &mut self.next {
                in_order(*expected, given)?;
                *expected += 1;
            }
        }
        Ok(Answered { commands: commands as u64, due, at })
    }
}

fn in_order(expected: u64, given: Sequence) -> Result<(), ClientFault> {
    let given = given.number();
    if given == expected { Ok(()) } else { Err(ClientFault::OutOfOrder { expected, given }) }
}

/// Submits one command and waits for its receipt.
pub(crate) fn one(node: &NodeHandle, submission: Submission) -> Result<Receipt, ClientFault> {
    Ok(node.submit(submission).and_then(Pending::wait)?)
}

/// Adds a command to a batch.
pub(crate) fn push(batch: &mut Batch, submission: &Submission) {
    // A batch takes as many commands as the queue holds, which is more than any asked for here.
    let _ = batch.push(submission);
}

#[cfg(test)]
mod tests {
    use carbex_core::{Capacities, Command};
    use carbex_node::{Node, NodeOptions, Role, Silent};

    use super::*;

    const QUEUE_COMMANDS: usize = 8;
    const BATCH_COMMANDS: usize = 3;
    const COMMANDS: u64 = 3_000;

    fn node(directory: &tempfile::TempDir) -> NodeHandle {
        let capacities = Capacities { accounts: 2, orders: 2, slice_accounts: 2 };
        let options = NodeOptions { queue_commands_max: QUEUE_COMMANDS, ..NodeOptions::new(directory.path()) }
            .founding(capacities, carbex_rulebook::parse_toml("version = \"client\"").expect("rules"));
        Node::start(options, &Silent).expect("a node")
    }

    /// Nothing happens in it, and it protects no one: it takes the ordinary lane.
    fn batch(node: &NodeHandle) -> Batch {
        let mut batch = node.batch();
        for _ in 0..BATCH_COMMANDS {
            push(&mut batch, &Submission::new(Command::Uncross, Role::System, 0));
        }
        batch
    }

    #[test]
    fn a_small_queue_is_never_full_and_everything_is_answered_in_order() {
        let directory = tempfile::tempdir().expect("a directory");
        let node = node(&directory);
        let (mut answered, founded) = (0, node.durable().number());
        let mut client = Client::alone_from(&node, QUEUE_COMMANDS, founded + 1);
        let due = Instant::now();
        while answered < COMMANDS {
            let mut told = |batch: Answered| {
                assert!(batch.at >= due);
                answered += batch.commands;
            };
            client.submit(batch(&node), due, &mut told).expect("room in the queue");
            assert!(client.commands_under_way <= QUEUE_COMMANDS);
            client.read_until(due, &mut told).expect("receipts in order");
        }
        client.finish(&mut |batch| answered += batch.commands).expect("receipts in order");
        assert_eq!(founded + answered, node.durable().number());
        node.stop().expect("a clean stop");
    }

    #[test]
    fn a_command_of_somebody_else_is_noticed() {
        let directory = tempfile::tempdir().expect("a directory");
        let node = node(&directory);
        let next = node.durable().number() + 1;
        let mut client = Client::alone_from(&node, QUEUE_COMMANDS, next);
        client.submit(batch(&node), Instant::now(), &mut |_| {}).expect("room in the queue");
        one(&node, Submission::new(Command::Tick, Role::System, 0)).expect("a receipt");
        client.submit(batch(&node), Instant::now(), &mut |_| {}).expect("room in the queue");
        let fault = client.finish(&mut |_| {}).expect_err("a number that is somebody else's");
        let expected = next + BATCH_COMMANDS as u64;
        assert!(
            matches!(fault, ClientFault::OutOfOrder { expected: at, given } if at == expected && given == expected + 1),
            "{fault}"
        );
        node.stop().expect("a clean stop");
    }
}
