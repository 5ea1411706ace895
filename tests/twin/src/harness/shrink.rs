//! Makes a failing run short: commands are left out as long as the two still differ.

use std::time::{Duration, Instant};

use super::{Disagreement, run_steps};
use crate::Exchange;

/// How long shrinking may take.
pub const SHRINK_SECONDS_MAX: u64 = 60;

/// The same kind of disagreement with as few commands as could be found in `seconds`.
pub fn shrink<E: Exchange>(found: &Disagreement, seconds: u64) -> Disagreement {
    let end = Instant::now() + Duration::from_secs(seconds.min(SHRINK_SECONDS_MAX));
    let mut best = found.clone();
    let mut chunk = best.steps.len().div_ceil(2);
    while chunk > 0 {
        let mut start = 0;
        while start < best.steps.len() {
            if Instant::now() > end {
                return best;
            }
            let mut fewer = best.steps.clone();
            fewer.drain(start..(start + chunk).min(fewer.len()));
            match run_steps::<E>(best.world, best.seed, &fewer) {
                Some((index, difference)) => {
                    fewer.truncate(index + 1);
                    best.steps = fewer;
                    best.what = difference.what;
                    best.events = difference.events;
                    best.twin_events = difference.twin_events;
                }
                None => start += chunk,
            }
        }
        if chunk == 1 {
            break;
        }
        chunk = (chunk / 2).max(1).min(best.steps.len().div_ceil(2).max(1));
    }
    best
}
