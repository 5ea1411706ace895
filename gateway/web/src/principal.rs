//! Who is asking: the bearer token of a request, as an argument of a route.

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use carbex_vocabulary::AccountId;

use crate::{
    language::Answering,
    problem::{DoorRefusal, Problem},
    site::Site,
    token::Principal,
};

/// A citizen, for their own account only: routes that take one can name no other account.
#[derive(Clone, Copy, Debug)]
pub struct Citizen {
    /// Their account.
    pub account: AccountId,
    /// When their token ends, in seconds since the Unix epoch.
    pub expires_s: u64,
}

impl FromRequestParts<Site> for Citizen {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        let Ok(Answering(language)) = Answering::from_request_parts(parts, site).await;
        match bearer(parts).zip(site.issuer.as_ref()).and_then(|(token, issuer)| issuer.verify(token)) {
            Some(Principal::Citizen { account, expires_s }) => Ok(Self { account, expires_s }),
            None => Err(Problem::door(DoorRefusal::NotAuthenticated, language)),
        }
    }
}

/// The token of the one Authorization header; two headers are as good as none.
fn bearer(parts: &Parts) -> Option<&str> {
    let mut values = parts.headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim_start())
}
