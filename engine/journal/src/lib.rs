//! The journal: an append-only, hash-chained list of records in segment files reserved in advance. It knows bytes and disks, no market.
//!
//! `FORMAT.md` beside this crate draws the files and states the rules by which a torn tail is told from corruption.
//! The writer ([`Journal`]) acknowledges nothing that is not on disk; the first write or sync error poisons it for ever.
#![forbid(unsafe_code)]

mod answers;
mod backup;
mod chain;
mod describe;
mod fault;
mod group;
mod journal;
mod layout;
mod manifest;
mod names;
mod options;
mod preparer;
mod reader;
mod record;
mod recovery;
mod retention;
mod segment;
#[cfg(feature = "simulated-disk")]
mod simulated_disk;
mod snapshot;
mod snapshot_reader;
mod storage;
mod survey;
mod tail;
mod verify;

pub use answers::{CutTail, GroupReceipt, Recovered, Room};
pub use backup::{BackupReport, RestoreReport, backup, restore};
pub use describe::{Description, SegmentDescription, SnapshotDescription, describe, describe_in};
pub use fault::{AppendError, JournalFault};
pub use group::{GroupBuffer, draft_record};
pub use journal::{Journal, RoomWatch};
pub use options::JournalOptions;
pub use reader::{Group, JournalReader, Records};
pub use record::{Epoch, EventsHash, GroupHash, Record, RecordHead, StateHash};
pub use retention::{RetentionPolicy, RetentionReport, SegmentsBehind, retain, retain_in};
#[cfg(feature = "simulated-disk")]
pub use simulated_disk::{Operation, SimulatedDisk, Trouble};
pub use snapshot::{SnapshotHead, SnapshotInfo, SnapshotWriter, list_snapshots, list_snapshots_in};
pub use snapshot_reader::SnapshotReader;
pub use storage::{DiskDirectory, Storage, StorageFile};
pub use verify::{Progress, Verification, verify, verify_in};
