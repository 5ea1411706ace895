//! A whole exchange for tests: a real node in a directory of its own, a real server on a free port, and a plain HTTP client.

#![allow(dead_code, reason = "every test file uses a part of it")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use carbex_core::{Capacities, Command};
use carbex_node::{ClockSource, Node, NodeHandle, NodeOptions, Receipt, Role, Silent, Submission};
use carbex_vocabulary::{
    AccountId, AmountUeur, BasisPoints, DAY_NS, Event, HouseholdId, OrderId, Phase, PriceUeur, QuantityG,
};
use carbex_web::{DevelopmentIssuer, Limits, Running, WebOptions, serve};
use serde_json::Value;

/// 2027-01-01 00:00 in Paris.
pub const NEW_YEAR_NS: u64 = 1_798_758_000_000_000_000;

pub struct Exchange {
    pub node: NodeHandle,
    pub hand: Arc<AtomicU64>,
    pub issuer: DevelopmentIssuer,
    pub address: SocketAddr,
    runtime: tokio::runtime::Runtime,
    door: Option<Running>,
}

impl Exchange {
    /// Starts over `data`, whatever is there already.
    pub fn start(data: &Path) -> Self {
        Self::start_with(data, Limits::default(), 1_024)
    }

    pub fn start_with(data: &Path, limits: Limits, published_groups_max: usize) -> Self {
        Self::start_on(data, limits, |options| NodeOptions { published_groups_max, ..options })
    }

    /// Starts on a node whose options `change` has changed.
    pub fn start_on(data: &Path, limits: Limits, change: impl FnOnce(NodeOptions) -> NodeOptions) -> Self {
        let hand = Arc::new(AtomicU64::new(NEW_YEAR_NS));
        let rules = carbex_rulebook::preset("charter").expect("the charter").rulebook().rules;
        let options = NodeOptions {
            clock: ClockSource::Manual(Arc::clone(&hand)),
            ..NodeOptions::new(data)
                .founding(Capacities { accounts: 1_000, orders: 4_000, slice_accounts: u32::MAX }, rules)
        };
        let node = Node::start(change(options), &Silent).expect("a node");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let development = Some(DevelopmentIssuer::open(data).expect("an issuer"));
        let options = WebOptions { development, limits, ..WebOptions::new(data) };
        let door = runtime.block_on(serve(node.clone(), options)).expect("a server");
        let issuer = DevelopmentIssuer::open(data).expect("the same issuer");
        Self { node, hand, issuer, address: door.local_addr(), runtime, door: Some(door) }
    }

    /// An open budget year with `accounts` accounts of 1,000 € each, numbered from 1, on day 100 of the posted phase.
    pub fn with_a_year(data: &Path, accounts: u64) -> Self {
        let exchange = Self::start(data);
        exchange.open_a_year(accounts);
        exchange
    }

    pub fn open_a_year(&self, accounts: u64) {
        let (none, volume) = (QuantityG::ZERO, QuantityG::new(50_000_000));
        self.act(Command::OpenPeriod { year: 2027, endowment: QuantityG::new(9_000_000), reserve: volume, cap: None });
        for number in 1..=accounts {
            let account = AccountId::new(number);
            let share = BasisPoints::new(10_000);
            self.act(Command::OpenAccount { account, share, household: HouseholdId::new(0) });
            self.act(Command::Deposit { account, amount: AmountUeur::new(1_000_000_000) });
        }
        self.act(Command::AllotAll { fraction: BasisPoints::new(10_000) });
        self.act(Command::FundTreasury { amount: AmountUeur::new(100_000_000_000) });
        self.act(Command::ReleaseReserve { quantity: volume });
        self.act(Command::SetPhase { phase: Phase::Posted });
        let (price, budget) = (PriceUeur::new(80_000), AmountUeur::new(50_000_000_000));
        self.act(Command::SetBuyback { price, volume, budget });
        self.act(Command::SetSale { price: PriceUeur::new(90_000), volume: none });
        self.go_to_day(100);
    }

    pub fn go_to_day(&self, day: u64) {
        self.hand.store(NEW_YEAR_NS + day * DAY_NS + 1, Ordering::Release);
    }

    /// Has the regulator (or whoever may) do something that must succeed.
    pub fn act(&self, command: Command) -> Receipt {
        let receipt =
            self.node.submit(Submission::new(command, Role::Regulator, 0)).expect("taken").wait().expect("done");
        assert!(!matches!(receipt.outcome, Some(Event::Rejected(_))), "{:?}", receipt.outcome);
        receipt
    }

    pub fn token(&self, account: u64) -> String {
        self.issuer.citizen(AccountId::new(account), 600).expect("a token")
    }

