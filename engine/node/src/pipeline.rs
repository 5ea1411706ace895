//! The pipeline between the core and the disk: the core fills a group while the journal's thread writes the one before.
//!
//! One group at a time is written; at most one more waits behind it. On a quiet node the core commits by itself: handing
//! over to another thread would only cost the time of waking it.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
};

use carbex_journal::{GroupReceipt, Journal, JournalFault};

use crate::{
    commit::{Committer, Group},
    fault::stop_the_process,
    handed_between::Shared,
};

/// Groups handed over at once at most: one being written, one waiting.
const IN_FLIGHT_MAX: usize = 2;

/// What the two threads tell each other.
#[derive(Default)]
struct Line {
    waiting: VecDeque<Group>,
    /// Groups that were handed over and are not durable yet.
    in_flight: usize,
    /// Groups to be filled again.
    empty: Vec<Group>,
    ended: bool,
}

struct Between {
    line: Mutex<Line>,
    changed: Condvar,
    committer: Mutex<Committer>,
}

impl Between {
    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn committer(&self) -> MutexGuard<'_, Committer> {
        self.committer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The core's end of the pipeline.
pub(crate) struct Pipeline {
    between: Arc<Between>,
    thread: JoinHandle<()>,
}

impl Pipeline {
    /// Starts the journal's thread.
    pub(crate) fn start(shared: &Arc<Shared>, journal: Journal) -> std::io::Result<Self> {
        let empty = (0..IN_FLIGHT_MAX).map(|_| Group::new(journal.new_group_buffer())).collect();
        let between = Arc::new(Between {
            line: Mutex::new(Line { empty, ..Line::default() }),
            changed: Condvar::new(),
            committer: Mutex::new(Committer::new(Arc::clone(shared), journal)),
        });
        let (theirs, shared) = (Arc::clone(&between), Arc::clone(shared));
        let thread = std::thread::Builder::new().name("carbex-journal".into()).spawn(move || {
            shared.attach_journal_thread();
            catch_unwind(AssertUnwindSafe(|| run(&theirs, &shared)))
                .unwrap_or_else(|_| stop_the_process("the journal failed", &"its thread panicked; see above"));
        })?;
        Ok(Self { between, thread })
    }

    /// Whether everything handed over is durable.
    pub(crate) fn is_idle(&self) -> bool {
        self.between.line().in_flight == 0
    }

    /// Whether another group can be handed over at once.
    pub(crate) fn has_place(&self) -> bool {
        self.between.line().in_flight < IN_FLIGHT_MAX
    }

    /// Waits until another group can be handed over.
    pub(crate) fn wait_for_place(&self) {
        self.wait_while(|line| line.in_flight >= IN_FLIGHT_MAX);
    }

    /// Waits until everything handed over is durable.
    pub(crate) fn drain(&self) {
        self.wait_while(|line| line.in_flight > 0);
    }

    fn wait_while(&self, condition: impl Fn(&Line) -> bool) {
        let waited = self.between.changed.wait_while(self.between.line(), |line| condition(line));
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Hands a group over and takes an empty one in its place. There must be a place.
    pub(crate) fn hand_over(&self, group: &mut Group) {
        let mut line = self.between.line();
        let Some(empty) = line.empty.pop() else {
            unreachable!("a group is handed over only where there is a place, and then an empty one is back")
        };
        line.waiting.push_back(std::mem::replace(group, empty));
        line.in_flight += 1;
        drop(line);
        self.between.changed.notify_all();
    }

    /// Commits on this thread. Everything handed over must be durable.
    pub(crate) fn commit_here(&self, group: &mut Group) -> Result<(), JournalFault> {
        self.between.committer().commit(group)
    }

    /// Does something with the journal on this thread, once everything handed over is durable.
    pub(crate) fn with_journal<T>(&self, act: impl FnOnce(&mut Journal) -> T) -> T {
        self.drain();
        act(&mut self.between.committer().journal)
    }

    /// Waits for the end of everything handed over, ends the thread and gives the journal back, with the last group
    /// that was committed.
    pub(crate) fn end(self) -> Option<(Journal, Option<GroupReceipt>)> {
        self.drain();
        self.between.line().ended = true;
        self.between.changed.notify_all();
        // The thread ends the process when it panics, so a join that fails has nobody left to tell.
        let _ = self.thread.join();
        let between = Arc::into_inner(self.between)?;
        let committer = between.committer.into_inner().unwrap_or_else(PoisonError::into_inner);
        Some((committer.journal, committer.last))
    }
}

/// The journal's thread.
fn run(between: &Between, shared: &Shared) {
    loop {
        let line = between.changed.wait_while(between.line(), |line| line.waiting.is_empty() && !line.ended);
        let Some(mut group) = line.unwrap_or_else(PoisonError::into_inner).waiting.pop_front() else { return };
        if let Err(fault) = between.committer().commit(&mut group) {
            stop_the_process("the journal failed", &fault);
        }
        let mut line = between.line();
        line.empty.push(group);
        line.in_flight -= 1;
        drop(line);
        between.changed.notify_all();
        shared.lanes.wake();
    }
}
