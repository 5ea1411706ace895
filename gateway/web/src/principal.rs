//! Who is asking: the bearer token of a request, as an argument of a route.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
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
        of_request(&parts.headers, site).and_then(Self::of).map_err(|refusal| Problem::door(refusal, language))
    }
}

impl Citizen {
    /// The citizen that this is.
    pub const fn of(principal: Principal) -> Result<Self, DoorRefusal> {
        match principal {
            Principal::Citizen { account, expires_s } => Ok(Self { account, expires_s }),
            Principal::Bank { .. } => Err(DoorRefusal::NotForThisRole),
        }
    }
}

/// Who is asking, whatever their role.
pub fn of_request(headers: &HeaderMap, site: &Site) -> Result<Principal, DoorRefusal> {
    bearer(headers)
        .zip(site.issuer.as_ref())
        .and_then(|(token, issuer)| issuer.verify(token))
        .ok_or(DoorRefusal::NotAuthenticated)
}

/// The token of the one Authorization header; two headers are as good as none.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim_start())
}
