//! The bytes on disk, version 1 (snapshots: 2): every structure little-endian, of fixed size. Drawn in FORMAT.md.

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// The unit of tearing: disks write whole sectors, so every group begins on one and fills whole ones.
pub(crate) const SECTOR_BYTES: usize = 512;
/// The format version that this program writes and reads.
pub(crate) const VERSION: u16 = 1;
/// The snapshot format version that this program writes and reads.
pub(crate) const SNAPSHOT_VERSION: u16 = 2;
/// Where the first group of a segment begins: behind the header's sector.
pub(crate) const SEGMENT_HEADER_BYTES: usize = SECTOR_BYTES;

/// First bytes of a segment.
pub(crate) const SEGMENT_MAGIC: [u8; 8] = *b"cxjSEGMT";
/// First bytes of a group.
pub(crate) const GROUP_MAGIC: [u8; 8] = *b"cxjGROUP";
/// Last bytes of a group. No byte of it can become zero by one flipped bit.
pub(crate) const END_MAGIC: [u8; 8] = *b"cxjGREND";
/// First bytes of a snapshot.
pub(crate) const SNAPSHOT_MAGIC: [u8; 8] = *b"cxsSTATE";
/// Last bytes of a snapshot.
pub(crate) const SNAPSHOT_END_MAGIC: [u8; 8] = *b"cxsSTEND";

const _: () = {
    let mut at = 0;
    while at < 8 {
        assert!(END_MAGIC[at].count_ones() >= 2, "one flipped bit must not look like a byte that was never written");
        assert!(GROUP_MAGIC[at].count_ones() >= 2);
        at += 1;
    }
};

/// The group has no records: it says that an opening (a new epoch) begins here.
pub(crate) const FLAG_OPENED: u16 = 0x0001;
/// The group has no records: it proves that everything before it was complete.
pub(crate) const FLAG_SEAL: u16 = 0x0002;
/// Every flag of version 1.
pub(crate) const FLAGS_KNOWN: u16 = FLAG_OPENED | FLAG_SEAL;

/// The first sector of a segment; what is left of the sector is zero.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct SegmentHeader {
    pub magic: [u8; 8],
    pub version: U16,
    pub flags: U16,
    /// The largest group that its writer made, header and trailer included.
    pub group_bytes_max: U32,
    /// The epoch that began the segment.
    pub epoch: U64,
    /// The sequence of the first record in it.
    pub first_sequence: U64,
    pub segment_bytes: U64,
    /// The time of the last record before it.
    pub previous_time_ns: U64,
    /// The chain before it.
    pub previous_hash: [u8; 32],
    pub reserved: U32,
    /// CRC-32C of everything before.
    pub crc: U32,
}

/// The head of a group.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct GroupHeader {
    pub magic: [u8; 8],
    pub version: U16,
    pub flags: U16,
    pub record_count: U32,
    pub epoch: U64,
    /// The sequence of its first record; of the next one, when it has none.
    pub first_sequence: U64,
    /// The time of its last record; of the one before it, when it has none.
    pub last_time_ns: U64,
    /// The records, each padded to 8 bytes, without the padding before the trailer.
    pub payload_bytes: U32,
    /// Everything, header and trailer included: whole sectors.
    pub group_bytes: U32,
    /// How many of its sectors hold fewer than two nonzero bytes. More zero sectors than these were never written.
    pub sparse_sectors: U32,
    pub reserved: U32,
    pub previous_hash: [u8; 32],
    pub events_hash: [u8; 32],
    pub reserved_2: U32,
    /// CRC-32C of everything before, in every version at this place.
    pub crc: U32,
}

/// The last bytes of a group, which end its last sector.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct GroupTrailer {
    pub group_bytes: U32,
    /// CRC-32C of everything between header and trailer.
    pub payload_crc: U32,
    /// blake3(previous hash ‖ header ‖ everything between header and trailer).
    pub group_hash: [u8; 32],
    pub magic: [u8; 8],
}

