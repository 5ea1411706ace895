//! The exchange that is measured: opened, funded, and driven batch by batch.

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
use crate::workload::{AccountIndex, PostedPrices, TickBand};

/// The midnight at which the measured year opens.
const YEAR_START: TimestampNs = TimestampNs::new(1_798_758_000 * 1_000_000_000);
/// The day on which everything measured happens: late enough to have earned what is sold, early enough to hold what is bought.
const DAY: u64 = 80;
/// Accounts opened between two looks at the progress.
const OPENED_AT_ONCE: u64 = 1 << 16;

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

pub(crate) struct Exchange {
    market: Market,
    sequence: u64,
    time: TimestampNs,
    /// The commands of a batch, made when it is handed over.
    batch: Vec<Command>,
}

impl Exchange {
    /// The tables, empty.
    pub fn new(opening: &Opening<'_>, batch_commands: usize) -> Result<Self, BenchFault> {
        let capacities = Capacities { accounts: opening.funding.accounts(), orders: opening.orders_max };
        let market = Market::new(capacities, terms::rules(opening.band)?);
        Ok(Self { market, sequence: 0, time: YEAR_START, batch: Vec::with_capacity(batch_commands.max(1)) })
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
        for opened in 0..funding.accounts() {
            if u64::from(opened).is_multiple_of(OPENED_AT_ONCE) {
                progress.reached(u64::from(opened));
            }
            self.open_account(&mut tally, funding.account(opened), funding.cash(opened));
        }
        self.one(&mut tally, Command::AllotAll { fraction: BasisPoints::new(10_000) });
        self.begin_phase(&mut tally, opening);
        self.time = TimestampNs::new(YEAR_START.ns() + DAY * DAY_NS);
        self.one(&mut tally, Command::Tick);
        progress.reached(accounts);
        accepted(&tally, "the opening")
    }

    fn open_account(&mut self, tally: &mut Tally, account: AccountIndex, cash: AmountUeur) {
        let account = account.number();
        let (share, household) = (BasisPoints::new(10_000), HouseholdId::new(0));
        self.one(tally, Command::OpenAccount { account, share, household });
        if !cash.is_zero() {
            self.one(tally, Command::Deposit { account, amount: cash });
        }
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
        tally.command = self.sequence - 1;
        self.market.apply(Sequence::new(self.sequence), self.time, &command, tally);
    }

    /// Hands over the batch that begins at `place`: makes its commands. Answers how many.
    fn hand_over(&mut self, commands: &(impl Commands + ?Sized), place: usize, batch_commands: usize) -> usize {
        let end = commands.count().min(place + batch_commands);
        self.batch.clear();
        self.batch.extend((place..end).map(|place| commands.command(place)));
        self.batch.len()
    }

    /// Applies the batch that was handed over, in order; `done` is called behind each command's last event.
    #[inline]
    fn apply_batch(&mut self, tally: &mut Tally, mut done: impl FnMut()) {
        for command in &self.batch {
            self.sequence += 1;
            self.market.apply(Sequence::new(self.sequence), self.time, command, tally);
            tally.command += 1;
            done();
        }
    }

    /// Applies all commands, batch by batch.
    pub fn run(&mut self, commands: &(impl Commands + ?Sized), batch_commands: usize, tally: &mut Tally) {
        let mut place = 0;
        while place < commands.count() {
            place += self.hand_over(commands, place, batch_commands);
            self.apply_batch(tally, || {});
        }
    }

    /// As `run`, with two calls around every batch: `begin` when it is handed over, `done` behind each command's last event.
    pub fn run_watched<W: Watch>(
        &mut self,
        commands: &(impl Commands + ?Sized),
        batch_commands: usize,
        tally: &mut Tally,
        watch: &mut W,
    ) {
        let mut place = 0;
        while place < commands.count() {
            watch.begin();
            place += self.hand_over(commands, place, batch_commands);
            self.apply_batch(tally, || watch.done());
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

/// Refuses a workload that a rule refused.
pub(crate) fn accepted(tally: &Tally, doing: &'static str) -> Result<(), BenchFault> {
    match tally.rejected {
        None => Ok(()),
        Some((command, reject)) => Err(BenchFault::Rejected { doing, number: command + 1, reject }),
    }
}
