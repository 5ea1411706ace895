//! How a journal is opened.

use std::path::PathBuf;
use std::time::Duration;

use crate::JournalFault;
use crate::layout::{SECTOR_BYTES, SEGMENT_HEADER_BYTES};

/// The smallest and the largest segment.
const SEGMENT_BYTES_MIN: u64 = 8 * 1024;
const SEGMENT_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// The smallest largest group.
const GROUP_BYTES_MIN: usize = 1024;
/// Room that a segment keeps beside its largest group: an opening's mark and a seal.
const MARKS_BYTES: u64 = 2 * SECTOR_BYTES as u64;

/// How a journal is opened for writing.
#[derive(Clone, Debug)]
pub struct JournalOptions {
    /// The directory, created if it is not there.
    pub directory: PathBuf,
    /// Size of every new segment file, a multiple of 4096 bytes (default 16 MiB).
    pub segment_bytes: u64,
    /// The largest group, header and trailer included, whole sectors of 512 bytes (default 1 MiB; less than a segment).
    pub group_bytes_max: usize,
    /// Below this many free bytes in the last segment, with no other in sight, the room is exhausted (default 64 KiB).
    pub exhausted_margin_bytes: u64,
    /// How long the preparer waits before it tries a full disk again (default one second).
    pub retry_after: Duration,
    /// Whether the next segment, which is reserved at once, is also written with zeros while the writer is slow enough to
    /// leave time (default true): a small group is then durable in half the time.
    pub zero_when_idle: bool,
}

impl JournalOptions {
    /// The defaults, in that directory.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            segment_bytes: 16 * 1024 * 1024,
            group_bytes_max: 1024 * 1024,
            exhausted_margin_bytes: 64 * 1024,
            retry_after: Duration::from_secs(1),
            zero_when_idle: true,
        }
    }

    /// Refuses sizes that contradict each other, naming the field.
    pub(crate) fn check(&self) -> Result<(), JournalFault> {
        let refuse = |option: &'static str, reason: String| Err(JournalFault::Options { option, reason });
        if !(SEGMENT_BYTES_MIN..=SEGMENT_BYTES_MAX).contains(&self.segment_bytes)
            || !self.segment_bytes.is_multiple_of(4096)
        {
            let reason = format!(
                "{} is not a multiple of 4096 from {SEGMENT_BYTES_MIN} to {SEGMENT_BYTES_MAX}",
                self.segment_bytes
            );
            return refuse("segment_bytes", reason);
        }
        let largest = self.segment_bytes - SEGMENT_HEADER_BYTES as u64 - MARKS_BYTES;
        if self.group_bytes_max < GROUP_BYTES_MIN
            || self.group_bytes_max as u64 > largest
            || !self.group_bytes_max.is_multiple_of(SECTOR_BYTES)
        {
            let reason = format!(
                "{} is not a multiple of {SECTOR_BYTES} from {GROUP_BYTES_MIN} to {largest} (a group never spans segments)",
                self.group_bytes_max
            );
            return refuse("group_bytes_max", reason);
        }
        if self.exhausted_margin_bytes > largest {
            let reason = format!("{} is more than a segment has room for ({largest})", self.exhausted_margin_bytes);
            return refuse("exhausted_margin_bytes", reason);
        }
        Ok(())
    }
}
