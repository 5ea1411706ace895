//! Commands on their way in: encoded by who submits them, on a thread of its own, as they will stand in the journal.

use std::time::Instant;

use carbex_journal::{RecordHead, draft_record};
use carbex_vocabulary::TimestampNs;
use carbex_wire::encode_command;

use crate::{
    Receipt, Refusal, Submission,
    keys::BodyHash,
    lanes::{passes_the_queue, protects},
    pending::Reply,
};

/// What each command of a batch is told, in the order of the batch.
pub type Answers = Vec<Result<Receipt, Refusal>>;

/// Commands that are submitted together: one place in line, one answer for all. Fill it on any thread; it costs the core
/// no more than the commands themselves.
#[derive(Debug)]
pub struct Batch {
    /// The records one after the other, without what only the core knows.
    pub(crate) records: Vec<u8>,
    /// Where each record ends.
    pub(crate) ends: Vec<u32>,
    /// The hashes of the bodies that came with a key, in order.
    pub(crate) hashes: Vec<BodyHash>,
    commands_max: usize,
    pub(crate) protects: bool,
    pub(crate) passes_the_queue: bool,
}

/// The batch holds as many commands as may wait in the queue at once: submit it, and begin another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the batch is full: submit it and begin another")]
pub struct BatchFull;

/// A batch that was not taken, and why; it can be submitted again as it is.
#[derive(Debug, thiserror::Error)]
#[error("{refusal}")]
pub struct RefusedBatch {
    /// Why.
    pub refusal: Refusal,
    /// What was not taken: all of it.
    pub batch: Batch,
}

impl Batch {
    /// More bytes than this are not put into one batch: the places of records in it are 32 bits wide.
    const BYTES_MAX: usize = 1 << 30;

    /// An empty batch for at most that many commands.
    pub(crate) fn new(commands_max: usize) -> Self {
        Self {
            records: Vec::new(),
            ends: Vec::new(),
            hashes: Vec::new(),
            commands_max,
            protects: true,
            passes_the_queue: true,
        }
    }

    /// A batch of one.
    pub(crate) fn of(submission: &Submission) -> Self {
        let mut batch = Self::new(1);
        batch.encode(submission);
        batch
    }

    /// Adds a command.
    pub fn push(&mut self, submission: &Submission) -> Result<(), BatchFull> {
        if self.ends.len() >= self.commands_max || self.records.len() >= Self::BYTES_MAX {
            return Err(BatchFull);
        }
        self.encode(submission);
        Ok(())
    }

    /// Commands in it.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    fn encode(&mut self, submission: &Submission) {
        let Submission { command, actor, role, idempotency_key, member, reason } = submission;
        let head = RecordHead {
            time: TimestampNs::ZERO,
            actor: *actor,
            role: role.number(),
            member: *member,
            idempotency_key: *idempotency_key,
            reason: reason.as_str(),
        };
        let hashes = &mut self.hashes;
        let body = |out: &mut Vec<u8>| {
            let start = out.len();
            encode_command(command, out);
            if *idempotency_key != 0 {
                hashes.push(BodyHash::of(&out[start..]));
            }
        };
        draft_record(&head, body, &mut self.records);
        self.ends.push(self.records.len() as u32);
        self.protects &= protects(command);
        self.passes_the_queue &= passes_the_queue(command);
    }
}

/// A batch in line, and what its commands were answered so far.
pub(crate) struct Waiting {
    pub(crate) batch: Batch,
    pub(crate) reply: Reply,
    pub(crate) entered: Instant,
    /// Whether it came by the reserved lane.
    pub(crate) reserved: bool,
    /// How many of its commands the core has read, and how many of its keys.
    pub(crate) read: usize,
    pub(crate) keys_read: usize,
    /// How many of its commands were sequenced.
    pub(crate) sequenced: u64,
    pub(crate) answers: Answers,
}

impl Waiting {
    pub(crate) fn new(batch: Batch, reply: Reply) -> Box<Self> {
        let answers = Vec::with_capacity(batch.len());
        let entered = Instant::now();
        Box::new(Self { batch, reply, entered, reserved: false, read: 0, keys_read: 0, sequenced: 0, answers })
    }

    /// Gives the answers; an asker who no longer waits needs none.
    pub(crate) fn answer(self) {
        let Self { reply, mut answers, .. } = self;
        match reply {
            Reply::One(reply) => {
                if let Some(answer) = answers.pop() {
                    let _ = reply.send(answer);
                }
            }
            Reply::All(reply) => {
                let _ = reply.send(Ok(answers));
            }
            Reply::Nobody => {}
        }
    }

    /// Refuses all that was not answered yet, and gives the answers.
    pub(crate) fn refuse(mut self, refusal: Refusal) {
        self.answers.resize_with(self.batch.len(), || Err(refusal));
        self.answer();
    }
}
