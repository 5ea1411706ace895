//! What was measured, as a table and as JSON.

use core::fmt;

use serde::Serialize;

use super::{BATCH_COMMANDS, BEST_GROUP_BYTES, DurableOptions, Turns};
use crate::LatencyNs;

/// Latency at one rate.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LatencyReport {
    /// The rate, in percent of the full speed.
    pub percent_of_full_speed: u32,
    /// The rate itself.
    pub commands_per_s: f64,
    /// Commands answered.
    pub commands: u64,
    /// Commands that left together.
    pub batch_commands: usize,
    /// Mean bytes of a journal group.
    pub group_bytes: usize,
    /// From a command's intended sending to its answer in the client's hands.
    pub acknowledge_ns: LatencyNs,
    /// `fdatasync` alone at the same group size and pace, in turns with it, in a file whose blocks were written before.
    pub fdatasync_ns: LatencyNs,
    /// How many times as long the answer takes, in the slowest hundredth.
    pub acknowledge_p99_to_fdatasync_p99: f64,
}

/// Which of the two limits is the lower one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Half of the core's own rate.
    Core,
    /// 70 % of what the disk alone writes and syncs.
    Disk,
}

/// The whole measurement. Its field names are the JSON's.
#[derive(Clone, Debug, Serialize)]
pub struct DurableReport {
    /// Accounts in the market.
    pub accounts: u32,
    /// Commands of the flow in one round.
    pub round_commands: u32,
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
    /// Journal groups made durable in that time.
    pub groups: u64,
    /// Journal bytes (records, without the groups' frames) made durable in that time.
    pub journal_bytes: u64,
    /// Commands acknowledged per second.
    pub commands_per_s: f64,
    /// Journal bytes per second.
    pub journal_bytes_per_s: f64,
    /// Journal bytes of a command.
    pub bytes_per_command: f64,
    /// Mean bytes of a journal group.
    pub group_bytes: usize,
    /// The same commands on the core alone, in process.
    pub core_commands_per_s: f64,
    /// The durable rate's share of it.
    pub ratio_to_core: f64,
    /// What the disk alone writes and syncs per second, in groups of the mean size.
    pub raw_bytes_per_s: f64,
    /// What it writes and syncs in groups of `raw_best_group_bytes`: the yardstick.
    pub raw_best_bytes_per_s: f64,
    /// The size of those groups.
    pub raw_best_group_bytes: usize,
    /// The journal's share of the faster of the two.
    pub share_of_raw: f64,
    /// The lower of: half the core's rate, 70 % of the disk alone, in commands per second.
    pub goal_commands_per_s: f64,
    /// Which of the two it is.
    pub goal_limit: Limit,
    /// The durable rate's share of it: 1 and more reaches the goal.
    pub ratio_to_goal: f64,
    /// Latencies at parts of the full speed.
    pub latency: Vec<LatencyReport>,
}

impl DurableReport {
    pub(super) fn new(
        options: &DurableOptions,
        core_commands_per_s: f64,
        turns: &Turns,
        latency: Vec<LatencyReport>,
    ) -> Self {
        let total = &turns.total;
        let (commands_per_s, bytes_per_command) = (total.commands_per_s(), total.bytes_per_command());
        let journal_bytes_per_s = commands_per_s * bytes_per_command;
        let (raw, raw_best) = (turns.raw.bytes_per_s(), turns.raw_best.bytes_per_s());
        let yardstick = raw.max(raw_best);
        let (core_half, disk_70_percent) = (core_commands_per_s / 2.0, 0.7 * yardstick / bytes_per_command);
        let goal_limit = if core_half <= disk_70_percent { Limit::Core } else { Limit::Disk };
        let goal_commands_per_s = core_half.min(disk_70_percent);
        Self {
            accounts: options.accounts,
            round_commands: options.round_commands,
            batch_commands: BATCH_COMMANDS,
            segment_bytes: options.segment_bytes,
            group_bytes_max: options.group_bytes_max,
            seconds: total.took.as_secs_f64(),
            commands: total.commands,
            groups: total.groups,
            journal_bytes: total.journal_bytes,
            commands_per_s,
            journal_bytes_per_s,
            bytes_per_command,
            group_bytes: total.mean_group_bytes(),
            core_commands_per_s,
            ratio_to_core: commands_per_s / core_commands_per_s,
            raw_bytes_per_s: raw,
            raw_best_bytes_per_s: raw_best,
            raw_best_group_bytes: BEST_GROUP_BYTES,
            share_of_raw: journal_bytes_per_s / yardstick,
            goal_commands_per_s,
            goal_limit,
            ratio_to_goal: commands_per_s / goal_commands_per_s,
            latency,
        }
    }
}

impl fmt::Display for DurableReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |name: &str, value: String| writeln!(f, "{name:<40} {value}");
        let megabytes = |bytes: f64| format!("{:.1} MB", bytes / 1e6);
        let kibibytes = |bytes: usize| format!("{} KiB", bytes >> 10);
        line("accounts", self.accounts.to_string())?;
        line("seconds at full speed", format!("{:.1}", self.seconds))?;
        line("commands acknowledged", self.commands.to_string())?;
        line("commands a second", format!("{:.0}", self.commands_per_s))?;
        line("the core alone, commands a second", format!("{:.0}", self.core_commands_per_s))?;
        line("share of the core's rate", format!("{:.1} %", 100.0 * self.ratio_to_core))?;
        line("journal bytes a command", format!("{:.1}", self.bytes_per_command))?;
        line("journal a second", megabytes(self.journal_bytes_per_s))?;
        let raw = format!("the disk alone a second, in {}", kibibytes(self.group_bytes));
        line(&raw, megabytes(self.raw_bytes_per_s))?;
        let best = format!("the disk alone a second, in {}", kibibytes(self.raw_best_group_bytes));
        line(&best, megabytes(self.raw_best_bytes_per_s))?;
        line("share of the faster of these", format!("{:.1} %", 100.0 * self.share_of_raw))?;
        let limit = match self.goal_limit {
            Limit::Core => "half of the core's rate",
            Limit::Disk => "70 % of the disk alone",
        };
        line("goal, commands a second", format!("{:.0} ({limit})", self.goal_commands_per_s))?;
        line("share of the goal", format!("{:.1} %", 100.0 * self.ratio_to_goal))?;
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
