//! A snapshot's chunks on their way from the disk, on a thread of their own: the next are read and verified while one is used.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use zerocopy::{FromBytes, IntoBytes};

use crate::layout::{SNAPSHOT_END_MAGIC, SnapshotHeader, SnapshotTrailer};
use crate::snapshot::trailer_crc;
use crate::snapshot_chunk::{ChunkBuffer, Opened, TRAILER_NUMBER, is_zero};
use crate::storage::{BLOCK_BYTES, Storage, StorageFile, disk_fault};
use crate::{JournalFault, StateHash};

/// Chunks that exist: one being used, one being read, two between them.
const CHUNKS: usize = 4;

/// A verified chunk, or the end, or why there is no more.
type Answer = Result<Option<ChunkBuffer>, JournalFault>;

/// Reads chunks ahead of who uses them.
pub(crate) struct Source {
    answers: Option<Receiver<Answer>>,
    give_back: Option<SyncSender<ChunkBuffer>>,
    thread: Option<JoinHandle<()>>,
}

impl Source {
    pub(crate) fn start(
        storage: Arc<dyn Storage>,
        file: Box<dyn StorageFile>,
        name: String,
        header: SnapshotHeader,
    ) -> io::Result<Self> {
        let (give_back, emptied) = sync_channel(CHUNKS);
        let (answer, answers) = sync_channel::<Answer>(CHUNKS);
        for _ in 0..CHUNKS {
            // There is room for all of them and somebody to take them.
            let _ = give_back.send(ChunkBuffer::new()?);
        }
        let mut walk = Walk {
            storage,
            file,
            name,
            header,
            at: BLOCK_BYTES as u64,
            next_number: 0,
            payload_bytes: 0,
            preface: blake3::Hasher::new(),
            state: blake3::Hasher::new(),
        };
        let read = move || {
            for buffer in emptied {
                let next = walk.next(buffer);
                let goes_on = matches!(next, Ok(Some(_)));
                // Nobody listens any more when the reader was dropped.
                if answer.send(next).is_err() || !goes_on {
                    break;
                }
            }
        };
        let thread = std::thread::Builder::new().name("carbex-snap-in".into()).spawn(read)?;
        Ok(Self { answers: Some(answers), give_back: Some(give_back), thread: Some(thread) })
    }

    /// The next chunk; the one before comes back for the next but few. Not to be called again after the end or a fault.
    pub(crate) fn next(&mut self, before: Option<ChunkBuffer>) -> Answer {
        if let (Some(before), Some(give_back)) = (before, &self.give_back) {
            // Not wanted any more when the end has been read ahead.
            let _ = give_back.send(before);
        }
        match self.answers.as_ref().map(Receiver::recv) {
            Some(Ok(answer)) => answer,
            Some(Err(_)) | None => Err(JournalFault::Misuse("a snapshot was read beyond its end".into())),
        }
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        (self.answers, self.give_back) = (None, None);
        if let Some(thread) = self.thread.take() {
            // A panic of that thread has been told by it.
            let _ = thread.join();
        }
    }
}

/// What the thread owns.
struct Walk {
    storage: Arc<dyn Storage>,
    file: Box<dyn StorageFile>,
    name: String,
    header: SnapshotHeader,
    at: u64,
    next_number: u32,
    payload_bytes: u64,
    preface: blake3::Hasher,
    state: blake3::Hasher,
}

impl Walk {
    fn next(&mut self, mut chunk: ChunkBuffer) -> Answer {
        let read =
            read_blocks(&*self.file, chunk.room(), self.at).map_err(disk_fault(&*self.storage, &self.name, "read"))?;
        match chunk.open(read, self.next_number).map_err(|reason| self.damaged(reason))? {
            Opened::Trailer => {
                self.check_trailer(&chunk.room()[..read])?;
                Ok(None)
            }
            Opened::Chunk { file_bytes } => {
                let is_preface = self.next_number < self.header.preface_chunks.get();
                let hasher = if is_preface { &mut self.preface } else { &mut self.state };
                hasher.update(chunk.payload());
                self.at += file_bytes as u64;
                self.payload_bytes += chunk.payload().len() as u64;
                self.next_number += 1;
                Ok(Some(chunk))
            }
        }
    }

    /// The end: nothing follows it, and everything before it is what it was.
    fn check_trailer(&mut self, bytes: &[u8]) -> Result<(), JournalFault> {
        let Ok((trailer, rest)) = SnapshotTrailer::read_from_prefix(bytes) else {
            return Err(self.damaged("the file does not end with its trailer".into()));
        };
        if bytes.len() != BLOCK_BYTES || !is_zero(rest) {
            return Err(self.damaged("the file does not end with its trailer's block".into()));
        }
        self.preface.update(self.header.as_bytes());
        let whole = trailer.number.get() == TRAILER_NUMBER
            && trailer.magic == SNAPSHOT_END_MAGIC
            && trailer.crc.get() == trailer_crc(&trailer)
            && trailer.chunk_count.get() == self.next_number
            && trailer.payload_bytes.get() == self.payload_bytes
            && trailer.reserved.get() == 0
            && trailer.hash == *self.preface.finalize().as_bytes();
        if !whole {
            return Err(self.damaged("the trailer does not match what stands before it".into()));
        }
        let (said, found) = (StateHash::new(self.header.state_hash), StateHash::new(*self.state.finalize().as_bytes()));
        if said != found {
            return Err(self.damaged(format!("the header says that the state's hash is {said}, it is {found}")));
        }
        Ok(())
    }

    fn damaged(&self, reason: String) -> JournalFault {
        JournalFault::Snapshot { file: self.storage.path(&self.name), offset: self.at, reason }
    }
}

/// Reads until `buffer` is full or the file ends. Behind a read that is not whole blocks is the end: a read from there would
/// not begin on a block.
fn read_blocks(file: &dyn StorageFile, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < buffer.len() && done.is_multiple_of(BLOCK_BYTES) {
        match file.read_at(&mut buffer[done..], offset + done as u64) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}
