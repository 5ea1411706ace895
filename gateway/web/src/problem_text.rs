//! The door's own sentences, French and English: what is wrong, and what to do.

use carbex_node::Refusal;

use crate::{language::Language, problem::DoorRefusal};

/// Title and detail of a door refusal.
pub fn told(refusal: &DoorRefusal, language: Language) -> (String, String) {
    match language {
        Language::French => {
            let (title, detail) = french(refusal);
            (title, spaced(&detail))
        }
        Language::English => english(refusal),
    }
}

/// French sets these marks apart with a narrow no-break space; the texts are written with plain ones.
fn spaced(text: &str) -> String {
    text.replace(" :", "\u{202f}:").replace(" ;", "\u{202f};").replace("« ", "«\u{202f}").replace(" »", "\u{202f}»")
}

fn pair(title: &str, detail: impl Into<String>) -> (String, String) {
    (title.to_owned(), detail.into())
}

fn french(refusal: &DoorRefusal) -> (String, String) {
    match refusal {
        DoorRefusal::MalformedBody(reason) => pair(
            "Corps illisible",
            format!(
                "Le corps doit être un objet JSON avec les seuls champs documentés, chacun une fois ; le lecteur dit : {reason}."
            ),
        ),
        DoorRefusal::InvalidField { field, expected } => {
            pair("Valeur inconnue", format!("Le champ « {field} » attend : {expected}."))
        }
        DoorRefusal::InvalidDecimal { field } => pair(
            "Nombre illisible",
            format!(
                "Le champ « {field} » attend un nombre décimal en texte, sans signe ni exposant, avec un point : \"120.5\"."
            ),
        ),
        DoorRefusal::TooManyDecimals { field, allowed } => pair(
            "Trop de décimales",
            format!("Le champ « {field} » admet au plus {allowed} décimales ; rien n’est arrondi."),
        ),
        DoorRefusal::NumberTooLarge { field } => {
            pair("Nombre trop grand", format!("Le champ « {field} » dépasse ce que le marché sait compter."))
        }
        DoorRefusal::InvalidParameter { parameter, expected } => {
            pair("Paramètre inconnu", format!("Le paramètre « {parameter} » de l’adresse attend : {expected}."))
        }
        DoorRefusal::IdempotencyKeyMissing => pair(
            "Idempotency-Key manque",
            "Ajoutez l’en-tête Idempotency-Key avec une valeur unique par ordre (un UUID) : l’ordre pourra être renvoyé sans être doublé.",
        ),
        DoorRefusal::IdempotencyKeyInvalid => pair(
            "Idempotency-Key illisible",
            "L’en-tête Idempotency-Key est donné une seule fois, avec 1 à 255 caractères ASCII visibles.",
        ),
        DoorRefusal::Node(Refusal::KeyReused) => pair(
            "Idempotency-Key déjà utilisée",
            "Cette clé a servi à une autre demande. Prenez une nouvelle clé pour un nouvel ordre ; pour répéter l’ancien, renvoyez-le à l’identique.",
        ),
        DoorRefusal::NotAuthenticated => pair(
            "Identification requise",
            "Joignez un jeton valide : « Authorization: Bearer … ». Un jeton vit dix minutes au plus ; demandez-en un nouveau.",
        ),
        DoorRefusal::NoAccount => pair("Compte inconnu", "Aucun compte n’est ouvert sous ce numéro."),
        DoorRefusal::NotFound => {
            pair("Adresse inconnue", "Rien ne se trouve à cette adresse ; les adresses du service commencent par /v1.")
        }
        DoorRefusal::MethodNotAllowed => {
            pair("Méthode refusée", "Cette adresse répond à d’autres méthodes ; l’en-tête Allow les nomme.")
        }
        DoorRefusal::BodyTooLarge { limit_bytes } => {
            pair("Corps trop grand", format!("Le corps a au plus {limit_bytes} octets."))
        }
        DoorRefusal::BatchTooLarge { limit_bytes } => pair(
            "Lot trop grand",
            format!(
                "Un lot a au plus {limit_bytes} octets : envoyez le reste dans d’autres lots, avec les mêmes clés par ligne."
            ),
        ),
        DoorRefusal::TooManyLines { limit } => pair(
            "Trop de lignes",
            format!("Un lot a au plus {limit} lignes : envoyez cette ligne et les suivantes dans un autre lot."),
        ),
        DoorRefusal::LineTooLong { limit_bytes } => pair(
            "Ligne trop longue",
            format!(
                "Une ligne a au plus {limit_bytes} octets et finit par un saut de ligne ; le lot n’est pas lu plus loin."
            ),
        ),
        DoorRefusal::EmptyBatch => pair("Lot vide", "Le lot n’a aucune ligne ; donnez un objet JSON par ligne."),
        DoorRefusal::LineKeyMissing => pair(
            "Clé manquante",
            "Donnez à chaque ligne un « idempotency_key » unique, ou au lot un en-tête Idempotency-Key qui vaut pour ses lignes dans leur ordre.",
        ),
        DoorRefusal::TooManyBatches => {
            pair("Trop de lots à la fois", "Rien de ce lot n’a été lu ; renvoyez-le à l’identique dans une seconde.")
        }
        DoorRefusal::NotYourAccount => pair(
            "Compte d’autrui",
            "Votre jeton ne vaut que pour votre propre compte ; retirez le champ « account » ou donnez-y votre compte.",
        ),
        DoorRefusal::NotForThisRole => pair(
            "Pas pour ce rôle",
            "Le jeton est valable, mais son rôle n’ouvre pas cette adresse ; une banque envoie des lots « application/x-ndjson » à /v1/orders.",
        ),
        DoorRefusal::UnsupportedMediaType => pair(
            "Type refusé",
            "Envoyez un ordre avec « Content-Type: application/json », un lot avec « application/x-ndjson ».",
        ),
        DoorRefusal::BodyTooSlow => {
            pair("Trop lent", "Le corps n’est pas arrivé à temps ; rien n’a été fait, recommencez.")
        }
        DoorRefusal::OutcomeUnknown => pair(
            "Pas de réponse à temps",
            "On ne sait pas encore si la demande a été enregistrée. Renvoyez-la à l’identique, avec la même Idempotency-Key : elle ne sera pas doublée.",
        ),
        DoorRefusal::TooManyStreams => pair(
            "Trop de flux ouverts",
            "Le service ne peut ouvrir d’autre flux pour l’instant ; réessayez dans quelques secondes.",
        ),
        DoorRefusal::HistoryRebuilding => pair(
            "Historique en reconstruction",
            "L’historique est relu depuis le journal ; soldes et ordres ouverts restent exacts. Réessayez dans quelques secondes.",
        ),
        DoorRefusal::Node(Refusal::Overloaded) => {
            pair("Service chargé", "Rien n’a été enregistré ; réessayez dans une seconde avec la même Idempotency-Key.")
        }
        DoorRefusal::Node(Refusal::KeysExhausted) => pair(
            "Trop de clés en usage",
            "Le service ne peut retenir d’autre Idempotency-Key pour l’instant. Rien n’a été enregistré ; réessayez plus tard.",
        ),
        DoorRefusal::Node(Refusal::SpaceLow) => pair(
            "Place limitée",
            "Le journal manque de place : seuls les retraits d’ordres et les débits passent pour l’instant. Rien n’a été enregistré.",
        ),
        DoorRefusal::Node(Refusal::SpaceExhausted) => {
            pair("Journal plein", "Rien ne peut être enregistré tant que la place manque. Rien n’a été enregistré.")
        }
        DoorRefusal::Node(Refusal::Stopping) => {
            pair("Service en arrêt", "Le service s’arrête ; rien n’a été enregistré. Réessayez dans quelques secondes.")
        }
        DoorRefusal::Internal => pair(
            "Erreur du service",
            "La faute est la nôtre. Renvoyez la demande à l’identique, avec la même Idempotency-Key.",
        ),
    }
}

