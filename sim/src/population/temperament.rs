//! Temperament: when a resident trades and at what price. Our choice throughout, so that a demonstration has both hurried
//! and patient people; the price anchor is the domain report's worked example, 0.10 €/point.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use statrs::distribution::Normal;

/// What a point is worth to the middle seller and the middle buyer at mid-year, in µ€ per point (domain report, section
/// 3, price anchors: 3.8 t of surplus × 0.10 €; a buyer also has the penalty of 0.50 € before his eyes).
const SELLER_MIDDLE_UEUR: f64 = 80_000.0;
const BUYER_MIDDLE_UEUR: f64 = 130_000.0;
/// Spread of ln price between people.
const PRICE_SPREAD_LN: f64 = 0.30;

/// How a resident trades.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Temperament {
    /// The least a seller wants at mid-year, in µ€ per point.
    pub reservation_ueur: u32,
    /// The most a buyer gives at mid-year, in µ€ per point.
    pub willingness_ueur: u32,
    /// How many weeks of surplus or of shortage pass before this resident acts: 1 (hurried) to 12 (patient).
    pub patience_weeks: u8,
    /// The chance, in percent, of looking at the market in a given week.
    pub attention_percent: u8,
    /// €/kg of this resident's basket: how much a carbon price weighs in it (0.6 car-dependent … 2.4 all consumption).
    pub basket_eur_per_kg: f32,
}

impl Temperament {
    pub(super) fn draw(standard: &Normal, random: &mut ChaCha8Rng) -> Self {
        let mut price =
            |middle_ueur: f64| (middle_ueur * (super::normal(standard, random) * PRICE_SPREAD_LN).exp()).round() as u32;
        Self {
            reservation_ueur: price(SELLER_MIDDLE_UEUR),
            willingness_ueur: price(BUYER_MIDDLE_UEUR),
            patience_weeks: random.random_range(1..=12),
            attention_percent: random.random_range(10..=60),
            basket_eur_per_kg: random.random_range(0.6..2.4),
        }
    }
}
