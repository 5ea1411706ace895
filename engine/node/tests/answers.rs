//! Submissions and questions are answered: once, in order, after the disk, and never twice for one key.

mod exchange;

use std::{
    sync::{Arc, Barrier, mpsc},
    time::{Duration, Instant},
};

use carbex_core::Command;
use carbex_node::{Delivery, NodeHandle, Receipt, Refusal, Role, Submission};
use carbex_vocabulary::{AccountId, Event, OrderId, Phase, RejectCode, Sequence};
use exchange::{Exchange, buy, cancel, debit, life, sell, submit_all};

/// Holds the core between two groups until it is dropped.
struct Held {
    release: Option<mpsc::Sender<()>>,
}

fn hold(node: &NodeHandle) -> Held {
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
    Held { release: Some(release) }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.release.take();
    }
}

fn accepted(receipt: &Receipt) -> bool {
    matches!(receipt.outcome, Some(Event::Accepted { .. }))
}

#[test]
fn a_receipt_names_the_order_and_the_durable_command() {
    let exchange = Exchange::new();
    let node = exchange.start_alive();
    let receipt = node.submit(sell(1, 10_000, 100_000)).expect("taken").wait().expect("a receipt");
    assert_eq!(
        receipt.outcome,
        Some(Event::Accepted { account: AccountId::new(1), order: OrderId::new(receipt.sequence.number()) })
    );
    assert!(node.durable() >= receipt.sequence);
    assert_eq!(node.market().sequence, receipt.sequence);
    let account = node.account(AccountId::new(1)).expect("taken").wait().expect("an answer").expect("the account");
    assert_eq!(account.orders.len(), 1);
    assert_eq!(account.fields.open_sell_g, 10_000);
    let depth = node.depth(10).expect("taken").wait().expect("an answer");
    assert_eq!((depth.sells.len(), depth.buys.len()), (1, 0));
}

#[test]
fn sequences_are_dense_from_the_founding_on() {
    let exchange = Exchange::new();
    let node = exchange.start();
    let receipts = submit_all(&node, &exchange::opening());
    let sequences: Vec<_> = receipts.iter().map(|receipt| receipt.sequence.number()).collect();
    assert_eq!(sequences, (2..=receipts.len() as u64 + 1).collect::<Vec<_>>(), "record 1 founded the exchange");
}

#[test]
fn the_same_key_and_body_get_the_first_receipt() {
    let exchange = Exchange::new();
    let node = exchange.start_alive();
    let order = sell(1, 10_000, 100_000).with_key(7);
    let first = node.submit(order).expect("taken").wait().expect("a receipt");
    let again = node.submit(order).expect("taken").wait().expect("a receipt");
    assert!(accepted(&first) && !first.repeated && again.repeated);
    assert_eq!((again.sequence, again.time, again.outcome), (first.sequence, first.time, first.outcome));
    assert_eq!(node.durable(), first.sequence, "nothing was journaled for the repeat");
}

#[test]
fn two_of_one_key_in_the_same_group_are_one_order() {
    let exchange = Exchange::new();
    let node = exchange.start_alive();
    let held = hold(&node);
    let order = sell(1, 10_000, 100_000).with_key(7);
    let other = sell(1, 11_000, 100_000).with_key(7);
    let pending = node.submit_many(&[order, order, other]);
    drop(held);
    let mut answers = pending.into_iter().map(|pending| pending.expect("taken").wait());
    let first = answers.next().expect("three").expect("a receipt");
    let second = answers.next().expect("three").expect("a receipt");
    assert_eq!((first.sequence, first.repeated, second.repeated), (second.sequence, false, true));
    assert_eq!(answers.next().expect("three").unwrap_err(), Refusal::KeyReused);
    assert_eq!(node.durable(), first.sequence);
}

#[test]
fn the_same_key_with_another_body_is_refused() {
    let exchange = Exchange::new();
    let node = exchange.start_alive();
    node.submit(sell(1, 10_000, 100_000).with_key(7)).expect("taken").wait().expect("a receipt");
    let other = node.submit(sell(1, 11_000, 100_000).with_key(7)).expect("taken").wait();
    assert_eq!(other.unwrap_err(), Refusal::KeyReused);
    let another_actor = node.submit(sell(2, 11_000, 100_000).with_key(7)).expect("taken").wait();
    assert!(!another_actor.expect("a receipt").repeated, "a key is its actor's own");
}

