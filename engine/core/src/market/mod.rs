//! The market: the whole state, and `apply`: check first (read only), then change; after the first write nothing rejects.

mod accounts;
mod allowances;
mod auction;
mod continuous;
mod distribution;
mod execution;
mod facility;
mod ledger;
mod look_ahead;
mod marks;
mod money;
mod operation;
mod orders;
mod outcome;
mod period;
mod points;
mod rationing;
mod read;
mod regulator;
mod settlement;
mod settlement_state;
mod state;
mod uncross;
mod year;

pub use read::{DepthLevel, RestingOrder};
pub use settlement::Progress;
pub use state::StateFault;

use carbex_rules::{Band, RuleSet};
use carbex_vocabulary::{
    AccountId, CancelReason, DAY_NS, Event, OrderId, Phase, Reject, RejectCode, Sequence, Side, TimeInForce,
    TimestampNs,
};

use crate::accounts::{AccountSlot, AccountTable};
use crate::book::{Book, Order, OrderSlot};
use crate::{Command, PublicFields, Quote};
use allowances::Allowances;
use outcome::Later;
use rationing::Claims;
use settlement::Settlement;
use year::Year;

/// Where the core puts what happened, in order.
pub trait Events {
    /// Takes one event.
    fn emit(&mut self, event: Event);
    /// What came before the command is told (day orders that ended, accounts that were settled): its own outcome is next.
    fn outcome_is_next(&mut self) {}
}

impl Events for Vec<Event> {
    fn emit(&mut self, event: Event) {
        self.push(event);
    }
}

/// How much the tables hold; declared once, allocated at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacities {
    /// Accounts ever opened (closed ones keep their place).
    pub accounts: u32,
    /// Orders resting at once.
    pub orders: u32,
    /// Accounts that one command settles in their turn at most, when an operation on all of them waits (0 counts as 1);
    /// `u32::MAX` = every operation is done at once. Another number changes when events are told, never what they say of
    /// an account.
    pub slice_accounts: u32,
}

/// The whole market. Same commands, same events, same state hash, on any machine.
pub struct Market {
    sequence: Sequence,
    time: TimestampNs,
    rules: RuleSet,
    phase: Phase,
    band: Band,
    buyback: Quote,
    sale: Quote,
    /// The price of this year's last uncross with volume, in µ€ per point.
    reference_ueur: Option<u64>,
    /// When the last indicative price was told.
    indicative_at: Option<TimestampNs>,
    year: Option<Year>,
    public: PublicFields,
    /// Counts entries into the book: an order's time of priority.
    next_priority: u64,
    accounts: AccountTable,
    book: Book,
    /// Operations on all accounts that some have yet to take.
    settlement: Settlement,
    claims: Claims,
    allowances: Allowances,
    /// What the command under way tells after its trades.
    later: Later,
    /// The command under way moved a quote, the available volume or the phase: resting orders may be served.
    facility_moved: bool,
}

/// What a rule says: go on, or no.
type Checked<T = ()> = Result<T, Reject>;

impl Market {
    /// An empty market under `rules`: closed, no budget year. All memory it will ever need is asked for here.
    pub fn new(capacities: Capacities, rules: RuleSet) -> Self {
        let band = Band { floor_ueur: rules.band.floor_ueur, ceiling_ueur: rules.band.ceiling_ueur };
        Self {
            sequence: Sequence::new(0),
            time: TimestampNs::new(0),
            rules,
            phase: Phase::Closed,
            band,
            buyback: Quote::default(),
            sale: Quote::default(),
            reference_ueur: None,
            indicative_at: None,
            year: None,
            public: PublicFields::default(),
            next_priority: 1,
            accounts: AccountTable::new(capacities.accounts),
            book: Book::new(capacities.orders, band, rules.market.tick_ueur),
            settlement: Settlement::new(capacities.accounts, capacities.slice_accounts),
            claims: Claims::new(capacities.orders),
            allowances: Allowances::new(),
            later: Later::default(),
            facility_moved: false,
        }
    }

    /// Applies one command; answers with events only.
    ///
    /// # Panics
    /// When `time` goes backwards or `sequence` does not grow: the caller's fault, never a citizen's.
    pub fn apply(&mut self, sequence: Sequence, time: TimestampNs, command: &Command, events: &mut impl Events) {
        assert!(sequence > self.sequence && time >= self.time, "commands come in order of sequence and time");
        self.sequence = sequence;
        self.time = time;
        self.facility_moved = false;
        self.turn_day(events);
        if self.settlement.is_under_way() {
            self.settle_before(command, events);
        }
        events.outcome_is_next();
        if let Err(reject) = self.perform(command, events) {
            events.emit(Event::Rejected(reject));
        }
        self.later.tell(events);
    }

