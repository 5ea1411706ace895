//! The disk alone: sequential writes and fdatasyncs as the journal makes them, and nothing else.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::Latencies;
use crate::disk::{DiskFault, fault};

/// A page, aligned like one: what is written past the page cache must be.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(4096))]
struct Page([u8; PAGE_BYTES]);

const PAGE_BYTES: usize = 4096;
/// Written at once while the file is made.
const FILL_BYTES: usize = 1 << 20;

/// One file as large as a segment, every block of it written before, that is written from end to end again and again: what
/// a disk can do at best.
pub(super) struct RawDisk {
    path: PathBuf,
    cached: File,
    /// The same file past the page cache, where the file system can.
    direct: Option<File>,
    at: u64,
    file_bytes: u64,
    pages: Vec<Page>,
}

/// What the disk did at full speed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RawRate {
    bytes: u64,
    took: Duration,
}

impl RawRate {
    pub(super) fn add(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.took += other.took;
    }

    pub(super) fn bytes_per_s(self) -> f64 {
        self.bytes as f64 / self.took.as_secs_f64().max(f64::MIN_POSITIVE)
    }
}

impl RawDisk {
    pub(super) fn create(directory: &Path, file_bytes: u64) -> Result<Self, DiskFault> {
        let path = directory.join("raw-disk.tmp");
        let cached = OpenOptions::new().write(true).create_new(true).open(&path).map_err(fault(&path, "create"))?;
        let filling = vec![0; FILL_BYTES];
        for at in (0..file_bytes).step_by(FILL_BYTES) {
            let bytes = filling.len().min((file_bytes - at) as usize);
            cached.write_all_at(&filling[..bytes], at).map_err(fault(&path, "write"))?;
        }
        cached.sync_all().map_err(fault(&path, "sync"))?;
        // Not every file system can.
        let direct = OpenOptions::new().write(true).custom_flags(OFlags::DIRECT.bits() as i32).open(&path).ok();
        Ok(Self { path, cached, direct, at: 0, file_bytes, pages: Vec::new() })
    }

    /// Writes and syncs groups of that size as fast as the disk takes them, past the page cache where that is possible.
    pub(super) fn write_for(&mut self, duration: Duration, group_bytes: usize) -> Result<RawRate, DiskFault> {
        let group_bytes = self.fit(group_bytes);
        let started = Instant::now();
        let mut rate = RawRate::default();
        while started.elapsed() < duration {
            let at = self.next_place(group_bytes);
            let file = self.direct.as_ref().unwrap_or(&self.cached);
            file.write_all_at(self.pages.as_bytes(), at).map_err(fault(&self.path, "write"))?;
            file.sync_data().map_err(fault(&self.path, "sync"))?;
            rate.bytes += group_bytes as u64;
        }
        rate.took = started.elapsed();
        Ok(rate)
    }

    /// Hands a group of that size to the system every so often and times the `fdatasync` that makes it durable, alone. A
    /// late one is not counted twice.
    pub(super) fn sync_paced(
        &mut self,
        duration: Duration,
        group_bytes: usize,
        every: Duration,
        sync_ns: &mut Latencies,
    ) -> Result<(), DiskFault> {
        let group_bytes = self.fit(group_bytes);
        let started = Instant::now();
        let mut due = started;
        while started.elapsed() < duration {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            due += every;
            let at = self.next_place(group_bytes);
            self.cached.write_all_at(self.pages.as_bytes(), at).map_err(fault(&self.path, "write"))?;
            let written = Instant::now();
            self.cached.sync_data().map_err(fault(&self.path, "sync"))?;
            sync_ns.record(written.elapsed(), 1);
        }
        Ok(())
    }

    /// Makes the buffer that large, in whole pages and no larger than the file.
    fn fit(&mut self, group_bytes: usize) -> usize {
        let file_bytes = usize::try_from(self.file_bytes).unwrap_or(usize::MAX);
        let pages = group_bytes.min(file_bytes).div_ceil(PAGE_BYTES).max(1);
        self.pages.resize(pages, Page([0xA5; PAGE_BYTES]));
        pages * PAGE_BYTES
    }

    fn next_place(&mut self, group_bytes: usize) -> u64 {
        if self.at + group_bytes as u64 > self.file_bytes {
            self.at = 0;
        }
        let at = self.at;
        self.at += group_bytes as u64;
        at
    }
}
