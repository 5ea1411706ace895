//! What the life knows of each resident's account: a fold over what the node publishes, as a bank's app would keep it.

use std::collections::HashMap;

use carbex_core::{AccountFields, Command, RestingOrder};
use carbex_node::PublishedRecord;
use carbex_vocabulary::{AccountId, Event, OrderId, PointsAccount, RejectCode, Side};

use crate::population::Population;

/// One account, as far as decisions need it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// Whether the account was opened.
    pub is_open: bool,
    /// Allotted and purchased points together, in grams; below zero is a deficit.
    pub points_g: i64,
    /// Points bought and not yet used, in grams: never for sale under the charter.
    pub purchased_g: i64,
    /// Consumed this year, in grams.
    pub consumed_g: i64,
    /// Sold this year, in grams.
    pub sold_g: i64,
    /// Bought this year, in grams.
    pub bought_g: i64,
    /// In open sells, in grams.
    pub open_sell_g: i64,
    /// In open buys, in grams.
    pub open_buy_g: i64,
    /// Money, what is reserved included, in µ€.
    pub cash_ueur: i64,
    /// Reserved for open buys, in µ€.
    pub reserved_ueur: i64,
    /// Penalties unpaid, in µ€.
    pub owed_ueur: i64,
    /// The newest open order.
    pub newest: Option<OrderId>,
}

/// An open order of anybody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    pub(super) resident: u32,
    pub(super) side: Side,
    pub(super) quantity_g: i64,
    pub(super) price_ueur: i64,
}

impl Open {
    /// What a buy reserves, in µ€ (lots and ticks make it whole).
    fn reserved_ueur(&self) -> i64 {
        match self.side {
            Side::Sell => 0,
            Side::Buy => self.quantity_g * self.price_ueur / 1000,
        }
    }
}

/// What happened since the counters were last taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turnover {
    /// Citizens' legs.
    pub trades: u64,
    /// Sold by citizens, in grams.
    pub sold_g: u64,
    /// Bought by citizens, in grams.
    pub bought_g: u64,
}

/// All accounts and open orders, and what came of the commands.
pub struct Knowledge {
    index_of: HashMap<AccountId, u32>,
    holdings: Vec<Holding>,
    orders: HashMap<OrderId, Open>,
    /// Since the start.
    pub(super) total: Turnover,
    /// Since the last quote.
    pub(super) since_quote: Turnover,
    /// By code, since the start.
    pub(super) rejections: HashMap<RejectCode, u64>,
    /// Accounts opened before the life began or since.
    pub(super) opened: u64,
}

impl Knowledge {
    /// Nothing known yet of `population`.
    pub(super) fn new(population: &Population) -> Self {
        let index_of = population.residents().iter().zip(0..).map(|(person, index)| (person.account, index)).collect();
        Self {
            index_of,
            holdings: vec![Holding::default(); population.len()],
            orders: HashMap::new(),
            total: Turnover::default(),
            since_quote: Turnover::default(),
            rejections: HashMap::new(),
            opened: 0,
        }
    }

    /// What is known of the index-th resident.
    pub(super) fn holding(&self, resident: usize) -> &Holding {
        &self.holdings[resident]
    }

    /// An open order, if it is one.
    pub(super) fn order(&self, order: OrderId) -> Option<&Open> {
        self.orders.get(&order)
    }

    fn resident(&self, account: AccountId) -> Option<usize> {
        self.index_of.get(&account).map(|index| *index as usize)
    }

    /// Takes an account as the node told it, after [`Self::forget_all`].
    pub(super) fn set(&mut self, account: AccountId, fields: &AccountFields, orders: &[RestingOrder]) {
        let Some(resident) = self.resident(account) else { return };
        self.opened += 1;
        self.holdings[resident] = Holding {
            is_open: true,
            points_g: fields.allotted_g + fields.purchased_g,
            purchased_g: fields.purchased_g,
            consumed_g: fields.consumed_g,
            sold_g: fields.sold_g,
            bought_g: fields.bought_g,
            open_sell_g: fields.open_sell_g,
            open_buy_g: fields.open_buy_g,
            cash_ueur: fields.cash_ueur,
            reserved_ueur: fields.cash_reserved_ueur,
            owed_ueur: fields.owed_ueur,
            newest: orders.last().map(|resting| resting.order),
        };
        for resting in orders {
            let open = Open {
                resident: resident as u32,
                side: resting.side,
                quantity_g: resting.quantity_g as i64,
                price_ueur: resting.price_ueur as i64,
            };
            self.orders.insert(resting.order, open);
        }
    }

