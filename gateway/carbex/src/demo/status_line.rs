//! The status line: one line about the market, once a second.

use std::time::Instant;

use carbex_node::{Latency, NodeHandle};
use carbex_sim::life::LifeStatus;
use indicatif::{ProgressBar, ProgressStyle};

use super::words::{Moment, Words};

/// Writes over itself on a terminal; prints a line a second elsewhere.
pub(super) struct StatusLine<'a> {
    words: &'a Words,
    bar: Option<ProgressBar>,
    before: Before,
}

/// What the counters told when the line was last shown.
struct Before {
    sequence: u64,
    acknowledge_ns: Option<Latency>,
    at: Instant,
}

impl<'a> StatusLine<'a> {
    pub(super) fn new(words: &'a Words, terminal: bool) -> Self {
        let style = ProgressStyle::with_template("{wide_msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = terminal.then(|| ProgressBar::new_spinner().with_style(style));
        Self { words, bar, before: Before { sequence: 0, acknowledge_ns: None, at: Instant::now() } }
    }

    pub(super) fn show(&mut self, node: &NodeHandle, life: &LifeStatus) {
        let view = node.market();
        let metrics = node.metrics();
        let sequence = view.sequence.number();
        let elapsed_s = self.before.at.elapsed().as_secs_f64();
        // The first look has nothing to compare with.
        let commands = if self.before.sequence == 0 { 0 } else { sequence - self.before.sequence };
        // The latencies of this second alone: those since the last look.
        let mut latest_ns = metrics.acknowledge_ns.clone();
        if let Some(before_ns) = &self.before.acknowledge_ns
            && latest_ns.subtract(before_ns).is_err()
        {
            latest_ns = metrics.acknowledge_ns.clone();
        }
        self.before = Before { sequence, acknowledge_ns: Some(metrics.acknowledge_ns.clone()), at: Instant::now() };
        let moment = Moment {
            time: view.time,
            phase: view.phase,
            buyback_ueur: view.market.buyback.price_ueur,
            sale_ueur: view.market.sale.price_ueur,
            available_g: view.market.public.inventory_g,
            trades: life.turnover.trades,
            commands_per_s: if elapsed_s > 0.0 { (commands as f64 / elapsed_s) as u64 } else { 0 },
            acknowledged_p99_ns: latest_ns.value_at_quantile(0.99),
            refused: life.refused,
            merged: life.merged,
        };
        let text = self.words.moment(&moment);
        match &self.bar {
            Some(bar) => bar.set_message(text),
            None => println!("{text}"),
        }
    }

    /// Leaves the last line where it is.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.abandon();
        }
    }
}
