//! The report in words: terms first, then figures, then how they stand to the goals.

use std::fmt::{Display, Formatter, Result};

use crate::LatencyNs;

use super::{
    BatchesServed, CpuPerAnswer, HttpReport,
    report::{Level, OpenLoop},
    request::Route,
};

/// Orders are to be placed at this share of the requests that a route that does nothing takes.
const RATIO_GOAL_PERCENT: f64 = 60.0;
/// Orders a second in batches.
const BATCHES_GOAL_PER_S: f64 = 500_000.0;

const fn us(ns: u64) -> u64 {
    ns / 1_000
}

impl Display for HttpReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        writeln!(
            f,
            "{} cores for client, exchange and disk; {} accounts, tokens of {} citizens in turn, a key for every order; \
             one request in flight on each connection, no pipelining, no TLS; fdatasync before every answer; every answer's \
             status checked, of batches every line; no snapshots meanwhile\n",
            self.cores, self.accounts, self.citizens
        )?;
        writeln!(
            f,
            "{:>11}  {:<20}{:>11}{:>9}{:>9}{:>9}{:>9}{:>7}{:>9}{:>8}  orders to it",
            "connections", "route", "requests/s", "p50 µs", "p99", "p99.9", "door µs", "core", "history", "client"
        )?;
        for level in &self.levels {
            write!(f, "{level}")?;
        }
        writeln!(f, "\norders at a fixed rate, latency in µs from the time at which each was to leave")?;
        writeln!(
            f,
            "{:>11}{:>10}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}",
            "connections", "orders/s", "orders", "p50", "p99", "p99.9", "p99.99", "max"
        )?;
        for Level { connections, open_loop: OpenLoop { rate_per_s, requests, latency_ns, .. }, .. } in &self.levels {
            let LatencyNs { p50, p99, p999, p9999, max } = *latency_ns;
            write!(f, "{connections:>11}{rate_per_s:>10.0}{requests:>9}{:>9}{:>9}", us(p50), us(p99))?;
            writeln!(f, "{:>9}{:>9}{:>9}", us(p999), us(p9999), us(max))?;
        }
        let node = &self.node;
        write!(f, "\n{}", self.batches)?;
        writeln!(
            f,
            "\njournal: {} commands in {} groups; one group with its fdatasync p50 {} µs, p99 {} µs",
            node.commands,
            node.groups,
            us(node.journal_commit_ns.p50),
            us(node.journal_commit_ns.p99)
        )?;
        writeln!(
            f,
            "history index: at most {} commands behind after a round of single orders, {:.1} s of reading between rounds; {} \
             behind after the batches",
            self.history_behind_max, self.history_wait_s, self.history_behind_end
        )?;
        let best = self.levels.iter().map(|level| level.ratio_to_bare * 100.0).fold(0.0, f64::max);
        writeln!(
            f,
            "goal {RATIO_GOAL_PERCENT} % of bare axum's requests: {best:.1} % at best, {}",
            met(best, RATIO_GOAL_PERCENT)
        )?;
        let batches = self.batches.orders_per_s;
        writeln!(f, "goal {BATCHES_GOAL_PER_S} orders/s in batches: {batches:.0}, {}", met(batches, BATCHES_GOAL_PER_S))
    }
}

fn met(measured: f64, goal: f64) -> &'static str {
    if measured >= goal { "met" } else { "not met" }
}

impl Display for Level {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let rows = [
            (Route::Orders, &self.orders, None),
            (Route::Nothing, &self.nothing, Some(self.ratio)),
            (Route::Bare, &self.bare, Some(self.ratio_to_bare)),
        ];
        for (route, served, ratio) in rows {
            let LatencyNs { p50, p99, p999, .. } = served.latency_ns;
            write!(f, "{:>11}  {:<20}{:>11.0}", self.connections, route.name(), served.requests_per_s)?;
            write!(f, "{:>9}{:>9}{:>9}{}", us(p50), us(p99), us(p999), served.cpu)?;
            match ratio {
                Some(ratio) => writeln!(f, "  {:.1} %", ratio * 100.0)?,
                None => writeln!(f)?,
            }
        }
        Ok(())
    }
}

impl Display for BatchesServed {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let (LatencyNs { p50, p99, .. }, lines) = (self.batch_latency_ns, self.batch_lines);
        writeln!(
            f,
            "batches of {lines} lines over {} connections: {:.0} orders/s; a batch p50 {} µs, p99 {} µs",
            self.connections,
            self.orders_per_s,
            us(p50),
            us(p99)
        )?;
        let CpuPerAnswer { door_us, core_us, history_us, client_us } = self.cpu;
        writeln!(
            f,
            "an order on a core: door {door_us:.2} µs, core {core_us:.2}, history {history_us:.2}, client {client_us:.2}"
        )
    }
}

impl Display for CpuPerAnswer {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{:>9.2}{:>7.2}{:>9.2}{:>8.2}", self.door_us, self.core_us, self.history_us, self.client_us)
    }
}
