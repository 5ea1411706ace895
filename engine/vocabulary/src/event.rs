//! Events: everything that the core answers. A reader that folds them in order knows every balance.

use crate::{
    AccountId, AmountUeur, BasisPoints, DebitMode, HouseholdId, OrderId, Phase, PriceUeur, QuantityG, Reject, Side,
};

/// Why an order left the book without trading whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum CancelReason {
    /// The citizen asked.
    Requested,
    /// Immediate, and not filled.
    Unfilled,
    /// A day order on a later day.
    Expired,
    /// The next trade is too far from the reference price.
    PriceCollar,
    /// Outside the new band.
    BandChanged,
    /// The budget year closed; orders and points of each account end when the account is settled.
    PeriodClosed,
    /// The account was frozen.
    AccountFrozen,
    /// The account was closed.
    AccountClosed,
    /// Daily life needed the points reserved for the sale.
    DebitNeedsPoints,
}

impl CancelReason {
    /// Every reason, in the order of their stable numbers.
    pub const ALL: &'static [Self] = &[
        Self::Requested,
        Self::Unfilled,
        Self::Expired,
        Self::PriceCollar,
        Self::BandChanged,
        Self::PeriodClosed,
        Self::AccountFrozen,
        Self::AccountClosed,
        Self::DebitNeedsPoints,
    ];

    /// The public name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requested => "REQUESTED",
            Self::Unfilled => "UNFILLED",
            Self::Expired => "EXPIRED",
            Self::PriceCollar => "PRICE_COLLAR",
            Self::BandChanged => "BAND_CHANGED",
            Self::PeriodClosed => "PERIOD_CLOSED",
            Self::AccountFrozen => "ACCOUNT_FROZEN",
            Self::AccountClosed => "ACCOUNT_CLOSED",
            Self::DebitNeedsPoints => "DEBIT_NEEDS_POINTS",
        }
    }
}

/// Where points that expire were held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointsAccount {
    /// A citizen's account.
    Citizen(AccountId),
    /// The available volume.
    Inventory,
    /// The reserve.
    Reserve,
}

