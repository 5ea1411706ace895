//! `POST /v1/orders` and `DELETE /v1/orders/{id}`: a citizen's order goes in, and comes out.

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use carbex_core::Command;
use carbex_node::{Receipt, Role, Submission};
use carbex_rulebook::Language;
use carbex_vocabulary::{CancelReason, ClientOrderId, Event, OrderId, PriceUeur, QuantityG, Side, TimeInForce};
use serde::{Deserialize, Serialize};

use crate::{
    body::StrictJson,
    decimal::{self, DecimalFault},
    idempotency, instant,
    language::Answering,
    market_body::PriceBody,
    principal::Citizen,
    problem::{DoorRefusal, Problem},
    site::Site,
};

/// An order as it is asked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderRequest {
    side: String,
    quantity: String,
    price: String,
    #[serde(default)]
    tif: Option<String>,
    #[serde(default)]
    client_order_id: Option<String>,
}

/// An order that was taken, on disk.
#[derive(Serialize)]
struct PlacedBody {
    order: String,
    seq: u64,
    time: String,
    side: &'static str,
    quantity: String,
    #[serde(flatten)]
    price: PriceBody,
    tif: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_order_id: Option<String>,
    repeated: bool,
}

/// An order that was withdrawn, on disk.
#[derive(Serialize)]
struct CancelledBody {
    order: String,
    seq: u64,
    time: String,
    cancelled: String,
    reason: &'static str,
    repeated: bool,
}

#[derive(Clone, Copy)]
struct Asked {
    side: Side,
    quantity: QuantityG,
    price: PriceUeur,
    tif: TimeInForce,
    client_order_id: Option<ClientOrderId>,
}

impl OrderRequest {
    fn read(&self) -> Result<Asked, DoorRefusal> {
        let side = Side::from_name(&self.side)
            .ok_or(DoorRefusal::InvalidField { field: "side", expected: "\"sell\", \"buy\"" })?;
        let tif = match &self.tif {
            None => TimeInForce::Gtc,
            Some(name) => TimeInForce::from_name(name)
                .ok_or(DoorRefusal::InvalidField { field: "tif", expected: "\"gtc\", \"day\", \"ioc\", \"fok\"" })?,
        };
        let client_order_id = match &self.client_order_id {
            None => None,
            Some(text) => Some(whole_number(text).map(ClientOrderId::new).ok_or(DoorRefusal::InvalidField {
                field: "client_order_id",
                expected: "\"0\" … \"18446744073709551615\"",
            })?),
        };
        Ok(Asked {
            side,
            quantity: decimal::points_from(&self.quantity).map_err(|fault| of_field("quantity", fault))?,
            price: decimal::price_from(&self.price).map_err(|fault| of_field("price", fault))?,
            tif,
            client_order_id,
        })
    }
}

fn of_field(field: &'static str, fault: DecimalFault) -> DoorRefusal {
    match fault {
        DecimalFault::NotADecimal => DoorRefusal::InvalidDecimal { field },
        DecimalFault::TooManyDecimals { allowed } => DoorRefusal::TooManyDecimals { field, allowed },
        DecimalFault::TooLarge => DoorRefusal::NumberTooLarge { field },
    }
}

/// Digits only: Rust's own reader would also take a sign.
fn whole_number(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// Enters an order. 201 only after it is on disk.
pub async fn place(
    State(site): State<Site>,
    citizen: Citizen,
    Answering(language): Answering,
    headers: HeaderMap,
    StrictJson(request): StrictJson<OrderRequest>,
) -> Result<Response, Problem> {
    let refuse = |refusal| Problem::door(refusal, language);
    let asked = request.read().map_err(refuse)?;
    let key = idempotency::required_key_of(&headers, citizen.account).map_err(refuse)?;
    let Asked { side, quantity, price, tif, client_order_id } = asked;
    let command = Command::Place { account: citizen.account, client_order_id, side, quantity, price, tif };
    let receipt = submit(&site, command, &citizen, key, language).await?;
    match receipt.outcome {
        Some(Event::Rejected(reject)) => Err(Problem::rule(reject, receipt.sequence, language)),
        Some(Event::Accepted { order, .. }) => {
            let body = PlacedBody {
                order: order.number().to_string(),
                seq: receipt.sequence.number(),
                time: instant::rfc3339(receipt.time.ns()),
                side: side.name(),
                quantity: decimal::points_unsigned(quantity.g()),
                price: PriceBody::new(price.ueur()),
                tif: tif.name(),
                client_order_id: client_order_id.map(|id| id.number().to_string()),
                repeated: receipt.repeated,
            };
            Ok((StatusCode::CREATED, Json(body)).into_response())
        }
        // A place answers with one of the two above or is our fault.
        other => Err(unexpected(other.as_ref(), language)),
    }
}

/// Withdraws an order.
pub async fn cancel(
    State(site): State<Site>,
    citizen: Citizen,
    Answering(language): Answering,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let refuse = |refusal| Problem::door(refusal, language);
    let order = whole_number(&id).map(OrderId::new).ok_or(refuse(DoorRefusal::NotFound))?;
    let key = idempotency::key_of(&headers, citizen.account).map_err(refuse)?.unwrap_or(0);
    let receipt = submit(&site, Command::Cancel { account: citizen.account, order }, &citizen, key, language).await?;
    match receipt.outcome {
        Some(Event::Rejected(reject)) => Err(Problem::rule(reject, receipt.sequence, language)),
        Some(Event::Cancelled { order, quantity, reason: CancelReason::Requested, .. }) => {
            let body = CancelledBody {
                order: order.number().to_string(),
                seq: receipt.sequence.number(),
                time: instant::rfc3339(receipt.time.ns()),
                cancelled: decimal::points_unsigned(quantity.g()),
                reason: CancelReason::Requested.name(),
                repeated: receipt.repeated,
            };
            Ok(Json(body).into_response())
        }
        // A cancel answers with one of the two above or is our fault.
        other => Err(unexpected(other.as_ref(), language)),
    }
}

async fn submit(
    site: &Site,
    command: Command,
    citizen: &Citizen,
    key: u128,
    language: Language,
) -> Result<Receipt, Problem> {
    let submission = Submission::new(command, Role::Citizen, citizen.account.number()).with_key(key);
    let refuse = |refusal| Problem::door(DoorRefusal::Node(refusal), language);
    site.node.submit(submission).map_err(refuse)?.await.map_err(refuse)
}

fn unexpected(outcome: Option<&Event>, language: Language) -> Problem {
    tracing::error!(?outcome, "the core answered a citizen's order with an event that no order causes");
    Problem::door(DoorRefusal::Internal, language)
}
