//! Candles: price and volume per minute, hour and day of market time, in bounded memory.

use std::collections::VecDeque;

use carbex_vocabulary::{AccountId, DAY_NS, Side};

use super::ACCOUNTS_MIN;

const MINUTE_NS: u64 = 60 * 1_000_000_000;
const HOUR_NS: u64 = 60 * MINUTE_NS;

/// How long a candle lasts, in market time. The numbers are on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Interval {
    /// One minute; the last 1,440 are kept.
    Minute = 0,
    /// One hour; the last 9,600 are kept (400 days).
    Hour = 1,
    /// One day; the last 4,000 are kept (ten budget years).
    Day = 2,
}

impl Interval {
    /// Every interval.
    pub const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    /// The name at `?interval=`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Minute => "1m",
            Self::Hour => "1h",
            Self::Day => "1d",
        }
    }

    /// The interval of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|interval| interval.name() == name)
    }

    /// Its length.
    pub const fn length_ns(self) -> u64 {
        match self {
            Self::Minute => MINUTE_NS,
            Self::Hour => HOUR_NS,
            Self::Day => DAY_NS,
        }
    }

    /// How many candles are kept; older ones are forgotten.
    pub const fn kept_max(self) -> usize {
        match self {
            Self::Minute => 1_440,
            Self::Hour => 9_600,
            Self::Day => 4_000,
        }
    }

    /// The start of the candle that holds `time_ns`, counted from the opening of the budget year.
    pub const fn start_ns(self, time_ns: u64, origin_ns: u64) -> u64 {
        let length_ns = self.length_ns();
        let phase_ns = origin_ns % length_ns;
        let past_ns = (time_ns + length_ns - phase_ns) % length_ns;
        time_ns.saturating_sub(past_ns)
    }
}

/// What traded in one interval; suffixes give the units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candle {
    /// Its start, in market time.
    pub start_ns: u64,
    /// First price, in µ€ per point.
    pub open_ueur: u64,
    /// Highest price.
    pub high_ueur: u64,
    /// Lowest price.
    pub low_ueur: u64,
    /// Last price.
    pub close_ueur: u64,
    /// Grams that citizens sold.
    pub sold_g: u64,
    /// Grams that citizens bought.
    pub bought_g: u64,
    /// What both were worth, in µ€.
    pub turnover_ueur: u64,
    /// Citizens' legs of trades.
    pub trades: u64,
    /// The accounts that traded, at most `ACCOUNTS_MIN` of them: beyond it only that there were enough matters.
    accounts: Vec<u64>,
}

/// One leg of a trade, as candles see it.
#[derive(Clone, Copy, Debug)]
pub struct Leg {
    /// When.
    pub time_ns: u64,
    /// Whose; never published.
    pub account: AccountId,
    /// Which way.
    pub side: Side,
    /// Grams.
    pub quantity_g: u64,
    /// µ€ per point.
    pub price_ueur: u64,
    /// µ€.
    pub value_ueur: u64,
}

impl Candle {
    fn of(start_ns: u64, leg: &Leg) -> Self {
        let price_ueur = leg.price_ueur;
        Self {
            start_ns,
            open_ueur: price_ueur,
            high_ueur: price_ueur,
            low_ueur: price_ueur,
            close_ueur: price_ueur,
            sold_g: 0,
            bought_g: 0,
            turnover_ueur: 0,
            trades: 0,
            accounts: Vec::new(),
        }
    }

    fn take(&mut self, leg: &Leg) {
        self.high_ueur = self.high_ueur.max(leg.price_ueur);
        self.low_ueur = self.low_ueur.min(leg.price_ueur);
        self.close_ueur = leg.price_ueur;
        match leg.side {
            Side::Sell => self.sold_g = self.sold_g.saturating_add(leg.quantity_g),
            Side::Buy => self.bought_g = self.bought_g.saturating_add(leg.quantity_g),
        }
        self.turnover_ueur = self.turnover_ueur.saturating_add(leg.value_ueur);
        self.trades += 1;
        self.note(leg.account.number());
    }

    fn note(&mut self, account: u64) {
        if self.accounts.len() < ACCOUNTS_MIN && !self.accounts.contains(&account) {
            self.accounts.push(account);
        }
    }

    fn merge(&mut self, later: &Self) {
        self.high_ueur = self.high_ueur.max(later.high_ueur);
        self.low_ueur = self.low_ueur.min(later.low_ueur);
        self.close_ueur = later.close_ueur;
        self.sold_g = self.sold_g.saturating_add(later.sold_g);
        self.bought_g = self.bought_g.saturating_add(later.bought_g);
        self.turnover_ueur = self.turnover_ueur.saturating_add(later.turnover_ueur);
        self.trades += later.trades;
        for account in &later.accounts {
            self.note(*account);
        }
    }

    /// The candle as stored: nine numbers, then the accounts, little-endian.
    pub fn bytes(&self) -> Vec<u8> {
        let numbers = [
            self.start_ns,
            self.open_ueur,
            self.high_ueur,
            self.low_ueur,
            self.close_ueur,
            self.sold_g,
            self.bought_g,
            self.turnover_ueur,
            self.trades,
        ];
        numbers.iter().chain(&self.accounts).flat_map(|number| number.to_le_bytes()).collect()
    }

    /// The candle of those bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (numbers, rest) = bytes.as_chunks::<8>();
        let numbers: Vec<u64> = numbers.iter().map(|number| u64::from_le_bytes(*number)).collect();
        let (head, accounts) = numbers.split_at_checked(9)?;
        if !rest.is_empty() || accounts.len() > ACCOUNTS_MIN {
            return None;
        }
        Some(Self {
            start_ns: head[0],
            open_ueur: head[1],
            high_ueur: head[2],
            low_ueur: head[3],
            close_ueur: head[4],
            sold_g: head[5],
            bought_g: head[6],
            turnover_ueur: head[7],
            trades: head[8],
            accounts: accounts.to_vec(),
        })
    }
}

