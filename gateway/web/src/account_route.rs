//! `/v1/accounts/me…`: a citizen's own account, orders and statement.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse, Response},
};
use carbex_core::{AccountFields, RestingOrder};
use carbex_rulebook::Language;
use carbex_vocabulary::{AccountId, OrderId, Sequence};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    decimal,
    history::{OrderRecord, OrderState, Position, Store},
    instant,
    language::Answering,
    line_body,
    market_body::PriceBody,
    principal::Citizen,
    problem::{DoorRefusal, Problem},
    site::Site,
};

/// Entries on a page when none is asked.
const PAGE_DEFAULT: usize = 50;
/// Entries on a page at most.
const PAGE_MAX: usize = 500;

/// The account's exact state, all figures in points and euros.
#[derive(Serialize)]
pub struct AccountBody {
    account: String,
    seq: u64,
    status: &'static str,
    allotted: String,
    purchased: String,
    consumed: String,
    consumed_purchased: String,
    sold: String,
    bought: String,
    open_sell: String,
    open_buy: String,
    cash: String,
    cash_reserved: String,
    cash_free: String,
    owed: String,
    repay: String,
    obligation: String,
    share_percent: String,
    opened_day: u16,
    household: String,
}

impl AccountBody {
    /// The account's fields at `sequence`.
    pub fn new(account: AccountId, sequence: Sequence, fields: &AccountFields) -> Self {
        Self {
            account: account.number().to_string(),
            seq: sequence.number(),
            status: fields.status.name(),
            allotted: decimal::points(fields.allotted_g),
            purchased: decimal::points(fields.purchased_g),
            consumed: decimal::points(fields.consumed_g),
            consumed_purchased: decimal::points(fields.consumed_purchased_g),
            sold: decimal::points(fields.sold_g),
            bought: decimal::points(fields.bought_g),
            open_sell: decimal::points(fields.open_sell_g),
            open_buy: decimal::points(fields.open_buy_g),
            cash: decimal::euros(fields.cash_ueur),
            cash_reserved: decimal::euros(fields.cash_reserved_ueur),
            cash_free: decimal::euros(fields.cash_ueur.saturating_sub(fields.cash_reserved_ueur)),
            owed: decimal::euros(fields.owed_ueur),
            repay: decimal::points(fields.repay_g),
            obligation: decimal::points(fields.obligation_g),
            share_percent: decimal::percent(u64::from(fields.share_bp)),
            opened_day: fields.opened_day,
            household: fields.household.to_string(),
        }
    }
}

/// The account and its open orders, from the exact state at one sequence.
pub async fn exact(
    site: &Site,
    account: AccountId,
    language: Language,
) -> Result<(Sequence, AccountFields, Vec<RestingOrder>), Problem> {
    let refuse = |refusal| Problem::door(DoorRefusal::Node(refusal), language);
    let asked = site.node.ask(move |market| {
        let fields = market.account(account)?;
        Some((market.sequence(), fields, market.orders_of(account).collect()))
    });
    let answer = asked.map_err(refuse)?.await.map_err(refuse)?;
    answer.ok_or_else(|| Problem::door(DoorRefusal::NoAccount, language))
}

/// `GET /v1/accounts/me`.
pub async fn me(
    State(site): State<Site>,
    citizen: Citizen,
    Answering(language): Answering,
) -> Result<Json<AccountBody>, Problem> {
    let (sequence, fields, _) = exact(&site, citizen.account, language).await?;
    Ok(Json(AccountBody::new(citizen.account, sequence, &fields)))
}

/// Which orders, and from where.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrdersQuery {
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    before: Option<String>,
    #[serde(default)]
    limit: Option<usize>,
    #[serde(default, rename = "lang")]
    _lang: Option<String>,
}

/// `GET /v1/accounts/me/orders`: the open ones from the exact state, or with `?state=all` every one, newest first.
pub async fn orders(
    State(site): State<Site>,
    citizen: Citizen,
    Answering(language): Answering,
    query: Result<Query<OrdersQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let refuse = |refusal| Problem::door(refusal, language);
    let Query(query) = query.map_err(|_| refuse(INVALID_ORDERS_QUERY))?;
    match query.state.as_deref() {
        None | Some("open") => {
            let (sequence, _, orders) = exact(&site, citizen.account, language).await?;
            let orders: Vec<Value> = orders.iter().map(open_order).collect();
            Ok(Json(json!({"seq": sequence.number(), "orders": orders})).into_response())
        }
        Some("all") => {
            let limit = page_limit(query.limit).map_err(refuse)?;
            let before = match &query.before {
                None => OrderId::new(u64::MAX),
                Some(text) => OrderId::new(text.parse().map_err(|_| refuse(INVALID_ORDERS_QUERY))?),
            };
            let account = citizen.account;
            let read = ReadTo::now(&site);
            let page = from_index(&site, language, move |store| store.orders_before(account, before, limit)).await?;
            let next =
                (page.len() == limit).then(|| page.last().map(|(order, _)| order.number().to_string())).flatten();
            let orders: Vec<Value> = page.iter().map(|(order, record)| past_order(*order, record)).collect();
            let ReadTo { seq, behind } = read;
            Ok(Json(json!({"seq": seq, "behind": behind, "orders": orders, "next_before": next})).into_response())
        }
        Some(_) => Err(refuse(INVALID_ORDERS_QUERY)),
    }
}

