//! The slow twin of the market, random command streams, and the proof that core and twin agree event by event.
#![forbid(unsafe_code)]

mod market;

pub use market::{Offer, Order, Public, Twin, Year};
