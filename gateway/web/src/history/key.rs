//! Keys of the index: one prefix byte, then numbers in big-endian, so that the order of bytes is the order of time.

use carbex_vocabulary::{AccountId, OrderId, Sequence, Side};

use super::Interval;

/// What kind of entry a key names. Append only: the numbers are on disk; 1 was a line by itself, in layout 1.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Prefix {
    /// The cursor, the summary, the layout's number.
    Meta = 0,
    /// An account's order: account, order.
    Order = 2,
    /// An open order at its price: side, price, account, order.
    Resting = 3,
    /// A candle: interval, start.
    Candle = 4,
    /// A chunk of the newest lines as they came: sequence, index of the first line.
    Log = 5,
    /// A block of older lines sorted by account: run, account, sequence, index of the first line.
    Run = 6,
}

/// A key, as sled takes it.
pub type Key = Vec<u8>;

/// The layout's number: another one means rebuilding.
pub fn layout() -> Key {
    vec![Prefix::Meta as u8, 0]
}

/// How far the index has read.
pub fn cursor() -> Key {
    vec![Prefix::Meta as u8, 1]
}

/// The public figures that are not candles.
pub fn summary() -> Key {
    vec![Prefix::Meta as u8, 2]
}

/// One event's place: its command, and its index among the command's events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The command.
    pub sequence: u64,
    /// The event among those of the command.
    pub index: u32,
}

impl Position {
    /// The first event of that command.
    pub const fn start_of(sequence: Sequence) -> Self {
        Self { sequence: sequence.number(), index: 0 }
    }

    /// The position right after.
    pub const fn next(self) -> Self {
        match self.index.checked_add(1) {
            Some(index) => Self { sequence: self.sequence, index },
            None => Self { sequence: self.sequence + 1, index: 0 },
        }
    }

    /// As paging cursors and event ids write it: `1234.0`.
    pub fn text(self) -> String {
        format!("{}.{}", self.sequence, self.index)
    }

    /// The position of that text; a bare sequence means the end of that command.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once('.') {
            Some((sequence, index)) => Some(Self { sequence: sequence.parse().ok()?, index: index.parse().ok()? }),
            None => Some(Self { sequence: text.parse().ok()?, index: u32::MAX }),
        }
    }

    /// Twelve bytes, as stored.
    pub fn bytes(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[8..].copy_from_slice(&self.index.to_be_bytes());
        bytes
    }

    /// The position of those bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (sequence, index) = bytes.split_first_chunk::<8>()?;
        let index: [u8; 4] = index.try_into().ok()?;
        Some(Self { sequence: u64::from_be_bytes(*sequence), index: u32::from_be_bytes(index) })
    }
}

/// How far the lines have become runs.
pub fn extent() -> Key {
    vec![Prefix::Meta as u8, 3]
}

/// The log's chunk that begins with that line.
pub fn log(first: Position) -> Key {
    let mut key = vec![Prefix::Log as u8];
    key.extend(first.bytes());
    key
}

/// Behind every chunk.
pub fn log_end() -> Key {
    vec![Prefix::Log as u8 + 1]
}

/// Before every block of a run.
pub fn run(run: u32) -> Key {
    let mut key = vec![Prefix::Run as u8];
    key.extend(run.to_be_bytes());
    key
}

/// Behind every run.
pub fn runs_end() -> Key {
    vec![Prefix::Run as u8 + 1]
}

/// The block of a run that begins with that line.
pub fn block(run_number: u32, account: AccountId, first: Position) -> Key {
    let mut key = run(run_number);
    key.extend(account.number().to_be_bytes());
    key.extend(first.bytes());
    key
}

/// Whether an entry holds lines (or says where they are) rather than what was made of them.
pub fn is_of_lines(key: &[u8]) -> bool {
    key == extent() || key.first().is_some_and(|prefix| [Prefix::Log as u8, Prefix::Run as u8].contains(prefix))
}

/// All orders of an account.
pub fn orders_of(account: AccountId) -> Key {
    let mut key = vec![Prefix::Order as u8];
    key.extend(account.number().to_be_bytes());
    key
}

/// One order of an account.
pub fn order(account: AccountId, order: OrderId) -> Key {
    let mut key = orders_of(account);
    key.extend(order.number().to_be_bytes());
    key
}

/// The order that ends an order's key.
pub fn order_number(key: &[u8]) -> Option<OrderId> {
    Some(OrderId::new(u64::from_be_bytes(key.get(9..)?.try_into().ok()?)))
}

/// All open orders.
pub fn resting_all() -> Key {
    vec![Prefix::Resting as u8]
}

/// All open orders of one side at one price.
pub fn resting_at(side: Side, price_ueur: u64) -> Key {
    let mut key = vec![Prefix::Resting as u8, side as u8];
    key.extend(price_ueur.to_be_bytes());
    key
}

/// An account's open orders of one side at one price.
pub fn resting_of(side: Side, price_ueur: u64, account: AccountId) -> Key {
    let mut key = resting_at(side, price_ueur);
    key.extend(account.number().to_be_bytes());
    key
}

/// One open order.
pub fn resting(side: Side, price_ueur: u64, account: AccountId, order: OrderId) -> Key {
    let mut key = resting_of(side, price_ueur, account);
    key.extend(order.number().to_be_bytes());
    key
}

/// Side, price in µ€ and account of an open order's key.
pub fn resting_parts(key: &[u8]) -> Option<(Side, u64, AccountId)> {
    let side = Side::from_number(*key.get(1)?)?;
    let price_ueur = u64::from_be_bytes(key.get(2..10)?.try_into().ok()?);
    let account = u64::from_be_bytes(key.get(10..18)?.try_into().ok()?);
    Some((side, price_ueur, AccountId::new(account)))
}

/// All candles of an interval.
pub fn candles_of(interval: Interval) -> Key {
    vec![Prefix::Candle as u8, interval as u8]
}

/// One candle.
pub fn candle(interval: Interval, start_ns: u64) -> Key {
    let mut key = candles_of(interval);
    key.extend(start_ns.to_be_bytes());
    key
}

/// The start that ends a candle's key.
pub fn candle_start_ns(key: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(key.get(2..)?.try_into().ok()?))
}
