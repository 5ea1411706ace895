//! The disk as the journal sees it, behind a trait so that tests can pull the plug.

use std::any::Any;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::JournalFault;

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
    /// Makes a folder (and the directory itself) if it is not there.
    fn create_folder(&self, folder: &str) -> io::Result<()>;
    /// Renames a file, replacing any of the new name.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Deletes a file.
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
    /// Makes the content durable (`fdatasync`).
    fn sync_data(&self) -> io::Result<()>;
    /// Makes content and length durable (`fsync`).
    fn sync_all(&self) -> io::Result<()>;
}

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
        Ok(Box::new(DiskFile(File::open(self.path(name))?)))
    }

    fn open_to_write(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        Ok(Box::new(DiskFile(OpenOptions::new().read(true).write(true).open(self.path(name))?)))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(self.path(name))?;
        Ok(Box::new(DiskFile(file)))
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
        fs::remove_file(self.path(name))
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

/// Makes a directory's names durable.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

struct DiskFile(File);

impl StorageFile for DiskFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buffer, offset)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.0.write_at(bytes, offset)
    }
    fn allocate(&self, length: u64) -> io::Result<()> {
        match rustix::fs::fallocate(&self.0, rustix::fs::FallocateFlags::empty(), 0, length) {
            Ok(()) => Ok(()),
            // Not every file system can.
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => write_zeros(self, length),
            Err(error) => Err(error.into()),
        }
    }
    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }
    fn sync_all(&self) -> io::Result<()> {
        self.0.sync_all()
    }
}
