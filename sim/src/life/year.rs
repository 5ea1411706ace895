//! A budget year as the life runs it: its calendar, and the weekly visits in which residents debit and trade.

use carbex_core::{Command, PeriodFields};
use carbex_vocabulary::{AccountId, AmountUeur, DAY_NS, Phase, QuantityG};
use rand::Rng;

use super::{
    Life, VISITS_MAX,
    calendar::{Appointment, WEEKS, appointments},
    habits::{self, Today, Visit, Wish},
    outbox::{by_bank, by_citizen},
};
use crate::population::SeasonTable;

/// The open budget year.
#[derive(Clone, Debug)]
pub(super) struct Year {
    pub(super) number: u32,
    /// Years since the trajectory's first.
    pub(super) index: u32,
    start_ns: u64,
    pub(super) days: u32,
    pub(super) endowment_g: i64,
    /// What carbon cost when people settled this year's habits, in µ€ per point.
    habit_price_ueur: f64,
    /// What is still to be kept, latest first.
    appointments: Vec<(f64, Appointment)>,
}

impl Year {
    pub(super) fn new(period: &PeriodFields, first_year: u32, price_ueur: f64) -> Self {
        let mut appointments = appointments(period.days);
        appointments.reverse();
        Self {
            number: period.year,
            index: period.year.saturating_sub(first_year),
            start_ns: period.start_ns,
            days: period.days,
            endowment_g: i64::try_from(period.endowment_g).unwrap_or(i64::MAX),
            habit_price_ueur: price_ueur,
            appointments,
        }
    }

    /// Days since the start, with their fraction.
    pub(super) fn day_at(&self, now_ns: u64) -> f64 {
        now_ns.saturating_sub(self.start_ns) as f64 / DAY_NS as f64
    }

    /// Whether nothing is left but to close it.
    pub(super) fn closes_next(&self) -> bool {
        matches!(self.appointments.last(), Some((_, Appointment::YearCloses)) | None)
    }

    /// The next appointment whose time has come.
    pub(super) fn take_due(&mut self, now_ns: u64) -> Option<Appointment> {
        let day = self.day_at(now_ns);
        self.appointments.pop_if(|(due, _)| *due <= day).map(|(_, appointment)| appointment)
    }

    /// Those that are past when the life takes up a year that is under way.
    pub(super) fn skip_until(&mut self, now_ns: u64) {
        let day = self.day_at(now_ns);
        self.appointments.retain(|(due, appointment)| *due > day || *appointment == Appointment::YearCloses);
    }
}

/// Full rounds of visits that belong to `year_share` of a year.
pub(super) fn weeks_done(year_share: f64) -> f64 {
    year_share.min(1.0) * f64::from(WEEKS)
}

impl Life {
    /// Continues the year that the node is in, if it is in one.
    pub(super) fn take_up_year(&mut self) {
        let market = self.node.market().market;
        if market.sale.price_ueur > 0 && market.buyback.price_ueur > 0 {
            self.mid = super::Mid::new((market.sale.price_ueur + market.buyback.price_ueur) as f64 / 2.0);
        }
        let Some(period) = market.period else { return };
        let mut year = Year::new(&period, self.options.trajectory.first_year(), self.mid.ueur());
        let now_ns = self.node.now().ns();
        year.skip_until(now_ns);
        let share = year.day_at(now_ns) / f64::from(year.days);
        self.visits = (weeks_done(share) * self.options.population.len() as f64) as u64;
        self.seasons = SeasonTable::new(year.days);
        self.year = Some(year);
    }

    /// A year has just opened.
    pub(super) fn begin_year(&mut self, period: &PeriodFields) {
        self.year = Some(Year::new(period, self.options.trajectory.first_year(), self.mid.ueur()));
        self.seasons = SeasonTable::new(period.days);
        self.asked_g.fill(0);
        self.visits = 0;
    }

    /// Whether everyone has had the year's last visit.
    pub(super) fn year_is_settled(&self) -> bool {
        self.visits >= u64::from(WEEKS) * self.options.population.len() as u64
    }

    /// Pays the visits that are due, at most a handful; answers how many. A life that fell more than a week behind merges
    /// weeks: the next visit takes the total of both, so nobody's consumption is lost.
    pub(super) fn pay_visits(&mut self) -> usize {
        let residents = self.options.population.len() as u64;
        let Some(year) = self.year.take() else { return 0 };
        let handful = if residents == 0 { 0 } else { self.pay_visits_of(&year, residents) };
        self.year = Some(year);
        handful
    }

