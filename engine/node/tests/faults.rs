//! A node that meets a fault ends its process: it never limps, and never acknowledges what is not on disk.
//!
//! Two processes: this program starts itself as the node that is to fail, and looks at what is left.

mod exchange;

use std::{
    any::Any,
    collections::{HashMap, VecDeque},
    env, io,
    path::{Path, PathBuf},
    process::{Command as Process, ExitCode, Output},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use carbex_journal::{DiskDirectory, Storage, StorageFile};
use carbex_node::{ClockSource, FAULT_EXIT_STATUS, Follower, Node, NodeOptions, Silent, journal_directory, replay};
use carbex_vocabulary::{Sequence, TimestampNs};

const NODE_DIRECTORY: &str = "CARBEX_FAULT_DIRECTORY";
const NODE_FAULT: &str = "CARBEX_FAULT";
/// Groups that the failing disk takes before a sync fails.
const GOOD_SYNCS: u64 = 300;

fn main() -> ExitCode {
    if let (Some(directory), Ok(fault)) = (env::var_os(NODE_DIRECTORY), env::var(NODE_FAULT)) {
        match fault.as_str() {
            "sync" => be_a_node_on_a_failing_disk(Path::new(&directory)),
            "sync with groups under way" => be_a_busy_node_on_a_failing_disk(Path::new(&directory)),
            "panic" => be_a_node_whose_core_panics(Path::new(&directory)),
            other => panic!("no fault is called {other}"),
        }
        return ExitCode::SUCCESS;
    }
    for fault in ["sync", "sync with groups under way"] {
        a_failing_sync_ends_the_process_and_acknowledges_nothing_more(fault);
        println!("test a_failing_sync_ends_the_process_and_acknowledges_nothing_more ({fault}) ... ok");
    }
    a_panic_in_the_core_ends_the_process();
    println!("test a_panic_in_the_core_ends_the_process ... ok");
    ExitCode::SUCCESS
}

fn run_node(data: &Path, fault: &str) -> Output {
    let program = env::current_exe().expect("this program's file");
    Process::new(program).env(NODE_DIRECTORY, data).env(NODE_FAULT, fault).output().expect("the node's process")
}

fn options(data: &Path) -> NodeOptions {
    NodeOptions {
        clock: ClockSource::Scaled { start: TimestampNs::new(exchange::YEAR_START_NS), scale: 1 },
        ..NodeOptions::new(data).founding(exchange::CAPACITIES, exchange::rules())
    }
}

fn a_failing_sync_ends_the_process_and_acknowledges_nothing_more(fault: &str) {
    let data = tempfile::tempdir().expect("a directory for the test");
    let output = run_node(data.path(), fault);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(FAULT_EXIT_STATUS), "{told}");
    assert!(told.contains("the journal failed") && told.contains("sync"), "{told}");

    let acknowledged: Vec<(u128, u64)> = String::from_utf8(output.stdout)
        .expect("text")
        .lines()
        .map(|line| {
            let (key, sequence) = line.split_once(' ').expect("two words");
            (key.parse().expect("a key"), sequence.parse().expect("a sequence"))
        })
        .collect();
    assert!(acknowledged.len() > 100, "the disk was good for a while: {} acknowledged", acknowledged.len());
    let mut journaled = HashMap::new();
    let end = Sequence::new(u64::MAX);
    replay(&journal_directory(data.path()), Sequence::new(1), end, &mut |one| {
        journaled.insert(one.record.idempotency_key, one.record.sequence.number());
    })
    .expect("the replay");
    for (key, sequence) in acknowledged {
        assert_eq!(journaled.get(&key), Some(&sequence));
    }
    Node::start(options(data.path()), &Silent).expect("on a good disk it starts again");
}

fn a_panic_in_the_core_ends_the_process() {
    let data = tempfile::tempdir().expect("a directory for the test");
    let output = run_node(data.path(), "panic");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(FAULT_EXIT_STATUS), "{told}");
    assert!(told.contains("the core failed") && told.contains("a planted panic"), "{told}");
    let mut follower = Follower::genesis(&journal_directory(data.path())).expect("the founding record");
    let reached = follower.advance(Sequence::new(u64::MAX), &mut ()).expect("the replay");
    let acknowledged = Sequence::new(1 + exchange::opening().len() as u64);
    assert_eq!(reached, acknowledged, "what was acknowledged is there");
}

