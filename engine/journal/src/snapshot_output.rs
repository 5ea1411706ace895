//! A snapshot's chunks on their way to the disk, on a thread of their own: the next is filled while one is written.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use crate::snapshot_chunk::ChunkBuffer;
use crate::storage::{BLOCK_BYTES, StorageFile, write_all_at};

/// Chunks that exist: one being filled, one being written, one between them.
const CHUNKS: usize = 3;

/// What was written.
pub(crate) struct Written {
    pub file: Box<dyn StorageFile>,
    /// Where the last chunk ends.
    pub end: u64,
}

/// Writes chunks behind the header's block.
pub(crate) struct Output {
    filled: Option<SyncSender<ChunkBuffer>>,
    emptied: Receiver<ChunkBuffer>,
    thread: Option<JoinHandle<io::Result<Written>>>,
}

impl Output {
    pub(crate) fn start(file: Box<dyn StorageFile>) -> io::Result<Self> {
        let (filled, to_write) = sync_channel::<ChunkBuffer>(CHUNKS);
        let (give_back, emptied) = sync_channel(CHUNKS);
        for _ in 0..CHUNKS {
            // There is room for all of them and somebody to take them.
            let _ = give_back.send(ChunkBuffer::new()?);
        }
        let write = move || {
            let mut written = Written { file, end: BLOCK_BYTES as u64 };
            for mut chunk in to_write {
                write_all_at(&*written.file, chunk.sealed(), written.end)?;
                written.end += chunk.sealed().len() as u64;
                chunk.clear();
                // Nobody wants it any more when the snapshot is given up.
                let _ = give_back.send(chunk);
            }
            Ok(written)
        };
        let thread = std::thread::Builder::new().name("carbex-snap-out".into()).spawn(write)?;
        Ok(Self { filled: Some(filled), emptied, thread: Some(thread) })
    }

    /// An empty chunk, as soon as there is one.
    pub(crate) fn next_buffer(&mut self) -> io::Result<ChunkBuffer> {
        match self.emptied.recv() {
            Ok(buffer) => Ok(buffer),
            Err(_) => Err(self.failure()),
        }
    }

    /// Hands a sealed chunk over.
    pub(crate) fn write(&mut self, chunk: ChunkBuffer) -> io::Result<()> {
        let sent = self.filled.as_ref().is_some_and(|filled| filled.send(chunk).is_ok());
        if sent { Ok(()) } else { Err(self.failure()) }
    }

    /// Waits until all is written.
    pub(crate) fn end(&mut self) -> io::Result<Written> {
        self.filled = None;
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(written)) => written,
            Some(Err(_)) => Err(io::Error::other("the thread that writes the snapshot panicked")),
            None => Err(io::Error::other("the snapshot has failed before")),
        }
    }

    /// Why the thread takes nothing more.
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
