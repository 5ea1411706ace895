//! `carbex bench http` from outside, at a small size: what it prints and writes, what it leaves behind, what it refuses.

use std::fs;
use std::path::Path;
use std::process::{Command as Process, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

fn bench_http(directory: &Path) -> Process {
    let mut process = Process::new(env!("CARGO_BIN_EXE_carbex"));
    process.args(["bench", "http", "--accounts", "200", "--rounds", "2", "--connections", "2,4"]);
    process.args(["--batch-lines", "300", "--directory"]).arg(directory);
    process
}

/// A directory on the disk that the program was built on: the system's temporary one may lie in memory.
fn directory() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

fn refusal(process: &mut Process) -> String {
    let Output { status, stdout, stderr } = process.output().unwrap();
    assert_eq!(status.code(), Some(2), "{}", String::from_utf8_lossy(&stderr));
    assert!(stdout.is_empty(), "{stdout:?}");
    String::from_utf8(stderr).unwrap()
}

fn is_empty(directory: &Path) -> bool {
    fs::read_dir(directory).unwrap().next().is_none()
}

fn number(figures: &Value, name: &str) -> f64 {
    figures[name].as_f64().unwrap_or_else(|| panic!("{name} in {figures}"))
}

fn about(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-6 * a.abs().max(b.abs())
}

fn quantiles_rise(latency: &Value) -> bool {
    let quantiles = ["p50", "p99", "p999", "p9999", "max"].map(|name| latency[name].as_u64().unwrap());
    quantiles.is_sorted() && quantiles[0] > 0
}

#[test]
fn a_small_run_prints_and_writes_figures_that_fit_together_and_leaves_nothing_behind() {
    let (place, kept) = (directory(), directory());
    let json = kept.path().join("figures.json");
    let output = bench_http(place.path()).args(["--seconds", "1", "--json"]).arg(&json).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    for words in ["fdatasync before every answer", "bare axum", "at a fixed rate", "batches of 300 lines", "goal"] {
        assert!(printed.contains(words), "{words}: {printed}");
    }
    assert!(is_empty(place.path()), "what was written is deleted");

    let figures: Value = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
    assert_eq!((number(&figures, "accounts"), number(&figures, "citizens")), (200.0, 200.0));
    let levels = figures["levels"].as_array().unwrap();
    let connections: Vec<_> = levels.iter().map(|level| level["connections"].as_u64().unwrap()).collect();
    assert_eq!(connections, [2, 4]);
    let mut orders = 0;
    for level in levels {
        let per_s = ["orders", "nothing", "bare"].map(|route| {
            let served = &level[route];
            assert!(served["requests"].as_u64().unwrap() > 0 && quantiles_rise(&served["latency_ns"]), "{served}");
            assert_eq!(served["rounds_per_s"].as_array().unwrap().len(), 2);
            number(served, "requests_per_s")
        });
        assert!(about(number(level, "ratio"), per_s[0] / per_s[1]));
        assert!(about(number(level, "ratio_to_bare"), per_s[0] / per_s[2]));
        let open_loop = &level["open_loop"];
        assert_eq!(number(open_loop, "percent"), 50.0);
        assert!(about(number(open_loop, "rate_per_s"), per_s[0] / 2.0));
        assert!(quantiles_rise(&open_loop["latency_ns"]));
        orders += level["orders"]["requests"].as_u64().unwrap() + open_loop["requests"].as_u64().unwrap();
    }
    let batches = &figures["batches"];
    assert_eq!((number(batches, "batch_lines"), number(batches, "connections")), (300.0, 4.0));
    let batched = batches["orders"].as_u64().unwrap();
    assert!(batched > 0 && batched.is_multiple_of(300));
    assert_eq!(batches["rounds_per_s"].as_array().unwrap().len(), 2);
    // Every order that the client counted is a command on disk, beside the preparation's: three for all, two for each account,
    // and the exchange's own ticks.
    let prepared = 3 + 2 * 200;
    let commands = figures["node"]["commands"].as_u64().unwrap();
    assert!(
        commands >= prepared + orders + batched,
        "{commands} commands: {orders} single orders, {batched} in batches"
    );
    assert!(commands - (prepared + orders + batched) < 100, "{commands}: {orders} and {batched}");
}

#[test]
fn an_interrupted_run_says_so_and_leaves_nothing_behind() {
    let place = directory();
    let running = bench_http(place.path())
        .args(["--seconds", "60"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while is_empty(place.path()) {
        assert!(Instant::now() < deadline, "the measurement does not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    let told = Process::new("kill").args(["-INT", &running.id().to_string()]).status().unwrap();
    assert!(told.success());
    let output = running.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(String::from_utf8(output.stderr).unwrap().contains("ended before it was done"));
    assert!(is_empty(place.path()), "what was written is deleted");
}

#[test]
fn what_cannot_be_measured_is_refused_and_nothing_is_touched() {
    let place = directory();
    let said = refusal(bench_http(&place.path().join("new")).args(["--seconds", "1"]));
    assert!(said.contains("name a directory on the disk"), "{said}");
    assert!(!place.path().join("new").exists());

    let said = refusal(bench_http(place.path()).args(["--json", "/nonexistent/figures.json"]));
    assert!(said.contains("cannot be written"), "{said}");
    let said = refusal(bench_http(place.path()).args(["--seconds", "0"]));
    assert!(said.contains("--seconds"), "{said}");
    let mut none = Process::new(env!("CARGO_BIN_EXE_carbex"));
    let said = refusal(none.args(["bench", "http", "--connections", "0", "--directory"]).arg(place.path()));
    assert!(said.contains("1 to 4000 connections"), "{said}");
    assert!(is_empty(place.path()));
}