const INVALID_ORDERS_QUERY: DoorRefusal = DoorRefusal::InvalidParameter {
    parameter: "state, before, limit",
    expected: "state=open|all, before=ID, limit=1…500",
};
const INVALID_STATEMENT_QUERY: DoorRefusal =
    DoorRefusal::InvalidParameter { parameter: "before, limit", expected: "before=ID, limit=1…500" };

fn open_order(order: &RestingOrder) -> Value {
    json!({
        "order": order.order.number().to_string(),
        "side": order.side.name(),
        "open": decimal::points_unsigned(order.quantity_g),
        "price": decimal::euros_unsigned(order.price_ueur),
        "price_per_tonne": decimal::euros_per_tonne(order.price_ueur),
        "tif": order.tif.name(),
        "client_order_id": order.client_order_id.map(|id| id.number().to_string()),
    })
}

fn past_order(order: OrderId, record: &OrderRecord) -> Value {
    let (state, reason) = match record.state {
        OrderState::Open => ("open", None),
        OrderState::Filled => ("filled", None),
        OrderState::Cancelled(reason) => ("cancelled", Some(reason.name())),
    };
    let price = PriceBody::new(record.price_ueur);
    let mut body = json!({
        "order": order.number().to_string(),
        "state": state,
        "reason": reason,
        "side": record.side.name(),
        "quantity": decimal::points_unsigned(record.quantity_g),
        "open": decimal::points_unsigned(record.open_g),
        "filled": decimal::points_unsigned(record.filled_g),
        "value": decimal::euros_unsigned(record.value_ueur),
        "tif": record.tif.name(),
        "client_order_id": record.client_order_id.map(|id| id.to_string()),
        "placed": instant::rfc3339(record.placed_ns),
        "changed": instant::rfc3339(record.changed_ns),
    });
    if let (Value::Object(body), Ok(Value::Object(price))) = (&mut body, serde_json::to_value(price)) {
        body.extend(price);
    }
    body
}

/// From where, and how much.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatementQuery {
    #[serde(default)]
    before: Option<String>,
    #[serde(default)]
    limit: Option<usize>,
    #[serde(default, rename = "lang")]
    _lang: Option<String>,
}

/// `GET /v1/accounts/me/statement`: newest first; `next_before` leads to the page after.
pub async fn statement(
    State(site): State<Site>,
    citizen: Citizen,
    Answering(language): Answering,
    query: Result<Query<StatementQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let refuse = |refusal| Problem::door(refusal, language);
    let Query(query) = query.map_err(|_| refuse(INVALID_STATEMENT_QUERY))?;
    let limit = page_limit(query.limit).map_err(|_| refuse(INVALID_STATEMENT_QUERY))?;
    let before = match &query.before {
        None => Position { sequence: u64::MAX, index: u32::MAX },
        Some(text) => Position::parse(text).ok_or(refuse(INVALID_STATEMENT_QUERY))?,
    };
    let account = citizen.account;
    let keep = line_body::is_statement;
    let read = ReadTo::now(&site);
    let page = from_index(&site, language, move |store| store.lines_before(account, before, limit, keep)).await?;
    let next = (page.len() == limit).then(|| page.last().map(|line| line.position.text())).flatten();
    let lines: Vec<Value> = page.iter().map(line_body::line).collect();
    let ReadTo { seq, behind } = read;
    Ok(Json(json!({"seq": seq, "behind": behind, "lines": lines, "next_before": next})).into_response())
}

/// How far the history has come, taken before a page of it is read: the page shows that much at least.
struct ReadTo {
    /// Every command up to this one is in the page.
    seq: u64,
    /// Commands on disk that the history had not read yet; 0 = nothing is missing.
    behind: u64,
}

impl ReadTo {
    fn now(site: &Site) -> Self {
        let seq = site.index.sequence().number();
        Self { seq, behind: site.node.market().sequence.number().saturating_sub(seq) }
    }
}

fn page_limit(asked: Option<usize>) -> Result<usize, DoorRefusal> {
    match asked {
        None => Ok(PAGE_DEFAULT),
        Some(limit) if (1..=PAGE_MAX).contains(&limit) => Ok(limit),
        Some(_) => Err(INVALID_ORDERS_QUERY),
    }
}

/// Reads the index off the async threads: it may wait for the disk.
pub async fn from_index<T: Send + 'static>(
    site: &Site,
    language: Language,
    read: impl FnOnce(&Store) -> Result<T, crate::history::IndexFault> + Send + 'static,
) -> Result<T, Problem> {
    let store = site.index.store().ok_or_else(|| Problem::door(DoorRefusal::HistoryRebuilding, language))?;
    match tokio::task::spawn_blocking(move || read(&store)).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(fault)) => {
            tracing::error!(%fault, "the history index could not be read");
            Err(Problem::door(DoorRefusal::HistoryRebuilding, language))
        }
        Err(_) => Err(Problem::door(DoorRefusal::Internal, language)),
    }
}
