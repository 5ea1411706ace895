//! A group made durable, and only then shown, published and answered: on the journal's thread, or on the core's when
//! nothing else waits.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use carbex_journal::{EventsHash, GroupBuffer, GroupReceipt, Journal, JournalFault};
use carbex_vocabulary::{Event, Sequence};

use crate::{
    MarketView, PublishedGroup, batch::Waiting, handed_between::Shared, lanes::Delivery, metrics::CommitMetrics,
    metrics::record,
};

/// Room for so many events stays with a group that is used again.
const EVENTS_KEPT_MAX: usize = 1 << 17;

/// One group: what was sequenced and applied, and who waits for it to be durable. It may have no records: then it carries
/// what waits for the groups before it.
pub(crate) struct Group {
    pub(crate) buffer: GroupBuffer,
    /// What its commands caused, and where each one's events end.
    pub(crate) events: Vec<Event>,
    pub(crate) ends: Vec<usize>,
    pub(crate) events_hash: EventsHash,
    /// Batches whose last command was answered in this group.
    #[expect(clippy::vec_box, reason = "they came in boxes, which are as many times smaller to move on")]
    pub(crate) answered: Vec<Box<Waiting>>,
    /// Answers to questions that saw this group's state.
    pub(crate) deliveries: Vec<Delivery>,
    /// The market after it.
    pub(crate) view: Option<Arc<MarketView>>,
}

impl Group {
    /// An empty group around that buffer.
    pub(crate) fn new(buffer: GroupBuffer) -> Self {
        Self {
            buffer,
            events: Vec::new(),
            ends: Vec::new(),
            events_hash: EventsHash::ZERO,
            answered: Vec::new(),
            deliveries: Vec::new(),
            view: None,
        }
    }

    /// Begins it anew, at `first`.
    pub(crate) fn begin(&mut self, first: Sequence) {
        self.buffer.begin(first);
        if self.events.capacity() > EVENTS_KEPT_MAX {
            // One command for everyone was in it.
            self.events = Vec::new();
        }
        self.events.clear();
        self.ends.clear();
    }

    /// Whether it carries nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty() && self.answered.is_empty() && self.deliveries.is_empty() && self.view.is_none()
    }
}

/// The journal and what follows a commit. One thread at a time has it.
pub(crate) struct Committer {
    shared: Arc<Shared>,
    pub(crate) journal: Journal,
    /// The last group made durable.
    pub(crate) last: Option<GroupReceipt>,
    /// A published group that no reader holds any more, to be used again.
    let_go: Option<PublishedGroup>,
}

impl Committer {
    pub(crate) fn new(shared: Arc<Shared>, journal: Journal) -> Self {
        Self { shared, journal, last: None, let_go: None }
    }

    /// Makes the group durable and tells everyone; leaves it empty. After a fault nobody is told anything.
    pub(crate) fn commit(&mut self, group: &mut Group) -> Result<(), JournalFault> {
        let shared = &*self.shared;
        let mut published = None;
        let mut took = None;
        if !group.ends.is_empty() {
            let started = Instant::now();
            let receipt = self.journal.commit_group(&mut group.buffer, group.events_hash)?;
            took = Some(started.elapsed());
            self.last = Some(receipt);
            shared.set_durable(receipt.last);
            let (payload, events) = (group.buffer.payload(), &group.events);
            let mut copy = self
                .let_go
                .take()
                .filter(|let_go| !let_go.is_much_larger_than(payload.len(), events.len()))
                .unwrap_or_default();
            copy.fill(receipt.first, payload, events, &group.ends);
            published = Some(Arc::new(copy));
        }
        if let Some(view) = group.view.take() {
            shared.view.store(view);
        }
        if let Some(published) = published {
            self.let_go = shared.publication.publish(published);
        }
        let now = Instant::now();
        let mut metrics = shared.commits.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(took) = took {
            metrics.groups += 1;
            record(&mut metrics.journal_commit_ns, took, 1);
        }
        for waiting in &group.answered {
            record(&mut metrics.acknowledge_ns, now.saturating_duration_since(waiting.entered), waiting.sequenced);
        }
        drop(metrics);
        for waiting in group.answered.drain(..) {
            waiting.answer();
        }
        for delivery in group.deliveries.drain(..) {
            delivery();
        }
        Ok(())
    }
}

/// What committing measures, shared by whoever commits and whoever shows it.
pub(crate) type Commits = Mutex<CommitMetrics>;