    fn perform(&mut self, command: &Command, events: &mut impl Events) -> Checked {
        match *command {
            Command::OpenPeriod { year, endowment, reserve, cap } => {
                self.open_period(year, endowment, reserve, cap, events)
            }
            Command::ClosePeriod => self.close_period(events),
            Command::OpenAccount { account, share, household } => self.open_account(account, share, household, events),
            Command::CloseAccount { account } => self.close_account(account, events),
            Command::SetShare { account, share } => self.set_share(account, share, events),
            Command::SetHousehold { account, household } => self.set_household(account, household, events),
            Command::SetObligation { account, quantity } => self.set_obligation(account, quantity, events),
            Command::Freeze { account } => self.freeze(account, events),
            Command::Unfreeze { account } => self.unfreeze(account, events),
            Command::Allot { account, quantity } => self.allot(account, quantity, events),
            Command::AllotAll { fraction } => self.allot_all(fraction, events),
            Command::Deposit { account, amount } => self.deposit(account, amount, events),
            Command::Withdraw { account, amount } => self.withdraw(account, amount, events),
            Command::Debit { account, quantity, mode } => self.debit(account, quantity, mode, events),
            Command::Refund { account, quantity } => self.refund(account, quantity, events),
            Command::Place { account, client_order_id, side, quantity, price, tif } => {
                self.place(account, client_order_id, side, quantity, price, tif, events)
            }
            Command::Cancel { account, order } => self.cancel(account, order, events),
            Command::Replace { account, order, quantity, price } => {
                self.replace(account, order, quantity, price, events)
            }
            Command::SetPhase { phase } => self.set_phase(phase, events),
            Command::SetBand { floor, ceiling } => self.set_band(floor, ceiling, events),
            Command::SetBuyback { price, volume, budget } => self.set_buyback(price, volume, budget, events),
            Command::SetSale { price, volume } => self.set_sale(price, volume, events),
            Command::FundTreasury { amount } => self.fund_treasury(amount, events),
            Command::DrawTreasury { amount } => self.draw_treasury(amount, events),
            Command::ReleaseReserve { quantity } => self.release_reserve(quantity, events),
            Command::Uncross => self.uncross(events),
            Command::Distribute => self.distribute(events),
            Command::SetRules { rules } => self.set_rules(rules, events),
            Command::Tick => self.tick(events),
        }
    }

    /// Counts the days of the budget year; day orders of an earlier day go before the command is looked at.
    fn turn_day(&mut self, events: &mut impl Events) {
        let Some(year) = &mut self.year else { return };
        // Most commands come on the day of the one before.
        let since_start_ns = self.time.ns() - year.start.ns();
        let day_start_ns = year.day.saturating_mul(DAY_NS);
        if since_start_ns.wrapping_sub(day_start_ns) < DAY_NS {
            return;
        }
        let day = since_start_ns / DAY_NS;
        year.day = day;
        self.allowances.forget();
        if self.book.day_orders() == 0 {
            return;
        }
        for side in [Side::Sell, Side::Buy] {
            self.cancel_in_line(side, |order| order.tif == TimeInForce::Day, CancelReason::Expired, events);
        }
    }

    /// Cancels the orders of one side that `chosen` names, best price first, then oldest.
    fn cancel_in_line(
        &mut self,
        side: Side,
        chosen: impl Fn(&Order) -> bool,
        reason: CancelReason,
        events: &mut impl Events,
    ) {
        let mut next = self.book.best(side);
        while let Some(slot) = next {
            next = self.book.behind(slot);
            let order = self.book.order(slot);
            if chosen(&order) {
                self.catch_up(order.account, events);
                events.emit(self.cancel_order(slot, reason));
            }
        }
    }

    /// Takes an order out of the book, gives back what it reserves, and answers the event.
    fn cancel_order(&mut self, slot: OrderSlot, reason: CancelReason) -> Event {
        let order = self.book.order(slot);
        self.take_out(slot, order.account);
        ledger::give_back(self.accounts.hot_mut(order.account), order.side, order.quantity_g, order.price_ueur);
        self.cancelled(order.account, order.id, order.quantity_g, reason)
    }

    fn cancelled(&self, account: AccountSlot, order: OrderId, quantity_g: i64, reason: CancelReason) -> Event {
        Event::Cancelled { account: self.accounts.id(account), order, quantity: ledger::quantity(quantity_g), reason }
    }

    /// An account by its number.
    #[inline(always)]
    fn find(&self, account: AccountId) -> Checked<AccountSlot> {
        self.accounts.find(account).ok_or(Reject::plain(RejectCode::UnknownAccount))
    }

    /// The open budget year.
    fn open_year(&self) -> Checked<&Year> {
        self.year.as_ref().ok_or(Reject::plain(RejectCode::NoPeriod))
    }
}
