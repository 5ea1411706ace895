//! The canonical state: one sequence of bytes for one state, and its hash. Written for snapshots, read back at a start.
//!
//! ```text
//! header   "CXSTATE2", sequence, time_ns, rule set (256), phase, band (2), buyback (3), sale (3), reference (flag, value),
//!          last indicative (flag, value), year (flag, then 10 numbers), public accounts (10), next priority, accounts,
//!          orders, marks (4), classes overflowed, operations that wait, retired orders
//! settling cursor, retired before; then per operation: kind, 6 numbers, start, wrapped: only when operations wait
//! account  number, hot words (8; the link to the newest order is zero, in the place of the operations taken stands how
//!          many the account has yet to take), cold words (3), last purchase + 1                                 104 bytes
//! order    id, account's place, side | tif << 8 | named << 16, client order id, quantity_g, price_ueur, priority 56 bytes
//! retired  as an order, its price 0; in the order of their list
//! ```
//! Numbers are 64-bit little-endian. Accounts stand in opening order; orders sells first, best price first, then oldest.
//! Where a record stands in memory is no part of the state: links are rebuilt from priorities.

use carbex_rules::{Band, RULE_SET_BYTES, RuleSet};
use carbex_vocabulary::{AccountId, ClientOrderId, OrderId, Phase, Sequence, Side, TimeInForce, TimestampNs};

use super::operation::class_of;
use super::settlement_state::RetiredHeader;
use super::year::Year;
use super::{Capacities, Market};
use crate::accounts::{AMOUNT_MAX_G, AccountSlot, Cold, EndowmentClass, Hot};
use crate::book::{ORDER_NUMBER_MAX, Order, OrderSlot};
use crate::{PublicFields, Quote};

const MAGIC: &[u8; 8] = b"CXSTATE2";

/// Why a stored state could not be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateFault(pub String);

impl core::fmt::Display for StateFault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for StateFault {}

/// How many bytes are gathered before they are handed on.
const PIECE_BYTES: usize = 16 * 1024;

/// Gathers small writes.
pub(super) struct Pieces<'a> {
    buffer: [u8; PIECE_BYTES],
    length: usize,
    out: &'a mut dyn FnMut(&[u8]),
}

