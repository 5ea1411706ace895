//! The bytes that are sent: orders with a key of their own each, one citizen after another.

use std::{io::Write, path::Path};

use carbex_vocabulary::AccountId;
use carbex_web::{DevelopmentIssuer, LIFETIME_S_MAX, Member};

use super::HttpFault;

/// Which route is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// `POST /v1/orders`.
    Orders,
    /// A route that does nothing, behind the same accept loop, layers and connections.
    Nothing,
    /// A route that does nothing, alone in a router behind `axum::serve`: no layers, no limits, no timeouts.
    Bare,
}

impl Route {
    /// In the order in which they take turns.
    pub const ALL: [Self; 3] = [Self::Orders, Self::Nothing, Self::Bare];

    /// For people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Nothing => "nothing, same door",
            Self::Bare => "nothing, bare axum",
        }
    }

    /// Of one length, so that the requests differ in nothing else.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Orders => "/v1/orders",
            Self::Nothing | Self::Bare => NOTHING_PATH,
        }
    }
}

/// Where the route that does nothing is.
pub const NOTHING_PATH: &str = "/v1/nought";
/// Prices are the floor of the benchmark's band plus this many ticks at most.
const TICKS: u64 = 999;
/// Who sends the batches.
const BANK: Member = match Member::new(1) {
    Some(member) => member,
    None => panic!("one is not zero"),
};

/// An endless, reproducible list of orders.
pub struct Orders {
    citizens: Vec<Template>,
    next: usize,
    serial: u64,
    random: u64,
    accounts: u64,
    bank_token: String,
    lines: Vec<u8>,
}

/// A request of one citizen; the path, the key and the price are written into it.
struct Template {
    bytes: Vec<u8>,
    key_at: usize,
    price_at: usize,
}

/// Places of a key in a request.
const KEY_DIGITS: usize = 16;
/// Where the path begins: after `POST `.
const PATH_AT: usize = 5;

impl Orders {
    /// Orders of the first `citizens` accounts singly, and of all accounts in batches, under the issuer of that directory.
    pub fn new(data: &Path, citizens: u32, accounts: u32) -> Result<Self, HttpFault> {
        let issuer = DevelopmentIssuer::open(data)?;
        let citizens = (1..=u64::from(citizens))
            .map(|account| {
                let token = issuer.citizen(AccountId::new(account), LIFETIME_S_MAX)?;
                Ok(Template::new(&token, if account % 2 == 0 { "buy" } else { "sell" }))
            })
            .collect::<Result<_, HttpFault>>()?;
        Ok(Self {
            citizens,
            next: 0,
            serial: 0,
            random: 0x9E37_79B9_7F4A_7C15,
            accounts: u64::from(accounts),
            bank_token: issuer.bank(BANK, LIFETIME_S_MAX)?,
            lines: Vec::new(),
        })
    }

    /// Appends the next single order, addressed to `route`.
    pub fn request(&mut self, route: Route, out: &mut Vec<u8>) {
        let (key, tick) = (self.serial(), self.below(TICKS));
        let template = &self.citizens[self.next];
        self.next = (self.next + 1) % self.citizens.len();
        let start = out.len();
        out.extend_from_slice(&template.bytes);
        let bytes = &mut out[start..];
        bytes[PATH_AT..PATH_AT + NOTHING_PATH.len()].copy_from_slice(route.path().as_bytes());
        write_hexadecimal(key, &mut bytes[template.key_at..template.key_at + KEY_DIGITS]);
        write_digits(tick, &mut bytes[template.price_at..template.price_at + 3]);
    }

    /// Appends the next batch: orders of random accounts, each with a key of its own.
    pub fn batch(&mut self, lines: usize, out: &mut Vec<u8>) {
        let mut rendered = std::mem::take(&mut self.lines);
        rendered.clear();
        let (mut key, mut price) = ([0; KEY_DIGITS], [0; 3]);
        for _ in 0..lines {
            write_hexadecimal(self.serial(), &mut key);
            let account = 1 + self.below(self.accounts);
            write_digits(self.below(TICKS), &mut price);
            let side: &[u8] = if self.below(2) == 0 { b"buy" } else { b"sell" };
            for part in [
                br#"{"account":""#,
                itoa::Buffer::new().format(account).as_bytes(),
                br#"","idempotency_key":""#,
                &key,
                br#"","side":""#,
                side,
                br#"","quantity":"1","price":"0.08"#,
                &price,
                b"0\"}\n",
            ] {
                rendered.extend_from_slice(part);
            }
        }
        // Writing into memory cannot fail.
        let _ = write!(
            out,
            "POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/x-ndjson\r\nContent-Length: {}\r\n\r\n",
            Route::Orders.path(),
            self.bank_token,
            rendered.len()
        );
        out.extend_from_slice(&rendered);
        self.lines = rendered;
    }

    fn serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// Xorshift: what matters is that it is cheap and the same in every run.
    fn below(&mut self, bound: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) % bound
    }
}

impl Template {
    fn new(token: &str, side: &str) -> Self {
        let body = format!(r#"{{"side":"{side}","quantity":"1","price":"0.080000"}}"#);
        let mut bytes = Vec::new();
        // Writing into memory cannot fail.
        let _ = write!(
            bytes,
            "POST {NOTHING_PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nIdempotency-Key: {:0>KEY_DIGITS$}\r\nContent-Length: {}\r\n\r\n{body}",
            0,
            body.len()
        );
        let after = |text: &[u8]| memchr::memmem::find(&bytes, text).map_or(0, |at| at + text.len());
        Self { key_at: after(b"Idempotency-Key: "), price_at: after(br#""price":"0.08"#), bytes }
    }
}

fn write_hexadecimal(mut number: u64, out: &mut [u8]) {
    for place in out.iter_mut().rev() {
        *place = b"0123456789abcdef"[(number & 15) as usize];
        number >>= 4;
    }
}

fn write_digits(mut number: u64, out: &mut [u8]) {
    for place in out.iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
    }
}
