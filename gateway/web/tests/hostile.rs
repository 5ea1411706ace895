//! Callers who are slow, greedy or garbled: closed in time, told what is wrong, and nobody else notices.

mod exchange;

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use carbex_web::Limits;
use exchange::Exchange;

fn connect(exchange: &Exchange) -> TcpStream {
    let socket = TcpStream::connect(exchange.address).expect("a connection");
    socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    socket
}

fn closed_after(socket: &mut TcpStream) -> Duration {
    let started = Instant::now();
    let mut rest = Vec::new();
    let _ = socket.read_to_end(&mut rest);
    started.elapsed()
}

#[test]
fn a_header_that_never_ends_is_cut_after_its_time() {
    let data = tempfile::tempdir().expect("a directory");
    let limits = Limits { header_time_max: Duration::from_secs(1), ..Limits::default() };
    let exchange = Exchange::start_with(data.path(), limits, 64);
    let mut sockets: Vec<TcpStream> = (0..50).map(|_| connect(&exchange)).collect();
    for socket in &mut sockets {
        socket.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ").expect("half a header");
    }
    assert_eq!(exchange.get("/healthz", "").status, 200, "others are served meanwhile");
    for socket in &mut sockets {
        assert!(closed_after(socket) < Duration::from_secs(4));
    }
    // A connection that says nothing after an answer is closed as well.
    let mut idle = connect(&exchange);
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").expect("a request");
    assert!(closed_after(&mut idle) < Duration::from_secs(4));
    exchange.stop();
}

#[test]
fn the_shipped_limits_are_five_seconds_and_64_kib() {
    let limits = Limits::default();
    assert_eq!(limits.header_time_max, Duration::from_secs(5));
    assert_eq!(limits.body_time_max, Duration::from_secs(5));
    assert_eq!(limits.body_bytes_max, 64 * 1024);
}

#[test]
fn a_body_that_never_comes_is_given_up() {
    let data = tempfile::tempdir().expect("a directory");
    let limits = Limits { body_time_max: Duration::from_millis(300), ..Limits::default() };
    let exchange = Exchange::start_with(data.path(), limits, 64);
    let token = exchange.token(1);
    let answer = exchange.send(&format!(
        "POST /v1/orders HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nIdempotency-Key: k\r\nContent-Length: 100\r\n\r\n{{"
    ));
    assert_eq!((answer.status, answer.code().as_str()), (408, "BODY_TOO_SLOW"));
    exchange.stop();
}

#[test]
fn streams_beyond_the_places_are_told_to_come_back() {
    let data = tempfile::tempdir().expect("a directory");
    let exchange = Exchange::start_with(data.path(), Limits { streams_max: 2, ..Limits::default() }, 64);
    let first = exchange.stream("/v1/market/stream", "");
    let _second = exchange.stream("/v1/market/stream", "");
    let third = exchange.get("/v1/market/stream", "");
    assert_eq!((third.status, third.code().as_str()), (503, "TOO_MANY_STREAMS"));
    assert!(third.head.contains("retry-after: 5"));
    drop(first);
    // The place is free again once the server notices, at the next thing it would have told.
    exchange.act(carbex_core::Command::Tick);
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let mut socket = connect(&exchange);
        socket.write_all(b"GET /v1/market/stream HTTP/1.1\r\nHost: x\r\n\r\n").expect("a request");
        let mut status = [0; 12];
        socket.read_exact(&mut status).expect("a status");
        if &status == b"HTTP/1.1 200" {
            break;
        }
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(100));
    }
    exchange.stop();
}

#[test]
fn connections_beyond_the_cap_wait_and_are_served_when_others_leave() {
    let data = tempfile::tempdir().expect("a directory");
    let limits = Limits { connections_max: 2, header_time_max: Duration::from_secs(1), ..Limits::default() };
    let exchange = Exchange::start_with(data.path(), limits, 64);
    let _held = [connect(&exchange), connect(&exchange)];
    let started = Instant::now();
    assert_eq!(exchange.get("/healthz", "").status, 200);
    assert!(started.elapsed() >= Duration::from_millis(500), "it waited for a place");
    exchange.stop();
}

#[test]
fn garbage_is_not_http() {
    let data = tempfile::tempdir().expect("a directory");
    let exchange = Exchange::start(data.path());
    for garbage in [
        "\0\0\0\0\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "POST /v1/orders HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    ] {
        let mut socket = connect(&exchange);
        socket.write_all(garbage.as_bytes()).expect("a write");
        let mut answer = String::new();
        let _ = socket.read_to_string(&mut answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{garbage:?}: {answer}");
    }
    let mut large = String::from("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
    large.push_str(&format!("X-Large: {}\r\n\r\n", "x".repeat(100_000)));
    let mut socket = connect(&exchange);
    let _ = socket.write_all(large.as_bytes());
    let mut answer = String::new();
    let _ = socket.read_to_string(&mut answer);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    assert_eq!(exchange.get("/healthz", "").status, 200);
    exchange.stop();
}
