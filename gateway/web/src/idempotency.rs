//! Idempotency-Key: an opaque text, bound to who sent it, as the 128 bits that the journal keeps.

use axum::http::HeaderMap;
use carbex_vocabulary::AccountId;

use crate::problem::DoorRefusal;

/// The longest key, in bytes.
const KEY_BYTES_MAX: usize = 255;

/// The key of the request, if it has one. Quoted (the IETF draft's structured string) and bare keys are taken as they stand.
pub fn key_of(headers: &HeaderMap, account: AccountId) -> Result<Option<u128>, DoorRefusal> {
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.as_bytes();
    let visible = |byte: &u8| (0x20..0x7f).contains(byte);
    if values.next().is_some() || text.is_empty() || text.len() > KEY_BYTES_MAX || !text.iter().all(visible) {
        return Err(DoorRefusal::IdempotencyKeyInvalid);
    }
    let mut hasher = blake3::Hasher::new_derive_key("carbex 2026-11 idempotency key of a citizen");
    hasher.update(&account.number().to_le_bytes());
    hasher.update(text);
    let mut bytes = [0; 16];
    hasher.finalize_xof().fill(&mut bytes);
    // Zero means no key in the journal; one text in 2^128 shares the number 1.
    Ok(Some(u128::from_le_bytes(bytes).max(1)))
}

/// The key of a request that must have one.
pub fn required_key_of(headers: &HeaderMap, account: AccountId) -> Result<u128, DoorRefusal> {
    key_of(headers, account)?.ok_or(DoorRefusal::IdempotencyKeyMissing)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &[u8], account: u64) -> Result<Option<u128>, DoorRefusal> {
        let mut headers = HeaderMap::new();
        headers.insert("idempotency-key", axum::http::HeaderValue::from_bytes(text).expect("a header value"));
        key_of(&headers, AccountId::new(account))
    }

    #[test]
    fn a_key_belongs_to_its_sender() {
        assert_eq!(key(b"abc", 1), key(b"abc", 1));
        assert_ne!(key(b"abc", 1), key(b"abc", 2));
        assert_ne!(key(b"abc", 1), key(b"abd", 1));
        assert_eq!(key_of(&HeaderMap::new(), AccountId::new(1)), Ok(None));
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
