//! What anyone may see: the market, its stream and page, and never fewer than eleven accounts.

mod exchange;

use carbex_core::Command;
use carbex_vocabulary::{PriceUeur, QuantityG};
use exchange::Exchange;

#[test]
fn the_market_is_told_in_decimals() {
    let data = tempfile::tempdir().expect("a directory");
    let exchange = Exchange::with_a_year(data.path(), 1);
    exchange.settle();
    let answer = exchange.get("/v1/market", "");
    let market = answer.json();
    assert_eq!(market["phase"], "posted");
    assert_eq!(market["band"]["floor"]["price"], "0.010000");
    assert_eq!(market["buyback"]["price_per_tonne"], "80.000");
    assert_eq!(market["buyback"]["volume"], "50000.000");
    assert_eq!(market["sale"], serde_json::Value::Null);
    assert_eq!(market["available_volume"], "50000.000");
    assert_eq!(market["budget_year"]["year"], 2027);
    assert_eq!(market["last"], serde_json::Value::Null);
    let tag = answer.head.lines().find_map(|line| line.strip_prefix("etag: ")).expect("a tag").to_owned();
    assert_eq!(exchange.get("/v1/market", &format!("If-None-Match: {tag}\r\n")).status, 304);
    exchange.stop();
}

#[test]
fn the_stream_tells_every_new_picture_and_ends_with_the_server() {
    let data = tempfile::tempdir().expect("a directory");
    let exchange = Exchange::with_a_year(data.path(), 1);
    exchange.settle();
    let mut stream = exchange.stream("/v1/market/stream", "Last-Event-ID: 1\r\n");
    let first = stream.next_event().expect("the current picture at once");
    assert_eq!(first.event, "market");
    assert_eq!(first.id, exchange.node.market().sequence.to_string());
    let receipt = exchange.act(Command::SetSale { price: PriceUeur::new(95_000), volume: QuantityG::new(1_000_000) });
    let next = stream.next_of("market");
    assert_eq!(next.id, receipt.sequence.to_string());
    assert!(next.data.contains("\"95.000\""), "{}", next.data);
    exchange.stop();
    while let Some(event) = stream.next_event() {
        assert!(event.event == "market" || event.event == "candles");
    }
}

