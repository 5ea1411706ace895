//! The trajectory: how one endowment shrinks from year to year (market specification, section 3).

use carbex_rules::RuleFault;
use carbex_vocabulary::QuantityG;
use serde::Deserialize;

use crate::reading::whole;

/// The path of the yearly endowment, validated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trajectory {
    first_year: u32,
    last_year: u32,
    first_endowment_points: u64,
    rate_bp: u32,
}

impl Trajectory {
    /// The least yearly reduction, in basis points: the charter's "at least 6 %".
    pub const RATE_MIN_BP: u32 = 600;
    /// The most points one endowment may have: a thousand tonnes, far above any footprint and far below what tables hold.
    pub const ENDOWMENT_MAX_POINTS: u64 = 1_000_000;
    /// The last calendar year a trajectory may reach: it bounds the exact arithmetic.
    pub const YEAR_MAX: u32 = 2200;

    /// The calendar year of the first endowment.
    pub const fn first_year(&self) -> u32 {
        self.first_year
    }

    /// The last calendar year that is lower than the one before; from then on the endowment stays.
    pub const fn last_year(&self) -> u32 {
        self.last_year
    }

    /// The endowment of the first year, in points.
    pub const fn first_endowment_points(&self) -> u64 {
        self.first_endowment_points
    }

    /// How much less each year, in basis points.
    pub const fn rate_bp(&self) -> u32 {
        self.rate_bp
    }

    /// One endowment of a calendar year; none before the first year.
    pub fn endowment(&self, year: u32) -> Option<QuantityG> {
        let reductions = year.min(self.last_year).checked_sub(self.first_year)?;
        Some(QuantityG::new(self.endowment_points(reductions) * 1000))
    }

    /// One endowment after that many reductions, whatever the calendar says, in whole points:
    /// `floor(first_endowment × (1 − rate)^reductions)`.
    ///
    /// Exact: the path is kept as an integer part and fractional digits of base 10000, so that a reduction is one
    /// multiplication and one more digit. Nothing is rounded before the end, and no number grows past 64 bits.
    pub fn endowment_points(&self, reductions: u32) -> u64 {
        let factor = u64::from(10_000 - self.rate_bp);
        let mut points = self.first_endowment_points;
        // Most significant digit first.
        let mut digits: Vec<u64> = Vec::new();
        for _ in 0..reductions {
            let mut carry = 0;
            for digit in digits.iter_mut().rev() {
                let product = *digit * factor + carry;
                *digit = product % 10_000;
                carry = product / 10_000;
            }
            let product = points * factor + carry;
            points = product / 10_000;
            // Dividing by 10000 moves every digit one place down: the integer part's remainder becomes the first digit.
            digits.insert(0, product % 10_000);
            if points == 0 {
                return 0;
            }
        }
        points
    }
}

impl Default for Trajectory {
    fn default() -> Self {
        let TrajectoryTable { first_year, last_year, first_endowment_points, rate_bp } = TrajectoryTable::default();
        Self { first_year, last_year, first_endowment_points, rate_bp }
    }
}

/// `[trajectory]` as read.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TrajectoryTable {
    #[serde(deserialize_with = "whole")]
    first_year: u32,
    #[serde(deserialize_with = "whole")]
    last_year: u32,
    #[serde(deserialize_with = "whole")]
    first_endowment_points: u64,
    #[serde(deserialize_with = "whole")]
    rate_bp: u32,
}

impl Default for TrajectoryTable {
    fn default() -> Self {
        Self { first_year: 2027, last_year: 2050, first_endowment_points: 9000, rate_bp: 600 }
    }
}

