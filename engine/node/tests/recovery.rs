//! What was acknowledged is there after every start: from the beginning, from any snapshot, with the keys.

mod exchange;

use std::{cell::RefCell, fs, path::PathBuf};

use carbex_core::Command;
use carbex_journal::{
    EventsHash, Journal, JournalOptions, RecordHead, RetentionPolicy, SegmentsBehind, list_snapshots,
};
use carbex_node::{
    Follower, Founding, Node, NodeOptions, RecoveryProgress, RecoveryStep, Refusal, ReplayFault, Silent, StartFault,
};
use carbex_vocabulary::{DAY_NS, Sequence, TimestampNs};
use exchange::{Exchange, life, rules, sell, state_hash, submit_all};

/// Keeps what recovery tells.
#[derive(Default)]
struct Notes {
    notes: RefCell<Vec<String>>,
    steps: RefCell<Vec<RecoveryStep>>,
}

impl RecoveryProgress for Notes {
    fn note(&self, message: &str) {
        self.notes.borrow_mut().push(message.to_owned());
    }
    fn step(&self, step: RecoveryStep) {
        self.steps.borrow_mut().push(step);
    }
}

/// All snapshots are kept, and every segment.
fn keep_all(options: NodeOptions) -> NodeOptions {
    let retention = RetentionPolicy { snapshots_kept: 1_000, segments: SegmentsBehind::Keep };
    NodeOptions { retention, snapshot_on_stop: true, ..options }
}

fn genesis_hash_at(exchange: &Exchange, sequence: Sequence) -> [u8; 32] {
    let mut follower = Follower::genesis(&exchange.journal()).expect("the founding record");
    assert_eq!(follower.advance(sequence, &mut ()).expect("the replay"), sequence);
    follower.market().state_hash()
}

fn snapshot_files(exchange: &Exchange) -> Vec<(Sequence, PathBuf)> {
    let listed = list_snapshots(&exchange.journal()).expect("the snapshots");
    listed.into_iter().map(|info| (info.head.expect("a good header").sequence, info.file)).collect()
}

#[test]
fn a_restart_finds_the_same_state() {
    let exchange = Exchange::new();
    let node = exchange.start_alive();
    submit_all(&node, &life(1, 2_000));
    let (hash, durable) = (state_hash(&node), node.durable());
    node.stop().expect("a clean stop");

    let notes = Notes::default();
    let node = Node::start(NodeOptions { founding: None, ..exchange.options() }, &notes).expect("the node starts");
    assert_eq!((state_hash(&node), node.durable()), (hash, durable));
    assert_eq!(node.market().sequence, durable);
    let steps = notes.steps.borrow();
    assert!(steps.iter().is_sorted_by_key(|step| step.sequence));
    let last = steps.last().expect("progress is told");
    assert_eq!((last.sequence, last.done_commands, last.total_commands), (durable, durable.number(), durable.number()));
    drop(node);
    assert_eq!(genesis_hash_at(&exchange, durable), hash);
}

#[test]
fn every_snapshot_and_its_tail_give_the_state_of_a_replay_from_the_beginning() {
    let exchange = Exchange::new();
    for round in 0..6 {
        let node = exchange.start_with(keep_all);
        if round == 0 {
            exchange.open_year(&node);
        }
        submit_all(&node, &life(round, 700));
        exchange.pass_ns(DAY_NS);
        node.stop().expect("a clean stop, with a snapshot");
    }
    let mut snapshots = snapshot_files(&exchange);
    assert_eq!(snapshots.len(), 6);
    let end = snapshots[0].0;
    let end_hash = genesis_hash_at(&exchange, end);
    for (at, _) in &snapshots {
        assert_eq!(genesis_hash_at(&exchange, *at), follow(&exchange, Some(*at), *at));
        assert_eq!(follow(&exchange, Some(*at), end), end_hash, "the snapshot at {at} and its tail");
    }
    // The node itself, started from ever older snapshots.
    while let Some((at, file)) = snapshots.first().cloned() {
        let node = exchange.start();
        assert_eq!(state_hash(&node), end_hash, "started from the snapshot at {at}");
        drop(node);
        fs::remove_file(file).expect("the snapshot is deleted");
        snapshots.remove(0);
    }
    assert_eq!(state_hash(&exchange.start()), end_hash, "started from the beginning");
}

/// The state hash at `to`, replayed from the newest snapshot at or before `from`.
fn follow(exchange: &Exchange, from: Option<Sequence>, to: Sequence) -> [u8; 32] {
    let mut follower = Follower::open(&exchange.journal(), from, &mut |_| {}).expect("a snapshot");
    assert_eq!(follower.advance(to, &mut ()).expect("the replay"), to);
    follower.market().state_hash()
}

#[test]
fn a_damaged_newest_snapshot_is_told_and_the_one_before_is_used() {
    let exchange = Exchange::new();
    let mut hash = [0; 32];
    for round in 0..2 {
        let node = exchange.start_with(keep_all);
        if round == 0 {
            exchange.open_year(&node);
        }
        submit_all(&node, &life(round, 500));
        hash = state_hash(&node);
        node.stop().expect("a clean stop, with a snapshot");
    }
    let snapshots = snapshot_files(&exchange);
    let [(newest, file), (older, _)] = snapshots.as_slice() else { panic!("{snapshots:?}") };
    let mut bytes = fs::read(file).expect("the snapshot");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(file, bytes).expect("the damage is done");

    let notes = Notes::default();
    let node = Node::start(exchange.options(), &notes).expect("the node starts");
    assert_eq!((state_hash(&node), node.durable()), (hash, *newest));
    let notes = notes.notes.borrow();
    assert!(notes.iter().any(|note| note.contains("cannot be used")), "{notes:?}");
    assert!(notes.iter().any(|note| note.contains(&format!("snapshot at command {older}"))), "{notes:?}");
}

