//! A group being built: records are encoded straight into one reused buffer, which is then written as it is.

use core::mem::offset_of;

use carbex_vocabulary::{Sequence, TimestampNs};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::chain::Chain;
use crate::layout::{
    END_MAGIC, GROUP_HEADER_BYTES, GROUP_MAGIC, GROUP_TRAILER_BYTES, GroupHeader, GroupTrailer, RECORD_HEADER_BYTES,
    RecordHeader, SECTOR_BYTES, VERSION, crc_before_last_4, crc32c, group_bytes_for,
};
use crate::{EventsHash, GroupHash, RecordHead};

const LENGTH_AT: usize = offset_of!(RecordHeader, record_bytes);
const EPOCH_AT: usize = offset_of!(RecordHeader, epoch);
const SEQUENCE_AT: usize = offset_of!(RecordHeader, sequence);
const TIME_AT: usize = offset_of!(RecordHeader, time_ns);

/// One sector, aligned like the disk's.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(512))]
struct Sector([u8; SECTOR_BYTES]);

/// How many bytes a record takes, its padding included.
pub(crate) const fn record_bytes_padded(reason_bytes: usize, body_bytes: usize) -> usize {
    (RECORD_HEADER_BYTES + reason_bytes + body_bytes).next_multiple_of(8)
}

/// Appends a record as it will stand in a group, padded, but for what only the writer knows: epoch, sequence, time and
/// checksum are zero. Whoever submits a command can do this on a thread of its own; [`GroupBuffer::push_drafted`] does the
/// rest. `head.time` is not looked at.
///
/// # Panics
/// If the reason has more than [`RecordHead::REASON_BYTES_MAX`] bytes, or the body more than a `u32` counts.
pub fn draft_record(head: &RecordHead<'_>, body: impl FnOnce(&mut Vec<u8>), out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0; RECORD_HEADER_BYTES]);
    out.extend_from_slice(head.reason.as_bytes());
    let body_start = out.len();
    body(out);
    let record_bytes = out.len() - start;
    let header = record_header(head, out.len() - body_start);
    out[start..start + RECORD_HEADER_BYTES].copy_from_slice(header.as_bytes());
    out.resize(start + record_bytes.next_multiple_of(8), 0);
}

fn record_header(head: &RecordHead<'_>, body_bytes: usize) -> RecordHeader {
    let (reason_bytes, body_bytes) = (u8::try_from(head.reason.len()), u32::try_from(body_bytes));
    let (Ok(reason_bytes), Ok(body_bytes)) = (reason_bytes, body_bytes) else {
        unreachable!("the caller has checked the lengths of reason and body")
    };
    RecordHeader {
        crc: 0.into(),
        record_bytes: (RECORD_HEADER_BYTES as u32 + u32::from(reason_bytes) + body_bytes).into(),
        epoch: 0.into(),
        sequence: 0.into(),
        time_ns: 0.into(),
        actor: head.actor.into(),
        idempotency_key: head.idempotency_key.to_le_bytes(),
        member: head.member.into(),
        body_bytes: body_bytes.into(),
        role: head.role,
        reason_bytes,
        flags: 0.into(),
        reserved: 0.into(),
    }
}

/// The buffer of one group at a time; allocated once, in the size of the largest group. Whoever sequences fills it; epoch
/// and checksums are the journal's to add ([`crate::Journal::commit_group`]), on whatever thread that is called.
pub struct GroupBuffer {
    sectors: Vec<Sector>,
    payload_bytes: usize,
    record_count: u32,
    first: u64,
    last_time_ns: u64,
}

impl core::fmt::Debug for GroupBuffer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("GroupBuffer")
            .field("first", &self.first)
            .field("records", &self.record_count)
            .field("payload_bytes", &self.payload_bytes)
            .finish_non_exhaustive()
    }
}

impl GroupBuffer {
    /// A buffer for groups of at most `group_bytes_max`, header and trailer included.
    pub fn new(group_bytes_max: usize) -> Self {
        Self {
            sectors: vec![Sector([0; SECTOR_BYTES]); group_bytes_max / SECTOR_BYTES],
            payload_bytes: 0,
            record_count: 0,
            first: 0,
            last_time_ns: 0,
        }
    }

    /// Begins a group whose first record will be `first`; what was in it is forgotten.
    pub fn begin(&mut self, first: Sequence) {
        self.payload_bytes = 0;
        self.record_count = 0;
        self.first = first.number();
        self.last_time_ns = 0;
    }

