//! Idempotency-Key: an opaque text, bound to who sent it, as the 128 bits that the journal keeps.

use std::sync::LazyLock;

use axum::http::HeaderMap;
use blake3::Hasher;

use crate::{problem::DoorRefusal, token::Principal};

/// The longest key, in bytes.
const KEY_BYTES_MAX: usize = 255;

/// Hashers that have taken their context already: taking it costs as much as hashing a key.
static CITIZEN: LazyLock<Hasher> =
    LazyLock::new(|| Hasher::new_derive_key("carbex 2026-11 idempotency key of a citizen"));
static BANK: LazyLock<Hasher> = LazyLock::new(|| Hasher::new_derive_key("carbex 2026-11 idempotency key of a bank"));
static LINE: LazyLock<Hasher> =
    LazyLock::new(|| Hasher::new_derive_key("carbex 2026-11 idempotency key of a batch's line"));

/// Whose keys these are: the same text of another owner is another key.
#[derive(Clone, Debug)]
pub struct Owner(Hasher);

impl Owner {
    /// The keys of that principal.
    pub fn of(principal: Principal) -> Self {
        let (mut hasher, number) = match principal {
            Principal::Citizen { account, .. } => (CITIZEN.clone(), account.number()),
            Principal::Bank { member, .. } => (BANK.clone(), u64::from(member.number())),
        };
        hasher.update(&number.to_le_bytes());
        Self(hasher)
    }

    /// The key of that text; `None` = not 1 to 255 visible ASCII characters.
    pub fn key(&self, text: &[u8]) -> Option<u128> {
        let visible = |byte: &u8| (0x20..0x7f).contains(byte);
        if text.is_empty() || text.len() > KEY_BYTES_MAX || !text.iter().all(visible) {
            return None;
        }
        let mut hasher = self.0.clone();
        Some(number_of(hasher.update(text)))
    }

    /// The key of the request, if it has one. Quoted (the IETF draft's structured string) and bare keys are taken as they
    /// stand.
    pub fn key_of(&self, headers: &HeaderMap) -> Result<Option<u128>, DoorRefusal> {
        let mut values = headers.get_all("idempotency-key").iter();
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(DoorRefusal::IdempotencyKeyInvalid);
        }
        self.key(value.as_bytes()).map(Some).ok_or(DoorRefusal::IdempotencyKeyInvalid)
    }
}

/// The key of a whole batch: every line without a key of its own has one by its number, so that the same bytes sent again
/// enter nothing twice.
#[derive(Clone, Copy, Debug)]
pub struct BatchKey(u128);

impl BatchKey {
    /// The request's key, standing for a batch.
    pub const fn new(key: u128) -> Self {
        Self(key)
    }

    /// The key of the line of that number.
    pub fn of_line(self, number: usize) -> u128 {
        let mut hasher = LINE.clone();
        hasher.update(&self.0.to_le_bytes());
        number_of(hasher.update(&(number as u64).to_le_bytes()))
    }
}

fn number_of(hasher: &Hasher) -> u128 {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    // Zero means no key in the journal; one text in 2^128 shares the number 1.
    u128::from_le_bytes(bytes).max(1)
}

#[cfg(test)]
mod tests {
    use carbex_vocabulary::AccountId;

    use super::*;
    use crate::token::Member;

    fn citizen(account: u64) -> Owner {
        Owner::of(Principal::Citizen { account: AccountId::new(account), expires_s: 0 })
    }

    fn key(text: &[u8], account: u64) -> Result<Option<u128>, DoorRefusal> {
        let mut headers = HeaderMap::new();
        headers.insert("idempotency-key", axum::http::HeaderValue::from_bytes(text).expect("a header value"));
        citizen(account).key_of(&headers)
    }

    #[test]
    fn a_key_belongs_to_its_sender() {
        assert_eq!(key(b"abc", 1), key(b"abc", 1));
        assert_ne!(key(b"abc", 1), key(b"abc", 2));
        assert_ne!(key(b"abc", 1), key(b"abd", 1));
        assert_eq!(citizen(1).key_of(&HeaderMap::new()), Ok(None));
        let bank = Owner::of(Principal::Bank { member: Member::new(1).expect("not zero"), expires_s: 0 });
        assert_ne!(bank.key(b"abc"), citizen(1).key(b"abc"));
    }

    #[test]
    fn the_number_of_a_key_is_journaled_and_never_changes() {
        let mut hasher = Hasher::new_derive_key("carbex 2026-11 idempotency key of a citizen");
        hasher.update(&7u64.to_le_bytes());
        hasher.update(b"abc");
        let mut bytes = [0; 16];
        hasher.finalize_xof().fill(&mut bytes);
        assert_eq!(key(b"abc", 7), Ok(Some(u128::from_le_bytes(bytes))));
    }

    #[test]
    fn the_lines_of_a_batch_have_keys_of_their_own() {
        let batch = BatchKey::new(5);
        assert_eq!(batch.of_line(1), BatchKey::new(5).of_line(1));
        assert_ne!(batch.of_line(1), batch.of_line(2));
        assert_ne!(batch.of_line(1), BatchKey::new(6).of_line(1));
    }

    #[test]
    fn an_unreadable_key_is_refused() {
        let longest = vec![b'k'; 255];
        assert!(key(&longest, 1).is_ok());
        assert_eq!(key(&[b'k'; 256], 1), Err(DoorRefusal::IdempotencyKeyInvalid));
        assert_eq!(key(b"", 1), Err(DoorRefusal::IdempotencyKeyInvalid));
        assert_eq!(key("clé".as_bytes(), 1), Err(DoorRefusal::IdempotencyKeyInvalid));
    }
}
