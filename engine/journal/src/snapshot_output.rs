//! A snapshot's chunks on their way to the disk, on two threads of their own: while one chunk is filled, the one before it is
//! hashed and sealed, and the one before that is written.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use crate::snapshot_chunk::ChunkBuffer;
use crate::storage::{BLOCK_BYTES, StorageFile, write_all_at};

/// Chunks that exist: one being filled, one being hashed, one being written, one between each two.
const CHUNKS: usize = 5;

/// What a chunk's payload is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Preface,
    State,
}

/// What was written.
pub(crate) struct Written {
    pub file: Box<dyn StorageFile>,
    /// Where the last chunk ends.
    pub end: u64,
    /// Over the payload of all chunks of the preface.
    pub preface: blake3::Hasher,
    /// Over that of the state's.
    pub state: blake3::Hasher,
}

/// Chunks to be hashed, with their numbers.
type Filled = (ChunkBuffer, u32, Part);

/// Writes chunks behind the header's block.
pub(crate) struct Output {
    filled: Option<SyncSender<Filled>>,
    emptied: Receiver<ChunkBuffer>,
    threads: Option<Threads>,
}

struct Threads {
    /// Answers the hashers of the preface and of the state.
    hashing: JoinHandle<[blake3::Hasher; 2]>,
    /// Answers the file and where it ends.
    writing: JoinHandle<io::Result<(Box<dyn StorageFile>, u64)>>,
}

impl Output {
    pub(crate) fn start(file: Box<dyn StorageFile>) -> io::Result<Self> {
        let (filled, to_hash) = sync_channel::<Filled>(CHUNKS);
        let (sealed, to_write) = sync_channel::<ChunkBuffer>(CHUNKS);
        let (give_back, emptied) = sync_channel(CHUNKS);
        for _ in 0..CHUNKS {
            // There is room for all of them and somebody to take them.
            let _ = give_back.send(ChunkBuffer::new()?);
        }
        let hash = move || {
            let (mut preface, mut state) = (blake3::Hasher::new(), blake3::Hasher::new());
            for (mut chunk, number, part) in to_hash {
                let hasher = match part {
                    Part::Preface => &mut preface,
                    Part::State => &mut state,
                };
                hasher.update(chunk.payload());
                chunk.seal(number);
                if sealed.send(chunk).is_err() {
                    // Writing has failed, and says so itself.
                    break;
                }
            }
            [preface, state]
        };
        let write = move || {
            let mut end = BLOCK_BYTES as u64;
            for mut chunk in to_write {
                write_all_at(&*file, chunk.sealed(), end)?;
                end += chunk.sealed().len() as u64;
                chunk.clear();
                // Nobody wants it any more when the snapshot is given up.
                let _ = give_back.send(chunk);
            }
            Ok((file, end))
        };
        // Where the second cannot be started, the first ends with its channel.
        let hashing = std::thread::Builder::new().name("carbex-snap-hash".into()).spawn(hash)?;
        let writing = std::thread::Builder::new().name("carbex-snap-out".into()).spawn(write)?;
        Ok(Self { filled: Some(filled), emptied, threads: Some(Threads { hashing, writing }) })
    }

    /// An empty chunk, as soon as there is one.
    pub(crate) fn next_buffer(&mut self) -> io::Result<ChunkBuffer> {
        match self.emptied.recv() {
            Ok(buffer) => Ok(buffer),
            Err(_) => Err(self.failure()),
        }
    }

    /// Hands a filled chunk over, which is that number of the snapshot.
    pub(crate) fn write(&mut self, chunk: ChunkBuffer, number: u32, part: Part) -> io::Result<()> {
        let sent = self.filled.as_ref().is_some_and(|filled| filled.send((chunk, number, part)).is_ok());
        if sent { Ok(()) } else { Err(self.failure()) }
    }

    /// Waits until all is written.
    pub(crate) fn end(&mut self) -> io::Result<Written> {
        self.filled = None;
        let Some(Threads { hashing, writing }) = self.threads.take() else {
            return Err(io::Error::other("the snapshot has failed before"));
        };
        let panicked = |_| io::Error::other("a thread that writes the snapshot panicked");
        // The one that writes ends when the one that hashes has.
        let hashed = hashing.join().map_err(panicked);
        let (file, end) = writing.join().map_err(panicked)??;
        let [preface, state] = hashed?;
        Ok(Written { file, end, preface, state })
    }

    /// Why the threads take nothing more.
    fn failure(&mut self) -> io::Error {
        match self.end() {
            Err(error) => error,
            Ok(_) => io::Error::other("the thread that writes the snapshot ended too early"),
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // The file is closed when this returns; how the writing went is of no interest to who gives up.
        let _ = self.end();
    }
}
