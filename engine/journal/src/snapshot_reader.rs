//! Reading a snapshot back: nothing is handed out that has not been verified.

use std::io;
use std::path::Path;
use std::sync::Arc;

use carbex_vocabulary::{Sequence, TimestampNs};
use zerocopy::{FromBytes, IntoBytes};

use crate::layout::{
    ChunkHeader, SNAPSHOT_END_MAGIC, SNAPSHOT_MAGIC, SnapshotHeader, SnapshotTrailer, VERSION, crc_before_last_4,
    crc32c,
};
use crate::names::snapshot_sequence;
use crate::snapshot::{TRAILER_NUMBER, trailer_crc};
use crate::storage::{DiskDirectory, Storage, StorageFile, disk_fault, read_up_to};
use crate::{Epoch, GroupHash, JournalFault, SnapshotHead, StateHash};

/// No writer makes larger chunks.
const CHUNK_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Reads and checks a snapshot's header.
pub(crate) fn read_head(
    storage: &dyn Storage,
    name: &str,
    file: &dyn StorageFile,
) -> Result<(SnapshotHead, SnapshotHeader), JournalFault> {
    let damaged = |offset: u64, reason: String| JournalFault::Snapshot { file: storage.path(name), offset, reason };
    let unsupported = |offset, what, found: u16, known| JournalFault::Unsupported {
        file: storage.path(name),
        offset,
        what,
        found: found.into(),
        known,
    };
    let mut bytes = [0; size_of::<SnapshotHeader>()];
    let read = read_up_to(file, &mut bytes, 0).map_err(disk_fault(storage, name, "read"))?;
    let header = match SnapshotHeader::read_from_bytes(&bytes[..read]) {
        Ok(header) => header,
        Err(_) => return Err(damaged(read as u64, "the file ends inside its header".into())),
    };
    if header.magic != SNAPSHOT_MAGIC {
        return Err(damaged(
            0,
            format!("expected the snapshot magic {SNAPSHOT_MAGIC:02x?}, found {:02x?}", header.magic),
        ));
    }
    let crc = crc_before_last_4(&bytes);
    if header.crc.get() != crc {
        return Err(damaged(
            0,
            format!("the header's CRC-32C says {:#010x}, its bytes give {crc:#010x}", header.crc.get()),
        ));
    }
    if header.version.get() != VERSION {
        return Err(unsupported(8, "snapshot format version", header.version.get(), "1"));
    }
    if header.flags.get() != 0 {
        return Err(unsupported(10, "snapshot flags", header.flags.get(), "none"));
    }
    if Path::new(name).file_name().and_then(|name| snapshot_sequence(name.to_str()?)) != Some(header.sequence.get()) {
        return Err(damaged(16, format!("the header says record {}, the file's name another", header.sequence)));
    }
    let head = SnapshotHead {
        sequence: Sequence::new(header.sequence.get()),
        time: TimestampNs::new(header.time_ns.get()),
        epoch: Epoch::new(header.epoch.get()),
        group_hash: GroupHash::new(header.group_hash),
        state_hash: StateHash::new(header.state_hash),
    };
    Ok((head, header))
}

/// Reads a snapshot's payload chunk by chunk; every byte handed out is verified, and the end is only reached if the whole is.
pub struct SnapshotReader {
    storage: Arc<dyn Storage>,
    file: Box<dyn StorageFile>,
    name: String,
    head: SnapshotHead,
    header: SnapshotHeader,
    at: u64,
    next_number: u32,
    payload_bytes: u64,
    hasher: blake3::Hasher,
    chunk: Vec<u8>,
    /// How much of `chunk` the `Read` side has handed out.
    taken: usize,
    ended: bool,
}

impl core::fmt::Debug for SnapshotReader {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SnapshotReader").field("file", &self.name).field("at", &self.at).finish_non_exhaustive()
    }
}

impl SnapshotReader {
    /// Opens and verifies the header.
    pub fn open(file: &Path) -> Result<Self, JournalFault> {
        let directory = file.parent().unwrap_or(Path::new("."));
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        Self::open_in(Arc::new(DiskDirectory::new(directory)), name)
    }

