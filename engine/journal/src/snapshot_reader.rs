//! Reading a snapshot back: nothing is handed out that has not been verified.

use std::io;
use std::path::Path;
use std::sync::Arc;

use carbex_vocabulary::{Sequence, TimestampNs};
use zerocopy::{FromBytes, IntoBytes};

use crate::layout::{SNAPSHOT_MAGIC, SNAPSHOT_VERSION, SnapshotHeader, crc_before_last_4};
use crate::names::snapshot_sequence;
use crate::snapshot_chunk::{ChunkBuffer, is_zero};
use crate::snapshot_source::Source;
use crate::storage::{BLOCK_BYTES, DiskDirectory, Storage, StorageFile, disk_fault, read_up_to};
use crate::{Epoch, GroupHash, JournalFault, SnapshotHead, StateHash};

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
    let mut bytes = [0; BLOCK_BYTES];
    let read = read_up_to(file, &mut bytes, 0).map_err(disk_fault(storage, name, "read"))?;
    if read < BLOCK_BYTES {
        return Err(damaged(read as u64, "the file ends inside its header's block".into()));
    }
    let Ok((header, rest)) = SnapshotHeader::read_from_prefix(&bytes) else {
        return Err(damaged(0, "the header cannot be read".into()));
    };
    if header.magic != SNAPSHOT_MAGIC {
        return Err(damaged(
            0,
            format!("expected the snapshot magic {SNAPSHOT_MAGIC:02x?}, found {:02x?}", header.magic),
        ));
    }
    let crc = crc_before_last_4(header.as_bytes());
    if header.crc.get() != crc {
        return Err(damaged(
            0,
            format!("the header's CRC-32C says {:#010x}, its bytes give {crc:#010x}", header.crc.get()),
        ));
    }
    if header.version.get() != SNAPSHOT_VERSION {
        return Err(unsupported(8, "snapshot format version", header.version.get(), "2"));
    }
    if header.flags.get() != 0 {
        return Err(unsupported(10, "snapshot flags", header.flags.get(), "none"));
    }
    if !is_zero(rest) {
        return Err(damaged(size_of::<SnapshotHeader>() as u64, "what fills the header's block is not zero".into()));
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
    name: String,
    head: SnapshotHead,
    header: SnapshotHeader,
    /// Reads ahead from the first chunk on.
    source: Option<Source>,
    chunk: Option<ChunkBuffer>,
    /// How much of `chunk` the `Read` side has handed out.
    taken: usize,
    ended: bool,
}

impl core::fmt::Debug for SnapshotReader {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SnapshotReader").field("file", &self.name).field("head", &self.head).finish_non_exhaustive()
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
        let name = name.to_owned();
        Ok(Self { storage, name, head, header, source: None, chunk: None, taken: 0, ended: false })
    }

    /// The header.
    pub fn head(&self) -> &SnapshotHead {
        &self.head
    }

    /// The next verified chunk of the payload; none after the last, once the hashes are verified too.
    pub fn next_chunk(&mut self) -> Result<Option<&[u8]>, JournalFault> {
        let before = self.chunk.take();
        self.taken = 0;
        if self.ended {
            return Ok(None);
        }
        if self.source.is_none() {
            self.source = Some(self.start()?);
        }
        let next = self.source.as_mut().map_or(Ok(None), |source| source.next(before));
        self.ended = !matches!(next, Ok(Some(_)));
        self.chunk = next?;
        Ok(self.chunk.as_ref().map(ChunkBuffer::payload))
    }

    fn start(&self) -> Result<Source, JournalFault> {
        let storage = &*self.storage;
        let file = storage.open_to_read_directly(&self.name).map_err(disk_fault(storage, &self.name, "open"))?;
        Source::start(Arc::clone(&self.storage), file, self.name.clone(), self.header).map_err(disk_fault(
            storage,
            &self.name,
            "start to read",
        ))
    }
}

impl io::Read for SnapshotReader {
    /// As `next_chunk`; damage is an error of kind `InvalidData` that holds the `JournalFault`.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = |reader: &Self| reader.chunk.as_ref().map_or(0, |chunk| chunk.payload().len()) - reader.taken;
        if left(self) == 0 {
            let more = self.next_chunk().map_err(|fault| io::Error::new(io::ErrorKind::InvalidData, fault))?.is_some();
            if !more {
                return Ok(0);
            }
        }
        let count = buffer.len().min(left(self));
        if let Some(chunk) = &self.chunk {
            buffer[..count].copy_from_slice(chunk.part(self.taken..self.taken + count));
        }
        self.taken += count;
        Ok(count)
    }
}
