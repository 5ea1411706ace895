//! One measurement, whole: the yardstick, the timed pass, the latency pass, and what they say.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use carbex_core::Command;

use crate::BenchFault;
use crate::commands::{Commands, Orders};
use crate::exchange::{Exchange, Mechanism, Opening, Pace, Watch, accepted};
use crate::funding::Funding;
use crate::latency::{LATENCY_MAX, Latencies, LatencyNs};
use crate::progress::{Progress, Stage};
use crate::random_access::random_access_ns;
use crate::report::{AuctionReport, Report};
use crate::resident::resident_bytes;
use crate::tally::{Counted, Tally, TradeTotals};
use crate::terms::PriceScale;
use crate::workload::{
    Debit, OperationKind, Operations, PostedPrices, TickBand, Workload, auction_orders, card_payments, order_flow,
    posted_orders,
};

/// The band of an exchange where no order is placed.
const UNUSED_BAND: TickBand = TickBand { lowest_tick: 80_000, width_ticks: 1_000 };

/// What does not depend on the workload.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Accounts in the exchange.
    pub accounts: u32,
    /// How commands reach the core.
    pub pace: Pace,
    /// Draws the yardstick's places.
    pub seed: u64,
}

/// A workload, ready to be measured.
pub struct Work {
    name: String,
    /// What trades there, and how; or payments.
    content: Content,
}

enum Content {
    Orders { operations: Operations, mechanism: Mechanism, orders_max: u32 },
    Debits(Vec<Debit>),
}

impl Work {
    /// Makes a workload of `commands` timed commands from a seed.
    pub fn generated(workload: Workload, accounts: u32, commands: usize, seed: u64) -> Self {
        let orders = |operations: Operations, mechanism| Content::Orders {
            orders_max: orders_max(&operations),
            operations,
            mechanism,
        };
        let content = match (workload.flow(), workload) {
            (Some(shape), _) => Content::Orders {
                operations: order_flow(shape, accounts, commands, seed),
                mechanism: Mechanism::Continuous,
                // The flow keeps its depth; a fiftieth more is never reached.
                orders_max: shape.resting + shape.resting / 50 + 1_000,
            },
            (None, Workload::Posted) => {
                orders(posted_orders(accounts, commands, seed), Mechanism::Posted(PostedPrices::QUOTED))
            }
            (None, Workload::Auction) => orders(auction_orders(accounts, commands, seed), Mechanism::Auction),
            (None, _) => Content::Debits(card_payments(accounts, commands, seed)),
        };
        Self { name: workload.name().to_owned(), content }
    }

    /// Takes operations from elsewhere: they run in continuous, without quotes or spread.
    pub fn of_operations(name: String, operations: Operations) -> Self {
        let orders_max = orders_max(&operations);
        Self { name, content: Content::Orders { operations, mechanism: Mechanism::Continuous, orders_max } }
    }

    /// How many commands are timed.
    pub fn commands(&self) -> usize {
        match &self.content {
            Content::Orders { operations, .. } => operations.timed.len(),
            Content::Debits(debits) => debits.len(),
        }
    }

    fn mechanism(&self) -> Mechanism {
        match &self.content {
            Content::Orders { mechanism, .. } => *mechanism,
            Content::Debits(_) => Mechanism::Continuous,
        }
    }

    fn scale(&self) -> PriceScale {
        PriceScale::of(self.band())
    }

    fn band(&self) -> TickBand {
        match &self.content {
            Content::Orders { operations, .. } => operations.band,
            Content::Debits(_) => UNUSED_BAND,
        }
    }

    fn orders_max(&self) -> u32 {
        match &self.content {
            Content::Orders { orders_max, .. } => *orders_max,
            Content::Debits(_) => 1,
        }
    }
}

/// No more can rest than are placed.
fn orders_max(operations: &Operations) -> u32 {
    let placed = operations.all().filter(|operation| operation.kind() == OperationKind::New).count();
    u32::try_from(placed).unwrap_or(u32::MAX).max(1)
}

/// Measures a workload. Memory: the accounts' tables, the workload, and before them the yardstick's table.
pub fn measure(work: Work, terms: &Terms, progress: &mut dyn Progress) -> Result<Report, BenchFault> {
    let yardstick_ns = random_access_ns(terms, work.commands(), progress);
    let prepared = Prepared::new(work, terms)?;
    let passes = prepared.passes();
    let timed = passes.timed(progress)?;
    let latency = passes.latency(&timed.totals, progress)?;
    Ok(passes.report(&timed, latency, yardstick_ns))
}

