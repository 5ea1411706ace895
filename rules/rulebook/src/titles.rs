//! A short title for every reject code, French and English; `sentences` says what to do about it.

use carbex_vocabulary::RejectCode;

use crate::Language;

/// The code in a few words, without a full stop.
pub const fn title(code: RejectCode, language: Language) -> &'static str {
    let (french, english) = both(code);
    match language {
        Language::French => french,
        Language::English => english,
    }
}

const fn both(code: RejectCode) -> (&'static str, &'static str) {
    match code {
        RejectCode::UnknownAccount => ("Compte inconnu", "Unknown account"),
        RejectCode::AccountClosed => ("Compte clos", "Account closed"),
        RejectCode::AccountFrozen => ("Compte bloqué", "Account frozen"),
        RejectCode::AccountExists => ("Compte déjà ouvert", "Account already open"),
        RejectCode::NoPeriod => ("Aucune année budgétaire ouverte", "No budget year open"),
        RejectCode::PeriodOpen => ("Une année budgétaire est déjà ouverte", "A budget year is already open"),
        RejectCode::MarketClosed => ("Bourse fermée", "Market closed"),
        RejectCode::MarketFrozen => ("Le régulateur doit attendre", "The regulator has to wait"),
        RejectCode::CancelFrozen => ("Annulation suspendue", "Cancelling suspended"),
        RejectCode::NotInAuction => ("Pas d’enchère en cours", "No auction under way"),
        RejectCode::NothingToDistribute => ("Rien à répartir", "Nothing to distribute"),
        RejectCode::RulesNeedClosed => ("La bourse doit être fermée", "The market must be closed"),
        RejectCode::TifNotAllowed => ("Durée d’ordre non admise", "Order duration not allowed"),
        RejectCode::DuplicateClientOrderId => ("Référence d’ordre déjà utilisée", "Order reference already in use"),
        RejectCode::InvalidQuantity => ("Quantité non admise", "Quantity not allowed"),
        RejectCode::InvalidTick => ("Prix hors du pas", "Price off the tick"),
        RejectCode::PriceOutOfBand => ("Prix hors de la fourchette", "Price outside the band"),
        RejectCode::TooManyOpenOrders => ("Trop d’ordres ouverts", "Too many open orders"),
        RejectCode::OppositeOrderOpen => ("Ordre de sens contraire ouvert", "An opposite order is open"),
        RejectCode::OrderRate => ("Trop d’ordres aujourd’hui", "Too many orders today"),
        RejectCode::UnknownOrder => ("Ordre inconnu", "Unknown order"),
        RejectCode::NotYourOrder => ("Cet ordre n’est pas le vôtre", "Not your order"),
        RejectCode::HoldingCap => ("Plafond de détention", "Holding cap"),
        RejectCode::InsufficientFunds => ("Pas assez d’argent", "Not enough money"),
        RejectCode::PurchaseCap => ("Plafond d’achat de l’année", "Purchase cap of the year"),
        RejectCode::InsufficientPoints => ("Pas assez de points", "Not enough points"),
        RejectCode::NotYetEarned => ("Points pas encore économisés", "Points not saved yet"),
        RejectCode::SubsistenceFloor => ("Part vitale à garder", "Subsistence share to keep"),
        RejectCode::SaleCap => ("Plafond de vente de l’année", "Sale cap of the year"),
        RejectCode::ResaleForbidden => ("Revente de points achetés", "Resale of purchased points"),
        RejectCode::OverdraftLimit => ("Limite de découvert", "Overdraft limit"),
        RejectCode::DeficitOpen => ("Déficit à régler d’abord", "Deficit to settle first"),
        RejectCode::InvalidBand => ("Fourchette de prix non admise", "Price band not allowed"),
        RejectCode::QuotesCrossed => {
            ("Prix de rachat au-dessus du prix de vente", "Buyback price above the sale price")
        }
        RejectCode::TreasuryShort => ("Trésorerie insuffisante", "Treasury too short"),
        RejectCode::InsufficientReserve => ("Réserve insuffisante", "Reserve too short"),
        RejectCode::CapExceeded => ("Plafond d’émission dépassé", "Issue cap exceeded"),
        RejectCode::LimitExceeded => ("Nombre trop grand", "Number too large"),
        RejectCode::TableFull => ("Registre des comptes plein", "Account register full"),
        RejectCode::BookFull => ("Carnet d’ordres plein", "Order book full"),
    }
}
