//! The core measured at the size of a country: workloads, the exchange that runs them, and the reports.
//!
//! `carbex bench core` is a thin front of this crate. Terms and tables are in this folder's README.
#![forbid(unsafe_code)]

mod commands;
pub mod durable;
mod exchange;
mod fault;
mod funding;
pub mod http;
mod measure;
mod piece;
mod progress;
mod random_access;
mod report;
mod resident;
pub mod restart;
mod tally;
mod terms;
pub mod workload;

pub use exchange::Pace;
pub use fault::BenchFault;
pub use measure::{Terms, Work, measure, time};
pub use piece::PieceExchange;
pub use progress::{Progress, Stage, Unwatched};
pub use report::{AuctionReport, LatencyNs, Report};
pub use tally::TradeTotals;
pub use terms::rules;
