//! The state as JSON: accounts by number, the public accounts, the phase.

use std::io::Write;

use carbex_core::{AccountFields, Market, MarketFields, PeriodFields, PublicFields, Quote};
use carbex_vocabulary::AccountId;
use serde::ser::{Serialize, SerializeMap, Serializer};

/// Writes `{"accounts":{…},"public":{…},"phase":…}` with the fields that every account is known by, sorted by account,
/// one field a line. Errors: what `out` answers.
pub fn write_state(market: &Market, out: impl Write) -> std::io::Result<()> {
    let fields = market.fields();
    let state = State {
        accounts: Accounts { market, form: AccountState::from },
        public: PublicState::from(market.public_as_settled()),
        phase: fields.phase.name(),
    };
    write_lines(&state, out)
}

/// Writes the same with every field that an account keeps, and with the market's own: band, quotes, reference price,
/// budget year, label of the rules. Errors: what `out` answers.
pub fn write_full_state(market: &Market, out: impl Write) -> std::io::Result<()> {
    let fields = market.fields();
    let state = FullState {
        accounts: Accounts { market, form: FullAccountState::from },
        public: PublicState::from(market.public_as_settled()),
        phase: fields.phase.name(),
        market: MarketState::of(market, &fields),
    };
    write_lines(&state, out)
}

/// One field a line, not indented: `diff` shows the field, and files of millions of accounts stay small.
fn write_lines(state: &impl Serialize, out: impl Write) -> std::io::Result<()> {
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"");
    let mut serializer = serde_json::Serializer::with_formatter(out, formatter);
    state.serialize(&mut serializer).map_err(std::io::Error::from)
}

#[derive(serde::Serialize)]
struct State<'a> {
    accounts: Accounts<'a, AccountState>,
    public: PublicState,
    phase: &'static str,
}

#[derive(serde::Serialize)]
struct FullState<'a> {
    accounts: Accounts<'a, FullAccountState>,
    public: PublicState,
    phase: &'static str,
    market: MarketState<'a>,
}

/// All accounts, sorted by number, in one of the two forms.
struct Accounts<'a, Form> {
    market: &'a Market,
    form: fn(AccountFields) -> Form,
}

impl<Form: Serialize> Serialize for Accounts<'_, Form> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Only the numbers are sorted: 8 bytes an account, where the fields would be 120.
        let mut numbers: Vec<AccountId> = self.market.accounts().map(|(account, _)| account).collect();
        numbers.sort_unstable();
        let mut map = serializer.serialize_map(Some(numbers.len()))?;
        for account in numbers {
            if let Some(fields) = self.market.account(account) {
                map.serialize_entry(&account.number(), &(self.form)(fields))?;
            }
        }
        map.end()
    }
}

#[derive(serde::Serialize)]
struct AccountState {
    allotted_g: i64,
    purchased_g: i64,
    consumed_g: i64,
    sold_g: i64,
    bought_g: i64,
    open_sell_g: i64,
    open_buy_g: i64,
    cash_ueur: i64,
    cash_reserved_ueur: i64,
    share_bp: u32,
    status: &'static str,
}

impl From<AccountFields> for AccountState {
    fn from(fields: AccountFields) -> Self {
        Self {
            allotted_g: fields.allotted_g,
            purchased_g: fields.purchased_g,
            consumed_g: fields.consumed_g,
            sold_g: fields.sold_g,
            bought_g: fields.bought_g,
            open_sell_g: fields.open_sell_g,
            open_buy_g: fields.open_buy_g,
            cash_ueur: fields.cash_ueur,
            cash_reserved_ueur: fields.cash_reserved_ueur,
            share_bp: fields.share_bp,
            status: fields.status.name(),
        }
    }
}

#[derive(serde::Serialize)]
struct FullAccountState {
    #[serde(flatten)]
    known: AccountState,
    consumed_purchased_g: i64,
    repay_g: i64,
    owed_ueur: i64,
    obligation_g: i64,
    opened_day: u16,
    household: u32,
}

impl From<AccountFields> for FullAccountState {
    fn from(fields: AccountFields) -> Self {
        Self {
            known: fields.into(),
            consumed_purchased_g: fields.consumed_purchased_g,
            repay_g: fields.repay_g,
            owed_ueur: fields.owed_ueur,
            obligation_g: fields.obligation_g,
            opened_day: fields.opened_day,
            household: fields.household,
        }
    }
}

#[derive(serde::Serialize)]
struct PublicState {
    issued_g: i64,
    inventory_g: i64,
    reserve_g: i64,
    retired_g: i64,
    expired_g: i64,
    deficit_g: i64,
    treasury_ueur: i64,
    deposited_ueur: i64,
    withdrawn_ueur: i64,
}

impl From<PublicFields> for PublicState {
    fn from(fields: PublicFields) -> Self {
        Self {
            issued_g: fields.issued_g,
            inventory_g: fields.inventory_g,
            reserve_g: fields.reserve_g,
            retired_g: fields.retired_g,
            expired_g: fields.expired_g,
            deficit_g: fields.deficit_g,
            treasury_ueur: fields.treasury_ueur,
            deposited_ueur: fields.deposited_ueur,
            withdrawn_ueur: fields.withdrawn_ueur,
        }
    }
}

#[derive(serde::Serialize)]
struct MarketState<'a> {
    rules: &'a str,
    ts_ns: u64,
    floor_ueur: u64,
    ceiling_ueur: u64,
    buyback: QuoteState,
    sale: QuoteState,
    reference_ueur: Option<u64>,
    open_orders: u64,
    period: Option<PeriodState>,
}

impl<'a> MarketState<'a> {
    fn of(market: &'a Market, fields: &MarketFields) -> Self {
        Self {
            rules: market.rules().version.as_str(),
            ts_ns: market.time().ns(),
            floor_ueur: fields.band.floor_ueur,
            ceiling_ueur: fields.band.ceiling_ueur,
            buyback: fields.buyback.into(),
            sale: fields.sale.into(),
            reference_ueur: fields.reference_ueur,
            open_orders: fields.open_orders,
            period: fields.period.map(PeriodState::from),
        }
    }
}

#[derive(serde::Serialize)]
struct QuoteState {
    price_ueur: u64,
    volume_g: u64,
    budget_ueur: u64,
}

impl From<Quote> for QuoteState {
    fn from(quote: Quote) -> Self {
        Self { price_ueur: quote.price_ueur, volume_g: quote.volume_g, budget_ueur: quote.budget_ueur }
    }
}

#[derive(serde::Serialize)]
struct PeriodState {
    year: u32,
    start_ns: u64,
    days: u32,
    day: u64,
    endowment_g: u64,
    cap_g: Option<u64>,
    issued_g: u64,
    allotted_fraction_bp: u64,
}

impl From<PeriodFields> for PeriodState {
    fn from(period: PeriodFields) -> Self {
        Self {
            year: period.year,
            start_ns: period.start_ns,
            days: period.days,
            day: period.day,
            endowment_g: period.endowment_g,
            cap_g: period.cap_g,
            issued_g: period.issued_g,
            allotted_fraction_bp: period.allotted_fraction_bp,
        }
    }
}