impl TrajectoryTable {
    /// The trajectory, if it is one.
    pub(crate) fn trajectory(&self) -> Result<Trajectory, RuleFault> {
        let Self { first_year, last_year, first_endowment_points, rate_bp } = *self;
        let fault = |field, problem: String| Err(RuleFault { field, problem });
        if !(1970..=Trajectory::YEAR_MAX).contains(&first_year) {
            return fault(
                "trajectory.first_year",
                format!("must be a calendar year from 1970 to {}; {first_year} is not", Trajectory::YEAR_MAX),
            );
        }
        if !(first_year..=Trajectory::YEAR_MAX).contains(&last_year) {
            return fault(
                "trajectory.last_year",
                format!(
                    "must be a calendar year from first_year, {first_year}, to {}; {last_year} is not",
                    Trajectory::YEAR_MAX
                ),
            );
        }
        if !(1..=Trajectory::ENDOWMENT_MAX_POINTS).contains(&first_endowment_points) {
            return fault(
                "trajectory.first_endowment_points",
                format!(
                    "must be from 1 to {} points; {first_endowment_points} is not",
                    Trajectory::ENDOWMENT_MAX_POINTS
                ),
            );
        }
        if !(Trajectory::RATE_MIN_BP..10_000).contains(&rate_bp) {
            return fault(
                "trajectory.rate_bp",
                format!(
                    "must be from {} (the charter's least yearly reduction, 6 %) to 9999; {rate_bp} is not",
                    Trajectory::RATE_MIN_BP
                ),
            );
        }
        Ok(Trajectory { first_year, last_year, first_endowment_points, rate_bp })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_charters_path_is_floored_once_from_the_unrounded_value() {
        let charter = Trajectory::default();
        // Unrounded: 9000, 8460, 7952.4, 7475.3, 7026.7, 6605.1 …, 4847.5 (10), 3557.6 (15), 2611.0 (20), 1916.2 (25).
        let expected =
            [(0, 9000), (1, 8460), (2, 7952), (3, 7475), (4, 7026), (5, 6605), (10, 4847), (15, 3557), (25, 1916)];
        for (reductions, points) in expected {
            assert_eq!(charter.endowment_points(reductions), points, "after {reductions} reductions");
        }
        // 9000 × 0.94^20 = 2610.955…: shown as 2611.0 to one decimal, and 2610 whole points.
        assert_eq!(charter.endowment_points(20), 2610);
    }

    #[test]
    fn the_path_agrees_with_integers_wherever_they_fit_128_bits() {
        for rate_bp in [600_u32, 650, 700, 800, 1234, 9999] {
            let path = Trajectory { rate_bp, ..Trajectory::default() };
            for reductions in 0..8 {
                let exact = 9000 * u128::from(10_000 - rate_bp).pow(reductions) / 10_000_u128.pow(reductions);
                assert_eq!(u128::from(path.endowment_points(reductions)), exact, "rate {rate_bp}, n {reductions}");
            }
        }
    }

    #[test]
    fn years_before_the_first_have_no_endowment_and_years_after_the_last_keep_it() {
        let charter = Trajectory::default();
        assert_eq!(charter.endowment(2026), None);
        assert_eq!(charter.endowment(2027), Some(QuantityG::new(9_000_000)));
        assert_eq!(charter.endowment(2028), Some(QuantityG::new(8_460_000)));
        assert_eq!(charter.endowment(2050), Some(QuantityG::new(charter.endowment_points(23) * 1000)));
        assert_eq!(charter.endowment(2051), charter.endowment(2050));
        assert!(charter.endowment(2049) > charter.endowment(2050));
    }

    #[test]
    fn the_largest_and_longest_path_stays_exact_and_ends() {
        let path = Trajectory {
            first_year: 1970,
            last_year: Trajectory::YEAR_MAX,
            first_endowment_points: Trajectory::ENDOWMENT_MAX_POINTS,
            rate_bp: 600,
        };
        // 10^6 × 0.94^230 = 0.66 points.
        assert_eq!(path.endowment(2200), Some(QuantityG::ZERO));
        assert_eq!(path.endowment_points(223), 1);
    }
}
