//! The public figures that are not candles: the last price and what the budget year has traded so far.

use carbex_vocabulary::{Side, TimestampNs};

use super::{ACCOUNTS_MIN, candle::Leg};

/// What citizens traded; suffixes give the units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Grams that citizens sold.
    pub sold_g: u64,
    /// Grams that citizens bought.
    pub bought_g: u64,
    /// What both were worth, in µ€.
    pub turnover_ueur: u64,
    /// Citizens' legs of trades.
    pub trades: u64,
}

/// The last price and the budget year's totals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Price of the last trade, in µ€ per point; `None` = none yet.
    pub last_price_ueur: Option<u64>,
    /// When it was.
    pub last_trade_ns: u64,
    /// When the budget year opened: days and candles are counted from there.
    pub origin_ns: u64,
    /// All that was traded this budget year.
    all: Totals,
    /// What of it anyone may see: it moves on only when at least `ACCOUNTS_MIN` accounts have traded since.
    shown: Totals,
    /// The accounts that traded since, fewer than `ACCOUNTS_MIN`.
    since: Vec<u64>,
}

impl Summary {
    /// What anyone may see of the budget year's trading.
    pub const fn shown(&self) -> Totals {
        self.shown
    }

    /// A budget year opens: what was traded starts again from nothing.
    pub fn open_year(&mut self, time: TimestampNs) {
        self.origin_ns = time.ns();
        self.all = Totals::default();
        self.shown = Totals::default();
        self.since.clear();
    }

    /// Adds a leg.
    pub fn take(&mut self, leg: &Leg) {
        self.last_price_ueur = Some(leg.price_ueur);
        self.last_trade_ns = leg.time_ns;
        match leg.side {
            Side::Sell => self.all.sold_g = self.all.sold_g.saturating_add(leg.quantity_g),
            Side::Buy => self.all.bought_g = self.all.bought_g.saturating_add(leg.quantity_g),
        }
        self.all.turnover_ueur = self.all.turnover_ueur.saturating_add(leg.value_ueur);
        self.all.trades += 1;
        let account = leg.account.number();
        if !self.since.contains(&account) {
            self.since.push(account);
        }
        if self.since.len() >= ACCOUNTS_MIN {
            self.shown = self.all;
            self.since.clear();
        }
    }

    /// The summary as stored: twelve numbers, then the accounts, little-endian.
    pub fn bytes(&self) -> Vec<u8> {
        let numbers = [
            u64::from(self.last_price_ueur.is_some()),
            self.last_price_ueur.unwrap_or(0),
            self.last_trade_ns,
            self.origin_ns,
            self.all.sold_g,
            self.all.bought_g,
            self.all.turnover_ueur,
            self.all.trades,
            self.shown.sold_g,
            self.shown.bought_g,
            self.shown.turnover_ueur,
            self.shown.trades,
        ];
        numbers.iter().chain(&self.since).flat_map(|number| number.to_le_bytes()).collect()
    }

    /// The summary of those bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (numbers, rest) = bytes.as_chunks::<8>();
        let numbers: Vec<u64> = numbers.iter().map(|number| u64::from_le_bytes(*number)).collect();
        let (head, since) = numbers.split_first_chunk::<12>()?;
        if !rest.is_empty() || since.len() >= ACCOUNTS_MIN {
            return None;
        }
        let [has_last, last_price_ueur, last_trade_ns, origin_ns, ..] = *head;
        let totals = |at: usize| Totals {
            sold_g: head[at],
            bought_g: head[at + 1],
            turnover_ueur: head[at + 2],
            trades: head[at + 3],
        };
        Some(Self {
            last_price_ueur: (has_last == 1).then_some(last_price_ueur),
            last_trade_ns,
            origin_ns,
            all: totals(4),
            shown: totals(8),
            since: since.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use carbex_vocabulary::AccountId;

    use super::*;

    #[test]
    fn totals_are_shown_when_eleven_accounts_have_traded_since() {
        let mut summary = Summary::default();
        let leg = |account| Leg {
            time_ns: 5,
            account: AccountId::new(account),
            side: Side::Buy,
            quantity_g: 1_000,
            price_ueur: 80,
            value_ueur: 80,
        };
        for account in 0..10 {
            summary.take(&leg(account));
        }
        assert_eq!(summary.shown(), Totals::default());
        assert_eq!(Summary::from_bytes(&summary.bytes()), Some(summary.clone()));
        summary.take(&leg(10));
        assert_eq!(summary.shown(), Totals { sold_g: 0, bought_g: 11_000, turnover_ueur: 880, trades: 11 });
        summary.take(&leg(11));
        assert_eq!(summary.shown().trades, 11);
        assert_eq!(Summary::from_bytes(&summary.bytes()), Some(summary));
    }
}
