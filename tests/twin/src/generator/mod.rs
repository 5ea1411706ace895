//! Random command streams, driven by one seed. The generator looks at the twin's state to reach deep states: live orders
//! to cancel and replace, prices near the quotes, quantities exactly at a limit.

mod citizens;
mod mix;
mod orders;
mod regulator;
mod world;

use carbex_core::{Capacities, Command, MarketFields};
use carbex_rules::RuleSet;
use carbex_vocabulary::{AccountId, AccountStatus, CancelReason, Event, OrderId, Phase, TimestampNs};
use fastrand::Rng;

use crate::Twin;
use mix::{Kind, Mix};
use world::{chance, pick};

/// Midnight in Paris, 1 January 2027, in nanoseconds.
const FIRST_NS: u64 = 1_798_758_000_000_000_000;

/// More than any table holds.
pub(crate) const HUGE: u64 = 1 << 61;

/// A random stream of commands; the same seed gives the same stream over the same twin.
pub struct Generator {
    rng: Rng,
    mix: Mix,
    capacities: Capacities,
    first_rules: RuleSet,
    now_ns: u64,
    /// How many commands were drawn.
    drawn: u64,
    /// The last command and what it was told, if that was no.
    refused: Option<(Command, carbex_vocabulary::Reject)>,
    /// What was drawn last.
    last: Option<Command>,
    /// How many more commands the years turn fast, closing, opening and allotting back to back.
    turning: u32,
    /// Some order that the last year's end cancelled.
    ended: Option<OrderId>,
}

/// What the generator sees of the market before it draws.
struct Scene<'a> {
    twin: &'a Twin,
    fields: MarketFields,
    rules: RuleSet,
}

