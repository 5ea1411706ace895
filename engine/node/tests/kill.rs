//! The kill drill: a node under load is killed with SIGKILL a hundred times; what it acknowledged is in the journal exactly
//! once each time, and a client that reconnects and submits again what it has no answer for is served exactly once.
//!
//! Two processes: this program starts itself as the node. Acknowledgements are logged here, outside the process that is
//! killed. Small segments and frequent snapshots, so that kills fall into rotation, snapshots and retention too.

mod exchange;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    env,
    io::{BufRead, BufReader, Write, stdin, stdout},
    path::Path,
    process::{Child, ChildStdin, Command as Process, ExitCode, Stdio},
    sync::mpsc::{Receiver, TryRecvError, channel},
    time::{Duration, Instant},
};

use carbex_journal::JournalReader;
use carbex_node::{
    Answers, Batch, ClockSource, Follower, Node, NodeHandle, NodeOptions, Pending, Receipt, Refusal, Silent,
    Submission, journal_directory,
};
use carbex_rules::RuleSet;
use carbex_vocabulary::{Sequence, TimestampNs};

/// Tells this program to be the node, over that directory.
const NODE_DIRECTORY: &str = "CARBEX_KILL_DRILL_DIRECTORY";
/// A debug build replays slower: it drills less.
const KILLS: u32 = if cfg!(debug_assertions) { 20 } else { 100 };
/// Submissions in flight at most.
const WINDOW: usize = 2_000;
/// Commands submitted as one batch at most.
const BATCH_MAX: usize = 300;
/// The longest a node lives, in milliseconds; one in five is killed while it starts.
const LIFE_MS_MAX: u64 = 500;
const START_MS_MAX: u64 = 30;
/// Slow enough that no key gets older than seven market days while the drill runs.
const CLOCK_SCALE: u64 = 1_000;

fn main() -> ExitCode {
    match env::var_os(NODE_DIRECTORY) {
        Some(directory) => be_the_node(Path::new(&directory)),
        None => drill(),
    }
    ExitCode::SUCCESS
}

/// The submission of that number: its key is the number, so that it is the same whenever it is sent.
fn submission(number: u64, opening: &[Submission]) -> Submission {
    let place = usize::try_from(number - 1).expect("numbers fit");
    match opening.get(place) {
        Some(submission) => submission.with_key(u128::from(number)),
        None => exchange::life(number, 1)[0].with_key(u128::from(number)),
    }
}

/// The continuous preset, but everything may be sold from the first day on.
fn rules() -> RuleSet {
    let mut parameters = *exchange::rules();
    parameters.sale.earned_surplus_only = false;
    RuleSet::new(parameters).expect("consistent rules")
}

fn options(data: &Path) -> NodeOptions {
    NodeOptions {
        clock: ClockSource::Scaled { start: TimestampNs::new(exchange::YEAR_START_NS), scale: CLOCK_SCALE },
        snapshot_every_commands: 5_000,
        segment_bytes: 512 * 1024,
        group_bytes_max: 128 * 1024,
        ..NodeOptions::new(data).founding(exchange::CAPACITIES, rules())
    }
}

/// A command alone or in a batch, on its way.
enum OnItsWay {
    One(u64, Pending<Receipt>),
    Batch(Vec<u64>, Pending<Answers>),
}