impl Pieces<'_> {
    fn bytes(&mut self, bytes: &[u8]) {
        if self.length + bytes.len() > PIECE_BYTES {
            self.hand_on();
        }
        self.buffer[self.length..self.length + bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }

    pub(super) fn number(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    pub(super) fn signed(&mut self, number: i64) {
        self.bytes(&number.to_le_bytes());
    }

    fn optional(&mut self, number: Option<u64>) {
        self.number(u64::from(number.is_some()));
        self.number(number.unwrap_or(0));
    }

    fn hand_on(&mut self) {
        (self.out)(&self.buffer[..self.length]);
        self.length = 0;
    }
}

impl Market {
    /// Writes the canonical state, in pieces, to `out`.
    pub fn write_state(&self, out: &mut dyn FnMut(&[u8])) {
        let mut pieces = Pieces { buffer: [0; PIECE_BYTES], length: 0, out };
        self.write_header(&mut pieces);
        for slot in self.accounts.slots() {
            let mut hot = *self.accounts.hot(slot);
            hot.set_newest_order(0);
            hot.set_operations_taken(self.settlement.count_owed_to(&hot) as u8);
            pieces.number(self.accounts.id(slot).number());
            hot.words().iter().for_each(|word| pieces.number(*word));
            self.accounts.cold(slot).pack().iter().for_each(|word| pieces.number(*word));
            pieces.number(self.accounts.last_purchase(slot).map_or(0, |time| time.ns().saturating_add(1)));
        }
        for side in [Side::Sell, Side::Buy] {
            for slot in self.book.in_line(side) {
                let price_ueur = self.book.order(slot).price_ueur;
                self.write_order(slot, price_ueur, &mut pieces);
            }
        }
        for slot in self.book.retired() {
            self.write_order(slot, 0, &mut pieces);
        }
        pieces.hand_on();
    }

    fn write_order(&self, slot: OrderSlot, price_ueur: u64, pieces: &mut Pieces<'_>) {
        let order = self.book.order(slot);
        let named = u64::from(order.client_order_id.is_some());
        pieces.number(order.id.number());
        pieces.number(u64::from(order.account.number()));
        pieces.number(order.side as u64 | (order.tif as u64) << 8 | named << 16);
        pieces.number(order.client_order_id.map_or(0, ClientOrderId::number));
        pieces.signed(order.quantity_g);
        pieces.number(price_ueur);
        pieces.number(order.priority);
    }

    fn write_header(&self, pieces: &mut Pieces<'_>) {
        pieces.bytes(MAGIC);
        pieces.number(self.sequence.number());
        pieces.number(self.time.ns());
        pieces.bytes(&self.rules.to_bytes());
        pieces.number(self.phase as u64);
        pieces.number(self.band.floor_ueur);
        pieces.number(self.band.ceiling_ueur);
        for quote in [&self.buyback, &self.sale] {
            pieces.number(quote.price_ueur);
            pieces.number(quote.volume_g);
            pieces.number(quote.budget_ueur);
        }
        pieces.optional(self.reference_ueur);
        pieces.optional(self.indicative_at.map(TimestampNs::ns));
        pieces.number(u64::from(self.year.is_some()));
        if let Some(year) = &self.year {
            pieces.number(u64::from(year.year));
            pieces.number(year.start.ns());
            pieces.number(u64::from(year.days));
            pieces.number(year.day);
            pieces.number(year.endowment_g);
            pieces.optional(year.cap_g);
            pieces.number(year.issued_g);
            pieces.number(year.allotted_fraction_bp);
            pieces.number(u64::from(year.tiers_used[0]) | u64::from(year.tiers_used[1]) << 1);
        }
        let public = &self.public;
        for total in [
            public.issued_g,
            public.inventory_g,
            public.reserve_g,
            public.retired_g,
            public.expired_g,
            public.deficit_g,
            public.in_settlement_g,
            public.treasury_ueur,
            public.deposited_ueur,
            public.withdrawn_ueur,
        ] {
            pieces.signed(total);
        }
        pieces.number(self.next_priority);
        pieces.number(u64::from(self.accounts.len()));
        pieces.number(u64::from(self.book.len()));
        self.write_settlement(pieces);
    }

    /// blake3 of the canonical state.
    pub fn state_hash(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        self.write_state(&mut |piece| {
            hasher.update(piece);
        });
        *hasher.finalize().as_bytes()
    }

    /// Reads a state back; `fill` fills the buffer it is given whole, or answers false when the bytes end.
    ///
    /// # Errors
    /// When the bytes are no state, contradict themselves, or do not fit the capacities: with what is wrong.
    pub fn read_state(capacities: Capacities, fill: &mut dyn FnMut(&mut [u8]) -> bool) -> Result<Self, StateFault> {
        let mut source = Source { fill };
        let Header { mut market, accounts, orders, retired } = source.header(capacities)?;
        fits("accounts", accounts, capacities.accounts)?;
        fits("resting orders", orders.saturating_add(retired.orders), capacities.orders)?;
        for _ in 0..accounts {
            source.account(&mut market)?;
        }
        let mut resting = Vec::new();
        for _ in 0..orders {
            resting.push(source.order(&market, Standing::InLine)?);
        }
        let mut closed = Vec::new();
        for _ in 0..retired.orders {
            closed.push(source.order(&market, Standing::Retired)?);
        }
        market.check_settlement(accounts)?;
        let mut numbers: Vec<u64> = resting.iter().chain(&closed).map(|order| order.id.number()).collect();
        numbers.sort_unstable();
        if numbers.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(wrong("an order stands in it twice"));
        }
        let before = |order: &Order| order.priority < retired.before_priority;
        if resting.iter().any(before) || !closed.iter().all(before) {
            return Err(wrong("an order stands in the wrong year"));
        }
        market.restore_retired(&closed, retired.before_priority);
        // Time of priority rebuilds both lines: the level's, oldest first, and the account's, newest first.
        resting.sort_unstable_by_key(|order| order.priority);
        for order in &resting {
            let hot = market.accounts.hot_mut(order.account);
            hot.set_newest_order(market.book.insert(order, hot.newest_order()));
        }
        for slot in market.accounts.slots() {
            let hot = market.accounts.hot(slot);
            let open = market.book.of_account(hot.newest_order()).count();
            if open != usize::from(hot.open_orders()) {
                return Err(StateFault(format!(
                    "account {} has {open} orders in the book and counts {}",
                    market.accounts.id(slot),
                    hot.open_orders()
                )));
            }
            let ending = market.settlement.owes_ending_to(hot);
            if market.book.of_account(hot.newest_order()).any(|order| market.book.is_retired(order) != ending) {
                return Err(wrong("an order and its owner are not of the same year"));
            }
        }
        Ok(market)
    }
}