    /// Before everything is told anew.
    pub(super) fn forget_all(&mut self) {
        self.orders.clear();
        self.holdings.fill(Holding::default());
        self.opened = 0;
    }

    /// Whether the index-th resident's account is open.
    pub(super) fn is_open(&self, resident: usize) -> bool {
        self.holdings[resident].is_open
    }

    /// What is known of all residents, in their order.
    pub(super) fn holdings(&self) -> &[Holding] {
        &self.holdings
    }

    /// Takes one durable command and what it caused.
    pub(super) fn fold(&mut self, record: &PublishedRecord<'_>) {
        for event in record.events {
            match *event {
                Event::Rejected(reject) => *self.rejections.entry(reject.code).or_default() += 1,
                Event::Accepted { account, order } => self.accept(record, account, order),
                Event::Trade { account, order, side, quantity, value, .. } => {
                    self.count_trade(side, quantity.g());
                    self.shrink(order, quantity.g() as i64);
                    if let Some(resident) = self.resident(account) {
                        self.holdings[resident].trade(side, quantity.g() as i64, value.ueur() as i64);
                    }
                }
                Event::Cancelled { order, quantity, .. } => self.shrink(order, quantity.g() as i64),
                Event::AccountOpened { account, .. } => {
                    self.opened += u64::from(self.resident(account).is_some());
                    self.change(account, |holding| holding.is_open = true);
                }
                Event::PeriodOpened { .. } => self.holdings.iter_mut().for_each(Holding::open_year),
                Event::PeriodClosed { .. } => self.holdings.iter_mut().for_each(|holding| holding.purchased_g = 0),
                Event::Allotted { account, quantity, repaid } => {
                    self.change(account, |holding| holding.points_g += quantity.g() as i64 - repaid.g() as i64);
                }
                Event::Deposited { account, amount, owed_paid } => self.change(account, |holding| {
                    holding.owed_ueur -= owed_paid.ueur() as i64;
                    holding.cash_ueur += amount.ueur() as i64 - owed_paid.ueur() as i64;
                }),
                Event::Withdrawn { account, amount } => {
                    self.change(account, |holding| holding.cash_ueur -= amount.ueur() as i64);
                }
                Event::Debited { account, quantity, purchased, .. } => self.change(account, |holding| {
                    holding.points_g -= quantity.g() as i64;
                    holding.purchased_g -= purchased.g() as i64;
                    holding.consumed_g += quantity.g() as i64;
                }),
                Event::Refunded { account, quantity, purchased } => self.change(account, |holding| {
                    holding.points_g += quantity.g() as i64;
                    holding.purchased_g += purchased.g() as i64;
                    holding.consumed_g -= quantity.g() as i64;
                }),
                Event::Expired { from: PointsAccount::Citizen(account), quantity } => {
                    self.change(account, |holding| holding.points_g -= quantity.g() as i64);
                }
                Event::Penalty { account, deficit, charged, paid, .. } => self.change(account, |holding| {
                    holding.points_g += deficit.g() as i64;
                    holding.cash_ueur -= paid.ueur() as i64;
                    holding.owed_ueur += charged.ueur() as i64 - paid.ueur() as i64;
                }),
                Event::AccountClosed { account, .. } => self.change(account, |holding| {
                    (holding.points_g, holding.purchased_g) = (0, 0);
                }),
                Event::Expired { from: PointsAccount::Inventory | PointsAccount::Reserve, .. }
                | Event::AuctionResult { .. }
                | Event::Indicative { .. }
                | Event::ShareSet { .. }
                | Event::HouseholdSet { .. }
                | Event::ObligationSet { .. }
                | Event::Frozen { .. }
                | Event::Unfrozen { .. }
                | Event::AllottedAll { .. }
                | Event::PhaseSet { .. }
                | Event::BandSet { .. }
                | Event::BuybackSet { .. }
                | Event::SaleSet { .. }
                | Event::TreasuryFunded { .. }
                | Event::TreasuryDrawn { .. }
                | Event::ReserveReleased { .. }
                | Event::Distributed { .. }
                | Event::RulesSet { .. }
                | Event::CarriedOver { .. } => {}
            }
        }
    }

