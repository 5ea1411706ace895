//! A full disk: orders are refused in a named mode, cancels and debits go on from the reserve, nothing is acknowledged
//! that is not on disk, and the mode ends by itself when there is room again.

mod exchange;

use std::{
    any::Any,
    collections::HashMap,
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use carbex_core::Command;
use carbex_journal::{DiskDirectory, Storage, StorageFile};
use carbex_node::{Mode, Node, NodeHandle, NodeOptions, Receipt, Refusal, Role, Silent, Submission, replay};
use carbex_vocabulary::{AccountId, Event, Phase, Sequence};
use exchange::{Exchange, cancel, debit, sell, state_hash};

/// A real directory on a disk of which only so many bytes are free.
struct SmallDisk {
    disk: DiskDirectory,
    free_bytes: Arc<AtomicU64>,
}

struct SmallDiskFile {
    file: Box<dyn StorageFile>,
    free_bytes: Arc<AtomicU64>,
}

impl SmallDisk {
    fn file(&self, file: Box<dyn StorageFile>) -> Box<dyn StorageFile> {
        Box::new(SmallDiskFile { file, free_bytes: Arc::clone(&self.free_bytes) })
    }

    fn give_back(&self, name: &str) {
        if let Ok(length) = self.disk.open_to_read(name).and_then(|file| file.length()) {
            self.free_bytes.fetch_add(length, Ordering::AcqRel);
        }
    }
}

impl Storage for SmallDisk {
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
        self.give_back(name);
        self.disk.create(name).map(|file| self.file(file))
    }
    fn create_folder(&self, folder: &str) -> io::Result<()> {
        self.disk.create_folder(folder)
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.give_back(to);
        self.disk.rename(from, to)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.give_back(name);
        self.disk.remove(name)
    }
    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        self.disk.sync_folder(folder)
    }
    fn lock(&self, name: &str) -> io::Result<Option<Box<dyn Any + Send>>> {
        self.disk.lock(name)
    }
}

impl StorageFile for SmallDiskFile {
    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let growth = (offset + bytes.len() as u64).saturating_sub(self.file.length()?);
        let taken = self
            .free_bytes
            .try_update(Ordering::AcqRel, Ordering::Acquire, |free_bytes| free_bytes.checked_sub(growth));
        match taken {
            Ok(_) => self.file.write_at(bytes, offset),
            Err(_) => Err(io::ErrorKind::StorageFull.into()),
        }
    }
    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }
    fn sync_all(&self) -> io::Result<()> {
        self.file.sync_all()
    }
}

/// Submits until the answer is a refusal; answers the refusal.
fn until_refused(
    node: &NodeHandle,
    acknowledged: &mut HashMap<u128, Receipt>,
    submission: impl Fn(u64) -> Submission,
) -> Refusal {
    for number in 1..100_000 {
        let key = acknowledged.len() as u128 + 1;
        match node.submit(submission(number).with_key(key)).expect("the queue has room").wait() {
            Ok(receipt) => assert!(acknowledged.insert(key, receipt).is_none()),
            Err(refusal) => return refusal,
        }
    }
    panic!("the disk never got full");
}

