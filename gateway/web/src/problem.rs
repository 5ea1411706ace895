//! Every no that leaves this door: RFC 9457 problem details, with a stable code and a sentence that says what to do.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use carbex_node::Refusal;
use carbex_vocabulary::{Reject, RejectCode, Sequence};
use serde::Serialize;

use crate::{decimal, language::Language, problem_text};

/// What the door itself refuses, before anything is sequenced. Names are public and stable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DoorRefusal {
    /// The body is not one JSON object of the documented fields, or a field has another type.
    MalformedBody(String),
    /// A field holds a value that is none of its values.
    InvalidField {
        /// The field's name.
        field: &'static str,
        /// The values that it may have.
        expected: &'static str,
    },
    /// A number is not written as a decimal string.
    InvalidDecimal {
        /// The field's name.
        field: &'static str,
    },
    /// A number has more decimals than its unit.
    TooManyDecimals {
        /// The field's name.
        field: &'static str,
        /// How many decimals the unit has.
        allowed: u32,
    },
    /// A number is larger than the unit can hold.
    NumberTooLarge {
        /// The field's name.
        field: &'static str,
    },
    /// A parameter of the address is not one of the documented ones.
    InvalidParameter {
        /// The parameter's name.
        parameter: &'static str,
        /// What it may be.
        expected: &'static str,
    },
    /// An order needs an Idempotency-Key.
    IdempotencyKeyMissing,
    /// The Idempotency-Key is empty, too long, or given twice.
    IdempotencyKeyInvalid,
    /// No valid bearer token.
    NotAuthenticated,
    /// The market has no account for this token.
    NoAccount,
    /// No such address.
    NotFound,
    /// The address knows other methods.
    MethodNotAllowed,
    /// The body is larger than the door takes.
    BodyTooLarge {
        /// The most bytes it takes.
        limit_bytes: usize,
    },
    /// The batch is larger than the door takes.
    BatchTooLarge {
        /// The most bytes it takes.
        limit_bytes: usize,
    },
    /// The batch has more lines than the door takes.
    TooManyLines {
        /// The most lines it takes.
        limit: usize,
    },
    /// A line of a batch is longer than the door takes.
    LineTooLong {
        /// The most bytes it takes.
        limit_bytes: usize,
    },
    /// A batch without a line.
    EmptyBatch,
    /// A line has no key of its own and the batch has none for all.
    LineKeyMissing,
    /// As many batches are under way as the door takes.
    TooManyBatches,
    /// A citizen's token names another account than its own.
    NotYourAccount,
    /// The token is valid, but its role has nothing to do here.
    NotForThisRole,
    /// The body is not declared as JSON.
    UnsupportedMediaType,
    /// The body did not arrive in time.
    BodyTooSlow,
    /// The answer did not come in time; whether it was done is not known to this door.
    OutcomeUnknown,
    /// Too many streams are open.
    TooManyStreams,
    /// The history index is being rebuilt from the journal.
    HistoryRebuilding,
    /// The node took nothing.
    Node(Refusal),
    /// Our own fault.
    Internal,
}

