//! Snapshot files: an opaque payload in checked chunks, complete under its name or absent.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use carbex_vocabulary::{Sequence, TimestampNs};
use zerocopy::IntoBytes;

use crate::layout::{
    ChunkHeader, SNAPSHOT_END_MAGIC, SNAPSHOT_MAGIC, SnapshotHeader, SnapshotTrailer, VERSION, crc_before_last_4,
    crc32c,
};
use crate::names::{SNAPSHOT_UNFINISHED, snapshot_name, snapshot_sequence};
use crate::snapshot_reader::read_head;
use crate::storage::{DiskDirectory, Storage, StorageFile, disk_fault, write_all_at};
use crate::{Epoch, GroupHash, JournalFault, StateHash};

/// How many payload bytes a chunk holds (the last one may hold fewer).
const CHUNK_BYTES: usize = 1024 * 1024;
/// The number in the trailer's first field, which no chunk has.
pub(crate) const TRAILER_NUMBER: u32 = u32::MAX;

/// What a snapshot says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotHead {
    /// The last command that is in it. It must be durable: a snapshot ahead of its journal stops the next opening.
    pub sequence: Sequence,
    /// The time of that command.
    pub time: TimestampNs,
    /// Which opening wrote it.
    pub epoch: Epoch,
    /// The chain at that sequence.
    pub group_hash: GroupHash,
    /// The canonical hash of the state in it.
    pub state_hash: StateHash,
}

/// A snapshot file and whether it can be used.
#[derive(Debug)]
pub struct SnapshotInfo {
    /// The file.
    pub file: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Its header, or why it cannot be used. (The payload is verified as it is read.)
    pub head: Result<SnapshotHead, JournalFault>,
}

/// All snapshots of the journal in `directory`, newest first, their headers verified.
pub fn list_snapshots(directory: &Path) -> Result<Vec<SnapshotInfo>, JournalFault> {
    list_snapshots_in(&DiskDirectory::new(directory))
}

/// As [`list_snapshots`], on any storage.
pub fn list_snapshots_in(storage: &dyn Storage) -> Result<Vec<SnapshotInfo>, JournalFault> {
    let mut found: Vec<(u64, u64)> = storage
        .list("")
        .map_err(disk_fault(storage, "", "list"))?
        .iter()
        .filter_map(|(name, bytes)| Some((snapshot_sequence(name)?, *bytes)))
        .collect();
    found.sort_unstable_by(|a, b| b.cmp(a));
    let info = |(sequence, bytes)| {
        let name = snapshot_name(sequence);
        let head = storage
            .open_to_read(&name)
            .map_err(disk_fault(storage, &name, "open"))
            .and_then(|file| read_head(storage, &name, &*file))
            .map(|(head, _)| head);
        SnapshotInfo { file: storage.path(&name), bytes, head }
    };
    Ok(found.into_iter().map(info).collect())
}

/// Writes a snapshot: a temporary file, then sync, rename, sync of the directory. Dropped unfinished, it leaves nothing.
/// A full disk fails the snapshot, never the journal.
pub struct SnapshotWriter {
    storage: Arc<dyn Storage>,
    file: Box<dyn StorageFile>,
    head: SnapshotHead,
    /// The chunk being filled.
    chunk: Vec<u8>,
    chunk_count: u32,
    payload_bytes: u64,
    hasher: blake3::Hasher,
    at: u64,
    finished: bool,
}

impl core::fmt::Debug for SnapshotWriter {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SnapshotWriter").field("head", &self.head).field("at", &self.at).finish_non_exhaustive()
    }
}

impl SnapshotWriter {
    /// Begins a snapshot of the state at `head.sequence`.
    pub fn create(directory: &Path, head: SnapshotHead) -> Result<Self, JournalFault> {
        Self::create_in(Arc::new(DiskDirectory::new(directory)), head)
    }

    /// As [`SnapshotWriter::create`], on any storage.
    pub fn create_in(storage: Arc<dyn Storage>, head: SnapshotHead) -> Result<Self, JournalFault> {
        let name = unfinished_name(&head);
        let file = storage.create(&name).map_err(disk_fault(&*storage, &name, "create"))?;
        Ok(Self {
            storage,
            file,
            head,
            chunk: Vec::with_capacity(CHUNK_BYTES),
            chunk_count: 0,
            payload_bytes: 0,
            hasher: blake3::Hasher::new(),
            at: size_of::<SnapshotHeader>() as u64,
            finished: false,
        })
    }

