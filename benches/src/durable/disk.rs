//! The disk alone: sequential writes and fdatasyncs as the journal makes them, and nothing else; and the room on it.

use std::{
    fs::{File, OpenOptions},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;

use super::{DurableFault, disk_fault};

const TMPFS_MAGIC: i64 = 0x0102_1994;
/// Groups fill whole sectors.
const SECTOR_BYTES: usize = 512;

/// Whether the directory lies in memory.
pub(super) fn is_in_memory(directory: &Path) -> Result<bool, DurableFault> {
    let told = rustix::fs::statfs(directory).map_err(|error| disk_fault(directory, "look at")(error.into()))?;
    Ok(told.f_type == TMPFS_MAGIC)
}

/// Free bytes on the directory's file system, for who is not root.
pub(super) fn free_bytes(directory: &Path) -> Result<u64, DurableFault> {
    let told = rustix::fs::statvfs(directory).map_err(|error| disk_fault(directory, "look at")(error.into()))?;
    Ok(told.f_bavail.saturating_mul(told.f_frsize))
}

/// Files like the journal's segments, written and synced, one after the other.
pub(super) struct RawDisk {
    path: PathBuf,
    file: File,
    at: u64,
    segment_bytes: u64,
    bytes: Vec<u8>,
}

/// What the disk did.
pub(super) struct Raw {
    pub(super) bytes: u64,
    pub(super) took: Duration,
    /// Of `fdatasync` alone, and of the write with it, in ns.
    pub(super) sync_ns: Histogram<u64>,
    pub(super) write_and_sync_ns: Histogram<u64>,
}

/// Several turns of it.
#[derive(Default)]
pub(super) struct RawTotal {
    bytes: u64,
    took: Duration,
}

impl RawTotal {
    pub(super) fn add(&mut self, raw: &Raw) {
        self.bytes += raw.bytes;
        self.took += raw.took;
    }

    pub(super) fn bytes_per_s(&self) -> f64 {
        self.bytes as f64 / self.took.as_secs_f64()
    }
}

/// A histogram of nanoseconds up to a minute.
pub(super) fn histogram() -> Histogram<u64> {
    // Three digits up to a minute: these bounds are always possible.
    Histogram::new_with_bounds(1, 60_000_000_000, 3).unwrap_or_else(|fault| unreachable!("{fault}"))
}

pub(super) fn record(histogram: &mut Histogram<u64>, took: Duration, count: u64) {
    histogram.saturating_record_n(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), count);
}

impl RawDisk {
    pub(super) fn create(directory: &Path, segment_bytes: u64) -> Result<Self, DurableFault> {
        let path = directory.join("raw-disk.tmp");
        let file = reserve(&path, segment_bytes)?;
        Ok(Self { path, file, at: 0, segment_bytes, bytes: Vec::new() })
    }

    /// Writes groups of that size as fast as the disk takes them.
    pub(super) fn write_for(&mut self, duration: Duration, group_bytes: usize) -> Result<Raw, DurableFault> {
        self.write_paced(duration, group_bytes, Duration::ZERO)
    }

    /// Writes a group of that size every so often. The latency is that of the calls alone: a late one is not counted twice.
    pub(super) fn write_paced(
        &mut self,
        duration: Duration,
        group_bytes: usize,
        every: Duration,
    ) -> Result<Raw, DurableFault> {
        let group_bytes = group_bytes.next_multiple_of(SECTOR_BYTES).max(SECTOR_BYTES);
        self.bytes.resize(group_bytes, 0xA5);
        let mut raw = Raw { bytes: 0, took: Duration::ZERO, sync_ns: histogram(), write_and_sync_ns: histogram() };
        let started = Instant::now();
        let mut due = started;
        while started.elapsed() < duration {
            if self.at + group_bytes as u64 > self.segment_bytes {
                self.file = reserve(&self.path, self.segment_bytes)?;
                self.at = 0;
            }
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            due += every;
            let before = Instant::now();
            self.file.write_all_at(&self.bytes, self.at).map_err(disk_fault(&self.path, "write"))?;
            let written = Instant::now();
            self.file.sync_data().map_err(disk_fault(&self.path, "sync"))?;
            record(&mut raw.sync_ns, written.elapsed(), 1);
            record(&mut raw.write_and_sync_ns, before.elapsed(), 1);
            self.at += group_bytes as u64;
            raw.bytes += group_bytes as u64;
        }
        raw.took = started.elapsed();
        Ok(raw)
    }
}

fn reserve(path: &Path, bytes: u64) -> Result<File, DurableFault> {
    let fault = |operation| disk_fault(path, operation);
    if path.exists() {
        std::fs::remove_file(path).map_err(fault("delete"))?;
    }
    let file = OpenOptions::new().write(true).create_new(true).open(path).map_err(fault("create"))?;
    rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, bytes)
        .map_err(|error| fault("reserve room for")(error.into()))?;
    file.sync_all().map_err(fault("sync"))?;
    Ok(file)
}

/// Deletes the segments that the measurement has left behind, and watches the room.
pub(super) struct Cleaner {
    stop: Arc<AtomicBool>,
    /// What was free when it was too little; 0 = never.
    short_bytes: Arc<AtomicU64>,
    free_bytes_min: u64,
    directory: PathBuf,
    thread: JoinHandle<Result<(), DurableFault>>,
}

/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Segments that stay: the one being written, and the one before.
const KEPT: usize = 2;

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
    for path in &segments[..behind] {
        std::fs::remove_file(path).map_err(disk_fault(path, "delete"))?;
    }
    Ok(())
}
