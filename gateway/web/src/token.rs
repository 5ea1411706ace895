//! Bearer tokens: the development issuer that mints them, and the one place that verifies them.

use std::{
    fs,
    io::{self, Read, Write},
    num::NonZeroU32,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use carbex_vocabulary::AccountId;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use p256::{
    SecretKey,
    elliptic_curve::{rand_core::OsRng, sec1::ToEncodedPoint},
    pkcs8::{DecodePrivateKey, EncodePrivateKey},
};
use serde::{Deserialize, Serialize};

use crate::verified_tokens::VerifiedTokens;

/// Who issues development tokens; `.invalid` can never be a real issuer.
const ISSUER: &str = "https://development.carbex.invalid";
/// For whom they are issued.
const AUDIENCE: &str = "carbex";
/// The type of an access token (RFC 9068), so that no other kind of token passes for one.
const TOKEN_TYPE: &str = "at+jwt";
/// Clocks may differ by this much, not more.
const LEEWAY_S: u64 = 5;
/// Longer tokens are refused unread.
const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// Tokens remembered as verified: 4 MiB. A signature takes 150 µs to verify, ten times what an order costs otherwise.
const VERIFIED_MAX: usize = 65_536;
/// The longest that a minted token lives.
pub const LIFETIME_S_MAX: u64 = 600;

/// What a token says its bearer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenRole {
    /// A resident, for their own account.
    Citizen,
    /// A bank or an intermediary, for the accounts of its customers.
    Bank,
}

/// The number of a bank or an intermediary among the exchange's members; never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member(NonZeroU32);

impl Member {
    /// The member of that number; `None` = zero, which stands for no member in the journal.
    pub const fn new(number: u32) -> Option<Self> {
        match NonZeroU32::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number.
    pub const fn number(self) -> u32 {
        self.0.get()
    }
}

/// Who is asking, as far as the token proves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A resident, for their own account.
    Citizen {
        /// Their account.
        account: AccountId,
        /// When the token ends, in seconds since the Unix epoch; streams end with it.
        expires_s: u64,
    },
    /// A bank or an intermediary, for the accounts of its customers. Which these are the exchange does not know yet: for
    /// development a bank may name any account.
    Bank {
        /// Which.
        member: Member,
        /// When the token ends, in seconds since the Unix epoch.
        expires_s: u64,
    },
}

impl Principal {
    /// When the token ends, in seconds since the Unix epoch.
    pub const fn expires_s(self) -> u64 {
        match self {
            Self::Citizen { expires_s, .. } | Self::Bank { expires_s, .. } => expires_s,
        }
    }
}

/// Why a development issuer or its token could not be had.
#[derive(Debug, thiserror::Error)]
pub enum TokenFault {
    /// The key file could not be read or made.
    #[error("the development key {path}: {source}")]
    Key {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The key file holds no key.
    #[error(
        "the development key {path} is not a P-256 key in PKCS#8: move it aside and start `carbex serve --dev` again"
    )]
    NotAKey {
        /// The file.
        path: PathBuf,
    },
    /// Others may read the key file.
    #[error("the development key {path} can be read by others: run `chmod 600` on it")]
    KeyIsOpen {
        /// The file.
        path: PathBuf,
    },
    /// The lifetime is too long.
    #[error("a token lives 1 to {LIFETIME_S_MAX} seconds; {asked_s} was asked")]
    Lifetime {
        /// What was asked.
        asked_s: u64,
    },
    /// The token could not be signed.
    #[error("the token could not be signed: {0}")]
    Signing(jsonwebtoken::errors::Error),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    iat: u64,
    nbf: u64,
    exp: u64,
    role: TokenRole,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    member: Option<u32>,
}

/// The embedded development issuer: one ES256 key in the data directory. Not for production: the server refuses its tokens
/// unless it was started for development.
pub struct DevelopmentIssuer {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    lifetime_s_max: u64,
    /// Under this key and these terms only.
    verified: VerifiedTokens,
}

impl std::fmt::Debug for DevelopmentIssuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DevelopmentIssuer").field("lifetime_s_max", &self.lifetime_s_max).finish_non_exhaustive()
    }
}

