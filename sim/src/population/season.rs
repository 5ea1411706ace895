//! Seasons: how a year's footprint spreads over its days.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// The share of a footprint that heats, on average: 1.2 t of gas and oil in 9.9 t (Carbone 4, domain report S93).
const HEATING_SHARE_MEAN: f64 = 0.12;
/// The share that flies, on average: 0.43 t in 9.9 t (S93).
const FLIGHT_SHARE_MEAN: f64 = 0.043;
/// Heating is 60 % higher in December, January and February (domain report, section 3, population recipe).
const WINTER_HEATING: f64 = 1.6;
/// Flights in July and August against the other months: our choice; the report says when, not how much.
const SUMMER_FLIGHTS: f64 = 3.0;

/// Days of the budget year, which starts on 1 January, that lie in winter or in high summer (a leap day changes nothing
/// that a week's total would show).
const FEBRUARY_ENDS: usize = 59;
const JULY_STARTS: usize = 181;
const AUGUST_ENDS: usize = 243;
const DECEMBER_STARTS: usize = 334;

/// What of a resident's footprint follows the seasons.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Season {
    /// Share that heats, 0 to 1.
    pub heating_share: f32,
    /// Share that flies, 0 to 1.
    pub flight_share: f32,
}

impl Season {
    /// Draws shares between nothing and twice the mean.
    pub(super) fn draw(random: &mut ChaCha8Rng) -> Self {
        Self {
            heating_share: (random.random::<f64>() * 2.0 * HEATING_SHARE_MEAN) as f32,
            flight_share: (random.random::<f64>() * 2.0 * FLIGHT_SHARE_MEAN) as f32,
        }
    }
}

/// How much of a year's heating and flying is done by each day's end; the same for all, so computed once.
#[derive(Clone, Debug)]
pub struct SeasonTable {
    heating: Vec<f64>,
    flights: Vec<f64>,
}

impl SeasonTable {
    /// The table of a year of `days` (365 or 366).
    pub fn new(days: u32) -> Self {
        let winter = |day: usize| !(FEBRUARY_ENDS..DECEMBER_STARTS).contains(&day);
        let summer = |day: usize| (JULY_STARTS..AUGUST_ENDS).contains(&day);
        Self {
            heating: cumulated(days, |day| if winter(day) { WINTER_HEATING } else { 1.0 }),
            flights: cumulated(days, |day| if summer(day) { SUMMER_FLIGHTS } else { 1.0 }),
        }
    }

    /// The share of the year's footprint that `season` has emitted when `year_share` (0 to 1) of the year is over: 0 at
    /// the start, 1 at the end, never falling.
    pub fn emitted_share(&self, season: Season, year_share: f64) -> f64 {
        let year_share = year_share.clamp(0.0, 1.0);
        let (heating, flights) = (f64::from(season.heating_share), f64::from(season.flight_share));
        (1.0 - heating - flights) * year_share
            + heating * read(&self.heating, year_share)
            + flights * read(&self.flights, year_share)
    }
}

/// Running totals of `weight`, divided by the whole: `days + 1` values from 0 to 1.
fn cumulated(days: u32, weight: impl Fn(usize) -> f64) -> Vec<f64> {
    let mut running = vec![0.0];
    let mut sum = 0.0;
    for day in 0..days as usize {
        sum += weight(day);
        running.push(sum);
    }
    running.iter().map(|value| value / sum).collect()
}

/// Between two days the share grows evenly.
fn read(running: &[f64], year_share: f64) -> f64 {
    let place = year_share * (running.len() - 1) as f64;
    let day = (place as usize).min(running.len() - 2);
    running[day] + (running[day + 1] - running[day]) * (place - day as f64)
}
