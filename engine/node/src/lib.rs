//! The node: the core's owner. One thread sequences, applies, journals and publishes; it is the only reader of the clock.
#![forbid(unsafe_code)]

mod clock;
mod fault;
mod handle;
mod interface;
mod metrics;
mod options;
mod pending;
mod publication;

pub use clock::{ClockSource, MarketClock};
pub use fault::{StartFault, StopFault};
pub use handle::{Node, NodeHandle};
pub use interface::{
    AccountView, DepthView, MarketView, Mode, OpenOrder, PublishedGroup, PublishedRecord, Reason, Receipt, Refusal,
    Role, Submission,
};
pub use metrics::{Latency, Metrics};
pub use options::{Founding, NodeOptions, RecoveryProgress, RecoveryStep, Silent};
pub use pending::Pending;
pub use publication::{Delivery, SubscribeRefusal, Subscription};
