//! What is asked of the exchange: lists of operations, made from a seed or read from a file.

mod account;
mod debits;
mod file;
mod operation;
mod order_flow;
mod plain_book;
mod single_price;

pub use account::AccountIndex;
pub use debits::{Debit, card_payments};
pub use file::{OpsFault, read_operations, write_operations};
pub use operation::{Operation, OperationKind, Operations, TickBand};
pub use order_flow::{FlowShape, order_flow};
pub use single_price::{AUCTION_TICKS, POSTED_WAITING, PostedPrices, auction_orders, posted_orders};

/// The workloads that can be made from a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// 50 % rest, 30 % cancel, 20 % cross 1 to 3 resting orders; 100,000 orders resting.
    Balanced,
    /// 80 % new, half of them crossing, 20 % cancels; 1,000,000 orders resting.
    Rush,
    /// 90 % pairs of a cancel and a new order; 1,000,000 orders resting.
    Deep,
    /// The facility's quotes in the posted phase, sold to and bought from by random accounts.
    Posted,
    /// Card payments of random accounts.
    Debits,
    /// Orders that collect in an auction, and its uncross.
    Auction,
}

impl Workload {
    /// Every workload, in the order in which they are told.
    pub const ALL: [Self; 6] = [Self::Balanced, Self::Rush, Self::Deep, Self::Posted, Self::Debits, Self::Auction];

    /// Its name on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Balanced => "balanced",
            Self::Rush => "rush",
            Self::Deep => "deep",
            Self::Posted => "posted",
            Self::Debits => "debits",
            Self::Auction => "auction",
        }
    }

    /// The workload of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|workload| workload.name() == name)
    }

    /// The order flow behind it, if it is one that any plain order book can run.
    pub const fn flow(self) -> Option<FlowShape> {
        match self {
            Self::Balanced => Some(FlowShape::BALANCED),
            Self::Rush => Some(FlowShape::RUSH),
            Self::Deep => Some(FlowShape::DEEP),
            Self::Posted | Self::Debits | Self::Auction => None,
        }
    }
}
