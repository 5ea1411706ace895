//! A disk in memory whose plug can be pulled: what was not synced is lost, kept or reordered sector by sector, as chance
//! has it. For this crate's tests and those of its callers (feature `simulated-disk`).

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::storage::{Storage, StorageFile};

/// The unit that a disk writes whole or not at all.
const SECTOR_BYTES: usize = 512;

/// What a disk can be asked to do, for the plan of what fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// A write to a file.
    Write,
    /// A sync of a file.
    Sync,
    /// A new file.
    Create,
    /// A rename.
    Rename,
    /// A sync of a directory.
    SyncFolder,
    /// Room reserved for a file.
    Allocate,
}

/// What goes wrong, and when.
#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    /// The operation answers this error; a write leaves a part of its bytes behind.
    Error(io::ErrorKind),
    /// A write takes only half of its bytes (legal: the caller carries on).
    Short,
}

/// The content of one file: as programs see it, and as it would be after a power cut.
#[derive(Clone, Debug, Default)]
struct Content {
    seen: Vec<u8>,
    durable: Vec<u8>,
    /// Sectors in which the two may differ.
    unsynced: BTreeSet<usize>,
}

#[derive(Clone, Debug, Default)]
struct Disk {
    contents: Vec<Content>,
    /// Names as programs see them; the numbers index `contents`.
    names: BTreeMap<String, usize>,
    /// Names after a power cut, and the changes that were not synced yet, in order.
    durable_names: BTreeMap<String, usize>,
    unsynced_names: Vec<(String, Option<usize>)>,
    capacity_bytes: Option<u64>,
    /// For each operation: how many more succeed, then the trouble (once or for ever).
    troubles: BTreeMap<Operation, (u64, Trouble)>,
    locked: bool,
    syncs: u64,
}

/// Told of every operation before it happens.
type Watcher = Arc<dyn Fn(Operation) + Send + Sync>;

/// The disk; clones are the same disk.
#[derive(Clone, Default)]
pub struct SimulatedDisk {
    disk: Arc<Mutex<Disk>>,
    watcher: Arc<Mutex<Option<Watcher>>>,
}

impl core::fmt::Debug for SimulatedDisk {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_map().entries(self.files()).finish()
    }
}

