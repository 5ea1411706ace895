//! Commands: everything that can be asked of the market (market specification, section 6).

use carbex_rules::RuleSet;
use carbex_vocabulary::{
    AccountId, AmountUeur, BasisPoints, ClientOrderId, DebitMode, HouseholdId, OrderId, Phase, PriceUeur, QuantityG,
    Side, TimeInForce,
};

/// One command. Its time and its sequence travel beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Opens a budget year at this instant.
    OpenPeriod { year: u32, endowment: QuantityG, reserve: QuantityG, cap: Option<QuantityG> },
    /// Closes the budget year.
    ClosePeriod,
    /// Opens a citizen's account.
    OpenAccount { account: AccountId, share: BasisPoints, household: HouseholdId },
    /// Closes a citizen's account (death, emigration).
    CloseAccount { account: AccountId },
    /// Changes an account's share of one endowment.
    SetShare { account: AccountId, share: BasisPoints },
    /// Changes an account's household.
    SetHousehold { account: AccountId, household: HouseholdId },
    /// Sets what an account will have to consume (it may hold that much more).
    SetObligation { account: AccountId, quantity: QuantityG },
    /// Freezes an account.
    Freeze { account: AccountId },
    /// Makes a frozen account active.
    Unfreeze { account: AccountId },
    /// Issues points to one account.
    Allot { account: AccountId, quantity: QuantityG },
    /// Issues to every account its share of the endowment.
    AllotAll { fraction: BasisPoints },
    /// Brings money in.
    Deposit { account: AccountId, amount: AmountUeur },
    /// Takes money out.
    Withdraw { account: AccountId, amount: AmountUeur },
    /// Consumes points.
    Debit { account: AccountId, quantity: QuantityG, mode: DebitMode },
    /// Gives consumption back.
    Refund { account: AccountId, quantity: QuantityG },
    /// Enters an order; its id is the sequence of this command.
    Place {
        account: AccountId,
        client_order_id: Option<ClientOrderId>,
        side: Side,
        quantity: QuantityG,
        price: PriceUeur,
        tif: TimeInForce,
    },
    /// Withdraws an order.
    Cancel { account: AccountId, order: OrderId },
    /// Changes an order's open quantity and price.
    Replace { account: AccountId, order: OrderId, quantity: QuantityG, price: PriceUeur },
    /// Changes the market's phase.
    SetPhase { phase: Phase },
    /// Changes the price band.
    SetBand { floor: PriceUeur, ceiling: PriceUeur },
    /// Replaces the buyback quote.
    SetBuyback { price: PriceUeur, volume: QuantityG, budget: AmountUeur },
    /// Replaces the sale quote.
    SetSale { price: PriceUeur, volume: QuantityG },
    /// Brings public money in.
    FundTreasury { amount: AmountUeur },
    /// Takes public money out.
    DrawTreasury { amount: AmountUeur },
    /// Moves points from the reserve to the available volume.
    ReleaseReserve { quantity: QuantityG },
    /// Clears the auction.
    Uncross,
    /// Shares the available volume at the sale price.
    Distribute,
    /// Puts a rule set in force.
    SetRules { rules: RuleSet },
    /// Lets time pass.
    Tick,
}

impl Command {
    /// The one account that it is about, if it is about one.
    #[inline]
    pub const fn account(&self) -> Option<AccountId> {
        match self {
            Self::OpenAccount { account, .. }
            | Self::CloseAccount { account }
            | Self::SetShare { account, .. }
            | Self::SetHousehold { account, .. }
            | Self::SetObligation { account, .. }
            | Self::Freeze { account }
            | Self::Unfreeze { account }
            | Self::Allot { account, .. }
            | Self::Deposit { account, .. }
            | Self::Withdraw { account, .. }
            | Self::Debit { account, .. }
            | Self::Refund { account, .. }
            | Self::Place { account, .. }
            | Self::Cancel { account, .. }
            | Self::Replace { account, .. } => Some(*account),
            Self::OpenPeriod { .. }
            | Self::ClosePeriod
            | Self::AllotAll { .. }
            | Self::SetPhase { .. }
            | Self::SetBand { .. }
            | Self::SetBuyback { .. }
            | Self::SetSale { .. }
            | Self::FundTreasury { .. }
            | Self::DrawTreasury { .. }
            | Self::ReleaseReserve { .. }
            | Self::Uncross
            | Self::Distribute
            | Self::SetRules { .. }
            | Self::Tick => None,
        }
    }
}
