//! `POST /v1/orders` and `DELETE /v1/orders/{id}`: a citizen's order goes in, and comes out.

use axum::{
    Json,
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use carbex_core::Command;
use carbex_node::{Role, Submission};
use carbex_rulebook::Language;
use carbex_vocabulary::{CancelReason, Event, OrderId};
use serde::Serialize;

use crate::{
    batch, body, decimal,
    idempotency::{BatchKey, Owner},
    instant,
    language::Answering,
    market_body::PriceBody,
    order_line::OrderBatch,
    order_request::{Asked, OrderRequest, whole_number},
    principal::{self, Citizen},
    problem::{DoorRefusal, Problem},
    site::Site,
    token::Principal,
};

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

/// Enters an order, or a batch of them. 201 only after it is on disk.
pub async fn enter(
    State(site): State<Site>,
    Answering(language): Answering,
    request: Request,
) -> Result<Response, Problem> {
    let refuse = |refusal| Problem::door(refusal, language);
    let (parts, body) = request.into_parts();
    let principal = principal::of_request(&parts.headers, &site).map_err(refuse)?;
    let key = Owner::of(principal).key_of(&parts.headers);
    if batch::is_declared(&parts.headers) {
        let kind = OrderBatch::new(principal, key.map_err(refuse)?.map(BatchKey::new));
        return batch::work_through(&site, kind, &parts.headers, body, language).await;
    }
    let citizen = Citizen::of(principal).map_err(refuse)?;
    let body = body::json(&parts.headers, body, &site).await.map_err(refuse)?;
    let asked = serde_json::from_slice::<OrderRequest<'_>>(&body)
        .map_err(|fault| DoorRefusal::MalformedBody(fault.to_string()))
        .and_then(|request| request.read())
        .map_err(refuse)?;
    let key = key.map_err(refuse)?.ok_or(refuse(DoorRefusal::IdempotencyKeyMissing))?;
    place(&site, citizen, asked, key, language).await
}

async fn place(
    site: &Site,
    citizen: Citizen,
    asked: Asked,
    key: u128,
    language: Language,
) -> Result<Response, Problem> {
    let Asked { side, quantity, price, tif, client_order_id } = asked;
    let command = asked.command(citizen.account);
    let submission = Submission::new(command, Role::Citizen, citizen.account.number()).with_key(key);
    let submitted = site.gathering.submit(submission).await;
    let receipt = submitted.map_err(|refusal| Problem::door(DoorRefusal::Node(refusal), language))?;
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
    let principal = Principal::Citizen { account: citizen.account, expires_s: citizen.expires_s };
    let key = Owner::of(principal).key_of(&headers).map_err(refuse)?.unwrap_or(0);
    let command = Command::Cancel { account: citizen.account, order };
    // Not gathered with others: a cancel finds a place where orders find none.
    let submission = Submission::new(command, Role::Citizen, citizen.account.number()).with_key(key);
    let node_refuses = |refusal| refuse(DoorRefusal::Node(refusal));
    let receipt = site.node.submit(submission).map_err(node_refuses)?.await.map_err(node_refuses)?;
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

fn unexpected(outcome: Option<&Event>, language: Language) -> Problem {
    tracing::error!(?outcome, "the core answered a citizen's order with an event that no order causes");
    Problem::door(DoorRefusal::Internal, language)
}
