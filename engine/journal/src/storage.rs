//! The disk as the journal sees it, behind a trait so that tests can pull the plug.

use std::any::Any;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::JournalFault;
use crate::layout::SECTOR_BYTES;

/// What is read or written past the page cache begins and ends on multiples of this.
pub const BLOCK_BYTES: usize = 4096;

/// One directory with files; names may lead into a folder of it ("archive/x").
pub trait Storage: Send + Sync {
    /// The full path of `name`, for messages.
    fn path(&self, name: &str) -> PathBuf;
    /// The files in `folder` ("" is the directory itself) with their sizes, in any order; none if it does not exist.
    fn list(&self, folder: &str) -> io::Result<Vec<(String, u64)>>;
    /// Opens an existing file for reading.
    fn open_to_read(&self, name: &str) -> io::Result<Box<dyn StorageFile>>;
    /// Opens an existing file for reading and writing.
    fn open_to_write(&self, name: &str) -> io::Result<Box<dyn StorageFile>>;
    /// Makes an empty file, in place of any that was there.
    fn create(&self, name: &str) -> io::Result<Box<dyn StorageFile>>;
    /// As `open_to_read`, past the page cache where the system can: reading gigabytes once would only drive out what others
    /// need. Whole blocks are read, at such offsets, into memory that begins on a page ([`BLOCK_BYTES`]).
    fn open_to_read_directly(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        self.open_to_read(name)
    }
    /// As `create`, past the page cache where the system can: what is written does not lie about in memory until a sync writes
    /// it all, and the syncs of other files with it. Whole blocks are written, at such offsets, from memory that begins on a page.
    fn create_directly(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        self.create(name)
    }
    /// Makes a folder (and the directory itself) if it is not there.
    fn create_folder(&self, folder: &str) -> io::Result<()>;
    /// Renames a file, replacing any of the new name.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Deletes a file. A large one keeps the disk busy no longer at a time than one group of the journal can wait: this may take
    /// seconds.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes the names in `folder` durable.
    fn sync_folder(&self, folder: &str) -> io::Result<()>;
    /// Takes the lock of that name until the guard is dropped; none if another process has it.
    fn lock(&self, name: &str) -> io::Result<Option<Box<dyn Any + Send>>>;
}

/// One open file. All offsets are from its start.
pub trait StorageFile: Send + Sync {
    /// Its length now.
    fn length(&self) -> io::Result<u64>;
    /// Reads some bytes; 0 at or behind the end.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes some bytes (a disk may take fewer than all).
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;
    /// Makes an empty file `length` bytes long that read as zero, with room for all of them on the disk: writing there later
    /// cannot meet a full disk. A storage that cannot reserve room at once writes the zeros.
    fn allocate(&self, length: u64) -> io::Result<()> {
        write_zeros(self, length)
    }
    /// Writes all of `bytes` and makes them durable in one go, where that can be done: one message to the disk instead of
    /// two. `false` = it cannot here, and what was written is to be written again and synced.
    fn write_durable_at(&self, _bytes: &[u8], _offset: u64) -> io::Result<bool> {
        Ok(false)
    }
    /// Makes the content durable (`fdatasync`).
    fn sync_data(&self) -> io::Result<()>;
    /// Makes content and length durable (`fsync`).
    fn sync_all(&self) -> io::Result<()>;
}

/// One sector, aligned like the disk's: what lies in such memory can be written past the page cache.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(512))]
pub(crate) struct Sector(pub [u8; SECTOR_BYTES]);

/// How many zeros are written at a time.
pub(crate) const ZERO_BYTES: usize = 256 * 1024;

/// Writes `length` zeros from the start.
fn write_zeros<File: StorageFile + ?Sized>(file: &File, length: u64) -> io::Result<()> {
    let zeros = vec![0; ZERO_BYTES];
    let mut at = 0;
    while at < length {
        let count = (length - at).min(ZERO_BYTES as u64) as usize;
        write_all_at(file, &zeros[..count], at)?;
        at += count as u64;
    }
    Ok(())
}

