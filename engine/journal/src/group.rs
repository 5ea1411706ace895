//! A group being built: records are encoded straight into one reused buffer, which is then written as it is.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::chain::Chain;
use crate::layout::{
    END_MAGIC, GROUP_HEADER_BYTES, GROUP_MAGIC, GROUP_TRAILER_BYTES, GroupHeader, GroupTrailer, RECORD_HEADER_BYTES,
    RecordHeader, SECTOR_BYTES, VERSION, crc_before_last_4, crc32c, group_bytes_for,
};
use crate::{EventsHash, GroupHash, RecordHead};

/// One sector, aligned like the disk's.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(512))]
struct Sector([u8; SECTOR_BYTES]);

/// How many bytes a record takes, its padding included.
pub(crate) const fn record_bytes_padded(reason_bytes: usize, body_bytes: usize) -> usize {
    (RECORD_HEADER_BYTES + reason_bytes + body_bytes).next_multiple_of(8)
}

/// The buffer of one group at a time; allocated once, in the size of the largest group.
pub(crate) struct GroupBuffer {
    sectors: Vec<Sector>,
    payload_bytes: usize,
    record_count: u32,
}

impl GroupBuffer {
    /// A buffer for groups of at most `group_bytes_max`.
    pub fn new(group_bytes_max: usize) -> Self {
        Self {
            sectors: vec![Sector([0; SECTOR_BYTES]); group_bytes_max / SECTOR_BYTES],
            payload_bytes: 0,
            record_count: 0,
        }
    }

    /// Forgets the group.
    pub fn clear(&mut self) {
        self.payload_bytes = 0;
        self.record_count = 0;
    }

    /// Bytes of the records so far.
    pub fn payload_bytes(&self) -> usize {
        self.payload_bytes
    }

    /// Records so far.
    pub fn record_count(&self) -> u32 {
        self.record_count
    }

    /// Adds a record; the caller has made sure that it fits and that reason and body fit their fields.
    pub fn push_record(&mut self, epoch: u64, sequence: u64, head: &RecordHead<'_>, body: &[u8]) {
        let reason = head.reason.as_bytes();
        let record_bytes = RECORD_HEADER_BYTES + reason.len() + body.len();
        let start = GROUP_HEADER_BYTES + self.payload_bytes;
        let end = start + record_bytes_padded(reason.len(), body.len());
        let record = &mut self.sectors.as_mut_bytes()[start..end];
        let (reason_bytes, body_bytes) = (u8::try_from(reason.len()), u32::try_from(body.len()));
        let (Ok(reason_bytes), Ok(body_bytes)) = (reason_bytes, body_bytes) else {
            unreachable!("the caller has checked the lengths of reason and body")
        };
        let header = RecordHeader {
            crc: 0.into(),
            record_bytes: (RECORD_HEADER_BYTES as u32 + u32::from(reason_bytes) + body_bytes).into(),
            epoch: epoch.into(),
            sequence: sequence.into(),
            time_ns: head.time.ns().into(),
            actor: head.actor.into(),
            idempotency_key: head.idempotency_key.to_le_bytes(),
            member: head.member.into(),
            body_bytes: body_bytes.into(),
            role: head.role,
            reason_bytes,
            flags: 0.into(),
            reserved: 0.into(),
        };
        record[..RECORD_HEADER_BYTES].copy_from_slice(header.as_bytes());
        record[RECORD_HEADER_BYTES..][..reason.len()].copy_from_slice(reason);
        record[RECORD_HEADER_BYTES + reason.len()..record_bytes].copy_from_slice(body);
        record[record_bytes..].fill(0);
        let crc = crc32c(&record[4..record_bytes]);
        record[..4].copy_from_slice(&crc.to_le_bytes());
        self.payload_bytes += record.len();
        self.record_count += 1;
    }

    /// Closes the group on `chain` and answers its bytes and hash. `last_time_ns` is the time of its last record.
    pub fn finish(
        &mut self,
        chain: &Chain,
        epoch: u64,
        flags: u16,
        last_time_ns: u64,
        events: EventsHash,
    ) -> (&[u8], GroupHash) {
        let group_bytes = group_bytes_for(self.payload_bytes);
        let trailer_at = group_bytes - GROUP_TRAILER_BYTES;
        let bytes = &mut self.sectors.as_mut_bytes()[..group_bytes];
        bytes[GROUP_HEADER_BYTES + self.payload_bytes..trailer_at].fill(0);
        let header = GroupHeader {
            magic: GROUP_MAGIC,
            version: VERSION.into(),
            flags: flags.into(),
            record_count: self.record_count.into(),
            epoch: epoch.into(),
            first_sequence: chain.next.into(),
            last_time_ns: last_time_ns.into(),
            payload_bytes: (self.payload_bytes as u32).into(),
            group_bytes: (group_bytes as u32).into(),
            sparse_sectors: sparse_sectors(bytes).into(),
            reserved: 0.into(),
            previous_hash: *chain.hash.bytes(),
            events_hash: *events.bytes(),
            reserved_2: 0.into(),
            crc: 0.into(),
        };
        bytes[..GROUP_HEADER_BYTES].copy_from_slice(header.as_bytes());
        let header_crc = crc_before_last_4(&bytes[..GROUP_HEADER_BYTES]);
        bytes[GROUP_HEADER_BYTES - 4..GROUP_HEADER_BYTES].copy_from_slice(&header_crc.to_le_bytes());
        let hash = group_hash(&chain.hash, &bytes[..trailer_at]);
        let trailer = GroupTrailer {
            group_bytes: (group_bytes as u32).into(),
            payload_crc: crc32c(&bytes[GROUP_HEADER_BYTES..trailer_at]).into(),
            group_hash: *hash.bytes(),
            magic: END_MAGIC,
        };
        bytes[trailer_at..].copy_from_slice(trailer.as_bytes());
        (bytes, hash)
    }
}

/// blake3(previous hash ‖ header ‖ payload with its padding).
pub(crate) fn group_hash(previous: &GroupHash, header_and_payload: &[u8]) -> GroupHash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(previous.bytes());
    hasher.update(header_and_payload);
    GroupHash::new(*hasher.finalize().as_bytes())
}

/// How many sectors hold fewer than two nonzero bytes. The first and the last hold a magic: they never do.
fn sparse_sectors(group: &[u8]) -> u32 {
    let inner = group.get(SECTOR_BYTES..group.len() - SECTOR_BYTES).unwrap_or(&[]);
    let is_sparse = |sector: &&[u8]| sector.iter().filter(|&&byte| byte != 0).nth(1).is_none();
    inner.chunks_exact(SECTOR_BYTES).filter(is_sparse).count() as u32
}
