//! What waits is read, sequenced and applied, one command after the other, into the group that is being filled.

use std::time::Instant;

use carbex_journal::{AppendError, Journal, JournalFault};
use carbex_vocabulary::TimestampNs;

use super::{
    Core,
    chunk::{Done, Read},
};
use crate::{
    Mode, Receipt, Refusal,
    keys::{BodyHash, KeptAnswer},
    lanes::protects,
    metrics::record,
};

/// Chunks applied in one turn at most, so that questions are not kept waiting.
const CHUNKS_PER_TURN_MAX: usize = 8;
/// A group with so many events takes no more commands: one command for everyone causes an event for every account.
const GROUP_EVENTS_MAX: usize = 1 << 20;

/// What answers a key that is known: the first answer again, or a refusal if the body is another.
fn known_key(kept: &KeptAnswer, body: BodyHash) -> Done {
    if kept.body != body {
        return Done::Refused(Refusal::KeyReused);
    }
    Done::Repeated { sequence: kept.sequence, time: kept.time, outcome: kept.outcome }
}

const BATCH_STAYS: &str = "a batch stays with its chunk until its last command is answered";

/// Whether a record can be written with the group.
enum Found {
    /// It can.
    Room,
    /// Not with this one.
    GroupFull,
    /// With none: the disk is full.
    DiskFull,
}

/// What became of a command.
enum Placed {
    /// It was sequenced.
    Sequenced,
    /// It was answered without being sequenced.
    Answered,
    /// The group is full: it goes into the next.
    NoPlace,
}

impl Core {
    /// Reads and applies what waits, as much as the group takes and a turn allows. Answers whether there was anything.
    pub(super) fn sequence_what_waits(&mut self) -> Result<bool, JournalFault> {
        let mut worked = false;
        for _ in 0..CHUNKS_PER_TURN_MAX {
            if self.full {
                break;
            }
            if self.chunk.at == self.chunk.reads.len() && !self.fill_chunk() {
                break;
            }
            worked = true;
            self.apply_chunk()?;
        }
        Ok(worked)
    }

    fn fill_chunk(&mut self) -> bool {
        let waits_ns = &mut self.metrics.queue_wait_ns;
        self.chunk.fill(&self.shared.lanes, &mut self.due, |waited, commands| record(waits_ns, waited, commands as u64))
    }

    /// Applies the chunk's commands, to its end or to the group's. The clocks are read once for all of them.
    fn apply_chunk(&mut self) -> Result<(), JournalFault> {
        let time = self.shared.clock.now();
        let started = Instant::now();
        self.replica.keys.forget_expired(time);
        let mut sequenced = 0_u32;
        let from = self.chunk.at;
        while self.chunk.at < self.chunk.reads.len() {
            self.replica.market.look_ahead(self.chunk.read(), self.chunk.at);
            match self.place(time)? {
                Placed::Sequenced => sequenced += 1,
                Placed::Answered => {}
                Placed::NoPlace => {
                    self.full = true;
                    break;
                }
            }
            self.chunk.at += 1;
        }
        self.settle(from, time);
        if sequenced > 0 {
            record(&mut self.metrics.apply_ns, started.elapsed() / sequenced, u64::from(sequenced));
        }
        Ok(())
    }

    /// Sequences and applies the chunk's next command, or answers it; its answer waits for the disk.
    fn place(&mut self, time: TimestampNs) -> Result<Placed, JournalFault> {
        if self.holds_enough_answers() {
            return Ok(Placed::NoPlace);
        }
        let read = self.chunk.reads[self.chunk.at];
        if let Some(answer) = self.answered_already(&read) {
            self.chunk.done.push(answer);
            return Ok(Placed::Answered);
        }
        match self.find_room(read.record.len())? {
            Found::Room => {}
            Found::GroupFull => return Ok(Placed::NoPlace),
            Found::DiskFull => {
                self.chunk.done.push(Done::Refused(Refusal::SpaceExhausted));
                return Ok(Placed::Answered);
            }
        }
        let Self { chunk, group, replica, .. } = self;
        let Some(waiting) = &mut chunk.batches[read.batch] else { unreachable!("{BATCH_STAYS}") };
        let sequence = group.buffer.push_drafted(&waiting.batch.records[read.record.range()], time);
        let outcome_at = replica.apply(sequence, time, &chunk.commands[chunk.at], read.key, &mut group.events);
        group.ends.push(group.events.len());
        waiting.sequenced += 1;
        chunk.done.push(Done::Sequenced { sequence, outcome_at });
        Ok(Placed::Sequenced)
    }

