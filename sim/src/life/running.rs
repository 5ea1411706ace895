//! A life on a thread of its own.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use carbex_core::Command;

use super::{Life, LifeFault, LifeStatus, outbox::by_exchange};

/// How long a life with nothing to do rests.
const REST: Duration = Duration::from_millis(2);

/// A life that runs until it is stopped or the node stops.
pub struct RunningLife {
    stopping: Arc<AtomicBool>,
    status: Arc<Mutex<LifeStatus>>,
    thread: JoinHandle<Result<Life, LifeFault>>,
}

impl Life {
    /// Goes on by itself.
    ///
    /// # Errors
    /// The machine gives no thread.
    pub fn run(mut self) -> std::io::Result<RunningLife> {
        let stopping = self.outbox.leaving();
        let status = self.status();
        let asked = Arc::clone(&stopping);
        let thread = thread::Builder::new().name("life".into()).spawn(move || {
            match self.live_until(&asked) {
                // Nobody waits for a full disk to stop: what is durable is durable, the rest was never acknowledged.
                Ok(()) | Err(LifeFault::NoRoom) => Ok(self),
                Err(fault) => Err(fault),
            }
        })?;
        Ok(RunningLife { stopping, status, thread })
    }
}

impl Life {
    fn live_until(&mut self, asked: &AtomicBool) -> Result<(), LifeFault> {
        while !asked.load(Ordering::Relaxed) {
            if !self.turn()? {
                thread::sleep(REST);
            }
        }
        self.settle()
    }

    /// Says what was decided, decides nothing more, and reads on until all of it is durable.
    ///
    /// # Errors
    /// `Stopping`.
    pub fn settle(&mut self) -> Result<(), LifeFault> {
        self.outbox.empty()?;
        // A receipt is given when everything before it is durable; a tick changes nothing else.
        let last = self.outbox.call(by_exchange(Command::Tick))?.sequence;
        while self.read_up_to < last {
            self.follow()?;
            thread::sleep(REST);
        }
        self.report();
        Ok(())
    }
}

impl RunningLife {
    /// How it goes.
    pub fn status(&self) -> LifeStatus {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether it ended by itself, which it does only at a fault; [`Self::stop`] tells which.
    pub fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    /// Stops it and gives it back.
    ///
    /// # Errors
    /// What ended it.
    pub fn stop(self) -> Result<Life, LifeFault> {
        self.stopping.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}
