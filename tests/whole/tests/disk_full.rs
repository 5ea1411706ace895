//! A disk that fills: orders are refused in a named mode while cancels go on, and the mode ends by itself. (Debits in
//! that mode: `engine/node/tests/full_disk.rs`; they have no door of their own yet.)
//!
//! A real file system of 112 MiB on memory (needs the right to mount: `tests/run` as root). What does not fit is real too.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use carbex_whole::{Build, carbex};
use tempfile::TempDir;

/// How long the disk may take to fill, or the mode to end.
const PATIENCE: Duration = Duration::from_secs(90);

/// A small disk, unmounted when done.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=112m", "tmpfs"]).arg(folder.path()).status();
        assert!(mounted.unwrap().success(), "a small disk could not be mounted: run as root");
        Self(folder)
    }
    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

/// The demo, ended by its own id if the test ends first.
struct Demo {
    child: Child,
    address: String,
    buyer: String,
}

impl Demo {
    fn start(data: &Path) -> Self {
        let mut command = carbex(Build::Shipped);
        command.args(["demo", "--residents", "5000", "--year-seconds", "60", "--listen", "127.0.0.1:0", "--data"]);
        let mut child = command.arg(data).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut word_after = |mark: &str| {
            let line = lines.by_ref().map(Result::unwrap).find(|line| line.trim_start().starts_with(mark)).unwrap();
            line.split_whitespace().nth(1).unwrap().to_owned()
        };
        let address = word_after("page").trim_end_matches('/').to_owned();
        let buyer = word_after("buyer");
        // What it goes on printing must go somewhere.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address, buyer }
    }

    /// One line of the metrics.
    fn metric(&self, name: &str) -> f64 {
        let text = ureq::get(format!("{}/metrics", self.address)).call().unwrap().into_body().read_to_string().unwrap();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name} in {text}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }

    fn wait_for_mode(&self, mode: &str) {
        let began = Instant::now();
        while self.metric(&format!("carbex_mode{{mode=\"{mode}\"}}")) != 1.0 {
            assert!(began.elapsed() < PATIENCE, "the mode {mode} does not come");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn agent() -> ureq::Agent {
        ureq::Agent::new_with_config(ureq::Agent::config_builder().http_status_as_error(false).build())
    }

    /// Places a buy at the band's floor, which rests; answers the status and the body.
    fn place(&self, token: &str, key: &str) -> (u16, String) {
        let response = Self::agent()
            .post(format!("{}/v1/orders", self.address))
            .header("authorization", format!("Bearer {token}"))
            .header("idempotency-key", key)
            .header("content-type", "application/json")
            .header("accept-language", "en")
            .send(r#"{"side":"buy","quantity":"1","price":"0.01","tif":"gtc"}"#)
            .unwrap();
        (response.status().as_u16(), response.into_body().read_to_string().unwrap())
    }

    /// Places until the market is open and the order is taken; answers its number.
    fn place_when_open(&self, token: &str) -> String {
        let began = Instant::now();
        for attempt in 0.. {
            let (status, body) = self.place(token, &format!("open-{attempt}"));
            if status == 201 {
                let answer: serde_json::Value = serde_json::from_str(&body).unwrap();
                return answer["order"].to_string().trim_matches('"').to_owned();
            }
            assert!(began.elapsed() < PATIENCE, "{status} {body}");
            std::thread::sleep(Duration::from_millis(100));
        }
        unreachable!()
    }

    fn cancel(&self, token: &str, order: &str) -> (u16, String) {
        let response = Self::agent()
            .delete(format!("{}/v1/orders/{order}", self.address))
            .header("authorization", format!("Bearer {token}"))
            .call()
            .unwrap();
        (response.status().as_u16(), response.into_body().read_to_string().unwrap())
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_demo_on_a_full_disk_still_stops_cleanly() {
    let disk = SmallDisk::new();
    let data = disk.path().join("exchange");
    let mut demo = Demo::start(&data);
    // What this disk still takes; the last write is meant to fail.
    let _ = fs::write(disk.path().join("filler"), vec![1_u8; 112 << 20]);
    demo.wait_for_mode("space_low");
    let asked = Command::new("kill").args(["-INT", &demo.child.id().to_string()]).status().unwrap();
    assert!(asked.success());
    let began = Instant::now();
    while demo.child.try_wait().unwrap().is_none() {
        assert!(began.elapsed() < PATIENCE, "it does not stop");
        std::thread::sleep(Duration::from_millis(50));
    }
    let verified = carbex(Build::Shipped).args(["journal", "verify", "--data"]).arg(&data).output().unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
}

#[test]
fn a_full_disk_refuses_orders_by_name_lets_cancels_go_on_and_ends_by_itself() {
    let disk = SmallDisk::new();
    let data = disk.path().join("exchange");
    let mut demo = Demo::start(&data);
    let minted =
        carbex(Build::Shipped).args(["token", "--account", &demo.buyer, "--data"]).arg(&data).output().unwrap();
    let token = String::from_utf8(minted.stdout).unwrap().trim().to_owned();

    let resting = demo.place_when_open(&token);
    let filler = disk.path().join("filler");
    // What this disk still takes; the last write is meant to fail.
    let _ = fs::write(&filler, vec![1_u8; 112 << 20]);
    demo.wait_for_mode("space_low");
    let (status, body) = demo.place(&token, "while-full");
    assert_eq!(status, 503, "{body}");
    assert!(body.contains("SPACE_LOW"), "{body}");
    let (status, body) = demo.cancel(&token, &resting);
    assert_eq!(status, 200, "a cancel goes on: {body}");

    fs::remove_file(&filler).unwrap();
    demo.wait_for_mode("normal");
    let (status, body) = demo.place(&token, "after");
    assert!(status == 201 || status == 422, "taken again, by the rules: {status} {body}");

    // Killed outright: everything acknowledged before, during and after is on the disk.
    let sequence = demo.metric("carbex_sequence");
    demo.child.kill().unwrap();
    demo.child.wait().unwrap();
    let verified = carbex(Build::Shipped).args(["journal", "verify", "--data"]).arg(&data).output().unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    let described =
        carbex(Build::Shipped).args(["journal", "describe", "--json", "--data"]).arg(&data).output().unwrap();
    let described: serde_json::Value = serde_json::from_slice(&described.stdout).unwrap();
    let last = described["segments"].as_array().unwrap().iter().filter_map(|segment| segment["last"].as_u64()).max();
    assert!(last.unwrap() as f64 >= sequence, "{last:?} on disk, {sequence} acknowledged");
}
