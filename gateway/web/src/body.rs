//! Request bodies: bounded in bytes and time, declared as JSON.

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::{problem::DoorRefusal, site::Site};

/// The bytes of a JSON body.
pub async fn json(headers: &HeaderMap, body: Body, site: &Site) -> Result<Bytes, DoorRefusal> {
    if !is_json(headers) {
        return Err(DoorRefusal::UnsupportedMediaType);
    }
    let limit_bytes = site.limits.body_bytes_max;
    let collected = Limited::new(body, limit_bytes).collect();
    match tokio::time::timeout(site.limits.body_time_max, collected).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(fault)) if fault.is::<LengthLimitError>() => Err(DoorRefusal::BodyTooLarge { limit_bytes }),
        Ok(Err(fault)) => Err(DoorRefusal::MalformedBody(fault.to_string())),
        Err(_) => Err(DoorRefusal::BodyTooSlow),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
}
