//! Idempotency keys: what was answered to whom under which key, for seven days of market time.
//!
//! The keys stand in the journal's records; this window over them is rebuilt by every replay and travels in every
//! snapshot, so an answer is repeated across restarts too.

use std::collections::{HashMap, VecDeque};

use carbex_vocabulary::{DAY_NS, Event, Sequence, TimestampNs};

use crate::Role;

/// How long a key is kept, in market time.
pub(crate) const KEY_WINDOW_NS: u64 = 7 * DAY_NS;

/// A key belongs to who used it: two actors, or one number in two roles, never meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct KeyName {
    pub(crate) key: u128,
    pub(crate) actor: u64,
    pub(crate) role: Role,
}

/// The first 16 bytes of blake3 over a command's journal bytes: enough to tell two bodies of one caller apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BodyHash(pub(crate) [u8; 16]);

impl BodyHash {
    /// The hash of those journal bytes.
    pub(crate) fn of(body: &[u8]) -> Self {
        let mut first = [0; 16];
        first.copy_from_slice(&blake3::hash(body).as_bytes()[..16]);
        Self(first)
    }
}

/// What was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeptAnswer {
    pub(crate) sequence: Sequence,
    pub(crate) time: TimestampNs,
    pub(crate) body: BodyHash,
    pub(crate) outcome: Option<Event>,
}

/// The keys of the last seven days, oldest first.
#[derive(Debug, Default)]
pub(crate) struct KeyWindow {
    answers: HashMap<KeyName, KeptAnswer>,
    by_age: VecDeque<(TimestampNs, KeyName)>,
}

impl KeyWindow {
    /// Keys kept.
    pub(crate) fn len(&self) -> usize {
        self.by_age.len()
    }

    /// What was answered under that key, if it is kept.
    pub(crate) fn answer(&self, name: &KeyName) -> Option<&KeptAnswer> {
        self.answers.get(name)
    }

    /// Forgets what is older than the window.
    pub(crate) fn forget_expired(&mut self, now: TimestampNs) {
        while let Some((time, name)) = self.by_age.front()
            && now.ns().saturating_sub(time.ns()) > KEY_WINDOW_NS
        {
            self.answers.remove(name);
            self.by_age.pop_front();
        }
    }

    /// Keeps an answer under a key that is not kept yet.
    pub(crate) fn keep(&mut self, name: KeyName, answer: KeptAnswer) {
        let before = self.answers.insert(name, answer);
        debug_assert!(before.is_none(), "a known key is answered, never sequenced again");
        self.by_age.push_back((answer.time, name));
    }

    /// All that is kept, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&KeyName, &KeptAnswer)> {
        self.by_age.iter().filter_map(|(_, name)| self.answers.get(name).map(|answer| (name, answer)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(key: u128) -> KeyName {
        KeyName { key, actor: 7, role: Role::Citizen }
    }

    fn answer(sequence: u64, time_ns: u64) -> KeptAnswer {
        KeptAnswer {
            sequence: Sequence::new(sequence),
            time: TimestampNs::new(time_ns),
            body: BodyHash::of(&sequence.to_le_bytes()),
            outcome: None,
        }
    }

    #[test]
    fn a_key_is_kept_for_seven_days_and_not_a_nanosecond_more() {
        let mut keys = KeyWindow::default();
        keys.keep(name(1), answer(1, 1_000));
        keys.forget_expired(TimestampNs::new(1_000 + KEY_WINDOW_NS));
        assert_eq!(keys.answer(&name(1)), Some(&answer(1, 1_000)));
        keys.forget_expired(TimestampNs::new(1_001 + KEY_WINDOW_NS));
        assert_eq!(keys.answer(&name(1)), None);
        assert_eq!(keys.len(), 0);
    }

    #[test]
    fn a_key_of_another_role_is_another_key() {
        let mut keys = KeyWindow::default();
        keys.keep(name(1), answer(1, 0));
        assert_eq!(keys.answer(&KeyName { role: Role::Bank, ..name(1) }), None);
    }
}