#[test]
fn a_full_disk_leaves_room_for_cancels_and_debits_and_ends_by_itself() {
    let exchange = Exchange::new();
    let free_bytes = Arc::new(AtomicU64::new(1_200_000));
    let disk = SmallDisk { disk: DiskDirectory::new(exchange.journal()), free_bytes: Arc::clone(&free_bytes) };
    let options = NodeOptions { segment_bytes: 128 * 1024, group_bytes_max: 32 * 1024, ..exchange.options() };
    let node = Node::start_on(Arc::new(disk), options, &Silent).expect("the node starts");
    exchange.open_year(&node);
    let resting = node.submit(sell(1, 1_000, 100_000)).expect("taken").wait().expect("a receipt");
    assert_eq!(node.market().mode, Mode::Normal);

    let mut acknowledged = HashMap::new();
    let low = until_refused(&node, &mut acknowledged, |number| sell(2 + number % 40, 1_000, 100_000));
    assert_eq!(low, Refusal::SpaceLow);
    assert_eq!(node.market().mode, Mode::SpaceLow, "the mode is there for everyone to see");
    let orders_before = acknowledged.len();

    // In a batch each command is looked at by itself.
    let mut batch = node.batch();
    for submission in [sell(41, 1_000, 100_000), debit(41, 1), sell(42, 1_000, 100_000)] {
        batch.push(&submission).expect("it fits");
    }
    let answers = node.submit_batch(batch).expect("taken").wait().expect("answers");
    let refused: Vec<_> = answers.iter().map(|answer| answer.as_ref().err().copied()).collect();
    assert_eq!(refused, [Some(Refusal::SpaceLow), None, Some(Refusal::SpaceLow)]);

    // What protects people goes on.
    let cancelled = node.submit(cancel(1, resting.sequence.number())).expect("taken").wait().expect("a receipt");
    assert!(matches!(cancelled.outcome, Some(Event::Cancelled { .. })));
    let freeze = Submission::new(Command::Freeze { account: AccountId::new(50) }, Role::Supervisor, 1);
    assert!(node.submit(freeze).expect("taken").wait().is_ok());
    let halt = Submission::new(Command::SetPhase { phase: Phase::Halted }, Role::Regulator, 1);
    assert!(node.submit(halt).expect("taken").wait().is_ok());
    let reopen = Submission::new(Command::SetPhase { phase: Phase::Continuous }, Role::Regulator, 1);
    assert_eq!(node.submit(reopen).expect("taken").wait().unwrap_err(), Refusal::SpaceLow);
    let exhausted = until_refused(&node, &mut acknowledged, |number| debit(1 + number % 40, 1));
    assert_eq!(exhausted, Refusal::SpaceExhausted);
    assert_eq!(node.market().mode, Mode::SpaceExhausted);
    assert!(
        acknowledged.len() > orders_before + 100,
        "the reserve was there for {} debits",
        acknowledged.len() - orders_before
    );

    // With nothing left, what is known is still answered, and questions too.
    let known = sell(3, 1_000, 100_000).with_key(1);
    assert!(node.submit(known).expect("taken").wait().expect("the first receipt").repeated);
    assert!(node.account(AccountId::new(1)).expect("taken").wait().expect("an answer").is_some());

    free_bytes.fetch_add(2_000_000, Ordering::AcqRel);
    let deadline = Instant::now() + Duration::from_secs(10);
    while node.market().mode != Mode::Normal {
        assert!(Instant::now() < deadline, "the mode must end by itself");
        std::thread::sleep(Duration::from_millis(20));
    }
    let reopened = node.submit(reopen).expect("taken").wait().expect("a receipt");
    assert!(matches!(reopened.outcome, Some(Event::PhaseSet { .. })));
    let key = acknowledged.len() as u128 + 1;
    let placed = node.submit(sell(45, 1_000, 100_000).with_key(key)).expect("taken").wait().expect("a receipt");
    acknowledged.insert(key, placed);

    let (hash, durable) = (state_hash(&node), node.durable());
    node.stop().expect("a clean stop");
    let mut journaled = HashMap::new();
    replay(&exchange.journal(), Sequence::new(1), durable, &mut |one| {
        if one.record.idempotency_key != 0 {
            assert!(journaled.insert(one.record.idempotency_key, one.record.sequence).is_none(), "doubled");
        }
    })
    .expect("the replay");
    assert_eq!(journaled.len(), acknowledged.len(), "journaled is what was acknowledged, no more, no less");
    for (key, receipt) in &acknowledged {
        assert_eq!(journaled.get(key), Some(&receipt.sequence));
    }
    assert_eq!(
        state_hash(&exchange.start_with(|options| NodeOptions {
            segment_bytes: 128 * 1024,
            group_bytes_max: 32 * 1024,
            ..options
        })),
        hash
    );
}
