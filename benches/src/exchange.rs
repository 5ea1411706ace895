//! The exchange that is measured: opened, funded, and driven batch by batch.

use std::ops::Range;

use carbex_core::{Capacities, Command, Market};
use carbex_vocabulary::{
    AmountUeur, BasisPoints, DAY_NS, HouseholdId, Phase, PriceUeur, QuantityG, Sequence, TimestampNs,
};

use crate::BenchFault;
use crate::commands::Commands;
use crate::funding::Funding;
use crate::progress::{Progress, Stage};
use crate::tally::{Counted, Tally};
use crate::terms::{self, LOT_G, PriceScale, TREASURY_MONEY_UEUR};
use crate::workload::{PostedPrices, TickBand};

/// The midnight at which the measured year opens.
pub(crate) const YEAR_START: TimestampNs = TimestampNs::new(1_798_758_000 * 1_000_000_000);
/// The day on which everything measured happens: late enough to have earned what is sold, early enough to hold what is bought.
pub(crate) const DAY: u64 = 80;
/// Openings and deposits between two looks at the progress.
const ENROLLED_AT_ONCE: usize = 1 << 17;

/// How orders trade while they are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mechanism {
    /// Citizens' orders cross each other through the regulator; no quotes, no spread.
    Continuous,
    /// The facility buys and sells at its quotes, at once.
    Posted(PostedPrices),
    /// Orders collect.
    Auction,
}

/// What the exchange is opened with.
pub(crate) struct Opening<'a> {
    pub funding: &'a Funding,
    pub orders_max: u32,
    pub band: TickBand,
    pub mechanism: Mechanism,
}

/// How commands reach the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Commands handed over together, at least 1.
    pub batch_commands: usize,
    /// Whether the core looks ahead within what was handed over.
    pub look_ahead: bool,
}

impl Pace {
    /// Few commands at once, so that the last of them does not wait long; looked at as they are handed over.
    pub const DEFAULT: Self = Self { batch_commands: 32, look_ahead: true };
}

pub(crate) struct Exchange {
    market: Market,
    sequence: u64,
    time: TimestampNs,
    pace: Pace,
    /// The commands of a batch, made when it is handed over.
    batch: Vec<Command>,
}

impl Exchange {
    /// The tables, empty.
    pub fn new(opening: &Opening<'_>, pace: Pace) -> Result<Self, BenchFault> {
        // Nothing measured here waits for accounts to settle: the one allotment is done before anything is timed.
        let (accounts, orders) = (opening.funding.accounts(), opening.orders_max);
        let capacities = Capacities { accounts, orders, slice_accounts: u32::MAX };
        let market = Market::new(capacities, terms::rules(opening.band)?);
        let pace = Pace { batch_commands: pace.batch_commands.max(1), ..pace };
        Ok(Self { market, sequence: 0, time: YEAR_START, pace, batch: Vec::with_capacity(pace.batch_commands) })
    }

    /// The sequence of the last command.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Orders resting now.
    pub fn resting(&self) -> u64 {
        self.market.fields().open_orders
    }

    /// Opens and funds every account, allots, quotes, and lets the phase and the day begin.
    pub fn open(&mut self, opening: &Opening<'_>, progress: &mut dyn Progress) -> Result<(), BenchFault> {
        let funding = opening.funding;
        let mut tally = Tally::new(Counted::Legs);
        self.one(
            &mut tally,
            Command::OpenPeriod {
                year: 2027,
                endowment: terms::endowment(funding.accounts()),
                reserve: QuantityG::ZERO,
                cap: None,
            },
        );
        let accounts = u64::from(funding.accounts());
        progress.begin(Stage::Opening, accounts);
        let enrolments = Enrolments(funding);
        for opened in (0..enrolments.count()).step_by(ENROLLED_AT_ONCE) {
            progress.reached(opened as u64 / 2);
            let end = enrolments.count().min(opened + ENROLLED_AT_ONCE);
            self.run_part(&enrolments, opened..end, &mut tally);
        }
        self.one(&mut tally, Command::AllotAll { fraction: BasisPoints::new(10_000) });
        self.begin_phase(&mut tally, opening);
        self.time = TimestampNs::new(YEAR_START.ns() + DAY * DAY_NS);
        self.one(&mut tally, Command::Tick);
        progress.reached(accounts);
        accepted(&tally, "the opening")
    }

