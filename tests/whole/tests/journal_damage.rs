//! The whole program on a damaged journal: a flipped bit of an acknowledged group stops it, with file and byte; a torn tail
//! is cut and told; and what was journaled has one state hash, whatever build and whatever start.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use carbex_whole::{Build, carbex};
use tempfile::TempDir;

/// Whole-program trials of one flipped bit each.
const FLIPS: u64 = 1000;
/// How far back from the end of the journal they reach.
const FLIPPED_BYTES: u64 = 16 * 1024;
/// No trial takes as long; past it something hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Lets a small exchange live for some seconds; answers its data directory.
fn lived(folder: &TempDir) -> PathBuf {
    let data = folder.path().join("exchange");
    let output = carbex(Build::Shipped)
        .args(["demo", "--residents", "300", "--year-seconds", "20", "--for-seconds", "4", "--listen", "127.0.0.1:0"])
        .args(["--seed", "7", "--data"])
        .arg(&data)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    data
}

fn described(data: &Path) -> serde_json::Value {
    let output = carbex(Build::Shipped).args(["journal", "describe", "--json", "--data"]).arg(data).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The last segment with groups in it: file and used bytes.
fn last_segment(data: &Path) -> (PathBuf, u64) {
    let described = described(data);
    let segments = described["segments"].as_array().unwrap();
    let segment = segments.iter().rfind(|segment| segment["groups"].as_u64() > Some(0)).unwrap();
    (PathBuf::from(segment["file"].as_str().unwrap()), segment["used_bytes"].as_u64().unwrap())
}

/// Waits for a program that must end by itself.
fn ended(mut child: Child) -> Output {
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if began.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("it goes on: {}", String::from_utf8_lossy(&child.wait_with_output().unwrap().stderr));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    child.wait_with_output().unwrap()
}

fn served(data: &Path) -> Output {
    let mut command = carbex(Build::Shipped);
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    ended(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}

#[test]
fn a_flipped_bit_of_an_acknowledged_group_stops_the_program_and_says_where() {
    let folder = TempDir::new().unwrap();
    let data = lived(&folder);
    let (segment, used_bytes) = last_segment(&data);
    let file = File::options().read(true).write(true).open(&segment).unwrap();
    let reach_bits = used_bytes.min(FLIPPED_BYTES) * 8;
    assert!(reach_bits > FLIPS, "the journal is too short to be flipped: {used_bytes} bytes");
    for trial in 0..FLIPS {
        // Spread over all bits, each byte's eight in turn.
        let bit = trial * reach_bits / FLIPS + trial % 8;
        let offset = used_bytes - 1 - (bit % reach_bits) / 8;
        let mut byte = [0];
        file.read_exact_at(&mut byte, offset).unwrap();
        file.write_all_at(&[byte[0] ^ (1 << (trial % 8))], offset).unwrap();
        let before = fs::read(&segment).unwrap();

        let output = served(&data);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "bit {} of byte {offset}: {said}", trial % 8);
        assert!(said.contains(segment.to_str().unwrap()) && said.contains("byte "), "byte {offset}: {said}");
        assert!(fs::read(&segment).unwrap() == before, "byte {offset}: the journal was changed");
        file.write_all_at(&byte, offset).unwrap();
    }
    let verified = carbex(Build::Shipped).args(["journal", "verify", "--data"]).arg(&data).output().unwrap();
    assert!(verified.status.success(), "undamaged again: {}", String::from_utf8_lossy(&verified.stderr));
}

#[test]
fn debug_and_release_replay_to_one_hash_from_the_start_and_from_the_snapshot() {
    let folder = TempDir::new().unwrap();
    let data = lived(&folder);
    let described = described(&data);
    let snapshot = described["snapshots"][0].clone();
    let (last, live_hash) = (snapshot["sequence"].as_u64().unwrap(), snapshot["state_hash"].as_str().unwrap());
    let replayed = |build, until: u64| {
        let mut command = carbex(build);
        let output = command.args(["journal", "replay-to", &until.to_string(), "--data"]).arg(&data).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(replayed(Build::Shipped, last).contains(live_hash), "from the snapshot");
    for until in [2, last / 3, last / 2, last - 1] {
        assert_eq!(replayed(Build::Debug, until), replayed(Build::Shipped, until), "debug and release at {until}");
    }
    for entry in fs::read_dir(data.join("journal")).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_some_and(|extension| extension == "cxs") {
            fs::remove_file(file).unwrap();
        }
    }
    for build in [Build::Debug, Build::Shipped] {
        assert!(replayed(build, last).contains(live_hash), "{build:?} from the start");
    }
}
