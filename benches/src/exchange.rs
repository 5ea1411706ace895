//! The exchange that is measured: opened, funded, and handed its commands.

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
const YEAR_START: TimestampNs = TimestampNs::new(1_798_758_000 * 1_000_000_000);
/// The day on which everything measured happens: late enough to have earned what is sold, early enough to hold what is bought.
const DAY: u64 = 80;
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
    /// Commands at hand: handed over and not yet applied, at most; at least 1.
    pub at_hand_commands: usize,
    /// Whether the core looks ahead within what was handed over.
    pub look_ahead: bool,
}

impl Pace {
    /// Few commands at hand, so that none of them waits long; looked at as they are handed over.
    pub const DEFAULT: Self = Self { at_hand_commands: 32, look_ahead: true };

    /// How many commands are handed over at once, as soon as there is room for them.
    #[must_use]
    pub fn together_commands(&self) -> usize {
        self.at_hand_commands.clamp(1, HANDED_OVER_TOGETHER)
    }
}

/// Commands handed over at once, unless fewer are allowed at hand.
const HANDED_OVER_TOGETHER: usize = 8;
/// Commands applied before their room in the list is used again; a multiple of what is handed over at once.
const APPLIED_KEPT: usize = 1 << 12;

pub(crate) struct Exchange {
    market: Market,
    sequence: u64,
    time: TimestampNs,
    pace: Pace,
    /// The commands handed over, those applied a while ago left out; made when they are handed over.
    at_hand: Vec<Command>,
}

impl Exchange {
    /// The tables, empty.
    pub fn new(opening: &Opening<'_>, pace: Pace) -> Result<Self, BenchFault> {
        // Nothing measured here waits for accounts to settle: the one allotment is done before anything is timed.
        let (accounts, orders) = (opening.funding.accounts(), opening.orders_max);
        let capacities = Capacities { accounts, orders, slice_accounts: u32::MAX };
        let market = Market::new(capacities, terms::rules(opening.band)?);
        let pace = Pace { at_hand_commands: pace.at_hand_commands.max(1), ..pace };
        let at_hand = Vec::with_capacity(APPLIED_KEPT + pace.at_hand_commands);
        Ok(Self { market, sequence: 0, time: YEAR_START, pace, at_hand })
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

    /// Applies all commands, in order.
    pub fn run(&mut self, commands: &(impl Commands + ?Sized), tally: &mut Tally) {
        self.run_part(commands, 0..commands.count(), tally);
    }

    fn run_part(&mut self, commands: &(impl Commands + ?Sized), places: Range<usize>, tally: &mut Tally) {
        self.run_watched(commands, places, tally, &mut NoWatch);
    }

    /// As `run`, for some of the commands, telling the watch when commands are handed over, and behind each command's last event.
    /// As soon as there is room for them, the next few are handed over; what is not handed over is not known to the core.
    pub fn run_watched(
        &mut self,
        commands: &(impl Commands + ?Sized),
        places: Range<usize>,
        tally: &mut Tally,
        watch: &mut impl Watch,
    ) {
        let Range { mut start, end } = places;
        let together = self.pace.together_commands();
        self.at_hand.clear();
        let mut applied = 0;
        loop {
            while start < end && self.at_hand.len() - applied + together <= self.pace.at_hand_commands {
                let handed_over = together.min(end - start);
                watch.handed_over(handed_over);
                self.at_hand.extend((start..start + handed_over).map(|place| commands.command(place)));
                start += handed_over;
            }
            let next = self.at_hand.len().min(applied + together);
            if applied == next {
                return;
            }
            for place in applied..next {
                self.apply_one(place, tally, watch);
            }
            applied = next;
            if applied >= APPLIED_KEPT {
                self.at_hand.drain(..applied);
                applied = 0;
            }
        }
    }

    /// Applies the command at a place of those at hand.
    #[inline(always)]
    fn apply_one(&mut self, place: usize, tally: &mut Tally, watch: &mut impl Watch) {
        if self.pace.look_ahead {
            self.market.look_ahead(&self.at_hand, place);
        }
        self.sequence += 1;
        self.market.apply(Sequence::new(self.sequence), self.time, &self.at_hand[place], tally);
        tally.command += 1;
        watch.done();
    }
}

/// Every account's opening, and behind each its first deposit.
struct Enrolments<'a>(&'a Funding);

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
    /// So many commands are handed over.
    fn handed_over(&mut self, commands: usize);
    /// A command's last event has been told.
    fn done(&mut self);
}

/// Nobody looks.
struct NoWatch;

impl Watch for NoWatch {
    #[inline(always)]
    fn handed_over(&mut self, _commands: usize) {}
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
