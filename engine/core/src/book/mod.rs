//! The book: resting orders in a pool, two sides of price levels, one level per tick of the band.

mod levels;
mod order;
mod order_index;
mod pool;
mod retired;
mod sides;

pub(crate) use order::{ORDER_NUMBER_MAX, Order, OrderSlot};
pub(crate) use sides::Book;