    /// Bytes of the records so far.
    pub fn payload_bytes(&self) -> usize {
        self.payload_bytes
    }

    /// The most bytes that all records may have together.
    pub fn payload_bytes_max(&self) -> usize {
        self.sectors.len() * SECTOR_BYTES - GROUP_HEADER_BYTES - GROUP_TRAILER_BYTES
    }

    /// How long the group will be on disk.
    pub fn group_bytes(&self) -> usize {
        group_bytes_for(self.payload_bytes)
    }

    /// Records so far.
    pub fn record_count(&self) -> u32 {
        self.record_count
    }

    /// The sequence of its first record.
    pub fn first(&self) -> Sequence {
        Sequence::new(self.first)
    }

    /// The sequence that the next record will have.
    pub fn next_sequence(&self) -> Sequence {
        Sequence::new(self.first + u64::from(self.record_count))
    }

    /// The time of its last record; 0 while there is none.
    pub fn last_time(&self) -> TimestampNs {
        TimestampNs::new(self.last_time_ns)
    }

    /// The records so far (checksums only once it is on disk).
    pub fn payload(&self) -> &[u8] {
        &self.sectors.as_bytes()[GROUP_HEADER_BYTES..][..self.payload_bytes]
    }

    /// Takes over a record of [`draft_record`], padding included, and gives it the next sequence and its time, which may not
    /// be before the last record's. The caller has made sure that it fits.
    #[inline]
    pub fn push_drafted(&mut self, record: &[u8], time: TimestampNs) -> Sequence {
        debug_assert!(time.ns() >= self.last_time_ns, "time never goes backwards");
        let sequence = self.next_sequence();
        let start = GROUP_HEADER_BYTES + self.payload_bytes;
        let place = &mut self.sectors.as_mut_bytes()[start..start + record.len()];
        place.copy_from_slice(record);
        place[SEQUENCE_AT..SEQUENCE_AT + 8].copy_from_slice(&sequence.number().to_le_bytes());
        place[TIME_AT..TIME_AT + 8].copy_from_slice(&time.ns().to_le_bytes());
        self.payload_bytes += record.len();
        self.record_count += 1;
        self.last_time_ns = time.ns();
        sequence
    }

    /// Adds a record; the caller has made sure that it fits and that reason and body fit their fields.
    pub(crate) fn push_record(&mut self, head: &RecordHead<'_>, body: &[u8]) -> Sequence {
        let reason = head.reason.as_bytes();
        let sequence = self.next_sequence();
        let record_bytes = RECORD_HEADER_BYTES + reason.len() + body.len();
        let start = GROUP_HEADER_BYTES + self.payload_bytes;
        let end = start + record_bytes_padded(reason.len(), body.len());
        let record = &mut self.sectors.as_mut_bytes()[start..end];
        let header = RecordHeader {
            sequence: sequence.number().into(),
            time_ns: head.time.ns().into(),
            ..record_header(head, body.len())
        };
        record[..RECORD_HEADER_BYTES].copy_from_slice(header.as_bytes());
        record[RECORD_HEADER_BYTES..][..reason.len()].copy_from_slice(reason);
        record[RECORD_HEADER_BYTES + reason.len()..record_bytes].copy_from_slice(body);
        record[record_bytes..].fill(0);
        self.payload_bytes += record.len();
        self.record_count += 1;
        self.last_time_ns = head.time.ns();
        sequence
    }

    /// Gives every record its epoch and its checksum.
    fn complete_records(&mut self, epoch: u64) {
        let end = GROUP_HEADER_BYTES + self.payload_bytes;
        let mut rest = &mut self.sectors.as_mut_bytes()[GROUP_HEADER_BYTES..end];
        while !rest.is_empty() {
            let length = rest[LENGTH_AT..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes)) as usize;
            let (record, behind) = rest.split_at_mut(length.next_multiple_of(8));
            record[EPOCH_AT..EPOCH_AT + 8].copy_from_slice(&epoch.to_le_bytes());
            let crc = crc32c(&record[4..length]);
            record[..4].copy_from_slice(&crc.to_le_bytes());
            rest = behind;
        }
    }

    /// Closes the group on `chain` and answers its bytes and hash. `last_time_ns` is the time of its last record.
    pub(crate) fn finish(
        &mut self,
        chain: &Chain,
        epoch: u64,
        flags: u16,
        last_time_ns: u64,
        events: EventsHash,
    ) -> (&[u8], GroupHash) {
        self.complete_records(epoch);
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
