//! The commands that the core has read ahead: decoded, in order, a few at a time, so that it knows what comes next.

use std::{
    ops::Range,
    time::{Duration, Instant},
};

use carbex_core::Command;
use carbex_journal::Records;
use carbex_vocabulary::{Event, Sequence, TimestampNs};
use carbex_wire::decode_command_into;

use crate::{
    Refusal, Role,
    batch::Waiting,
    keys::{BodyHash, KeyName},
    lanes::Lanes,
    pending::Reply,
};

/// Commands read ahead at most. What came by the reserved lane waits behind so many.
const CHUNK_COMMANDS: usize = 128;

/// Where a record lies in its batch.
#[derive(Clone, Copy)]
pub(super) struct Place {
    start: u32,
    end: u32,
}

impl Place {
    pub(super) fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    pub(super) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// One command that was read.
#[derive(Clone, Copy)]
pub(super) struct Read {
    /// Which of the chunk's batches it belongs to, and where its record lies in that.
    pub(super) batch: usize,
    pub(super) record: Place,
    /// The number of its kind.
    pub(super) template: u16,
    pub(super) key: Option<(KeyName, BodyHash)>,
}

/// What became of a command.
#[derive(Clone, Copy)]
pub(super) enum Done {
    /// It was sequenced and applied; where among the group's events its outcome stands.
    Sequenced { sequence: Sequence, outcome_at: usize },
    /// Its key is known: this was answered.
    Repeated { sequence: Sequence, time: TimestampNs, outcome: Option<Event> },
    /// It was not taken.
    Refused(Refusal),
}

/// Some commands, decoded.
pub(super) struct Chunk {
    /// Places for commands; as many as `reads` are filled. They are written over, never moved.
    pub(super) commands: Box<[Command]>,
    pub(super) reads: Vec<Read>,
    /// The next command to be applied.
    pub(super) at: usize,
    /// What became of those that were applied and not settled yet.
    pub(super) done: Vec<Done>,
    /// The batches of these commands, each until its last one is answered.
    pub(super) batches: Vec<Option<Box<Waiting>>>,
    /// Batches read in part: of the reserved lane, and of the other.
    carried_reserved: Option<Box<Waiting>>,
    carried: Option<Box<Waiting>>,
}

impl Chunk {
    pub(super) fn new() -> Self {
        Self {
            commands: vec![Command::Tick; CHUNK_COMMANDS].into(),
            reads: Vec::with_capacity(CHUNK_COMMANDS),
            at: 0,
            done: Vec::with_capacity(CHUNK_COMMANDS),
            batches: Vec::with_capacity(CHUNK_COMMANDS),
            carried_reserved: None,
            carried: None,
        }
    }

    /// Whether commands that were taken out of their lane are still to be applied.
    pub(super) fn holds_commands(&self) -> bool {
        self.at < self.reads.len() || self.carried.is_some() || self.carried_reserved.is_some()
    }

    /// The commands that were read.
    pub(super) fn read(&self) -> &[Command] {
        &self.commands[..self.reads.len()]
    }

    /// Reads the next commands: what is due, then the reserved lane, then the other. Only when all before are applied.
    /// Answers whether there are any; tells how long how many of them waited.
    pub(super) fn fill(
        &mut self,
        lanes: &Lanes,
        due: &mut Option<Box<Waiting>>,
        mut waited: impl FnMut(Duration, usize),
    ) -> bool {
        let now = Instant::now();
        self.put_back_what_is_left();
        self.reads.clear();
        self.batches.clear();
        self.at = 0;
        while self.reads.len() < CHUNK_COMMANDS {
            let next = due
                .take()
                .or_else(|| self.carried_reserved.take())
                .or_else(|| lanes.next_reserved())
                .or_else(|| self.carried.take())
                .or_else(|| lanes.next_batch());
            let Some(mut waiting) = next else { break };
            let before = self.reads.len();
            self.read_some(&mut waiting);
            let commands = self.reads.len() - before;
            if !matches!(waiting.reply, Reply::Nobody) {
                lanes.read(waiting.reserved, commands);
            }
            waited(now.saturating_duration_since(waiting.entered), commands);
            self.batches.push(Some(waiting));
        }
        !self.reads.is_empty()
    }

    /// A batch that the chunk before could not hold to its end goes on from there.
    fn put_back_what_is_left(&mut self) {
        if let Some(Some(waiting)) = self.batches.pop() {
            let carried = if waiting.reserved { &mut self.carried_reserved } else { &mut self.carried };
            debug_assert!(carried.is_none(), "only the last batch of a chunk is read in part");
            *carried = Some(waiting);
        }
    }

    fn read_some(&mut self, waiting: &mut Waiting) {
        let end = waiting.batch.len().min(waiting.read + CHUNK_COMMANDS - self.reads.len());
        let mut start = waiting.read.checked_sub(1).map_or(0, |before| waiting.batch.ends[before]);
        for record in Records::of(&waiting.batch.records[start as usize..]).take(end - waiting.read) {
            let record_end = waiting.batch.ends[waiting.read];
            let role = Role::from_number(record.role);
            let decoded = decode_command_into(record.body, &mut self.commands[self.reads.len()]);
            let (Some(role), Ok(())) = (role, decoded) else {
                unreachable!("a batch holds what its encoder has written")
            };
            let key = (record.idempotency_key != 0).then(|| {
                let hash = waiting.batch.hashes[waiting.keys_read];
                waiting.keys_read += 1;
                (KeyName { key: record.idempotency_key, actor: record.actor, role }, hash)
            });
            let template = record.body.first_chunk().map_or(0, |bytes| u16::from_le_bytes(*bytes));
            let record = Place { start, end: record_end };
            self.reads.push(Read { batch: self.batches.len(), record, template, key });
            waiting.read += 1;
            start = record_end;
        }
    }
}
