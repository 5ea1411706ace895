//! What readers are given: the records of a group as they stand in the journal, and all its events.

use carbex_core::Command;
use carbex_journal::Records;
use carbex_vocabulary::{Event, Sequence, TimestampNs};
use carbex_wire::decode_command;

use crate::Role;

/// One durable command with everything it caused.
#[derive(Clone, Copy, Debug)]
pub struct PublishedRecord<'a> {
    /// Its place in the journal.
    pub sequence: Sequence,
    /// The market time it was given.
    pub time: TimestampNs,
    /// Who acted.
    pub actor: u64,
    /// In which role.
    pub role: Role,
    /// Through whose door; 0 = none.
    pub member: u32,
    /// What was asked.
    pub command: Command,
    /// What happened, in order.
    pub events: &'a [Event],
}

/// Commands that became durable together. It keeps their journal bytes: a command is decoded by the reader who looks at it.
#[derive(Debug, Default)]
pub struct PublishedGroup {
    /// The first command's place.
    pub first: Sequence,
    /// The last command's place.
    pub last: Sequence,
    /// The records, as journaled.
    payload: Vec<u8>,
    /// What all of them caused, and where each one's events end.
    events: Vec<Event>,
    ends: Vec<usize>,
}

impl PublishedGroup {
    /// Copies a group of at least one record into this one, whose memory is used again; `ends` has one entry per record. The
    /// core's own buffers stay with it, in its caches.
    pub(crate) fn fill(&mut self, first: Sequence, payload: &[u8], events: &[Event], ends: &[usize]) {
        self.first = first;
        self.last = Sequence::new(first.number() + ends.len() as u64 - 1);
        self.payload.clear();
        self.payload.extend_from_slice(payload);
        self.events.clear();
        self.events.extend_from_slice(events);
        self.ends.clear();
        self.ends.extend_from_slice(ends);
    }

    /// Whether its memory is more than four times what that group needs: then it is not used again, so that one command
    /// for everyone does not make every group after it as large.
    pub(crate) fn is_much_larger_than(&self, payload_bytes: usize, events: usize) -> bool {
        self.payload.capacity() > payload_bytes.saturating_mul(4) || self.events.capacity() > events.saturating_mul(4)
    }

    /// All commands, in order; never none.
    pub fn records(&self) -> impl Iterator<Item = PublishedRecord<'_>> {
        self.since(self.first)
    }

    /// The commands at or after `sequence`.
    pub fn since(&self, sequence: Sequence) -> impl Iterator<Item = PublishedRecord<'_>> {
        let skipped = usize::try_from(sequence.number().saturating_sub(self.first.number())).unwrap_or(usize::MAX);
        let starts = core::iter::once(0).chain(self.ends.iter().copied());
        let events = starts.zip(&self.ends).map(|(start, end)| &self.events[start..*end]);
        Records::of(&self.payload).zip(events).skip(skipped).map(|(record, events)| {
            let (Ok(command), Some(role)) = (decode_command(record.body), Role::from_number(record.role)) else {
                unreachable!("the core has read these bytes before they were journaled")
            };
            PublishedRecord {
                sequence: record.sequence,
                time: record.time,
                actor: record.actor,
                role,
                member: record.member,
                command,
                events,
            }
        })
    }

    /// What all commands of the group caused, in order.
    pub fn events(&self) -> &[Event] {
        &self.events
    }
}