impl DoorRefusal {
    /// The public name.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::MalformedBody(_) => "MALFORMED_BODY",
            Self::InvalidField { .. } => "INVALID_FIELD",
            Self::InvalidDecimal { .. } => "INVALID_DECIMAL",
            Self::TooManyDecimals { .. } => "TOO_MANY_DECIMALS",
            Self::NumberTooLarge { .. } => "NUMBER_TOO_LARGE",
            Self::InvalidParameter { .. } => "INVALID_PARAMETER",
            Self::IdempotencyKeyMissing | Self::LineKeyMissing => "IDEMPOTENCY_KEY_MISSING",
            Self::IdempotencyKeyInvalid => "IDEMPOTENCY_KEY_INVALID",
            Self::Node(Refusal::KeyReused) => "IDEMPOTENCY_KEY_REUSED",
            Self::NotAuthenticated => "NOT_AUTHENTICATED",
            Self::NoAccount => "UNKNOWN_ACCOUNT",
            Self::NotFound => "NOT_FOUND",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::BodyTooLarge { .. } => "BODY_TOO_LARGE",
            Self::BatchTooLarge { .. } => "BATCH_TOO_LARGE",
            Self::TooManyLines { .. } => "TOO_MANY_LINES",
            Self::LineTooLong { .. } => "LINE_TOO_LONG",
            Self::EmptyBatch => "EMPTY_BATCH",
            Self::TooManyBatches => "TOO_MANY_BATCHES",
            Self::NotYourAccount => "NOT_YOUR_ACCOUNT",
            Self::NotForThisRole => "NOT_FOR_THIS_ROLE",
            Self::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
            Self::BodyTooSlow => "BODY_TOO_SLOW",
            Self::OutcomeUnknown => "OUTCOME_UNKNOWN",
            Self::TooManyStreams => "TOO_MANY_STREAMS",
            Self::HistoryRebuilding => "HISTORY_REBUILDING",
            Self::Node(Refusal::Overloaded) => "OVERLOADED",
            Self::Node(Refusal::KeysExhausted) => "KEYS_EXHAUSTED",
            Self::Node(Refusal::SpaceLow) => "SPACE_LOW",
            Self::Node(Refusal::SpaceExhausted) => "SPACE_EXHAUSTED",
            Self::Node(Refusal::Stopping) => "STOPPING",
            Self::Internal => "INTERNAL",
        }
    }

    /// The status of the answer.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::MalformedBody(_)
            | Self::InvalidParameter { .. }
            | Self::IdempotencyKeyMissing
            | Self::IdempotencyKeyInvalid
            | Self::EmptyBatch
            | Self::LineKeyMissing => StatusCode::BAD_REQUEST,
            Self::InvalidField { .. }
            | Self::InvalidDecimal { .. }
            | Self::TooManyDecimals { .. }
            | Self::NumberTooLarge { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Node(Refusal::KeyReused) => StatusCode::CONFLICT,
            Self::NotAuthenticated => StatusCode::UNAUTHORIZED,
            Self::NoAccount | Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::BodyTooLarge { .. }
            | Self::BatchTooLarge { .. }
            | Self::TooManyLines { .. }
            | Self::LineTooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotYourAccount | Self::NotForThisRole => StatusCode::FORBIDDEN,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::OutcomeUnknown => StatusCode::GATEWAY_TIMEOUT,
            Self::TooManyStreams
            | Self::TooManyBatches
            | Self::HistoryRebuilding
            | Self::Node(
                Refusal::Overloaded
                | Refusal::KeysExhausted
                | Refusal::SpaceLow
                | Refusal::SpaceExhausted
                | Refusal::Stopping,
            ) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// After how many seconds it is worth asking again, if it is.
    const fn retry_after_s(&self) -> Option<u32> {
        match self {
            Self::Node(Refusal::Overloaded) | Self::OutcomeUnknown | Self::TooManyBatches => Some(1),
            Self::TooManyStreams | Self::Node(Refusal::Stopping) | Self::HistoryRebuilding => Some(5),
            Self::Node(Refusal::SpaceLow | Refusal::SpaceExhausted | Refusal::KeysExhausted) => Some(30),
            Self::MalformedBody(_)
            | Self::InvalidField { .. }
            | Self::InvalidDecimal { .. }
            | Self::TooManyDecimals { .. }
            | Self::NumberTooLarge { .. }
            | Self::InvalidParameter { .. }
            | Self::IdempotencyKeyMissing
            | Self::IdempotencyKeyInvalid
            | Self::Node(Refusal::KeyReused)
            | Self::NotAuthenticated
            | Self::NoAccount
            | Self::NotFound
            | Self::MethodNotAllowed
            | Self::BodyTooLarge { .. }
            | Self::BatchTooLarge { .. }
            | Self::TooManyLines { .. }
            | Self::LineTooLong { .. }
            | Self::EmptyBatch
            | Self::LineKeyMissing
            | Self::NotYourAccount
            | Self::NotForThisRole
            | Self::UnsupportedMediaType
            | Self::BodyTooSlow
            | Self::Internal => None,
        }
    }
}

/// The body of a problem (RFC 9457). `limit` and `actual` are in `unit`, as decimal strings.
#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: String,
    status: u16,
    detail: String,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actual: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
}

/// A refusal or a rejection, ready to be told in the caller's language.
#[derive(Clone, Debug)]
pub struct Problem {
    kind: Kind,
    language: Language,
}

#[derive(Clone, Debug)]
enum Kind {
    Door(DoorRefusal),
    Rule { reject: Reject, sequence: Sequence },
}

impl Problem {
    /// The door's no.
    pub const fn door(refusal: DoorRefusal, language: Language) -> Self {
        Self { kind: Kind::Door(refusal), language }
    }

    /// A rule's no, with the place in the journal where it stands.
    pub const fn rule(reject: Reject, sequence: Sequence, language: Language) -> Self {
        Self { kind: Kind::Rule { reject, sequence }, language }
    }
}

