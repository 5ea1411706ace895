//! `INVALID_QUANTITY`, `INVALID_TICK`, `PRICE_OUT_OF_BAND`: the form of an order (market specification, section 5).

use carbex_vocabulary::{PriceUeur, QuantityG, Reject, RejectCode};

use crate::{Band, MarketRules, OrderRules};

/// Not zero, whole lots, at most `max_order_g`. The rejection shows the lot, or the largest order where that is passed.
#[inline]
pub fn check_quantity(market: &MarketRules, orders: &OrderRules, quantity: QuantityG) -> Result<(), Reject> {
    if quantity.g() > orders.max_order_g {
        return Err(Reject::with(RejectCode::InvalidQuantity, orders.max_order_g, quantity.g()));
    }
    if quantity.is_zero() || !quantity.g().is_multiple_of(market.lot_g) {
        return Err(Reject::with(RejectCode::InvalidQuantity, market.lot_g, quantity.g()));
    }
    Ok(())
}

/// On the tick, then inside the band.
#[inline]
pub fn check_price(market: &MarketRules, band: &Band, price: PriceUeur) -> Result<(), Reject> {
    if !price.ueur().is_multiple_of(market.tick_ueur) {
        return Err(Reject::with(RejectCode::InvalidTick, market.tick_ueur, price.ueur()));
    }
    if price.ueur() < band.floor_ueur {
        return Err(Reject::with(RejectCode::PriceOutOfBand, band.floor_ueur, price.ueur()));
    }
    if price.ueur() > band.ceiling_ueur {
        return Err(Reject::with(RejectCode::PriceOutOfBand, band.ceiling_ueur, price.ueur()));
    }
    Ok(())
}
