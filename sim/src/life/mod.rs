//! The life of a synthetic France: residents debit, sell and buy, the regulator quotes and clears, year after year, all
//! through the node's queue like everybody else.

mod calendar;
mod enrolment;
mod habits;
mod knowledge;
mod outbox;
mod pricing;
mod regulator;
mod running;
mod year;

use std::sync::{Arc, Mutex};

use carbex_node::{Delivery, NodeHandle, Refusal, SubscribeRefusal, Subscription};
use carbex_rulebook::Trajectory;
use carbex_rules::RuleSet;
use carbex_vocabulary::{AccountId, DAY_NS, Sequence, TimestampNs};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use self::{knowledge::Knowledge, outbox::Outbox, pricing::Mid, year::Year};
use crate::population::{Population, SeasonTable};

pub use self::{
    calendar::{Appointment, WEEKS, appointments},
    knowledge::{Holding, Turnover},
    pricing::{FIRST_PRICE_UEUR, KAPPA, Mid as PriceRule, Quotes},
    running::RunningLife,
};

/// What the life is made of.
#[derive(Clone, Debug)]
pub struct LifeOptions {
    /// Who lives.
    pub population: Population,
    /// The seed of what they decide.
    pub seed: u64,
    /// The rules in force (their decisions look at lots, ticks and caps, as anybody's would).
    pub rules: RuleSet,
    /// The path of the yearly endowment.
    pub trajectory: Trajectory,
    /// The first budget year does not open before this instant; later ones follow each other.
    pub opens_at: TimestampNs,
    /// Accounts whose points are used but for whom nobody trades: left to whoever logs in as them.
    pub guests: Vec<AccountId>,
}

/// Why the life ended, or could not begin.
#[derive(Debug, thiserror::Error)]
pub enum LifeFault {
    /// The node takes nothing more.
    #[error("the exchange is stopping")]
    Stopping,
    /// Asked to end while the disk has no room: what was decided and not yet taken is dropped.
    #[error("the disk is full: what the residents had decided and the exchange had not yet taken is dropped")]
    NoRoom,
    /// The node publishes faster than the life reads, and even its present state could not be had.
    #[error("the exchange cannot be followed: {0}")]
    Unreadable(#[from] SubscribeRefusal),
    /// The node's tables have no room for all residents.
    #[error(
        "this exchange has no room for {residents} new residents: draw as many as it was founded with, from the same seed, or \
         found a new one"
    )]
    TablesFull {
        /// How many were to be enrolled.
        residents: u64,
    },
    /// The trajectory knows no endowment for that year.
    #[error("the rules know no endowment for {0}: start the market in their first year or later")]
    NoEndowment(u32),
}

impl From<Refusal> for LifeFault {
    /// Only a stop, or a disk without room at the end, reaches this far: every other refusal is waited out where it happens.
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::SpaceLow | Refusal::SpaceExhausted => Self::NoRoom,
            Refusal::Stopping | Refusal::Overloaded | Refusal::KeyReused | Refusal::KeysExhausted => Self::Stopping,
        }
    }
}