#[test]
fn a_rejection_is_repeated_too() {
    let exchange = Exchange::new();
    let node = exchange.start_alive();
    let too_much = sell(1, 5_000_000, 100_000).with_key(9);
    let first = node.submit(too_much).expect("taken").wait().expect("a receipt");
    let Some(Event::Rejected(reject)) = first.outcome else { panic!("{first:?}") };
    assert_eq!(reject.code, RejectCode::NotYetEarned);
    let again = node.submit(too_much).expect("taken").wait().expect("a receipt");
    assert_eq!((again.repeated, again.outcome), (true, first.outcome));
}

#[test]
fn when_no_more_keys_fit_new_ones_are_refused_and_none_is_forgotten() {
    let exchange = Exchange::new();
    let node = exchange.start_with(|options| carbex_node::NodeOptions { keys_max: 2, ..options });
    exchange.open_year(&node);
    let orders: Vec<_> = (1..=3).map(|key| sell(1, 1_000 * key as u64, 100_000).with_key(key)).collect();
    let answers: Vec<_> = node.submit_many(&orders).into_iter().map(|pending| pending.expect("taken").wait()).collect();
    assert!(answers[0].is_ok() && answers[1].is_ok());
    assert_eq!(*answers[2].as_ref().unwrap_err(), Refusal::KeysExhausted);
    assert!(node.submit(orders[0]).expect("taken").wait().expect("a receipt").repeated);
    assert!(node.submit(sell(1, 3_000, 100_000)).expect("taken").wait().is_ok(), "without a key all goes on");
    exchange.pass_ns(7 * carbex_vocabulary::DAY_NS + 1);
    assert!(node.submit(orders[2]).expect("taken").wait().is_ok(), "seven days later the places are free");
}

#[test]
fn a_full_queue_says_overloaded_but_cancels_debits_and_halts_pass() {
    let exchange = Exchange::new();
    let node = exchange.start_with(|options| carbex_node::NodeOptions { queue_commands_max: 8, ..options });
    for submission in exchange::opening() {
        node.submit(submission).expect("taken").wait().expect("a receipt");
    }
    exchange.pass_ns(100 * carbex_vocabulary::DAY_NS);
    let resting = node.submit(sell(1, 10_000, 100_000)).expect("taken").wait().expect("a receipt");
    let held = hold(&node);
    let orders: Vec<_> = (2..=9).map(|account| node.submit(sell(account, 1_000, 100_000))).collect();
    assert!(orders.iter().all(Result::is_ok));
    assert_eq!(node.submit(buy(10, 1_000, 90_000)).unwrap_err(), Refusal::Overloaded);
    let cancelled = node.submit(cancel(1, resting.sequence.number())).expect("a reserved place");
    let debited = node.submit(debit(1, 1_000)).expect("a reserved place");
    let halt = Submission::new(Command::SetPhase { phase: Phase::Halted }, Role::Regulator, 1);
    let halted = node.submit(halt).expect("a reserved place");
    drop(held);
    let halted = halted.wait().expect("a receipt");
    for order in orders {
        let order = order.expect("taken").wait().expect("a receipt");
        assert!(order.sequence > halted.sequence, "reserved places go first");
        assert!(matches!(order.outcome, Some(Event::Rejected(_))), "the market is halted");
    }
    assert!(matches!(cancelled.wait().expect("a receipt").outcome, Some(Event::Cancelled { .. })));
    assert!(matches!(debited.wait().expect("a receipt").outcome, Some(Event::Debited { .. })));
    let refused = node.metrics().refusals.iter().any(|(name, count)| *name == "overloaded" && *count == 1);
    assert!(refused || wait_for(|| node.metrics().refusals.contains(&("overloaded", 1))));
}