    fn pay_visits_of(&mut self, year: &Year, residents: u64) -> usize {
        let now_ns = self.node.now().ns();
        let year_share = year.day_at(now_ns) / f64::from(year.days);
        let due = (weeks_done(year_share) * residents as f64) as u64;
        let behind_rounds = due.saturating_sub(self.visits) / residents;
        // The last round is never merged away: it settles the year.
        let last_round = u64::from(WEEKS - 1) * residents;
        if behind_rounds > 0 && self.visits + residents <= last_round {
            let rounds = behind_rounds.min((last_round - self.visits) / residents);
            self.visits += rounds * residents;
            self.counts.merged += rounds * residents;
        }
        let handful = usize::try_from(due.saturating_sub(self.visits)).unwrap_or(VISITS_MAX).min(VISITS_MAX);
        if handful == 0 {
            return 0;
        }
        let market = self.node.market().market;
        let today = Today {
            year_share: year_share.min(1.0),
            day: (year.day_at(now_ns) as u32).min(year.days),
            days: year.days,
            endowment_g: year.endowment_g,
            band: market.band,
            takes_orders: takes_orders(market.phase),
            takes_cancels: takes_replaces(market.phase),
        };
        for _ in 0..handful {
            self.visit((self.visits % residents) as usize, (self.visits / residents) as u32, year, &today);
            self.visits += 1;
        }
        handful
    }

    /// One resident's week: the total of what was consumed, then what the resident wants.
    fn visit(&mut self, resident: usize, week: u32, year: &Year, today: &Today) {
        let person = &self.options.population.residents()[resident];
        let footprint_g = habits::footprint_g(person, year.index, year.habit_price_ueur);
        // The last week's bill covers the days that are left, so that the year closes with everything booked.
        let billed_share = if week + 1 >= WEEKS { 1.0 } else { today.year_share };
        let emitted_g = (footprint_g * self.seasons.emitted_share(person.season, billed_share)) as u64;
        let debit_g = emitted_g.saturating_sub(self.asked_g[resident]);
        if debit_g > 0 {
            self.asked_g[resident] = emitted_g;
            let mode = habits::debit_mode(person, week);
            let command = Command::Debit { account: person.account, quantity: QuantityG::new(debit_g), mode };
            self.outbox.push(by_bank(command));
        }
        if self.is_guest[resident] {
            return;
        }
        let holding = self.knowledge.holding(resident);
        let newest = holding.newest.and_then(|order| self.knowledge.order(order).map(|open| (order, *open)));
        let visit = Visit {
            resident: person,
            holding,
            newest,
            debit_g: i64::try_from(debit_g).unwrap_or(i64::MAX),
            to_come_g: (footprint_g as i64 - i64::try_from(emitted_g).unwrap_or(i64::MAX)).max(0),
            today,
            rules: &self.options.rules,
        };
        let account = person.account;
        for wish in visit.wishes(&mut self.random) {
            let tif = self.random.random_ratio(1, 10);
            self.outbox.push(submission(account, wish, tif));
        }
    }
}

/// Whether new orders enter in that phase.
const fn takes_orders(phase: Phase) -> bool {
    match phase {
        Phase::Auction | Phase::AuctionFreeze | Phase::Posted | Phase::Continuous => true,
        Phase::Closed | Phase::Halted => false,
    }
}

/// Whether open orders can be cancelled and replaced in that phase.
const fn takes_replaces(phase: Phase) -> bool {
    match phase {
        Phase::Auction | Phase::Posted | Phase::Continuous => true,
        Phase::AuctionFreeze | Phase::Closed | Phase::Halted => false,
    }
}

/// A wish as a command. One order in ten is for the day only (`for_the_day`).
fn submission(account: AccountId, wish: Wish, for_the_day: bool) -> carbex_node::Submission {
    use carbex_vocabulary::TimeInForce;
    match wish {
        Wish::Deposit { amount_ueur } => by_bank(Command::Deposit { account, amount: AmountUeur::new(amount_ueur) }),
        Wish::Withdraw { amount_ueur } => {
            by_citizen(account, Command::Withdraw { account, amount: AmountUeur::new(amount_ueur) })
        }
        Wish::Place { side, quantity_g, price } => by_citizen(
            account,
            Command::Place {
                account,
                client_order_id: None,
                side,
                quantity: QuantityG::new(quantity_g),
                price,
                tif: if for_the_day { TimeInForce::Day } else { TimeInForce::Gtc },
            },
        ),
        Wish::Replace { order, quantity_g, price } => {
            by_citizen(account, Command::Replace { account, order, quantity: QuantityG::new(quantity_g), price })
        }
        Wish::Cancel { order } => by_citizen(account, Command::Cancel { account, order }),
    }
}
