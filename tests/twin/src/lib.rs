//! The slow twin of the market, random command streams, and the proof that core and twin agree event by event.
#![forbid(unsafe_code)]

mod exchange;
pub mod generator;
pub mod harness;
mod market;
pub mod scenario;

pub use exchange::Exchange;
pub use market::{Offer, Order, Public, Twin, Year};
