//! The markets that the benchmarks measure: populated, funded, under stated rules.

pub mod durable;
pub mod http;

use carbex_core::{Capacities, Command, Events, Market};
use carbex_rules::RuleSet;
use carbex_vocabulary::{
    AccountId, AmountUeur, BasisPoints, Event, HouseholdId, Phase, QuantityG, Sequence, TimestampNs,
};

/// Counts events and keeps none, so that what is measured is the core alone.
#[derive(Default)]
pub struct Counter {
    /// Events so far.
    pub events: u64,
    /// Of which trades.
    pub trades: u64,
}

impl Events for Counter {
    fn emit(&mut self, event: Event) {
        self.events += 1;
        self.trades += u64::from(matches!(event, Event::Trade { .. }));
    }
}

/// The midnight at which the measured year opens.
const YEAR_START_NS: u64 = 1_798_761_600_000_000_000;

/// A market and where its sequence stands.
pub struct Bench {
    /// The market.
    pub market: Market,
    /// What it answered so far.
    pub counter: Counter,
    sequence: u64,
    accounts: u64,
    random: u64,
}

/// The continuous preset with everything allowed that would otherwise bind: a plain book with all checks made.
pub fn plain_rules() -> RuleSet {
    let mut text = String::from(
        "version = \"bench-plain\"\n[market]\nspread_ueur = 0\n[orders]\nmax_open_orders = 65535\nmax_orders_per_day = 16000000\n\
         opposite_orders = \"allowed\"\n[sale]\nearned_surplus_only = false\nsubsistence_bp = 0\nsale_cap_bp = 4000000000\n\
         resale = \"allowed\"\n[purchase]\nholding_margin_bp = 4000000000\npurchase_cap_bp = 4000000000\n",
    );
    text.push_str("[band]\nfloor_ueur = 80000\nceiling_ueur = 89990\n");
    carbex_rulebook::parse_toml(&text).expect("the rules of the benchmark are consistent")
}

impl Bench {
    /// A market in continuous with that many accounts, each with a full endowment and 10,000 euros.
    pub fn new(accounts: u32, orders: u32) -> Self {
        let market = Market::new(Capacities { accounts, orders }, plain_rules());
        let mut bench =
            Self { market, counter: Counter::default(), sequence: 0, accounts: u64::from(accounts), random: 1 };
        bench.apply(&Command::OpenPeriod {
            year: 2027,
            endowment: QuantityG::new(9_000_000),
            reserve: QuantityG::ZERO,
            cap: None,
        });
        for number in 1..=bench.accounts {
            let account = AccountId::new(number);
            let share = BasisPoints::new(10_000);
            bench.apply(&Command::OpenAccount { account, share, household: HouseholdId::new(0) });
            bench.apply(&Command::Deposit { account, amount: AmountUeur::new(10_000_000_000) });
        }
        bench.apply(&Command::AllotAll { fraction: BasisPoints::new(10_000) });
        bench.apply(&Command::SetPhase { phase: Phase::Continuous });
        bench
    }

    /// Applies a command as the next in sequence; answers its sequence.
    pub fn apply(&mut self, command: &Command) -> u64 {
        self.sequence += 1;
        let time = TimestampNs::new(YEAR_START_NS);
        self.market.apply(Sequence::new(self.sequence), time, command, &mut self.counter);
        self.sequence
    }

    /// A reproducible random number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) % bound
    }

    /// A random account.
    pub fn account(&mut self) -> AccountId {
        AccountId::new(1 + self.below(self.accounts))
    }
}