/// Reads numbers, submits them alone or, where several wait, as a batch, and writes `number sequence` after each acknowledgement; stops cleanly at the end of its
/// input and writes its state hash.
fn be_the_node(data: &Path) {
    let node = Node::start(options(data), &Silent).expect("the node starts");
    let opening = exchange::opening();
    let (sender, receiver) = channel::<OnItsWay>();
    let acknowledger = std::thread::spawn(move || {
        for on_its_way in receiver {
            let acknowledged = match on_its_way {
                OnItsWay::One(number, pending) => vec![(number, pending.wait().expect("a receipt"))],
                OnItsWay::Batch(numbers, pending) => {
                    let answers = pending.wait().expect("answers");
                    assert_eq!(answers.len(), numbers.len(), "one answer per command");
                    let receipts = answers.into_iter().map(|answer| answer.expect("a receipt"));
                    numbers.into_iter().zip(receipts).collect()
                }
            };
            for (number, receipt) in acknowledged {
                // One short write each: a pipe takes it whole or not at all.
                let line = format!("{number} {}\n", receipt.sequence);
                stdout().write_all(line.as_bytes()).expect("the drill reads");
                stdout().flush().expect("the drill reads");
            }
        }
    });
    let (reader, numbers) = channel::<u64>();
    std::thread::spawn(move || {
        for line in stdin().lines() {
            let number = line.expect("the drill writes").parse().expect("a number");
            reader.send(number).expect("the node lives");
        }
    });
    while let Ok(first) = numbers.recv() {
        let waiting: Vec<u64> = std::iter::once(first).chain(numbers.try_iter().take(BATCH_MAX - 1)).collect();
        let on_its_way = match waiting[..] {
            [number] => OnItsWay::One(number, enter(&node, submission(number, &opening))),
            _ => {
                let mut batch = node.batch();
                for number in &waiting {
                    batch.push(&submission(*number, &opening)).expect("the queue is larger");
                }
                let pending = enter_batch(&node, batch);
                OnItsWay::Batch(waiting, pending)
            }
        };
        sender.send(on_its_way).expect("the acknowledger lives");
    }
    drop(sender);
    acknowledger.join().expect("the acknowledger ends");
    let hash = exchange::state_hash(&node);
    node.stop().expect("a clean stop");
    println!("state {}", hex(&hash));
}

fn enter(node: &NodeHandle, submission: Submission) -> Pending<Receipt> {
    loop {
        match node.submit(submission) {
            Ok(pending) => return pending,
            Err(Refusal::Overloaded) => std::thread::sleep(Duration::from_millis(1)),
            Err(refusal) => panic!("{refusal}"),
        }
    }
}

fn enter_batch(node: &NodeHandle, mut batch: Batch) -> Pending<Answers> {
    loop {
        match node.submit_batch(batch) {
            Ok(pending) => return pending,
            Err(refused) if refused.refusal == Refusal::Overloaded => {
                batch = refused.batch;
                std::thread::sleep(Duration::from_millis(1));
            }
            Err(refused) => panic!("{refused}"),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the node told.
enum Told {
    Acknowledged { number: u64, sequence: u64 },
    State(String),
}

/// The node's process and the two ends to it.
struct NodeProcess {
    child: Child,
    input: ChildStdin,
    told: Receiver<Told>,
}

impl NodeProcess {
    fn start(data: &Path) -> Self {
        let program = env::current_exe().expect("this program's file");
        let mut child = Process::new(program)
            .env(NODE_DIRECTORY, data)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the node's process");
        let input = child.stdin.take().expect("its input");
        let output = child.stdout.take().expect("its output");
        let (sender, told) = channel();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut line = String::new();
            // A line without its end was being written when the node was killed: it was never told.
            while output.read_line(&mut line).expect("text") > 0 && line.ends_with('\n') {
                let (first, second) = line.trim_end().split_once(' ').expect("two words");
                let told = match first {
                    "state" => Told::State(second.to_owned()),
                    number => Told::Acknowledged {
                        number: number.parse().expect("a number"),
                        sequence: second.parse().expect("a sequence"),
                    },
                };
                if sender.send(told).is_err() {
                    return;
                }
                line.clear();
            }
        });
        Self { child, input, told }
    }

    /// Sends a number; a node that died meanwhile is noticed by who waits for its end.
    fn send(&mut self, number: u64) {
        let _ = self.input.write_all(format!("{number}\n").as_bytes());
    }
}

/// The client: it knows what it sent and what was acknowledged to it, and outlives every node.
#[derive(Default)]
struct Client {
    sent: u64,
    unacknowledged: BTreeSet<u64>,
    acknowledged: BTreeMap<u64, u64>,
    repeats_checked: u64,
}

impl Client {
    fn take(&mut self, number: u64, sequence: u64) {
        if let Some(before) = self.acknowledged.insert(number, sequence) {
            assert_eq!(before, sequence, "number {number} was acknowledged twice, as two commands");
            self.repeats_checked += 1;
        }
        self.unacknowledged.remove(&number);
    }

    /// Sends new work, and now and then something old again, which must get its old answer.
    fn send_new(&mut self, node: &mut NodeProcess, random: &mut fastrand::Rng) {
        self.sent += 1;
        self.unacknowledged.insert(self.sent);
        node.send(self.sent);
        if random.u8(..) == 0 {
            node.send(random.u64(1..=self.sent));
        }
    }

    /// Works with a node until `deadline`.
    fn work(&mut self, node: &mut NodeProcess, deadline: Instant, random: &mut fastrand::Rng) {
        for number in &self.unacknowledged {
            node.send(*number);
        }
        while Instant::now() < deadline {
            while self.unacknowledged.len() < WINDOW {
                self.send_new(node, random);
            }
            match node.told.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(Told::Acknowledged { number, sequence }) => self.take(number, sequence),
                Ok(Told::State(_)) => panic!("nobody asked the node to stop"),
                Err(_) => {}
            }
        }
    }

    /// Takes what was still in the pipe.
    fn read_to_end(&mut self, told: &Receiver<Told>) -> Option<String> {
        loop {
            match told.recv() {
                Ok(Told::Acknowledged { number, sequence }) => self.take(number, sequence),
                Ok(Told::State(hash)) => return Some(hash),
                Err(_) => return None,
            }
        }
    }

    /// Every acknowledged number stands in the journal under its sequence; no number stands there twice.
    fn check(&self, journal: &Path) -> u64 {
        let mut journaled = HashMap::new();
        let mut last = 0;
        if !self.acknowledged.is_empty() || journal.join("archive").exists() {
            let mut reader = JournalReader::open(journal, Sequence::new(1)).expect("the journal opens");
            while let Some(group) = reader.next_group().expect("the journal is whole") {
                for record in group.records() {
                    last = record.sequence.number();
                    let number = u64::try_from(record.idempotency_key).expect("keys are numbers");
                    let before = (number != 0).then(|| journaled.insert(number, last)).flatten();
                    assert_eq!(before, None, "number {number} was doubled");
                }
            }
        }
        for (number, sequence) in &self.acknowledged {
            assert_eq!(journaled.get(number), Some(sequence), "number {number} was acknowledged and lost");
        }
        last
    }
}