impl SimulatedDisk {
    /// An empty disk without limits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Limits the bytes of all files together; more answers `StorageFull`.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.lock_disk().capacity_bytes = bytes;
    }

    /// After `successes` more of that operation, every one meets `trouble` (short writes: only that one).
    pub fn plan(&self, operation: Operation, successes: u64, trouble: Trouble) {
        self.lock_disk().troubles.insert(operation, (successes, trouble));
    }

    /// Takes back all plans.
    pub fn clear_plans(&self) {
        self.lock_disk().troubles.clear();
    }

    /// Calls `watcher` before every operation from now on; it may `fork` the disk to keep this very moment.
    pub fn watch(&self, watcher: impl Fn(Operation) + Send + Sync + 'static) {
        *self.watcher.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(watcher));
    }

    /// Another disk in the same state, what is not synced included, without plans and watchers.
    pub fn fork(&self) -> Self {
        let mut disk = self.lock_disk().clone();
        disk.troubles.clear();
        Self { disk: Arc::new(Mutex::new(disk)), watcher: Arc::default() }
    }

    fn tell(&self, operation: Operation) {
        let watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(watcher) = watcher {
            watcher(operation);
        }
    }

    /// How many syncs of files succeeded.
    pub fn syncs(&self) -> u64 {
        self.lock_disk().syncs
    }

    /// The names and sizes of all files.
    pub fn files(&self) -> Vec<(String, u64)> {
        let disk = self.lock_disk();
        disk.names.iter().map(|(name, &content)| (name.clone(), disk.contents[content].seen.len() as u64)).collect()
    }

    /// The bytes of a file.
    ///
    /// # Panics
    /// If there is no such file.
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        let disk = self.lock_disk();
        disk.contents[disk.names[name]].seen.clone()
    }

    /// Puts a file there, durable.
    pub fn put(&self, name: &str, bytes: Vec<u8>) {
        let mut disk = self.lock_disk();
        let content = disk.contents.len();
        disk.contents.push(Content { seen: bytes.clone(), durable: bytes, unsynced: BTreeSet::new() });
        disk.names.insert(name.into(), content);
        disk.durable_names.insert(name.into(), content);
    }

    /// Changes bytes of a file behind everyone's back: bit rot.
    ///
    /// # Panics
    /// If there is no such file.
    pub fn damage(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut disk = self.lock_disk();
        let content = disk.names[name];
        let content = &mut disk.contents[content];
        change(&mut content.seen);
        content.durable.clone_from(&content.seen);
    }

    /// Another disk with the same durable content, everything seen taken as durable.
    pub fn copy(&self) -> Self {
        let other = Self::new();
        for (name, _) in self.files() {
            other.put(&name, self.bytes(&name));
        }
        other
    }

    /// What a power cut leaves: of the unsynced sectors each is there or not, of the unsynced names the first few are, as
    /// `random` decides. The lock is gone with the process.
    pub fn after_power_cut(&self, random: &mut dyn FnMut(u64) -> u64) -> Self {
        let disk = self.lock_disk();
        let mut names = disk.durable_names.clone();
        let kept = random(disk.unsynced_names.len() as u64 + 1) as usize;
        for (name, content) in &disk.unsynced_names[..kept] {
            match content {
                Some(content) => names.insert(name.clone(), *content),
                None => names.remove(name),
            };
        }
        let after = Self::new();
        for (name, content) in names {
            let content = &disk.contents[content];
            let mut bytes = content.durable.clone();
            for &sector in &content.unsynced {
                let start = sector * SECTOR_BYTES;
                let end = (start + SECTOR_BYTES).min(content.seen.len());
                if random(2) == 1 && start < end {
                    bytes.resize(bytes.len().max(end), 0);
                    bytes[start..end].copy_from_slice(&content.seen[start..end]);
                }
            }
            after.put(&name, bytes);
        }
        after
    }

    fn lock_disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Disk {
    /// The trouble that meets this operation now, if any.
    fn trouble(&mut self, operation: Operation) -> Option<Trouble> {
        let (successes, trouble) = self.troubles.get_mut(&operation)?;
        if *successes > 0 {
            *successes -= 1;
            return None;
        }
        let trouble = *trouble;
        if matches!(trouble, Trouble::Short) {
            self.troubles.remove(&operation);
        }
        Some(trouble)
    }

    fn fail(&mut self, operation: Operation) -> io::Result<()> {
        match self.trouble(operation) {
            Some(Trouble::Error(kind)) => Err(kind.into()),
            Some(Trouble::Short) | None => Ok(()),
        }
    }

    fn content_of(&self, name: &str) -> io::Result<usize> {
        self.names.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn used_bytes(&self) -> u64 {
        self.names.values().map(|&content| self.contents[content].seen.len() as u64).sum()
    }
}

impl Storage for SimulatedDisk {
    fn path(&self, name: &str) -> PathBuf {
        PathBuf::from("/simulated").join(name)
    }

    fn list(&self, folder: &str) -> io::Result<Vec<(String, u64)>> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let inside = |(name, bytes): (String, u64)| {
            let name = name.strip_prefix(&prefix)?;
            (!name.contains('/')).then(|| (name.to_owned(), bytes))
        };
        Ok(self.files().into_iter().filter_map(inside).collect())
    }

    fn open_to_read(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        self.open_to_write(name)
    }

    fn open_to_write(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        let content = self.lock_disk().content_of(name)?;
        Ok(Box::new(SimulatedFile { disk: self.clone(), content }))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        self.tell(Operation::Create);
        let mut disk = self.lock_disk();
        disk.fail(Operation::Create)?;
        let content = disk.contents.len();
        disk.contents.push(Content::default());
        disk.names.insert(name.into(), content);
        disk.unsynced_names.push((name.into(), Some(content)));
        drop(disk);
        Ok(Box::new(SimulatedFile { disk: self.clone(), content }))
    }

    fn create_folder(&self, _folder: &str) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.tell(Operation::Rename);
        let mut disk = self.lock_disk();
        disk.fail(Operation::Rename)?;
        let content = disk.content_of(from)?;
        disk.names.remove(from);
        disk.names.insert(to.into(), content);
        disk.unsynced_names.push((to.into(), Some(content)));
        disk.unsynced_names.push((from.into(), None));
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut disk = self.lock_disk();
        disk.content_of(name)?;
        disk.names.remove(name);
        disk.unsynced_names.push((name.into(), None));
        Ok(())
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        self.tell(Operation::SyncFolder);
        let mut disk = self.lock_disk();
        disk.fail(Operation::SyncFolder)?;
        let is_inside = |name: &str| name.rsplit_once('/').map_or("", |(folder, _)| folder) == folder;
        let (synced, left): (Vec<_>, Vec<_>) =
            std::mem::take(&mut disk.unsynced_names).into_iter().partition(|(name, _)| is_inside(name));
        disk.unsynced_names = left;
        for (name, content) in synced {
            match content {
                Some(content) => disk.durable_names.insert(name, content),
                None => disk.durable_names.remove(&name),
            };
        }
        Ok(())
    }

    fn lock(&self, _name: &str) -> io::Result<Option<Box<dyn Any + Send>>> {
        let mut disk = self.lock_disk();
        if disk.locked {
            return Ok(None);
        }
        disk.locked = true;
        Ok(Some(Box::new(Unlock(self.clone()))))
    }
}

