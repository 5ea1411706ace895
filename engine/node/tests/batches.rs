//! Batches are taken whole or not at all and answered command by command; and nothing is told, by whatever way, before it
//! is on disk, however many groups are under way.

mod exchange;

use std::{
    any::Any,
    io,
    path::PathBuf,
    sync::{Arc, Barrier, Condvar, Mutex, mpsc},
    time::{Duration, Instant},
};

use carbex_journal::{DiskDirectory, Storage, StorageFile};
use carbex_node::{Batch, BatchFull, Delivery, Node, NodeHandle, NodeOptions, Refusal, Silent, Submission};
use carbex_vocabulary::{Event, Sequence};
use exchange::{Exchange, buy, cancel, debit, life, sell, state_hash};

fn batch_of(node: &NodeHandle, submissions: &[Submission]) -> Batch {
    let mut batch = node.batch();
    for submission in submissions {
        batch.push(submission).expect("it fits");
    }
    batch
}

#[test]
fn a_batch_is_answered_command_by_command_in_its_order() {
    let exchange = Exchange::new();
    let node = exchange.start_alive();
    let commands = [
        sell(1, 10_000, 100_000).with_key(1),
        sell(1, 10_000, 100_000).with_key(1),
        sell(2, 10_000, 100_000).with_key(1),
        sell(1, 20_000, 100_000).with_key(1),
        buy(3, 7, 100_000),
        debit(4, 1_000),
    ];
    let before = node.durable().number();
    let answers = node.submit_batch(batch_of(&node, &commands)).expect("taken").wait().expect("answers");
    let receipts: Vec<_> = answers
        .iter()
        .map(|answer| {
            answer.as_ref().map(|receipt| (receipt.sequence.number() - before, receipt.repeated)).copied_error()
        })
        .collect();
    assert_eq!(
        receipts,
        [Ok((1, false)), Ok((1, true)), Ok((2, false)), Err(Refusal::KeyReused), Ok((3, false)), Ok((4, false)),]
    );
    let outcome = |place: usize| answers[place].as_ref().expect("a receipt").outcome;
    assert!(matches!(outcome(0), Some(Event::Accepted { .. })));
    assert_eq!(outcome(0), outcome(1), "the first answer again");
    assert!(matches!(outcome(4), Some(Event::Rejected(_))), "seven grams are no lot");
    assert!(matches!(outcome(5), Some(Event::Debited { .. })));
    assert!(node.durable().number() >= before + 4);
}

trait CopiedError<T> {
    fn copied_error(self) -> Result<T, Refusal>;
}

impl<T> CopiedError<T> for Result<T, &Refusal> {
    fn copied_error(self) -> Result<T, Refusal> {
        self.map_err(|refusal| *refusal)
    }
}

#[test]
fn a_batch_does_what_its_commands_do_one_by_one() {
    let (whole, single) = (Exchange::new(), Exchange::new());
    let (batched, one_by_one) = (whole.start_alive(), single.start_alive());
    let commands = life(9, 3_000);
    let answers = batched.submit_batch(batch_of(&batched, &commands)).expect("taken").wait().expect("answers");
    let receipts = exchange::submit_all(&one_by_one, &commands);
    assert_eq!(answers.len(), receipts.len());
    for (answer, receipt) in answers.iter().zip(&receipts) {
        let answer = answer.as_ref().expect("a receipt");
        assert_eq!((answer.sequence, answer.outcome), (receipt.sequence, receipt.outcome));
    }
    assert_eq!(state_hash(&batched), state_hash(&one_by_one));
}

#[test]
fn an_empty_batch_is_answered_and_one_too_long_cannot_be_made() {
    let exchange = Exchange::new();
    let node = exchange.start_with(|options| NodeOptions { queue_commands_max: 3, ..options });
    assert!(node.submit_batch(node.batch()).expect("taken").wait().expect("answers").is_empty());
    let mut batch = batch_of(&node, &[debit(1, 1), debit(1, 1), debit(1, 1)]);
    assert_eq!(batch.push(&debit(1, 1)), Err(BatchFull));
    assert_eq!(batch.len(), 3);
}

/// Holds the core until it is dropped.
fn hold(node: &NodeHandle) -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel::<()>();
    let reached = Arc::new(Barrier::new(2));
    let inside = Arc::clone(&reached);
    node.ask(move |_| {
        inside.wait();
        // Ends when the sender is dropped.
        let _ = released.recv();
    })
    .expect("the question is taken");
    reached.wait();
    release
}

#[test]
fn a_nearly_full_queue_takes_a_batch_whole_or_not_at_all() {
    let exchange = Exchange::new();
    exchange.start_alive().stop().expect("a clean stop");
    let node = exchange.start_with(|options| NodeOptions { queue_commands_max: 8, queue_reserved_max: 3, ..options });
    let resting = node.submit(sell(1, 10_000, 100_000)).expect("taken").wait().expect("a receipt");
    let held = hold(&node);
    let orders: Vec<_> = (2..=7).map(|account| sell(account, 1_000, 100_000)).collect();
    let six = node.submit_batch(batch_of(&node, &orders)).expect("six of eight places");
    let refused = node.submit_batch(batch_of(&node, &orders[..3])).expect_err("three do not fit into two");
    assert_eq!((refused.refusal, refused.batch.len()), (Refusal::Overloaded, 3));
    let two = node.submit_batch(batch_of(&node, &orders[..2])).expect("two do");
    // What protects people has its own places, for a batch of nothing else.
    let mixed = batch_of(&node, &[debit(8, 1), sell(9, 1_000, 100_000)]);
    assert_eq!(node.submit_batch(mixed).expect_err("an order is among them").refusal, Refusal::Overloaded);
    let protecting = [debit(8, 1), cancel(1, resting.sequence.number()), debit(9, 1)];
    let protected = node.submit_batch(batch_of(&node, &protecting)).expect("reserved places");
    assert_eq!(node.submit(debit(8, 1)).expect_err("those are three").to_owned(), Refusal::Overloaded);
    drop(held);
    let protected = protected.wait().expect("answers");
    let (six, two) = (six.wait().expect("answers"), two.wait().expect("answers"));
    assert_eq!((six.len(), two.len(), protected.len()), (6, 2, 3));
    assert!(six.iter().chain(&two).chain(&protected).all(Result::is_ok));
    let again = node.submit_batch(refused.batch).expect("there is room again").wait().expect("answers");
    assert!(again.len() == 3 && again.iter().all(Result::is_ok), "what was refused was not done before");
}