impl DevelopmentIssuer {
    /// The issuer of this data directory, whose key is made (mode 0600) if there is none yet.
    pub fn open(data: &Path) -> Result<Self, TokenFault> {
        let directory = data.join("development");
        let path = directory.join("issuer.pkcs8");
        let fault = |source| TokenFault::Key { path: path.clone(), source };
        fs::create_dir_all(&directory).map_err(fault)?;
        match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(mut file) => {
                let key = SecretKey::random(&mut OsRng);
                let der = key.to_pkcs8_der().map_err(|_| TokenFault::NotAKey { path: path.clone() })?;
                file.write_all(der.as_bytes()).and_then(|()| file.sync_all()).map_err(fault)?;
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(fault(error)),
        }
        let file = fs::File::open(&path).map_err(fault)?;
        if file.metadata().map_err(fault)?.permissions().mode() & 0o077 != 0 {
            return Err(TokenFault::KeyIsOpen { path });
        }
        let mut der = Vec::new();
        file.take(4096).read_to_end(&mut der).map_err(fault)?;
        let key = SecretKey::from_pkcs8_der(&der).map_err(|_| TokenFault::NotAKey { path: path.clone() })?;

        let mut validation = Validation::new(Algorithm::ES256);
        validation.algorithms = vec![Algorithm::ES256];
        validation.set_required_spec_claims(&["exp", "nbf", "aud", "iss", "sub"]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[ISSUER]);
        validation.validate_exp = true;
        validation.validate_nbf = true;
        validation.validate_aud = true;
        validation.leeway = LEEWAY_S;
        Ok(Self {
            encoding: EncodingKey::from_ec_der(&der),
            decoding: DecodingKey::from_ec_der(key.public_key().to_encoded_point(false).as_bytes()),
            validation,
            lifetime_s_max: LIFETIME_S_MAX,
            verified: VerifiedTokens::new(VERIFIED_MAX),
        })
    }

    /// The same issuer, minting and taking tokens that live up to `lifetime_s_max` (the demo, whose logins are printed once).
    #[must_use]
    pub fn with_lifetime_s_max(mut self, lifetime_s_max: u64) -> Self {
        self.lifetime_s_max = lifetime_s_max;
        self.verified = VerifiedTokens::new(VERIFIED_MAX);
        self
    }

    /// A token for the citizen who holds `account`, valid from now for `lifetime_s` seconds.
    pub fn citizen(&self, account: AccountId, lifetime_s: u64) -> Result<String, TokenFault> {
        let (subject, number) = (format!("development:citizen:{account}"), account.number().to_string());
        self.minted(subject, TokenRole::Citizen, Some(number), None, lifetime_s)
    }

    /// A token for a bank or an intermediary, valid from now for `lifetime_s` seconds.
    pub fn bank(&self, member: Member, lifetime_s: u64) -> Result<String, TokenFault> {
        let subject = format!("development:bank:{}", member.number());
        self.minted(subject, TokenRole::Bank, None, Some(member.number()), lifetime_s)
    }

    fn minted(
        &self,
        sub: String,
        role: TokenRole,
        account: Option<String>,
        member: Option<u32>,
        lifetime_s: u64,
    ) -> Result<String, TokenFault> {
        if !(1..=self.lifetime_s_max).contains(&lifetime_s) {
            return Err(TokenFault::Lifetime { asked_s: lifetime_s });
        }
        let now_s = now_s();
        let claims = Claims {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            sub,
            iat: now_s,
            nbf: now_s,
            exp: now_s + lifetime_s,
            role,
            account,
            member,
        };
        self.sign(&claims)
    }

    fn sign(&self, claims: &Claims) -> Result<String, TokenFault> {
        let header = Header { typ: Some(TOKEN_TYPE.into()), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, claims, &self.encoding).map_err(TokenFault::Signing)
    }

    /// Who the token proves its bearer to be; `None` for any token that is not exactly ours and valid now. One answer for
    /// every fault, so that a forger learns nothing.
    pub fn verify(&self, token: &str) -> Option<Principal> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        self.verified.principal(token, now_s(), |token| self.verify_anew(token))
    }

    fn verify_anew(&self, token: &str) -> Option<Principal> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        // Keys and extensions named by the token itself are never followed: a header is our own, to the letter, or nothing.
        let ours = Header { typ: Some(TOKEN_TYPE.into()), ..Header::new(Algorithm::ES256) };
        if header != ours {
            return None;
        }
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation).ok()?.claims;
        let lifetime_s = claims.exp.checked_sub(claims.iat)?;
        if lifetime_s > self.lifetime_s_max || claims.iat > now_s() + LEEWAY_S {
            return None;
        }
        let expires_s = claims.exp;
        match (claims.role, claims.account, claims.member) {
            (TokenRole::Citizen, Some(account), None) => {
                Some(Principal::Citizen { account: AccountId::new(account.parse().ok()?), expires_s })
            }
            (TokenRole::Bank, None, Some(member)) => Some(Principal::Bank { member: Member::new(member)?, expires_s }),
            (TokenRole::Citizen, _, _) | (TokenRole::Bank, _, _) => None,
        }
    }
}

