//! The thread that keeps the next segment, and the reserve for a full disk, ready in advance.
//!
//! A spare is reserved at once (`fallocate`): it has its full size, reads as zero, and cannot meet a full disk: the blocks
//! are there. The next segment's blocks are then written with zeros as well, but only while the writer leaves the disk time:
//! overwriting blocks that were written before needs no metadata, so that a small group is durable in half the time. At
//! full speed that would write every byte twice, and large groups gain nothing from it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::names::{PREPARED, RESERVE, ZEROING};
use crate::storage::{Storage, StorageFile, ZERO_BYTES, disk_fault, is_full, read_up_to, write_all_at};
use crate::{JournalFault, JournalOptions};

/// How long the preparer waits between two writes of zeros: with [`ZERO_BYTES`] each at most 50 MB/s.
const ZERO_EVERY: Duration = Duration::from_millis(5);
/// How much the writer may write in that time for the preparer to go on: 25 MB/s, so that it is always the faster one.
const BUSY_BYTES: u64 = ZERO_BYTES as u64 / 2;

/// What the preparer and the writer tell each other.
#[derive(Debug, Default)]
struct Stock {
    next_ready: bool,
    reserve_ready: bool,
    /// The last attempt met a full disk.
    full: bool,
    fault: Option<String>,
    /// How far the next segment is written with zeros, and whether that is being done just now: then it cannot be taken.
    zeroed_bytes: u64,
    zeroing: bool,
    stop: bool,
}

struct Shared {
    stock: Mutex<Stock>,
    changed: Condvar,
    /// Mirrors of `full`, of a segment being ready and of `fault`, read before every group without taking the lock.
    full: AtomicBool,
    spare_ready: AtomicBool,
    faulty: AtomicBool,
    /// Bytes that the writer has written since the start.
    written_bytes: AtomicU64,
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

/// A segment in waiting that may be taken.
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

/// Why no spare can be had.
pub(crate) enum NoSpare {
    /// The disk is full.
    Full,
    /// Preparing failed for another reason: the disk is not to be trusted.
    Fault(String),
}

/// Looks at the stock, from any thread.
#[derive(Clone)]
pub(crate) struct StockWatch(Arc<Shared>);

impl StockWatch {
    /// Whether the last attempt to prepare met a full disk.
    pub fn is_full(&self) -> bool {
        self.0.full.load(Ordering::Acquire)
    }

