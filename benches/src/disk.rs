//! The directory that a measurement writes in: on a disk, empty, with room, and empty again in the end.

use std::io;
use std::path::{Path, PathBuf};

const TMPFS_MAGIC: i64 = 0x0102_1994;
/// Segments that stay: the one being written, and the one before.
const SEGMENTS_KEPT: usize = 2;

/// Why nothing can be measured on this disk.
#[derive(Debug, thiserror::Error)]
pub enum DiskFault {
    /// Something is in the directory.
    #[error("{directory}: is not empty: name a directory that is empty or does not exist, on the disk to be measured", directory = directory.display())]
    NotEmpty {
        /// The directory.
        directory: PathBuf,
    },
    /// There is no such directory.
    #[error("{directory}: is no directory: name a directory on the disk to be measured", directory = directory.display())]
    NoDirectory {
        /// What is none.
        directory: PathBuf,
    },
    /// The directory is in memory.
    #[error("{directory}: lies in memory (tmpfs), where a sync costs nothing: name a directory on the disk to be measured", directory = directory.display())]
    InMemory {
        /// The directory.
        directory: PathBuf,
    },
    /// Too little room.
    #[error("{directory}: {free_bytes} bytes are free, the measurement takes up to {needed_bytes}: make room, measure less, or name a directory on another disk", directory = directory.display())]
    NoRoom {
        /// The directory.
        directory: PathBuf,
        /// What is free.
        free_bytes: u64,
        /// What must be.
        needed_bytes: u64,
    },
    /// The disk said no.
    #[error("{path}: cannot {operation}: {source}", path = path.display())]
    Disk {
        /// Which file or directory.
        path: PathBuf,
        /// What was tried.
        operation: &'static str,
        /// What it answered.
        source: io::Error,
    },
}

/// What the disk answered when that was tried there.
pub(crate) fn fault(path: &Path, operation: &'static str) -> impl FnOnce(io::Error) -> DiskFault + use<> {
    let path = path.to_path_buf();
    move |source| DiskFault::Disk { path, operation, source }
}

/// Measures in a directory that is empty or does not exist, with so much room. What was written there is deleted, and the
/// directory itself if it was made, whatever came of it.
pub(crate) fn within<T, Fault: From<DiskFault>>(
    directory: &Path,
    needed_bytes: u64,
    measure: impl FnOnce() -> Result<T, Fault>,
) -> Result<T, Fault> {
    let made = !directory.exists();
    if !made && entries(directory)?.next().is_some() {
        return Err(DiskFault::NotEmpty { directory: directory.to_path_buf() }.into());
    }
    std::fs::create_dir_all(directory).map_err(fault(directory, "create"))?;
    let measured = check(directory, needed_bytes).map_err(Fault::from).and_then(|()| measure());
    let deleted = delete(directory, made);
    measured.and_then(|report| deleted.map(|()| report).map_err(Fault::from))
}

/// Refuses what is no directory, a directory in memory, and one without so much room.
pub(crate) fn check(directory: &Path, needed_bytes: u64) -> Result<(), DiskFault> {
    if !directory.is_dir() {
        return Err(DiskFault::NoDirectory { directory: directory.to_path_buf() });
    }
    let told = rustix::fs::statfs(directory).map_err(|error| fault(directory, "look at")(error.into()))?;
    if told.f_type == TMPFS_MAGIC {
        return Err(DiskFault::InMemory { directory: directory.to_path_buf() });
    }
    check_room(directory, needed_bytes)
}

/// Refuses a file system on which less than that is free for who is not root.
pub(crate) fn check_room(directory: &Path, needed_bytes: u64) -> Result<(), DiskFault> {
    let told = rustix::fs::statvfs(directory).map_err(|error| fault(directory, "look at")(error.into()))?;
    let free_bytes = told.f_bavail.saturating_mul(told.f_frsize);
    if free_bytes < needed_bytes {
        return Err(DiskFault::NoRoom { directory: directory.to_path_buf(), free_bytes, needed_bytes });
    }
    Ok(())
}

/// The paths of what lies in a directory.
pub(crate) fn entries(directory: &Path) -> Result<impl Iterator<Item = Result<PathBuf, DiskFault>>, DiskFault> {
    let entries = std::fs::read_dir(directory).map_err(fault(directory, "list"))?;
    Ok(entries.map(|entry| entry.map(|entry| entry.path()).map_err(fault(directory, "list"))))
}

fn delete(directory: &Path, made: bool) -> Result<(), DiskFault> {
    for path in entries(directory)? {
        let path = path?;
        let deleted = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        deleted.map_err(fault(&path, "delete"))?;
    }
    if made { std::fs::remove_dir(directory).map_err(fault(directory, "delete")) } else { Ok(()) }
}

/// Deletes the segments that a journal has left behind, durably. Not while anything is measured: a file system that discards
/// what is freed stands still for 50 ms when 256 MiB are.
pub(crate) fn delete_segments_behind(journal: &Path) -> Result<(), DiskFault> {
    let mut segments = Vec::new();
    for path in entries(journal)? {
        let path = path?;
        if path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("segment-")) {
            segments.push(path);
        }
    }
    segments.sort_unstable();
    let behind = segments.len().saturating_sub(SEGMENTS_KEPT);
    for path in &segments[..behind] {
        std::fs::remove_file(path).map_err(fault(path, "delete"))?;
    }
    std::fs::File::open(journal).and_then(|opened| opened.sync_all()).map_err(fault(journal, "sync"))
}
