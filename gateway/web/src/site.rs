//! What every route shares: the node, the history, the pulse, and the door's limits.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use carbex_node::NodeHandle;
use tokio::sync::{Semaphore, watch};

use crate::{gathering::Gathering, history::Index, pulse::Pulse, token::DevelopmentIssuer};

/// How much the door takes. Every queue and wait has its maximum here.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once; more wait in the system's backlog.
    pub connections_max: usize,
    /// Streams at once; more are told to come back.
    pub streams_max: usize,
    /// How long a request's header may take; idle connections are closed after it too.
    pub header_time_max: Duration,
    /// How long a request's body may take.
    pub body_time_max: Duration,
    /// How long an answer may take (streams: until it begins).
    pub answer_time_max: Duration,
    /// The largest body, in bytes.
    pub body_bytes_max: usize,
    /// Batches under way at once; more are told to come back. Each may hold as many answers as it has lines.
    pub batches_max: usize,
    /// Lines of a batch.
    pub batch_lines_max: usize,
    /// The largest batch, in bytes.
    pub batch_bytes_max: usize,
    /// The longest line of a batch, in bytes.
    pub batch_line_bytes_max: usize,
    /// How long a batch may take to arrive.
    pub batch_time_max: Duration,
    /// How long a batch waits for room in the queue before what is left of it is refused.
    pub batch_queue_time_max: Duration,
    /// How long a stop waits for answers on their way.
    pub drain_time_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 4_096,
            streams_max: 2_048,
            header_time_max: Duration::from_secs(5),
            body_time_max: Duration::from_secs(5),
            answer_time_max: Duration::from_secs(10),
            body_bytes_max: 64 * 1024,
            batches_max: 32,
            batch_lines_max: 16_384,
            batch_bytes_max: 4 * 1024 * 1024,
            batch_line_bytes_max: 1_024,
            batch_time_max: Duration::from_secs(60),
            batch_queue_time_max: Duration::from_secs(2),
            drain_time_max: Duration::from_secs(10),
        }
    }
}

/// How the door is opened.
#[derive(Debug)]
pub struct WebOptions {
    /// Where it listens; port 0 = any free port. Loopback unless an operator says otherwise.
    pub listen: SocketAddr,
    /// The data directory: the history index lives in `history`, and the node's journal is replayed from here.
    pub data: std::path::PathBuf,
    /// The issuer whose tokens are taken; `None` = public routes only.
    pub development: Option<DevelopmentIssuer>,
    /// How much it takes.
    pub limits: Limits,
    /// Routes of whoever embeds the door, served behind the same layers on the same connections (a benchmark's yardstick).
    pub beside: axum::Router,
}

impl WebOptions {
    /// A door on a free loopback port over `data`, public routes only.
    pub fn new(data: impl Into<std::path::PathBuf>) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data: data.into(),
            development: None,
            limits: Limits::default(),
            beside: axum::Router::new(),
        }
    }
}

/// The shared state of the routes. Cheap to clone: every layer and every route of a request takes one.
#[derive(Clone, Debug)]
pub struct Site(Arc<Shared>);

impl Site {
    /// What the routes will share.
    pub fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }
}

impl std::ops::Deref for Site {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// What the routes share.
#[derive(Debug)]
pub struct Shared {
    /// The market.
    pub node: NodeHandle,
    /// The way in for single orders.
    pub gathering: Gathering,
    /// The past.
    pub index: Arc<Index>,
    /// The present, for watchers.
    pub pulse: Pulse,
    /// Who signs tokens.
    pub issuer: Option<DevelopmentIssuer>,
    /// How much the door takes.
    pub limits: Limits,
    /// Places for streams.
    pub streams: Arc<Semaphore>,
    /// Places for batches.
    pub batches: Arc<Semaphore>,
    /// Turns true when the server stops.
    pub stop: watch::Receiver<bool>,
}