fn wait_for(condition: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(5);
    while Instant::now() < deadline {
        if condition() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

#[test]
fn a_stop_answers_what_is_queued_and_refuses_what_comes() {
    let exchange = Exchange::new();
    let node = exchange.start_alive();
    let pending = node.submit_many(&life(1, 2_000));
    node.stop().expect("a clean stop");
    let mut last = Sequence::new(0);
    for pending in pending {
        let receipt = pending.expect("taken").wait().expect("what was queued is answered");
        last = last.max(receipt.sequence);
    }
    assert_eq!(node.durable(), last);
    assert_eq!(node.submit(debit(1, 1)).unwrap_err(), Refusal::Stopping);
    assert_eq!(node.account(AccountId::new(1)).unwrap_err(), Refusal::Stopping);
}

#[test]
fn submitters_in_many_threads_are_never_left_waiting_by_a_stop() {
    let exchange = Exchange::new();
    let node = exchange.start_alive();
    std::thread::scope(|scope| {
        let submitters: Vec<_> = (0..4)
            .map(|seed| {
                let node = node.clone();
                scope.spawn(move || {
                    for submission in life(seed, 100_000) {
                        match node.submit(submission) {
                            Ok(pending) => match pending.wait() {
                                Ok(_) => {}
                                Err(Refusal::Stopping) => return,
                                Err(refusal) => panic!("{refusal}"),
                            },
                            Err(Refusal::Stopping) => return,
                            Err(refusal) => panic!("{refusal}"),
                        }
                    }
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(200));
        node.stop().expect("a clean stop");
        for submitter in submitters {
            submitter.join().expect("it was told");
        }
    });
}

#[test]
fn metrics_count_what_happened() {
    let exchange = Exchange::new();
    let node = exchange.start_alive();
    let receipts = submit_all(&node, &life(3, 1_000));
    let rejected = receipts.iter().filter(|receipt| matches!(receipt.outcome, Some(Event::Rejected(_)))).count();
    assert!(wait_for(|| node.metrics().acknowledge_ns.len() >= 1_000));
    let metrics = node.metrics();
    let total: u64 = metrics.commands.iter().map(|(_, count)| count).sum();
    assert_eq!(total, node.durable().number() - 1, "all but the founding");
    assert_eq!(metrics.rejections.iter().map(|(_, count)| count).sum::<u64>(), rejected as u64);
    assert_eq!(metrics.queue_wait_ns.len(), total);
    assert_eq!(metrics.apply_ns.len(), total);
    assert_eq!(metrics.journal_commit_ns.len(), metrics.groups);
    assert!(metrics.groups < total, "what waited went together");
    assert_eq!(metrics.keys, 1_000);
    assert!(metrics.journal_bytes > 80 * total);
}

#[tokio::test]
async fn receipts_and_answers_are_awaited_without_blocking() {
    let exchange = Exchange::new();
    let node = exchange.start_alive();
    let receipt = node.submit(sell(1, 10_000, 100_000)).expect("taken").await.expect("a receipt");
    assert!(accepted(&receipt));
    let account = node.account(AccountId::new(1)).expect("taken").await.expect("an answer").expect("the account");
    assert_eq!(account.sequence, receipt.sequence);
    assert!(node.account(AccountId::new(1_000)).expect("taken").await.expect("an answer").is_none());
}

#[test]
fn a_question_may_hold_the_last_handle() {
    let exchange = Exchange::new();
    let node = exchange.start_alive();
    let held = hold(&node);
    let last = node.clone();
    let asked = node.ask(move |market| (market.sequence(), last)).expect("taken");
    drop(node);
    drop(asked);
    drop(held);
    let deadline = Instant::now() + Duration::from_secs(10);
    let options = exchange.options();
    loop {
        match carbex_node::Node::start(options.clone(), &carbex_node::Silent) {
            Ok(_) => return,
            Err(fault) => assert!(Instant::now() < deadline, "the node never let go of its directory: {fault}"),
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_simulation_tells_what_would_happen_and_changes_nothing() {
    let exchange = Exchange::new();
    let node = exchange.start_alive();
    let (offer, demand) = (sell(1, 10_000, 100_000), buy(2, 10_000, 110_000));
    let (before, hash) = (node.durable(), exchange::state_hash(&node));
    let simulated = node.simulate(&[offer.command, demand.command]).expect("the journal is whole");
    assert_eq!((node.durable(), exchange::state_hash(&node)), (before, hash));
    let mut subscription = node.subscribe(Sequence::new(before.number() + 1)).expect("what comes next");
    submit_all(&node, &[offer, demand]);
    let mut happened = Vec::new();
    while happened.len() < 2 {
        match subscription.wait(Duration::from_secs(10)) {
            Some(Delivery::Group(group)) => happened.extend(group.records().map(|record| record.events.to_vec())),
            other => panic!("{other:?}"),
        }
    }
    assert!(simulated[1].iter().any(|event| matches!(event, Event::Trade { .. })), "{simulated:?}");
    assert_eq!(simulated, happened);
}