/// The head of a record; reason and body follow, then zeros up to 8 bytes.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct RecordHeader {
    /// CRC-32C of everything after it, padding not included.
    pub crc: U32,
    /// Header, reason and body, padding not included.
    pub record_bytes: U32,
    pub epoch: U64,
    pub sequence: U64,
    pub time_ns: U64,
    pub actor: U64,
    pub idempotency_key: [u8; 16],
    pub member: U32,
    pub body_bytes: U32,
    pub role: u8,
    pub reason_bytes: u8,
    pub flags: U16,
    pub reserved: U32,
}

/// The first bytes of a snapshot file; zeros follow up to a block.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct SnapshotHeader {
    pub magic: [u8; 8],
    pub version: U16,
    pub flags: U16,
    /// How many chunks stand before the state.
    pub preface_chunks: U32,
    pub sequence: U64,
    pub time_ns: U64,
    pub epoch: U64,
    pub group_hash: [u8; 32],
    /// blake3 of the payload of the chunks behind the preface.
    pub state_hash: [u8; 32],
    pub reserved: U32,
    pub crc: U32,
}

/// Before every chunk of a snapshot's payload; zeros follow the payload up to a block.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct ChunkHeader {
    /// 0, 1, 2 …; the trailer's number is all ones.
    pub number: U32,
    /// The payload, zeros not included.
    pub payload_bytes: U32,
    /// CRC-32C of the payload bytes.
    pub payload_crc: U32,
    /// CRC-32C of the 12 bytes before.
    pub crc: U32,
}

/// The last bytes of a snapshot file that are not zero.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct SnapshotTrailer {
    /// All ones: no chunk has this number.
    pub number: U32,
    pub chunk_count: U32,
    pub payload_bytes: U64,
    /// blake3(payload of the preface ‖ header).
    pub hash: [u8; 32],
    pub reserved: U32,
    pub crc: U32,
    pub magic: [u8; 8],
}

pub(crate) const GROUP_HEADER_BYTES: usize = size_of::<GroupHeader>();
pub(crate) const GROUP_TRAILER_BYTES: usize = size_of::<GroupTrailer>();
pub(crate) const RECORD_HEADER_BYTES: usize = size_of::<RecordHeader>();
const _: () = assert!(GROUP_HEADER_BYTES == 128 && GROUP_TRAILER_BYTES == 48 && RECORD_HEADER_BYTES == 72);
const _: () = assert!(size_of::<SegmentHeader>() == 88 && size_of::<SnapshotHeader>() == 112);
const _: () = assert!(size_of::<ChunkHeader>() == 16 && size_of::<SnapshotTrailer>() == 64);

/// CRC-32C (Castagnoli).
pub(crate) fn crc32c(bytes: &[u8]) -> u32 {
    // The crate answers every width in 64 bits; a 32-bit checksum fits 32.
    crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, bytes) as u32
}

/// CRC-32C of a structure's bytes before its last four (where its own checksum stands).
pub(crate) fn crc_before_last_4(bytes: &[u8]) -> u32 {
    crc32c(&bytes[..bytes.len() - 4])
}

/// How long a group with that many payload bytes is on disk.
pub(crate) const fn group_bytes_for(payload_bytes: usize) -> usize {
    (GROUP_HEADER_BYTES + payload_bytes + GROUP_TRAILER_BYTES).next_multiple_of(SECTOR_BYTES)
}

/// How many bytes from the start up to and including the last that is not zero.
pub(crate) fn used_bytes(bytes: &[u8]) -> usize {
    let mut end = bytes.len();
    // Whole sectors first: comparing 512 bytes with zeros is one fast memcmp, and tails are mostly zeros.
    while end >= SECTOR_BYTES && bytes[end - SECTOR_BYTES..end] == [0; SECTOR_BYTES] {
        end -= SECTOR_BYTES;
    }
    bytes[..end].iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1)
}
