//! How a journal is opened.

use std::path::PathBuf;

/// How a journal is opened for writing.
#[derive(Clone, Debug)]
pub struct JournalOptions {
    /// The directory, created if it is not there.
    pub directory: PathBuf,
    /// Size of every new segment file, a multiple of 4096 bytes (default 16 MiB).
    pub segment_bytes: u64,
    /// The largest group, header and trailer included (default 1 MiB; less than a segment).
    pub group_bytes_max: usize,
    /// Below this many free bytes in the last segment, with no other in sight, the room is exhausted (default 64 KiB).
    pub exhausted_margin_bytes: u64,
    /// How long the preparer waits before it tries a full disk again (default one second).
    pub retry_after: std::time::Duration,
}

impl JournalOptions {
    /// The defaults, in that directory.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            segment_bytes: 16 * 1024 * 1024,
            group_bytes_max: 1024 * 1024,
            exhausted_margin_bytes: 64 * 1024,
            retry_after: std::time::Duration::from_secs(1),
        }
    }
}