/// In what `limit` and `actual` are told, and how.
fn numbers(reject: &Reject) -> Option<(String, String, &'static str)> {
    if !reject.code.has_numbers() {
        return None;
    }
    let told = |write: fn(i64) -> String, unit| Some((write(reject.limit), write(reject.actual), unit));
    match reject.code {
        RejectCode::InvalidQuantity
        | RejectCode::HoldingCap
        | RejectCode::PurchaseCap
        | RejectCode::InsufficientPoints
        | RejectCode::NotYetEarned
        | RejectCode::SubsistenceFloor
        | RejectCode::SaleCap
        | RejectCode::ResaleForbidden
        | RejectCode::OverdraftLimit
        | RejectCode::InsufficientReserve
        | RejectCode::CapExceeded => told(decimal::points, "point"),
        RejectCode::InvalidTick | RejectCode::PriceOutOfBand | RejectCode::InvalidBand | RejectCode::QuotesCrossed => {
            told(decimal::euros, "EUR/point")
        }
        RejectCode::InsufficientFunds | RejectCode::TreasuryShort => told(decimal::euros, "EUR"),
        RejectCode::TooManyOpenOrders | RejectCode::OrderRate => told(|count| count.to_string(), "order"),
        // Their unit depends on the field at fault; the smallest unit of the core is told as it stands.
        RejectCode::DeficitOpen | RejectCode::LimitExceeded | RejectCode::TableFull | RejectCode::BookFull => {
            told(|number| number.to_string(), "smallest unit")
        }
        RejectCode::UnknownAccount
        | RejectCode::AccountClosed
        | RejectCode::AccountFrozen
        | RejectCode::AccountExists
        | RejectCode::NoPeriod
        | RejectCode::PeriodOpen
        | RejectCode::MarketClosed
        | RejectCode::MarketFrozen
        | RejectCode::CancelFrozen
        | RejectCode::NotInAuction
        | RejectCode::NothingToDistribute
        | RejectCode::RulesNeedClosed
        | RejectCode::TifNotAllowed
        | RejectCode::DuplicateClientOrderId
        | RejectCode::OppositeOrderOpen
        | RejectCode::UnknownOrder
        | RejectCode::NotYourOrder => None,
    }
}

impl Problem {
    /// The status and the body.
    fn told(&self) -> (StatusCode, Body<'_>) {
        match &self.kind {
            Kind::Door(refusal) => {
                let (title, detail) = problem_text::told(refusal, self.language);
                let (status, code) = (refusal.status(), refusal.code());
                let r#type = type_uri(code);
                let body = Body {
                    r#type,
                    title,
                    status: status.as_u16(),
                    detail,
                    code,
                    limit: None,
                    actual: None,
                    unit: None,
                    seq: None,
                };
                (status, body)
            }
            Kind::Rule { reject, sequence } => {
                let status = if reject.code == RejectCode::DuplicateClientOrderId {
                    StatusCode::CONFLICT
                } else {
                    StatusCode::UNPROCESSABLE_ENTITY
                };
                let (limit, actual, unit) = match numbers(reject) {
                    Some((limit, actual, unit)) => (Some(limit), Some(actual), Some(unit)),
                    None => (None, None, None),
                };
                let body = Body {
                    r#type: type_uri(reject.code.name()),
                    title: carbex_rulebook::title(reject.code, self.language).into(),
                    status: status.as_u16(),
                    detail: carbex_rulebook::sentence(reject, self.language),
                    code: reject.code.name(),
                    limit,
                    actual,
                    unit,
                    seq: Some(sequence.number()),
                };
                (status, body)
            }
        }
    }

    /// Appends the body as one JSON object.
    pub fn write_body(&self, out: &mut Vec<u8>) {
        // Serialising strings and integers into memory cannot fail.
        let _ = serde_json::to_writer(out, &self.told().1);
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut headers = HeaderMap::new();
        if let Kind::Door(refusal) = &self.kind {
            if let Some(seconds) = refusal.retry_after_s() {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            if *refusal == DoorRefusal::NotAuthenticated {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"carbex\""));
            }
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(self.language.code()));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let (status, body) = self.told();
        // Serialising strings and integers cannot fail; an empty body would still carry the status.
        (status, headers, serde_json::to_vec(&body).unwrap_or_default()).into_response()
    }
}

/// The stable URI of a kind of problem: a name, not an address, so that it outlives any host.
fn type_uri(code: &str) -> String {
    format!("urn:carbex:problem:{}", code.to_ascii_lowercase().replace('_', "-"))
}
