//! `GET /` and `GET /rules`: pages that say everything without a script; on `/` a small module keeps the figures live.

use askama::Template;
use axum::{
    extract::State,
    http::header,
    response::{Html, IntoResponse, Response},
};
use carbex_rulebook::{Language, count, euros, price_per_tonne};
use carbex_vocabulary::{DAY_NS, Phase};

use crate::{
    asset::{self, Addresses},
    chart::{self, Year},
    history::{Interval, PublishedCandle},
    instant,
    language::Answering,
    page_text::{self, Words},
    problem::{DoorRefusal, Problem},
    pulse::Picture,
    rules_body,
    site::Site,
};

/// One of the exchange's quotes, written out.
struct QuoteText {
    price: String,
    tonne: String,
    volume: String,
}

/// One month of the table, written out.
struct MonthRow {
    start_ms: u64,
    name: &'static str,
    mean: String,
    low: String,
    high: String,
    sold: String,
    bought: String,
}

/// The open budget year, written out.
struct YearText {
    year: u32,
    day: u64,
    days: u32,
    endowment: String,
}

#[derive(Template)]
#[template(path = "market.html")]
struct MarketPage {
    w: &'static Words,
    lang: &'static str,
    other_lang: &'static str,
    at: Addresses,
    phase: &'static str,
    phase_name: &'static str,
    phase_sentence: &'static str,
    /// Phase names and sentences for the module, as JSON.
    phases: String,
    date: String,
    price: Option<String>,
    price_tonne: Option<String>,
    band_floor: String,
    band_ceiling: String,
    band_at: f64,
    available: String,
    buyback: Option<QuoteText>,
    sale: Option<QuoteText>,
    year: Option<YearText>,
    sold: String,
    bought: String,
    turnover: String,
    consumed: String,
    accounts: String,
    charts: [String; 2],
    months: Vec<MonthRow>,
}

/// `GET /`.
pub async fn market(State(site): State<Site>, Answering(language): Answering) -> Result<Response, Problem> {
    let picture = site.pulse.picture.borrow().clone();
    let read = site.index.figures(|statistics| {
        let origin_ns = statistics.summary.origin_ns;
        statistics.series(Interval::Day).published_from(origin_ns)
    });
    let candles = read.await.map_err(|_| Problem::door(DoorRefusal::Internal, language))?;
    rendered(&market_page(&picture, candles, language), language)
}

fn rendered(page: &impl Template, language: Language) -> Result<Response, Problem> {
    let html = page.render().map_err(|fault| {
        tracing::error!(%fault, "a page could not be rendered");
        Problem::door(DoorRefusal::Internal, language)
    })?;
    let headers = [(header::CONTENT_LANGUAGE, language.code()), (header::VARY, "Accept-Language")];
    Ok((headers, Html(html)).into_response())
}

