//! What the core's thread, the snapshots' thread and all handles share. Nothing in it makes the core wait.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering, fence},
    },
    thread::ThreadId,
};

use arc_swap::ArcSwap;
use carbex_journal::Storage;
use carbex_vocabulary::Sequence;

use crate::{
    Answers, Batch, MarketClock, MarketView, Metrics, NodeOptions, Receipt, Refusal, RefusedBatch, Submission,
    batch::Waiting,
    commit::Commits,
    lanes::{Lanes, Question},
    metrics::{CommitMetrics, RefusalCounters},
    pending::{Pending, Reply},
    publication::Publication,
};

pub(crate) struct Shared {
    /// The journal's directory.
    pub(crate) journal: PathBuf,
    /// The storage it is written through.
    pub(crate) storage: Arc<dyn Storage>,
    /// Commands waiting at once at most.
    queue_commands_max: usize,
    pub(crate) lanes: Lanes,
    pub(crate) clock: MarketClock,
    pub(crate) view: ArcSwap<MarketView>,
    pub(crate) metrics: ArcSwap<Metrics>,
    pub(crate) commits: Commits,
    pub(crate) publication: Arc<Publication>,
    pub(crate) refusals: RefusalCounters,
    /// The last command on disk.
    durable: AtomicU64,
    /// No more submissions are taken.
    stopping: AtomicBool,
    /// The core takes nothing more out of the lanes.
    finished: AtomicBool,
    journal_thread: OnceLock<ThreadId>,
    pub(crate) snapshots: AtomicU64,
    pub(crate) snapshots_failed: AtomicU64,
    pub(crate) snapshot_sequence: AtomicU64,
}

impl Shared {
    pub(crate) fn new(
        options: &NodeOptions,
        storage: Arc<dyn Storage>,
        clock: MarketClock,
        view: MarketView,
        snapshot: Sequence,
    ) -> Self {
        let durable = view.sequence.number();
        Self {
            journal: options.journal_directory(),
            storage,
            queue_commands_max: options.queue_commands_max.max(1),
            lanes: Lanes::new(options),
            clock,
            view: ArcSwap::from_pointee(view),
            metrics: ArcSwap::from_pointee(Metrics::new()),
            commits: Mutex::new(CommitMetrics::new()),
            publication: Arc::new(Publication::new(
                options.published_groups_max,
                options.published_events_max,
                Sequence::new(durable + 1),
            )),
            refusals: RefusalCounters::default(),
            durable: AtomicU64::new(durable),
            stopping: AtomicBool::new(false),
            finished: AtomicBool::new(false),
            journal_thread: OnceLock::new(),
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

    /// Called by the journal's thread when it begins.
    pub(crate) fn attach_journal_thread(&self) {
        // Set once: a node starts one such thread.
        let _ = self.journal_thread.set(std::thread::current().id());
    }

    /// Whether this is a thread that everything waits for: it cannot wait for its own end.
    pub(crate) fn is_own_thread(&self) -> bool {
        let current = std::thread::current().id();
        self.lanes.is_core(current) || self.journal_thread.get() == Some(&current)
    }

    pub(crate) fn new_batch(&self) -> Batch {
        Batch::new(self.queue_commands_max)
    }

    pub(crate) fn submit(&self, submission: &Submission) -> Result<Pending<Receipt>, Refusal> {
        let (reply, pending) = Pending::new();
        self.enter(Waiting::new(Batch::of(submission), Reply::One(reply))).map_err(|(refusal, _)| refusal)?;
        Ok(pending)
    }

    pub(crate) fn submit_batch(&self, batch: Batch) -> Result<Pending<Answers>, Box<RefusedBatch>> {
        let (reply, pending) = Pending::new();
        if batch.is_empty() {
            // Nothing to wait for; the receiver is right here.
            let _ = reply.send(Ok(Answers::new()));
            return Ok(pending);
        }
        self.enter(Waiting::new(batch, Reply::All(reply)))
            .map_err(|(refusal, waiting)| Box::new(RefusedBatch { refusal, batch: waiting.batch }))?;
        Ok(pending)
    }

    pub(crate) fn ask(&self, question: Question) -> Result<(), Refusal> {
        let asked = if self.is_stopping() { Err(Refusal::Stopping) } else { self.lanes.ask(question) };
        self.after_entering(asked)
    }

    fn enter(&self, waiting: Box<Waiting>) -> Result<(), (Refusal, Box<Waiting>)> {
        let pushed = if self.is_stopping() {
            Err((Refusal::Stopping, waiting))
        } else {
            self.lanes.submit(waiting).map_err(|waiting| (Refusal::Overloaded, waiting))
        };
        match pushed {
            Ok(()) => {
                // Only a refusal to enter is an error here.
                let _ = self.after_entering(Ok(()));
                Ok(())
            }
            Err((refusal, waiting)) => {
                self.refusals.count(refusal, waiting.batch.len());
                Err((refusal, waiting))
            }
        }
    }

    fn after_entering(&self, entered: Result<(), Refusal>) -> Result<(), Refusal> {
        if let Err(refusal) = entered {
            self.refusals.count(refusal, 1);
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
        while let Some(waiting) = self.lanes.next_reserved().or_else(|| self.lanes.next_batch()) {
            self.refusals.count(Refusal::Stopping, waiting.batch.len());
            waiting.refuse(Refusal::Stopping);
        }
        // Dropping a question drops its reply, which its asker reads as `Stopping`.
        while self.lanes.next_question().is_some() {}
    }
}
