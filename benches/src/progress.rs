//! How far a measurement is: told to whoever watches, never while the clock runs.

/// What is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The bare random accesses.
    RandomAccess,
    /// Accounts are opened and funded.
    Opening,
    /// What rests before the clock starts is placed.
    Prefill,
    /// The timed pass.
    Timed,
    /// The pass that records latencies.
    Latency,
}

impl Stage {
    /// What is under way, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::RandomAccess => "measuring bare random accesses",
            Self::Opening => "opening accounts",
            Self::Prefill => "placing what rests",
            Self::Timed => "timing",
            Self::Latency => "recording latencies",
        }
    }
}

/// Who watches a measurement.
pub trait Progress {
    /// A stage of so many steps begins.
    fn begin(&mut self, stage: Stage, steps: u64);
    /// The stage has come so far.
    fn reached(&mut self, steps: u64);
}

/// Nobody watches.
pub struct Unwatched;

impl Progress for Unwatched {
    fn begin(&mut self, _: Stage, _: u64) {}
    fn reached(&mut self, _: u64) {}
}
