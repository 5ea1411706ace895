//! The journal: an append-only, hash-chained list of records in pre-zeroed segment files. It knows bytes and disks, no market.
//!
//! `FORMAT.md` beside this crate draws the files and states the rules by which a torn tail is told from corruption.
//! The writer ([`Journal`]) acknowledges nothing that is not on disk; the first write or sync error poisons it for ever.
#![forbid(unsafe_code)]

mod backup;
mod describe;
mod fault;
mod journal;
mod options;
mod reader;
mod record;
mod retention;
mod snapshot;
mod verify;

pub use backup::{BackupReport, RestoreReport, backup, restore};
pub use describe::{Description, SegmentDescription, SnapshotDescription, describe};
pub use fault::{AppendError, JournalFault};
pub use journal::{CutTail, GroupReceipt, Journal, Recovered, Room};
pub use options::JournalOptions;
pub use reader::{Group, JournalReader, Records};
pub use record::{Epoch, EventsHash, GroupHash, Record, RecordHead, StateHash};
pub use retention::{RetentionPolicy, RetentionReport, SegmentsBehind};
pub use snapshot::{SnapshotHead, SnapshotInfo, SnapshotReader, SnapshotWriter, list_snapshots};
pub use verify::{Progress, Verification, verify};
