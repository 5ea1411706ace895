//! What a command tells after its trades: its cancellation, then the rest. Held back in place, without allocation.

use carbex_vocabulary::Event;

use super::Events;

/// The most things "the rest" can hold: two dropped quotes, two tiers, one phase.
const REST_MAX: usize = 5;

/// Events held back until the trades are told.
#[derive(Default)]
pub(super) struct Later {
    cancelled: Option<Event>,
    rest: [Option<Event>; REST_MAX],
    count: usize,
}

impl Later {
    /// What was left of the incoming order is gone. A command has one incoming order.
    pub fn cancelled(&mut self, event: Event) {
        debug_assert!(self.cancelled.is_none());
        self.cancelled = Some(event);
    }

    /// Something that belongs to the rest.
    pub fn rest(&mut self, event: Event) {
        self.rest[self.count] = Some(event);
        self.count += 1;
    }

    /// Tells all, in order, and forgets it.
    #[inline]
    pub fn tell(&mut self, events: &mut impl Events) {
        if self.cancelled.is_none() && self.count == 0 {
            return;
        }
        if let Some(event) = self.cancelled.take() {
            events.emit(event);
        }
        for event in self.rest.iter_mut().take(self.count) {
            if let Some(event) = event.take() {
                events.emit(event);
            }
        }
        self.count = 0;
    }
}
