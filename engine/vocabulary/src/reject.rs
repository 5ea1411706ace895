//! Reject codes: stable, public, quoted in appeals. One code per rule, with the two numbers that decide it.

/// Declares the codes with their stable number, public name, and whether `limit` and `actual` mean something.
macro_rules! reject_codes {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal, $numbers:literal;)+) => {
        /// Append only: codes are quoted in appeals. Never renumber, never reuse.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum RejectCode { $($(#[$doc])* $variant = $number),+ }

        impl RejectCode {
            /// Every code, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The public name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
            /// The stable number.
            pub const fn number(self) -> u16 {
                self as u16
            }
            /// Whether `limit` and `actual` of the rejection say something.
            pub const fn has_numbers(self) -> bool {
                match self { $(Self::$variant => $numbers),+ }
            }
            /// The code of that public name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }
            /// The code of that stable number.
            pub fn from_number(number: u16) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

reject_codes! {
    /// No account of that number.
    UnknownAccount = 1001, "UNKNOWN_ACCOUNT", false;
    /// The account is closed.
    AccountClosed = 1002, "ACCOUNT_CLOSED", false;
    /// The account is frozen.
    AccountFrozen = 1003, "ACCOUNT_FROZEN", false;
    /// An account of that number was opened before.
    AccountExists = 1004, "ACCOUNT_EXISTS", false;
    /// No budget year is open.
    NoPeriod = 1101, "NO_PERIOD", false;
    /// A budget year is open already.
    PeriodOpen = 1102, "PERIOD_OPEN", false;
    /// The phase takes no orders, or no budget year is open.
    MarketClosed = 1201, "MARKET_CLOSED", false;
    /// While citizens cannot cancel, the regulator cannot move.
    MarketFrozen = 1202, "MARKET_FROZEN", false;
    /// No cancel and no replace while an auction is frozen.
    CancelFrozen = 1203, "CANCEL_FROZEN", false;
    /// `uncross` needs a collecting auction.
    NotInAuction = 1204, "NOT_IN_AUCTION", false;
    /// `distribute` needs the posted phase and a sale quote with volume left.
    NothingToDistribute = 1205, "NOTHING_TO_DISTRIBUTE", false;
    /// Lot, tick, spread, rationing, caps and opposite orders change only in closed, with no resting order.
    RulesNeedClosed = 1206, "RULES_NEED_CLOSED", false;
    /// Immediate orders have no place in a collecting auction.
    TifNotAllowed = 2001, "TIF_NOT_ALLOWED", false;
    /// The account has an open order of that name.
    DuplicateClientOrderId = 2002, "DUPLICATE_CLIENT_ORDER_ID", false;
    /// Zero, not whole lots, or above the largest order (grams; for shares basis points, for amounts µ€).
    InvalidQuantity = 2003, "INVALID_QUANTITY", true;
    /// Not a multiple of the tick (µ€ per point).
    InvalidTick = 2004, "INVALID_TICK", true;
    /// Outside the price band (µ€ per point; `limit` is the side of the band that was passed).
    PriceOutOfBand = 2101, "PRICE_OUT_OF_BAND", true;
    /// The account has as many open orders as it may.
    TooManyOpenOrders = 2102, "TOO_MANY_OPEN_ORDERS", true;
    /// An open order of the other side stands.
    OppositeOrderOpen = 2103, "OPPOSITE_ORDER_OPEN", false;
    /// As many places and replaces today as the account may.
    OrderRate = 2104, "ORDER_RATE", true;
    /// No open order of that number.
    UnknownOrder = 2105, "UNKNOWN_ORDER", false;
    /// The order belongs to another account.
    NotYourOrder = 2106, "NOT_YOUR_ORDER", false;
    /// Holding cap (grams after the purchase).
    HoldingCap = 2201, "HOLDING_CAP", true;
    /// The value at the limit is more than the free cash (µ€).
    InsufficientFunds = 2202, "INSUFFICIENT_FUNDS", true;
    /// Purchase cap of the year (grams after the purchase).
    PurchaseCap = 2203, "PURCHASE_CAP", true;
    /// More points than are free (grams).
    InsufficientPoints = 2301, "INSUFFICIENT_POINTS", true;
    /// More than the surplus earned so far (grams).
    NotYetEarned = 2302, "NOT_YET_EARNED", true;
    /// Would leave less than the subsistence share (grams left; `limit` is the least).
    SubsistenceFloor = 2303, "SUBSISTENCE_FLOOR", true;
    /// Sale cap of the year (grams after the sale).
    SaleCap = 2304, "SALE_CAP", true;
    /// Purchased points cannot be sold, or not yet (grams).
    ResaleForbidden = 2305, "RESALE_FORBIDDEN", true;
    /// The debit would pass the overdraft limit (grams below zero).
    OverdraftLimit = 3001, "OVERDRAFT_LIMIT", true;
    /// Euros are owed or points are below zero.
    DeficitOpen = 3002, "DEFICIT_OPEN", true;
    /// Not 0 < floor ≤ ceiling within 65,536 ticks.
    InvalidBand = 4001, "INVALID_BAND", true;
    /// The buyback price would be above the sale price (µ€ per point).
    QuotesCrossed = 4002, "QUOTES_CROSSED", true;
    /// The treasury does not hold as much (µ€).
    TreasuryShort = 4003, "TREASURY_SHORT", true;
    /// The reserve does not hold as much (grams).
    InsufficientReserve = 4004, "INSUFFICIENT_RESERVE", true;
    /// The year's issue would pass its cap (grams).
    CapExceeded = 4005, "CAP_EXCEEDED", true;
    /// More than the tables can hold in one field.
    LimitExceeded = 9001, "LIMIT_EXCEEDED", true;
    /// The account table is full.
    TableFull = 9002, "TABLE_FULL", true;
    /// The book is full.
    BookFull = 9003, "BOOK_FULL", true;
}

/// A rule's no: sequenced, an event. `limit` and `actual` share the unit that `code` fixes, so a citizen can redo the sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Which rule.
    pub code: RejectCode,
    /// What the rule allows; 0 where the code has no numbers.
    pub limit: i64,
    /// What was asked; 0 where the code has no numbers.
    pub actual: i64,
}

impl Reject {
    /// A rejection whose code says all.
    pub const fn plain(code: RejectCode) -> Self {
        Self { code, limit: 0, actual: 0 }
    }

    /// A rejection with its two numbers; what does not fit 64 bits is shown as the nearest that does.
    pub fn with(code: RejectCode, limit: impl TryInto<i64>, actual: impl TryInto<i64>) -> Self {
        Self { code, limit: limit.try_into().unwrap_or(i64::MAX), actual: actual.try_into().unwrap_or(i64::MAX) }
    }
}
