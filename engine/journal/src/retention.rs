//! Retention: what the kept snapshots make superfluous leaves the journal's directory.

/// What to do with segments wholly behind the oldest kept snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentsBehind {
    /// Leave them.
    Keep,
    /// Move them to `archive/`.
    Archive,
    /// Delete them, those in `archive/` too. What they told can then only come from a backup.
    Delete,
}

/// What is kept.
#[derive(Clone, Copy, Debug)]
pub struct RetentionPolicy {
    /// How many good snapshots (at least 1).
    pub snapshots_kept: usize,
    /// What happens to segments behind them.
    pub segments: SegmentsBehind,
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RetentionReport {
    /// Snapshots deleted, by name.
    pub snapshots_deleted: Vec<String>,
    /// Segments moved to `archive/`, by name.
    pub segments_archived: Vec<String>,
    /// Segments deleted, by name.
    pub segments_deleted: Vec<String>,
}
