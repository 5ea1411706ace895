//! The French distribution of footprints: FIT-W of the domain report, section 3.

use statrs::distribution::{ContinuousCDF, Normal};

/// ln of tonnes at the middle of the lognormal body (FIT-W: median 7.28 t).
const BODY_MU_LN: f64 = 1.9845;
/// Spread of ln tonnes in the body (FIT-W).
const BODY_SIGMA_LN: f64 = 0.475;
/// Where the body ends and the tail begins (FIT-W).
const TAIL_FROM_P: f64 = 0.9;
/// Where the tail starts, in tonnes (FIT-W).
const TAIL_FROM_T: f64 = 13.37;
/// The tail's exponent (FIT-W; fitted to the World Inequality Lab's top tenth of 2022, scaled to 9 t).
const TAIL_ALPHA: f64 = 2.094;
/// Above this the curve says nothing about people (a Pareto tail never ends): cut, and the rest stretched over it.
const CUT_P: f64 = 0.999_99;
/// One resident's mean footprint, in grams: 9.0 t (charter: 610 Mt for 68 million; the first endowment).
pub const MEAN_FOOTPRINT_G: u64 = 9_000_000;

const GRAMS_PER_TONNE: f64 = 1_000_000.0;

/// A quantile function of yearly footprints.
#[derive(Clone, Copy, Debug)]
pub struct FootprintCurve {
    standard: Normal,
}

impl FootprintCurve {
    /// The curve fitted to France.
    pub fn fitted() -> Self {
        Self { standard: Normal::standard() }
    }

    /// The footprint below which the share `p` (0 ≤ p < 1) of residents lies, in tonnes.
    pub fn quantile_t(&self, p: f64) -> f64 {
        let p = p * CUT_P;
        if p < TAIL_FROM_P {
            (BODY_MU_LN + BODY_SIGMA_LN * self.standard.inverse_cdf(p)).exp()
        } else {
            TAIL_FROM_T * ((1.0 - p) / (1.0 - TAIL_FROM_P)).powf(-1.0 / TAIL_ALPHA)
        }
    }

    /// `residents` footprints in grams, ascending: the middle of each of as many equal slices, scaled (by less than
    /// 1 %: the cut tail and the fit's 8.99 t) to a mean of `MEAN_FOOTPRINT_G`.
    pub fn stratified_g(&self, residents: u32) -> Vec<u64> {
        let count = f64::from(residents);
        let tonnes: Vec<f64> = (0..residents).map(|rank| self.quantile_t((f64::from(rank) + 0.5) / count)).collect();
        let mean_t = tonnes.iter().sum::<f64>() / count;
        let scale_g = MEAN_FOOTPRINT_G as f64 / mean_t;
        debug_assert!(residents < 1000 || (scale_g / GRAMS_PER_TONNE - 1.0).abs() < 0.01);
        tonnes.into_iter().map(|footprint_t| (footprint_t * scale_g).round() as u64).collect()
    }
}
