//! The templates of events, from 101 on, apart from those of commands so that neither can pass for the other. Append
//! only: the hash of a journal group covers these bytes.

use carbex_vocabulary::{
    AccountId, AmountUeur, BasisPoints, CancelReason, DebitMode, Event, HouseholdId, OrderId, Phase, PointsAccount,
    PriceUeur, QuantityG, Reject, Side,
};

use super::field::{DecodeFault, Field};
use super::template::{Layout, templates};

templates! {
    Event, EVENT_LAYOUTS, encode_event, decode_event, decode_event_into, Event::Frozen { account: AccountId::new(0) };
    101 v 1 Accepted { account => account: AccountId, order => order: OrderId }
    102 v 1 Rejected { 0 => reject: Reject }
    103 v 1 Trade {
        account => account: AccountId,
        order => order: OrderId,
        side => side: Side,
        quantity => quantity_g: QuantityG,
        price => price_ueur: PriceUeur,
        value => value_ueur: AmountUeur,
    }
    104 v 1 Cancelled {
        account => account: AccountId,
        order => order: OrderId,
        quantity => quantity_g: QuantityG,
        reason => reason: CancelReason,
    }
    105 v 1 AuctionResult {
        price => price_ueur: Option<PriceUeur>,
        volume => volume_g: QuantityG,
        imbalance_g => imbalance_g: i64,
    }
    106 v 1 Indicative {
        price => price_ueur: Option<PriceUeur>,
        volume => volume_g: QuantityG,
        imbalance_g => imbalance_g: i64,
    }
    107 v 1 PeriodOpened {
        year => year: u32,
        days => days: u32,
        endowment => endowment_g: QuantityG,
        reserve => reserve_g: QuantityG,
        cap => cap_g: Option<QuantityG>,
    }
    108 v 1 PeriodClosed { year => year: u32 }
    109 v 1 AccountOpened {
        account => account: AccountId,
        share => share_bp: BasisPoints,
        household => household: HouseholdId,
    }
    110 v 1 AccountClosed {
        account => account: AccountId,
        expired => expired_g: QuantityG,
        deficit => deficit_g: QuantityG,
    }
    111 v 1 ShareSet { account => account: AccountId, share => share_bp: BasisPoints }
    112 v 1 HouseholdSet { account => account: AccountId, household => household: HouseholdId }
    113 v 1 ObligationSet { account => account: AccountId, quantity => quantity_g: QuantityG }
    114 v 1 Frozen { account => account: AccountId }
    115 v 1 Unfrozen { account => account: AccountId }
    116 v 1 Allotted { account => account: AccountId, quantity => quantity_g: QuantityG, repaid => repaid_g: QuantityG }
    117 v 1 AllottedAll {
        fraction => fraction_bp: BasisPoints,
        accounts => accounts: u64,
        quantity => quantity_g: QuantityG,
    }
    118 v 1 Deposited {
        account => account: AccountId,
        amount => amount_ueur: AmountUeur,
        owed_paid => owed_paid_ueur: AmountUeur,
    }
    119 v 1 Withdrawn { account => account: AccountId, amount => amount_ueur: AmountUeur }
    120 v 1 Debited {
        account => account: AccountId,
        quantity => quantity_g: QuantityG,
        purchased => purchased_g: QuantityG,
        mode => mode: DebitMode,
    }
    121 v 1 Refunded {
        account => account: AccountId,
        quantity => quantity_g: QuantityG,
        purchased => purchased_g: QuantityG,
    }
    122 v 1 PhaseSet { phase => phase: Phase }
    123 v 1 BandSet { floor => floor_ueur: PriceUeur, ceiling => ceiling_ueur: PriceUeur }
    124 v 1 BuybackSet {
        price => price_ueur: PriceUeur,
        volume => volume_g: QuantityG,
        budget => budget_ueur: AmountUeur,
    }
    125 v 1 SaleSet { price => price_ueur: PriceUeur, volume => volume_g: QuantityG }
    126 v 1 TreasuryFunded { amount => amount_ueur: AmountUeur }
    127 v 1 TreasuryDrawn { amount => amount_ueur: AmountUeur }
    128 v 1 ReserveReleased { quantity => quantity_g: QuantityG, tier => tier: u8 }
    129 v 1 Distributed { price => price_ueur: PriceUeur, volume => volume_g: QuantityG }
    130 v 1 RulesSet { version => label: [u8; 32] }
    131 v 1 Expired { from => from: PointsAccount, quantity => quantity_g: QuantityG }
    132 v 1 CarriedOver { account => account: AccountId, quantity => quantity_g: QuantityG }
    133 v 1 Penalty {
        account => account: AccountId,
        deficit => deficit_g: QuantityG,
        charged => charged_ueur: AmountUeur,
        paid => paid_ueur: AmountUeur,
        repay => repay_g: QuantityG,
    }
}
