//! For operators: alive, ready, and what is measured.

use std::fmt::Write as _;

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use carbex_node::{Latency, Mode};
use serde_json::json;

use crate::{history::Status, site::Site};

/// `GET /healthz`: the program answers.
pub async fn healthz() -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], "ok\n").into_response()
}

/// `GET /readyz`: whether requests should be sent here.
pub async fn readyz(State(site): State<Site>) -> Response {
    let market = site.node.market();
    let stopping = *site.stop.borrow();
    let history = match site.index.status() {
        Status::CatchingUp { done, head } => {
            json!({"state": "catching_up", "done": done.number(), "head": head.number()})
        }
        Status::Following => json!({"state": "following", "seq": site.index.sequence().number()}),
        Status::Failed(_) => json!({"state": "failed"}),
    };
    // The market is served without its history, and cancels and debits while space is low: neither makes it unready.
    let ready = !stopping && market.mode != Mode::SpaceExhausted;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "ready": ready,
        "stopping": stopping,
        "mode": market.mode.name(),
        "seq": market.sequence.number(),
        "history": history,
    });
    (status, Json(body)).into_response()
}

/// `GET /metrics`: Prometheus text.
pub async fn metrics(State(site): State<Site>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text(&site)).into_response()
}

/// One metric family's text. Writing into a string cannot fail.
struct Text(String);

impl Text {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, "counter", help);
        let _ = writeln!(self.0, "{name} {value}");
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, "gauge", help);
        let _ = writeln!(self.0, "{name} {value}");
    }

    fn labelled<'a>(&mut self, name: &str, help: &str, label: &str, values: impl Iterator<Item = (&'a str, u64)>) {
        self.head(name, "counter", help);
        for (value_of_label, value) in values {
            let _ = writeln!(self.0, "{name}{{{label}=\"{value_of_label}\"}} {value}");
        }
    }

    /// A latency as a summary: quantiles in seconds.
    fn latency(&mut self, name: &str, help: &str, latency: &Latency) {
        self.head(name, "summary", help);
        for quantile in [0.5, 0.9, 0.99, 0.999, 1.0] {
            let seconds = latency.value_at_quantile(quantile) as f64 / 1e9;
            let _ = writeln!(self.0, "{name}{{quantile=\"{quantile}\"}} {seconds:.9}");
        }
        let sum = latency.mean() * latency.len() as f64 / 1e9;
        let _ = writeln!(self.0, "{name}_sum {sum:.6}\n{name}_count {}", latency.len());
    }
}

fn text(site: &Site) -> String {
    let node = site.node.metrics();
    let market = site.node.market();
    let mut out = Text(String::new());
    out.latency("carbex_queue_wait_seconds", "From the queue's entry to sequencing.", &node.queue_wait_ns);
    out.latency("carbex_apply_seconds", "The core's work on one command.", &node.apply_ns);
    out.latency("carbex_journal_commit_seconds", "Writing one group and making it durable.", &node.journal_commit_ns);
    out.latency("carbex_acknowledge_seconds", "From the queue's entry to the acknowledgement.", &node.acknowledge_ns);
    out.labelled("carbex_commands_total", "Commands sequenced.", "kind", node.commands.iter().copied());
    let rejections = node.rejections.iter().map(|(code, count)| (code.name(), *count));
    out.labelled("carbex_rejections_total", "Rejections by a rule.", "code", rejections);
    out.labelled("carbex_refusals_total", "Submissions not sequenced.", "reason", node.refusals.iter().copied());
    out.counter("carbex_groups_total", "Groups made durable.", node.groups);
    out.counter("carbex_journal_bytes_total", "Journal bytes made durable.", node.journal_bytes);
    out.counter("carbex_repeats_total", "Answers given again for a known key.", node.repeats);
    out.counter("carbex_snapshots_total", "Snapshots written.", node.snapshots);
    out.gauge("carbex_idempotency_keys", "Idempotency keys kept.", node.keys);
    out.gauge("carbex_queue_commands", "Commands waiting.", node.queued);
    out.gauge("carbex_sequence", "The last durable command.", market.sequence.number());
    out.gauge("carbex_history_sequence", "The last command in the history index.", site.index.sequence().number());
    out.gauge("carbex_accounts", "Accounts opened so far.", market.market.accounts);
    out.gauge("carbex_open_orders", "Orders resting.", market.market.open_orders);
    let streams = site.limits.streams_max.saturating_sub(site.streams.available_permits());
    out.gauge("carbex_streams", "Streams open.", streams as u64);
    out.head("carbex_mode", "gauge", "What the node takes: 1 for the mode it is in.");
    for mode in [Mode::Normal, Mode::SpaceLow, Mode::SpaceExhausted] {
        let _ = writeln!(out.0, "carbex_mode{{mode=\"{}\"}} {}", mode.name(), u8::from(node.mode == mode));
    }
    out.0
}
