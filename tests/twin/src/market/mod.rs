//! The twin: the whole market as sections 2 to 6 of its specification state it, slow and obvious. Whole `i128`
//! numbers, vectors scanned from end to end, no index, no cache: what is here must be right by reading.

mod accounts;
mod answer;
mod auction;
mod citizens;
mod continuous;
mod facility;
mod limits;
mod order_checks;
mod orders;
mod posted;
mod public;
mod rationing;
mod regulator;
mod rule_changes;
mod settlement;
mod year;

use carbex_core::{Capacities, Command};
use carbex_rules::{Band, RuleSet};
use carbex_vocabulary::{Event, Phase, Sequence, TimestampNs};

use accounts::Account;
use answer::Answer;
pub use facility::Offer;
pub use orders::Order;
pub use public::Public;
pub use year::Year;

/// The whole market, slow and obvious.
pub struct Twin {
    capacities: Capacities,
    rules: RuleSet,
    /// Time of the command at hand.
    now_ns: i128,
    /// Sequence of the command at hand.
    sequence: Sequence,
    phase: Phase,
    band: Band,
    buyback: Offer,
    sale: Offer,
    /// Price of this year's last uncross with volume.
    reference_ueur: Option<i128>,
    year: Option<Year>,
    public: Public,
    /// In the order in which they were opened.
    accounts: Vec<Account>,
    /// Open orders, in no particular order.
    orders: Vec<Order>,
    /// The next time of priority: a counter, because two orders may enter in the same nanosecond.
    next_priority: u64,
    /// When the last indicative price was published.
    indicative_ns: Option<i128>,
    answer: Answer,
}

impl Twin {
    /// An empty market under `rules`: closed, no budget year.
    pub fn new(capacities: Capacities, rules: RuleSet) -> Self {
        Self {
            capacities,
            rules,
            now_ns: 0,
            sequence: Sequence::new(0),
            phase: Phase::Closed,
            band: Band { floor_ueur: rules.band.floor_ueur, ceiling_ueur: rules.band.ceiling_ueur },
            buyback: Offer::default(),
            sale: Offer::default(),
            reference_ueur: None,
            year: None,
            public: Public::default(),
            accounts: Vec::new(),
            orders: Vec::new(),
            next_priority: 0,
            indicative_ns: None,
            answer: Answer::default(),
        }
    }

    /// Applies one command and answers with its events: day orders expired before it; its outcome; trades;
    /// cancellations; the rest.
    pub fn apply(&mut self, sequence: Sequence, time: TimestampNs, command: &Command) -> Vec<Event> {
        self.now_ns = i128::from(time.ns());
        self.sequence = sequence;
        self.answer = Answer::default();
        self.expire_day_orders();
        let before = self.what_resting_orders_look_at();
        match self.carry_out(command) {
            Err(reject) => self.answer.outcome.push(Event::Rejected(reject)),
            Ok(()) if self.what_resting_orders_look_at() != before || sets_anew(command) => {
                self.serve_resting_orders();
            }
            Ok(()) => {}
        }
        std::mem::take(&mut self.answer).into_events()
    }

    /// The rules in force.
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    fn carry_out(&mut self, command: &Command) -> answer::Outcome {
        match *command {
            Command::OpenPeriod { year, endowment, reserve, cap } => self.open_period(year, endowment, reserve, cap),
            Command::ClosePeriod => self.close_period(),
            Command::OpenAccount { account, share, household } => self.open_account(account, share, household),
            Command::CloseAccount { account } => self.close_account(account),
            Command::SetShare { account, share } => self.set_share(account, share),
            Command::SetHousehold { account, household } => self.set_household(account, household),
            Command::SetObligation { account, quantity } => self.set_obligation(account, quantity),
            Command::Freeze { account } => self.freeze(account),
            Command::Unfreeze { account } => self.unfreeze(account),
            Command::Allot { account, quantity } => self.allot(account, quantity),
            Command::AllotAll { fraction } => self.allot_all(fraction),
            Command::Deposit { account, amount } => self.deposit(account, amount),
            Command::Withdraw { account, amount } => self.withdraw(account, amount),
            Command::Debit { account, quantity, mode } => self.debit(account, quantity, mode),
            Command::Refund { account, quantity } => self.refund(account, quantity),
            Command::Place { account, client_order_id, side, quantity, price, tif } => {
                self.place(account, client_order_id, side, quantity, price, tif)
            }
            Command::Cancel { account, order } => self.cancel(account, order),
            Command::Replace { account, order, quantity, price } => self.replace(account, order, quantity, price),
            Command::SetPhase { phase } => self.set_phase(phase),
            Command::SetBand { floor, ceiling } => self.set_band(floor, ceiling),
            Command::SetBuyback { price, volume, budget } => self.set_buyback(price, volume, budget),
            Command::SetSale { price, volume } => self.set_sale(price, volume),
            Command::FundTreasury { amount } => self.fund_treasury(amount),
            Command::DrawTreasury { amount } => self.draw_treasury(amount),
            Command::ReleaseReserve { quantity } => self.release_reserve(quantity),
            Command::Uncross => self.uncross(),
            Command::Distribute => self.distribute(),
            Command::SetRules { rules } => self.set_rules(rules),
            Command::Tick => self.tick(),
        }
    }

    fn lot_g(&self) -> i128 {
        i128::from(self.rules.market.lot_g)
    }

    fn tick_ueur(&self) -> i128 {
        i128::from(self.rules.market.tick_ueur)
    }

    fn spread_ueur(&self) -> i128 {
        i128::from(self.rules.market.spread_ueur)
    }
}

/// Quotes and the phase set anew count as moved even when they are what they were. It shows only after a `set_rules`
/// that made posted sales immediate while buys waited: the next such command serves them.
fn sets_anew(command: &Command) -> bool {
    matches!(command, Command::SetPhase { .. } | Command::SetBuyback { .. } | Command::SetSale { .. })
}
