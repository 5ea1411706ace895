//! A citizen's orders through the door: placed, repeated, refused, withdrawn, read back.

mod exchange;

use exchange::Exchange;

const SELL: &str = r#"{"side":"sell","quantity":"120","price":"0.085","tif":"gtc"}"#;

#[test]
fn an_order_is_placed_read_and_withdrawn() {
    let data = tempfile::tempdir().expect("a directory");
    let exchange = Exchange::with_a_year(data.path(), 3);
    let placed = exchange.place(1, "first", SELL);
    let order = Exchange::taken(&placed);
    let body = placed.json();
    assert_eq!(body["quantity"], "120.000");
    assert_eq!(body["price"], "0.085000");
    assert_eq!(body["price_per_tonne"], "85.000");
    assert_eq!(body["seq"].to_string(), order);

    let me = exchange.get_as(1, "/v1/accounts/me").json();
    assert_eq!(me["open_sell"], "120.000");
    assert_eq!(me["allotted"], "9000.000");
    assert_eq!(me["cash"], "1000.000000");
    let orders = exchange.get_as(1, "/v1/accounts/me/orders").json();
    assert_eq!(orders["orders"][0]["order"], order.as_str());
    assert_eq!(orders["orders"][0]["open"], "120.000");

    let cancelled = exchange.cancel(1, &order);
    assert_eq!(cancelled.status, 200, "{}", cancelled.body);
    assert_eq!(cancelled.json()["cancelled"], "120.000");
    assert_eq!(exchange.get_as(1, "/v1/accounts/me/orders").json()["orders"].as_array().map(Vec::len), Some(0));
    exchange.settle();
    let past = exchange.get_as(1, "/v1/accounts/me/orders?state=all").json();
    assert_eq!(past["orders"][0]["state"], "cancelled");
    assert_eq!(past["orders"][0]["reason"], "REQUESTED");
    exchange.stop();
}

#[test]
fn the_same_key_gives_the_same_order_and_another_body_is_refused() {
    let data = tempfile::tempdir().expect("a directory");
    let exchange = Exchange::with_a_year(data.path(), 2);
    let first = exchange.place(1, "key", SELL);
    let again = exchange.place(1, "key", SELL);
    assert_eq!(Exchange::taken(&first), Exchange::taken(&again));
    assert_eq!(first.json()["repeated"], false);
    assert_eq!(again.json()["repeated"], true);
    assert_eq!(exchange.get_as(1, "/v1/accounts/me").json()["open_sell"], "120.000");

    let other = exchange.place(1, "key", &SELL.replace("120", "121"));
    assert_eq!((other.status, other.code().as_str()), (409, "IDEMPOTENCY_KEY_REUSED"));
    let neighbour = exchange.place(2, "key", SELL);
    assert_ne!(Exchange::taken(&neighbour), Exchange::taken(&first), "a key belongs to its sender");
    exchange.stop();
}

#[test]
fn an_order_without_a_key_is_refused() {
    let data = tempfile::tempdir().expect("a directory");
    let exchange = Exchange::with_a_year(data.path(), 1);
    let headers = format!("Authorization: Bearer {}\r\n", exchange.token(1));
    let answer = exchange.post("/v1/orders", &headers, SELL);
    assert_eq!((answer.status, answer.code().as_str()), (400, "IDEMPOTENCY_KEY_MISSING"));
    exchange.stop();
}

#[test]
fn another_citizens_order_cannot_be_withdrawn() {
    let data = tempfile::tempdir().expect("a directory");
    let exchange = Exchange::with_a_year(data.path(), 2);
    let order = Exchange::taken(&exchange.place(1, "a", SELL));
    let answer = exchange.cancel(2, &order);
    assert_eq!((answer.status, answer.code().as_str()), (422, "NOT_YOUR_ORDER"));
    assert_eq!(exchange.get_as(1, "/v1/accounts/me").json()["open_sell"], "120.000");
    let nobody = exchange.cancel(2, "999999");
    assert_eq!((nobody.status, nobody.code().as_str()), (422, "UNKNOWN_ORDER"));
    assert_eq!(exchange.cancel(2, "abc").code(), "NOT_FOUND");
    exchange.stop();
}

