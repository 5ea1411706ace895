//! The routes, each with who may use it. What is not here does not exist.

use std::time::Duration;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{delete, get, post},
};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    account_route, asset,
    language::Answering,
    market_route, ops_route, order_route, page,
    problem::{DoorRefusal, Problem},
    site::Site,
    stream_route,
};

/// Everything that the door answers, `beside` included.
pub fn routes(site: Site, beside: Router) -> Router {
    let mut routes = public().merge(operators());
    if site.issuer.is_some() {
        routes = routes.merge(citizens());
    }
    let mut routes = routes.route_layer(middleware::from_fn_with_state(site.limits.answer_time_max, in_time));
    if site.issuer.is_some() {
        routes = routes.merge(entry());
    }
    routes
        .merge(beside.with_state(()))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            Problem::door(DoorRefusal::Internal, carbex_rulebook::Language::French).into_response()
        }))
        .layer(middleware::from_fn(guarded))
        .with_state(site)
}

/// Orders, single or in batches. They keep their own time: a timer for every request would cost as much as parsing it.
fn entry() -> Router<Site> {
    Router::new().route("/v1/orders", post(order_route::enter))
}

/// Anyone.
fn public() -> Router<Site> {
    Router::new()
        .route("/", get(page::market))
        .route("/rules", get(page::rules))
        .route("/assets/{name}", get(asset::get))
        .route("/v1/market", get(market_route::market))
        .route("/v1/market/stream", get(stream_route::market))
        .route("/v1/market/candles", get(market_route::candles))
        .route("/v1/market/depth", get(market_route::depth))
        .route("/v1/rules", get(market_route::rules))
}

/// A citizen, for their own account: the account is the token's and never the address's. A bank sends batches of orders to
/// `/v1/orders` and names the accounts in their lines.
fn citizens() -> Router<Site> {
    Router::new()
        .route("/v1/accounts/me", get(account_route::me))
        .route("/v1/accounts/me/orders", get(account_route::orders))
        .route("/v1/accounts/me/statement", get(account_route::statement))
        .route("/v1/accounts/me/stream", get(stream_route::own))
        .route("/v1/orders/{id}", delete(order_route::cancel))
}

/// Whoever reaches the address: the operator's network decides.
fn operators() -> Router<Site> {
    Router::new()
        .route("/healthz", get(ops_route::healthz))
        .route("/readyz", get(ops_route::readyz))
        .route("/metrics", get(ops_route::metrics))
}

async fn not_found(Answering(language): Answering) -> Problem {
    Problem::door(DoorRefusal::NotFound, language)
}

async fn method_not_allowed(Answering(language): Answering) -> Problem {
    Problem::door(DoorRefusal::MethodNotAllowed, language)
}

/// An answer comes in time or is given up; what was submitted stays submitted.
async fn in_time(
    State(answer_time_max): State<Duration>,
    Answering(language): Answering,
    request: Request,
    next: Next,
) -> Response {
    match tokio::time::timeout(answer_time_max, next.run(request)).await {
        Ok(answer) => answer,
        Err(_) => Problem::door(DoorRefusal::OutcomeUnknown, language).into_response(),
    }
}

/// Headers that every answer carries: nothing is loaded from elsewhere, nothing is framed, nothing is guessed.
const GUARDS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
];

async fn guarded(request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let headers = answer.headers_mut();
    for (name, value) in GUARDS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Answers are for now and for one reader, unless a route says otherwise.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    answer
}
