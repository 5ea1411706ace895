//! Keep-alive connections with one request in flight on each, driven by one thread.

use std::{
    io::{self, Read, Write},
    net::SocketAddr,
    time::{Duration, Instant},
};

use memchr::memmem::Finder;
use mio::{Events, Interest, Poll, Token, net::TcpStream};

use super::{
    HttpFault,
    report::Latency,
    request::{Orders, Route},
};

/// The longest answer that is expected, in bytes.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// After so long without any answer the exchange is taken for dead.
const SILENCE_MAX: Duration = Duration::from_secs(20);

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
        latency: &mut Latency,
    ) -> Result<u64, HttpFault> {
        let fault = |source| HttpFault::Connection { doing: "asking and reading", source };
        let mut request = Vec::new();
        for connection in &mut self.connections {
            connection.ask(route, orders, &mut request).map_err(fault)?;
        }
        let deadline = Instant::now() + time;
        let (mut answered, mut under_way) = (0, self.connections.len());
        let mut events = Events::with_capacity(1_024);
        while under_way > 0 {
            match self.poll.poll(&mut events, Some(SILENCE_MAX)) {
                Err(interrupted) if interrupted.kind() == io::ErrorKind::Interrupted => continue,
                polled => polled.map_err(fault)?,
            }
            if events.is_empty() {
                return Err(HttpFault::Silence(SILENCE_MAX));
            }
            for event in &events {
                let connection = &mut self.connections[event.token().0];
                connection.read().map_err(fault)?;
                match end_of(&connection.answer, &self.length_name) {
                    Some(Answer::Complete { created: true }) => {}
                    Some(Answer::Incomplete) => continue,
                    Some(Answer::Complete { created: false }) | None => {
                        let answer = String::from_utf8_lossy(&connection.answer).into_owned();
                        return Err(HttpFault::Answer { route: route.name(), answer });
                    }
                }
                let now = Instant::now();
                latency.record(now - connection.asked);
                answered += 1;
                if now < deadline {
                    connection.ask(route, orders, &mut request).map_err(fault)?;
                } else {
                    under_way -= 1;
                }
            }
        }
        Ok(answered)
    }
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
