//! NDJSON batches: one answer a line, in order; a bad line costs itself only; the same lines again change nothing.

mod exchange;

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use carbex_node::NodeOptions;
use carbex_web::{Limits, Member};
use exchange::{Answer, Exchange};
use serde_json::Value;

fn bank(exchange: &Exchange) -> String {
    exchange.issuer.bank(Member::new(7).expect("not zero"), 600).expect("a token")
}

fn send(exchange: &Exchange, token: &str, headers: &str, body: &str) -> Answer {
    exchange.send(&format!(
        "POST /v1/orders HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/x-ndjson\r\n\
         Authorization: Bearer {token}\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    ))
}

/// The lines of an answer whose status is 200.
fn lines(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.head.contains("content-type: application/x-ndjson"), "{}", answer.head);
    let lines: Vec<Value> =
        answer.unchunked().lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect();
    for (number, line) in (1..).zip(&lines) {
        assert_eq!(line["line"], number, "every line is answered in its place");
    }
    lines
}

fn order(line: &Value) -> u64 {
    line["order"].as_str().unwrap_or_else(|| panic!("{line}")).parse().expect("a number")
}

fn sell(account: u64, key: &str) -> String {
    format!(r#"{{"account":"{account}","idempotency_key":"{key}","side":"sell","quantity":"1","price":"0.085"}}"#)
        + "\n"
}

#[test]
fn a_batch_is_answered_line_by_line_in_its_order() {
    let data = tempfile::tempdir().expect("a directory");
    let exchange = Exchange::with_a_year(data.path(), 300);
    // More lines than one piece takes; every account's 8 open orders are not reached.
    let batch: String = (0..1_500).map(|line| sell(1 + line % 300, &format!("k{line}"))).collect();
    let answered = lines(&send(&exchange, &bank(&exchange), "", &batch));
    assert_eq!(answered.len(), 1_500);
    let orders: Vec<u64> = answered.iter().map(order).collect();
    assert!(orders.is_sorted_by(|first, second| first < second), "sequenced in the order of the lines");
    for account in [1, 300] {
        assert_eq!(exchange.get_as(account, "/v1/accounts/me").json()["open_sell"], "5.000");
    }
    exchange.stop();
}

#[test]
fn a_bad_line_is_told_with_its_number_and_costs_itself_only() {
    let data = tempfile::tempdir().expect("a directory");
    let exchange = Exchange::with_a_year(data.path(), 2);
    let bad = [
        ("", 400, "MALFORMED_BODY"),
        ("not json", 400, "MALFORMED_BODY"),
        (r#"{"account":"1","idempotency_key":"a","side":"sell","quantity":"1"}"#, 400, "MALFORMED_BODY"),
        (
            r#"{"account":"1","idempotency_key":"a","side":"sell","quantity":"1","price":"0.1","x":1}"#,
            400,
            "MALFORMED_BODY",
        ),
        (
            r#"{"account":"1","idempotency_key":"a","side":"sell","quantity":"1.0001","price":"0.1"}"#,
            422,
            "TOO_MANY_DECIMALS",
        ),
        (r#"{"account":"one","idempotency_key":"a","side":"sell","quantity":"1","price":"0.1"}"#, 422, "INVALID_FIELD"),
        (r#"{"idempotency_key":"a","side":"sell","quantity":"1","price":"0.1"}"#, 422, "INVALID_FIELD"),
        (r#"{"account":"1","side":"sell","quantity":"1","price":"0.1"}"#, 400, "IDEMPOTENCY_KEY_MISSING"),
        (r#"{"account":"1","idempotency_key":"","side":"sell","quantity":"1","price":"0.1"}"#, 422, "INVALID_FIELD"),
        (
            r#"{"account":"99","idempotency_key":"b","side":"sell","quantity":"1","price":"0.1"}"#,
            422,
            "UNKNOWN_ACCOUNT",
        ),
        (
            r#"{"account":"2","idempotency_key":"c","side":"sell","quantity":"4000","price":"0.1"}"#,
            422,
            "NOT_YET_EARNED",
        ),
    ];
    let mut batch = String::new();
    for (number, (line, _, _)) in bad.iter().enumerate() {
        batch += &format!("{line}\n{}", sell(1, &format!("good-{number}")));
    }
    let answered = lines(&send(&exchange, &bank(&exchange), "Accept-Language: en\r\n", &batch));
    assert_eq!(answered.len(), bad.len() * 2);
    for (pair, (line, status, code)) in answered.chunks(2).zip(bad) {
        let problem = &pair[0]["problem"];
        assert_eq!((&problem["status"], &problem["code"]), (&status.into(), &code.into()), "{line}");
        assert!(problem["detail"].as_str().is_some_and(|text| !text.is_empty()));
    }
    let rejected = &answered[answered.len() - 2]["problem"];
    assert_eq!((&rejected["limit"], &rejected["actual"]), (&"2465.753".into(), &"4000.000".into()));
    // Eight open orders are the charter's limit: the good lines before it were taken, those behind it say so.
    let good: Vec<bool> = answered.iter().skip(1).step_by(2).map(|line| line["order"].is_string()).collect();
    assert_eq!(good.iter().filter(|taken| **taken).count(), 8);
    assert_eq!(answered[17]["problem"]["code"], "TOO_MANY_OPEN_ORDERS");
    exchange.stop();
}

#[test]
fn a_key_given_again_answers_the_same_within_a_batch_and_across_batches() {
    let data = tempfile::tempdir().expect("a directory");
    let exchange = Exchange::with_a_year(data.path(), 2);
    let token = bank(&exchange);
    let other_body = sell(1, "a").replace("0.085", "0.086");
    let batch = [sell(1, "a"), sell(1, "a"), other_body, sell(2, "b")].concat();
    let first = lines(&send(&exchange, &token, "", &batch));
    assert_eq!(order(&first[0]), order(&first[1]));
    assert_eq!((&first[0]["repeated"], &first[1]["repeated"]), (&Value::Null, &true.into()));
    assert_eq!(first[2]["problem"]["code"], "IDEMPOTENCY_KEY_REUSED");
    let again = lines(&send(&exchange, &token, "", &batch));
    assert_eq!(order(&again[3]), order(&first[3]));
    assert_eq!(again[3]["repeated"], true);
    assert_eq!(exchange.get_as(1, "/v1/accounts/me").json()["open_sell"], "1.000");
    // Another bank's key of the same text is another key.
    let other = exchange.issuer.bank(Member::new(8).expect("not zero"), 600).expect("a token");
    let others = lines(&send(&exchange, &other, "", &sell(1, "a")));
    assert_ne!(order(&others[0]), order(&first[0]));
    exchange.stop();
}

#[test]
fn the_batchs_own_key_stands_for_its_lines_in_their_order() {
    let data = tempfile::tempdir().expect("a directory");
    let exchange = Exchange::with_a_year(data.path(), 1);
    let token = bank(&exchange);
    let line = "{\"account\":\"1\",\"side\":\"sell\",\"quantity\":\"1\",\"price\":\"0.085\"}\n";
    let batch = [line, line].concat();
    let first = lines(&send(&exchange, &token, "Idempotency-Key: morning\r\n", &batch));
    assert_ne!(order(&first[0]), order(&first[1]), "two lines are two orders");
    let again = lines(&send(&exchange, &token, "Idempotency-Key: morning\r\n", &batch));
    assert_eq!([order(&again[0]), order(&again[1])], [order(&first[0]), order(&first[1])]);
    let invalid = send(&exchange, &token, "Idempotency-Key: a\r\nIdempotency-Key: b\r\n", &batch);
    assert_eq!((invalid.status, invalid.code().as_str()), (400, "IDEMPOTENCY_KEY_INVALID"));
    exchange.stop();
}

#[test]
fn a_citizens_batch_is_for_its_own_account_and_a_banks_token_for_batches() {
    let data = tempfile::tempdir().expect("a directory");
    let exchange = Exchange::with_a_year(data.path(), 2);
    let own = "{\"idempotency_key\":\"own\",\"side\":\"sell\",\"quantity\":\"1\",\"price\":\"0.085\"}\n";
    let answered = lines(&send(&exchange, &exchange.token(1), "", &[own, &sell(2, "x"), &sell(1, "y")].concat()));
    assert!(answered[0]["order"].is_string() && answered[2]["order"].is_string());
    assert_eq!(answered[1]["problem"]["code"], "NOT_YOUR_ACCOUNT");
    assert_eq!(answered[1]["problem"]["status"], 403);
    assert_eq!(exchange.get_as(2, "/v1/accounts/me").json()["open_sell"], "0.000");
    // A single order under the same key is the same order.
    let single = exchange.place(1, "own", r#"{"side":"sell","quantity":"1","price":"0.085"}"#);
    assert_eq!(Exchange::taken(&single), order(&answered[0]).to_string());
    assert_eq!(single.json()["repeated"], true);

    let headers = format!("Authorization: Bearer {}\r\nIdempotency-Key: k\r\n", bank(&exchange));
    let refused = exchange.post("/v1/orders", &headers, r#"{"side":"sell","quantity":"1","price":"0.085"}"#);
    assert_eq!((refused.status, refused.code().as_str()), (403, "NOT_FOR_THIS_ROLE"));
    let account = exchange.get("/v1/accounts/me", &headers);
    assert_eq!((account.status, account.code().as_str()), (403, "NOT_FOR_THIS_ROLE"));
    let nobody = send(&exchange, "a.b.c", "", own);
    assert_eq!((nobody.status, nobody.code().as_str()), (401, "NOT_AUTHENTICATED"));
    exchange.stop();
}

#[test]
fn a_batch_beyond_its_limits_says_where_it_was_cut_and_what_to_do() {
    let data = tempfile::tempdir().expect("a directory");
    let limits = Limits { batch_lines_max: 4, batch_bytes_max: 1_000, batch_line_bytes_max: 200, ..Limits::default() };
    let exchange = Exchange::start_with(data.path(), limits, 64);
    exchange.open_a_year(2);
    let token = bank(&exchange);
    let batch = |count: usize| (0..count).map(|line| sell(1, &format!("k{line}"))).collect::<String>();

    assert_eq!(lines(&send(&exchange, &token, "", &batch(4))).len(), 4);
    let answered = lines(&send(&exchange, &token, "", &batch(6)));
    assert_eq!(answered.len(), 5, "four answers and the end");
    assert!(answered[..4].iter().all(|line| line["repeated"] == true));
    assert_eq!(answered[4]["problem"]["code"], "TOO_MANY_LINES");
    assert_eq!(answered[4]["ends_batch"], true);

    let large = send(&exchange, &token, "", &batch(20));
    assert_eq!((large.status, large.code().as_str()), (413, "BATCH_TOO_LARGE"));

    let long = format!("{}{}\n{}", sell(2, "before"), " ".repeat(201), sell(2, "behind"));
    let answered = lines(&send(&exchange, &token, "", &long));
    assert_eq!(answered.len(), 2);
    assert!(answered[0]["order"].is_string());
    assert_eq!(answered[1]["problem"]["code"], "LINE_TOO_LONG");
    assert_eq!(exchange.get_as(2, "/v1/accounts/me").json()["open_sell"], "1.000");

    let empty = send(&exchange, &token, "", "");
    assert_eq!((empty.status, empty.code().as_str()), (400, "EMPTY_BATCH"));
    exchange.stop();
}

#[test]
fn a_body_without_a_length_is_cut_at_its_bytes() {
    let data = tempfile::tempdir().expect("a directory");
    let limits = Limits { batch_bytes_max: 1_000, ..Limits::default() };
    let exchange = Exchange::start_with(data.path(), limits, 64);
    exchange.open_a_year(5);
    let mut request = format!(
        "POST /v1/orders HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/x-ndjson\r\n\
         Authorization: Bearer {}\r\nTransfer-Encoding: chunked\r\n\r\n",
        bank(&exchange)
    );
    for line in 0..20 {
        let line = sell(1 + line % 5, &format!("k{line:02}"));
        request += &format!("{:x}\r\n{line}\r\n", line.len());
    }
    request += "0\r\n\r\n";
    let answered = lines(&exchange.send(&request));
    let (end, taken) = answered.split_last().expect("an answer");
    assert_eq!((&end["problem"]["code"], &end["ends_batch"]), (&"BATCH_TOO_LARGE".into(), &true.into()));
    assert!(!taken.is_empty() && taken.iter().all(|line| line["order"].is_string()));
    exchange.stop();
}

#[test]
fn answers_come_while_the_batch_is_still_being_sent() {
    let data = tempfile::tempdir().expect("a directory");
    let limits = Limits { body_time_max: Duration::from_millis(700), ..Limits::default() };
    let exchange = Exchange::start_with(data.path(), limits, 64);
    exchange.open_a_year(1);
    let mut socket = TcpStream::connect(exchange.address).expect("a connection");
    socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    let head = format!(
        "POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nAuthorization: Bearer {}\r\n\
         Content-Length: 1000\r\n\r\n{}",
        bank(&exchange),
        sell(1, "first")
    );
    socket.write_all(head.as_bytes()).expect("a beginning");
    let mut heard = String::new();
    while !heard.contains("\"order\"") {
        let mut bytes = [0; 1_024];
        let read = socket.read(&mut bytes).expect("an answer before the end");
        assert_ne!(read, 0, "{heard}");
        heard += std::str::from_utf8(&bytes[..read]).expect("text");
    }
    assert!(heard.starts_with("HTTP/1.1 200"), "{heard}");
    // A sender who falls silent is told so, and that the rest was not taken.
    while !heard.contains("ends_batch") {
        let mut bytes = [0; 1_024];
        let read = socket.read(&mut bytes).expect("the end of the batch");
        assert_ne!(read, 0, "{heard}");
        heard += std::str::from_utf8(&bytes[..read]).expect("text");
    }
    assert!(heard.contains("\"line\":2") && heard.contains("BODY_TOO_SLOW"), "{heard}");
    exchange.stop();
}

#[test]
fn a_full_queue_holds_a_batch_back_and_loses_and_doubles_nothing() {
    let data = tempfile::tempdir().expect("a directory");
    let exchange =
        Exchange::start_on(data.path(), Limits::default(), |options| NodeOptions { queue_commands_max: 16, ..options });
    exchange.open_a_year(300);
    let batch: String = (0..1_500).map(|line| sell(1 + line % 300, &format!("k{line}"))).collect();
    let answered = lines(&send(&exchange, &bank(&exchange), "", &batch));
    assert_eq!(answered.iter().map(order).collect::<std::collections::BTreeSet<_>>().len(), 1_500);
    exchange.stop();
}

#[test]
fn a_queue_that_stays_full_refuses_a_batch_before_its_first_line_or_says_from_which() {
    let data = tempfile::tempdir().expect("a directory");
    let limits = Limits { batch_queue_time_max: Duration::from_millis(300), ..Limits::default() };
    let exchange = Exchange::start_on(data.path(), limits, |options| NodeOptions { queue_commands_max: 4, ..options });
    exchange.open_a_year(10);
    let batch: String = (1..=10).map(|account| sell(account, &format!("k{account}"))).collect();
    let token = bank(&exchange);
    // The core is kept busy by a question, so that what is queued stays queued.
    let busy = |time: Duration| exchange.node.ask(move |_| std::thread::sleep(time)).expect("a question");

    let held = busy(Duration::from_millis(1_500));
    let cut = lines(&send(&exchange, &token, "", &batch));
    held.wait().expect("an answer");
    let (end, taken) = cut.split_last().expect("an answer");
    assert_eq!((&end["problem"]["code"], &end["ends_batch"]), (&"OVERLOADED".into(), &true.into()));
    assert_eq!(taken.iter().map(order).count(), 4, "as many as the queue has places");

    let held = busy(Duration::from_millis(1_500));
    let fillers: Vec<_> = (0..4)
        .map(|_| {
            let tick = carbex_node::Submission::new(carbex_core::Command::Tick, carbex_node::Role::Operator, 0);
            exchange.node.submit(tick).expect("a place")
        })
        .collect();
    let refused = send(&exchange, &token, "", &batch);
    assert_eq!((refused.status, refused.code().as_str()), (503, "OVERLOADED"));
    assert!(refused.head.contains("retry-after: 1"));
    held.wait().expect("an answer");
    for filler in fillers {
        filler.wait().expect("an answer");
    }

    // The same batch again takes the rest and doubles nothing.
    let again = lines(&send(&exchange, &token, "", &batch));
    assert_eq!(again.iter().filter(|line| line["repeated"] == true).count(), 4);
    for account in 1..=10 {
        assert_eq!(exchange.get_as(account, "/v1/accounts/me").json()["open_sell"], "1.000");
    }
    exchange.stop();
}

#[test]
fn batches_beyond_the_places_are_told_to_come_back() {
    let data = tempfile::tempdir().expect("a directory");
    let exchange = Exchange::start_with(data.path(), Limits { batches_max: 1, ..Limits::default() }, 64);
    exchange.open_a_year(1);
    let token = bank(&exchange);
    let mut socket = TcpStream::connect(exchange.address).expect("a connection");
    let head = format!(
        "POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: 1000\r\n\r\n{}",
        sell(1, "first")
    );
    socket.write_all(head.as_bytes()).expect("a beginning");
    let mut byte = [0; 1];
    socket.read_exact(&mut byte).expect("the batch is under way");
    let second = send(&exchange, &token, "", &sell(1, "second"));
    assert_eq!((second.status, second.code().as_str()), (503, "TOO_MANY_BATCHES"));
    drop(socket);
    // The place is free again once the server notices that the sender is gone.
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while send(&exchange, &token, "", &sell(1, "third")).status != 200 {
        assert!(std::time::Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(50));
    }
    exchange.stop();
}
