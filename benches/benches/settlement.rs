//! A change of year and a monthly allotment while accounts settle in slices: how long each command takes at most.
//!
//! Not a rate but a worst case, so no criterion: every command is timed, and the slowest is told.
//! `cargo bench -p carbex-benches --bench settlement -- ACCOUNTS` (a million if not given). One thread, events counted and
//! dropped, nothing journaled; 100,000 orders rest when the year closes.

use std::time::{Duration, Instant};

use carbex_benches::rules;
use carbex_benches::workload::TickBand;
use carbex_core::{Capacities, Command, Events, Market};
use carbex_vocabulary::{
    AccountId, AmountUeur, BasisPoints, DAY_NS, DebitMode, Event, HouseholdId, Phase, PriceUeur, QuantityG, Sequence,
    Side, TimeInForce, TimestampNs,
};

const SLICE_ACCOUNTS: u32 = 8192;
const ORDERS: u32 = 100_000;
/// Debits of random accounts between two ticks, as a busy exchange would have them.
const DEBITS_A_TICK: u32 = 100;
/// The midnight at which the first year opens.
const START_NS: u64 = 1_798_761_600_000_000_000;

/// The prices that orders name.
const BAND: TickBand = TickBand { lowest_tick: 80_000, width_ticks: 10_000 };

/// Counts events and keeps none.
#[derive(Default)]
struct Counter {
    events: u64,
}

impl Events for Counter {
    fn emit(&mut self, _: Event) {
        self.events += 1;
    }
}

/// A market that tells how long each command took.
struct Timed {
    market: Market,
    counter: Counter,
    time_ns: u64,
    random: u64,
    accounts: u64,
}

impl Timed {
    fn apply(&mut self, command: &Command) -> Duration {
        let sequence = Sequence::new(self.market.sequence().number() + 1);
        let start = Instant::now();
        self.market.apply(sequence, TimestampNs::new(self.time_ns), command, &mut self.counter);
        start.elapsed()
    }

    fn account(&mut self) -> AccountId {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        AccountId::new(self.random % self.accounts + 1)
    }

    /// Applies a command, then ticks and debits until every account is settled.
    fn settle(&mut self, name: &str, command: &Command) {
        let own = self.apply(command);
        let (mut ticks, mut debits) = (Vec::new(), Vec::new());
        let start = Instant::now();
        while self.market.settling().is_some() {
            for _ in 0..DEBITS_A_TICK {
                let account = self.account();
                let debit = Command::Debit { account, quantity: QuantityG::new(30), mode: DebitMode::Record };
                debits.push(self.apply(&debit));
            }
            ticks.push(self.apply(&Command::Tick));
        }
        println!(
            "{name:<12} {:>9} | {:>5} ticks of {:>8} to {:>8} | {:>7} debits of {:>8} to {:>8} | {:>8} in all",
            told(own),
            ticks.len(),
            told(median(&mut ticks)),
            told(*ticks.last().unwrap_or(&Duration::ZERO)),
            debits.len(),
            told(median(&mut debits)),
            told(*debits.last().unwrap_or(&Duration::ZERO)),
            told(start.elapsed()),
        );
    }
}

/// The median; leaves them in order.
fn median(durations: &mut [Duration]) -> Duration {
    durations.sort_unstable();
    durations.get(durations.len() / 2).copied().unwrap_or(Duration::ZERO)
}

fn told(duration: Duration) -> String {
    let us = duration.as_secs_f64() * 1e6;
    if us < 1000.0 { format!("{us:.2} us") } else { format!("{:.2} ms", us / 1000.0) }
}

fn main() {
    let accounts: u32 = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(1_000_000);
    for (how, slice_accounts) in [("in slices", SLICE_ACCOUNTS), ("at once", u32::MAX)] {
        println!(
            "{accounts} accounts, settled {how}; the command itself, then until all is settled (median to slowest):"
        );
        let mut timed = populated(accounts, slice_accounts);
        timed.settle("allot_all", &Command::AllotAll { fraction: BasisPoints::new(833) });
        for _ in 0..ORDERS {
            let account = timed.account();
            let price = PriceUeur::new(80_000 + timed.random % 900 * 10);
            let (side, tif) = (Side::Sell, TimeInForce::Gtc);
            let quantity = QuantityG::new(1000);
            timed.apply(&Command::Place { account, client_order_id: None, side, quantity, price, tif });
        }
        assert!(timed.market.fields().open_orders > u64::from(ORDERS) * 9 / 10, "orders rest");
        timed.settle("close_period", &Command::ClosePeriod);
        timed.settle("open_period", &year(2028));
        timed.settle("allot_all", &Command::AllotAll { fraction: BasisPoints::new(833) });
        println!("{} events", timed.counter.events);
    }
}

fn year(year: u32) -> Command {
    Command::OpenPeriod { year, endowment: QuantityG::new(9_000_000), reserve: QuantityG::ZERO, cap: None }
}

/// That many accounts of four shares, a hundredth of them opened on the days of the year; the market is continuous.
fn populated(accounts: u32, slice_accounts: u32) -> Timed {
    let capacities = Capacities { accounts, orders: ORDERS, slice_accounts };
    let mut timed = Timed {
        market: Market::new(capacities, rules(BAND).expect("the rules of the benches are consistent")),
        counter: Counter::default(),
        time_ns: START_NS,
        random: 1,
        accounts: u64::from(accounts),
    };
    timed.apply(&year(2027));
    let born = accounts / 100;
    for number in 1..=accounts {
        if number > accounts - born {
            timed.time_ns = START_NS + u64::from(number - (accounts - born)) * 300 / u64::from(born) * DAY_NS;
        }
        let account = AccountId::new(u64::from(number));
        let share = BasisPoints::new([10_000, 10_000, 5000, 3333][number as usize % 4]);
        timed.apply(&Command::OpenAccount { account, share, household: HouseholdId::new(0) });
    }
    timed.apply(&Command::FundTreasury { amount: AmountUeur::new(1_000_000) });
    timed.apply(&Command::SetPhase { phase: Phase::Continuous });
    timed
}