/// The timed pass alone, to be held against other engines: how long it took, and its trades.
pub fn time(work: Work, terms: &Terms, progress: &mut dyn Progress) -> Result<(Duration, TradeTotals), BenchFault> {
    let prepared = Prepared::new(work, terms)?;
    let timed = prepared.passes().timed(progress)?;
    Ok((timed.elapsed, timed.totals))
}

/// A workload whose accounts are known and whose orders have the exchange's names.
struct Prepared {
    work: Work,
    funding: Funding,
    pace: Pace,
}

impl Prepared {
    fn new(mut work: Work, terms: &Terms) -> Result<Self, BenchFault> {
        let funding = match &mut work.content {
            Content::Orders { operations, .. } => {
                operations.name_by_place();
                Funding::for_operations(terms.accounts, operations)?
            }
            Content::Debits(_) => Funding::equal(terms.accounts),
        };
        Ok(Self { work, funding, pace: terms.pace })
    }

    fn passes(&self) -> Passes<'_> {
        Passes { work: &self.work, funding: &self.funding, pace: self.pace }
    }
}

struct Passes<'a> {
    work: &'a Work,
    funding: &'a Funding,
    pace: Pace,
}

/// What the timed pass says.
struct Timed {
    elapsed: Duration,
    uncross: Option<Duration>,
    totals: TradeTotals,
    events: u64,
    cancels_gone: u64,
    bytes_per_account: f64,
    bytes_per_order: Option<f64>,
    resident_bytes: u64,
}

/// An exchange before the clock starts, and the memory it took.
struct Ready {
    exchange: Exchange,
    /// The sequence of the list's first operation.
    first_sequence: u64,
    bytes_per_account: f64,
    bytes_per_order: Option<f64>,
}

