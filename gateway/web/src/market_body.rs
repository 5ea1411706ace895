//! The market as JSON, for `GET /v1/market` and its stream: decimals as text, euros per point beside euros per tonne.

use carbex_core::Quote;
use carbex_node::MarketView;
use serde::Serialize;

use crate::{decimal, history::Summary, instant};

/// A price in both units that people use.
#[derive(Serialize)]
pub struct PriceBody {
    price: String,
    price_per_tonne: String,
}

impl PriceBody {
    /// The price of `ueur` µ€ per point.
    pub fn new(ueur: u64) -> Self {
        Self { price: decimal::euros_unsigned(ueur), price_per_tonne: decimal::euros_per_tonne(ueur) }
    }
}

#[derive(Serialize)]
struct BandBody {
    floor: PriceBody,
    ceiling: PriceBody,
}

#[derive(Serialize)]
struct BuybackBody {
    #[serde(flatten)]
    price: PriceBody,
    volume: String,
    budget: String,
}

#[derive(Serialize)]
struct SaleBody {
    #[serde(flatten)]
    price: PriceBody,
    volume: String,
}

#[derive(Serialize)]
struct LastBody {
    #[serde(flatten)]
    price: PriceBody,
    time: String,
}

#[derive(Serialize)]
struct YearBody {
    year: u32,
    start: String,
    day: u64,
    days: u32,
    endowment: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cap: Option<String>,
    issued: String,
    allotted_percent: String,
}

#[derive(Serialize)]
struct TradedBody {
    sold: String,
    bought: String,
    turnover: String,
    trades: u64,
}

/// The market, as anyone may see it.
#[derive(Serialize)]
pub struct MarketBody {
    seq: u64,
    time: String,
    phase: &'static str,
    mode: &'static str,
    band: BandBody,
    buyback: Option<BuybackBody>,
    sale: Option<SaleBody>,
    available_volume: String,
    reserve: String,
    consumed: String,
    last: Option<LastBody>,
    reference: Option<PriceBody>,
    budget_year: Option<YearBody>,
    traded: TradedBody,
    accounts: u64,
}

impl MarketBody {
    /// The market at `view`, with what the history knows of its trades.
    pub fn new(view: &MarketView, summary: &Summary) -> Self {
        let market = &view.market;
        let quoted = |quote: &Quote| (quote.volume_g > 0).then_some(*quote);
        let traded = summary.shown();
        Self {
            seq: view.sequence.number(),
            time: instant::rfc3339(view.time.ns()),
            phase: market.phase.name(),
            mode: view.mode.name(),
            band: BandBody {
                floor: PriceBody::new(market.band.floor_ueur),
                ceiling: PriceBody::new(market.band.ceiling_ueur),
            },
            buyback: quoted(&market.buyback).map(|quote| BuybackBody {
                price: PriceBody::new(quote.price_ueur),
                volume: decimal::points_unsigned(quote.volume_g),
                budget: decimal::euros_unsigned(quote.budget_ueur),
            }),
            sale: quoted(&market.sale).map(|quote| SaleBody {
                price: PriceBody::new(quote.price_ueur),
                volume: decimal::points_unsigned(quote.volume_g),
            }),
            available_volume: decimal::points(market.public.inventory_g),
            reserve: decimal::points(market.public.reserve_g),
            consumed: decimal::points(market.public.retired_g),
            last: summary
                .last_price_ueur
                .map(|ueur| LastBody { price: PriceBody::new(ueur), time: instant::rfc3339(summary.last_trade_ns) }),
            reference: market.reference_ueur.map(PriceBody::new),
            budget_year: market.period.as_ref().map(|period| YearBody {
                year: period.year,
                start: instant::rfc3339(period.start_ns),
                day: period.day,
                days: period.days,
                endowment: decimal::points_unsigned(period.endowment_g),
                cap: period.cap_g.map(decimal::points_unsigned),
                issued: decimal::points_unsigned(period.issued_g),
                allotted_percent: decimal::percent(period.allotted_fraction_bp),
            }),
            traded: TradedBody {
                sold: decimal::points_unsigned(traded.sold_g),
                bought: decimal::points_unsigned(traded.bought_g),
                turnover: decimal::euros_unsigned(traded.turnover_ueur),
                trades: traded.trades,
            },
            accounts: market.accounts,
        }
    }
}
