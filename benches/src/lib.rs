//! The core measured at the size of a country: workloads, the exchange that runs them, and the reports.
//!
//! `carbex bench core` is a thin front of this crate. Terms and tables are in this folder's README.
#![forbid(unsafe_code)]

mod client;
mod commands;
mod disk;
pub mod durable;
mod exchange;
mod fault;
mod funding;
pub mod http;
mod latency;
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

pub use client::ClientFault;
pub use disk::DiskFault;
pub use exchange::Pace;
pub use fault::BenchFault;
pub use latency::{Latencies, LatencyNs};
pub use measure::{Terms, Work, measure, time};
pub use piece::PieceExchange;
pub use progress::{Progress, Stage, Unwatched};
pub use report::{AuctionReport, Report};
pub use tally::TradeTotals;
pub use terms::rules;
