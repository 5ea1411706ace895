//! Latencies as they are recorded and told everywhere: three digits, up to a minute.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// The longest latency recorded: a minute.
pub(crate) const LATENCY_MAX: Duration = Duration::from_secs(60);

/// Latencies so far.
#[derive(Clone, Debug)]
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        // These bounds are always possible.
        Self(
            Histogram::new_with_bounds(1, LATENCY_MAX.as_nanos() as u64, 3)
                .unwrap_or_else(|fault| unreachable!("{fault}")),
        )
    }
}

impl Latencies {
    /// Adds one that so many had. What is beyond a minute counts as a minute.
    pub fn record(&mut self, took: Duration, count: u64) {
        self.0.saturating_record_n(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), count);
    }

    /// Adds all of another.
    pub fn add(&mut self, other: &Self) {
        // Both have the same bounds, so this cannot fail.
        let _ = self.0.add(&other.0);
    }

    /// Their quantiles.
    pub fn quantiles(&self) -> LatencyNs {
        LatencyNs::of(&self.0)
    }
}

/// Latencies, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct LatencyNs {
    /// Half are below.
    pub p50: u64,
    /// 99 % are below.
    pub p99: u64,
    /// 99.9 % are below.
    pub p999: u64,
    /// 99.99 % are below.
    pub p9999: u64,
    /// None is above.
    pub max: u64,
}

impl LatencyNs {
    /// Of that histogram of nanoseconds.
    pub fn of(histogram: &Histogram<u64>) -> Self {
        let at = |quantile| histogram.value_at_quantile(quantile);
        Self { p50: at(0.5), p99: at(0.99), p999: at(0.999), p9999: at(0.9999), max: histogram.max() }
    }
}
