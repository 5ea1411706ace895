//! The sentences in French, to the citizen as « vous ».

use carbex_vocabulary::{Reject, RejectCode};

use super::{QuantityProblem, excess, quantity_problem, usable};
use crate::{Language, numbers};

fn points(quantity_g: i64) -> String {
    numbers::points(quantity_g, Language::French)
}

fn euros(amount_ueur: i64) -> String {
    numbers::euros(amount_ueur, Language::French)
}

fn price(price_ueur: i64) -> String {
    numbers::price(price_ueur, Language::French)
}

fn count(number: i64) -> String {
    numbers::count(number.unsigned_abs(), Language::French)
}

pub(super) fn sentence(reject: &Reject) -> String {
    let Reject { code, limit, actual } = *reject;
    match code {
        RejectCode::UnknownAccount => {
            "Aucun compte ne porte ce numéro. Vérifiez-le, ou demandez l’ouverture d’un compte à votre guichet.".into()
        }
        RejectCode::AccountClosed => {
            "Ce compte est clos : il ne peut plus que restituer son argent. Adressez-vous à votre guichet si c’est une \
             erreur."
                .into()
        }
        RejectCode::AccountFrozen => "Ce compte est bloqué : il peut payer et recevoir, mais ni passer d’ordre ni retirer \
             d’argent. Le motif et les voies de recours vous sont notifiés ; votre guichet peut vous aider."
            .into(),
        RejectCode::AccountExists => {
            "Un compte porte déjà ce numéro. Utilisez-le, ou choisissez un autre numéro pour le nouveau.".into()
        }
        RejectCode::NoPeriod => {
            "Aucune année budgétaire n’est ouverte. Recommencez dès l’ouverture de la prochaine année.".into()
        }
        RejectCode::PeriodOpen => {
            "Une année budgétaire est déjà ouverte. Clôturez-la avant d’en ouvrir une autre.".into()
        }
        RejectCode::MarketClosed => {
            "La bourse ne prend pas d’ordre en ce moment. Recommencez à la prochaine séance.".into()
        }
        RejectCode::MarketFrozen => "Tant que les citoyens ne peuvent pas annuler, le régulateur ne change ni prix, ni volume, \
             ni règle. Attendez la fin de l’enchère."
            .into(),
        RejectCode::CancelFrozen => "L’enchère va se dénouer : les ordres ne peuvent plus être annulés ni modifiés. Attendez \
             son résultat ; ce qui reste de votre ordre pourra l’être ensuite."
            .into(),
        RejectCode::NotInAuction => {
            "Aucune enchère ne recueille d’ordres. Passez d’abord la bourse en phase d’enchère.".into()
        }
        RejectCode::NothingToDistribute => "Il n’y a rien à répartir. Il faut la phase à prix affiché et une offre de vente du \
             régulateur qui a encore du volume."
            .into(),
        RejectCode::RulesNeedClosed => "Le lot, le pas, l’écart, le rationnement, le périmètre des plafonds et les ordres \
             contraires ne changent que bourse fermée, sans ordre en attente. Fermez la bourse et attendez ou annulez les \
             ordres."
            .into(),
        RejectCode::TifNotAllowed => "Un ordre à exécuter tout de suite n’a pas de sens pendant que l’enchère recueille les \
             ordres. Choisissez un ordre valable jusqu’au soir ou jusqu’à la fin de l’année."
            .into(),
        RejectCode::DuplicateClientOrderId => {
            "Un de vos ordres ouverts porte déjà cette référence. Donnez-en une autre au nouvel ordre.".into()
        }
        RejectCode::InvalidQuantity => match quantity_problem(reject) {
            QuantityProblem::Zero => "La quantité ou le montant ne peut pas être zéro. Indiquez un nombre positif.".into(),
            QuantityProblem::BelowLot => format!(
                "La quantité demandée, {}, est plus petite qu’un lot, {}. Demandez un nombre entier de lots.",
                points(actual),
                points(limit)
            ),
            QuantityProblem::AboveMost => format!(
                "La quantité demandée, {}, est trop grande. Demandez au plus {} à la fois.",
                points(actual),
                points(limit)
            ),
            QuantityProblem::LotOrMost => format!(
                "La quantité demandée, {}, n’est pas admise : un ordre compte un nombre entier de lots sans dépasser le plus \
                 grand ordre, un remboursement ne dépasse pas ce qui a été consommé. La limite en cause est {}.",
                points(actual),
                points(limit)
            ),
        },
        RejectCode::InvalidTick => format!(
            "Le prix {} n’est pas un multiple du pas, {}. Indiquez un prix qui en est un multiple.",
            price(actual),
            price(limit)
        ),
        RejectCode::PriceOutOfBand if actual > limit => format!(
            "Le prix {} est au-dessus de la fourchette. Indiquez au plus {}.",
            price(actual),
            price(limit)
        ),
        RejectCode::PriceOutOfBand => format!(
            "Le prix {} est au-dessous de la fourchette. Indiquez au moins {}.",
            price(actual),
            price(limit)
        ),
        RejectCode::TooManyOpenOrders => format!(
            "Vous pouvez avoir {} ordres ouverts à la fois, et vous les avez. Annulez-en un avant d’en passer un autre.",
            count(limit)
        ),
        RejectCode::OppositeOrderOpen => "Vous avez un ordre ouvert de sens contraire : on ne vend et n’achète pas en même \
             temps. Annulez-le d’abord."
            .into(),
        RejectCode::OrderRate => format!(
            "Vous pouvez passer ou modifier {} ordres par jour, et vous l’avez fait. Recommencez demain ; annuler reste \
             possible.",
            count(limit)
        ),
        RejectCode::UnknownOrder => {
            "Aucun ordre ouvert ne porte ce numéro : il a été exécuté, annulé, ou n’a jamais existé. Consultez vos ordres."
                .into()
        }
        RejectCode::NotYourOrder => "Cet ordre appartient à un autre compte. Vérifiez le numéro de votre ordre.".into(),
        RejectCode::HoldingCap => format!(
            "Après cet achat vous détiendriez {}, achats en attente et points à recevoir compris, alors que vous pouvez \
             détenir {} aujourd’hui. Achetez {} de moins, ou plus tard, quand vous aurez consommé.",
            points(actual),
            points(usable(limit)),
            points(excess(reject))
        ),
        RejectCode::InsufficientFunds => format!(
            "Il faut {}, et {} sont libres sur votre compte. Versez {}, ou réduisez le montant.",
            euros(actual),
            euros(usable(limit)),
            euros(excess(reject))
        ),
        RejectCode::PurchaseCap => format!(
            "Avec cet achat vous auriez acheté {} cette année, achats en attente compris ; le plafond est {}. Achetez {} de \
             moins.",
            points(actual),
            points(usable(limit)),
            points(excess(reject))
        ),
        RejectCode::InsufficientPoints => format!(
            "Vous voulez vendre {}, et {} sont libres sur votre compte. Réduisez l’ordre, ou annulez une vente en attente.",
            points(actual),
            points(usable(limit))
        ),
        RejectCode::NotYetEarned if limit <= 0 => format!(
            "Vous voulez vendre {}, et vous n’avez encore rien économisé : vous avez consommé plus que la part de votre budget \
             déjà acquise. Attendez : chaque jour sans consommer vous en rapproche.",
            points(actual)
        ),
        RejectCode::NotYetEarned => format!(
            "Vous voulez vendre {}, et vous avez économisé {} jusqu’à ce jour. Vendez au plus cela, ou attendez : chaque jour \
             sans consommer en libère davantage.",
            points(actual),
            points(usable(limit))
        ),
        RejectCode::SubsistenceFloor => format!(
            "Après cette vente il vous resterait {}, et il faut en garder {} pour vivre jusqu’à la fin de l’année. Vendez {} \
             de moins.",
            points(actual),
            points(limit),
            points(excess(reject))
        ),
        RejectCode::SaleCap => format!(
            "Avec cette vente vous auriez vendu {} cette année, ventes en attente comprises ; le plafond est {}. Vendez {} de \
             moins.",
            points(actual),
            points(usable(limit)),
            points(excess(reject))
        ),
        RejectCode::ResaleForbidden => format!(
            "Les points achetés ne se revendent pas, ou pas encore. Vous voulez vendre {} ; {} viennent de votre dotation et \
             peuvent être vendus. Réduisez l’ordre.",
            points(actual),
            points(usable(limit))
        ),
        RejectCode::OverdraftLimit => format!(
            "Ce paiement mettrait votre compte à {} au-dessous de zéro ; la limite est {}. Achetez au moins {} avant de payer, \
             ou payez moins.",
            points(actual),
            points(usable(limit)),
            points(excess(reject))
        ),
        RejectCode::DeficitOpen => "Votre compte doit encore des points ou des euros : l’argent ne peut pas sortir. Achetez les \
             points qui manquent ou versez ce qui est dû, puis recommencez."
            .into(),
        RejectCode::InvalidBand => "La fourchette doit commencer au-dessus de zéro, finir à son début ou plus haut, et tenir en \
             65 536 pas au plus. Corrigez ses bornes."
            .into(),
        RejectCode::QuotesCrossed => format!(
            "Le prix de rachat, {}, serait au-dessus du prix de vente, {}. Baissez l’un ou relevez l’autre.",
            price(actual.max(limit)),
            price(actual.min(limit))
        ),
        RejectCode::TreasuryShort => format!(
            "Il faut {}, et la trésorerie dispose de {}. Abondez-la de {}, ou réduisez le montant.",
            euros(actual),
            euros(usable(limit)),
            euros(excess(reject))
        ),
        RejectCode::InsufficientReserve => format!(
            "Vous demandez {}, et la réserve contient {}. Demandez au plus cela.",
            points(actual),
            points(usable(limit))
        ),
        RejectCode::CapExceeded => format!(
            "L’émission de l’année atteindrait {} ; son plafond est {}. Émettez {} de moins.",
            points(actual),
            points(usable(limit)),
            points(excess(reject))
        ),
        RejectCode::LimitExceeded => {
            "Ce nombre est plus grand que ce qu’un compte peut contenir. Vérifiez-le, ou partagez l’opération.".into()
        }
        RejectCode::TableFull => format!(
            "Le registre tient {} comptes et il est plein. L’exploitant doit l’agrandir avant toute nouvelle ouverture.",
            count(limit)
        ),
        RejectCode::BookFull => format!(
            "Le carnet tient {} ordres et il est plein. Recommencez un peu plus tard ; annuler reste possible.",
            count(limit)
        ),
    }
}