/// A real directory whose syncs wait for a gate.
struct GatedDisk {
    disk: DiskDirectory,
    gate: Arc<Gate>,
}

#[derive(Default)]
struct Gate {
    shut: Mutex<bool>,
    changed: Condvar,
}

impl Gate {
    fn set(&self, shut: bool) {
        *self.shut.lock().expect("nobody panics") = shut;
        self.changed.notify_all();
    }

    fn pass(&self) {
        drop(self.changed.wait_while(self.shut.lock().expect("nobody panics"), |shut| *shut).expect("nobody panics"));
    }
}

struct GatedFile {
    file: Box<dyn StorageFile>,
    gate: Arc<Gate>,
}

impl GatedDisk {
    fn file(&self, file: Box<dyn StorageFile>) -> Box<dyn StorageFile> {
        Box::new(GatedFile { file, gate: Arc::clone(&self.gate) })
    }
}

impl Storage for GatedDisk {
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

impl StorageFile for GatedFile {
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
        self.gate.pass();
        self.file.sync_data()
    }
    fn sync_all(&self) -> io::Result<()> {
        self.gate.pass();
        self.file.sync_all()
    }
}

#[test]
fn with_groups_under_way_nothing_is_told_before_it_is_durable() {
    let exchange = Exchange::new();
    let gate = Arc::new(Gate::default());
    let disk = GatedDisk { disk: DiskDirectory::new(exchange.journal()), gate: Arc::clone(&gate) };
    // Groups of at most 32 KiB, so that the batches below are many groups.
    let options = NodeOptions { group_bytes_max: 32 * 1024, queue_commands_max: 2_000, ..exchange.options() };
    let node = Node::start_on(Arc::new(disk), options, &Silent).expect("the node starts");
    exchange.open_year(&node);
    let durable = node.durable();
    let mut subscription = node.subscribe(Sequence::new(durable.number() + 1)).expect("what comes next");

    let held = hold(&node);
    gate.set(true);
    let commands = life(4, 1_900);
    let batches: Vec<_> = commands
        .chunks(100)
        .map(|part| node.submit_batch(batch_of(&node, part)).expect("the queue has room"))
        .collect();
    drop(held);
    // The core goes on while the disk stands: at least two groups were taken out of the queue, one being written and one
    // behind it, and a third is being filled.
    let deadline = Instant::now() + Duration::from_secs(10);
    let probe = loop {
        // Places are free as soon as the core has read what stood there.
        match node.submit_batch(batch_of(&node, &life(5, 700))) {
            Ok(pending) => break pending,
            Err(refused) => assert_eq!(refused.refusal, Refusal::Overloaded),
        }
        assert!(Instant::now() < deadline, "the core waits for the disk");
        std::thread::sleep(Duration::from_millis(5));
    };
    let asked = node.ask(|market| market.sequence()).expect("taken");
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(node.durable(), durable);
    assert_eq!(node.market().sequence, durable);
    assert!(subscription.try_next().is_none(), "nothing is published");
    assert!(batches.iter().all(|pending| pending.wait_timeout(Duration::ZERO).is_none()), "nothing is acknowledged");
    assert!(asked.wait_timeout(Duration::ZERO).is_none(), "a question that saw it waits with it");

    gate.set(false);
    let mut last = durable;
    for pending in batches.into_iter().chain([probe]) {
        for answer in pending.wait().expect("answers") {
            let receipt = answer.expect("a receipt");
            assert!(receipt.sequence > last, "in their order");
            last = receipt.sequence;
        }
        assert!(node.durable() >= last && node.market().sequence >= last);
    }
    let seen = asked.wait().expect("an answer");
    assert!(seen > durable && node.durable() >= seen);
    let mut read = durable;
    while read < last {
        match subscription.wait(Duration::from_secs(10)) {
            Some(Delivery::Group(group)) => {
                assert_eq!(group.first.number(), read.number() + 1);
                read = group.last;
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn questions_under_load_see_only_what_is_durable_when_they_are_answered() {
    let exchange = Exchange::new();
    let node = exchange.start_alive();
    let mut seen = 0;
    for seed in 0..40 {
        let pending = node.submit_batch(batch_of(&node, &life(seed, 1_000))).expect("the queue has room");
        let asked: Vec<_> = (0..20).map(|_| node.ask(|market| market.sequence()).expect("taken")).collect();
        for question in asked {
            let sequence = question.wait().expect("an answer");
            assert!(node.durable() >= sequence);
            assert!(node.market().sequence >= sequence);
            seen = seen.max(sequence.number());
        }
        pending.wait().expect("answers");
    }
    assert!(seen > 1_000);
}
