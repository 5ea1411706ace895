//! Candles as JSON.

use serde::Serialize;

use crate::{decimal, history::PublishedCandle, instant};

/// One candle; `from` and `to` are further apart than the interval where thin candles were merged.
#[derive(Serialize)]
pub struct CandleBody {
    from: String,
    to: String,
    open: String,
    high: String,
    low: String,
    close: String,
    sold: String,
    bought: String,
    turnover: String,
    trades: u64,
}

impl CandleBody {
    /// The candle as anyone may see it.
    pub fn new(published: &PublishedCandle) -> Self {
        let candle = &published.candle;
        Self {
            from: instant::rfc3339(candle.start_ns),
            to: instant::rfc3339(published.end_ns),
            open: decimal::euros_unsigned(candle.open_ueur),
            high: decimal::euros_unsigned(candle.high_ueur),
            low: decimal::euros_unsigned(candle.low_ueur),
            close: decimal::euros_unsigned(candle.close_ueur),
            sold: decimal::points_unsigned(candle.sold_g),
            bought: decimal::points_unsigned(candle.bought_g),
            turnover: decimal::euros_unsigned(candle.turnover_ueur),
            trades: candle.trades,
        }
    }
}
