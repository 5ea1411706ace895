//! Keep-alive connections with one request in flight on each, driven by one thread.

use std::{
    io::{self, Read, Write},
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use memchr::memmem::Finder;
use mio::{Events, Interest, Poll, Token, net::TcpStream};

use crate::Latencies;

use super::{
    HttpFault,
    request::{Orders, Route},
};

/// The longest answer that is expected, in bytes.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// After so long without any answer the exchange is taken for dead.
const SILENCE_MAX: Duration = Duration::from_secs(20);

/// Events taken from the system at once.
const EVENTS: usize = 1_024;
/// How often the open loop looks for answers and for orders that are to leave.
const LOOK_EVERY: Duration = Duration::from_micros(50);

/// Open connections.
pub struct Load {
    poll: Poll,
    connections: Vec<Connection>,
    length_name: Finder<'static>,
}

struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
    asked: Instant,
}

/// What an answer's head says about where it ends.
enum Answer {
    Incomplete,
    Complete { created: bool },
}

impl Load {
    /// Opens the connections.
    pub fn open(address: SocketAddr, connections: usize) -> Result<Self, HttpFault> {
        let fault = |source| HttpFault::Connection { doing: "opening connections", source };
        let poll = Poll::new().map_err(fault)?;
        let connections = (0..connections)
            .map(|number| {
                // Connected while blocking: the first request finds an open connection.
                let stream = std::net::TcpStream::connect(address)?;
                stream.set_nodelay(true)?;
                stream.set_nonblocking(true)?;
                let mut stream = TcpStream::from_std(stream);
                poll.registry().register(&mut stream, Token(number), Interest::READABLE)?;
                Ok(Connection { stream, answer: Vec::with_capacity(ANSWER_BYTES_MAX), asked: Instant::now() })
            })
            .collect::<io::Result<_>>()
            .map_err(fault)?;
        Ok(Self { poll, connections, length_name: Finder::new(b"\r\ncontent-length: ") })
    }

    /// Asks on every connection, again as soon as it is answered, for `time`; then waits for what is under way. Answers how
    /// many were answered; any other answer than 201 ends the measurement.
    pub fn run(
        &mut self,
        route: Route,
        orders: &mut Orders,
        time: Duration,
        latency: &mut Latencies,
    ) -> Result<u64, HttpFault> {
        let mut request = Vec::new();
        for connection in &mut self.connections {
            connection.ask(route, orders, &mut request).map_err(asking)?;
        }
        let deadline = Instant::now() + time;
        let (mut answered, mut under_way) = (0, self.connections.len());
        let mut events = Events::with_capacity(EVENTS);
        while under_way > 0 {
            if !self.look(&mut events, SILENCE_MAX)? {
                return Err(HttpFault::Silence(SILENCE_MAX));
            }
            for event in &events {
                let connection = &mut self.connections[event.token().0];
                if !connection.is_answered(route, &self.length_name)? {
                    continue;
                }
                let now = Instant::now();
                latency.record(now - connection.asked, 1);
                answered += 1;
                if now < deadline {
                    connection.ask(route, orders, &mut request).map_err(asking)?;
                } else {
                    under_way -= 1;
                }
            }
        }
        Ok(answered)
    }

