//! `TOO_MANY_OPEN_ORDERS`, `OPPOSITE_ORDER_OPEN`, `ORDER_RATE`: how many orders, of which side, how often (market
//! specification, section 5).

use carbex_vocabulary::{OppositeOrders, Reject, RejectCode, Side};

use crate::{Holdings, OrderRules};

/// One more open order must be possible.
#[inline]
pub fn check_open_orders(rules: &OrderRules, open_orders: u32) -> Result<(), Reject> {
    if open_orders >= rules.max_open_orders {
        return Err(Reject::with(RejectCode::TooManyOpenOrders, rules.max_open_orders, u64::from(open_orders) + 1));
    }
    Ok(())
}

/// No order of the other side may be open: no wash trades.
#[inline]
pub fn check_opposite(rules: &OrderRules, holdings: &Holdings, side: Side) -> Result<(), Reject> {
    let other_open_g = match side {
        Side::Sell => holdings.open_buy_g,
        Side::Buy => holdings.open_sell_g,
    };
    match rules.opposite_orders {
        OppositeOrders::Refused if other_open_g > 0 => Err(Reject::plain(RejectCode::OppositeOrderOpen)),
        OppositeOrders::Refused | OppositeOrders::Allowed => Ok(()),
    }
}

/// One more place or replace must be possible today.
#[inline]
pub fn check_order_rate(rules: &OrderRules, orders_today: u32) -> Result<(), Reject> {
    if orders_today >= rules.max_orders_per_day {
        return Err(Reject::with(RejectCode::OrderRate, rules.max_orders_per_day, u64::from(orders_today) + 1));
    }
    Ok(())
}
