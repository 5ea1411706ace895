//! What became durable, for readers: a ring of groups that the core fills and any number of readers follow at their own pace.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use arc_swap::ArcSwapOption;
use carbex_vocabulary::Sequence;
use event_listener::{Event as Bell, Listener, listener};

use crate::PublishedGroup;

/// A ring of groups: one writer, any number of readers, nobody ever waits for a reader.
#[derive(Debug)]
pub(crate) struct Publication {
    slots: Box<[ArcSwapOption<NumberedGroup>]>,
    /// Events kept at most, the newest group's not counted.
    events_max: u64,
    /// The number of the oldest group that is kept, and the events of all that are kept; only the writer changes them.
    oldest: AtomicU64,
    events: AtomicU64,
    /// Groups published since the start: the number of the next one.
    published: AtomicU64,
    /// The sequence that the next group will start with.
    next_sequence: AtomicU64,
    closed: AtomicBool,
    bell: Bell,
}

#[derive(Debug)]
struct NumberedGroup {
    number: u64,
    group: Arc<PublishedGroup>,
}

/// What a reader is given next.
#[derive(Clone, Debug)]
pub enum Delivery {
    /// The next group.
    Group(Arc<PublishedGroup>),
    /// The reader was too slow: the ring no longer holds `missed`. Commands `missed..resumed` are to be had by replaying the
    /// journal; the subscription goes on at `resumed`.
    Lagged { missed: Sequence, resumed: Sequence },
    /// The node has stopped; there is no more.
    Closed,
}

/// Why a subscription could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubscribeRefusal {
    /// The ring no longer holds that command.
    #[error("commands before {oldest} are no longer at hand: replay the journal up to it, then subscribe")]
    TooOld { oldest: Sequence },
    /// No such command yet.
    #[error("the next command will be {next}: subscribe from there at most")]
    Ahead { next: Sequence },
}

impl Publication {
    /// An empty ring of `groups_max` places and about `events_max` events, whose first group will start at `next`.
    pub(crate) fn new(groups_max: usize, events_max: u64, next: Sequence) -> Self {
        Self {
            events_max,
            oldest: AtomicU64::new(0),
            events: AtomicU64::new(0),
            slots: (0..groups_max.max(1)).map(|_| ArcSwapOption::empty()).collect(),
            published: AtomicU64::new(0),
            next_sequence: AtomicU64::new(next.number()),
            closed: AtomicBool::new(false),
            bell: Bell::new(),
        }
    }

    fn slot(&self, number: u64) -> &ArcSwapOption<NumberedGroup> {
        // The remainder is below the number of slots, which is a usize.
        &self.slots[(number % self.slots.len() as u64) as usize]
    }

    /// Tells the readers. Called by whoever commits, one at a time, after the group is on disk.
    /// Answers a group that was let go of for it, if nobody else has it.
    pub(crate) fn publish(&self, group: Arc<PublishedGroup>) -> Option<PublishedGroup> {
        let number = self.published.load(Ordering::Relaxed);
        let next = group.last.number() + 1;
        let events = group.events().len() as u64;
        let let_go = self.make_room_for(number, events);
        self.slot(number).store(Some(Arc::new(NumberedGroup { number, group })));
        self.next_sequence.store(next, Ordering::Release);
        self.published.store(number + 1, Ordering::Release);
        self.bell.notify(usize::MAX);
        let_go
    }

    /// Lets go of the oldest groups until there is a place for group `number` with that many events. One command for
    /// everyone (an allotment) causes an event for every account: such groups are not kept a thousand deep.
    fn make_room_for(&self, number: u64, events: u64) -> Option<PublishedGroup> {
        let mut last = None;
        let mut kept_events = self.events.load(Ordering::Relaxed) + events;
        let mut oldest = self.oldest.load(Ordering::Relaxed);
        while oldest < number && (kept_events > self.events_max || number - oldest >= self.slots.len() as u64) {
            if let Some(let_go) = self.slot(oldest).swap(None) {
                kept_events -= let_go.group.events().len() as u64;
                last = Arc::into_inner(let_go).and_then(|let_go| Arc::into_inner(let_go.group));
            }
            oldest += 1;
            self.oldest.store(oldest, Ordering::Release);
        }
        self.events.store(kept_events, Ordering::Relaxed);
        last
    }

