//! One chunk of a snapshot, where it lies between memory and disk: its head, its payload, zeros up to a block.

use std::io;
use std::ops::Range;

use memmap2::MmapMut;
use zerocopy::{FromBytes, IntoBytes};

use crate::layout::{ChunkHeader, crc_before_last_4, crc32c};
use crate::storage::BLOCK_BYTES;

/// The most a chunk takes on disk, head included: a large write for the disk, a short wait for the journal's behind it.
pub(crate) const CHUNK_BYTES: usize = 2 * 1024 * 1024;
const HEAD_BYTES: usize = size_of::<ChunkHeader>();
/// The most payload of a chunk.
pub(crate) const PAYLOAD_BYTES_MAX: usize = CHUNK_BYTES - HEAD_BYTES;
/// The number in the trailer's first field, which no chunk has.
pub(crate) const TRAILER_NUMBER: u32 = u32::MAX;

/// Room for a chunk. It begins on a page, as reading and writing past the page cache needs.
pub(crate) struct ChunkBuffer {
    map: MmapMut,
    /// Payload bytes in it.
    filled: usize,
    /// What it takes of the file, once it is sealed.
    file_bytes: usize,
}

impl ChunkBuffer {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { map: MmapMut::map_anon(CHUNK_BYTES)?, filled: 0, file_bytes: 0 })
    }

    pub(crate) fn is_full(&self) -> bool {
        self.filled == PAYLOAD_BYTES_MAX
    }

    pub(crate) fn payload(&self) -> &[u8] {
        &self.map[HEAD_BYTES..HEAD_BYTES + self.filled]
    }

    pub(crate) fn clear(&mut self) {
        (self.filled, self.file_bytes) = (0, 0);
    }

    /// The chunk as it goes to the disk, once it is sealed.
    pub(crate) fn sealed(&self) -> &[u8] {
        &self.map[..self.file_bytes]
    }

    /// Takes as many of `bytes` as fit; answers how many.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> usize {
        let count = bytes.len().min(PAYLOAD_BYTES_MAX - self.filled);
        let start = HEAD_BYTES + self.filled;
        self.map[start..start + count].copy_from_slice(&bytes[..count]);
        self.filled += count;
        count
    }

    /// Writes the head and the zeros.
    pub(crate) fn seal(&mut self, number: u32) {
        let mut header = ChunkHeader {
            number: number.into(),
            payload_bytes: (self.filled as u32).into(),
            payload_crc: crc32c(self.payload()).into(),
            crc: 0.into(),
        };
        header.crc = crc_before_last_4(header.as_bytes()).into();
        self.map[..HEAD_BYTES].copy_from_slice(header.as_bytes());
        let used = HEAD_BYTES + self.filled;
        let whole = used.next_multiple_of(BLOCK_BYTES);
        self.map[used..whole].fill(0);
        self.file_bytes = whole;
    }

    /// Room for as much of a file as a chunk may take.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        &mut self.map
    }

    /// Verifies the chunk in the first `read` bytes, which must be number `number`. Answers how much of the file it takes.
    pub(crate) fn open(&mut self, read: usize, number: u32) -> Result<Opened, String> {
        let ends = || format!("the file ends inside chunk {number}");
        let bytes = &self.map[..read];
        let (header, _) = ChunkHeader::read_from_prefix(bytes).map_err(|_| ends())?;
        if header.number.get() == TRAILER_NUMBER {
            return Ok(Opened::Trailer);
        }
        let filled = header.payload_bytes.get() as usize;
        if header.crc.get() != crc_before_last_4(header.as_bytes())
            || header.number.get() != number
            || !(1..=PAYLOAD_BYTES_MAX).contains(&filled)
        {
            return Err(format!("the header of chunk {number} is damaged"));
        }
        let used = HEAD_BYTES + filled;
        let whole = used.next_multiple_of(BLOCK_BYTES);
        if whole > read {
            return Err(ends());
        }
        let (crc, said) = (crc32c(&bytes[HEAD_BYTES..used]), header.payload_crc.get());
        if crc != said {
            return Err(format!("chunk {number}: its CRC-32C says {said:#010x}, its bytes give {crc:#010x}"));
        }
        if !is_zero(&bytes[used..whole]) {
            return Err(format!("chunk {number}: what fills its last block is not zero"));
        }
        self.filled = filled;
        Ok(Opened::Chunk { file_bytes: whole })
    }

    /// Some of the payload.
    pub(crate) fn part(&self, range: Range<usize>) -> &[u8] {
        &self.payload()[range]
    }
}

/// What stands at a place of a snapshot file.
pub(crate) enum Opened {
    Chunk { file_bytes: usize },
    Trailer,
}

pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

/// Structures as they stand at the beginning of a block of zeros that begins on a page.
pub(crate) fn block_of(bytes: &[u8]) -> io::Result<MmapMut> {
    let mut block = MmapMut::map_anon(BLOCK_BYTES)?;
    block[..bytes.len()].copy_from_slice(bytes);
    Ok(block)
}
