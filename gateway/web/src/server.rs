//! The accept loop: our own, because axum's has no header timeout and no cap on connections.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use carbex_node::{NodeHandle, journal_directory};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinHandle,
};

use crate::{
    gathering::Gathering,
    history::{Index, Reader},
    pulse::Pulse,
    routes,
    site::{Limits, Shared, Site, WebOptions},
};

/// The largest request head, in bytes; also what a connection buffers.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// How long the loop rests when the system has no more descriptors.
const NO_DESCRIPTOR_PAUSE: Duration = Duration::from_millis(100);

/// Why the door could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ServeFault {
    /// The address could not be taken.
    #[error("cannot listen on {address}: {source}; choose another with --listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The history's thread could not be started.
    #[error("cannot start the history's thread: {0}")]
    Thread(io::Error),
}

/// A running server. Dropping it closes the door without waiting; [`Running::shutdown`] waits.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    door: JoinHandle<()>,
    reader: Reader,
    site: Site,
}

impl Running {
    /// Where it listens.
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// How the history stands, and how far it has read.
    pub fn history(&self) -> &Index {
        &self.site.index
    }

    /// Closes the door: no new connection, streams end, answers on their way are given, then the history is written. The node
    /// goes on; stop it after.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        // A panic of the accept loop was told where it happened.
        let _ = self.door.await;
        let _ = tokio::task::spawn_blocking(move || self.reader.stop()).await;
    }
}

/// Opens the door on the current tokio runtime.
pub async fn serve(node: NodeHandle, options: WebOptions) -> Result<Running, ServeFault> {
    let WebOptions { listen, data, development, limits, beside } = options;
    let fault = |source| ServeFault::Listen { address: listen, source };
    let listener = TcpListener::bind(listen).await.map_err(fault)?;
    let address = listener.local_addr().map_err(fault)?;
    let reader =
        Reader::start(node.clone(), journal_directory(&data), data.join("history")).map_err(ServeFault::Thread)?;
    let (stop, stopping) = watch::channel(false);
    let site = Site::new(Shared {
        pulse: Pulse::start(node.clone(), reader.index(), stopping.clone()),
        gathering: Gathering::start(node.clone()),
        node,
        index: reader.index(),
        issuer: development,
        limits,
        batches: Arc::new(Semaphore::new(limits.batches_max)),
        streams: Arc::new(Semaphore::new(limits.streams_max)),
        stop: stopping.clone(),
    });
    let door = tokio::spawn(accept(listener, routes::routes(site.clone(), beside), limits, stopping));
    Ok(Running { address, stop, door, reader, site })
}

async fn accept(listener: TcpListener, routes: Router, limits: Limits, mut stopping: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(limits.connections_max));
    let graceful = GracefulShutdown::new();
    loop {
        // A place first, then a connection: the others wait in the system's backlog, where they cost us nothing.
        let accepted = tokio::select! {
            accepted = next_connection(&listener, &places) => accepted,
            _ = stopping.changed() => break,
        };
        match accepted {
            Ok((stream, place)) => converse(stream, place, routes.clone(), &limits, &graceful),
            Err(fault) => {
                tracing::warn!(%fault, "a connection could not be accepted");
                tokio::time::sleep(NO_DESCRIPTOR_PAUSE).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(limits.drain_time_max, graceful.shutdown()).await.is_err() {
        tracing::warn!("some connections did not end in time and were cut");
    }
}

async fn next_connection(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}

fn converse(
    stream: TcpStream,
    place: OwnedSemaphorePermit,
    routes: Router,
    limits: &Limits,
    graceful: &GracefulShutdown,
) {
    // Small answers should not wait for more; a socket that cannot be told so still works.
    let _ = stream.set_nodelay(true);
    let mut http = hyper::server::conn::http1::Builder::new();
    // An order is carried out whether or not its sender still listens, so nobody looks, with a system call for every answer
    // that has to wait, whether they do.
    http.half_close(true);
    http.timer(TokioTimer::new()).header_read_timeout(limits.header_time_max).max_buf_size(HEAD_BYTES_MAX);
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
    let watched = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(fault) = watched.await {
            tracing::debug!(%fault, "a connection ended early");
        }
        drop(place);
    });
}
