//! Request bodies: bounded in bytes and time, declared as JSON, every field known and given once.

use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, header},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use crate::{
    language::Answering,
    problem::{DoorRefusal, Problem},
    site::Site,
};

/// A body of strict JSON. `T` denies unknown fields; serde's derived readers refuse a field given twice.
pub struct StrictJson<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Site> for StrictJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, site: &Site) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let Ok(Answering(language)) = Answering::from_request_parts(&mut parts, site).await;
        read(&parts.headers, body, site).await.map(Self).map_err(|refusal| Problem::door(refusal, language))
    }
}

async fn read<T: DeserializeOwned>(headers: &HeaderMap, body: Body, site: &Site) -> Result<T, DoorRefusal> {
    if !is_json(headers) {
        return Err(DoorRefusal::UnsupportedMediaType);
    }
    let limit_bytes = site.limits.body_bytes_max;
    let collected = Limited::new(body, limit_bytes).collect();
    let bytes = match tokio::time::timeout(site.limits.body_time_max, collected).await {
        Ok(Ok(collected)) => collected.to_bytes(),
        Ok(Err(fault)) if fault.is::<LengthLimitError>() => return Err(DoorRefusal::BodyTooLarge { limit_bytes }),
        Ok(Err(fault)) => return Err(DoorRefusal::MalformedBody(fault.to_string())),
        Err(_) => return Err(DoorRefusal::BodyTooSlow),
    };
    serde_json::from_slice(&bytes).map_err(|fault| DoorRefusal::MalformedBody(fault.to_string()))
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
}
