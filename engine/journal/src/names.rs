//! The names of a journal's files.

use core::fmt;
use std::io;

use crate::storage::Storage;

/// Held by the process that writes.
pub(crate) const LOCK: &str = "journal.lock";
/// The next segment, reserved in full size.
pub(crate) const PREPARED: &str = "prepared-segment.cxj";
/// The segment kept for the full disk, reserved in full size.
pub(crate) const RESERVE: &str = "reserve-segment.cxj";
/// A segment that is being reserved; without meaning after a crash.
pub(crate) const ZEROING: &str = "zeroing-segment.tmp";
/// What a snapshot's name ends in while it is being written; without meaning after a crash.
pub(crate) const SNAPSHOT_UNFINISHED: &str = ".cxs.tmp";
/// Where segments go that no kept snapshot needs.
pub(crate) const ARCHIVE: &str = "archive";
/// What a backup lists its files in.
pub(crate) const MANIFEST: &str = "MANIFEST";

/// A segment's name: its first sequence and, when an earlier segment of that first sequence holds no record
/// (thousands of restarts without a command), an ordinal above 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SegmentName {
    pub first: u64,
    pub ordinal: u32,
}

impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ordinal {
            1 => write!(f, "segment-{:020}.cxj", self.first),
            ordinal => write!(f, "segment-{:020}-{ordinal}.cxj", self.first),
        }
    }
}

impl SegmentName {
    /// The name, if it is a segment's.
    pub fn parse(name: &str) -> Option<Self> {
        let inner = name.strip_prefix("segment-")?.strip_suffix(".cxj")?;
        let (first, ordinal) = inner.split_once('-').unwrap_or((inner, "1"));
        let parsed = Self { first: first.parse().ok()?, ordinal: ordinal.parse().ok()? };
        (parsed.to_string() == name).then_some(parsed)
    }
}

/// A segment file and where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SegmentFile {
    pub name: SegmentName,
    pub archived: bool,
    pub bytes: u64,
}

impl SegmentFile {
    /// Its name within the journal's directory.
    pub fn file(&self) -> String {
        if self.archived { format!("{ARCHIVE}/{}", self.name) } else { self.name.to_string() }
    }
}

/// All segments, oldest first, archive included. A segment caught in both places (a crash while archiving) counts once.
pub(crate) fn segments(storage: &dyn Storage) -> io::Result<Vec<SegmentFile>> {
    let mut found = Vec::new();
    for (folder, archived) in [("", false), (ARCHIVE, true)] {
        for (name, bytes) in storage.list(folder)? {
            if let Some(name) = SegmentName::parse(&name) {
                found.push(SegmentFile { name, archived, bytes });
            }
        }
    }
    found.sort_by_key(|segment| (segment.name, segment.archived));
    found.dedup_by_key(|segment| segment.name);
    Ok(found)
}

/// The name of the snapshot at that sequence.
pub(crate) fn snapshot_name(sequence: u64) -> String {
    format!("snapshot-{sequence:020}.cxs")
}

/// The sequence in a snapshot's name, if it is one.
pub(crate) fn snapshot_sequence(name: &str) -> Option<u64> {
    let sequence = name.strip_prefix("snapshot-")?.strip_suffix(".cxs")?.parse().ok()?;
    (snapshot_name(sequence) == name).then_some(sequence)
}
