//! Read-only pictures of the state: what an account and the market hold (market specification, section 3).

use carbex_rules::Band;
use carbex_vocabulary::{AccountStatus, Phase};

/// Everything an account holds; suffixes give the units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountFields {
    /// Points allotted and not yet used; below zero is a deficit.
    pub allotted_g: i64,
    /// Points bought and not yet used.
    pub purchased_g: i64,
    /// Points consumed this budget year.
    pub consumed_g: i64,
    /// Of which bought ones.
    pub consumed_purchased_g: i64,
    /// Points sold this budget year.
    pub sold_g: i64,
    /// Points bought this budget year.
    pub bought_g: i64,
    /// Points in open sells.
    pub open_sell_g: i64,
    /// Points in open buys.
    pub open_buy_g: i64,
    /// Money, what is reserved included.
    pub cash_ueur: i64,
    /// Money reserved for open buys.
    pub cash_reserved_ueur: i64,
    /// Penalties not yet paid.
    pub owed_ueur: i64,
    /// Old deficit still to be taken from allotments.
    pub repay_g: i64,
    /// Scheduled obligations.
    pub obligation_g: i64,
    /// Share of one endowment, in basis points.
    pub share_bp: u32,
    /// Day on which the account was opened; 0 if it was there when the year opened.
    pub opened_day: u16,
    /// Household; 0 = none.
    pub household: u32,
    /// Active, frozen or closed.
    pub status: AccountStatus,
}

/// One of the regulator's two quotes; no volume = no quote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quote {
    /// µ€ per point.
    pub price_ueur: u64,
    /// Grams left.
    pub volume_g: u64,
    /// µ€ left (buyback only).
    pub budget_ueur: u64,
}

/// The open budget year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeriodFields {
    /// Calendar year.
    pub year: u32,
    /// The instant it opened.
    pub start_ns: u64,
    /// 365 or 366.
    pub days: u32,
    /// Whole days since the start, not capped.
    pub day: u64,
    /// One endowment, in grams.
    pub endowment_g: u64,
    /// The most that may be issued, if capped.
    pub cap_g: Option<u64>,
    /// What was issued so far, reserve included.
    pub issued_g: u64,
    /// Σ fraction_bp of this year's `allot_all`.
    pub allotted_fraction_bp: u64,
}

/// The public accounts; suffixes give the units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PublicFields {
    /// Contra of all points.
    pub issued_g: i64,
    /// The available volume.
    pub inventory_g: i64,
    /// The reserve.
    pub reserve_g: i64,
    /// Consumed.
    pub retired_g: i64,
    /// Dead at a year's end.
    pub expired_g: i64,
    /// Contra of deficits carried.
    pub deficit_g: i64,
    /// Public money.
    pub treasury_ueur: i64,
    /// Issued to all accounts, and not yet credited to those that have yet to be settled.
    pub in_settlement_g: i64,
    /// All money that came in.
    pub deposited_ueur: i64,
    /// All money that went out.
    pub withdrawn_ueur: i64,
}

/// The market's public state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketFields {
    /// Phase.
    pub phase: Phase,
    /// Band in force.
    pub band: Band,
    /// Buyback quote.
    pub buyback: Quote,
    /// Sale quote.
    pub sale: Quote,
    /// Price of this year's last uncross with volume.
    pub reference_ueur: Option<u64>,
    /// The open budget year.
    pub period: Option<PeriodFields>,
    /// Public accounts.
    pub public: PublicFields,
    /// Accounts opened so far (closed ones included).
    pub accounts: u64,
    /// Orders resting in the book.
    pub open_orders: u64,
    /// Best resting sell and buy, in µ€ per point.
    pub best_sell_ueur: Option<u64>,
    /// Best resting buy, in µ€ per point.
    pub best_buy_ueur: Option<u64>,
}
