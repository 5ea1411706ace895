//! Residents: who they are, what they consume, how they trade. Drawn once from a seed, the same on any machine.

mod footprint;
mod household;
mod number;
mod season;
mod temperament;

use carbex_vocabulary::{AccountId, HouseholdId};
use rand::{Rng, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

pub use footprint::{FootprintCurve, MEAN_FOOTPRINT_G};
pub use household::HouseholdKind;
pub use season::{Season, SeasonTable};
pub use temperament::Temperament;

/// Adult or child. The charter gives both the same share; other rule sets do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgeClass {
    /// 18 and over.
    Adult,
    /// Under 18.
    Child,
}

/// One resident.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resident {
    /// The pseudonymous number of the account.
    pub account: AccountId,
    /// With whom.
    pub household: HouseholdId,
    /// People in the household, this one included.
    pub household_size: u8,
    /// Adult or child.
    pub age: AgeClass,
    /// What a year of this life emits when carbon costs nothing, in grams.
    pub footprint_g: u64,
    /// When in the year it is emitted.
    pub season: Season,
    /// How this resident trades.
    pub temperament: Temperament,
}

/// All residents, in the order of their accounts' opening.
#[derive(Clone, Debug, PartialEq)]
pub struct Population {
    residents: Vec<Resident>,
}

/// What separates the footprints of two people of one household from those of two households: the share of the spread
/// that the household has in common. Our choice: housing and car are shared, the rest is not.
const HOUSEHOLD_SHARE_OF_SPREAD: f64 = 0.5;

/// ln of footprint per extra person of the household (domain report, section 3, population recipe: b_size = −.12).
const SIZE_EFFECT_LN: f64 = -0.12;

/// Spread of ln footprint between people of households of one size; only its ratio to `SIZE_EFFECT_LN` matters here,
/// since ranks decide (the σ of the fitted curve's body).
const SPREAD_LN: f64 = 0.475;

impl Population {
    /// Draws `residents` people. The same number and seed give the same people.
    ///
    /// Footprints are stratified: whoever is k-th of n gets the middle of the k-th of n equal slices of the fitted
    /// curve, so mean and shares hold at any size. Chance decides only who is k-th, with people of large households
    /// lower per head and people of one household alike.
    pub fn draw(residents: u32, seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let numbers = number::AccountNumbers::new(&mut random);
        let standard = statrs::distribution::Normal::standard();
        let mut people = Vec::with_capacity(residents as usize);
        let mut rank_of = Vec::with_capacity(residents as usize);
        let mut household = 0_u64;
        while people.len() < residents as usize {
            household += 1;
            let kind = HouseholdKind::draw(&mut random);
            let members = kind.draw_members(&mut random);
            let size = members.len();
            let common = normal(&standard, &mut random) * SPREAD_LN * HOUSEHOLD_SHARE_OF_SPREAD.sqrt();
            for age in members.take(residents as usize - people.len()) {
                let own = normal(&standard, &mut random) * SPREAD_LN * (1.0 - HOUSEHOLD_SHARE_OF_SPREAD).sqrt();
                rank_of.push((SIZE_EFFECT_LN * (size as f64 - 1.0) + common + own, people.len()));
                people.push(Resident {
                    account: numbers.number_of(people.len() as u32),
                    household: HouseholdId::new(household),
                    household_size: size as u8,
                    age,
                    footprint_g: 0,
                    season: Season::draw(&mut random),
                    temperament: Temperament::draw(&standard, &mut random),
                });
            }
        }
        rank_of.sort_by(|left, right| left.0.total_cmp(&right.0));
        let curve = FootprintCurve::fitted();
        for (rank, footprint_g) in curve.stratified_g(residents).into_iter().enumerate() {
            people[rank_of[rank].1].footprint_g = footprint_g;
        }
        // Whoever is visited first each week should not be a household's neighbour: shuffled once.
        people.shuffle(&mut random);
        Self { residents: people }
    }

    /// The residents, in the order in which their accounts are opened.
    pub fn residents(&self) -> &[Resident] {
        &self.residents
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.residents.len()
    }

    /// Whether nobody lives here.
    pub fn is_empty(&self) -> bool {
        self.residents.is_empty()
    }
}

/// One draw from the standard normal distribution, by its quantile function.
fn normal(standard: &statrs::distribution::Normal, random: &mut ChaCha8Rng) -> f64 {
    use statrs::distribution::ContinuousCDF;
    // (0, 1): neither end, where the quantile is infinite.
    standard.inverse_cdf(random.random_range(f64::EPSILON..1.0))
}
