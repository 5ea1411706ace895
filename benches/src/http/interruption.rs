//! Ending a measurement from outside, so that it still cleans up.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use rustix::process::{Pid, Signal, kill_process};

/// Ends a measurement: its exchange is ended, and whoever waits for an answer of it notices.
#[derive(Debug, Default)]
pub struct Interruption {
    came: AtomicBool,
    /// The running exchange; it is taken out before the system may give its number to another process.
    exchange: Mutex<Option<Pid>>,
}

impl Interruption {
    /// Ends the measurement that was given this; one that was not begun yet ends at its beginning.
    pub fn end(&self) {
        let exchange = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        self.came.store(true, Ordering::Release);
        if let Some(exchange) = *exchange {
            // One that has just ended by itself is just as good.
            let _ = kill_process(exchange, Signal::KILL);
        }
    }

    /// Whether it was asked for.
    pub fn came(&self) -> bool {
        self.came.load(Ordering::Acquire)
    }

    /// The exchange that is ended with the measurement; `None` = it is about to be waited for.
    pub(super) fn watch(&self, exchange: Option<u32>) {
        let mut watched = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        *watched = exchange.and_then(|number| Pid::from_raw(i32::try_from(number).ok()?));
        if let (Some(exchange), true) = (*watched, self.came()) {
            let _ = kill_process(exchange, Signal::KILL);
        }
    }
}
