//! What the journal keeps of one command, and the names of its hashes.

use carbex_vocabulary::{Sequence, TimestampNs};

/// Declares a 32-byte blake3 hash with a meaning of its own.
macro_rules! hash {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// All zeros: nothing came before.
            pub const ZERO: Self = Self([0; 32]);
            /// Takes the 32 bytes as they are.
            pub const fn new(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }
            /// The 32 bytes.
            pub const fn bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
    };
}

hash!(
    /// The chain: blake3 over the previous group's hash, the group's header and its payload.
    GroupHash
);
hash!(
    /// blake3 of the events that a group's commands caused, as the caller encodes them.
    EventsHash
);
hash!(
    /// The canonical hash of the state at a sequence, as the caller computes it.
    StateHash
);

/// Which opening of the journal wrote a record: 1 for the first, one more for every opening after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(u64);

impl Epoch {
    /// Takes the number as it is.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }
    /// The bare number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl core::fmt::Display for Epoch {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Display::fmt(&self.0, f)
    }
}

/// What the caller says about a command; the journal adds epoch and sequence.
#[derive(Clone, Copy, Debug)]
pub struct RecordHead<'a> {
    /// Market time, never earlier than the record before.
    pub time: TimestampNs,
    /// The pseudonymous number of who asked.
    pub actor: u64,
    /// In which role, as the caller numbers roles.
    pub role: u8,
    /// The member whose door it came through; 0 = none.
    pub member: u32,
    /// The caller's key; 0 = none.
    pub idempotency_key: u128,
    /// Why, in the actor's words: at most 255 bytes.
    pub reason: &'a str,
}

impl RecordHead<'_> {
    /// The longest reason, in bytes of UTF-8.
    pub const REASON_BYTES_MAX: usize = 255;
}

/// One record as read back, verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its place: dense from 1.
    pub sequence: Sequence,
    /// Which opening wrote it.
    pub epoch: Epoch,
    /// Market time.
    pub time: TimestampNs,
    /// Who asked.
    pub actor: u64,
    /// In which role.
    pub role: u8,
    /// Through whose door; 0 = none.
    pub member: u32,
    /// The caller's key; 0 = none.
    pub idempotency_key: u128,
    /// Why.
    pub reason: &'a str,
    /// The command, opaque here.
    pub body: &'a [u8],
}