impl Passes<'_> {
    /// Opens an exchange and places what rests before the clock starts.
    fn ready(&self, progress: &mut dyn Progress) -> Result<Ready, BenchFault> {
        let opening = Opening {
            funding: self.funding,
            orders_max: self.work.orders_max(),
            band: self.work.band(),
            mechanism: self.work.mechanism(),
        };
        let empty_bytes = resident_bytes()?;
        let mut exchange = Exchange::new(&opening, self.pace)?;
        exchange.open(&opening, progress)?;
        let opened_bytes = resident_bytes()?;
        let first_sequence = exchange.sequence() + 1;
        if let Content::Orders { operations, .. } = &self.work.content {
            let mut tally = Tally::new(Counted::Legs);
            let prefill = Orders::new(&operations.prefill, self.work.scale(), first_sequence);
            progress.begin(Stage::Prefill, prefill.count() as u64);
            exchange.run(&prefill, &mut tally);
            accepted(&tally, "what rests before the clock starts")?;
            progress.reached(prefill.count() as u64);
        }
        let resting = exchange.resting();
        let per = |before: u64, after: u64, count: u64| after.saturating_sub(before) as f64 / count as f64;
        Ok(Ready {
            first_sequence,
            bytes_per_account: per(empty_bytes, opened_bytes, u64::from(self.funding.accounts())),
            bytes_per_order: if resting > 0 { Some(per(opened_bytes, resident_bytes()?, resting)) } else { None },
            exchange,
        })
    }

    fn counted(&self) -> Counted {
        match self.work.mechanism() {
            Mechanism::Continuous | Mechanism::Auction => Counted::Crossings,
            Mechanism::Posted(_) => Counted::Legs,
        }
    }

    /// No clock inside: one reading before and one behind.
    fn timed(&self, progress: &mut dyn Progress) -> Result<Timed, BenchFault> {
        let Ready { mut exchange, first_sequence, bytes_per_account, bytes_per_order } = self.ready(progress)?;
        let mut tally = Tally::new(self.counted());
        progress.begin(Stage::Timed, self.work.commands() as u64);
        let started = Instant::now();
        match &self.work.content {
            Content::Orders { operations, .. } => {
                let timed = Orders::new(&operations.timed, self.work.scale(), first_sequence);
                exchange.run(&timed, &mut tally);
            }
            Content::Debits(debits) => exchange.run(debits.as_slice(), &mut tally),
        }
        let elapsed = started.elapsed();
        let uncross = self.uncross(&mut exchange, &mut tally);
        progress.reached(self.work.commands() as u64);
        accepted(&tally, "the timed pass")?;
        Ok(Timed {
            elapsed,
            uncross,
            totals: self.totals(&tally),
            events: tally.events,
            cancels_gone: tally.gone,
            bytes_per_account,
            bytes_per_order,
            resident_bytes: resident_bytes()?,
        })
    }

    /// Uncrosses what an auction collected, by the clock.
    fn uncross(&self, exchange: &mut Exchange, tally: &mut Tally) -> Option<Duration> {
        match self.work.mechanism() {
            Mechanism::Continuous | Mechanism::Posted(_) => None,
            Mechanism::Auction => {
                let started = Instant::now();
                exchange.one(tally, Command::Uncross);
                Some(started.elapsed())
            }
        }
    }

    fn totals(&self, tally: &Tally) -> TradeTotals {
        let (trades, traded_lots, value_ueur) = tally.traded();
        TradeTotals { trades, traded_lots, notional: self.work.scale().notional(value_ueur, traded_lots) }
    }

    /// The same commands on an exchange of its own, with a clock behind each of them.
    fn latency(&self, expected: &TradeTotals, progress: &mut dyn Progress) -> Result<LatencyNs, BenchFault> {
        let Ready { mut exchange, first_sequence, .. } = self.ready(progress)?;
        let mut tally = Tally::new(self.counted());
        let mut clock = Clock::new();
        progress.begin(Stage::Latency, self.work.commands() as u64);
        match &self.work.content {
            Content::Orders { operations, .. } => {
                let timed = Orders::new(&operations.timed, self.work.scale(), first_sequence);
                exchange.run_watched(&timed, 0..timed.count(), &mut tally, &mut clock);
            }
            Content::Debits(debits) => {
                exchange.run_watched(debits.as_slice(), 0..debits.len(), &mut tally, &mut clock);
            }
        }
        self.uncross(&mut exchange, &mut tally);
        progress.reached(self.work.commands() as u64);
        accepted(&tally, "the latency pass")?;
        if self.totals(&tally) != *expected {
            return Err(BenchFault::PassesDiffer);
        }
        clock.latency_ns()
    }

    fn report(&self, timed: &Timed, latency_ns: LatencyNs, yardstick_ns: f64) -> Report {
        let commands = self.work.commands() as u64;
        // An auction's figure is its uncross: what its orders cost to collect stands beside it.
        let measured = timed.uncross.unwrap_or(timed.elapsed);
        let ns_per_command = measured.as_nanos() as f64 / commands as f64;
        let TradeTotals { trades, traded_lots, notional } = timed.totals;
        Report {
            workload: self.work.name.clone(),
            accounts: self.funding.accounts(),
            commands,
            at_hand_commands: self.pace.at_hand_commands as u64,
            look_ahead: self.pace.look_ahead,
            huge_pages: carbex_memory::huge_pages().is_ok(),
            commands_per_s: commands as f64 / measured.as_secs_f64(),
            ns_per_command,
            random_access_ns: yardstick_ns,
            ratio_to_random_access: ns_per_command / yardstick_ns,
            bytes_per_account: timed.bytes_per_account,
            bytes_per_order: timed.bytes_per_order,
            resident_bytes: timed.resident_bytes,
            latency_ns,
            events: timed.events,
            trades,
            traded_lots,
            notional,
            cancels_gone: timed.cancels_gone,
            auction: timed.uncross.map(|uncross| AuctionReport {
                uncross_ms: uncross.as_secs_f64() * 1_000.0,
                collected_per_s: commands as f64 / timed.elapsed.as_secs_f64(),
            }),
        }
    }
}

/// Latencies from the hand-over of a command to its last event.
struct Clock {
    /// When the commands at hand were handed over, the oldest first.
    handed_over: VecDeque<Instant>,
    latencies: Latencies,
    /// The first latency that is beyond what is recorded.
    beyond: Option<Duration>,
}

impl Clock {
    fn new() -> Self {
        Self { handed_over: VecDeque::new(), latencies: Latencies::default(), beyond: None }
    }

    fn latency_ns(&self) -> Result<LatencyNs, BenchFault> {
        if let Some(latency) = self.beyond {
            return Err(BenchFault::TooSlow { latency });
        }
        Ok(self.latencies.quantiles())
    }
}

impl Watch for Clock {
    #[inline]
    fn handed_over(&mut self, commands: usize) {
        self.handed_over.extend(std::iter::repeat_n(Instant::now(), commands));
    }

    #[inline]
    fn done(&mut self) {
        let Some(handed_over) = self.handed_over.pop_front() else { return };
        let latency = handed_over.elapsed();
        self.latencies.record(latency, 1);
        if latency > LATENCY_MAX {
            self.beyond.get_or_insert(latency);
        }
    }
}
