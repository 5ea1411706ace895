//! The node: the core's owner. One thread sequences, applies, journals and publishes; it is the only reader of the clock.
//!
//! One command on its way: a caller's [`NodeHandle::submit`] puts it in a lane (`lanes`); the core's thread gathers what
//! waits into a group (`core_thread/group`): known keys are answered, the journal promises room, then each command is
//! given its sequence and its time, applied, and its events hashed; the group is written and synced; only then is it
//! published (`publication`), shown (`MarketView`) and acknowledged. What happens between the promise and the sync cannot
//! be refused any more; a fault there ends the process (`fault`).
//!
//! Everything that reads a journal back (recovery, snapshots beside running trade, audits, replays for indexes) is one
//! [`Follower`], which changes its copy by the same function as the core and compares every group's events.
#![forbid(unsafe_code)]

mod audit;
mod clock;
mod core_thread;
mod events_hash;
mod fault;
mod follower;
mod handed_between;
mod handle;
mod interface;
mod journaled;
mod keys;
mod lanes;
mod metrics;
mod options;
mod pending;
mod publication;
mod recovery;
mod replica;
mod snapshot;
mod snapshots_thread;

pub use audit::{Audit, AuditFault, AuditStep, audit};
pub use clock::{ClockSource, MarketClock};
pub use fault::{FAULT_EXIT_STATUS, ReplayFault, SnapshotFault, StartFault, StopFault};
pub use follower::{Follower, ReplaySink, Replayed, replay};
pub use handle::{Node, NodeHandle};
pub use interface::{
    AccountView, DepthView, MarketView, Mode, OpenOrder, PublishedGroup, PublishedRecord, Reason, Receipt, Refusal,
    Role, Submission,
};
pub use metrics::{Latency, Metrics};
pub use options::{Founding, NodeOptions, RecoveryProgress, RecoveryStep, Silent, journal_directory};
pub use pending::Pending;
pub use publication::{Delivery, SubscribeRefusal, Subscription};
