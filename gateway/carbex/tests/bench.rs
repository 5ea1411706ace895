//! `carbex bench core` from outside, at a small size: what it prints and writes, and what it refuses.

use std::fs;
use std::process::{Command as Process, Output};

use serde_json::Value;

fn bench_core(arguments: &[&str]) -> Output {
    Process::new(env!("CARGO_BIN_EXE_carbex")).args(["bench", "core"]).args(arguments).output().unwrap()
}

fn refusal(arguments: &[&str]) -> String {
    let output = bench_core(arguments);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_file_of_operations_is_written_and_measured_and_the_figures_go_to_json() {
    let directory = tempfile::tempdir().unwrap();
    let [ops, json] = ["balanced.ops", "figures.json"].map(|name| directory.path().join(name));
    let [ops_text, json_text] = [&ops, &json].map(|path| path.to_str().unwrap());
    let small = ["--accounts", "2000", "--commands", "3000", "--seed", "5"];

    let written = bench_core(&[&small[..], &["--write-ops", ops_text]].concat());
    assert!(written.status.success() && written.stdout.is_empty(), "{written:?}");
    assert_eq!(fs::metadata(&ops).unwrap().len(), 32 + 24 * (100_000 + 3_000));

    let generated = bench_core(&[&small[..], &["--json", json_text]].concat());
    assert!(generated.status.success(), "{generated:?}");
    let generated: Value = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
    let read = bench_core(&["--accounts", "2000", "--ops", ops_text, "--json", json_text]);
    assert!(read.status.success(), "{read:?}");
    let printed = String::from_utf8(read.stdout).unwrap();
    assert!(printed.contains("commands a second") && printed.contains("p99.9"), "{printed}");
    let read: Value = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
    for name in ["commands", "trades", "traded_lots", "notional", "events"] {
        assert!(read[name].as_u64().unwrap() > 0);
        assert_eq!(read[name], generated[name], "{name}: from the file as from the seed");
    }
}

#[test]
fn what_cannot_be_measured_is_refused_with_its_reason() {
    assert!(refusal(&["--ops", "/nonexistent/file"]).contains("cannot be read"));
    assert!(refusal(&["--workload", "debits", "--write-ops", "/nonexistent/file"]).contains("balanced, rush or deep"));
    assert!(refusal(&["--workload", "unknown"]).contains("balanced"));
    assert!(refusal(&["--accounts", "0"]).contains("--accounts"));
    let few = ["--accounts", "100", "--commands", "10", "--workload", "debits"];
    assert!(refusal(&[&few[..], &["--json", "/nonexistent/figures.json"]].concat()).contains("cannot be written"));

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("broken.ops");
    fs::write(&path, b"BOLWORK1 and nothing more").unwrap();
    let said = refusal(&["--ops", path.to_str().unwrap()]);
    assert!(said.contains("broken.ops") && said.contains("less than the 32 of its header"), "{said}");
}

#[test]
fn bench_restart_leaves_a_directory_alone_in_which_something_lies() {
    let directory = tempfile::tempdir().unwrap();
    let theirs = directory.path().join("somebody's file");
    fs::write(&theirs, b"kept").unwrap();
    let path = directory.path().to_str().unwrap();
    let output =
        Process::new(env!("CARGO_BIN_EXE_carbex")).args(["bench", "restart", "--directory", path]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("is not empty") && said.contains(path), "{said}");
    assert_eq!(fs::read(&theirs).unwrap(), b"kept");
}