/// Seconds since the Unix epoch on the gateway's clock: tokens live in the caller's time, never in market time.
pub fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn issuer() -> (tempfile::TempDir, DevelopmentIssuer) {
        let directory = tempfile::tempdir().expect("a directory");
        let issuer = DevelopmentIssuer::open(directory.path()).expect("an issuer");
        (directory, issuer)
    }

    fn header() -> Value {
        json!({"typ": TOKEN_TYPE, "alg": "ES256"})
    }

    fn claims(now_s: u64) -> Value {
        json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": "x", "iat": now_s, "nbf": now_s, "exp": now_s + 600,
            "role": "citizen", "account": "7",
        })
    }

    /// base64url without padding.
    fn encoded(bytes: &[u8]) -> String {
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut out = String::new();
        for chunk in bytes.chunks(3) {
            let mut word = 0u32;
            for place in 0..3 {
                word = word << 8 | u32::from(chunk.get(place).copied().unwrap_or(0));
            }
            for place in 0..=chunk.len() {
                out.push(char::from(DIGITS[(word >> (18 - 6 * place) & 63) as usize]));
            }
        }
        out
    }

    /// Any header over any claims, signed with the issuer's own key.
    fn signed(issuer: &DevelopmentIssuer, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", encoded(header.as_bytes()), encoded(claims.as_bytes()));
        let signature =
            jsonwebtoken::crypto::sign(message.as_bytes(), &issuer.encoding, Algorithm::ES256).expect("a signature");
        format!("{message}.{signature}")
    }

    #[test]
    fn a_minted_token_proves_its_account() {
        let (directory, issuer) = issuer();
        let token = issuer.citizen(AccountId::new(7), 600).expect("a token");
        let Some(Principal::Citizen { account, expires_s }) = issuer.verify(&token) else { panic!("not believed") };
        assert_eq!(account, AccountId::new(7));
        assert!(expires_s > now_s());
        let again = DevelopmentIssuer::open(directory.path()).expect("the same key");
        assert!(again.verify(&token).is_some());
        let by_hand = signed(&issuer, &header().to_string(), &claims(now_s()).to_string());
        assert!(issuer.verify(&by_hand).is_some(), "the tests' own signing works");
    }

    #[test]
    fn a_banks_token_proves_its_number_and_no_account() {
        let (_directory, issuer) = issuer();
        let member = Member::new(12).expect("not zero");
        let token = issuer.bank(member, 600).expect("a token");
        assert!(matches!(issuer.verify(&token), Some(Principal::Bank { member: proven, .. }) if proven == member));
        for (account, number) in [(json!("7"), json!(12)), (Value::Null, json!(0)), (Value::Null, Value::Null)] {
            let mut changed = claims(now_s());
            changed["role"] = json!("bank");
            changed["account"] = account;
            changed["member"] = number;
            let token = signed(&issuer, &header().to_string(), &changed.to_string());
            assert!(issuer.verify(&token).is_none(), "{changed}");
        }
    }

    #[test]
    fn a_verified_token_is_not_believed_by_other_keys_nor_under_other_terms() {
        let (_directory, issuer) = issuer();
        let (_other_directory, other) = self::issuer();
        let token = issuer.citizen(AccountId::new(7), 600).expect("a token");
        assert!(issuer.verify(&token).is_some() && issuer.verify(&token).is_some());
        assert!(other.verify(&token).is_none());
        assert!(issuer.with_lifetime_s_max(60).verify(&token).is_none(), "verified before, under other terms");
    }

    #[test]
    fn a_verified_token_ends_when_it_says() {
        let (_directory, issuer) = issuer();
        // Of a second ago and for a second: believed within the leeway that clocks are given, remembered not at all.
        let mut ending = claims(now_s() - 2);
        ending["exp"] = json!(now_s() + 1);
        let token = signed(&issuer, &header().to_string(), &ending.to_string());
        assert!(issuer.verify(&token).is_some());
        std::thread::sleep(std::time::Duration::from_secs(LEEWAY_S + 3));
        assert!(issuer.verify(&token).is_none());
    }

    #[test]
    fn a_token_of_another_key_algorithm_or_kind_is_not_believed() {
        let (_directory, issuer) = issuer();
        let (_other_directory, other) = self::issuer();
        assert!(issuer.verify(&other.citizen(AccountId::new(7), 600).expect("a token")).is_none());

        let claims = claims(now_s()).to_string();
        let mut headers = vec![json!({"alg": "ES256"}), json!({"typ": TOKEN_TYPE})];
        for (field, value) in [
            ("alg", json!("none")),
            ("alg", json!("nOnE")),
            ("alg", json!("HS256")),
            ("alg", json!("RS256")),
            ("alg", json!("ES384")),
            ("typ", json!("JWT")),
            ("typ", json!("id_token")),
            ("kid", json!("../../etc/passwd")),
            ("jku", json!("https://evil.invalid/keys")),
            ("x5u", json!("https://evil.invalid/cert")),
            ("crit", json!(["b64"])),
            ("b64", json!(false)),
            ("zip", json!("DEF")),
            ("jwk", json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"})),
        ] {
            let mut changed = header();
            changed[field] = value;
            headers.push(changed);
        }
        for header in headers {
            assert!(issuer.verify(&signed(&issuer, &header.to_string(), &claims)).is_none(), "{header}");
        }
        // The public key as an HMAC secret, no signature at all, and the signature of zeros.
        let public = issuer.decoding.try_get_as_bytes().expect("the public key");
        let hmac = jsonwebtoken::encode(
            &Header { typ: Some(TOKEN_TYPE.into()), ..Header::new(Algorithm::HS256) },
            &self::claims(now_s()),
            &EncodingKey::from_secret(public),
        );
        assert!(issuer.verify(&hmac.expect("a forgery")).is_none());
        let message = format!("{}.{}", encoded(header().to_string().as_bytes()), encoded(claims.as_bytes()));
        for signature in [String::new(), encoded(&[0; 64]), encoded(&[0; 1]), "*".into()] {
            assert!(issuer.verify(&format!("{message}.{signature}")).is_none());
        }
        for garbage in ["", ".", "..", "a.b.c", &"x".repeat(TOKEN_BYTES_MAX + 1)] {
            assert!(issuer.verify(garbage).is_none());
        }
    }

    #[test]
    fn claims_that_are_missing_wrong_early_late_or_too_long_are_not_believed() {
        let (_directory, issuer) = issuer();
        let now_s = now_s();
        let verify = |claims: &str| issuer.verify(&signed(&issuer, &header().to_string(), claims));
        for field in ["iss", "aud", "sub", "iat", "nbf", "exp", "role", "account"] {
            let mut changed = claims(now_s);
            changed.as_object_mut().expect("an object").remove(field);
            assert!(verify(&changed.to_string()).is_none(), "without {field}");
        }
        for (field, value) in [
            ("iss", json!("https://evil.invalid")),
            ("aud", json!("another")),
            ("exp", json!(now_s - LEEWAY_S - 1)),
            ("nbf", json!(now_s + LEEWAY_S + 2)),
            ("iat", json!(now_s + LEEWAY_S + 2)),
            ("exp", json!(now_s + LIFETIME_S_MAX + 1)),
            ("exp", json!("never")),
            ("role", json!("regulator")),
            ("account", json!("-1")),
            ("account", json!(7)),
            ("member", json!(7)),
            ("role", json!("bank")),
            ("admin", json!(true)),
        ] {
            let mut changed = claims(now_s);
            changed[field] = value;
            assert!(verify(&changed.to_string()).is_none(), "{field} = {}", changed[field]);
        }
        let twice = claims(now_s).to_string().replacen('{', "{\"account\":\"8\",", 1);
        assert!(verify(&twice).is_none(), "a claim given twice");
    }

    #[test]
    fn minted_tokens_live_ten_minutes_at_most_unless_the_demo_says_so() {
        let (_directory, issuer) = issuer();
        let account = AccountId::new(7);
        assert!(matches!(issuer.citizen(account, 601), Err(TokenFault::Lifetime { asked_s: 601 })));
        assert!(matches!(issuer.citizen(account, 0), Err(TokenFault::Lifetime { .. })));
        let demo = issuer.with_lifetime_s_max(3600);
        assert!(demo.verify(&demo.citizen(account, 3600).expect("a token")).is_some());
    }

    #[test]
    fn a_key_that_others_can_read_or_that_is_none_is_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        drop(DevelopmentIssuer::open(directory.path()).expect("an issuer"));
        let path = directory.path().join("development/issuer.pkcs8");
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("a change");
        assert!(matches!(DevelopmentIssuer::open(directory.path()), Err(TokenFault::KeyIsOpen { .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a change");
        fs::write(&path, b"no key").expect("a write");
        assert!(matches!(DevelopmentIssuer::open(directory.path()), Err(TokenFault::NotAKey { .. })));
    }
}