#[test]
fn a_rules_no_carries_its_code_and_its_numbers_in_both_languages() {
    let data = tempfile::tempdir().expect("a directory");
    let exchange = Exchange::with_a_year(data.path(), 1);
    let token = exchange.token(1);
    let ask = |key: &str, language: &str| {
        let headers =
            format!("Authorization: Bearer {token}\r\nIdempotency-Key: {key}\r\nAccept-Language: {language}\r\n");
        exchange.post("/v1/orders", &headers, r#"{"side":"sell","quantity":"4000","price":"0.085"}"#)
    };
    let french = ask("one", "fr");
    assert_eq!((french.status, french.code().as_str()), (422, "NOT_YET_EARNED"));
    let body = french.json();
    // 9,000 points over 365 days: on day 100, floor(9,000,000 g × 100 / 365) were earned.
    assert_eq!(body["limit"], "2465.753");
    assert_eq!(body["actual"], "4000.000");
    assert_eq!(body["unit"], "point");
    assert_eq!(body["status"], 422);
    assert_eq!(body["type"], "urn:carbex:problem:not-yet-earned");
    assert!(body["seq"].is_u64());
    assert!(french.head.contains("content-language: fr"));
    let english = ask("two", "en-GB, fr;q=0.5");
    assert!(english.head.contains("content-language: en"));
    assert_ne!(english.json()["detail"], body["detail"]);
    exchange.stop();
}

#[test]
fn an_open_client_order_id_given_again_is_a_conflict() {
    let data = tempfile::tempdir().expect("a directory");
    let exchange = Exchange::with_a_year(data.path(), 1);
    let body = r#"{"side":"sell","quantity":"1","price":"0.085","client_order_id":"18446744073709551615"}"#;
    Exchange::taken(&exchange.place(1, "a", body));
    let again = exchange.place(1, "b", body);
    assert_eq!((again.status, again.code().as_str()), (409, "DUPLICATE_CLIENT_ORDER_ID"));
    exchange.stop();
}

#[test]
fn what_is_not_a_documented_order_is_refused_with_its_reason() {
    let data = tempfile::tempdir().expect("a directory");
    let exchange = Exchange::with_a_year(data.path(), 1);
    let before = exchange.node.market().sequence;
    let cases = [
        ("", 400, "MALFORMED_BODY"),
        ("[]", 400, "MALFORMED_BODY"),
        ("{}", 400, "MALFORMED_BODY"),
        (r#"{"side":"sell","quantity":"1","price":"0.085""#, 400, "MALFORMED_BODY"),
        (r#"{"side":"sell","quantity":"1","price":"0.085"} x"#, 400, "MALFORMED_BODY"),
        (r#"{"side":"sell","side":"buy","quantity":"1","price":"0.085"}"#, 400, "MALFORMED_BODY"),
        (r#"{"side":"sell","quantity":"1","price":"0.085","account":"2"}"#, 400, "MALFORMED_BODY"),
        (r#"{"side":"sell","quantity":1,"price":"0.085"}"#, 400, "MALFORMED_BODY"),
        (r#"{"side":"SELL","quantity":"1","price":"0.085"}"#, 422, "INVALID_FIELD"),
        (r#"{"side":"sell","quantity":"1","price":"0.085","tif":"ever"}"#, 422, "INVALID_FIELD"),
        (r#"{"side":"sell","quantity":"1","price":"0.085","client_order_id":"-1"}"#, 422, "INVALID_FIELD"),
        (r#"{"side":"sell","quantity":"-1","price":"0.085"}"#, 422, "INVALID_DECIMAL"),
        (r#"{"side":"sell","quantity":"1e3","price":"0.085"}"#, 422, "INVALID_DECIMAL"),
        (r#"{"side":"sell","quantity":"1,5","price":"0.085"}"#, 422, "INVALID_DECIMAL"),
        (r#"{"side":"sell","quantity":"1.0001","price":"0.085"}"#, 422, "TOO_MANY_DECIMALS"),
        (r#"{"side":"sell","quantity":"1","price":"0.0850001"}"#, 422, "TOO_MANY_DECIMALS"),
        (r#"{"side":"sell","quantity":"99999999999999999999","price":"0.085"}"#, 422, "NUMBER_TOO_LARGE"),
    ];
    for (body, status, code) in cases {
        let answer = exchange.place(1, "key", body);
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{body}");
    }
    let deep = "[".repeat(60_000);
    assert_eq!(exchange.place(1, "key", &deep).code(), "MALFORMED_BODY");
    let large = format!(r#"{{"side":"{}"}}"#, "x".repeat(70_000));
    let answer = exchange.place(1, "key", &large);
    assert_eq!((answer.status, answer.code().as_str()), (413, "BODY_TOO_LARGE"));
    let token = exchange.token(1);
    let plain = exchange.send(&format!(
        "POST /v1/orders HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{{}}"
    ));
    assert_eq!((plain.status, plain.code().as_str()), (415, "UNSUPPORTED_MEDIA_TYPE"));
    assert_eq!(exchange.node.market().sequence, before, "a refusal at the door is never sequenced");
    exchange.stop();
}

#[test]
fn a_citizens_routes_need_a_token_and_an_account() {
    let data = tempfile::tempdir().expect("a directory");
    let exchange = Exchange::with_a_year(data.path(), 1);
    for path in ["/v1/accounts/me", "/v1/accounts/me/orders", "/v1/accounts/me/statement", "/v1/accounts/me/stream"] {
        let none = exchange.get(path, "");
        assert_eq!((none.status, none.code().as_str()), (401, "NOT_AUTHENTICATED"), "{path}");
        assert!(none.head.contains("www-authenticate: Bearer"));
        let bad = exchange.get(path, "Authorization: Bearer a.b.c\r\n");
        assert_eq!(bad.status, 401, "{path}");
    }
    let nobody = exchange.get_as(42, "/v1/accounts/me");
    assert_eq!((nobody.status, nobody.code().as_str()), (404, "UNKNOWN_ACCOUNT"));
    exchange.stop();
}

#[test]
fn a_citizen_hears_their_own_events_only_and_resumes() {
    let data = tempfile::tempdir().expect("a directory");
    let exchange = Exchange::with_a_year(data.path(), 2);
    exchange.settle();
    let authorization = format!("Authorization: Bearer {}\r\n", exchange.token(1));
    let mut stream = exchange.stream("/v1/accounts/me/stream", &authorization);
    let opening = stream.next_event().expect("the account");
    assert_eq!(opening.event, "account");
    assert!(opening.data.contains("\"allotted\":\"9000.000\""), "{}", opening.data);

    Exchange::taken(&exchange.place(2, "other", SELL));
    let own = Exchange::taken(&exchange.place(1, "own", SELL));
    let heard = stream.next_event().expect("an event");
    assert_eq!(heard.event, "line");
    assert!(heard.data.contains("\"type\":\"accepted\"") && heard.data.contains(&own), "{}", heard.data);

    // Sold at the buyback price: the trade comes after what was heard, missed or not.
    let sale = Exchange::taken(&exchange.place(1, "sale", r#"{"side":"sell","quantity":"10","price":"0.08"}"#));
    drop(stream);
    exchange.settle();
    let resume = format!("{authorization}Last-Event-ID: {}\r\n", heard.id);
    let mut resumed = exchange.stream("/v1/accounts/me/stream", &resume);
    let accepted = resumed.next_event().expect("what was missed");
    assert!(accepted.data.contains("\"type\":\"accepted\"") && accepted.data.contains(&sale), "{}", accepted.data);
    let trade = resumed.next_event().expect("what was missed");
    assert!(trade.data.contains("\"type\":\"trade\"") && trade.data.contains("\"0.800000\""), "{}", trade.data);
    exchange.stop();
}