struct Unlock(SimulatedDisk);

impl Drop for Unlock {
    fn drop(&mut self) {
        self.0.lock_disk().locked = false;
    }
}

struct SimulatedFile {
    disk: SimulatedDisk,
    content: usize,
}

impl StorageFile for SimulatedFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.disk.lock_disk().contents[self.content].seen.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let disk = self.disk.lock_disk();
        let seen = &disk.contents[self.content].seen;
        let from = seen.get(offset as usize..).unwrap_or(&[]);
        let count = from.len().min(buffer.len());
        buffer[..count].copy_from_slice(&from[..count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.disk.tell(Operation::Write);
        let mut disk = self.disk.lock_disk();
        let trouble = disk.trouble(Operation::Write);
        let mut bytes = if trouble.is_some() { &bytes[..bytes.len() / 2] } else { bytes };
        let offset = offset as usize;
        let length = disk.contents[self.content].seen.len();
        let growth = (offset + bytes.len()).saturating_sub(length) as u64;
        let free = disk.capacity_bytes.map_or(u64::MAX, |capacity| capacity.saturating_sub(disk.used_bytes()));
        if growth > free {
            // As a real disk: what fits is written, then nothing more.
            let fits = (length + free as usize).saturating_sub(offset).min(bytes.len());
            if fits == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            bytes = &bytes[..fits];
        }
        let end = offset + bytes.len();
        let content = &mut disk.contents[self.content];
        content.seen.resize(length.max(end), 0);
        content.seen[offset..end].copy_from_slice(bytes);
        content.unsynced.extend(offset / SECTOR_BYTES..end.div_ceil(SECTOR_BYTES));
        match trouble {
            Some(Trouble::Error(kind)) => Err(kind.into()),
            Some(Trouble::Short) | None => Ok(bytes.len()),
        }
    }

    fn allocate(&self, length: u64) -> io::Result<()> {
        self.disk.tell(Operation::Allocate);
        let mut disk = self.disk.lock_disk();
        disk.fail(Operation::Allocate)?;
        let growth = length.saturating_sub(disk.contents[self.content].seen.len() as u64);
        if disk.capacity_bytes.is_some_and(|capacity| growth > capacity.saturating_sub(disk.used_bytes())) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        // Longer only after a sync; what it then reads as is zero, whatever was on the disk there before.
        let content = &mut disk.contents[self.content];
        content.seen.resize(content.seen.len().max(length as usize), 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk.tell(Operation::Sync);
        let mut disk = self.disk.lock_disk();
        let failed = disk.fail(Operation::Sync);
        let content = &mut disk.contents[self.content];
        let unsynced = std::mem::take(&mut content.unsynced);
        // A failed sync forgets what it could not write: the next one answers well, and the disk still holds the old bytes.
        failed?;
        content.durable.resize(content.seen.len(), 0);
        for sector in unsynced {
            let start = sector * SECTOR_BYTES;
            let end = (start + SECTOR_BYTES).min(content.seen.len());
            content.durable[start..end].copy_from_slice(&content.seen[start..end]);
        }
        disk.syncs += 1;
        Ok(())
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync_data()
    }
}
