//! What the core's thread, the snapshots' thread and all handles share. Nothing in it makes the core wait.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering, fence},
    },
};

use arc_swap::ArcSwap;
use carbex_vocabulary::Sequence;

use crate::{
    MarketClock, MarketView, Metrics, NodeOptions, Receipt, Refusal, Submission,
    lanes::{Lanes, Question, Waiting},
    metrics::RefusalCounters,
    pending::Pending,
    publication::Publication,
};

pub(crate) struct Shared {
    /// The journal's directory.
    pub(crate) journal: PathBuf,
    pub(crate) lanes: Lanes,
    pub(crate) clock: MarketClock,
    pub(crate) view: ArcSwap<MarketView>,
    pub(crate) metrics: ArcSwap<Metrics>,
    pub(crate) publication: Arc<Publication>,
    pub(crate) refusals: RefusalCounters,
    /// The last command on disk.
    durable: AtomicU64,
    /// No more submissions are taken.
    stopping: AtomicBool,
    /// The core takes nothing more out of the lanes.
    finished: AtomicBool,
    /// A new snapshot is there: the core may let go of what lies behind.
    pub(crate) retention_due: AtomicBool,
    pub(crate) snapshots: AtomicU64,
    pub(crate) snapshots_failed: AtomicU64,
    pub(crate) snapshot_sequence: AtomicU64,
}

impl Shared {
    pub(crate) fn new(options: &NodeOptions, clock: MarketClock, view: MarketView, snapshot: Sequence) -> Self {
        let durable = view.sequence.number();
        Self {
            journal: options.journal_directory(),
            lanes: Lanes::new(options),
            clock,
            view: ArcSwap::from_pointee(view),
            metrics: ArcSwap::from_pointee(Metrics::new()),
            publication: Arc::new(Publication::new(
                options.published_groups_max,
                options.published_events_max,
                Sequence::new(durable + 1),
            )),
            refusals: RefusalCounters::default(),
            durable: AtomicU64::new(durable),
            stopping: AtomicBool::new(false),
            finished: AtomicBool::new(false),
            retention_due: AtomicBool::new(false),
            snapshots: AtomicU64::new(0),
            snapshots_failed: AtomicU64::new(0),
            snapshot_sequence: AtomicU64::new(snapshot.number()),
        }
    }

    pub(crate) fn durable(&self) -> Sequence {
        Sequence::new(self.durable.load(Ordering::Acquire))
    }

    pub(crate) fn set_durable(&self, sequence: Sequence) {
        self.durable.store(sequence.number(), Ordering::Release);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    pub(crate) fn begin_stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.lanes.wake();
    }

    pub(crate) fn submit(&self, submission: Submission) -> Result<Pending<Receipt>, Refusal> {
        let (reply, pending) = Pending::new();
        let entered = std::time::Instant::now();
        self.enter(|lanes| lanes.submit(Waiting { submission, reply, entered }))?;
        Ok(pending)
    }

    pub(crate) fn ask(&self, question: Question) -> Result<(), Refusal> {
        self.enter(|lanes| lanes.ask(question))
    }

    fn enter(&self, push: impl FnOnce(&Lanes) -> Result<(), Refusal>) -> Result<(), Refusal> {
        let entered = if self.is_stopping() { Err(Refusal::Stopping) } else { push(&self.lanes) };
        if let Err(refusal) = entered {
            self.refusals.count(refusal);
            return Err(refusal);
        }
        // The core may have finished between the look at `stopping` and the push: then nobody else empties the lanes.
        fence(Ordering::SeqCst);
        if self.finished.load(Ordering::Relaxed) {
            self.refuse_all_waiting();
        }
        Ok(())
    }

    /// The core takes nothing more; whoever still waits is told so.
    pub(crate) fn finish(&self) {
        self.finished.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        self.refuse_all_waiting();
        self.publication.close();
    }

    fn refuse_all_waiting(&self) {
        while let Some(waiting) = self.lanes.next_command() {
            self.refuse(waiting, Refusal::Stopping);
        }
        // Dropping a question drops its reply, which its asker reads as `Stopping`.
        while self.lanes.next_question().is_some() {}
    }

    pub(crate) fn refuse(&self, waiting: Waiting, refusal: Refusal) {
        self.refusals.count(refusal);
        // An asker who no longer waits needs no answer.
        let _ = waiting.reply.send(Err(refusal));
    }
}
