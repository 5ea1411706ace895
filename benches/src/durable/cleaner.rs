//! Deletes what the measurement has left behind, between its turns, and looks at the room.
//!
//! Not while anything is measured: an exchange puts its segments away by renaming them, and a file system that discards
//! what is freed stands still for 50 ms when 256 MiB are.

use std::fs::File;
use std::path::PathBuf;

use super::{DurableFault, disk::free_bytes, disk_fault};

/// Segments that stay: the one being written, and the one before.
const KEPT: usize = 2;

/// The journal's directory, and the room it is to leave.
pub(super) struct Cleaner {
    directory: PathBuf,
    free_bytes_min: u64,
}

impl Cleaner {
    pub(super) fn new(directory: PathBuf, free_bytes_min: u64) -> Self {
        Self { directory, free_bytes_min }
    }

    /// Deletes the segments that the journal has left, durably; an error if there is still too little room.
    pub(super) fn clean(&self) -> Result<(), DurableFault> {
        let directory = &self.directory;
        let mut segments = Vec::new();
        for entry in std::fs::read_dir(directory).map_err(disk_fault(directory, "list"))? {
            let path = entry.map_err(disk_fault(directory, "list"))?.path();
            if path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("segment-")) {
                segments.push(path);
            }
        }
        segments.sort_unstable();
        let behind = segments.len().saturating_sub(KEPT);
        for path in &segments[..behind] {
            std::fs::remove_file(path).map_err(disk_fault(path, "delete"))?;
        }
        File::open(directory).and_then(|opened| opened.sync_all()).map_err(disk_fault(directory, "sync"))?;
        let (free_bytes, needed_bytes) = (free_bytes(directory)?, self.free_bytes_min);
        if free_bytes < needed_bytes {
            return Err(DurableFault::NoRoom { directory: directory.clone(), free_bytes, needed_bytes });
        }
        Ok(())
    }
}
