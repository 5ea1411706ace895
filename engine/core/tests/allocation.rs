//! The core asks for all its memory at the start, and for none after.

mod stream;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use carbex_core::{Capacities, Events, Market};
use carbex_vocabulary::{Event, Rationing, Sequence};

/// Counts what this thread asks for.
struct Counting;

thread_local! {
    static ASKED: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is handed on unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ASKED.with(|asked| asked.set(asked.get() + 1));
        // SAFETY: the caller keeps `alloc`'s contract.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps `dealloc`'s contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Counts events and keeps none.
#[derive(Default)]
struct Counter {
    events: u64,
    trades: u64,
}

impl Events for Counter {
    fn emit(&mut self, event: Event) {
        self.events += 1;
        self.trades += u64::from(matches!(event, Event::Trade { .. }));
    }
}

#[test]
fn no_command_allocates_after_the_start() {
    for (rationing, slice_accounts) in
        Rationing::ALL.iter().flat_map(|rationing| [(rationing, u32::MAX), (rationing, 3)])
    {
        let commands = stream::commands(11, 50, 40_000);
        let mut market =
            Market::new(Capacities { accounts: 50, orders: 400, slice_accounts }, stream::rules(*rationing));
        let mut counter = Counter::default();
        let before = ASKED.with(Cell::get);
        for (sequence, (time, command)) in (1_u64..).zip(&commands) {
            market.apply(Sequence::new(sequence), *time, command, &mut counter);
        }
        assert_eq!(ASKED.with(Cell::get) - before, 0, "allocations while {} commands were applied", commands.len());
        assert!(counter.trades > 1000 && counter.events > 40_000, "the stream is alive: {} trades", counter.trades);
    }
}
