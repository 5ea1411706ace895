//! The public market: `/v1/market`, candles, depth and the rules in force. Nothing here names an account.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use carbex_vocabulary::Side;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    candle_body::CandleBody,
    decimal,
    history::{ACCOUNTS_MIN, Interval, PublishedLevel},
    instant,
    language::Answering,
    problem::{DoorRefusal, Problem},
    rules_body,
    site::Site,
};

/// Levels a side when none is asked.
const LEVELS_DEFAULT: usize = 20;
/// Levels a side at most.
const LEVELS_MAX: usize = 200;

/// `GET /v1/market`: the latest picture, with its sequence as entity tag.
pub async fn market(State(site): State<Site>, headers: HeaderMap) -> Response {
    let picture = site.pulse.picture.borrow().clone();
    let tag = format!("\"{}-{}\"", picture.sequence, picture.summary.shown().trades);
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag.as_bytes());
    let mut answer = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "application/json")], picture.json.clone()).into_response()
    };
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        answer.headers_mut().insert(header::ETAG, tag);
    }
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    answer
}

/// Which candles.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CandlesQuery {
    #[serde(default)]
    interval: Option<String>,
    #[serde(default)]
    from: Option<String>,
    #[serde(default, rename = "lang")]
    _lang: Option<String>,
}

const INVALID_CANDLES_QUERY: DoorRefusal = DoorRefusal::InvalidParameter {
    parameter: "interval, from",
    expected: "interval=1m|1h|1d, from=2027-01-01T00:00:00Z",
};

/// `GET /v1/market/candles`: oldest first, from the start of the budget year unless `from` says otherwise.
pub async fn candles(
    State(site): State<Site>,
    Answering(language): Answering,
    query: Result<Query<CandlesQuery>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let refuse = |refusal| Problem::door(refusal, language);
    let Query(query) = query.map_err(|_| refuse(INVALID_CANDLES_QUERY))?;
    let interval = match &query.interval {
        None => Interval::Day,
        Some(name) => Interval::from_name(name).ok_or(refuse(INVALID_CANDLES_QUERY))?,
    };
    let asked_ns = match &query.from {
        None => None,
        Some(text) => Some(instant::from_rfc3339(text).ok_or(refuse(INVALID_CANDLES_QUERY))?),
    };
    let read = site.index.figures(move |statistics| {
        let from_ns = asked_ns.unwrap_or(statistics.summary.origin_ns);
        statistics.series(interval).published_from(from_ns)
    });
    let shown = read.await.map_err(|_| refuse(DoorRefusal::Internal))?;
    let bodies: Vec<CandleBody> = shown.iter().map(CandleBody::new).collect();
    Ok(Json(json!({
        "seq": site.index.sequence().number(),
        "interval": interval.name(),
        "kept": interval.kept_max(),
        "accounts_min": ACCOUNTS_MIN,
        "candles": bodies,
    })))
}

/// How deep.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DepthQuery {
    #[serde(default)]
    levels: Option<usize>,
    #[serde(default, rename = "lang")]
    _lang: Option<String>,
}

const INVALID_DEPTH_QUERY: DoorRefusal =
    DoorRefusal::InvalidParameter { parameter: "levels", expected: "levels=1…200" };

/// `GET /v1/market/depth`: best price first; a level that fewer than eleven accounts hold is merged into the next.
pub async fn depth(
    State(site): State<Site>,
    Answering(language): Answering,
    query: Result<Query<DepthQuery>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let refuse = |refusal| Problem::door(refusal, language);
    let Query(query) = query.map_err(|_| refuse(INVALID_DEPTH_QUERY))?;
    let levels = query.levels.unwrap_or(LEVELS_DEFAULT);
    if !(1..=LEVELS_MAX).contains(&levels) {
        return Err(refuse(INVALID_DEPTH_QUERY));
    }
    let index = site.index.clone();
    let store = index.store().ok_or(refuse(DoorRefusal::HistoryRebuilding))?;
    let read = index.figures(move |statistics| {
        let side = |side| statistics.depth.published(store.tree(), side, levels);
        Ok::<_, crate::history::IndexFault>((side(Side::Sell)?, side(Side::Buy)?))
    });
    let (sells, buys) = match read.await {
        Ok(Ok(sides)) => sides,
        Ok(Err(fault)) => {
            tracing::error!(%fault, "the depth could not be read");
            return Err(refuse(DoorRefusal::HistoryRebuilding));
        }
        Err(_) => return Err(refuse(DoorRefusal::Internal)),
    };
    Ok(Json(json!({
        "seq": site.index.sequence().number(),
        "accounts_min": ACCOUNTS_MIN,
        "sells": sells.iter().map(level).collect::<Vec<_>>(),
        "buys": buys.iter().map(level).collect::<Vec<_>>(),
    })))
}

fn level(level: &PublishedLevel) -> Value {
    json!({
        "best": decimal::euros_unsigned(level.best_ueur),
        "worst": decimal::euros_unsigned(level.worst_ueur),
        "quantity": decimal::points_unsigned(level.quantity_g),
        "orders": level.orders,
    })
}

/// `GET /v1/rules`: the rule set in force, as data and in words.
pub async fn rules(State(site): State<Site>, Answering(language): Answering) -> Result<Response, Problem> {
    let refuse = |refusal| Problem::door(DoorRefusal::Node(refusal), language);
    let asked = site.node.ask(|market| (market.sequence(), *market.rules())).map_err(refuse)?;
    let (sequence, rules) = asked.await.map_err(refuse)?;
    let body = rules_body::rules(sequence, &rules, language);
    let language = HeaderValue::from_static(language.code());
    Ok(([(header::CONTENT_LANGUAGE, language)], Json(body)).into_response())
}