/// Writes all of `bytes`; a short write is carried on, an error ends it.
pub(crate) fn write_all_at<File: StorageFile + ?Sized>(
    file: &File,
    mut bytes: &[u8],
    mut offset: u64,
) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write_at(bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => {
                bytes = &bytes[count..];
                offset += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads until `buffer` is full or the file ends; answers how many bytes.
pub(crate) fn read_up_to(file: &dyn StorageFile, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < buffer.len() {
        match file.read_at(&mut buffer[done..], offset + done as u64) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// Whether the error says that the disk, the quota or the inodes are used up.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Turns an operating system's error into a fault that names the file and the operation.
pub(crate) fn disk_fault(
    storage: &dyn Storage,
    name: &str,
    operation: &'static str,
) -> impl FnOnce(io::Error) -> JournalFault + use<> {
    let file = storage.path(name);
    move |source| JournalFault::Disk { file, operation, source }
}

/// A real directory.
#[derive(Clone, Debug)]
pub struct DiskDirectory {
    path: PathBuf,
}

impl DiskDirectory {
    /// That directory; it need not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }
}

impl Storage for DiskDirectory {
    fn path(&self, name: &str) -> PathBuf {
        if name.is_empty() { self.path.clone() } else { self.path.join(name) }
    }

    fn list(&self, folder: &str) -> io::Result<Vec<(String, u64)>> {
        let entries = match fs::read_dir(self.path(folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut files = Vec::new();
        for entry in entries {
            let entry = entry?;
            // A file may be renamed between the listing and the look at it (the preparer's): then it is not there.
            let metadata = match entry.metadata() {
                Ok(metadata) => metadata,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            if metadata.is_file()
                && let Ok(name) = entry.file_name().into_string()
            {
                files.push((name, metadata.len()));
            }
        }
        Ok(files)
    }

    fn open_to_read(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        Ok(Box::new(DiskFile::one_way(File::open(self.path(name))?)))
    }

    fn open_to_write(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        let path = self.path(name);
        let cached = OpenOptions::new().read(true).write(true).open(&path)?;
        // Not every file system can: then all goes through the page cache.
        let direct = OpenOptions::new().write(true).custom_flags(O_DIRECT).open(&path).ok();
        Ok(Box::new(DiskFile { cached, direct, refused: AtomicBool::new(false) }))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(self.path(name))?;
        Ok(Box::new(DiskFile::one_way(file)))
    }

    fn open_to_read_directly(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        open_directly(&self.path(name), OpenOptions::new().read(true))
    }

    fn create_directly(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        open_directly(&self.path(name), OpenOptions::new().read(true).write(true).create(true).truncate(true))
    }

    fn create_folder(&self, folder: &str) -> io::Result<()> {
        let path = self.path(folder);
        if path.is_dir() {
            return Ok(());
        }
        fs::create_dir_all(&path)?;
        match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => sync_directory(parent),
            Some(_) | None => Ok(()),
        }
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path(from), self.path(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let path = self.path(name);
        // Opened while it has a name, so that its blocks outlive the name: after a crash in between, the file system frees them.
        let file = OpenOptions::new().write(true).open(&path);
        fs::remove_file(&path)?;
        if let Ok(file) = file {
            // The name is gone, which is what was asked for: blocks not freed here are freed all at once when it is closed.
            let _ = free_in_steps(&file);
        }
        Ok(())
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        sync_directory(&self.path(folder))
    }

    fn lock(&self, name: &str) -> io::Result<Option<Box<dyn Any + Send>>> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(self.path(name))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }
}

/// Opens past the page cache; through it on a file system that knows no other way (in memory, for one).
fn open_directly(path: &Path, options: &mut OpenOptions) -> io::Result<Box<dyn StorageFile>> {
    let file = match options.custom_flags(O_DIRECT).open(path) {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => options.custom_flags(0).open(path)?,
        opened => opened?,
    };
    Ok(Box::new(DiskFile::one_way(file)))
}

/// Freed at a time, and how long others have the disk to themselves before the next are.
const FREED_BYTES: u64 = 16 << 20;
const FREED_EVERY: Duration = Duration::from_millis(5);

/// Frees a file's blocks from its end, each step in a transaction of its own: a file system that tells the disk what is freed
/// (`discard`) does so for a whole transaction at once, and gigabytes in one keep every sync waiting for a second.
fn free_in_steps(file: &File) -> io::Result<()> {
    let mut left_bytes = file.metadata()?.len();
    while left_bytes > FREED_BYTES {
        left_bytes -= FREED_BYTES;
        file.set_len(left_bytes)?;
        file.sync_all()?;
        std::thread::sleep(FREED_EVERY);
    }
    Ok(())
}

/// Makes a directory's names durable.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// As `open` takes it.
const O_DIRECT: i32 = rustix::fs::OFlags::DIRECT.bits() as i32;

/// An open file. Whole sectors out of aligned memory are written past the page cache: groups are never copied there, nor
/// collected there by the kernel and thrown out again when the segment goes. Everything else goes through it; the kernel keeps both
/// ways to a file consistent, and one `fdatasync` makes both durable.
struct DiskFile {
    cached: File,
    direct: Option<File>,
    /// The disk's sectors are larger than ours: it takes nothing past the cache.
    refused: AtomicBool,
}

impl DiskFile {
    /// A file with the one way that it was opened with.
    fn one_way(file: File) -> Self {
        Self { cached: file, direct: None, refused: AtomicBool::new(false) }
    }

    /// The way past the page cache, if these bytes can take it.
    fn direct_for(&self, bytes: &[u8], offset: u64) -> Option<&File> {
        let aligned = bytes.as_ptr().addr().is_multiple_of(SECTOR_BYTES)
            && bytes.len().is_multiple_of(SECTOR_BYTES)
            && offset.is_multiple_of(SECTOR_BYTES as u64);
        self.direct.as_ref().filter(|_| aligned && !self.refused.load(Ordering::Relaxed))
    }
}

impl StorageFile for DiskFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.cached.metadata()?.len())
    }
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.cached.read_at(buffer, offset)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        if let Some(direct) = self.direct_for(bytes, offset) {
            match direct.write_at(bytes, offset) {
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                    self.refused.store(true, Ordering::Relaxed)
                }
                written => return written,
            }
        }
        self.cached.write_at(bytes, offset)
    }
    fn write_durable_at(&self, bytes: &[u8], offset: u64) -> io::Result<bool> {
        let Some(direct) = self.direct_for(bytes, offset) else { return Ok(false) };
        match rustix::io::pwritev2(direct, &[io::IoSlice::new(bytes)], offset, rustix::io::ReadWriteFlags::DSYNC) {
            Ok(count) => Ok(count == bytes.len()),
            // Not every file system or kernel can.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {
                self.refused.store(true, Ordering::Relaxed);
                Ok(false)
            }
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
    fn allocate(&self, length: u64) -> io::Result<()> {
        match rustix::fs::fallocate(&self.cached, rustix::fs::FallocateFlags::empty(), 0, length) {
            Ok(()) => Ok(()),
            // Not every file system can.
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => write_zeros(self, length),
            Err(error) => Err(error.into()),
        }
    }
    fn sync_data(&self) -> io::Result<()> {
        self.cached.sync_data()
    }
    fn sync_all(&self) -> io::Result<()> {
        self.cached.sync_all()
    }
}
