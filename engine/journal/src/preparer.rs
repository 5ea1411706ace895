//! The thread that keeps the next segment, and the reserve for a full disk, zeroed in advance.
//!
//! Overwriting zeroed blocks needs no metadata, so that one `fdatasync` makes a group durable (twice as fast as appending),
//! and it cannot meet a full disk: the blocks are there.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::JournalFault;
use crate::names::{PREPARED, RESERVE, ZEROING};
use crate::storage::{Storage, disk_fault, is_full, read_up_to, write_all_at};

/// How many zeros are written at a time.
const ZERO_BYTES: usize = 256 * 1024;

/// What the preparer and the writer tell each other.
#[derive(Debug, Default)]
struct Stock {
    next_ready: bool,
    reserve_ready: bool,
    /// The last attempt met a full disk.
    full: bool,
    fault: Option<String>,
    stop: bool,
}

struct Shared {
    stock: Mutex<Stock>,
    changed: Condvar,
    /// Mirrors of `full`, of a segment being ready and of `fault`, read before every group without taking the lock.
    full: AtomicBool,
    spare_ready: AtomicBool,
    faulty: AtomicBool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Stock> {
        self.stock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, stock: &Stock) {
        self.full.store(stock.full, Ordering::Release);
        self.spare_ready.store(stock.next_ready || stock.reserve_ready, Ordering::Release);
        self.faulty.store(stock.fault.is_some(), Ordering::Release);
        self.changed.notify_all();
    }
}

/// A zeroed segment that may be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spare {
    Prepared,
    Reserve,
}

impl Spare {
    pub fn name(self) -> &'static str {
        match self {
            Self::Prepared => PREPARED,
            Self::Reserve => RESERVE,
        }
    }
}

/// Why no zeroed segment can be had.
pub(crate) enum NoSpare {
    /// The disk is full.
    Full,
    /// Preparing failed for another reason: the disk is not to be trusted.
    Fault(String),
}

/// The handle of the preparing thread; dropping it stops and joins the thread.
pub(crate) struct Preparer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Preparer {
    /// Starts the thread. `next_ready` and `reserve_ready` say what was found at the opening.
    pub fn start(
        storage: Arc<dyn Storage>,
        segment_bytes: u64,
        retry_after: Duration,
        next_ready: bool,
        reserve_ready: bool,
    ) -> Result<Self, JournalFault> {
        let stock = Stock { next_ready, reserve_ready, ..Stock::default() };
        let shared = Arc::new(Shared {
            spare_ready: AtomicBool::new(next_ready || reserve_ready),
            stock: Mutex::new(stock),
            changed: Condvar::new(),
            full: AtomicBool::new(false),
            faulty: AtomicBool::new(false),
        });
        let theirs = Arc::clone(&shared);
        let place = Arc::clone(&storage);
        let thread = std::thread::Builder::new()
            .name("journal-prepare".into())
            .spawn(move || run(&*storage, &theirs, segment_bytes, retry_after))
            .map_err(disk_fault(&*place, "", "start the preparing thread"))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Whether the last attempt to prepare met a full disk.
    pub fn is_full(&self) -> bool {
        self.shared.full.load(Ordering::Acquire)
    }

    /// Whether a zeroed segment is there.
    pub fn has_spare(&self) -> bool {
        self.shared.spare_ready.load(Ordering::Acquire)
    }

    /// Why the preparer stopped, if it did.
    pub fn fault(&self) -> Option<String> {
        if self.shared.faulty.load(Ordering::Acquire) { self.shared.lock().fault.clone() } else { None }
    }

    /// A zeroed segment: the prepared one, or the reserve if the disk is full. Waits while one is being prepared.
    pub fn spare(&self) -> Result<Spare, NoSpare> {
        let mut stock = self.shared.lock();
        loop {
            if let Some(fault) = &stock.fault {
                return Err(NoSpare::Fault(fault.clone()));
            }
            if stock.next_ready {
                return Ok(Spare::Prepared);
            }
            if stock.full {
                return if stock.reserve_ready { Ok(Spare::Reserve) } else { Err(NoSpare::Full) };
            }
            stock = self.shared.changed.wait(stock).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The spare now has a segment's name: another is to be prepared.
    pub fn taken(&self, spare: Spare) {
        let mut stock = self.shared.lock();
        match spare {
            Spare::Prepared => stock.next_ready = false,
            Spare::Reserve => stock.reserve_ready = false,
        }
        self.shared.publish(&stock);
    }
}

impl Drop for Preparer {
    fn drop(&mut self) {
        self.shared.lock().stop = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // A panic of that thread has already been reported by it.
            let _ = thread.join();
        }
    }
}

/// Tells the writer if the thread ends by a panic, so that it does not wait for ever.
struct Farewell<'a>(&'a Shared);

impl Drop for Farewell<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut stock = self.0.lock();
            stock.fault = Some("the thread that prepares segments has panicked".into());
            self.0.publish(&stock);
        }
    }
}

