//! One group: what waits is gathered, sequenced, applied, made durable, and only then published and answered.

use std::{ops::Range, sync::Arc, time::Instant};

use carbex_core::Command;
use carbex_journal::{AppendError, Journal, JournalFault};
use carbex_wire::encode_command;

use super::{Core, view_of};
use crate::{
    Mode, PublishedGroup, PublishedRecord, Receipt, Refusal,
    journaled::record_head,
    keys::{BodyHash, KeptAnswer, KeyName},
    lanes::{Waiting, protects},
    metrics::record,
    pending::Reply,
    snapshot::Position,
};

/// A command taken out of its lane, encoded, not yet sequenced.
pub(super) struct Gathered {
    pub(super) waiting: Waiting,
    pub(super) body: Range<usize>,
    pub(super) key: Option<(KeyName, BodyHash)>,
}

/// An answer that waits for the disk.
pub(super) struct Answer {
    reply: Reply<Receipt>,
    entered: Instant,
    result: Result<Receipt, Refusal>,
}

/// What answers a key that is known: the first answer again, or a refusal if the body is another.
fn known_key(kept: &KeptAnswer, body: BodyHash) -> Result<Receipt, Refusal> {
    if kept.body != body {
        return Err(Refusal::KeyReused);
    }
    Ok(Receipt { sequence: kept.sequence, time: kept.time, outcome: kept.outcome, repeated: true })
}

impl Core {
    /// Takes what waits, as much as one group may hold; answers or refuses at once what is not to be sequenced. Returns
    /// the payload bytes of what was gathered.
    pub(super) fn gather(&mut self) -> usize {
        if self.gathered.is_empty() {
            self.bodies.clear();
        }
        let now = self.shared.clock.now();
        self.replica.keys.forget_expired(now);
        let payload_bytes_max = self.journal.payload_bytes_max();
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
    pub(super) fn write_group(&mut self, payload_bytes: usize) -> Result<(), JournalFault> {
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
        let time = self.shared.clock.now();
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

    /// Gives every answer that waited for the disk.
    pub(super) fn answer_all(&mut self) {
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
}