    /// Places orders at a rate, whatever the answers do, for `time`. Every order has a time at which it is to leave; its
    /// latency counts from then, also when it had to wait for a connection. Answers how many were answered.
    pub fn run_at(
        &mut self,
        per_s: f64,
        orders: &mut Orders,
        time: Duration,
        latency: &mut Latencies,
    ) -> Result<u64, HttpFault> {
        let route = Route::Orders;
        let total = (per_s * time.as_secs_f64()).ceil() as u64;
        let mut request = Vec::new();
        let mut free: Vec<usize> = (0..self.connections.len()).collect();
        let (mut left, mut answered) = (0_u64, 0);
        let mut events = Events::with_capacity(EVENTS);
        let (started, mut heard) = (Instant::now(), Instant::now());
        let leaves = |number: u64| started + Duration::from_secs_f64(number as f64 / per_s);
        while answered < total {
            while left < total
                && leaves(left) <= Instant::now()
                && let Some(number) = free.pop()
            {
                let connection = &mut self.connections[number];
                connection.ask(route, orders, &mut request).map_err(asking)?;
                connection.asked = leaves(left);
                left += 1;
            }
            if !self.look(&mut events, Duration::ZERO)? {
                if heard.elapsed() > SILENCE_MAX {
                    return Err(HttpFault::Silence(SILENCE_MAX));
                }
                // The system's own waiting counts in milliseconds.
                thread::sleep(LOOK_EVERY);
                continue;
            }
            heard = Instant::now();
            for event in &events {
                let number = event.token().0;
                let connection = &mut self.connections[number];
                if connection.is_answered(route, &self.length_name)? {
                    latency.record(connection.asked.elapsed(), 1);
                    answered += 1;
                    free.push(number);
                }
            }
        }
        Ok(answered)
    }

    /// Waits for answers; whether there are any.
    fn look(&mut self, events: &mut Events, patience: Duration) -> Result<bool, HttpFault> {
        loop {
            match self.poll.poll(events, Some(patience)) {
                Err(interrupted) if interrupted.kind() == io::ErrorKind::Interrupted => {}
                Err(fault) => return Err(asking(fault)),
                Ok(()) => return Ok(!events.is_empty()),
            }
        }
    }
}

fn asking(source: io::Error) -> HttpFault {
    HttpFault::Connection { doing: "asking and reading", source }
}

impl Connection {
    fn ask(&mut self, route: Route, orders: &mut Orders, request: &mut Vec<u8>) -> io::Result<()> {
        request.clear();
        orders.request(route, request);
        self.answer.clear();
        self.asked = Instant::now();
        // One small request on a connection with nothing under way always fits the system's buffer.
        self.stream.write_all(request)
    }

    /// Reads what is there; whether the answer is whole, and 201.
    fn is_answered(&mut self, route: Route, length_name: &Finder<'_>) -> Result<bool, HttpFault> {
        self.read().map_err(asking)?;
        match end_of(&self.answer, length_name) {
            Some(Answer::Complete { created: true }) => Ok(true),
            Some(Answer::Incomplete) => Ok(false),
            Some(Answer::Complete { created: false }) | None => {
                let answer = String::from_utf8_lossy(&self.answer).into_owned();
                Err(HttpFault::Answer { route: route.name(), answer })
            }
        }
    }

    /// Reads what is there. The poll tells new bytes only, so it reads until there are none: a short read says so too.
    fn read(&mut self) -> io::Result<()> {
        let mut bytes = [0; 4_096];
        loop {
            match self.stream.read(&mut bytes) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => {
                    self.answer.extend_from_slice(&bytes[..read]);
                    if read < bytes.len() {
                        return Ok(());
                    }
                }
                Err(fault) if fault.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(fault) => return Err(fault),
            }
        }
    }
}

/// Whether the answer is whole; `None` = no answer with a length.
fn end_of(answer: &[u8], length_name: &Finder<'_>) -> Option<Answer> {
    let Some(head_bytes) = memchr::memmem::find(answer, b"\r\n\r\n") else {
        return (answer.len() < ANSWER_BYTES_MAX).then_some(Answer::Incomplete);
    };
    let digits = &answer[length_name.find(&answer[..head_bytes])? + length_name.needle().len()..];
    let digits = &digits[..digits.iter().position(|byte| !byte.is_ascii_digit())?];
    let body_bytes: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
    if answer.len() < head_bytes + 4 + body_bytes {
        return Some(Answer::Incomplete);
    }
    Some(Answer::Complete { created: answer.starts_with(b"HTTP/1.1 201") })
}