/// The candles of one interval, oldest first, at most [`Interval::kept_max`].
#[derive(Clone, Debug)]
pub struct Series {
    interval: Interval,
    candles: VecDeque<Candle>,
}

impl Series {
    /// No candles.
    pub const fn new(interval: Interval) -> Self {
        Self { interval, candles: VecDeque::new() }
    }

    /// How long its candles are.
    pub const fn interval(&self) -> Interval {
        self.interval
    }

    /// Takes a stored candle, later than all before; `None` = it is not later.
    pub fn restore(&mut self, candle: Candle) -> Option<()> {
        if self.candles.back().is_some_and(|last| last.start_ns >= candle.start_ns) {
            return None;
        }
        self.candles.push_back(candle);
        Some(())
    }

    /// Adds a leg; answers with the candle it went to, and the start of the one that was forgotten for it.
    pub fn take(&mut self, leg: &Leg, origin_ns: u64) -> (&Candle, Option<u64>) {
        let start_ns = self.interval.start_ns(leg.time_ns, origin_ns);
        let mut forgotten = None;
        // A new origin may put a start inside the last candle: then that candle goes on.
        if self.candles.back().is_none_or(|last| last.start_ns < start_ns) {
            self.candles.push_back(Candle::of(start_ns, leg));
            if self.candles.len() > self.interval.kept_max() {
                forgotten = self.candles.pop_front().map(|candle| candle.start_ns);
            }
        }
        let last = self.candles.len() - 1;
        let candle = &mut self.candles[last];
        candle.take(leg);
        (candle, forgotten)
    }

    /// The candles from `from_ns` on, as anyone may see them.
    pub fn published_from(&self, from_ns: u64) -> Vec<PublishedCandle> {
        let first = self.candles.partition_point(|candle| candle.start_ns < from_ns);
        published(self.candles.range(first..), self.interval)
    }
}

/// What anyone may see: one or more candles that together describe at least [`ACCOUNTS_MIN`] accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedCandle {
    /// Figures of all of them; `start_ns` is the first one's.
    pub candle: Candle,
    /// The end of the last one.
    pub end_ns: u64,
}

/// Merges each candle of fewer than [`ACCOUNTS_MIN`] accounts into the ones after it; what is still too few at the end waits.
pub fn published<'a>(candles: impl Iterator<Item = &'a Candle>, interval: Interval) -> Vec<PublishedCandle> {
    let mut out = Vec::new();
    let mut open: Option<Candle> = None;
    for candle in candles {
        let merged = match open.take() {
            Some(mut earlier) => {
                earlier.merge(candle);
                earlier
            }
            None => candle.clone(),
        };
        if merged.accounts.len() >= ACCOUNTS_MIN {
            out.push(PublishedCandle { candle: merged, end_ns: candle.start_ns + interval.length_ns() });
        } else {
            open = Some(merged);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leg(time_ns: u64, account: u64, side: Side, price_ueur: u64) -> Leg {
        Leg { time_ns, account: AccountId::new(account), side, quantity_g: 1_000, price_ueur, value_ueur: price_ueur }
    }

    #[test]
    fn candles_start_at_whole_days_of_the_budget_year() {
        let origin_ns = 23 * HOUR_NS;
        assert_eq!(Interval::Day.start_ns(origin_ns, origin_ns), origin_ns);
        assert_eq!(Interval::Day.start_ns(origin_ns + DAY_NS - 1, origin_ns), origin_ns);
        assert_eq!(Interval::Day.start_ns(origin_ns + DAY_NS, origin_ns), origin_ns + DAY_NS);
    }

    #[test]
    fn a_candle_holds_first_last_highest_and_lowest_price() {
        let mut series = Series::new(Interval::Hour);
        for (account, price_ueur) in (0u64..).zip([50, 80, 20, 60]) {
            series.take(&leg(10, account, Side::Sell, price_ueur), 0);
        }
        let candle = &series.candles[0];
        assert_eq!((candle.open_ueur, candle.high_ueur, candle.low_ueur, candle.close_ueur), (50, 80, 20, 60));
        assert_eq!((candle.sold_g, candle.bought_g, candle.trades), (4_000, 0, 4));
        assert_eq!(Candle::from_bytes(&candle.bytes()).as_ref(), Some(candle));
    }

    #[test]
    fn ten_accounts_stay_hidden_and_the_eleventh_shows_them_all() {
        let mut series = Series::new(Interval::Minute);
        for account in 0..10 {
            series.take(&leg(0, account, Side::Buy, 10), 0);
            series.take(&leg(0, account, Side::Buy, 10), 0);
        }
        assert!(series.published_from(0).is_empty());
        series.take(&leg(MINUTE_NS, 10, Side::Buy, 30), 0);
        let shown = series.published_from(0);
        assert_eq!(shown.len(), 1);
        assert_eq!((shown[0].candle.start_ns, shown[0].end_ns), (0, 2 * MINUTE_NS));
        assert_eq!((shown[0].candle.open_ueur, shown[0].candle.close_ueur), (10, 30));
        assert_eq!(shown[0].candle.bought_g, 21_000);
    }

    #[test]
    fn only_the_newest_candles_are_kept() {
        let mut series = Series::new(Interval::Minute);
        let mut forgotten = Vec::new();
        for minute in 0..1_442 {
            forgotten.extend(series.take(&leg(minute * MINUTE_NS, 1, Side::Sell, 10), 0).1);
        }
        assert_eq!(forgotten, [0, MINUTE_NS]);
        assert_eq!(series.candles.len(), 1_440);
    }
}