    /// As [`SnapshotReader::open`], on any storage.
    pub fn open_in(storage: Arc<dyn Storage>, name: &str) -> Result<Self, JournalFault> {
        let file = storage.open_to_read(name).map_err(disk_fault(&*storage, name, "open"))?;
        let (head, header) = read_head(&*storage, name, &*file)?;
        Ok(Self {
            storage,
            file,
            name: name.to_owned(),
            head,
            header,
            at: size_of::<SnapshotHeader>() as u64,
            next_number: 0,
            payload_bytes: 0,
            hasher: blake3::Hasher::new(),
            chunk: Vec::new(),
            taken: 0,
            ended: false,
        })
    }

    /// The header.
    pub fn head(&self) -> &SnapshotHead {
        &self.head
    }

    /// The next verified chunk of the payload; none after the last, once the trailer is verified too.
    pub fn next_chunk(&mut self) -> Result<Option<&[u8]>, JournalFault> {
        if self.ended {
            return Ok(None);
        }
        let mut raw = [0; size_of::<ChunkHeader>()];
        self.fill(&mut raw)?;
        let header = ChunkHeader::read_from_bytes(&raw).map_err(|_| self.damaged("unreadable chunk header".into()))?;
        if header.number.get() == TRAILER_NUMBER {
            self.read_trailer()?;
            self.ended = true;
            return Ok(None);
        }
        let bytes = header.chunk_bytes.get() as usize;
        if header.crc.get() != crc_before_last_4(&raw)
            || header.number.get() != self.next_number
            || bytes == 0
            || bytes > CHUNK_BYTES_MAX
        {
            return Err(self.damaged(format!("the header of chunk {} is damaged", self.next_number)));
        }
        self.at += raw.len() as u64;
        let mut chunk = std::mem::take(&mut self.chunk);
        chunk.resize(bytes, 0);
        self.fill(&mut chunk)?;
        self.chunk = chunk;
        let crc = crc32c(&self.chunk);
        if crc != header.payload_crc.get() {
            let reason = format!(
                "chunk {}: its CRC-32C says {:#010x}, its bytes give {crc:#010x}",
                self.next_number,
                header.payload_crc.get()
            );
            return Err(self.damaged(reason));
        }
        self.hasher.update(&self.chunk);
        self.at += bytes as u64;
        self.payload_bytes += bytes as u64;
        self.next_number += 1;
        self.taken = 0;
        Ok(Some(&self.chunk))
    }

    fn read_trailer(&mut self) -> Result<(), JournalFault> {
        // One byte more than the trailer: nothing may follow it.
        let mut raw = [0; size_of::<SnapshotTrailer>() + 1];
        let read =
            read_up_to(&*self.file, &mut raw, self.at).map_err(disk_fault(&*self.storage, &self.name, "read"))?;
        let trailer = match SnapshotTrailer::read_from_bytes(&raw[..read]) {
            Ok(trailer) => trailer,
            Err(_) => return Err(self.damaged("the file does not end with its trailer".into())),
        };
        self.hasher.update(self.header.as_bytes());
        let whole = trailer.magic == SNAPSHOT_END_MAGIC
            && trailer.crc.get() == trailer_crc(&trailer)
            && trailer.chunk_count.get() == self.next_number
            && trailer.payload_bytes.get() == self.payload_bytes
            && trailer.reserved.get() == 0
            && trailer.hash == *self.hasher.finalize().as_bytes();
        if whole { Ok(()) } else { Err(self.damaged("the trailer does not match what stands before it".into())) }
    }

    fn fill(&self, buffer: &mut [u8]) -> Result<(), JournalFault> {
        let read = read_up_to(&*self.file, buffer, self.at).map_err(disk_fault(&*self.storage, &self.name, "read"))?;
        if read == buffer.len() {
            Ok(())
        } else {
            Err(self.damaged(format!("the file ends inside chunk {}", self.next_number)))
        }
    }

    fn damaged(&self, reason: String) -> JournalFault {
        JournalFault::Snapshot { file: self.storage.path(&self.name), offset: self.at, reason }
    }
}

impl io::Read for SnapshotReader {
    /// As `next_chunk`; damage is an error of kind `InvalidData` that holds the `JournalFault`.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.chunk.len() {
            let more = self.next_chunk().map_err(|fault| io::Error::new(io::ErrorKind::InvalidData, fault))?.is_some();
            if !more {
                return Ok(0);
            }
        }
        let count = buffer.len().min(self.chunk.len() - self.taken);
        buffer[..count].copy_from_slice(&self.chunk[self.taken..self.taken + count]);
        self.taken += count;
        Ok(count)
    }
}