fn drill() {
    let started = Instant::now();
    let seed =
        env::var("CARBEX_KILL_DRILL_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| fastrand::u64(..));
    println!("kill drill: {KILLS} kills, CARBEX_KILL_DRILL_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let data = tempfile::tempdir().expect("a directory for the test");
    let journal = journal_directory(data.path());
    let mut client = Client::default();
    let mut kills_with_work_under_way = 0;
    for _ in 0..KILLS {
        let mut node = NodeProcess::start(data.path());
        let life_ms_max = if random.u8(0..5) == 0 { START_MS_MAX } else { LIFE_MS_MAX };
        let deadline = Instant::now() + Duration::from_millis(random.u64(0..=life_ms_max));
        client.work(&mut node, deadline, &mut random);
        node.child.kill().expect("SIGKILL");
        let status = node.child.wait().expect("its end");
        assert!(status.code().is_none(), "the node ended by itself before it was killed: {status}");
        client.read_to_end(&node.told);
        kills_with_work_under_way += u32::from(!client.unacknowledged.is_empty());
        client.check(&journal);
    }

    let mut node = NodeProcess::start(data.path());
    for number in &client.unacknowledged {
        node.send(*number);
    }
    let NodeProcess { mut child, input, told } = node;
    drop(input);
    let hash = client.read_to_end(&told).expect("the node stops cleanly");
    assert!(child.wait().expect("its end").success());
    assert!(client.unacknowledged.is_empty(), "all that was sent was served in the end");
    assert!(matches!(told.try_recv(), Err(TryRecvError::Disconnected | TryRecvError::Empty)));
    let last = client.check(&journal);
    assert_eq!(last, client.sent + 1, "the founding, then each number exactly once");

    let mut follower = Follower::genesis(&journal).expect("the founding record");
    follower.advance(Sequence::new(last), &mut ()).expect("the replay");
    assert_eq!(hex(&follower.market().state_hash()), hash, "the replay from the beginning gives the same state");
    assert!(kills_with_work_under_way > KILLS / 2 && client.repeats_checked > 0, "the drill was no drill");
    println!(
        "kill drill: {} acknowledged, none lost, none doubled; {kills_with_work_under_way} of {KILLS} kills with work \
         under way; {} old keys answered again; {:.1} s",
        client.acknowledged.len(),
        client.repeats_checked,
        started.elapsed().as_secs_f64()
    );
}
