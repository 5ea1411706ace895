//! Snapshots and restart, small: everything is done and told, and nothing is left.

use std::path::PathBuf;
use std::time::Duration;

use carbex_benches::restart::{RestartFault, RestartOptions, measure};
use carbex_benches::{DiskFault, Progress, Stage};

struct Stages(Vec<Stage>);

impl Progress for Stages {
    fn begin(&mut self, stage: Stage, _steps: u64) {
        self.0.push(stage);
    }

    fn reached(&mut self, _steps: u64) {}
}

/// On a disk: the system's own place for temporary files may lie in memory.
fn options(name: &str) -> RestartOptions {
    RestartOptions {
        directory: PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name),
        accounts: 2_000,
        tail_commands: 5_000,
        commands_per_s: 2_000,
        quiet: Duration::from_millis(300),
    }
}

#[test]
fn snapshots_a_start_and_trade_beside_a_snapshot_are_measured_and_deleted() {
    let options = options("restart-small");
    let _ = std::fs::remove_dir_all(&options.directory);
    let mut stages = Stages(Vec::new());
    let report = measure(&options, &mut stages).expect("figures");
    assert!(!options.directory.exists());
    assert_eq!((report.accounts, report.tail_commands), (2_000, 5_000));
    assert!((72.0..2_900.0).contains(&report.snapshot_bytes_per_account), "{}", report.snapshot_bytes_per_account);
    for bytes_per_s in [
        report.raw_write_bytes_per_s,
        report.raw_read_bytes_per_s,
        report.write_bytes_per_s,
        report.read_bytes_per_s,
        report.replay_commands_per_s,
    ] {
        assert!(bytes_per_s.is_finite() && bytes_per_s > 0.0);
    }
    assert!(report.without_snapshot.commands > 0 && report.with_snapshot.commands > 0);
    assert!(report.with_snapshot.acknowledge_ns.max >= report.with_snapshot.acknowledge_ns.p50);
    assert_eq!(stages.0.last(), Some(&Stage::TradeWithSnapshot));
}

#[test]
fn a_directory_with_something_in_it_is_refused_and_left_alone() {
    let options = options("restart-not-empty");
    let mine = options.directory.join("mine");
    std::fs::create_dir_all(&options.directory).expect("a directory");
    std::fs::write(&mine, "kept").expect("a file");
    let refused = measure(&options, &mut Stages(Vec::new()));
    assert!(matches!(refused, Err(RestartFault::Disk(DiskFault::NotEmpty { .. }))));
    assert_eq!(std::fs::read(&mine).expect("still there"), b"kept");
}

#[test]
fn too_little_room_is_told_with_what_is_needed() {
    let mut options = options("restart-room");
    options.tail_commands = u32::MAX;
    options.accounts = u32::MAX;
    let _ = std::fs::remove_dir_all(&options.directory);
    let refused = measure(&options, &mut Stages(Vec::new())).expect_err("too much");
    assert!(refused.to_string().contains("make room, measure less"), "{refused}");
    assert!(!options.directory.exists());
}
