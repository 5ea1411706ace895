//! What callers see of the node: submissions in, receipts and views out.

use carbex_core::Command;
use carbex_vocabulary::{
    AccountId, AccountStatus, Event, OrderId, Phase, PriceUeur, Sequence, Side, TimeInForce, TimestampNs,
};

/// Who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Role {
    /// The exchange itself (its calendar, its recovery).
    System,
    /// A resident, or someone acting for one.
    Citizen,
    /// A bank or a payment processor.
    Bank,
    /// An official who runs the market.
    Regulator,
    /// An official who watches the market.
    Supervisor,
    /// The civil registry's enrolment service.
    Registry,
    /// The operator of the machines.
    Operator,
}

impl Role {
    /// Every role, in the order of their stable numbers.
    pub const ALL: &'static [Self] =
        &[Self::System, Self::Citizen, Self::Bank, Self::Regulator, Self::Supervisor, Self::Registry, Self::Operator];

    /// The name used over HTTP and in listings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Citizen => "citizen",
            Self::Bank => "bank",
            Self::Regulator => "regulator",
            Self::Supervisor => "supervisor",
            Self::Registry => "registry",
            Self::Operator => "operator",
        }
    }

    /// The stable number, as journaled.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The role of that stable number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

/// A command on its way in, with what the journal keeps beside it.
#[derive(Clone, Copy, Debug)]
pub struct Submission {
    /// What is asked.
    pub command: Command,
    /// The pseudonymous number of who asks.
    pub actor: u64,
    /// In which role.
    pub role: Role,
    /// The caller's key; zero = none. The same key with the same body is answered as before; with another body, refused.
    pub idempotency_key: u128,
    /// The member (bank, intermediary) whose door it came through; 0 = none.
    pub member: u32,
    /// Why, in the actor's words; at most 200 bytes of UTF-8, zero-padded.
    pub reason: Reason,
}

/// A reason given with a command: at most 200 bytes of UTF-8.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    length: u8,
    bytes: [u8; Reason::BYTES_MAX],
}

impl Reason {
    /// The most bytes a reason may have.
    pub const BYTES_MAX: usize = 200;
    /// No reason given.
    pub const NONE: Self = Self { length: 0, bytes: [0; Self::BYTES_MAX] };

    /// The text, if it fits.
    pub fn new(text: &str) -> Option<Self> {
        let length = u8::try_from(text.len()).ok().filter(|length| usize::from(*length) <= Self::BYTES_MAX)?;
        let mut bytes = [0; Self::BYTES_MAX];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Some(Self { length, bytes })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl core::fmt::Debug for Reason {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Debug::fmt(self.as_str(), f)
    }
}

impl Submission {
    /// A command with nothing beside it: no key, no member, no reason.
    pub const fn new(command: Command, role: Role, actor: u64) -> Self {
        Self { command, actor, role, idempotency_key: 0, member: 0, reason: Reason::NONE }
    }

    /// The same with an idempotency key (zero = none).
    pub const fn with_key(self, idempotency_key: u128) -> Self {
        Self { idempotency_key, ..self }
    }
}

/// What came of a submission, told only after the group holding it is on disk.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The command's place in the journal (the id of the order that a `place` entered).
    pub sequence: Sequence,
    /// The market time it was given.
    pub time: TimestampNs,
    /// Accepted, rejected, or the command's own event; `None` only for a tick in which nothing happened.
    pub outcome: Option<Event>,
    /// Whether this is the answer given to an earlier submission with the same key.
    pub repeated: bool,
}

/// Why a submission was not sequenced. Nothing was done; the caller may try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The queue is full.
    #[error("the exchange is busy: try again in a second")]
    Overloaded,
    /// The disk is nearly full: only cancels, debits and what protects people are taken until there is room again.
    #[error("journal space is low: only cancels and debits are taken for now")]
    SpaceLow,
    /// The disk is full to the last reserve: nothing can be made durable.
    #[error("the journal is full: nothing can be taken until there is room")]
    SpaceExhausted,
    /// The key was used for another body.
    #[error("this idempotency key was used for another command")]
    KeyReused,
    /// As many keys are kept as may be: rather than forget one early, nothing with a new key is taken.
    #[error("too many idempotency keys are in use: try again later")]
    KeysExhausted,
    /// The node is stopping.
    #[error("the exchange is stopping")]
    Stopping,
}

/// An open order as its owner may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenOrder {
    /// Its id.
    pub order: OrderId,
    /// Sell or buy.
    pub side: Side,
    /// Grams still open.
    pub quantity_g: u64,
    /// Limit, in µ€ per point.
    pub price: PriceUeur,
    /// How long it stays.
    pub tif: TimeInForce,
}

/// One account's exact state at a sequence.
#[derive(Clone, Debug)]
pub struct AccountView {
    /// Whose.
    pub account: AccountId,
    /// As of which command.
    pub sequence: Sequence,
    /// All fields of the account (market specification, section 3).
    pub fields: carbex_core::AccountFields,
    /// Active, frozen or closed.
    pub status: AccountStatus,
    /// Its open orders, oldest first.
    pub orders: Vec<OpenOrder>,
}

/// The market at a sequence, as anyone may see it.
#[derive(Clone, Debug)]
pub struct MarketView {
    /// As of which command.
    pub sequence: Sequence,
    /// The market time of that command.
    pub time: TimestampNs,
    /// Phase, band, quotes, public accounts, budget year, last price (see the core).
    pub market: carbex_core::MarketFields,
    /// The phase, for those who need no more.
    pub phase: Phase,
    /// Whether the node takes everything, or only what the reserve is kept for.
    pub mode: Mode,
}

/// What the node takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Everything.
    Normal,
    /// Cancels, debits, refunds, closings and halts only: the disk is nearly full. Ends by itself.
    SpaceLow,
    /// Nothing: the disk is full. Ends by itself.
    SpaceExhausted,
}

impl Mode {
    /// The name used at `/metrics` and on the public page.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::SpaceLow => "space_low",
            Self::SpaceExhausted => "space_exhausted",
        }
    }
}

/// The resting quantities of both sides at a sequence, best price first.
#[derive(Clone, Debug)]
pub struct DepthView {
    /// As of which command.
    pub sequence: Sequence,
    /// Sells, lowest price first.
    pub sells: Vec<carbex_core::DepthLevel>,
    /// Buys, highest price first.
    pub buys: Vec<carbex_core::DepthLevel>,
}