    /// Encodes, hashes, counts and copies into answers what the commands have caused that were just applied. Not after each
    /// of them: reading an event right after it was written waits until all writes before it, to accounts anywhere in
    /// memory, have reached the caches.
    fn settle(&mut self, from: usize, time: TimestampNs) {
        let done = std::mem::take(&mut self.chunk.done);
        let sequenced = done.iter().filter(|done| matches!(done, Done::Sequenced { .. })).count();
        let mut place = self.group.ends.len() - sequenced;
        for (at, done) in (from..).zip(&done) {
            let read = self.chunk.reads[at];
            let answer = match *done {
                Done::Sequenced { sequence, outcome_at } => {
                    let start = place.checked_sub(1).map_or(0, |before| self.group.ends[before]);
                    let end = self.group.ends[place];
                    let events = &self.group.events[start..end];
                    place += 1;
                    self.hasher.add(sequence, events);
                    let outcome = self.group.events[outcome_at..end].first();
                    self.metrics.count(read.template, outcome);
                    self.metrics.journal_bytes += read.record.len() as u64;
                    Ok(Receipt { sequence, time, outcome: outcome.copied(), repeated: false })
                }
                Done::Repeated { sequence, time, outcome } => Ok(Receipt { sequence, time, outcome, repeated: true }),
                Done::Refused(refusal) => Err(refusal),
            };
            self.answer(&read, answer);
        }
        self.chunk.done = done;
        self.chunk.done.clear();
    }

    /// The answer to a command that is not to be sequenced: its key is known, or it cannot be taken now.
    fn answered_already(&self, read: &Read) -> Option<Done> {
        if let Some((name, body)) = &read.key {
            if let Some(kept) = self.replica.keys.answer(name) {
                return Some(known_key(kept, *body));
            }
            if self.replica.keys.len() >= self.options.keys_max {
                return Some(Done::Refused(Refusal::KeysExhausted));
            }
        }
        match self.mode {
            Mode::Normal => None,
            Mode::SpaceLow => {
                (!protects(&self.chunk.commands[self.chunk.at])).then_some(Done::Refused(Refusal::SpaceLow))
            }
            Mode::SpaceExhausted => Some(Done::Refused(Refusal::SpaceExhausted)),
        }
    }

    /// Makes sure that a record of that length can be written with this group. Nothing is applied before the journal has
    /// promised room for it; a segment is left only when everything in it is durable.
    fn find_room(&mut self, record_bytes: usize) -> Result<Found, JournalFault> {
        let bytes = Journal::group_bytes(self.group.buffer.payload_bytes() + record_bytes);
        if bytes <= self.options.group_bytes_max && bytes as u64 <= self.room_bytes {
            return Ok(Found::Room);
        }
        if !self.group.ends.is_empty() {
            return Ok(Found::GroupFull);
        }
        match self.pipeline.with_journal(|journal| journal.promise_room(record_bytes)) {
            Ok(room_bytes) => {
                self.room_bytes = room_bytes;
                Ok(Found::Room)
            }
            Err(AppendError::NoRoom { .. }) => Ok(Found::DiskFull),
            Err(AppendError::Fault(fault)) => Err(fault),
            Err(error @ (AppendError::GroupFull { .. } | AppendError::TooLarge { .. })) => {
                Err(JournalFault::Misuse(error.to_string()))
            }
        }
    }

    /// Keeps the answer to a command; after the last of a batch the batch passes to the group, which gives its answers.
    fn answer(&mut self, read: &Read, answer: Result<Receipt, Refusal>) {
        match &answer {
            Ok(receipt) => self.metrics.repeats += u64::from(receipt.repeated),
            Err(refusal) => self.shared.refusals.count(*refusal, 1),
        }
        let place = &mut self.chunk.batches[read.batch];
        let Some(waiting) = place else { unreachable!("{BATCH_STAYS}") };
        waiting.answers.push(answer);
        if waiting.answers.len() == waiting.batch.len() {
            self.group.answered.extend(place.take());
        }
    }

    /// Whether the group is full whatever its bytes.
    pub(super) fn holds_enough_answers(&self) -> bool {
        let commands_max = self.options.group_commands_max.max(1);
        self.group.ends.len() >= commands_max
            || self.group.answered.len() >= commands_max
            || self.group.events.len() >= GROUP_EVENTS_MAX
    }
}
