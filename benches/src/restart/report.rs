//! What was measured, as a table and as JSON.

use core::fmt;
use std::time::Duration;

use serde::Serialize;

use super::{Bandwidth, RestartOptions};
use crate::LatencyNs;

/// Trade for a while.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LiveReport {
    /// For how long.
    pub seconds: f64,
    /// Commands answered in that time.
    pub commands: u64,
    /// Commands that left together.
    pub batch_commands: usize,
    /// From when a command was due to its answer, durable, in the client's hands.
    pub acknowledge_ns: LatencyNs,
    /// Between an answer and the one before it.
    pub between_answers_ns: LatencyNs,
    /// From the queue's entry until the core read the command: how long the core did something else.
    pub core_stall_ns: LatencyNs,
    /// The journal's write and sync of one group.
    pub journal_commit_ns: LatencyNs,
}

/// The whole measurement. Bandwidths are means over all turns, of the file's bytes.
#[derive(Clone, Debug, Serialize)]
pub struct RestartReport {
    /// Accounts in the market.
    pub accounts: u32,
    /// The snapshot's size.
    pub snapshot_bytes: u64,
    /// For one account.
    pub snapshot_bytes_per_account: f64,
    /// The disk alone: sequential writes past the page cache, one sync at the end.
    pub raw_write_bytes_per_s: f64,
    /// The market to a complete and durable file.
    pub write_bytes_per_s: f64,
    /// Its share of the disk's.
    pub write_to_raw: f64,
    /// In seconds.
    pub write_s: f64,
    /// The disk alone: sequential reads past the page cache.
    pub raw_read_bytes_per_s: f64,
    /// The file to a market that could go on.
    pub read_bytes_per_s: f64,
    /// Its share of the disk's.
    pub read_to_raw: f64,
    /// In seconds.
    pub read_s: f64,
    /// Taking the tables' memory from the system before that, in seconds; not in `read_s`, but in `start_s`.
    pub memory_s: f64,
    /// Commands replayed by the measured start.
    pub tail_commands: u64,
    /// From nothing in memory to a node that takes commands.
    pub start_s: f64,
    /// Of it, until the snapshot's state was there.
    pub start_state_s: f64,
    /// Commands replayed per second of the rest.
    pub replay_commands_per_s: f64,
    /// Commands sent per second while the node was watched.
    pub commands_per_s: u32,
    /// Trade without a snapshot.
    pub without_snapshot: LiveReport,
    /// Trade from the start of a snapshot until it is written, verified, and the one before it is deleted.
    pub with_snapshot: LiveReport,
    /// From the node's start until the snapshot was written.
    pub snapshot_beside_trade_s: f64,
}

impl RestartReport {
    pub(super) fn new(
        options: &RestartOptions,
        bandwidth: &Bandwidth,
        (start, state, tail_commands): (Duration, Duration, u64),
        [without_snapshot, with_snapshot]: [LiveReport; 2],
        beside_trade: Duration,
    ) -> Self {
        let Bandwidth { raw_write, raw_read, write, read, snapshot_bytes, memory } = bandwidth;
        let seconds = |bytes_per_s: f64| *snapshot_bytes as f64 / bytes_per_s;
        Self {
            accounts: options.accounts,
            snapshot_bytes: *snapshot_bytes,
            snapshot_bytes_per_account: *snapshot_bytes as f64 / f64::from(options.accounts),
            raw_write_bytes_per_s: raw_write.bytes_per_s(),
            write_bytes_per_s: write.bytes_per_s(),
            write_to_raw: write.bytes_per_s() / raw_write.bytes_per_s(),
            write_s: seconds(write.bytes_per_s()),
            raw_read_bytes_per_s: raw_read.bytes_per_s(),
            read_bytes_per_s: read.bytes_per_s(),
            read_to_raw: read.bytes_per_s() / raw_read.bytes_per_s(),
            read_s: seconds(read.bytes_per_s()),
            memory_s: memory.took.as_secs_f64() / f64::from(super::TURNS),
            tail_commands,
            start_s: start.as_secs_f64(),
            start_state_s: state.as_secs_f64(),
            replay_commands_per_s: tail_commands as f64 / start.saturating_sub(state).as_secs_f64(),
            commands_per_s: options.commands_per_s,
            without_snapshot,
            with_snapshot,
            snapshot_beside_trade_s: beside_trade.as_secs_f64(),
        }
    }
}

impl fmt::Display for RestartReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mega = |bytes: f64| bytes / 1e6;
        writeln!(
            f,
            "{} accounts, a snapshot of {:.0} MB, {:.1} bytes an account",
            self.accounts,
            mega(self.snapshot_bytes as f64),
            self.snapshot_bytes_per_account
        )?;
        for (doing, bytes_per_s, raw, ratio, took_s) in [
            ("written", self.write_bytes_per_s, self.raw_write_bytes_per_s, self.write_to_raw, self.write_s),
            ("read", self.read_bytes_per_s, self.raw_read_bytes_per_s, self.read_to_raw, self.read_s),
        ] {
            writeln!(
                f,
                "{doing:<8} {:>7.0} MB/s, {took_s:.1} s; the disk alone {:>7.0} MB/s: {:.0} % of it",
                mega(bytes_per_s),
                mega(raw),
                100.0 * ratio
            )?;
        }
        writeln!(f, "memory   {:>7.1} s to take the tables' from the system, measured apart", self.memory_s)?;
        writeln!(
            f,
            "start    {:>7.1} s: {:.1} s to the snapshot's state, then {} commands at {:.0}/s",
            self.start_s, self.start_state_s, self.tail_commands, self.replay_commands_per_s
        )?;
        writeln!(
            f,
            "trade at {} commands/s; a snapshot beside it takes {:.1} s",
            self.commands_per_s, self.snapshot_beside_trade_s
        )?;
        writeln!(f, "in µs                                    p50      p99    p99.9   p99.99      max")?;
        for (doing, live) in [("no snapshot", &self.without_snapshot), ("a snapshot", &self.with_snapshot)] {
            for (what, ns) in [
                ("acknowledged", &live.acknowledge_ns),
                ("between answers", &live.between_answers_ns),
                ("core stall", &live.core_stall_ns),
                ("journal commit", &live.journal_commit_ns),
            ] {
                let us = |ns: u64| ns as f64 / 1e3;
                writeln!(
                    f,
                    "{doing:<12} {what:<16} {:>14.0} {:>8.0} {:>8.0} {:>8.0} {:>8.0}",
                    us(ns.p50),
                    us(ns.p99),
                    us(ns.p999),
                    us(ns.p9999),
                    us(ns.max)
                )?;
            }
        }
        Ok(())
    }
}
