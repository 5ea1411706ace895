//! The HTTP door: the public market and its page, streams, a citizen's orders and own account (market specification, section 7).
//!
//! It decides nothing: orders go to the node's queue, and everything else is read from what the node publishes.
//! [`serve`] opens it on a running node; [`Running::shutdown`] closes it.
#![forbid(unsafe_code)]

mod account_route;
mod asset;
mod batch;
mod batch_lines;
mod body;
mod candle_body;
mod chart;
mod decimal;
mod gathering;
mod history;
mod idempotency;
mod instant;
mod language;
mod line_body;
mod market_body;
mod market_route;
mod ops_route;
mod order_line;
mod order_request;
mod order_route;
mod page;
mod page_text;
mod principal;
mod problem;
mod problem_text;
mod pulse;
mod routes;
mod rules_body;
mod server;
mod site;
mod stream_route;
mod token;
mod verified_tokens;

pub use history::{Index, IndexFault, Status, Store};
pub use server::{Running, ServeFault, serve};
pub use site::{Limits, WebOptions};
pub use token::{DevelopmentIssuer, LIFETIME_S_MAX, Member, TokenFault};
