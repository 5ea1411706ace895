//! What was measured, as a table and as JSON.

use core::fmt;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::{DurableOptions, disk::RawTotal, throughput::Throughput};

/// Latencies in nanoseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Quantiles {
    /// Half were faster.
    pub p50: u64,
    /// One in a hundred was slower.
    pub p99: u64,
    /// One in a thousand was slower.
    pub p999: u64,
    /// The slowest.
    pub max: u64,
}

impl Quantiles {
    pub(super) fn of(histogram: &Histogram<u64>) -> Self {
        let at = |quantile| histogram.value_at_quantile(quantile);
        Self { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: histogram.max() }
    }
}

/// Latency at one rate.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LatencyReport {
    /// The rate, in percent of the full speed.
    pub percent_of_full_speed: u32,
    /// The rate itself.
    pub commands_per_s: f64,
    /// Commands that left together.
    pub batch_commands: usize,
    /// Mean bytes of a journal group.
    pub group_bytes: usize,
    /// From a command's intended sending to its answer in the client's hands.
    pub acknowledge_ns: Quantiles,
    /// `fdatasync` alone at the same group size and pace, in turns with it.
    pub fdatasync_ns: Quantiles,
    /// The same with the write before it.
    pub write_and_fdatasync_ns: Quantiles,
    /// How many times as long the answer takes, in the slowest hundredth.
    pub acknowledge_p99_to_fdatasync_p99: f64,
}

/// The whole measurement.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Accounts in the market.
    pub accounts: u32,
    /// Orders that rest all the time.
    pub resting_orders: u32,
    /// Commands in one batch.
    pub batch_commands: usize,
    /// Size of a journal segment, in bytes.
    pub segment_bytes: u64,
    /// The largest journal group, in bytes.
    pub group_bytes_max: usize,
    /// How long commands were measured at full speed, in seconds.
    pub seconds: f64,
    /// Commands acknowledged in that time.
    pub commands: u64,
    /// Commands acknowledged per second.
    pub commands_per_s: f64,
    /// Journal bytes (records, without the groups' frames) made durable per second.
    pub journal_bytes_per_s: f64,
    /// Mean bytes of a journal group.
    pub group_bytes: usize,
    /// What the disk alone writes and syncs per second in groups of that size, in turns with the market.
    pub raw_bytes_per_s: f64,
    /// The journal's share of it.
    pub share_of_raw: f64,
    /// Latencies at parts of the full speed.
    pub latency: Vec<LatencyReport>,
}

impl Report {
    pub(super) fn new(
        options: &DurableOptions,
        total: &Throughput,
        raw: &RawTotal,
        latency: Vec<LatencyReport>,
    ) -> Self {
        Self {
            accounts: options.accounts,
            resting_orders: options.resting_orders,
            batch_commands: options.batch_commands,
            segment_bytes: options.segment_bytes,
            group_bytes_max: options.group_bytes_max,
            seconds: total.took.as_secs_f64(),
            commands: total.commands,
            commands_per_s: total.commands_per_s(),
            journal_bytes_per_s: total.bytes_per_s(),
            group_bytes: total.mean_group_bytes(),
            raw_bytes_per_s: raw.bytes_per_s(),
            share_of_raw: total.bytes_per_s() / raw.bytes_per_s(),
            latency,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let megabytes = |bytes: f64| bytes / 1e6;
        writeln!(
            f,
            "{} accounts, {} resting orders, batches of {}, segments of {} MiB, groups of {} KiB in the mean",
            self.accounts,
            self.resting_orders,
            self.batch_commands,
            self.segment_bytes >> 20,
            self.group_bytes >> 10
        )?;
        writeln!(f, "{:>12.0} commands/s acknowledged, over {:.0} s", self.commands_per_s, self.seconds)?;
        writeln!(f, "{:>12.1} MB/s of journal records", megabytes(self.journal_bytes_per_s))?;
        writeln!(f, "{:>12.1} MB/s raw write + fdatasync in the same run", megabytes(self.raw_bytes_per_s))?;
        writeln!(f, "{:>12.1} % of it", 100.0 * self.share_of_raw)?;
        writeln!(
            f,
            "latency in µs        acknowledged: p50      p99    p99.9      max  fdatasync: p50      p99   p99 ratio"
        )?;
        for one in &self.latency {
            let us = |ns: u64| ns as f64 / 1e3;
            writeln!(
                f,
                "{:>3} % {:>10.0}/s {:>21.0} {:>8.0} {:>8.0} {:>8.0} {:>15.0} {:>8.0} {:>11.2}",
                one.percent_of_full_speed,
                one.commands_per_s,
                us(one.acknowledge_ns.p50),
                us(one.acknowledge_ns.p99),
                us(one.acknowledge_ns.p999),
                us(one.acknowledge_ns.max),
                us(one.fdatasync_ns.p50),
                us(one.fdatasync_ns.p99),
                one.acknowledge_p99_to_fdatasync_p99
            )?;
        }
        Ok(())
    }
}
