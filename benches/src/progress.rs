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
    /// Turns of the durable pipeline at full speed and of the disk alone.
    FullSpeed,
    /// Rates at which acknowledgements are timed.
    OpenLoop,
    /// Snapshots and raw disk, in turns.
    Snapshots,
    /// Commands are put into the journal behind a snapshot.
    Tail,
    /// A node starts.
    Starting,
    /// Trade, and no snapshot.
    Trade,
    /// Trade while a snapshot is written.
    TradeWithSnapshot,
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
            Self::FullSpeed => "full speed and disk alone, in turns",
            Self::OpenLoop => "timing acknowledgements at 10, 50 and 80 %",
            Self::Snapshots => "writing and reading snapshots, and the disk alone",
            Self::Tail => "filling the journal",
            Self::Starting => "starting from snapshot and journal",
            Self::Trade => "trading without a snapshot",
            Self::TradeWithSnapshot => "trading while a snapshot is written",
        }
    }
}

/// Who watches a measurement.
pub trait Progress {
    /// A stage of so many steps begins (0 = nobody knows how many).
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