fn run(storage: &dyn Storage, shared: &Shared, segment_bytes: u64, retry_after: Duration) {
    let _farewell = Farewell(shared);
    let mut stock = shared.lock();
    while !stock.stop && stock.fault.is_none() {
        // The reserve first: it is what protects people.
        let spare = match (stock.reserve_ready, stock.next_ready) {
            (false, _) => Spare::Reserve,
            (true, false) => Spare::Prepared,
            (true, true) => {
                stock.full = false;
                shared.publish(&stock);
                stock = shared.changed.wait(stock).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
        };
        drop(stock);
        let made = make_spare(storage, spare.name(), segment_bytes, &|| shared.lock().stop);
        stock = shared.lock();
        match made {
            Ok(true) => {
                match spare {
                    Spare::Prepared => (stock.next_ready, stock.full) = (true, false),
                    Spare::Reserve => stock.reserve_ready = true,
                }
                shared.publish(&stock);
            }
            Ok(false) => {}
            Err(SpareError::Full) => {
                stock.full = true;
                shared.publish(&stock);
                stock = wait_to_retry(shared, stock, retry_after);
            }
            Err(SpareError::Fault(fault)) => {
                stock.fault = Some(fault.to_string());
                shared.publish(&stock);
            }
        }
    }
}

/// Waits the whole time even if woken (a roll on a full disk wakes us, but makes no room), unless it is time to stop.
fn wait_to_retry<'a>(shared: &'a Shared, stock: MutexGuard<'a, Stock>, retry_after: Duration) -> MutexGuard<'a, Stock> {
    let waited = shared.changed.wait_timeout_while(stock, retry_after, |stock| !stock.stop);
    waited.map_or_else(|poisoned| poisoned.into_inner().0, |(stock, _)| stock)
}

/// Why a spare could not be made.
pub(crate) enum SpareError {
    Full,
    Fault(JournalFault),
}

/// Writes a segment full of zeros under a temporary name, makes it durable, and gives it `name`. Answers false if it was
/// told to stop. A full disk leaves nothing behind.
pub(crate) fn make_spare(
    storage: &dyn Storage,
    name: &str,
    segment_bytes: u64,
    stop: &dyn Fn() -> bool,
) -> Result<bool, SpareError> {
    let sort = |operation: &'static str| {
        move |error: std::io::Error| {
            if is_full(&error) {
                // If the leftover cannot be deleted either, the next attempt overwrites it.
                let _ = storage.remove(ZEROING);
                SpareError::Full
            } else {
                SpareError::Fault(disk_fault(storage, ZEROING, operation)(error))
            }
        }
    };
    let file = storage.create(ZEROING).map_err(sort("create"))?;
    let zeros = vec![0; ZERO_BYTES];
    let mut at = 0;
    while at < segment_bytes {
        if stop() {
            // Opening deletes it too.
            let _ = storage.remove(ZEROING);
            return Ok(false);
        }
        let bytes = zeros.len().min((segment_bytes - at) as usize);
        write_all_at(&*file, &zeros[..bytes], at).map_err(sort("write"))?;
        at += bytes as u64;
    }
    file.sync_all().map_err(sort("sync"))?;
    drop(file);
    storage.rename(ZEROING, name).map_err(sort("rename"))?;
    storage.sync_folder("").map_err(sort("sync the directory of"))?;
    Ok(true)
}

/// Whether the file is a spare as `make_spare` leaves it: of full size, all zeros.
pub(crate) fn is_whole_spare(storage: &dyn Storage, name: &str, segment_bytes: u64) -> std::io::Result<bool> {
    let file = storage.open_to_read(name)?;
    if file.length()? != segment_bytes {
        return Ok(false);
    }
    let mut buffer = vec![0; ZERO_BYTES];
    let mut at = 0;
    while at < segment_bytes {
        let read = read_up_to(&*file, &mut buffer, at)?;
        if read == 0 || buffer[..read].iter().any(|&byte| byte != 0) {
            return Ok(false);
        }
        at += read as u64;
    }
    Ok(true)
}
