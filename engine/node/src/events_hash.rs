//! The hash of what a group caused: what a replay must cause again.

use carbex_journal::EventsHash;
use carbex_vocabulary::{Event, Sequence};
use carbex_wire::encode_event;

/// blake3 over, for each command: its sequence (u64, little-endian), the number of its events (u64), then each event's
/// length (u32) and journal bytes.
#[derive(Debug, Default)]
pub(crate) struct EventsHasher {
    hasher: blake3::Hasher,
    bytes: Vec<u8>,
}

impl EventsHasher {
    /// Adds one command's events.
    pub(crate) fn add(&mut self, sequence: Sequence, events: &[Event]) {
        self.hasher.update(&sequence.number().to_le_bytes());
        self.hasher.update(&(events.len() as u64).to_le_bytes());
        for event in events {
            self.bytes.clear();
            encode_event(event, &mut self.bytes);
            // An event's bytes are a fixed layout of less than 200 bytes.
            self.hasher.update(&(self.bytes.len() as u32).to_le_bytes());
            self.hasher.update(&self.bytes);
        }
    }

    /// The hash of all that was added; the next group starts empty.
    pub(crate) fn finish(&mut self) -> EventsHash {
        let hash = EventsHash::new(*self.hasher.finalize().as_bytes());
        self.hasher.reset();
        hash
    }
}
