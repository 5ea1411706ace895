//! Committing allocates nothing once the journal is open.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use carbex_journal::{EventsHash, Journal, JournalOptions, RecordHead};
use carbex_vocabulary::TimestampNs;

/// Counts the allocations of each thread.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: everything is handed to the system's allocator as it came; the counter allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn a_commit_allocates_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (mut journal, _) = Journal::open(JournalOptions::new(directory.path())).unwrap();
    let before = ALLOCATIONS.with(Cell::get);
    for group in 0..200 {
        journal.begin_group(20_000).unwrap();
        for record in 0..100 {
            let time = TimestampNs::new(group * 100 + record);
            let head = RecordHead { time, actor: 1, role: 2, member: 3, idempotency_key: 4, reason: "why" };
            journal.push_record(&head, &[7; 100]).unwrap();
        }
        journal.commit(EventsHash::ZERO).unwrap();
        let _ = journal.room();
    }
    assert_eq!(ALLOCATIONS.with(Cell::get), before);
    assert!(before > 0, "the counter counts");
}
