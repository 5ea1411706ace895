//! Events in the words of scenarios: those that a person would ask for.

use carbex_vocabulary::{Event, PointsAccount, QuantityG, Reject, RejectCode};

use super::{Names, numbers::show};

fn points(quantity: QuantityG) -> String {
    show(i128::from(quantity.g()), 3)
}

/// The event in words; `None` for what only repeats the command.
pub(super) fn in_words(event: &Event, names: &Names) -> Option<String> {
    let price = |ueur: u64| show(i128::from(ueur), 6);
    let auction = |kind: &str, at: Option<u64>, volume: QuantityG, imbalance_g: i64| match at {
        None => format!("{kind} none"),
        Some(at) => {
            format!("{kind} {} volume={} imbalance={}", price(at), points(volume), show(i128::from(imbalance_g), 3))
        }
    };
    Some(match *event {
        Event::Accepted { .. } => "accepted".to_owned(),
        Event::Rejected(reject) => rejection(&reject),
        Event::Trade { account, side, quantity, price: at, .. } => {
            format!("trade {} {} {} @ {}", names.account_name(account), side.name(), points(quantity), price(at.ueur()))
        }
        Event::Cancelled { order, quantity, reason, .. } => {
            format!("cancelled {} {} {}", names.order_name(order), points(quantity), reason.name())
        }
        Event::AuctionResult { price, volume, imbalance_g } => {
            auction("auction", price.map(|price| price.ueur()), volume, imbalance_g)
        }
        Event::Indicative { price, volume, imbalance_g } => {
            auction("indicative", price.map(|price| price.ueur()), volume, imbalance_g)
        }
        Event::Distributed { price: at, volume } => {
            format!("distributed {} @ {}", points(volume), price(at.ueur()))
        }
        Event::ReserveReleased { quantity, tier: tier @ 1.. } => format!("tier {tier} releases {}", points(quantity)),
        Event::Allotted { account, repaid, .. } if !repaid.is_zero() => {
            format!("repaid {} {}", names.account_name(account), points(repaid))
        }
        Event::Deposited { account, owed_paid, .. } if !owed_paid.is_zero() => {
            format!("owed paid {} {}", names.account_name(account), price(owed_paid.ueur()))
        }
        Event::AccountClosed { account, expired, deficit } => {
            format!("closed {} expired={} deficit={}", names.account_name(account), points(expired), points(deficit))
        }
        Event::Penalty { account, deficit, charged, paid, repay } => format!(
            "penalty {} deficit={} charged={} paid={} repay={}",
            names.account_name(account),
            points(deficit),
            price(charged.ueur()),
            price(paid.ueur()),
            points(repay)
        ),
        Event::CarriedOver { account, quantity } => {
            format!("carried {} {}", names.account_name(account), points(quantity))
        }
        Event::Expired { from, quantity } => {
            let whose = match from {
                PointsAccount::Citizen(account) => names.account_name(account),
                PointsAccount::Inventory => "inventory".to_owned(),
                PointsAccount::Reserve => "reserve".to_owned(),
            };
            format!("expired {whose} {}", points(quantity))
        }
        Event::BuybackSet { volume, .. } if volume.is_zero() => "buyback dropped".to_owned(),
        Event::SaleSet { volume, .. } if volume.is_zero() => "sale dropped".to_owned(),
        Event::PhaseSet { .. }
        | Event::PeriodOpened { .. }
        | Event::PeriodClosed { .. }
        | Event::AccountOpened { .. }
        | Event::ShareSet { .. }
        | Event::HouseholdSet { .. }
        | Event::ObligationSet { .. }
        | Event::Frozen { .. }
        | Event::Unfrozen { .. }
        | Event::Allotted { .. }
        | Event::AllottedAll { .. }
        | Event::Deposited { .. }
        | Event::Withdrawn { .. }
        | Event::Debited { .. }
        | Event::Refunded { .. }
        | Event::BandSet { .. }
        | Event::BuybackSet { .. }
        | Event::SaleSet { .. }
        | Event::TreasuryFunded { .. }
        | Event::TreasuryDrawn { .. }
        | Event::ReserveReleased { .. }
        | Event::RulesSet { .. } => return None,
    })
}

/// Whether what was found is what was expected; a code without numbers stands for any numbers.
pub(super) fn agrees(found: &str, expected: &str) -> bool {
    let expected = expected.split_whitespace().collect::<Vec<_>>().join(" ");
    let without_numbers = expected.starts_with("rejected") && !expected.contains("limit=");
    found == expected || (without_numbers && found.split(" limit=").next() == Some(expected.as_str()))
}

fn rejection(reject: &Reject) -> String {
    let code = reject.code;
    if !code.has_numbers() {
        return format!("rejected {}", code.name());
    }
    let places = places_of(code);
    let (limit, actual) = (show(reject.limit.into(), places), show(reject.actual.into(), places));
    format!("rejected {} limit={limit} actual={actual}", code.name())
}

/// How many decimals the unit of a code's numbers has: points 3, euros 6, counts none.
fn places_of(code: RejectCode) -> u32 {
    match code {
        RejectCode::InvalidQuantity
        | RejectCode::HoldingCap
        | RejectCode::PurchaseCap
        | RejectCode::InsufficientPoints
        | RejectCode::NotYetEarned
        | RejectCode::SubsistenceFloor
        | RejectCode::SaleCap
        | RejectCode::ResaleForbidden
        | RejectCode::OverdraftLimit
        | RejectCode::InsufficientReserve
        | RejectCode::CapExceeded => 3,
        RejectCode::InvalidTick
        | RejectCode::PriceOutOfBand
        | RejectCode::InsufficientFunds
        | RejectCode::QuotesCrossed
        | RejectCode::TreasuryShort => 6,
        RejectCode::TooManyOpenOrders
        | RejectCode::OrderRate
        | RejectCode::DeficitOpen
        | RejectCode::InvalidBand
        | RejectCode::LimitExceeded
        | RejectCode::TableFull
        | RejectCode::BookFull
        | RejectCode::UnknownAccount
        | RejectCode::AccountClosed
        | RejectCode::AccountFrozen
        | RejectCode::AccountExists
        | RejectCode::NoPeriod
        | RejectCode::PeriodOpen
        | RejectCode::MarketClosed
        | RejectCode::MarketFrozen
        | RejectCode::CancelFrozen
        | RejectCode::NotInAuction
        | RejectCode::NothingToDistribute
        | RejectCode::RulesNeedClosed
        | RejectCode::TifNotAllowed
        | RejectCode::DuplicateClientOrderId
        | RejectCode::OppositeOrderOpen
        | RejectCode::UnknownOrder
        | RejectCode::NotYourOrder => 0,
    }
}