/// How the life goes, for whoever watches.
#[derive(Clone, Debug, Default)]
pub struct LifeStatus {
    /// Commands that the node took from the life.
    pub commands: u64,
    /// Refusals met at the door; each was offered again.
    pub refused: u64,
    /// Rejections by rules, by name, most frequent first.
    pub rejections: Vec<(&'static str, u64)>,
    /// Citizens' trades.
    pub turnover: Turnover,
    /// The price that the quotes surround, in µ€ per point.
    pub mid_ueur: u64,
    /// Weekly totals that were merged into the next because the life fell behind its clock.
    pub merged: u64,
    /// Budget years closed.
    pub years_closed: u32,
    /// Times that the stream of events outran the life, which then asked for the present state.
    pub outrun: u64,
}

/// Residents visited between two looks at the clock and at what the node published.
const VISITS_MAX: usize = 1_024;
/// Commands that may wait in the outbox before new visits wait too.
const OUTBOX_COMMANDS_MAX: usize = 4_096;

/// The life itself; see [`Life::begin`].
pub struct Life {
    node: NodeHandle,
    options: LifeOptions,
    random: ChaCha8Rng,
    knowledge: Knowledge,
    outbox: Outbox,
    stream: Subscription,
    /// The last command whose events were read.
    read_up_to: Sequence,
    /// Grams that each resident was to consume this year so far: debited, on their way, or forgone.
    asked_g: Vec<u64>,
    is_guest: Vec<bool>,
    seasons: SeasonTable,
    year: Option<Year>,
    /// The last budget year that closed here.
    last_year: Option<u32>,
    mid: Mid,
    /// Visits paid this year.
    visits: u64,
    last_tick_ns: u64,
    status: Arc<Mutex<LifeStatus>>,
    counts: LifeStatus,
}

impl Life {
    /// Reads what the node holds, and decides nothing yet.
    ///
    /// # Errors
    /// `Stopping`; `Unreadable` if the node's stream cannot be followed.
    pub fn begin(node: NodeHandle, options: LifeOptions) -> Result<Self, LifeFault> {
        let residents = options.population.len();
        let is_guest =
            options.population.residents().iter().map(|person| options.guests.contains(&person.account)).collect();
        let mut life = Self {
            stream: node.subscribe(Sequence::new(node.market().sequence.number() + 1))?,
            read_up_to: Sequence::default(),
            random: ChaCha8Rng::seed_from_u64(options.seed),
            knowledge: Knowledge::new(&options.population),
            outbox: Outbox::new(node.clone()),
            asked_g: vec![0; residents],
            is_guest,
            seasons: SeasonTable::new(365),
            year: None,
            last_year: None,
            mid: Mid::new(FIRST_PRICE_UEUR),
            visits: 0,
            last_tick_ns: 0,
            status: Arc::default(),
            counts: LifeStatus::default(),
            node,
            options,
        };
        life.learn()?;
        life.take_up_year();
        Ok(life)
    }

    /// How it goes, as of the last turn.
    pub fn status(&self) -> Arc<Mutex<LifeStatus>> {
        Arc::clone(&self.status)
    }

    /// Whether the life believes of all accounts what the market holds (after [`Self::settle`]).
    ///
    /// # Errors
    /// The first account of which it does not, with both pictures.
    pub fn knowledge_agrees(&self) -> Result<(), String> {
        let mut told = Knowledge::new(&self.options.population);
        self.read_all(&mut told).map_err(|fault| fault.to_string())?;
        self.knowledge.agrees_with(&told)
    }

    /// One turn: reads what happened, keeps the regulator's appointments, pays the visits that are due. Answers whether
    /// there was anything to do.
    ///
    /// # Errors
    /// `Stopping` when the node does; `NoEndowment` when the trajectory ends.
    pub fn turn(&mut self) -> Result<bool, LifeFault> {
        self.follow()?;
        let kept = self.keep_appointments()?;
        let visited = if self.outbox.len() < OUTBOX_COMMANDS_MAX { self.pay_visits() } else { 0 };
        self.tick();
        let busy = self.outbox.len() > 0;
        if busy {
            self.outbox.offer()?;
        }
        self.report();
        Ok(kept || visited > 0 || busy)
    }

    /// Folds everything published since the last turn.
    pub(crate) fn follow(&mut self) -> Result<(), LifeFault> {
        while let Some(delivery) = self.stream.try_next() {
            match delivery {
                Delivery::Group(group) => {
                    for record in group.records() {
                        // What was refused for want of points was not consumed: it stays in `asked_g` and is not asked again.
                        self.knowledge.fold(&record);
                    }
                    self.read_up_to = group.last;
                }
                Delivery::Lagged { .. } => {
                    self.counts.outrun += 1;
                    self.learn()?;
                }
                Delivery::Closed => return Err(LifeFault::Stopping),
            }
        }
        Ok(())
    }

    /// Lets time pass for the market too: day orders expire, indicative prices appear.
    fn tick(&mut self) {
        const TICK_NS: u64 = DAY_NS / 4;
        let now_ns = self.node.now().ns();
        if now_ns.saturating_sub(self.last_tick_ns) >= TICK_NS {
            self.last_tick_ns = now_ns;
            self.outbox.push(outbox::by_exchange(carbex_core::Command::Tick));
        }
    }

    fn report(&mut self) {
        self.counts.commands = self.outbox.taken;
        self.counts.refused = self.outbox.refused;
        self.counts.turnover = self.knowledge.total;
        self.counts.mid_ueur = self.mid.ueur() as u64;
        self.counts.rejections = self.knowledge.rejections.iter().map(|(code, times)| (code.name(), *times)).collect();
        self.counts.rejections.sort_by(|left, right| right.1.cmp(&left.1).then(left.0.cmp(right.0)));
        // A watcher that died while looking left nothing half-written: the status is replaced whole.
        *self.status.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = self.counts.clone();
    }
}
