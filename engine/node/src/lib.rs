//! The node: the core's owner. One thread sequences and applies, another makes durable and publishes; it is the only
//! reader of the clock.
//!
//! One command on its way: a caller encodes it as it will stand in the journal (`batch`) and puts it in a lane (`lanes`),
//! alone or with others; the core's thread (`core_thread/sequencing`) answers known keys, makes sure that the journal has
//! promised room, gives each command its sequence and its time, applies it and hashes its events. The group is handed to
//! the journal's thread (`pipeline`), which chains, writes and syncs it while the core fills the next; only then is it
//! shown (`MarketView`), published (`publication`) and acknowledged (`commit`). What happens between the promise and the
//! sync cannot be refused any more; a fault there ends the process (`fault`). The core's state is ahead of the disk by
//! the groups under way, so whatever was read off it waits with the group that it saw.
//!
//! Everything that reads a journal back (recovery, snapshots beside running trade, audits, replays for indexes) is one
//! [`Follower`], which changes its copy by the same function as the core and compares every group's events.
#![forbid(unsafe_code)]

mod audit;
mod batch;
mod clock;
mod commit;
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
mod pipeline;
mod publication;
mod published;
mod recovery;
mod replica;
mod snapshot;
mod snapshots_thread;

pub use audit::{Audit, AuditFault, AuditStep, audit};
pub use batch::{Answers, Batch, BatchFull, RefusedBatch};
pub use clock::{ClockSource, MarketClock};
pub use fault::{FAULT_EXIT_STATUS, ReplayFault, SnapshotFault, StartFault, StopFault};
pub use follower::{Follower, ReplaySink, Replayed, replay};
pub use handle::{Node, NodeHandle};
pub use interface::{AccountView, DepthView, MarketView, Mode, OpenOrder, Reason, Receipt, Refusal, Role, Submission};
pub use metrics::{Latency, Metrics};
pub use options::{Founding, NodeOptions, RecoveryProgress, RecoveryStep, SLICE_ACCOUNTS, Silent, journal_directory};
pub use pending::Pending;
pub use publication::{Delivery, SubscribeRefusal, Subscription};
pub use published::{PublishedGroup, PublishedRecord};
