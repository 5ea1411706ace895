//! NDJSON batches over a few keep-alive connections: orders/s from the first line rendered to the last line answered.
//!
//! One thread renders, sends and reads. Of the answers it counts the lines with an order and those with a problem.

use std::{
    io::{self, Read, Write},
    net::SocketAddr,
    time::{Duration, Instant},
};

use memchr::memmem::Finder;
use mio::{Events, Interest, Poll, Token, net::TcpStream};
use serde::Serialize;

use crate::{Latencies, LatencyNs};

use super::{
    CpuPerAnswer, HttpFault, HttpOptions,
    chunked::{Chunked, Progress},
    cpu::CpuTime,
    request::Orders,
};

/// After so long without any answer the exchange is taken for dead.
const SILENCE_MAX: Duration = Duration::from_secs(20);

/// What batches served.
#[derive(Clone, Debug, Serialize)]
pub struct BatchesServed {
    /// Orders in one batch.
    pub batch_lines: usize,
    /// Connections, one batch under way on each.
    pub connections: usize,
    /// Orders placed in all rounds.
    pub orders: u64,
    /// Orders placed in a second, over all rounds.
    pub orders_per_s: f64,
    /// The same of every round.
    pub rounds_per_s: Vec<f64>,
    /// From a batch's first byte out to its last answer in.
    pub batch_latency_ns: LatencyNs,
    /// Time on a core for one order.
    pub cpu: CpuPerAnswer,
    #[serde(skip)]
    cpu_time: CpuTime,
    #[serde(skip)]
    seconds: f64,
    #[serde(skip)]
    latency: Latencies,
}

/// One round of batches.
pub struct Round {
    orders: u64,
    took: Duration,
    latency: Latencies,
}

impl BatchesServed {
    /// Nothing yet.
    pub fn new(options: &HttpOptions) -> Self {
        Self {
            batch_lines: options.batch_lines,
            connections: options.batch_connections,
            orders: 0,
            orders_per_s: 0.0,
            rounds_per_s: Vec::new(),
            batch_latency_ns: LatencyNs::default(),
            cpu: CpuPerAnswer::default(),
            cpu_time: CpuTime::default(),
            seconds: 0.0,
            latency: Latencies::default(),
        }
    }

    /// Adds a round.
    pub fn add(&mut self, round: &Round, cpu: CpuTime) {
        self.orders += round.orders;
        self.seconds += round.took.as_secs_f64();
        self.orders_per_s = self.orders as f64 / self.seconds;
        self.rounds_per_s.push(round.orders as f64 / round.took.as_secs_f64());
        self.latency.add(&round.latency);
        self.batch_latency_ns = self.latency.quantiles();
        self.cpu_time.add(cpu);
        self.cpu = self.cpu_time.per_answer(self.orders);
    }
}

/// Sends batches for one round; waits for the last answers. An order that was not taken ends the measurement.
pub fn run(address: SocketAddr, options: &HttpOptions, orders: &mut Orders) -> Result<Round, HttpFault> {
    let fault = |source| HttpFault::Connection { doing: "sending batches", source };
    let mut poll = Poll::new().map_err(fault)?;
    let mut connections = (0..options.batch_connections)
        .map(|number| Connection::open(address, number, &poll))
        .collect::<io::Result<Vec<_>>>()
        .map_err(fault)?;
    let taken = Finder::new(b",\"order\":\"");
    let mut round = Round { orders: 0, took: Duration::ZERO, latency: Latencies::default() };
    let started = Instant::now();
    for connection in &mut connections {
        connection.begin(orders, options.batch_lines).map_err(fault)?;
    }
    let mut under_way = connections.len();
    let mut events = Events::with_capacity(256);
    while under_way > 0 {
        match poll.poll(&mut events, Some(SILENCE_MAX)) {
            Err(interrupted) if interrupted.kind() == io::ErrorKind::Interrupted => continue,
            polled => polled.map_err(fault)?,
        }
        if events.is_empty() {
            return Err(HttpFault::Silence(SILENCE_MAX));
        }
        for event in &events {
            let connection = &mut connections[event.token().0];
            connection.send().map_err(fault)?;
            if !connection.read().map_err(fault)? {
                continue;
            }
            let answer = connection.answer.body();
            let orders_taken = taken.find_iter(answer).count();
            if orders_taken != options.batch_lines {
                let answer = answer.split(|byte| *byte == b'\n').find(|line| taken.find(line).is_none());
                let answer = String::from_utf8_lossy(answer.unwrap_or_default()).into_owned();
                return Err(HttpFault::Answer { route: "a batch", answer });
            }
            round.orders += orders_taken as u64;
            round.latency.record(connection.began.elapsed(), 1);
            if started.elapsed() < options.batch_time {
                connection.begin(orders, options.batch_lines).map_err(fault)?;
            } else {
                under_way -= 1;
            }
        }
    }
    round.took = started.elapsed();
    Ok(round)
}

struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    sent: usize,
    answer: Chunked,
    began: Instant,
}

impl Connection {
    fn open(address: SocketAddr, number: usize, poll: &Poll) -> io::Result<Self> {
        let stream = std::net::TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        poll.registry().register(&mut stream, Token(number), Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self { stream, request: Vec::new(), sent: 0, answer: Chunked::default(), began: Instant::now() })
    }

    fn begin(&mut self, orders: &mut Orders, lines: usize) -> io::Result<()> {
        self.began = Instant::now();
        self.request.clear();
        orders.batch(lines, &mut self.request);
        self.sent = 0;
        self.answer = Chunked::default();
        self.send()
    }

    /// Sends what the system takes.
    fn send(&mut self) -> io::Result<()> {
        while self.sent < self.request.len() {
            match self.stream.write(&self.request[self.sent..]) {
                Ok(written) => self.sent += written,
                Err(fault) if fault.kind() == io::ErrorKind::WouldBlock => break,
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    /// Reads what is there; whether the answer is whole.
    fn read(&mut self) -> io::Result<bool> {
        let mut bytes = [0; 64 * 1024];
        loop {
            match self.stream.read(&mut bytes) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => match self.answer.push(&bytes[..read]) {
                    Progress::More => {}
                    Progress::Whole => return Ok(true),
                    Progress::NotChunked => {
                        return Err(io::Error::other(String::from_utf8_lossy(&bytes[..read]).into_owned()));
                    }
                },
                Err(fault) if fault.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(fault) => return Err(fault),
            }
        }
    }
}