fn english(refusal: &DoorRefusal) -> (String, String) {
    match refusal {
        DoorRefusal::MalformedBody(reason) => pair(
            "Unreadable body",
            format!(
                "The body must be one JSON object with the documented fields only, each once; the reader says: {reason}."
            ),
        ),
        DoorRefusal::InvalidField { field, expected } => {
            pair("Unknown value", format!("The field \"{field}\" takes: {expected}."))
        }
        DoorRefusal::InvalidDecimal { field } => pair(
            "Unreadable number",
            format!(
                "The field \"{field}\" takes a decimal number as text, without sign or exponent, with a point: \"120.5\"."
            ),
        ),
        DoorRefusal::TooManyDecimals { field, allowed } => pair(
            "Too many decimals",
            format!("The field \"{field}\" takes at most {allowed} decimals; nothing is rounded."),
        ),
        DoorRefusal::NumberTooLarge { field } => {
            pair("Number too large", format!("The field \"{field}\" is more than the market can count."))
        }
        DoorRefusal::InvalidParameter { parameter, expected } => {
            pair("Unknown parameter", format!("The parameter \"{parameter}\" of the address takes: {expected}."))
        }
        DoorRefusal::IdempotencyKeyMissing => pair(
            "Idempotency-Key is missing",
            "Add the header Idempotency-Key with a value unique to this order (a UUID): the order can then be sent again without being doubled.",
        ),
        DoorRefusal::IdempotencyKeyInvalid => pair(
            "Unreadable Idempotency-Key",
            "The header Idempotency-Key is given once, with 1 to 255 visible ASCII characters.",
        ),
        DoorRefusal::Node(Refusal::KeyReused) => pair(
            "Idempotency-Key used before",
            "This key was used for another request. Take a new key for a new order; to repeat the old one, send it again unchanged.",
        ),
        DoorRefusal::NotAuthenticated => pair(
            "Authentication needed",
            "Send a valid token: \"Authorization: Bearer …\". A token lives ten minutes at most; ask for a new one.",
        ),
        DoorRefusal::NoAccount => pair("Unknown account", "No account is open under this number."),
        DoorRefusal::NotFound => {
            pair("Unknown address", "There is nothing at this address; the service's addresses begin with /v1.")
        }
        DoorRefusal::MethodNotAllowed => {
            pair("Method refused", "This address answers to other methods; the header Allow names them.")
        }
        DoorRefusal::BodyTooLarge { limit_bytes } => {
            pair("Body too large", format!("The body has at most {limit_bytes} bytes."))
        }
        DoorRefusal::BatchTooLarge { limit_bytes } => pair(
            "Batch too large",
            format!(
                "A batch has at most {limit_bytes} bytes: send the rest in other batches, with the same keys per line."
            ),
        ),
        DoorRefusal::TooManyLines { limit } => pair(
            "Too many lines",
            format!("A batch has at most {limit} lines: send this line and what follows in another batch."),
        ),
        DoorRefusal::LineTooLong { limit_bytes } => pair(
            "Line too long",
            format!(
                "A line has at most {limit_bytes} bytes and ends in a line feed; the batch is not read any further."
            ),
        ),
        DoorRefusal::EmptyBatch => pair("Empty batch", "The batch has no line; give one JSON object a line."),
        DoorRefusal::LineKeyMissing => pair(
            "A key is missing",
            "Give every line an \"idempotency_key\" of its own, or the batch an Idempotency-Key header, which then stands for its lines in their order.",
        ),
        DoorRefusal::TooManyBatches => {
            pair("Too many batches at once", "Nothing of this batch was read; send it again unchanged in a second.")
        }
        DoorRefusal::NotYourAccount => pair(
            "Someone else's account",
            "Your token stands for your own account only; leave the field \"account\" out or name your account.",
        ),
        DoorRefusal::NotForThisRole => pair(
            "Not for this role",
            "The token is valid, but its role does not open this address; a bank sends \"application/x-ndjson\" batches to /v1/orders.",
        ),
        DoorRefusal::UnsupportedMediaType => pair(
            "Type refused",
            "Send an order with \"Content-Type: application/json\", a batch with \"application/x-ndjson\".",
        ),
        DoorRefusal::BodyTooSlow => {
            pair("Too slow", "The body did not arrive in time; nothing was done, send it again.")
        }
        DoorRefusal::OutcomeUnknown => pair(
            "No answer in time",
            "It is not known yet whether the request was recorded. Send it again unchanged, with the same Idempotency-Key: it will not be doubled.",
        ),
        DoorRefusal::TooManyStreams => {
            pair("Too many open streams", "The service cannot open another stream now; try again in a few seconds.")
        }
        DoorRefusal::HistoryRebuilding => pair(
            "History being rebuilt",
            "The history is being read again from the journal; balances and open orders stay exact. Try again in a few seconds.",
        ),
        DoorRefusal::Node(Refusal::Overloaded) => {
            pair("Busy", "Nothing was recorded; try again in a second with the same Idempotency-Key.")
        }
        DoorRefusal::Node(Refusal::KeysExhausted) => pair(
            "Too many keys in use",
            "The service cannot remember another Idempotency-Key now. Nothing was recorded; try again later.",
        ),
        DoorRefusal::Node(Refusal::SpaceLow) => pair(
            "Space is low",
            "The journal is short of space: only cancels and debits are taken for now. Nothing was recorded.",
        ),
        DoorRefusal::Node(Refusal::SpaceExhausted) => {
            pair("The journal is full", "Nothing can be recorded until there is room. Nothing was recorded.")
        }
        DoorRefusal::Node(Refusal::Stopping) => {
            pair("Stopping", "The service is stopping; nothing was recorded. Try again in a few seconds.")
        }
        DoorRefusal::Internal => {
            pair("Our fault", "The fault is ours. Send the request again unchanged, with the same Idempotency-Key.")
        }
    }
}