#[test]
fn snapshots_are_made_beside_running_trade_and_segments_behind_them_are_archived() {
    let exchange = Exchange::new();
    let busy = |options| NodeOptions {
        snapshot_every_commands: 1_000,
        segment_bytes: 64 * 1024,
        group_bytes_max: 32 * 1024,
        ..options
    };
    let node = exchange.start_with(busy);
    exchange.open_year(&node);
    for round in 0..40 {
        submit_all(&node, &life(round, 500));
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let hash = state_hash(&node);
    let metrics = node.metrics();
    assert!(metrics.snapshots >= 3, "{} snapshots", metrics.snapshots);
    assert_eq!(metrics.snapshots_failed, 0);
    let durable = node.durable();
    node.stop().expect("a clean stop");
    assert_eq!(snapshot_files(&exchange).len(), 2, "two are kept");
    let archived = fs::read_dir(exchange.journal().join("archive")).expect("an archive").count();
    assert!(archived > 0, "segments behind the snapshots are in the archive");
    assert_eq!(genesis_hash_at(&exchange, durable), hash, "the archive is read too");
    assert_eq!(state_hash(&exchange.start()), hash);
}

#[test]
fn keys_are_answered_again_after_a_restart_from_journal_and_from_snapshot() {
    for snapshot_on_stop in [false, true] {
        let exchange = Exchange::new();
        let node = exchange.start_with(|options| NodeOptions { snapshot_on_stop, ..options });
        exchange.open_year(&node);
        let submissions = life(4, 300);
        let first = submit_all(&node, &submissions);
        node.stop().expect("a clean stop");

        let node = exchange.start();
        let before = node.durable();
        for (submission, first) in submissions.iter().zip(&first) {
            let again = node.submit(*submission).expect("taken").wait().expect("a receipt");
            assert!(again.repeated);
            assert_eq!((again.sequence, again.time, again.outcome), (first.sequence, first.time, first.outcome));
        }
        assert_eq!(node.durable(), before, "nothing was doubled");
        let other = sell(1, 7_000, 77_000).with_key(submissions[0].idempotency_key);
        let other = carbex_node::Submission { actor: submissions[0].actor, role: submissions[0].role, ..other };
        assert_eq!(node.submit(other).expect("taken").wait().unwrap_err(), Refusal::KeyReused);

        exchange.pass_ns(7 * DAY_NS + 1);
        let later = node.submit(submissions[0]).expect("taken").wait().expect("a receipt");
        assert!(!later.repeated, "after seven days the key is free");
    }
}

#[test]
fn a_replay_that_differs_stops_with_the_command() {
    let exchange = Exchange::new();
    let node = exchange.start_alive();
    submit_all(&node, &life(2, 100));
    let last = node.durable();
    node.stop().expect("a clean stop");

    // A group whose events were never those of its commands: as if another program had written it.
    let (mut journal, _) = Journal::open(JournalOptions::new(exchange.journal())).expect("the journal opens");
    let mut body = Vec::new();
    carbex_wire::encode_command(&Command::Tick, &mut body);
    let time = TimestampNs::new(exchange::YEAR_START_NS + 200 * DAY_NS);
    let head = RecordHead { time, actor: 1, role: 0, member: 0, idempotency_key: 0, reason: "" };
    journal.begin_group(1_024).expect("room");
    let planted = journal.push_record(&head, &body).expect("room");
    journal.commit(EventsHash::new([7; 32])).expect("it is written");
    journal.close().expect("a clean close");

    let fault = Node::start(exchange.options(), &Silent).expect_err("the node must not start");
    let StartFault::Replay(ReplayFault::Diverged { first, last: end }) = fault else { panic!("{fault}") };
    assert_eq!((first, end), (planted, planted));
    assert_eq!(planted.number(), last.number() + 1);
}

#[test]
fn the_journal_explains_itself() {
    let exchange = Exchange::new();
    let node = exchange.start_alive();
    let hash = state_hash(&node);
    drop(node);
    for preset in ["charter", "monthly"] {
        let other = carbex_rulebook::preset(preset).expect("the preset is there").rulebook().rules;
        assert_ne!(other, rules());
        let founding = Founding {
            capacities: carbex_core::Capacities { accounts: 3, orders: 3, slice_accounts: u32::MAX },
            rules: other,
        };
        let options = NodeOptions { founding: Some(founding), ..exchange.options() };
        let node = Node::start(options, &Silent).expect("the node starts");
        assert_eq!(state_hash(&node), hash, "an existing directory knows its own rules and capacities");
    }
}

#[test]
fn a_directory_without_an_exchange_needs_a_founding() {
    let exchange = Exchange::new();
    let options = NodeOptions { founding: None, ..exchange.options() };
    let fault = Node::start(options, &Silent).expect_err("there is nothing to start");
    assert!(matches!(fault, StartFault::NotFounded { .. }));
    assert!(fault.to_string().contains("name a rule set"));
    assert!(!exchange.journal().exists(), "nothing was made");
}

#[test]
fn two_nodes_never_share_a_directory() {
    let exchange = Exchange::new();
    let node = exchange.start_alive();
    let second = Node::start(exchange.options(), &Silent).expect_err("the directory is taken");
    assert!(second.to_string().contains("another process"), "{second}");
    drop(node);
    exchange.start();
}