    /// Waits until the history has read everything there is.
    pub fn settle(&self) {
        let head = self.node.market().sequence;
        let deadline = Instant::now() + Duration::from_secs(20);
        let door = self.door.as_ref().expect("a server");
        while door.history().sequence() < head {
            assert!(Instant::now() < deadline, "the history stays behind: {:?}", door.history().status());
            std::thread::sleep(Duration::from_millis(10));
        }
        // One more pulse, so that the page has it too.
        std::thread::sleep(Duration::from_millis(450));
    }

    pub fn content_hash(&self) -> [u8; 32] {
        let door = self.door.as_ref().expect("a server");
        door.history().store().expect("a history").content_hash().expect("readable")
    }

    pub fn send(&self, request: &str) -> Answer {
        exchange_once(self.address, request.as_bytes())
    }

    pub fn get(&self, path: &str, headers: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n"))
    }

    pub fn get_as(&self, account: u64, path: &str) -> Answer {
        self.get(path, &format!("Authorization: Bearer {}\r\n", self.token(account)))
    }

    /// `POST /v1/orders` with a key.
    pub fn place(&self, account: u64, key: &str, body: &str) -> Answer {
        let headers = format!("Authorization: Bearer {}\r\nIdempotency-Key: {key}\r\n", self.token(account));
        self.post("/v1/orders", &headers, body)
    }

    pub fn post(&self, path: &str, headers: &str, body: &str) -> Answer {
        self.send(&format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n{headers}\r\n{body}",
            body.len()
        ))
    }

    pub fn cancel(&self, account: u64, order: &str) -> Answer {
        let token = self.token(account);
        self.send(&format!(
            "DELETE /v1/orders/{order} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
        ))
    }

    /// Opens a stream and reads its events until `enough` says so.
    pub fn stream(&self, path: &str, headers: &str) -> EventStream {
        let mut socket = TcpStream::connect(self.address).expect("a connection");
        socket.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
        socket.write_all(request.as_bytes()).expect("a request");
        let mut reader = BufReader::new(socket);
        let mut status = String::new();
        reader.read_line(&mut status).expect("a status");
        assert!(status.contains(" 200 "), "{status}");
        EventStream { reader }
    }

    /// Closes the door, then the node, as `carbex serve` does.
    pub fn stop(mut self) {
        if let Some(door) = self.door.take() {
            self.runtime.block_on(door.shutdown());
        }
        self.node.stop().expect("a clean stop");
    }

    /// The id of an order that was taken.
    pub fn taken(answer: &Answer) -> String {
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.json()["order"].as_str().expect("an order").to_owned()
    }

    pub fn order(text: &str) -> OrderId {
        OrderId::new(text.parse().expect("a number"))
    }
}

/// A stream's events, one by one.
pub struct EventStream {
    reader: BufReader<TcpStream>,
}

#[derive(Debug, Default)]
pub struct StreamEvent {
    pub event: String,
    pub id: String,
    pub data: String,
}

impl EventStream {
    /// The next event; `None` = the server ended the stream.
    pub fn next_event(&mut self) -> Option<StreamEvent> {
        let mut event = StreamEvent::default();
        loop {
            let mut line = String::new();
            if self.reader.read_line(&mut line).expect("a line in time") == 0 || line == "0\r\n" {
                return None;
            }
            // Chunk sizes and headers match no field and fall through.
            let line = line.trim_end();
            if let Some(value) = line.strip_prefix("event: ") {
                event.event = value.to_owned();
            } else if let Some(value) = line.strip_prefix("id: ") {
                event.id = value.to_owned();
            } else if let Some(value) = line.strip_prefix("data: ") {
                event.data = value.to_owned();
            } else if line.is_empty() && !event.data.is_empty() {
                return Some(event);
            }
        }
    }

    /// The next event of that name.
    pub fn next_of(&mut self, name: &str) -> StreamEvent {
        loop {
            let event = self.next_event().expect("the stream goes on");
            if event.event == name {
                return event;
            }
        }
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|fault| panic!("{fault}: {}", self.body))
    }

    /// The body without the framing of its chunks.
    pub fn unchunked(&self) -> String {
        let (mut rest, mut whole) = (self.body.as_str(), String::new());
        while let Some((size, after)) = rest.split_once("\r\n") {
            let size = usize::from_str_radix(size, 16).expect("a chunk's size");
            whole += &after[..size];
            rest = &after[size + 2..];
        }
        whole
    }

    pub fn code(&self) -> String {
        assert!(self.head.contains("content-type: application/problem+json"), "{}", self.head);
        self.json()["code"].as_str().expect("a code").to_owned()
    }
}

/// One request on one connection, read to its end.
pub fn exchange_once(address: SocketAddr, request: &[u8]) -> Answer {
    let mut socket = TcpStream::connect(address).expect("a connection");
    socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    socket.write_all(request).expect("a request");
    let mut bytes = Vec::new();
    // A server that refuses a large body may reset the rest: what it said before counts.
    let _ = socket.read_to_end(&mut bytes);
    let text = String::from_utf8(bytes).expect("UTF-8");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head.split(' ').nth(1).expect("a status").parse().expect("a number");
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}
