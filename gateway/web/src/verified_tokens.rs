//! Tokens that were verified before: the same text need not be verified twice, and never counts longer than it says.

use std::{
    collections::HashMap,
    mem,
    sync::{Mutex, PoisonError},
};

use crate::token::Principal;

/// The name of a token: its whole hash, so that no other text passes for it.
type TokenHash = [u8; 32];

/// Verified tokens, at most as many as it was made for. It belongs to the keys that verified them: other keys, another cache.
///
/// Two generations: when the younger is full it becomes the older and what was the older is forgotten, in one step and
/// without a clock. A token in use moves to the younger, so that only what is not used is forgotten.
#[derive(Debug)]
pub struct VerifiedTokens {
    generation_max: usize,
    generations: Mutex<Generations>,
}

#[derive(Debug, Default)]
struct Generations {
    younger: HashMap<TokenHash, Principal>,
    older: HashMap<TokenHash, Principal>,
}

impl VerifiedTokens {
    /// Room for `tokens_max` tokens, about 64 bytes each.
    pub fn new(tokens_max: usize) -> Self {
        Self { generation_max: (tokens_max / 2).max(1), generations: Mutex::default() }
    }

    /// Who bears this token: as verified before, if it is before the token's end; else as `verify` says.
    pub fn principal(
        &self,
        token: &str,
        now_s: u64,
        verify: impl FnOnce(&str) -> Option<Principal>,
    ) -> Option<Principal> {
        let hash = *blake3::hash(token.as_bytes()).as_bytes();
        if let Some(principal) = self.known(&hash)
            && now_s < principal.expires_s()
        {
            return Some(principal);
        }
        // Verified without the lock: a signature takes a hundred times longer than all else here.
        let principal = verify(token)?;
        if now_s < principal.expires_s() {
            self.keep(hash, principal);
        }
        Some(principal)
    }

    fn known(&self, hash: &TokenHash) -> Option<Principal> {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(principal) = generations.younger.get(hash) {
            return Some(*principal);
        }
        let principal = generations.older.remove(hash)?;
        self.add(&mut generations, *hash, principal);
        Some(principal)
    }

    fn keep(&self, hash: TokenHash, principal: Principal) {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        self.add(&mut generations, hash, principal);
    }

    fn add(&self, generations: &mut Generations, hash: TokenHash, principal: Principal) {
        if generations.younger.len() >= self.generation_max {
            generations.older = mem::take(&mut generations.younger);
        }
        generations.younger.insert(hash, principal);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use carbex_vocabulary::AccountId;

    use super::*;

    fn citizen(expires_s: u64) -> Principal {
        Principal::Citizen { account: AccountId::new(7), expires_s }
    }

    /// Counts how often it had to verify.
    struct Verifier<'a> {
        tokens: &'a VerifiedTokens,
        verified: Cell<u32>,
    }

    impl Verifier<'_> {
        fn ask(&self, token: &str, now_s: u64, answer: Option<Principal>) -> Option<Principal> {
            self.tokens.principal(token, now_s, |_| {
                self.verified.set(self.verified.get() + 1);
                answer
            })
        }
    }

    fn verifier(tokens: &VerifiedTokens) -> Verifier<'_> {
        Verifier { tokens, verified: Cell::new(0) }
    }

    #[test]
    fn a_token_is_verified_once_and_again_from_its_end_on() {
        let tokens = VerifiedTokens::new(8);
        let asker = verifier(&tokens);
        assert_eq!(asker.ask("a", 10, Some(citizen(100))), Some(citizen(100)));
        assert_eq!(asker.ask("a", 99, None), Some(citizen(100)));
        assert_eq!(asker.verified.get(), 1);
        assert_eq!(asker.ask("a", 100, None), None, "at its end it is verified, and refused");
        assert_eq!(asker.verified.get(), 2);
        assert_eq!(asker.ask("b", 10, None), None, "another text is another token");
    }

    #[test]
    fn a_refused_or_ended_token_is_not_kept() {
        let tokens = VerifiedTokens::new(8);
        let asker = verifier(&tokens);
        assert_eq!(asker.ask("a", 10, None), None);
        assert_eq!(asker.ask("a", 10, None), None);
        assert_eq!(asker.ask("b", 103, Some(citizen(100))), Some(citizen(100)), "the verifier's leeway is its own");
        assert_eq!(asker.ask("b", 103, None), None);
        assert_eq!(asker.verified.get(), 4);
    }

    #[test]
    fn no_more_tokens_are_kept_than_there_is_room_for_and_those_in_use_stay() {
        let tokens = VerifiedTokens::new(8);
        let asker = verifier(&tokens);
        for number in 0..1_000 {
            asker.ask("in use", 10, Some(citizen(100)));
            asker.ask(&number.to_string(), 10, Some(citizen(100)));
            let generations = tokens.generations.lock().expect("no panic");
            assert!(generations.younger.len() + generations.older.len() <= 8);
        }
        assert_eq!(asker.verified.get(), 1_001);
    }
}
