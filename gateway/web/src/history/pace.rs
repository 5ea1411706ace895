//! When the past is read: in idle time while that is enough; beside trade, in slices, when it has been put off for too long.
//!
//! An order costs the index more than it costs the market. At an equal priority the index would take half of two cores and
//! slow down everyone who waits for an answer, so trade goes first; but whoever opens their statement expects what they
//! did a moment ago, also on the busiest day. So idle time must bring the index to the end once in [`PUT_OFF_MAX`]; if it does
//! not, the index is read at the priority of trade for a fifth of the time at least, until it has seen the end.

use std::{
    panic::resume_unwind,
    thread,
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};
use thread_priority::{
    NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
};

/// How long the index may be read in idle time without seeing the end.
const PUT_OFF_MAX: Duration = Duration::from_secs(1);
/// How long it is read beside trade before it looks whether it took the core from anyone.
const SLICE: Duration = Duration::from_millis(2);
/// The pause after a slice that did, in slices: it takes a fifth of the time.
const PAUSE_SLICES: u32 = 4;
/// A slice counts as undisturbed when it had the core for this share of it, in percent.
const UNDISTURBED_PERCENT: u32 = 95;

/// How the index is being read.
#[derive(Debug)]
pub enum Pace {
    /// Only while a core is idle; ends when it has not been enough.
    InIdleTime {
        /// When the end was last seen.
        saw_end: Instant,
    },
    /// At the priority of trade: without a pause while nobody else wants the core, else a fifth of the time.
    BesideTrade {
        /// The slice under way.
        slice: Slice,
    },
}

/// A slice under way.
#[derive(Debug)]
pub struct Slice {
    began: Instant,
    core_time_before: Duration,
}

impl Slice {
    fn begin() -> Self {
        Self { began: Instant::now(), core_time_before: core_time() }
    }

    /// How long to pause now; `None` = the slice is not over.
    fn pause(&self) -> Option<Duration> {
        let took = self.began.elapsed();
        (took >= SLICE).then(|| pause_after(took, core_time().saturating_sub(self.core_time_before)))
    }
}

/// The pause after a slice that took so long and had the core for `on_core` of it. Only time on the core counts: whoever was
/// kept waiting for the core does not wait again for having waited.
fn pause_after(took: Duration, on_core: Duration) -> Duration {
    if on_core * 100 >= took * UNDISTURBED_PERCENT { Duration::ZERO } else { on_core * PAUSE_SLICES }
}

impl Pace {
    /// In idle time, from now on. For a thread made by [`in_idle_time`].
    pub fn in_idle_time() -> Self {
        Self::InIdleTime { saw_end: Instant::now() }
    }

    /// Beside trade, from now on.
    pub fn beside_trade() -> Self {
        Self::BesideTrade { slice: Slice::begin() }
    }

    /// Whether trade goes first.
    pub const fn gives_way(&self) -> bool {
        match self {
            Self::InIdleTime { .. } => true,
            Self::BesideTrade { .. } => false,
        }
    }

    /// There was nothing more to read.
    pub fn saw_the_end(&mut self) {
        *self = match self {
            Self::InIdleTime { .. } => Self::in_idle_time(),
            Self::BesideTrade { .. } => Self::beside_trade(),
        }
    }

    /// After a command was read: whether the next one may be. Beside trade it may, after a pause if there must be one; in idle
    /// time it may not when the end was out of sight for too long.
    pub fn may_go_on(&mut self) -> bool {
        match self {
            Self::InIdleTime { saw_end } => saw_end.elapsed() < PUT_OFF_MAX,
            Self::BesideTrade { slice } => {
                if let Some(pause) = slice.pause() {
                    if !pause.is_zero() {
                        thread::sleep(pause);
                    }
                    *slice = Slice::begin();
                }
                true
            }
        }
    }
}

/// This thread's time on a core.
fn core_time() -> Duration {
    // This clock is never before its start.
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// Works in a thread that has a core only while nobody else wants it. A thread of its own every time: the way into the idle
/// class is open to everyone, the way out only to the privileged. Niceness is not enough: the scheduler still lets a nice
/// thread finish its slice of milliseconds before one that was just woken; an idle-class thread is put aside at once.
pub fn in_idle_time<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let spawned = thread::Builder::new().name("history-idle".into()).spawn_scoped(scope, || {
            let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
            if let Err(fault) = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle) {
                tracing::warn!(?fault, "the history's thread competes with trade: its priority could not be lowered");
            }
            work()
        });
        match spawned {
            Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Err(fault) => panic!("no thread could be started for the history: {fault}"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_that_took_the_core_from_nobody_is_not_paused_after() {
        assert_eq!(pause_after(SLICE, SLICE), Duration::ZERO);
        assert_eq!(pause_after(Duration::from_micros(2_000), Duration::from_micros(1_900)), Duration::ZERO);
    }

    #[test]
    fn a_disturbed_slice_leaves_four_fifths_of_the_time_to_others() {
        assert_eq!(
            pause_after(Duration::from_micros(2_000), Duration::from_micros(1_899)),
            Duration::from_micros(7_596)
        );
        // Kept waiting for most of it: it pauses for what it had, not for what it waited.
        assert_eq!(pause_after(Duration::from_millis(100), Duration::from_millis(1)), Duration::from_millis(4));
    }

    #[test]
    fn idle_time_ends_when_the_end_was_out_of_sight_for_too_long() {
        let mut pace = Pace::in_idle_time();
        assert!(pace.may_go_on());
        let long_ago = Instant::now().checked_sub(PUT_OFF_MAX).expect("a machine that runs for a second");
        pace = Pace::InIdleTime { saw_end: long_ago };
        assert!(!pace.may_go_on());
        pace.saw_the_end();
        assert!(pace.may_go_on() && pace.gives_way());
    }
}