fn be_a_node_on_a_failing_disk(data: &Path) {
    let disk = FailingDisk {
        disk: DiskDirectory::new(journal_directory(data)),
        good_syncs: Arc::new(AtomicU64::new(GOOD_SYNCS)),
    };
    let node = Node::start_on(Arc::new(disk), options(data), &Silent).expect("the node starts");
    let submissions = exchange::opening().into_iter().chain(exchange::life(1, 10_000));
    for (submission, key) in submissions.zip(1..) {
        let receipt = node.submit(submission.with_key(key)).expect("taken").wait().expect("a receipt");
        println!("{key} {}", receipt.sequence);
    }
}

/// Batches without a pause, so that groups wait behind the one whose sync fails. Questions are asked meanwhile: what they
/// saw must be on disk too.
fn be_a_busy_node_on_a_failing_disk(data: &Path) {
    let disk = FailingDisk {
        disk: DiskDirectory::new(journal_directory(data)),
        good_syncs: Arc::new(AtomicU64::new(GOOD_SYNCS)),
    };
    let options = NodeOptions { group_bytes_max: 16 * 1024, ..options(data) };
    let node = Node::start_on(Arc::new(disk), options, &Silent).expect("the node starts");
    let mut submissions = exchange::opening().into_iter().chain(exchange::life(1, 1_000_000)).zip(1_u128..).peekable();
    let mut under_way = VecDeque::new();
    while submissions.peek().is_some() {
        let (mut batch, mut keys) = (node.batch(), Vec::new());
        for (submission, key) in (&mut submissions).take(500) {
            batch.push(&submission.with_key(key)).expect("it fits");
            keys.push(key);
        }
        let pending = node.submit_batch(batch).expect("the queue is longer");
        let asked = node.ask(|market| market.sequence()).expect("taken");
        under_way.push_back((keys, pending, asked));
        if under_way.len() == 10 {
            let (keys, pending, asked) = under_way.pop_front().expect("there are ten");
            let answers = pending.wait().expect("answers");
            for (key, receipt) in keys.iter().zip(answers) {
                println!("{key} {}", receipt.expect("a receipt").sequence);
            }
            let seen = asked.wait().expect("an answer");
            assert!(node.durable() >= seen, "a question was answered with what is not on disk");
        }
    }
}

fn be_a_node_whose_core_panics(data: &Path) {
    let node = Node::start(options(data), &Silent).expect("the node starts");
    exchange::submit_all(&node, &exchange::opening());
    let asked = node.ask(|_| panic!("a planted panic")).expect("taken");
    let _: Result<(), _> = asked.wait();
    // The process ends under this thread.
    std::thread::sleep(std::time::Duration::from_secs(30));
}

/// A disk on which, after a while, no sync succeeds.
struct FailingDisk {
    disk: DiskDirectory,
    good_syncs: Arc<AtomicU64>,
}

struct FailingFile {
    file: Box<dyn StorageFile>,
    good_syncs: Arc<AtomicU64>,
}

impl FailingDisk {
    fn file(&self, file: Box<dyn StorageFile>) -> Box<dyn StorageFile> {
        Box::new(FailingFile { file, good_syncs: Arc::clone(&self.good_syncs) })
    }
}

impl Storage for FailingDisk {
    fn path(&self, name: &str) -> PathBuf {
        self.disk.path(name)
    }
    fn list(&self, folder: &str) -> io::Result<Vec<(String, u64)>> {
        self.disk.list(folder)
    }
    fn open_to_read(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        self.disk.open_to_read(name)
    }
    fn open_to_write(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        self.disk.open_to_write(name).map(|file| self.file(file))
    }
    fn create(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        self.disk.create(name).map(|file| self.file(file))
    }
    fn create_folder(&self, folder: &str) -> io::Result<()> {
        self.disk.create_folder(folder)
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk.remove(name)
    }
    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        self.disk.sync_folder(folder)
    }
    fn lock(&self, name: &str) -> io::Result<Option<Box<dyn Any + Send>>> {
        self.disk.lock(name)
    }
}

impl FailingFile {
    fn sync_or_fail(&self) -> io::Result<()> {
        let left = self.good_syncs.try_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(1));
        left.map(|_| ()).map_err(|_| io::Error::from_raw_os_error(5))
    }
}

impl StorageFile for FailingFile {
    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.file.write_at(bytes, offset)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.sync_or_fail()?;
        self.file.sync_data()
    }
    fn sync_all(&self) -> io::Result<()> {
        self.sync_or_fail()?;
        self.file.sync_all()
    }
}
