//! The history index: it survives restarts, is rebuilt on any doubt, and rebuilt equals kept.

mod exchange;

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use carbex_core::Command;
use carbex_node::{Role, Submission};
use carbex_vocabulary::{AccountId, DebitMode, QuantityG};
use carbex_web::Limits;
use exchange::Exchange;

/// Trades, cancels, rejects and debits among twelve accounts.
fn live(exchange: &Exchange, round: u64) {
    for account in 1..=12 {
        let key = |what: &str| format!("{what}-{round}");
        exchange.place(account, &key("t"), r#"{"side":"sell","quantity":"10","price":"0.08"}"#);
        let order =
            Exchange::taken(&exchange.place(account, &key("r"), r#"{"side":"sell","quantity":"3","price":"0.3"}"#));
        if account % 2 == 0 {
            exchange.cancel(account, &order);
        }
        let debit = QuantityG::new(1_500 * account);
        exchange.act(Command::Debit { account: AccountId::new(account), quantity: debit, mode: DebitMode::Record });
    }
}

#[test]
fn a_restart_keeps_the_statement_and_reads_on() {
    let data = tempfile::tempdir().expect("a directory");
    let exchange = Exchange::with_a_year(data.path(), 12);
    live(&exchange, 1);
    exchange.settle();
    let before = exchange.get_as(3, "/v1/accounts/me/statement").json();
    let types: Vec<_> = before["lines"].as_array().expect("lines").iter().map(|line| line["type"].clone()).collect();
    assert_eq!(types, ["debited", "trade", "allotted", "deposited", "account_opened"]);
    exchange.stop();

    let exchange = Exchange::start(data.path());
    exchange.go_to_day(101);
    exchange.settle();
    let after = exchange.get_as(3, "/v1/accounts/me/statement").json();
    assert_eq!(before["lines"], after["lines"]);
    live(&exchange, 2);
    exchange.settle();
    let grown = exchange.get_as(3, "/v1/accounts/me/statement").json();
    assert_eq!(grown["lines"].as_array().map(Vec::len), Some(7));
    assert_eq!(grown["lines"][2], before["lines"][0]);
    exchange.stop();
}

#[test]
fn a_statement_is_read_page_by_page() {
    let data = tempfile::tempdir().expect("a directory");
    let exchange = Exchange::with_a_year(data.path(), 12);
    live(&exchange, 1);
    live(&exchange, 2);
    exchange.settle();
    let whole = exchange.get_as(5, "/v1/accounts/me/statement").json();
    let mut lines = Vec::new();
    let mut path = "/v1/accounts/me/statement?limit=2".to_owned();
    loop {
        let page = exchange.get_as(5, &path).json();
        lines.extend(page["lines"].as_array().expect("lines").clone());
        match page["next_before"].as_str() {
            Some(next) => path = format!("/v1/accounts/me/statement?limit=2&before={next}"),
            None => break,
        }
    }
    assert_eq!(Some(&lines), whole["lines"].as_array());
    assert_eq!(exchange.get_as(5, "/v1/accounts/me/statement?limit=501").code(), "INVALID_PARAMETER");
    exchange.stop();
}

#[test]
fn a_rebuilt_history_equals_the_one_that_was_kept() {
    let data = tempfile::tempdir().expect("a directory");
    let exchange = Exchange::with_a_year(data.path(), 12);
    live(&exchange, 1);
    exchange.settle();
    exchange.stop();
    // Kept over a restart, and with a ring so small that part of it is replayed from the journal.
    let exchange = Exchange::start_with(data.path(), Limits::default(), 4);
    exchange.go_to_day(101);
    live(&exchange, 2);
    exchange.settle();
    let (kept, depth) = (exchange.content_hash(), exchange.get("/v1/market/depth", "").json());
    let candles = exchange.get("/v1/market/candles?interval=1h", "").json();
    exchange.stop();

    fs::remove_dir_all(data.path().join("history")).expect("the history is only a copy");
    let exchange = Exchange::start(data.path());
    exchange.settle();
    assert_eq!(exchange.content_hash(), kept);
    assert_eq!(exchange.get("/v1/market/depth", "").json(), depth);
    assert_eq!(exchange.get("/v1/market/candles?interval=1h", "").json(), candles);
    exchange.stop();
}

#[test]
fn a_damaged_history_is_moved_aside_and_built_anew() {
    let data = tempfile::tempdir().expect("a directory");
    let exchange = Exchange::with_a_year(data.path(), 12);
    live(&exchange, 1);
    exchange.settle();
    let kept = exchange.content_hash();
    exchange.stop();
    for entry in fs::read_dir(data.path().join("history")).expect("a history") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            fs::write(&path, b"not what it was").expect("a write");
        }
    }
    let exchange = Exchange::start(data.path());
    exchange.settle();
    assert_eq!(exchange.content_hash(), kept);
    assert!(data.path().join("history.doubted").exists());
    exchange.stop();
}

#[test]
fn the_history_of_another_journal_is_not_believed() {
    let (one, other) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    let exchange = Exchange::with_a_year(one.path(), 12);
    exchange.stop();
    let exchange = Exchange::start(other.path());
    exchange.hand.fetch_add(7, std::sync::atomic::Ordering::AcqRel);
    exchange.open_a_year(12);
    live(&exchange, 1);
    exchange.settle();
    let right = exchange.content_hash();
    exchange.stop();
    fs::remove_dir_all(other.path().join("history")).expect("removed");
    fs::rename(one.path().join("history"), other.path().join("history")).expect("moved");
    let exchange = Exchange::start(other.path());
    exchange.settle();
    assert_eq!(exchange.content_hash(), right);
    exchange.stop();
}

/// Keeps every core busy, several times over, until it is dropped.
struct BusyCores {
    end: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl BusyCores {
    fn start() -> Self {
        let end = Arc::new(AtomicBool::new(false));
        let cores = std::thread::available_parallelism().expect("a number of cores").get();
        let spin = |end: Arc<AtomicBool>| {
            std::thread::spawn(move || {
                while !end.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            })
        };
        let threads = (0..4 * cores).map(|_| spin(Arc::clone(&end))).collect();
        Self { end, threads }
    }
}

impl Drop for BusyCores {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        self.threads.drain(..).for_each(|thread| drop(thread.join()));
    }
}

#[test]
fn a_statement_catches_up_under_steady_trade_on_busy_cores_and_says_how_far_it_is() {
    let data = tempfile::tempdir().expect("a directory");
    let exchange = Exchange::with_a_year(data.path(), 12);
    exchange.settle();
    let busy = BusyCores::start();
    let debit = |account| Command::Debit {
        account: AccountId::new(account),
        quantity: QuantityG::new(1),
        mode: DebitMode::Record,
    };
    let trade = || {
        let submit = |account| exchange.node.submit(Submission::new(debit(account), Role::Regulator, 0));
        let pending: Vec<_> = (0..2_000).map(|number| submit(1 + number % 12).expect("a place in the queue")).collect();
        pending.into_iter().map(|pending| pending.wait().expect("done").sequence.number()).max().expect("some")
    };
    let began = Instant::now();
    let mut mark = 0;
    while began.elapsed() < Duration::from_secs(3) {
        mark = trade();
    }
    // Trade goes on, and no core is ever idle, until the statement shows what stood there at the mark. Read in idle time only
    // it took 27 s where it takes 2.
    let deadline = Instant::now() + Duration::from_secs(20);
    let shown = loop {
        let newest = trade();
        let statement = exchange.get_as(3, "/v1/accounts/me/statement?limit=1").json();
        let (seq, behind) = (statement["seq"].as_u64().expect("seq"), statement["behind"].as_u64().expect("behind"));
        assert!(seq + behind >= newest, "{seq} and {behind} behind do not reach {newest}");
        if seq >= mark {
            break statement;
        }
        assert!(Instant::now() < deadline, "the history is at {seq} and does not reach {mark}");
    };
    assert_eq!(shown["lines"][0]["type"], "debited");
    drop(busy);
    exchange.settle();
    let statement = exchange.get_as(3, "/v1/accounts/me/statement?limit=1").json();
    assert_eq!(statement["behind"], 0);
    exchange.stop();
}
