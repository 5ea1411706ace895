//! What every order must pass: its form, the band, and how many of them an account may have.

mod form;
mod number;

pub use form::{check_price, check_quantity};
pub use number::{check_open_orders, check_opposite, check_order_rate};
