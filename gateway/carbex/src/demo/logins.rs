//! Development logins: residents for whom nobody trades, so that whoever tries the demonstration can.

use carbex_sim::population::{AgeClass, Population};
use carbex_vocabulary::AccountId;
use carbex_web::{DevelopmentIssuer, TokenFault};

/// How long the printed tokens last: a working day.
pub(super) const LIFETIME_S: u64 = 8 * 3600;

/// Yearly footprints nearest to which the guests are chosen, in grams: one who saves 3.8 t (the worked example of the
/// domain report, section 3), one who needs 3 t more than the endowment.
const SELLER_FOOTPRINT_G: u64 = 5_200_000;
const BUYER_FOOTPRINT_G: u64 = 12_000_000;

/// Which side a login is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Consumes less than the endowment: has points to sell as weeks pass.
    Seller,
    /// Consumes more: will need points.
    Buyer,
}

/// The chosen residents.
pub(super) struct Logins {
    chosen: [(Part, AccountId); 2],
}

/// A login that is ready to use.
pub(super) struct Login {
    pub(super) part: Part,
    pub(super) account: AccountId,
    pub(super) token: String,
}

impl Logins {
    /// The adults whose lives come nearest to the two examples.
    pub(super) fn choose(population: &Population) -> Self {
        let nearest = |footprint_g: u64| {
            let adults = population.residents().iter().filter(|person| person.age == AgeClass::Adult);
            // A population of at least 100 has adults; of nobody, nobody's number is as good as any.
            adults
                .min_by_key(|person| (person.footprint_g.abs_diff(footprint_g), person.account))
                .map_or(AccountId::default(), |person| person.account)
        };
        Self { chosen: [(Part::Seller, nearest(SELLER_FOOTPRINT_G)), (Part::Buyer, nearest(BUYER_FOOTPRINT_G))] }
    }

    /// Their accounts.
    pub(super) fn accounts(&self) -> Vec<AccountId> {
        self.chosen.iter().map(|(_, account)| *account).collect()
    }

    /// A token each.
    pub(super) fn tokens(&self, issuer: &DevelopmentIssuer) -> Result<Vec<Login>, TokenFault> {
        self.chosen
            .iter()
            .map(|(part, account)| {
                Ok(Login { part: *part, account: *account, token: issuer.citizen(*account, LIFETIME_S)? })
            })
            .collect()
    }
}
