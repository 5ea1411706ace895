//! The history index: what citizens and the public read about the past, folded from what the node publishes into sled.
//!
//! Nothing here is the only copy: the index can be deleted and is then read again from the journal. One tree holds everything,
//! so that data and cursor move in one atomic batch; after a crash the index is a little behind, never inconsistent.

mod batch;
mod candle;
mod fold;
mod hub;
mod key;
mod level;
mod lines;
mod order_record;
mod pace;
mod reader;
mod store;
mod summary;

pub use candle::{Candle, Interval, PublishedCandle, Series};
pub use hub::{Hub, Listener};
pub use key::Position;
pub use level::{Depth, PublishedLevel};
pub use order_record::{OrderRecord, OrderState};
pub use reader::{Index, Reader, Status};
pub use store::{IndexFault, Line, Store};
pub use summary::Summary;

/// Public figures never describe fewer accounts than this: levels and candles merge until they do.
pub const ACCOUNTS_MIN: usize = 11;