/// One thing that happened. The events of a command come in this order: day orders expired before it, and accounts settled
/// before it; its outcome; trades; cancellations; the rest. A resting order's owner is settled just before its trade or
/// cancellation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A `place` or `replace` was taken.
    Accepted { account: AccountId, order: OrderId },
    /// A rule said no; nothing changed.
    Rejected(Reject),
    /// One citizen's leg of a trade with the regulator.
    Trade { account: AccountId, order: OrderId, side: Side, quantity: QuantityG, price: PriceUeur, value: AmountUeur },
    /// What was left of an order is gone.
    Cancelled { account: AccountId, order: OrderId, quantity: QuantityG, reason: CancelReason },
    /// One price for all, or none. `imbalance_g` = demand − supply, the facility included.
    AuctionResult { price: Option<PriceUeur>, volume: QuantityG, imbalance_g: i64 },
    /// What `uncross` would answer now.
    Indicative { price: Option<PriceUeur>, volume: QuantityG, imbalance_g: i64 },
    /// A budget year opened, with `days` days.
    PeriodOpened { year: u32, days: u32, endowment: QuantityG, reserve: QuantityG, cap: Option<QuantityG> },
    /// The budget year closed.
    PeriodClosed { year: u32 },
    /// An account was opened.
    AccountOpened { account: AccountId, share: BasisPoints, household: HouseholdId },
    /// An account was closed; `expired` points died, or `deficit` was taken over by the public side.
    AccountClosed { account: AccountId, expired: QuantityG, deficit: QuantityG },
    /// The account's share of one endowment changed.
    ShareSet { account: AccountId, share: BasisPoints },
    /// The account's household changed.
    HouseholdSet { account: AccountId, household: HouseholdId },
    /// The account's scheduled obligations changed.
    ObligationSet { account: AccountId, quantity: QuantityG },
    /// The account is frozen.
    Frozen { account: AccountId },
    /// The account is active again.
    Unfrozen { account: AccountId },
    /// Points were issued to the account: `quantity` in all, of which `repaid` went to its old deficit.
    Allotted { account: AccountId, quantity: QuantityG, repaid: QuantityG },
    /// Every account was allotted its share of the endowment (one `Allotted` each follows, when the account is
    /// settled).
    AllottedAll { fraction: BasisPoints, accounts: u64, quantity: QuantityG },
    /// Money came in: `amount` in all, of which `owed_paid` settled penalties.
    Deposited { account: AccountId, amount: AmountUeur, owed_paid: AmountUeur },
    /// Money went out.
    Withdrawn { account: AccountId, amount: AmountUeur },
    /// Points were consumed: `quantity` in all, of which `purchased` were bought ones.
    Debited { account: AccountId, quantity: QuantityG, purchased: QuantityG, mode: DebitMode },
    /// Consumption was given back: `quantity` in all, of which `purchased` are bought points again.
    Refunded { account: AccountId, quantity: QuantityG, purchased: QuantityG },
    /// The phase is now this.
    PhaseSet { phase: Phase },
    /// The price band is now this.
    BandSet { floor: PriceUeur, ceiling: PriceUeur },
    /// The buyback quote is now this.
    BuybackSet { price: PriceUeur, volume: QuantityG, budget: AmountUeur },
    /// The sale quote is now this.
    SaleSet { price: PriceUeur, volume: QuantityG },
    /// Public money came in.
    TreasuryFunded { amount: AmountUeur },
    /// Public money went out.
    TreasuryDrawn { amount: AmountUeur },
    /// Points moved from the reserve to the available volume: by command (`tier` 0) or by price tier 1 or 2.
    ReserveReleased { quantity: QuantityG, tier: u8 },
    /// A fixed-price distribution was made.
    Distributed { price: PriceUeur, volume: QuantityG },
    /// A rule set took effect; `version` is its label, padded with zeros.
    RulesSet { version: [u8; 32] },
    /// Points died at the end of the budget year.
    Expired { from: PointsAccount, quantity: QuantityG },
    /// Points of the closed year that the account keeps.
    CarriedOver { account: AccountId, quantity: QuantityG },
    /// A deficit was closed: `charged` in all, of which `paid` from cash; `repay` points will be taken from allotments.
    Penalty { account: AccountId, deficit: QuantityG, charged: AmountUeur, paid: AmountUeur, repay: QuantityG },
}

impl Event {
    /// The account whose holdings, orders or status it changes, if it is one account's.
    pub const fn account(&self) -> Option<AccountId> {
        match self {
            Self::Accepted { account, .. }
            | Self::Trade { account, .. }
            | Self::Cancelled { account, .. }
            | Self::AccountOpened { account, .. }
            | Self::AccountClosed { account, .. }
            | Self::ShareSet { account, .. }
            | Self::HouseholdSet { account, .. }
            | Self::ObligationSet { account, .. }
            | Self::Frozen { account }
            | Self::Unfrozen { account }
            | Self::Allotted { account, .. }
            | Self::Deposited { account, .. }
            | Self::Withdrawn { account, .. }
            | Self::Debited { account, .. }
            | Self::Refunded { account, .. }
            | Self::CarriedOver { account, .. }
            | Self::Penalty { account, .. }
            | Self::Expired { from: PointsAccount::Citizen(account), .. } => Some(*account),
            // A rejection is told to who asked, in the answer; it changes nothing and belongs to no account.
            Self::Rejected(_)
            | Self::AuctionResult { .. }
            | Self::Indicative { .. }
            | Self::PeriodOpened { .. }
            | Self::PeriodClosed { .. }
            | Self::AllottedAll { .. }
            | Self::PhaseSet { .. }
            | Self::BandSet { .. }
            | Self::BuybackSet { .. }
            | Self::SaleSet { .. }
            | Self::TreasuryFunded { .. }
            | Self::TreasuryDrawn { .. }
            | Self::ReserveReleased { .. }
            | Self::Distributed { .. }
            | Self::RulesSet { .. }
            | Self::Expired { from: PointsAccount::Inventory | PointsAccount::Reserve, .. } => None,
        }
    }
}
