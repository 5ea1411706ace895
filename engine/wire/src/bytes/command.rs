//! The templates of commands, 1 to 99. Append only: journals outlive programs. Never renumber, never reuse; a changed
//! layout is a new version beside the old one.

use carbex_core::Command;
use carbex_rules::RuleSet;
use carbex_vocabulary::{
    AccountId, AmountUeur, BasisPoints, ClientOrderId, DebitMode, HouseholdId, OrderId, Phase, PriceUeur, QuantityG,
    Side, TimeInForce,
};

use super::field::{DecodeFault, Field};
use super::template::{Layout, templates};

templates! {
    Command, COMMAND_LAYOUTS, encode_command, decode_command, decode_command_into, Command::Tick;
    1 v 1 OpenPeriod {
        year => year: u32,
        endowment => endowment_g: QuantityG,
        reserve => reserve_g: QuantityG,
        cap => cap_g: Option<QuantityG>,
    }
    2 v 1 ClosePeriod {}
    3 v 1 OpenAccount {
        account => account: AccountId,
        share => share_bp: BasisPoints,
        household => household: HouseholdId,
    }
    4 v 1 CloseAccount { account => account: AccountId }
    5 v 1 SetShare { account => account: AccountId, share => share_bp: BasisPoints }
    6 v 1 SetHousehold { account => account: AccountId, household => household: HouseholdId }
    7 v 1 SetObligation { account => account: AccountId, quantity => quantity_g: QuantityG }
    8 v 1 Freeze { account => account: AccountId }
    9 v 1 Unfreeze { account => account: AccountId }
    10 v 1 Allot { account => account: AccountId, quantity => quantity_g: QuantityG }
    11 v 1 AllotAll { fraction => fraction_bp: BasisPoints }
    12 v 1 Deposit { account => account: AccountId, amount => amount_ueur: AmountUeur }
    13 v 1 Withdraw { account => account: AccountId, amount => amount_ueur: AmountUeur }
    14 v 1 Debit { account => account: AccountId, quantity => quantity_g: QuantityG, mode => mode: DebitMode }
    15 v 1 Refund { account => account: AccountId, quantity => quantity_g: QuantityG }
    16 v 1 Place {
        account => account: AccountId,
        client_order_id => client_order_id: Option<ClientOrderId>,
        side => side: Side,
        quantity => quantity_g: QuantityG,
        price => price_ueur: PriceUeur,
        tif => tif: TimeInForce,
    }
    17 v 1 Cancel { account => account: AccountId, order => order: OrderId }
    18 v 1 Replace {
        account => account: AccountId,
        order => order: OrderId,
        quantity => quantity_g: QuantityG,
        price => price_ueur: PriceUeur,
    }
    19 v 1 SetPhase { phase => phase: Phase }
    20 v 1 SetBand { floor => floor_ueur: PriceUeur, ceiling => ceiling_ueur: PriceUeur }
    21 v 1 SetBuyback {
        price => price_ueur: PriceUeur,
        volume => volume_g: QuantityG,
        budget => budget_ueur: AmountUeur,
    }
    22 v 1 SetSale { price => price_ueur: PriceUeur, volume => volume_g: QuantityG }
    23 v 1 FundTreasury { amount => amount_ueur: AmountUeur }
    24 v 1 DrawTreasury { amount => amount_ueur: AmountUeur }
    25 v 1 ReleaseReserve { quantity => quantity_g: QuantityG }
    26 v 1 Uncross {}
    27 v 1 Distribute {}
    28 v 1 SetRules { rules => rules: RuleSet }
    29 v 1 Tick {}
}
