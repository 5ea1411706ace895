//! The market clock: the only reader of a clock in the house. Everything below takes its time from the command.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use carbex_vocabulary::TimestampNs;

/// Where market time comes from.
#[derive(Clone, Debug)]
pub enum ClockSource {
    /// The machine's UTC clock.
    Real,
    /// A market that lives faster: from `start` (or from the last journaled command, if later), `scale` market nanoseconds
    /// pass per real one. While the node is stopped no market time passes.
    Scaled { start: TimestampNs, scale: u64 },
    /// Set by hand, for tests and simulations that must repeat exactly.
    Manual(Arc<AtomicU64>),
}

/// A clock that never goes backwards, over restarts neither: it starts at or after the last journaled command.
#[derive(Clone, Debug)]
pub struct MarketClock {
    shared: Arc<SharedClock>,
}

#[derive(Debug)]
struct SharedClock {
    source: ClockSource,
    /// Where a scaled clock stood at `started`.
    origin_ns: u64,
    started: Instant,
    /// The latest time told; never told less.
    latest_ns: AtomicU64,
}

impl MarketClock {
    /// A clock that tells no time before `not_before`, the time of the last journaled command.
    pub fn start(source: ClockSource, not_before: TimestampNs) -> Self {
        let origin_ns = match &source {
            ClockSource::Scaled { start, .. } => start.ns().max(not_before.ns()),
            ClockSource::Real | ClockSource::Manual(_) => not_before.ns(),
        };
        let latest_ns = AtomicU64::new(not_before.ns());
        Self { shared: Arc::new(SharedClock { source, origin_ns, started: Instant::now(), latest_ns }) }
    }

    /// Market time now.
    pub fn now(&self) -> TimestampNs {
        let told_ns = match &self.shared.source {
            // A machine whose clock stands before 1970 or after 2554 gets the latest time told instead of a wrong one.
            ClockSource::Real => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .ok()
                .and_then(|elapsed| u64::try_from(elapsed.as_nanos()).ok())
                .unwrap_or(0),
            ClockSource::Scaled { scale, .. } => {
                let elapsed_ns = self.shared.started.elapsed().as_nanos().saturating_mul(u128::from(*scale));
                u64::try_from(elapsed_ns).unwrap_or(u64::MAX).saturating_add(self.shared.origin_ns)
            }
            ClockSource::Manual(hand) => hand.load(Ordering::Acquire),
        };
        let before_ns = self.shared.latest_ns.fetch_max(told_ns, Ordering::AcqRel);
        TimestampNs::new(told_ns.max(before_ns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_never_goes_backwards() {
        let hand = Arc::new(AtomicU64::new(50));
        let clock = MarketClock::start(ClockSource::Manual(Arc::clone(&hand)), TimestampNs::new(70));
        assert_eq!(clock.now(), TimestampNs::new(70), "nothing before the last journaled command");
        hand.store(90, Ordering::Release);
        assert_eq!(clock.now(), TimestampNs::new(90));
        hand.store(80, Ordering::Release);
        assert_eq!(clock.now(), TimestampNs::new(90));
    }

    #[test]
    fn a_scaled_clock_runs_from_its_start_or_from_the_journal() {
        let source = ClockSource::Scaled { start: TimestampNs::new(1_000), scale: 1_000_000 };
        let fresh = MarketClock::start(source.clone(), TimestampNs::ZERO);
        std::thread::sleep(std::time::Duration::from_millis(2));
        assert!(fresh.now().ns() >= 1_000 + 2_000_000 * 1_000_000);
        let resumed = MarketClock::start(source, TimestampNs::new(u64::MAX / 2));
        assert!(resumed.now().ns() >= u64::MAX / 2);
    }
}
