//! Snapshot files: an opaque payload in checked chunks, complete under its name or absent.
//!
//! A payload is a preface and a state. The state's hash is taken here, while it is written and while it is read: once.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use carbex_vocabulary::{Sequence, TimestampNs};
use zerocopy::IntoBytes;

use crate::layout::{
    SNAPSHOT_END_MAGIC, SNAPSHOT_MAGIC, SNAPSHOT_VERSION, SnapshotHeader, SnapshotTrailer, crc_before_last_4, crc32c,
};
use crate::names::{SNAPSHOT_UNFINISHED, snapshot_name, snapshot_sequence};
use crate::snapshot_chunk::{ChunkBuffer, TRAILER_NUMBER, block_of};
use crate::snapshot_output::{Output, Part, Written};
use crate::snapshot_reader::read_head;
use crate::storage::{BLOCK_BYTES, DiskDirectory, Storage, disk_fault, write_all_at};
use crate::{Epoch, GroupHash, JournalFault, StateHash};

/// Where in the journal a state stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotPoint {
    /// The last command that is in it. It must be durable: a snapshot ahead of its journal stops the next opening.
    pub sequence: Sequence,
    /// The time of that command.
    pub time: TimestampNs,
    /// Which opening wrote it.
    pub epoch: Epoch,
    /// The chain at that sequence.
    pub group_hash: GroupHash,
}

/// What a snapshot says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotHead {
    /// The last command that is in it.
    pub sequence: Sequence,
    /// The time of that command.
    pub time: TimestampNs,
    /// Which opening wrote it.
    pub epoch: Epoch,
    /// The chain at that sequence.
    pub group_hash: GroupHash,
    /// blake3 of the state in it.
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
///
/// What is written before [`SnapshotWriter::begin_state`] is the preface, everything behind it the state.
pub struct SnapshotWriter {
    storage: Arc<dyn Storage>,
    point: SnapshotPoint,
    output: Output,
    /// The chunk being filled.
    chunk: Option<ChunkBuffer>,
    payload_bytes: u64,
    /// Chunks handed over.
    chunks: u32,
    /// How many of them are the preface's, once the state has begun.
    preface_chunks: Option<u32>,
    finished: bool,
}

impl core::fmt::Debug for SnapshotWriter {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SnapshotWriter")
            .field("point", &self.point)
            .field("chunks", &self.chunks)
            .finish_non_exhaustive()
    }
}

impl SnapshotWriter {
    /// Begins a snapshot of the state at that point.
    pub fn create(directory: &Path, point: SnapshotPoint) -> Result<Self, JournalFault> {
        Self::create_in(Arc::new(DiskDirectory::new(directory)), point)
    }

    /// As [`SnapshotWriter::create`], on any storage.
    pub fn create_in(storage: Arc<dyn Storage>, point: SnapshotPoint) -> Result<Self, JournalFault> {
        let name = unfinished_name(&point);
        let file = storage.create_directly(&name).map_err(disk_fault(&*storage, &name, "create"))?;
        let output = Output::start(file).map_err(disk_fault(&*storage, &name, "start to write"))?;
        Ok(Self {
            storage,
            point,
            output,
            chunk: None,
            payload_bytes: 0,
            chunks: 0,
            preface_chunks: None,
            finished: false,
        })
    }

    /// What is written from now on is the state.
    pub fn begin_state(&mut self) -> io::Result<()> {
        self.write_chunk()?;
        self.preface_chunks.get_or_insert(self.chunks);
        Ok(())
    }

    /// Makes it complete and durable under its name.
    pub fn finish(mut self) -> Result<SnapshotInfo, JournalFault> {
        let unfinished = unfinished_name(&self.point);
        let storage = Arc::clone(&self.storage);
        let storage = &*storage;
        let (file_bytes, head) = self.write_end().map_err(disk_fault(storage, &unfinished, "write"))?;
        let name = snapshot_name(self.point.sequence.number());
        storage.rename(&unfinished, &name).map_err(disk_fault(storage, &unfinished, "rename"))?;
        self.finished = true;
        storage.sync_folder("").map_err(disk_fault(storage, "", "sync"))?;
        Ok(SnapshotInfo { file: storage.path(&name), bytes: file_bytes, head: Ok(head) })
    }

    /// The last chunk, the trailer, and the header in front; synced. Answers how long the file is.
    fn write_end(&mut self) -> io::Result<(u64, SnapshotHead)> {
        self.write_chunk()?;
        let Written { file, end, mut preface, state } = self.output.end()?;
        let chunks = self.chunks;
        let state_hash = StateHash::new(*state.finalize().as_bytes());
        let SnapshotPoint { sequence, time, epoch, group_hash } = self.point;
        let mut header = SnapshotHeader {
            magic: SNAPSHOT_MAGIC,
            version: SNAPSHOT_VERSION.into(),
            flags: 0.into(),
            preface_chunks: self.preface_chunks.unwrap_or(chunks).into(),
            sequence: sequence.number().into(),
            time_ns: time.ns().into(),
            epoch: epoch.number().into(),
            group_hash: *group_hash.bytes(),
            state_hash: *state_hash.bytes(),
            reserved: 0.into(),
            crc: 0.into(),
        };
        header.crc = crc_before_last_4(header.as_bytes()).into();
        preface.update(header.as_bytes());
        let mut trailer = SnapshotTrailer {
            number: TRAILER_NUMBER.into(),
            chunk_count: chunks.into(),
            payload_bytes: self.payload_bytes.into(),
            hash: *preface.finalize().as_bytes(),
            reserved: 0.into(),
            crc: 0.into(),
            magic: SNAPSHOT_END_MAGIC,
        };
        trailer.crc = trailer_crc(&trailer).into();
        write_all_at(&*file, &block_of(trailer.as_bytes())?, end)?;
        write_all_at(&*file, &block_of(header.as_bytes())?, 0)?;
        file.sync_all()?;
        let head = SnapshotHead { sequence, time, epoch, group_hash, state_hash };
        Ok((end + BLOCK_BYTES as u64, head))
    }

    /// Hands the chunk over that is being filled, if there is one.
    fn write_chunk(&mut self) -> io::Result<()> {
        let Some(chunk) = self.chunk.take() else { return Ok(()) };
        let part = if self.preface_chunks.is_none() { Part::Preface } else { Part::State };
        self.payload_bytes += chunk.payload().len() as u64;
        let number = self.chunks;
        self.chunks += 1;
        self.output.write(chunk, number, part)
    }
}

impl io::Write for SnapshotWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let mut chunk = match self.chunk.take() {
            Some(chunk) => chunk,
            None => self.output.next_buffer()?,
        };
        let count = chunk.push(bytes);
        let is_full = chunk.is_full();
        self.chunk = Some(chunk);
        if is_full {
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
            let _ = self.storage.remove(&unfinished_name(&self.point));
        }
    }
}

fn unfinished_name(point: &SnapshotPoint) -> String {
    snapshot_name(point.sequence.number()).replace(".cxs", SNAPSHOT_UNFINISHED)
}

/// CRC-32C of the trailer's fields before its checksum.
pub(crate) fn trailer_crc(trailer: &SnapshotTrailer) -> u32 {
    crc32c(&trailer.as_bytes()[..size_of::<SnapshotTrailer>() - 12])
}