    /// Whether a spare is there.
    pub fn has_spare(&self) -> bool {
        self.0.spare_ready.load(Ordering::Acquire)
    }
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
        options: &JournalOptions,
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
            written_bytes: AtomicU64::new(0),
        });
        let preparing = Preparing {
            storage: Arc::clone(&storage),
            shared: Arc::clone(&shared),
            segment_bytes: options.segment_bytes,
            retry_after: options.retry_after,
            zero_when_idle: options.zero_when_idle,
        };
        let thread = std::thread::Builder::new()
            .name("journal-prepare".into())
            .spawn(move || preparing.run())
            .map_err(disk_fault(&*storage, "", "start the preparing thread"))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// A way to look at the stock on another thread.
    pub fn watch(&self) -> StockWatch {
        StockWatch(Arc::clone(&self.shared))
    }

    /// The writer has written that much.
    pub fn wrote(&self, bytes: u64) {
        self.shared.written_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Why the preparer stopped, if it did.
    pub fn fault(&self) -> Option<String> {
        if self.shared.faulty.load(Ordering::Acquire) { self.shared.lock().fault.clone() } else { None }
    }

    /// A spare: the prepared one, or the reserve if the disk is full. Waits while one is being prepared.
    pub fn spare(&self) -> Result<Spare, NoSpare> {
        let mut stock = self.shared.lock();
        loop {
            if let Some(fault) = &stock.fault {
                return Err(NoSpare::Fault(fault.clone()));
            }
            if stock.next_ready && !stock.zeroing {
                // From here on it is the writer's: no more zeros are written there.
                stock.zeroed_bytes = u64::MAX;
                return Ok(Spare::Prepared);
            }
            if stock.full && !stock.next_ready {
                return if stock.reserve_ready { Ok(Spare::Reserve) } else { Err(NoSpare::Full) };
            }
            stock = self.shared.changed.wait(stock).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The spare now has a segment's name: another is to be prepared.
    pub fn taken(&self, spare: Spare) {
        let mut stock = self.shared.lock();
        match spare {
            Spare::Prepared => (stock.next_ready, stock.zeroed_bytes) = (false, 0),
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

/// What the thread works with.
struct Preparing {
    storage: Arc<dyn Storage>,
    shared: Arc<Shared>,
    segment_bytes: u64,
    retry_after: Duration,
    zero_when_idle: bool,
}

impl Preparing {
    fn run(&self) {
        let shared = &*self.shared;
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
                    stock = self.with_both_ready(stock);
                    continue;
                }
            };
            drop(stock);
            let made = make_spare(&*self.storage, spare.name(), self.segment_bytes);
            stock = shared.lock();
            match made {
                Ok(()) => {
                    match spare {
                        Spare::Prepared => (stock.next_ready, stock.zeroed_bytes, stock.full) = (true, 0, false),
                        Spare::Reserve => stock.reserve_ready = true,
                    }
                    shared.publish(&stock);
                }
                Err(SpareError::Full) => {
                    stock.full = true;
                    shared.publish(&stock);
                    stock = wait_to_retry(shared, stock, self.retry_after);
                }
                Err(SpareError::Fault(fault)) => {
                    stock.fault = Some(fault.to_string());
                    shared.publish(&stock);
                }
            }
        }
    }

    /// Both spares are ready: writes zeros to the next segment while the writer is slow, else waits for a change.
    fn with_both_ready<'a>(&'a self, stock: MutexGuard<'a, Stock>) -> MutexGuard<'a, Stock> {
        let shared = &*self.shared;
        if !self.zero_when_idle || stock.zeroed_bytes >= self.segment_bytes {
            return shared.changed.wait(stock).unwrap_or_else(PoisonError::into_inner);
        }
        let before = shared.written_bytes.load(Ordering::Relaxed);
        let still = |stock: &mut Stock| {
            !stock.stop && stock.next_ready && stock.reserve_ready && stock.zeroed_bytes < self.segment_bytes
        };
        let waited = shared.changed.wait_timeout_while(stock, ZERO_EVERY, still);
        let (mut stock, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        let written = shared.written_bytes.load(Ordering::Relaxed) - before;
        if !waited.timed_out() || written > BUSY_BYTES {
            return stock;
        }
        let from = stock.zeroed_bytes;
        stock.zeroing = true;
        drop(stock);
        let zeroed = zero_some(&*self.storage, from, self.segment_bytes);
        let mut stock = shared.lock();
        stock.zeroing = false;
        match zeroed {
            Ok(to) => stock.zeroed_bytes = to,
            // What was reserved is there all the same; this was for speed only.
            Err(error) if is_full(&error) => stock.zeroed_bytes = u64::MAX,
            Err(error) => stock.fault = Some(disk_fault(&*self.storage, PREPARED, "write zeros to")(error).to_string()),
        }
        shared.publish(&stock);
        stock
    }
}

/// Writes some zeros to the next segment and syncs them, so that no group's sync has to; answers how far it is done.
fn zero_some(storage: &dyn Storage, from: u64, segment_bytes: u64) -> std::io::Result<u64> {
    let file: Box<dyn StorageFile> = storage.open_to_write(PREPARED)?;
    let zeros = vec![0; ZERO_BYTES.min((segment_bytes - from) as usize)];
    write_all_at(&*file, &zeros, from)?;
    file.sync_data()?;
    Ok(from + zeros.len() as u64)
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

/// Reserves a segment that reads as zero under a temporary name, makes it durable, and gives it `name`. A full disk leaves
/// nothing behind.
pub(crate) fn make_spare(storage: &dyn Storage, name: &str, segment_bytes: u64) -> Result<(), SpareError> {
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
    file.allocate(segment_bytes).map_err(sort("reserve room for"))?;
    file.sync_all().map_err(sort("sync"))?;
    drop(file);
    storage.rename(ZEROING, name).map_err(sort("rename"))?;
    storage.sync_folder("").map_err(sort("sync the directory of"))?;
    Ok(())
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
