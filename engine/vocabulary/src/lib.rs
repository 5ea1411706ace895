//! The words of the market: units, identities, states, reject codes and events. No behaviour, no dependency.
#![forbid(unsafe_code)]

mod event;
mod identity;
mod reject;
mod states;
mod units;

pub use event::{CancelReason, Event, PointsAccount};
pub use identity::{AccountId, ClientOrderId, HouseholdId, OrderId, Sequence};
pub use reject::{Reject, RejectCode};
pub use states::{
    AccountStatus, CapsPer, DebitMode, OppositeOrders, Phase, PostedSales, Rationing, Resale, Side, TimeInForce,
};
pub use units::{AmountUeur, BasisPoints, DAY_NS, PriceUeur, QuantityG, TimestampNs, value_ueur};
