//! The thread that deletes what the measurement has left behind, and watches the room.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{DurableFault, disk::free_bytes, disk_fault};

/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Segments that stay: the one being written, and the one before.
const KEPT: usize = 2;
/// A file is given back in steps: a file system that discards what is freed stands still for as long as one step takes.
const STEP_BYTES: u64 = 4 << 20;
const STEP_EVERY: Duration = Duration::from_millis(5);

/// Deletes segments that were left, and watches the room.
pub(super) struct Cleaner {
    stop: Arc<AtomicBool>,
    /// What was free when it was too little; 0 = never.
    short_bytes: Arc<AtomicU64>,
    free_bytes_min: u64,
    directory: PathBuf,
    thread: JoinHandle<Result<(), DurableFault>>,
}

impl Cleaner {
    pub(super) fn start(directory: PathBuf, free_bytes_min: u64) -> Self {
        let (stop, short_bytes) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (theirs, short, place) = (Arc::clone(&stop), Arc::clone(&short_bytes), directory.clone());
        let thread = std::thread::spawn(move || {
            while !theirs.load(Ordering::Acquire) {
                std::thread::sleep(LOOK_EVERY);
                delete_what_is_behind(&place)?;
                let free_bytes = free_bytes(&place)?;
                if free_bytes < free_bytes_min {
                    short.store(free_bytes.max(1), Ordering::Release);
                }
            }
            Ok(())
        });
        Self { stop, short_bytes, free_bytes_min, directory, thread }
    }

    /// An error if the disk is low, or if nothing is deleted any more.
    pub(super) fn check(&self) -> Result<(), DurableFault> {
        let free_bytes = match self.short_bytes.load(Ordering::Acquire) {
            // It only ends by itself when the disk says no: then the room is soon used up.
            0 if self.thread.is_finished() => free_bytes(&self.directory)?,
            0 => return Ok(()),
            free_bytes => free_bytes,
        };
        let (directory, needed_bytes) = (self.directory.clone(), self.free_bytes_min);
        Err(DurableFault::NoRoom { directory, free_bytes, needed_bytes })
    }

    pub(super) fn end(self) -> Result<(), DurableFault> {
        self.stop.store(true, Ordering::Release);
        // A panic of that thread has been told by it.
        self.thread.join().unwrap_or(Ok(()))
    }
}

fn delete_what_is_behind(directory: &Path) -> Result<(), DurableFault> {
    let mut segments = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(disk_fault(directory, "list"))? {
        let path = entry.map_err(disk_fault(directory, "list"))?.path();
        if path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("segment-")) {
            segments.push(path);
        }
    }
    segments.sort_unstable();
    let behind = segments.len().saturating_sub(KEPT);
    segments[..behind].iter().try_for_each(|path| delete_in_steps(path).map_err(disk_fault(path, "delete")))
}

fn delete_in_steps(path: &Path) -> std::io::Result<()> {
    let file = std::fs::OpenOptions::new().write(true).open(path)?;
    let mut bytes = file.metadata()?.len();
    while bytes > STEP_BYTES {
        bytes -= STEP_BYTES;
        file.set_len(bytes)?;
        std::thread::sleep(STEP_EVERY);
    }
    std::fs::remove_file(path)
}