fn fits(what: &str, count: u64, capacity: u32) -> Result<(), StateFault> {
    if count > u64::from(capacity) {
        return Err(StateFault(format!("the state holds {count} {what}, the tables {capacity}: give them more room")));
    }
    Ok(())
}

pub(super) fn wrong(what: &str) -> StateFault {
    StateFault(format!("these bytes are no market state: {what}"))
}

/// What the header says.
struct Header {
    market: Market,
    accounts: u64,
    /// Orders in line.
    orders: u64,
    retired: RetiredHeader,
}

/// Where a stored order stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    InLine,
    /// Of a closed year: it has no price any more.
    Retired,
}

/// Reads numbers off the bytes.
pub(super) struct Source<'a> {
    fill: &'a mut dyn FnMut(&mut [u8]) -> bool,
}

impl Source<'_> {
    fn bytes<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], StateFault> {
        let mut bytes = [0; LENGTH];
        if (self.fill)(&mut bytes) { Ok(bytes) } else { Err(wrong("they end too early")) }
    }

    pub(super) fn number(&mut self) -> Result<u64, StateFault> {
        Ok(u64::from_le_bytes(self.bytes()?))
    }

    pub(super) fn signed(&mut self) -> Result<i64, StateFault> {
        Ok(i64::from_le_bytes(self.bytes()?))
    }

    pub(super) fn small(&mut self, what: &str) -> Result<u32, StateFault> {
        u32::try_from(self.number()?).map_err(|_| wrong(what))
    }

    pub(super) fn flag(&mut self) -> Result<bool, StateFault> {
        match self.number()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(wrong("a flag is neither 0 nor 1")),
        }
    }

    fn optional(&mut self) -> Result<Option<u64>, StateFault> {
        let present = self.flag()?;
        let number = self.number()?;
        Ok(present.then_some(number))
    }

    fn quote(&mut self) -> Result<Quote, StateFault> {
        Ok(Quote { price_ueur: self.number()?, volume_g: self.number()?, budget_ueur: self.number()? })
    }

    fn header(&mut self, capacities: Capacities) -> Result<Header, StateFault> {
        if &self.bytes::<8>()? != MAGIC {
            return Err(wrong("they do not begin with CXSTATE2"));
        }
        let sequence = Sequence::new(self.number()?);
        let time = TimestampNs::new(self.number()?);
        let rules = RuleSet::from_bytes(&self.bytes::<RULE_SET_BYTES>()?)
            .map_err(|fault| wrong(&format!("the rule set is refused: {fault}")))?;
        let mut market = Market::new(capacities, rules);
        market.sequence = sequence;
        market.time = time;
        market.phase = u8::try_from(self.number()?).ok().and_then(Phase::from_number).ok_or(wrong("no such phase"))?;
        market.band = Band { floor_ueur: self.number()?, ceiling_ueur: self.number()? };
        match market.band.ticks(rules.market.tick_ueur) {
            Some(1..=Band::TICKS_MAX) => market.book.set_band(market.band, rules.market.tick_ueur),
            _ => return Err(wrong("the price band is none")),
        }
        market.buyback = self.quote()?;
        market.sale = self.quote()?;
        market.reference_ueur = self.optional()?;
        market.indicative_at = self.optional()?.map(TimestampNs::new);
        if self.flag()? {
            market.year = Some(self.year()?);
        }
        market.public = self.public()?;
        market.next_priority = self.number()?;
        if market.next_priority > ORDER_NUMBER_MAX {
            return Err(wrong("more orders entered than there are numbers"));
        }
        let accounts = self.number()?;
        let orders = self.number()?;
        let retired = self.settlement(&mut market)?;
        Ok(Header { market, accounts, orders, retired })
    }

    fn year(&mut self) -> Result<Year, StateFault> {
        Ok(Year {
            year: self.small("the year is too large")?,
            start: TimestampNs::new(self.number()?),
            days: self.small("the year has too many days")?,
            day: self.number()?,
            endowment_g: self.number()?,
            cap_g: self.optional()?,
            issued_g: self.number()?,
            allotted_fraction_bp: self.number()?,
            tiers_used: match self.number()? {
                0 => [false, false],
                1 => [true, false],
                2 => [false, true],
                3 => [true, true],
                _ => return Err(wrong("there are two price tiers")),
            },
        })
    }

    fn public(&mut self) -> Result<PublicFields, StateFault> {
        Ok(PublicFields {
            issued_g: self.signed()?,
            inventory_g: self.signed()?,
            reserve_g: self.signed()?,
            retired_g: self.signed()?,
            expired_g: self.signed()?,
            deficit_g: self.signed()?,
            in_settlement_g: self.signed()?,
            treasury_ueur: self.signed()?,
            deposited_ueur: self.signed()?,
            withdrawn_ueur: self.signed()?,
        })
    }

    fn account(&mut self, market: &mut Market) -> Result<(), StateFault> {
        let account = AccountId::new(self.number()?);
        if market.accounts.find(account).is_some() {
            return Err(wrong("an account stands in it twice"));
        }
        let mut hot_words = [0; 8];
        for word in &mut hot_words {
            *word = self.number()?;
        }
        let mut cold_words = [0; 3];
        for word in &mut cold_words {
            *word = self.number()?;
        }
        let cold = Cold::unpack(&cold_words);
        let mut hot = Hot::from_words(hot_words);
        if hot.newest_order() != 0 {
            return Err(wrong("an account links to an order"));
        }
        let logged = market.settlement.logged;
        let taken = logged.checked_sub(hot.operations_taken());
        hot.set_operations_taken(taken.ok_or(wrong("an account has more operations to take than wait"))?);
        if market.settlement.count_owed_to(&hot) > market.settlement.most_owed_at(market.accounts.len()) {
            return Err(wrong("an account has not taken an operation though its turn has come"));
        }
        let slot = market.accounts.open(account, &hot, cold.household);
        // A year that it has yet to open changes its day; the classes count it as if it were settled.
        if let Some(class) = class_of(&hot) {
            let opened_day = if market.settlement.owes_opening_to(&hot) { 0 } else { class.opened_day };
            market.settlement.classes.add(EndowmentClass { opened_day, ..class }, 1);
        }
        market.accounts.set_cold(slot, &cold);
        if let Some(last_purchase_ns) = self.number()?.checked_sub(1) {
            market.accounts.set_last_purchase(slot, TimestampNs::new(last_purchase_ns));
        }
        Ok(())
    }

    fn order(&mut self, market: &Market, standing: Standing) -> Result<Order, StateFault> {
        let id = OrderId::new(self.number()?);
        let account = self.small("an order's account is none")?;
        if account >= market.accounts.len() {
            return Err(wrong("an order belongs to no account"));
        }
        let form = self.number()?.to_le_bytes();
        let client_order_id = ClientOrderId::new(self.number()?);
        let order = Order {
            id,
            account: AccountSlot::from_number(account),
            client_order_id: (form[2] == 1).then_some(client_order_id),
            side: Side::from_number(form[0]).ok_or(wrong("an order has no side"))?,
            tif: TimeInForce::from_number(form[1]).ok_or(wrong("an order has no duration"))?,
            quantity_g: self.signed()?,
            price_ueur: self.number()?,
            priority: self.number()?,
        };
        let in_place = match standing {
            Standing::InLine => (market.band.floor_ueur..=market.band.ceiling_ueur).contains(&order.price_ueur),
            Standing::Retired => order.price_ueur == 0,
        };
        if order.id.number() > ORDER_NUMBER_MAX || order.quantity_g > AMOUNT_MAX_G {
            return Err(wrong("an order's number or quantity is too large"));
        }
        if !in_place || order.quantity_g <= 0 || order.priority >= market.next_priority {
            return Err(wrong("an order is outside the band, empty, or from the future"));
        }
        Ok(order)
    }
}