/// Whole points, for screens: fractions of a kilogram say nothing about a country.
fn whole_points(g: i64, language: Language) -> String {
    let points = count(g.unsigned_abs() / 1000, language);
    if g < 0 { format!("\u{2212}{points}") } else { points }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Euros and cents, for screens: the rest is in the data.
fn cents(ueur: u64, language: Language) -> String {
    euros(signed(ueur / 10_000 * 10_000), language)
}

/// `€ 0.085` without its "per point", which the page writes apart.
fn bare(price_ueur: u64, language: Language) -> String {
    euros(signed(price_ueur), language)
}

fn bare_tonne(price_ueur: u64, language: Language) -> String {
    let words = page_text::words(language);
    let text = price_per_tonne(signed(price_ueur), language);
    text.strip_suffix(words.per_tonne).map_or(text.clone(), |bare| bare.trim_end().to_owned())
}

fn market_page(picture: &Picture, candles: Vec<PublishedCandle>, language: Language) -> MarketPage {
    let w = page_text::words(language);
    let market = &picture.view.market;
    let quote = |quote: &carbex_core::Quote| {
        (quote.volume_g > 0).then(|| QuoteText {
            price: bare(quote.price_ueur, language),
            tonne: bare_tonne(quote.price_ueur, language),
            volume: whole_points(signed(quote.volume_g), language),
        })
    };
    let quoted = |quote: &carbex_core::Quote| (quote.volume_g > 0).then_some(quote.price_ueur);
    let (phase_name, phase_sentence) = page_text::phase(market.phase, language);
    let other = match language {
        Language::French => Language::English,
        Language::English => Language::French,
    };
    let now_ns = picture.view.time.ns();
    let (start_ns, days) =
        market.period.as_ref().map_or((now_ns, 365), |period| (period.start_ns, u64::from(period.days)));
    let year = Year {
        start_ns,
        end_ns: start_ns.saturating_add(days * DAY_NS),
        candles,
        buyback_ueur: quoted(&market.buyback),
        sale_ueur: quoted(&market.sale),
    };
    let last_ueur = picture.summary.last_price_ueur;
    let traded = picture.summary.shown();
    MarketPage {
        w,
        lang: language.code(),
        other_lang: other.code(),
        at: asset::addresses(),
        phase: market.phase.name(),
        phase_name,
        phase_sentence,
        phases: phases(language),
        date: instant::date(now_ns, language),
        price: last_ueur.map(|ueur| bare(ueur, language)),
        price_tonne: last_ueur.map(|ueur| bare_tonne(ueur, language)),
        band_floor: bare_tonne(market.band.floor_ueur, language),
        band_ceiling: bare_tonne(market.band.ceiling_ueur, language),
        band_at: share_of_band(market.band.floor_ueur, market.band.ceiling_ueur, last_ueur),
        available: whole_points(market.public.inventory_g, language),
        buyback: quote(&market.buyback),
        sale: quote(&market.sale),
        year: market.period.as_ref().map(|period| YearText {
            year: period.year,
            day: period.day.min(u64::from(period.days)),
            days: period.days,
            endowment: whole_points(signed(period.endowment_g), language),
        }),
        sold: whole_points(signed(traded.sold_g), language),
        bought: whole_points(signed(traded.bought_g), language),
        turnover: cents(traded.turnover_ueur, language),
        consumed: whole_points(market.public.retired_g, language),
        accounts: count(market.accounts, language),
        charts: [chart::svg(&year, &chart::WIDE, w, language), chart::svg(&year, &chart::NARROW, w, language)],
        months: months(&year, language),
    }
}

/// Where the price stands in the band, from 0 to 100.
fn share_of_band(floor_ueur: u64, ceiling_ueur: u64, price_ueur: Option<u64>) -> f64 {
    let width = ceiling_ueur.saturating_sub(floor_ueur).max(1);
    let above = price_ueur.unwrap_or(floor_ueur).saturating_sub(floor_ueur).min(width);
    above as f64 / width as f64 * 100.0
}

fn phases(language: Language) -> String {
    let all: serde_json::Map<_, _> = Phase::ALL
        .iter()
        .map(|phase| {
            let (name, sentence) = page_text::phase(*phase, language);
            (phase.name().to_owned(), serde_json::json!([name, sentence]))
        })
        .collect();
    serde_json::Value::Object(all).to_string()
}

/// The year's candles added up by the month in which they begin.
fn months(year: &Year, language: Language) -> Vec<MonthRow> {
    let mut starts = chart::months(year.start_ns, year.end_ns);
    if starts.first().is_none_or(|first| *first > year.start_ns) {
        starts.insert(0, year.start_ns);
    }
    let ends = starts.iter().skip(1).copied().chain([year.end_ns]);
    starts.iter().zip(ends).map(|(start_ns, end_ns)| month(year, *start_ns, end_ns, language)).collect()
}

fn month(year: &Year, start_ns: u64, end_ns: u64, language: Language) -> MonthRow {
    let of_month: Vec<_> =
        year.candles.iter().map(|shown| &shown.candle).filter(|c| (start_ns..end_ns).contains(&c.start_ns)).collect();
    let sum = |field: fn(&crate::history::Candle) -> u64| of_month.iter().map(|candle| field(candle)).sum::<u64>();
    let (sold_g, bought_g) = (sum(|candle| candle.sold_g), sum(|candle| candle.bought_g));
    // µ€ for grams: a thousandfold gives µ€ per point.
    let mean_ueur = (u128::from(sum(|candle| candle.turnover_ueur)) * 1000)
        .checked_div(u128::from(sold_g) + u128::from(bought_g))
        .and_then(|mean| u64::try_from(mean).ok());
    let told = |ueur: Option<u64>| ueur.map_or("–".to_owned(), |ueur| bare_tonne(ueur / 10 * 10, language));
    MonthRow {
        start_ms: start_ns / 1_000_000,
        name: instant::month(start_ns, language),
        mean: told(mean_ueur),
        low: told(of_month.iter().map(|candle| candle.low_ueur).min()),
        high: told(of_month.iter().map(|candle| candle.high_ueur).max()),
        sold: whole_points(signed(sold_g), language),
        bought: whole_points(signed(bought_g), language),
    }
}

/// One heading of the rules with its lines.
struct RuleSection {
    heading: String,
    lines: Vec<String>,
}

#[derive(Template)]
#[template(path = "rules.html")]
struct RulesPage {
    w: &'static Words,
    lang: &'static str,
    other_lang: &'static str,
    at: Addresses,
    title: String,
    version: String,
    sections: Vec<RuleSection>,
}

/// `GET /rules`: the rules in force in words.
pub async fn rules(State(site): State<Site>, Answering(language): Answering) -> Result<Response, Problem> {
    let refuse = |refusal| Problem::door(DoorRefusal::Node(refusal), language);
    let rules = site.node.ask(|market| *market.rules()).map_err(refuse)?.await.map_err(refuse)?;
    let text = carbex_rulebook::explain(&rules_body::rulebook(&rules), language);
    let mut lines = text.lines();
    let title = lines.next().unwrap_or_default().to_owned();
    let mut sections: Vec<RuleSection> = Vec::new();
    for line in lines.filter(|line| !line.is_empty()) {
        match (line.strip_prefix("- "), sections.last_mut()) {
            (Some(rule), Some(section)) => section.lines.push(rule.to_owned()),
            (Some(rule), None) => {
                sections.push(RuleSection { heading: String::new(), lines: vec![rule.to_owned()] });
            }
            (None, _) => sections.push(RuleSection { heading: line.to_owned(), lines: Vec::new() }),
        }
    }
    let page = RulesPage {
        w: page_text::words(language),
        lang: language.code(),
        other_lang: match language {
            Language::French => Language::English.code(),
            Language::English => Language::French.code(),
        },
        at: asset::addresses(),
        title,
        version: rules.version.as_str().to_owned(),
        sections,
    };
    rendered(&page, language)
}