#[test]
fn the_page_tells_the_numbers_without_a_script() {
    let data = tempfile::tempdir().expect("a directory");
    let exchange = Exchange::with_a_year(data.path(), 12);
    for account in 1..=12 {
        exchange.place(account, "s", r#"{"side":"sell","quantity":"100","price":"0.08"}"#);
    }
    exchange.settle();
    let french = exchange.get("/", "");
    assert_eq!(french.status, 200);
    for text in [
        "<html lang=\"fr\">",
        "80\u{202f}€",
        "0,08\u{202f}€",
        "51\u{202f}200",
        "Prix affichés",
        "11 avril 2027",
        "1\u{202f}100",
    ] {
        // 51,200 points available; 1,100 sold: the twelfth seller is not shown before ten others.
        assert!(french.body.contains(text), "{text} is missing");
    }
    assert!(french.body.contains("<polyline class=\"price\""), "the chart is drawn");
    assert!(french.head.contains("content-security-policy: default-src 'none'; script-src 'self'"));
    assert!(!french.body.contains(" style=") && !french.body.contains("<style"), "no inline style");
    assert!(!french.body.contains("<script>") && !french.body.contains(" onclick="), "no inline script");
    assert!(!french.body.contains("http://") && !french.body.contains("https://"), "nothing from elsewhere");
    let english = exchange.get("/?lang=en", "Accept-Language: fr\r\n");
    assert!(english.body.contains("<html lang=\"en\">") && english.body.contains("Available volume"));
    for name in french.body.split('"').filter(|part| part.starts_with("/assets/")) {
        let asset = exchange.get(name, "");
        assert_eq!(asset.status, 200, "{name}");
        assert!(asset.head.contains("immutable"), "{name}");
    }
    assert_eq!(exchange.get("/rules?lang=en", "").status, 200);
    exchange.stop();
}

#[test]
fn ten_sellers_are_not_shown_and_eleven_are() {
    let data = tempfile::tempdir().expect("a directory");
    let exchange = Exchange::with_a_year(data.path(), 30);
    for account in 1..=10 {
        exchange.place(account, "rest", r#"{"side":"sell","quantity":"5","price":"0.1"}"#);
        exchange.place(account, "trade", r#"{"side":"sell","quantity":"7","price":"0.08"}"#);
    }
    exchange.settle();
    let depth = exchange.get("/v1/market/depth", "").json();
    assert_eq!(depth["sells"].as_array().map(Vec::len), Some(0));
    let candles = exchange.get("/v1/market/candles?interval=1m", "").json();
    assert_eq!(candles["candles"].as_array().map(Vec::len), Some(0));
    assert_eq!(exchange.get("/v1/market", "").json()["traded"]["trades"], 0);

    exchange.place(11, "rest", r#"{"side":"sell","quantity":"5","price":"0.2"}"#);
    exchange.place(11, "trade", r#"{"side":"sell","quantity":"7","price":"0.08"}"#);
    exchange.settle();
    let depth = exchange.get("/v1/market/depth", "").json();
    assert_eq!(depth["sells"][0]["best"], "0.100000");
    assert_eq!(depth["sells"][0]["worst"], "0.200000");
    assert_eq!(depth["sells"][0]["quantity"], "55.000");
    let candle = &exchange.get("/v1/market/candles?interval=1d", "").json()["candles"][0];
    assert_eq!(candle["sold"], "77.000");
    assert_eq!(candle["close"], "0.080000");
    assert_eq!(candle["turnover"], "6.160000");
    assert_eq!(exchange.get("/v1/market", "").json()["traded"]["sold"], "77.000");
    exchange.stop();
}

#[test]
fn the_rules_are_data_and_words() {
    let data = tempfile::tempdir().expect("a directory");
    let exchange = Exchange::start(data.path());
    let french = exchange.get("/v1/rules", "").json();
    assert_eq!(french["version"], "charter-2027");
    assert_eq!(french["rules"]["market"]["lot_g"], 1000);
    let english = exchange.get("/v1/rules", "Accept-Language: en\r\n").json();
    assert_ne!(french["explanation"], english["explanation"]);
    exchange.stop();
}

#[test]
fn addresses_methods_and_parameters_that_do_not_exist_are_problems() {
    let data = tempfile::tempdir().expect("a directory");
    let exchange = Exchange::start(data.path());
    assert_eq!(exchange.get("/v1/nothing", "").code(), "NOT_FOUND");
    assert_eq!(exchange.get("/v1/nothing", "Accept-Language: en\r\n").json()["title"], "Unknown address");
    let method = exchange.post("/v1/market", "", "{}");
    assert_eq!((method.status, method.code().as_str()), (405, "METHOD_NOT_ALLOWED"));
    assert!(method.head.contains("allow: GET"));
    for path in [
        "/v1/market/candles?interval=2m",
        "/v1/market/candles?from=yesterday",
        "/v1/market/candles?to=1",
        "/v1/market/depth?levels=0",
        "/v1/market/depth?levels=x",
    ] {
        let answer = exchange.get(path, "");
        assert_eq!((answer.status, answer.code().as_str()), (400, "INVALID_PARAMETER"), "{path}");
    }
    exchange.stop();
}

#[test]
fn operators_see_health_readiness_and_measurements() {
    let data = tempfile::tempdir().expect("a directory");
    let exchange = Exchange::with_a_year(data.path(), 1);
    exchange.settle();
    assert_eq!(exchange.get("/healthz", "").body, "ok\n");
    assert_eq!(exchange.get("/readyz", "").json()["ready"], true);
    let metrics = exchange.get("/metrics", "").body;
    let sequence = format!("carbex_sequence {}\n", exchange.node.market().sequence);
    assert!(metrics.contains(&sequence), "{metrics}");
    assert!(metrics.contains("carbex_acknowledge_seconds{quantile=\"0.99\"}"), "{metrics}");
    assert!(metrics.contains("carbex_mode{mode=\"normal\"} 1\n"), "{metrics}");
    exchange.stop();
}
