//! What a measurement says, for people and for machines.

use std::fmt;

use serde::Serialize;

use crate::LatencyNs;

/// What one measurement found. Its field names are the JSON's.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The workload's name, or the file's.
    pub workload: String,
    /// Accounts in the exchange.
    pub accounts: u32,
    /// Commands timed; of an auction, orders uncrossed.
    pub commands: u64,
    /// Commands handed over together.
    pub at_hand_commands: u64,
    /// Whether the core looked ahead within them.
    pub look_ahead: bool,
    /// Whether the system gives huge pages.
    pub huge_pages: bool,
    /// The rate.
    pub commands_per_s: f64,
    /// The same, the other way round.
    pub ns_per_command: f64,
    /// A bare random read-modify-write over as many records of 64 bytes.
    pub random_access_ns: f64,
    /// How many of those one command costs.
    pub ratio_to_random_access: f64,
    /// Resident memory that the accounts took, each.
    pub bytes_per_account: f64,
    /// Resident memory that what rests before the clock starts took, each order; nothing if nothing rests.
    pub bytes_per_order: Option<f64>,
    /// Resident memory of the whole process behind the timed pass, the workload's list included.
    pub resident_bytes: u64,
    /// From the hand-over of a command to its last event.
    pub latency_ns: LatencyNs,
    /// Events told.
    pub events: u64,
    /// Trades: crossings in continuous and auction, citizens' legs in posted.
    pub trades: u64,
    /// Lots they moved.
    pub traded_lots: u64,
    /// Σ price in ticks × lots.
    pub notional: u128,
    /// Cancels of orders that were gone.
    pub cancels_gone: u64,
    /// What only an auction has.
    #[serde(flatten)]
    pub auction: Option<AuctionReport>,
}

/// What only an auction has.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct AuctionReport {
    /// The uncross, whole.
    pub uncross_ms: f64,
    /// The rate at which its orders were placed before.
    pub collected_per_s: f64,
}

/// A whole number with its thousands apart.
fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A rate or a size as a whole number; floats of measurements are far inside.
fn whole(number: f64) -> String {
    grouped(number.round().max(0.0) as u128)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |name: &str, value: String| writeln!(f, "{name:<28} {value}");
        line("workload", self.workload.clone())?;
        line("accounts", grouped(self.accounts.into()))?;
        line("commands", grouped(self.commands.into()))?;
        let what = if self.auction.is_some() { "orders uncrossed a second" } else { "commands a second" };
        line(what, whole(self.commands_per_s))?;
        line("ns a command", format!("{:.1}", self.ns_per_command))?;
        line("ns a bare random access", format!("{:.1}", self.random_access_ns))?;
        line("ratio to it", format!("{:.2}", self.ratio_to_random_access))?;
        if let Some(auction) = self.auction {
            line("uncross, ms", format!("{:.1}", auction.uncross_ms))?;
            line("orders collected a second", whole(auction.collected_per_s))?;
        }
        let LatencyNs { p50, p99, p999, p9999, max } = self.latency_ns;
        let [p50, p99, p999, p9999, max] = [p50, p99, p999, p9999, max].map(|ns| grouped(ns.into()));
        line("latency, ns", format!("p50 {p50} · p99 {p99} · p99.9 {p999} · p99.99 {p9999} · max {max}"))?;
        line("  commands at hand", grouped(self.at_hand_commands.into()))?;
        line("  looking ahead", if self.look_ahead { "yes".to_owned() } else { "no".to_owned() })?;
        line("pages", if self.huge_pages { "huge".to_owned() } else { "ordinary".to_owned() })?;
        line("bytes an account", format!("{:.1}", self.bytes_per_account))?;
        if let Some(bytes_per_order) = self.bytes_per_order {
            line("bytes a resting order", format!("{bytes_per_order:.1}"))?;
        }
        line("resident bytes", grouped(self.resident_bytes.into()))?;
        line("events", grouped(self.events.into()))?;
        line("trades", grouped(self.trades.into()))?;
        line("traded lots", grouped(self.traded_lots.into()))?;
        line("notional (ticks × lots)", grouped(self.notional))?;
        if self.cancels_gone > 0 {
            line("cancels of orders gone", grouped(self.cancels_gone.into()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([0, 999, 1_000, 68_000_000].map(grouped), ["0", "999", "1,000", "68,000,000"]);
        assert_eq!(whole(1_234.6), "1,235");
    }
}