    fn change(&mut self, account: AccountId, change: impl FnOnce(&mut Holding)) {
        if let Some(resident) = self.resident(account) {
            change(&mut self.holdings[resident]);
        }
    }

    fn count_trade(&mut self, side: Side, quantity_g: u64) {
        for turnover in [&mut self.total, &mut self.since_quote] {
            turnover.trades += 1;
            match side {
                Side::Sell => turnover.sold_g += quantity_g,
                Side::Buy => turnover.bought_g += quantity_g,
            }
        }
    }

    /// An order was placed or replaced: its new open quantity and limit are those of the command.
    fn accept(&mut self, record: &PublishedRecord<'_>, account: AccountId, order: OrderId) {
        let before = self.orders.get(&order).copied();
        let (side, quantity, price) = match (record.command, before) {
            (Command::Place { side, quantity, price, .. }, _) => (side, quantity, price),
            (Command::Replace { quantity, price, .. }, Some(before)) => (before.side, quantity, price),
            _ => return,
        };
        let Some(resident) = self.resident(account) else { return };
        if let Some(before) = before {
            self.shrink(order, before.quantity_g);
        }
        let open =
            Open { resident: resident as u32, side, quantity_g: quantity.g() as i64, price_ueur: price.ueur() as i64 };
        self.orders.insert(order, open);
        let holding = &mut self.holdings[resident];
        match side {
            Side::Sell => holding.open_sell_g += open.quantity_g,
            Side::Buy => holding.open_buy_g += open.quantity_g,
        }
        holding.reserved_ueur += open.reserved_ueur();
        holding.newest = Some(order);
    }

    /// So much less of the order is open.
    fn shrink(&mut self, order: OrderId, quantity_g: i64) {
        let Some(open) = self.orders.get_mut(&order) else { return };
        let gone = Open { quantity_g, ..*open };
        open.quantity_g -= quantity_g;
        let done = open.quantity_g <= 0;
        let holding = &mut self.holdings[gone.resident as usize];
        match gone.side {
            Side::Sell => holding.open_sell_g -= quantity_g,
            Side::Buy => holding.open_buy_g -= quantity_g,
        }
        holding.reserved_ueur -= gone.reserved_ueur();
        if done {
            self.orders.remove(&order);
            if holding.newest == Some(order) {
                holding.newest = None;
            }
        }
    }

    /// Takes what was just told of all accounts and orders; counters go on.
    pub(super) fn replace_accounts(&mut self, told: Self) {
        (self.holdings, self.orders, self.opened) = (told.holdings, told.orders, told.opened);
    }

    /// Whether everything believed is what was told; names the first account of which it is not.
    pub(super) fn agrees_with(&self, told: &Self) -> Result<(), String> {
        for (account, index) in &self.index_of {
            let (mut believed, is) = (self.holdings[*index as usize], told.holdings[*index as usize]);
            // Which of several orders is the newest is known only to who saw them come.
            believed.newest = is.newest;
            if believed != is {
                return Err(format!("account {account}: believed {believed:?}, is {is:?}"));
            }
        }
        if self.orders != told.orders {
            return Err(format!("{} open orders are believed, {} are open", self.orders.len(), told.orders.len()));
        }
        Ok(())
    }
}

impl Holding {
    /// Money that is not reserved, in µ€.
    pub(super) fn free_ueur(&self) -> i64 {
        self.cash_ueur - self.reserved_ueur
    }

    fn open_year(&mut self) {
        (self.consumed_g, self.sold_g, self.bought_g) = (0, 0, 0);
    }

    fn trade(&mut self, side: Side, quantity_g: i64, value_ueur: i64) {
        match side {
            Side::Sell => {
                self.points_g -= quantity_g;
                self.sold_g += quantity_g;
                self.cash_ueur += value_ueur;
            }
            Side::Buy => {
                self.points_g += quantity_g;
                self.purchased_g += quantity_g;
                self.bought_g += quantity_g;
                self.cash_ueur -= value_ueur;
            }
        }
    }
}
