//! Memory taken from the system ahead of its use, by a thread of its own: a page that is there costs its user nothing, and for
//! gigabytes written once from front to back having them zeroed costs more than writing them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crate::Table;

/// Taken at a time: what is still to be waited for when it is given up.
const STEP_BYTES: usize = 16 * 1024 * 1024;

/// Part of a table's memory, by its address.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    start: usize,
    bytes: usize,
}

impl<T: zerocopy::FromBytes + zerocopy::IntoBytes> Table<T> {
    /// The memory of the first `records`.
    pub fn extent(&self, records: usize) -> Extent {
        Extent { start: self.as_ptr() as usize, bytes: records.min(self.len()) * size_of::<T>() }
    }
}

/// Takes memory until it is dropped or all is there.
#[derive(Debug)]
pub struct TakingAhead {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl TakingAhead {
    /// Begins with the first extent. Does nothing where the system has no thread to give or cannot do it: then pages come as they
    /// are touched.
    pub fn start(extents: Vec<Extent>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let take = move || {
            for Extent { start, bytes } in extents {
                for at in (0..bytes).step_by(STEP_BYTES) {
                    let step = STEP_BYTES.min(bytes - at);
                    if stopped.load(Ordering::Relaxed) || !take(start + at, step) {
                        return;
                    }
                }
            }
        };
        let thread = std::thread::Builder::new().name("carbex-memory".into()).spawn(take).ok();
        Self { stop, thread }
    }
}

impl Drop for TakingAhead {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It has nothing to say.
            let _ = thread.join();
        }
    }
}

/// Whether the system gave those pages.
#[cfg(target_os = "linux")]
fn take(start: usize, bytes: usize) -> bool {
    use rustix::mm::{Advice, madvise};
    const PAGE_BYTES: usize = 4096;
    let from = start - start % PAGE_BYTES;
    let pages: *mut core::ffi::c_void = std::ptr::with_exposed_provenance_mut(from);
    // SAFETY: this advice maps pages that are not there yet and changes no byte that a program can see, whoever reads or writes
    // the range meanwhile; where nothing is mapped any more it answers an error.
    unsafe { madvise(pages, start + bytes - from, Advice::LinuxPopulateWrite) }.is_ok()
}

#[cfg(not(target_os = "linux"))]
fn take(_start: usize, _bytes: usize) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_taken_ahead_stays_what_it_is() {
        let mut table: Table<u64> = Table::zeroed(3_000_000);
        table[5] = 7;
        let taking = TakingAhead::start(vec![table.extent(2_000_000), table.extent(usize::MAX)]);
        table[1_999_999] = 8;
        drop(taking);
        assert_eq!((table[5], table[1_999_999]), (7, 8));
        assert_eq!(table.iter().sum::<u64>(), 15);
    }
}