    /// Sets the state's hash, for callers that compute it while they write.
    pub fn set_state_hash(&mut self, hash: StateHash) {
        self.head.state_hash = hash;
    }

    /// Makes it complete and durable under its name.
    pub fn finish(mut self) -> Result<SnapshotInfo, JournalFault> {
        let unfinished = unfinished_name(&self.head);
        let storage = Arc::clone(&self.storage);
        let storage = &*storage;
        self.write_end().map_err(disk_fault(storage, &unfinished, "write"))?;
        self.file.sync_all().map_err(disk_fault(storage, &unfinished, "sync"))?;
        let name = snapshot_name(self.head.sequence.number());
        storage.rename(&unfinished, &name).map_err(disk_fault(storage, &unfinished, "rename"))?;
        self.finished = true;
        storage.sync_folder("").map_err(disk_fault(storage, "", "sync"))?;
        Ok(SnapshotInfo { file: storage.path(&name), bytes: self.at, head: Ok(self.head) })
    }

    /// The last chunk, the trailer, and the header in front.
    fn write_end(&mut self) -> io::Result<()> {
        self.write_chunk()?;
        let mut header = SnapshotHeader {
            magic: SNAPSHOT_MAGIC,
            version: VERSION.into(),
            flags: 0.into(),
            reserved: 0.into(),
            sequence: self.head.sequence.number().into(),
            time_ns: self.head.time.ns().into(),
            epoch: self.head.epoch.number().into(),
            group_hash: *self.head.group_hash.bytes(),
            state_hash: *self.head.state_hash.bytes(),
            reserved_2: 0.into(),
            crc: 0.into(),
        };
        header.crc = crc_before_last_4(header.as_bytes()).into();
        self.hasher.update(header.as_bytes());
        let mut trailer = SnapshotTrailer {
            number: TRAILER_NUMBER.into(),
            chunk_count: self.chunk_count.into(),
            payload_bytes: self.payload_bytes.into(),
            hash: *self.hasher.finalize().as_bytes(),
            reserved: 0.into(),
            crc: 0.into(),
            magic: SNAPSHOT_END_MAGIC,
        };
        trailer.crc = trailer_crc(&trailer).into();
        write_all_at(&*self.file, trailer.as_bytes(), self.at)?;
        self.at += trailer.as_bytes().len() as u64;
        write_all_at(&*self.file, header.as_bytes(), 0)
    }

    fn write_chunk(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let mut header = ChunkHeader {
            number: self.chunk_count.into(),
            chunk_bytes: (self.chunk.len() as u32).into(),
            payload_crc: crc32c(&self.chunk).into(),
            crc: 0.into(),
        };
        header.crc = crc_before_last_4(header.as_bytes()).into();
        write_all_at(&*self.file, header.as_bytes(), self.at)?;
        write_all_at(&*self.file, &self.chunk, self.at + header.as_bytes().len() as u64)?;
        self.at += (header.as_bytes().len() + self.chunk.len()) as u64;
        self.payload_bytes += self.chunk.len() as u64;
        self.chunk_count += 1;
        self.chunk.clear();
        Ok(())
    }
}

impl io::Write for SnapshotWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(CHUNK_BYTES - self.chunk.len());
        self.hasher.update(&bytes[..count]);
        self.chunk.extend_from_slice(&bytes[..count]);
        if self.chunk.len() == CHUNK_BYTES {
            self.write_chunk()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for SnapshotWriter {
    fn drop(&mut self) {
        if !self.finished {
            // What cannot be deleted now, the next opening deletes.
            let _ = self.storage.remove(&unfinished_name(&self.head));
        }
    }
}

fn unfinished_name(head: &SnapshotHead) -> String {
    snapshot_name(head.sequence.number()).replace(".cxs", SNAPSHOT_UNFINISHED)
}

/// CRC-32C of the trailer's fields before its checksum.
pub(crate) fn trailer_crc(trailer: &SnapshotTrailer) -> u32 {
    crc32c(&trailer.as_bytes()[..size_of::<SnapshotTrailer>() - 12])
}
