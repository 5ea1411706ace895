//! The hash of what a group caused: what a replay must cause again.

use carbex_journal::EventsHash;
use carbex_vocabulary::{Event, Sequence};
use carbex_wire::encode_event;

/// blake3 works best on many KiB at once; this many stay in the core's nearest cache.
const HASHED_BYTES: usize = 16 * 1024;

/// blake3 over, for each command: its sequence (u64, little-endian), the number of its events (u64), then each event's
/// length (u32) and journal bytes.
#[derive(Debug, Default)]
pub(crate) struct EventsHasher {
    hasher: blake3::Hasher,
    /// Encoded, not yet hashed.
    bytes: Vec<u8>,
}

impl EventsHasher {
    /// Adds one command's events.
    pub(crate) fn add(&mut self, sequence: Sequence, events: &[Event]) {
        self.bytes.extend_from_slice(&sequence.number().to_le_bytes());
        self.bytes.extend_from_slice(&(events.len() as u64).to_le_bytes());
        for event in events {
            let start = self.bytes.len();
            self.bytes.extend_from_slice(&[0; 4]);
            encode_event(event, &mut self.bytes);
            // An event's bytes are a fixed layout of less than 200 bytes.
            let length = (self.bytes.len() - start - 4) as u32;
            self.bytes[start..start + 4].copy_from_slice(&length.to_le_bytes());
            if self.bytes.len() >= HASHED_BYTES {
                self.hasher.update(&self.bytes);
                self.bytes.clear();
            }
        }
    }

    /// The hash of all that was added; the next group starts empty.
    pub(crate) fn finish(&mut self) -> EventsHash {
        self.hasher.update(&self.bytes);
        self.bytes.clear();
        let hash = EventsHash::new(*self.hasher.finalize().as_bytes());
        self.hasher.reset();
        hash
    }
}
