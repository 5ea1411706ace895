//! The sentences in English.

use carbex_vocabulary::{Reject, RejectCode};

use super::{QuantityProblem, excess, quantity_problem, usable};
use crate::{Language, numbers};

fn points(quantity_g: i64) -> String {
    numbers::points(quantity_g, Language::English)
}

fn euros(amount_ueur: i64) -> String {
    numbers::euros(amount_ueur, Language::English)
}

fn price(price_ueur: i64) -> String {
    numbers::price(price_ueur, Language::English)
}

fn count(number: i64) -> String {
    numbers::count(number.unsigned_abs(), Language::English)
}

pub(super) fn sentence(reject: &Reject) -> String {
    let Reject { code, limit, actual } = *reject;
    match code {
        RejectCode::UnknownAccount => {
            "No account has this number. Check it, or ask your local counter to open an account.".into()
        }
        RejectCode::AccountClosed => {
            "This account is closed: it can only give its money back. Ask your local counter if this is a mistake."
                .into()
        }
        RejectCode::AccountFrozen => {
            "This account is frozen: it can pay and receive, but neither place orders nor withdraw \
             money. You are told why and how to appeal; your local counter can help."
                .into()
        }
        RejectCode::AccountExists => {
            "An account has this number already. Use it, or choose another number for the new one.".into()
        }
        RejectCode::NoPeriod => "No budget year is open. Try again once the next one has opened.".into(),
        RejectCode::PeriodOpen => "A budget year is open already. Close it before opening another.".into(),
        RejectCode::MarketClosed => "The market takes no orders at the moment. Try again at the next session.".into(),
        RejectCode::MarketFrozen => {
            "While citizens cannot cancel, the regulator changes no price, no volume and no rule. Wait \
             for the end of the auction."
                .into()
        }
        RejectCode::CancelFrozen => {
            "The auction is about to clear: orders can no longer be cancelled or changed. Wait for its \
             result; what is left of your order can be cancelled then."
                .into()
        }
        RejectCode::NotInAuction => {
            "No auction is collecting orders. Put the market in its auction phase first.".into()
        }
        RejectCode::NothingToDistribute => {
            "There is nothing to distribute. It takes the posted phase and a sale quote of the \
             regulator with volume left."
                .into()
        }
        RejectCode::RulesNeedClosed => {
            "Lot, tick, spread, rationing, who shares the caps and opposite orders change only while \
             the market is closed with no order waiting. Close it, and wait for the orders or have them cancelled."
                .into()
        }
        RejectCode::TifNotAllowed => {
            "An order to be filled at once makes no sense while the auction collects orders. Choose an \
             order that lasts until tonight or until the end of the year."
                .into()
        }
        RejectCode::DuplicateClientOrderId => {
            "One of your open orders has this reference already. Give the new order another one.".into()
        }
        RejectCode::InvalidQuantity => match quantity_problem(reject) {
            QuantityProblem::Zero => "The quantity or amount cannot be zero. Enter a positive number.".into(),
            QuantityProblem::BelowLot => format!(
                "The quantity asked for, {}, is smaller than one lot, {}. Ask for a whole number of lots.",
                points(actual),
                points(limit)
            ),
            QuantityProblem::AboveMost => format!(
                "The quantity asked for, {}, is too large. Ask for at most {} at once.",
                points(actual),
                points(limit)
            ),
            QuantityProblem::LotOrMost => format!(
                "The quantity asked for, {}, is not allowed: an order is in whole lots and no larger than the largest order, \
                 a refund is no larger than what was consumed. The limit that decides is {}.",
                points(actual),
                points(limit)
            ),
        },
        RejectCode::InvalidTick => format!(
            "The price, {}, is not a multiple of the tick, {}. Enter a multiple of it.",
            price(actual),
            price(limit)
        ),
        RejectCode::PriceOutOfBand if actual > limit => {
            format!("The price, {}, is above the band. Enter at most {}.", price(actual), price(limit))
        }
        RejectCode::PriceOutOfBand => {
            format!("The price, {}, is below the band. Enter at least {}.", price(actual), price(limit))
        }
        RejectCode::TooManyOpenOrders => format!(
            "You may have {} open orders at a time, and you have them. Cancel one before placing another.",
            count(limit)
        ),
        RejectCode::OppositeOrderOpen => {
            "You have an open order the other way: nobody sells and buys at the same time. Cancel \
             it first."
                .into()
        }
        RejectCode::OrderRate => format!(
            "You may place or change {} orders a day, and you have. Try again tomorrow; cancelling is still possible.",
            count(limit)
        ),
        RejectCode::UnknownOrder => {
            "No open order has this number: it was filled, cancelled, or never there. Look at your orders.".into()
        }
        RejectCode::NotYourOrder => "This order belongs to another account. Check the number of your order.".into(),
        RejectCode::HoldingCap => format!(
            "After this purchase you would hold {}, counting waiting purchases and points still to come, and you may hold {} \
             today. Buy {} less, or buy later, when you have consumed some.",
            points(actual),
            points(usable(limit)),
            points(excess(reject))
        ),
        RejectCode::InsufficientFunds => format!(
            "It takes {}, and {} is free on your account. Pay in {}, or lower the amount.",
            euros(actual),
            euros(usable(limit)),
            euros(excess(reject))
        ),
        RejectCode::PurchaseCap => format!(
            "With this purchase you would have bought {} this year, counting waiting purchases; the cap is {}. Buy {} less.",
            points(actual),
            points(usable(limit)),
            points(excess(reject))
        ),
        RejectCode::InsufficientPoints => format!(
            "You want to sell {}, and your account has {} free. Lower the order, or cancel a waiting sale.",
            points(actual),
            points(usable(limit))
        ),
        RejectCode::NotYetEarned if limit <= 0 => format!(
            "You want to sell {}, and you have saved nothing yet: you have used more than the part of your budget earned so far. \
             Wait: every day without consuming brings you nearer.",
            points(actual)
        ),
        RejectCode::NotYetEarned => format!(
            "You want to sell {}, and you have saved {} up to today. Sell no more than that, or wait: every day without \
             consuming frees more.",
            points(actual),
            points(usable(limit))
        ),
        RejectCode::SubsistenceFloor => format!(
            "After this sale you would have {} left, and {} must be kept to live on until the end of the year. Sell {} less.",
            points(actual),
            points(limit),
            points(excess(reject))
        ),
        RejectCode::SaleCap => format!(
            "With this sale you would have sold {} this year, counting waiting sales; the cap is {}. Sell {} less.",
            points(actual),
            points(usable(limit)),
            points(excess(reject))
        ),
        RejectCode::ResaleForbidden => format!(
            "Purchased points cannot be sold again, or not yet. You want to sell {}; {} come from your endowment and can be \
             sold. Lower the order.",
            points(actual),
            points(usable(limit))
        ),
        RejectCode::OverdraftLimit => format!(
            "This payment would take your account {} below zero; the limit is {}. Buy at least {} before paying, or pay less.",
            points(actual),
            points(usable(limit)),
            points(excess(reject))
        ),
        RejectCode::DeficitOpen => {
            "Your account still owes points or euros: money cannot leave it. Buy the missing points or \
             pay in what is owed, then try again."
                .into()
        }
        RejectCode::InvalidBand => {
            "The band must start above zero, end at its start or higher, and span at most 65,536 ticks. \
             Correct its ends."
                .into()
        }
        RejectCode::QuotesCrossed => format!(
            "The buyback price, {}, would be above the sale price, {}. Lower the one or raise the other.",
            price(actual.max(limit)),
            price(actual.min(limit))
        ),
        RejectCode::TreasuryShort => format!(
            "It takes {}, and the treasury has {}. Bring {} into it, or lower the amount.",
            euros(actual),
            euros(usable(limit)),
            euros(excess(reject))
        ),
        RejectCode::InsufficientReserve => format!(
            "You ask for {}, and the reserve holds {}. Ask for no more than that.",
            points(actual),
            points(usable(limit))
        ),
        RejectCode::CapExceeded => format!(
            "The year's issue would reach {}; its cap is {}. Issue {} less.",
            points(actual),
            points(usable(limit)),
            points(excess(reject))
        ),
        RejectCode::LimitExceeded => {
            "This number is larger than an account can hold. Check it, or split the operation.".into()
        }
        RejectCode::TableFull => format!(
            "The register holds {} accounts and is full. The operator has to enlarge it before another can be opened.",
            count(limit)
        ),
        RejectCode::BookFull => format!(
            "The book holds {} orders and is full. Try again a little later; cancelling is still possible.",
            count(limit)
        ),
    }
}
