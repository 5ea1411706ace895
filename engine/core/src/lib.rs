//! The market core: commands in, events out. No clock, disk, network, float, randomness, nor allocation after start.
#![forbid(unsafe_code)]

mod accounts;
mod book;
mod command;
mod market;
mod view;

pub use command::Command;
pub use market::{Capacities, DepthLevel, Events, Market, Progress, RestingOrder, StateFault};
pub use view::{AccountFields, MarketFields, PeriodFields, PublicFields, Quote};