    /// Tells the readers that nothing more will come.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.bell.notify(usize::MAX);
    }

    /// The group of that number, if the ring still holds it.
    fn group(&self, number: u64) -> Option<Arc<PublishedGroup>> {
        let held = self.slot(number).load();
        held.as_ref().filter(|held| held.number == number).map(|held| Arc::clone(&held.group))
    }

    /// The oldest group at hand with its number; `None` = none is.
    fn oldest(&self) -> Option<(u64, Arc<PublishedGroup>)> {
        loop {
            let published = self.published.load(Ordering::Acquire);
            let number = self.oldest.load(Ordering::Acquire);
            if let Some(group) = self.group(number) {
                return Some((number, group));
            }
            // Between letting go of all that was kept and publishing what took its place there is nothing for a moment.
            if number >= published {
                return None;
            }
        }
    }

    /// A reader from the group that holds `from` on.
    pub(crate) fn subscribe(self: &Arc<Self>, from: Sequence) -> Result<Subscription, SubscribeRefusal> {
        let start = |number| Subscription { ring: Arc::clone(self), number, expected: from };
        loop {
            // The writer moves `next` on before `published`: read the other way round, `published` is the newer of the two.
            let next = Sequence::new(self.next_sequence.load(Ordering::Acquire));
            let published = self.published.load(Ordering::Acquire);
            if from > next {
                return Err(SubscribeRefusal::Ahead { next });
            }
            let Some((oldest_number, oldest)) = self.oldest() else {
                if from < next {
                    return Err(SubscribeRefusal::TooOld { oldest: next });
                }
                return Ok(start(published));
            };
            if from < oldest.first {
                return Err(SubscribeRefusal::TooOld { oldest: oldest.first });
            }
            // Newest first: readers mostly ask for what is new.
            let mut number = published;
            while number > oldest_number {
                match self.group(number - 1) {
                    Some(group) if group.last < from => break,
                    Some(_) => number -= 1,
                    None => break,
                }
            }
            // The writer is just about to publish it, or has overwritten it since: look again.
            let not_yet = number == published && from < next;
            let no_more = self.group(number).is_some_and(|group| group.first > from);
            if !not_yet && !no_more {
                return Ok(start(number));
            }
        }
    }
}

/// A reader's place in the ring. Every group comes once, in order; a reader that is too slow is told, and never waited for.
#[derive(Debug)]
pub struct Subscription {
    ring: Arc<Publication>,
    /// The number of the next group.
    number: u64,
    /// The sequence it is to continue at.
    expected: Sequence,
}

impl Subscription {
    /// What is there now; `None` = nothing new yet. The first group may begin before the sequence asked for: see
    /// [`PublishedGroup::since`].
    pub fn try_next(&mut self) -> Option<Delivery> {
        loop {
            let closed = self.ring.closed.load(Ordering::Acquire);
            if self.number == self.ring.published.load(Ordering::Acquire) {
                return closed.then_some(Delivery::Closed);
            }
            if let Some(group) = self.ring.group(self.number) {
                self.number += 1;
                self.expected = Sequence::new(group.last.number() + 1);
                return Some(Delivery::Group(group));
            }
            if let Some((number, oldest)) = self.ring.oldest()
                && number > self.number
            {
                let missed = self.expected;
                self.number = number;
                self.expected = oldest.first;
                return Some(Delivery::Lagged { missed, resumed: oldest.first });
            }
        }
    }

    /// Waits without blocking the thread.
    pub async fn next(&mut self) -> Delivery {
        let ring = Arc::clone(&self.ring);
        loop {
            listener!(ring.bell => rung);
            if let Some(delivery) = self.try_next() {
                return delivery;
            }
            rung.await;
        }
    }

    /// Blocks this thread for at most `timeout`; `None` = nothing new.
    pub fn wait(&mut self, timeout: Duration) -> Option<Delivery> {
        let ring = Arc::clone(&self.ring);
        let deadline = Instant::now() + timeout;
        loop {
            listener!(ring.bell => rung);
            if let Some(delivery) = self.try_next() {
                return Some(delivery);
            }
            rung.wait_deadline(deadline)?;
        }
    }
}
