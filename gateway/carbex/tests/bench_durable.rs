//! `carbex bench durable` from outside, at a small size: what it prints and writes, what it leaves behind, what it refuses.

use std::fs;
use std::path::Path;
use std::process::{Command as Process, Output};

use serde_json::Value;

fn bench_durable(directory: &Path, arguments: &[&str]) -> Output {
    let mut process = Process::new(env!("CARGO_BIN_EXE_carbex"));
    process.args(["bench", "durable", "--accounts", "500", "--seconds", "1", "--commands", "20000"]);
    process.args(["--segment-mib", "4", "--directory"]).arg(directory).args(arguments).output().unwrap()
}

/// A directory on the disk that the program was built on: the system's temporary one may lie in memory.
fn directory() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

fn number(figures: &Value, name: &str) -> f64 {
    figures[name].as_f64().unwrap_or_else(|| panic!("{name} in {figures}"))
}

fn about(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-6 * a.abs().max(b.abs())
}

#[test]
fn a_small_run_prints_and_writes_figures_that_fit_together_and_leaves_the_directory_empty() {
    let (place, kept) = (directory(), directory());
    let json = kept.path().join("figures.json");
    let output = bench_durable(place.path(), &["--json", json.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    for words in ["commands a second", "the core alone", "the disk alone", "goal", "latency in µs"] {
        assert!(printed.contains(words), "{words}: {printed}");
    }
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0, "what was written is deleted");

    let figures: Value = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
    let of = |name| number(&figures, name);
    assert_eq!((of("accounts"), of("round_commands"), of("segment_bytes")), (500.0, 20_000.0, 4_194_304.0));
    assert!(of("commands") > 0.0 && of("groups") > 0.0);
    assert!(about(of("commands_per_s"), of("commands") / of("seconds")));
    assert!(about(of("bytes_per_command"), of("journal_bytes") / of("commands")));
    assert!(about(of("journal_bytes_per_s"), of("journal_bytes") / of("seconds")));
    assert!(about(of("ratio_to_core"), of("commands_per_s") / of("core_commands_per_s")));
    let yardstick = of("raw_bytes_per_s").max(of("raw_best_bytes_per_s"));
    assert!(about(of("share_of_raw"), of("journal_bytes_per_s") / yardstick));
    let (core, disk) = (of("core_commands_per_s") / 2.0, 0.7 * yardstick / of("bytes_per_command"));
    assert!(about(of("goal_commands_per_s"), core.min(disk)));
    assert_eq!(figures["goal_limit"], if core <= disk { "core" } else { "disk" });
    assert!(about(of("ratio_to_goal"), of("commands_per_s") / of("goal_commands_per_s")));

    let latency = figures["latency"].as_array().unwrap();
    let percents: Vec<u64> = latency.iter().map(|one| one["percent_of_full_speed"].as_u64().unwrap()).collect();
    assert_eq!(percents, [10, 50, 80]);
    for one in latency {
        assert!(one["commands"].as_u64().unwrap() > 0);
        for histogram in ["acknowledge_ns", "fdatasync_ns"] {
            let quantiles = ["p50", "p99", "p999", "max"].map(|name| one[histogram][name].as_u64().unwrap());
            assert!(quantiles.is_sorted() && quantiles[0] > 0, "{histogram}: {quantiles:?}");
        }
    }
}

#[test]
fn what_cannot_be_measured_is_refused_and_nothing_is_touched() {
    let place = directory();
    fs::write(place.path().join("mine"), "kept").unwrap();
    let refused = bench_durable(place.path(), &[]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert!(String::from_utf8(refused.stderr).unwrap().contains("is not empty"));
    assert_eq!(fs::read(place.path().join("mine")).unwrap(), b"kept");

    let refused = bench_durable(&place.path().join("new"), &["--json", "/nonexistent/figures.json"]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert!(String::from_utf8(refused.stderr).unwrap().contains("cannot be written"));
    assert!(!place.path().join("new").exists());
}