    fn begin_phase(&mut self, tally: &mut Tally, opening: &Opening<'_>) {
        let phase = match opening.mechanism {
            Mechanism::Continuous => Phase::Continuous,
            Mechanism::Auction => Phase::Auction,
            Mechanism::Posted(prices) => {
                self.quote(tally, prices, PriceScale::of(opening.band));
                Phase::Posted
            }
        };
        self.one(tally, Command::SetPhase { phase });
    }

    /// Quotes that nothing in the workload uses up.
    fn quote(&mut self, tally: &mut Tally, prices: PostedPrices, scale: PriceScale) {
        let money = AmountUeur::new(TREASURY_MONEY_UEUR);
        let price = |tick: u32| -> PriceUeur { scale.price(tick) };
        let volume = QuantityG::new(u64::from(u32::MAX) * LOT_G);
        self.one(tally, Command::FundTreasury { amount: money });
        self.one(tally, Command::SetBuyback { price: price(prices.buyback_tick), volume, budget: money });
        self.one(tally, Command::SetSale { price: price(prices.sale_tick), volume });
    }

    /// Applies one command.
    pub fn one(&mut self, tally: &mut Tally, command: Command) {
        self.sequence += 1;
        self.market.apply(Sequence::new(self.sequence), self.time, &command, tally);
        tally.command += 1;
    }

    /// Applies all commands, batch by batch.
    pub fn run(&mut self, commands: &(impl Commands + ?Sized), tally: &mut Tally) {
        self.run_part(commands, 0..commands.count(), tally);
    }

    fn run_part(&mut self, commands: &(impl Commands + ?Sized), places: Range<usize>, tally: &mut Tally) {
        self.run_watched(commands, places, tally, &mut NoWatch);
    }

    /// As `run`, for some of the commands, with two calls around every batch: `begin` when it is handed over, `done` behind
    /// each command's last event.
    pub fn run_watched(
        &mut self,
        commands: &(impl Commands + ?Sized),
        places: Range<usize>,
        tally: &mut Tally,
        watch: &mut impl Watch,
    ) {
        let Range { mut start, end } = places;
        while start < end {
            watch.begin();
            let batch_end = end.min(start + self.pace.batch_commands);
            self.batch.clear();
            self.batch.extend((start..batch_end).map(|place| commands.command(place)));
            self.apply_batch(tally, watch);
            start = batch_end;
        }
    }

    /// Applies the batch that was handed over, in order. The core never looks beyond it: what is not handed over is not known.
    #[inline]
    fn apply_batch(&mut self, tally: &mut Tally, watch: &mut impl Watch) {
        for place in 0..self.batch.len() {
            if self.pace.look_ahead {
                self.market.look_ahead(&self.batch, place);
            }
            self.apply_one(place, tally, watch);
        }
    }

    /// Applies the command at a place of the batch, which must hold it.
    #[inline(always)]
    fn apply_one(&mut self, place: usize, tally: &mut Tally, watch: &mut impl Watch) {
        self.sequence += 1;
        self.market.apply(Sequence::new(self.sequence), self.time, &self.batch[place], tally);
        tally.command += 1;
        watch.done();
    }
}

/// Every account's opening, and behind each its first deposit.
pub(crate) struct Enrolments<'a>(pub &'a Funding);

impl Commands for Enrolments<'_> {
    fn count(&self) -> usize {
        self.0.accounts() as usize * 2
    }

    fn command(&self, place: usize) -> Command {
        let opened = (place / 2) as u32;
        let account = self.0.account(opened).number();
        if place.is_multiple_of(2) {
            let (share, household) = (BasisPoints::new(10_000), HouseholdId::new(0));
            Command::OpenAccount { account, share, household }
        } else {
            Command::Deposit { account, amount: self.0.cash(opened) }
        }
    }
}

/// Who looks at a clock while commands are applied.
pub(crate) trait Watch {
    /// A batch is handed over.
    fn begin(&mut self);
    /// A command's last event has been told.
    fn done(&mut self);
}

/// Nobody looks.
struct NoWatch;

impl Watch for NoWatch {
    #[inline(always)]
    fn begin(&mut self) {}
    #[inline(always)]
    fn done(&mut self) {}
}

/// Refuses a workload that a rule refused.
pub(crate) fn accepted(tally: &Tally, doing: &'static str) -> Result<(), BenchFault> {
    match tally.rejected {
        None => Ok(()),
        Some((command, reject)) => Err(BenchFault::Rejected { doing, number: command + 1, reject }),
    }
}