impl Generator {
    /// The stream of that seed.
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let capacities = world::capacities(&mut rng);
        let first_rules = world::rules(&mut rng);
        let mix = Mix::new(&mut rng, capacities);
        Self {
            rng,
            mix,
            capacities,
            first_rules,
            now_ns: FIRST_NS,
            drawn: 0,
            refused: None,
            last: None,
            turning: 0,
            ended: None,
        }
    }

    /// The tables and the rules that the stream is meant for.
    pub fn world(&self) -> (Capacities, RuleSet) {
        (self.capacities, self.first_rules)
    }

    /// Tells the generator what its last command came to: a refusal may be tried again at its limit.
    pub fn heard(&mut self, events: &[Event]) {
        self.refused = None;
        for event in events {
            if let (Event::Rejected(reject), Some(command)) = (event, self.last) {
                self.refused = Some((command, *reject));
            }
            if let Event::Cancelled { order, reason: CancelReason::PeriodClosed, .. } = event {
                self.ended = Some(*order);
            }
        }
    }

    /// The next command and its time.
    pub fn next(&mut self, twin: &Twin) -> (TimestampNs, Command) {
        let scene = Scene { twin, fields: twin.fields(), rules: *twin.rules() };
        let again = self.refused.filter(|_| chance(&mut self.rng, self.mix.insists));
        let command = match again.and_then(|(command, reject)| self.at_the_limit(&command, &reject, &scene)) {
            Some(command) => command,
            None => {
                let start_ns = scene.fields.period.map(|period| period.start_ns);
                self.now_ns = self.mix.advance(&mut self.rng, self.now_ns, start_ns);
                self.draw(&scene)
            }
        };
        self.drawn += 1;
        self.last = Some(command);
        (TimestampNs::new(self.now_ns), command)
    }

    fn draw(&mut self, scene: &Scene) -> Command {
        if let Some(command) = self.what_the_market_needs(scene) {
            return command;
        }
        if let Some(command) = self.turn_of_years(scene) {
            return command;
        }
        match self.mix.kind(&mut self.rng) {
            Kind::Place => self.place(scene),
            Kind::Replace => self.replace(scene),
            Kind::Cancel => self.cancel(scene),
            Kind::Debit => self.debit(scene),
            Kind::Refund => self.refund(scene),
            Kind::Deposit => self.deposit(scene),
            Kind::Withdraw => self.withdraw(scene),
            Kind::Allot => self.allot(scene),
            Kind::AllotAll => self.allot_all(),
            Kind::OpenAccount => self.open_account(scene),
            Kind::CloseAccount => self.close_account(scene),
            Kind::SetShare => self.set_share(scene),
            Kind::SetHousehold => self.set_household(scene),
            Kind::SetObligation => self.set_obligation(scene),
            Kind::Freeze => Command::Freeze { account: self.account(scene) },
            Kind::Unfreeze => Command::Unfreeze { account: self.frozen_account(scene) },
            Kind::SetPhase => Command::SetPhase { phase: self.mix.phase(&mut self.rng) },
            Kind::SetBand => self.set_band(scene),
            Kind::SetBuyback => self.set_buyback(scene),
            Kind::SetSale => self.set_sale(scene),
            Kind::FundTreasury => self.fund_treasury(scene),
            Kind::DrawTreasury => self.draw_treasury(scene),
            Kind::ReleaseReserve => self.release_reserve(scene),
            Kind::Uncross => self.uncross(scene),
            Kind::Distribute => self.distribute(scene),
            Kind::SetRules => self.set_rules(scene, false),
            Kind::OpenPeriod => self.open_period(scene),
            Kind::ClosePeriod => Command::ClosePeriod,
            Kind::Tick => Command::Tick,
        }
    }

    /// Now and then many operations on all accounts follow each other, with a few commands of citizens between.
    fn turn_of_years(&mut self, scene: &Scene) -> Option<Command> {
        if self.turning == 0 {
            if !chance(&mut self.rng, 1) || !chance(&mut self.rng, 25) {
                return None;
            }
            self.turning = pick(&mut self.rng, &[3, 8, 8, 30]);
        }
        self.turning -= 1;
        if scene.fields.period.is_none() {
            return Some(self.open_period(scene));
        }
        match self.rng.u32(..20) {
            0..9 => Some(self.allot_all()),
            9..13 => Some(Command::ClosePeriod),
            13 => Some(Command::SetPhase { phase: self.mix.phase(&mut self.rng) }),
            14 => Some(self.draw_treasury(scene)),
            15 => Some(self.debit(scene)),
            16 => match self.ended {
                Some(order) => Some(Command::Cancel { account: self.account(scene), order }),
                None => Some(self.cancel(scene)),
            },
            17 if chance(&mut self.rng, 10) => Some(self.flood(scene)),
            _ => Some(self.place(scene)),
        }
    }

    /// Keeps the stream out of dead ends: accounts, a budget year, points, money, an open phase.
    fn what_the_market_needs(&mut self, scene: &Scene) -> Option<Command> {
        let active =
            scene.twin.accounts().iter().filter(|account| account.1.status == AccountStatus::Active).count() as u64;
        let room = scene.fields.accounts < u64::from(self.capacities.accounts);
        if scene.fields.period.is_none() && chance(&mut self.rng, 50) {
            return Some(if chance(&mut self.rng, 15) { self.set_rules(scene, true) } else { self.open_period(scene) });
        }
        if active < self.mix.accounts && room && chance(&mut self.rng, 40) {
            return Some(self.open_account(scene));
        }
        if active < 2 && chance(&mut self.rng, 50) {
            return Some(Command::Unfreeze { account: self.frozen_account(scene) });
        }
        let period = scene.fields.period?;
        if period.allotted_fraction_bp == 0 && active > 0 && chance(&mut self.rng, 10) {
            return Some(self.allot_all());
        }
        if scene.fields.phase == Phase::Closed && chance(&mut self.rng, 20) {
            return Some(Command::SetPhase { phase: self.mix.phase(&mut self.rng) });
        }
        if scene.fields.band.ceiling_ueur > 1 << 50 && chance(&mut self.rng, 10) {
            return Some(self.set_band(scene));
        }
        if period.endowment_g > 1 << 40 && chance(&mut self.rng, 2) {
            return Some(Command::ClosePeriod);
        }
        if period.day > u64::from(period.days) + 3 && chance(&mut self.rng, 5) {
            return Some(Command::ClosePeriod);
        }
        None
    }

    /// An account that was opened; rarely one that never was.
    fn account(&mut self, scene: &Scene) -> AccountId {
        let accounts = scene.twin.accounts();
        if accounts.is_empty() || chance(&mut self.rng, 1) {
            return AccountId::new(self.rng.u64(..));
        }
        // Closed accounts pile up; most commands should meet a living one.
        let living: Vec<AccountId> = accounts
            .iter()
            .filter(|account| account.1.status != AccountStatus::Closed)
            .map(|account| account.0)
            .collect();
        if living.is_empty() || chance(&mut self.rng, 2) {
            return pick(&mut self.rng, &accounts).0;
        }
        pick(&mut self.rng, &living)
    }

    fn frozen_account(&mut self, scene: &Scene) -> AccountId {
        let frozen: Vec<AccountId> = scene
            .twin
            .accounts()
            .iter()
            .filter(|account| account.1.status == AccountStatus::Frozen)
            .map(|account| account.0)
            .collect();
        if frozen.is_empty() || chance(&mut self.rng, 10) { self.account(scene) } else { pick(&mut self.rng, &frozen) }
    }

    fn is_wrong(&mut self) -> bool {
        chance(&mut self.rng, self.mix.wrong)
    }
}
