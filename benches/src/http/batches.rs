//! NDJSON batches over a few keep-alive connections: orders/s from the client's first byte to the last line of answers.

use std::net::SocketAddr;

use serde::Serialize;

use super::{HttpFault, HttpOptions, request::Orders};

/// What batches served.
#[derive(Clone, Debug, Serialize)]
pub struct BatchesServed {
    /// Orders in one batch.
    pub batch_lines: usize,
    /// Orders placed per second.
    pub orders_per_s: f64,
}

impl BatchesServed {
    pub fn new(options: &HttpOptions) -> Self {
        Self { batch_lines: options.batch_lines, orders_per_s: 0.0 }
    }
    pub fn add(&mut self, _: f64) {}
}

impl std::fmt::Display for BatchesServed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "batches not yet")
    }
}

pub fn run(_: SocketAddr, _: &HttpOptions, _: &mut Orders) -> Result<f64, HttpFault> {
    Ok(0.0)
}
