//! Readers see every event once, in order, after it is durable; a slow one is told, never waited for.

mod exchange;

use std::time::Duration;

use carbex_core::Command;
use carbex_node::{Delivery, NodeOptions, Role, Submission, SubscribeRefusal, Subscription, replay};
use carbex_vocabulary::{BasisPoints, Event, Sequence};
use exchange::{Exchange, life, submit_all};

/// All commands and events up to `last`, as a subscription delivers them.
fn read_to(subscription: &mut Subscription, last: Sequence) -> Vec<(Sequence, Vec<Event>)> {
    let mut read = Vec::new();
    while read.last().is_none_or(|(sequence, _)| *sequence < last) {
        match subscription.wait(Duration::from_secs(10)) {
            Some(Delivery::Group(group)) => {
                read.extend(group.records().map(|record| (record.sequence, record.events.to_vec())));
            }
            other => panic!("{other:?} after {} commands", read.len()),
        }
    }
    read
}

#[test]
fn a_subscriber_sees_every_event_once_in_order() {
    let exchange = Exchange::new();
    let node = exchange.start();
    let mut early = node.subscribe(Sequence::new(2)).expect("from the first command after the founding");
    let end = Sequence::new(1 + exchange::opening().len() as u64 + 3_000);
    let reader = std::thread::spawn(move || read_to(&mut early, end));
    exchange.open_year(&node);
    let receipts = submit_all(&node, &life(5, 3_000));
    let last = receipts.last().expect("receipts").sequence;
    assert_eq!(last, end);
    let seen = reader.join().expect("the reader ends");
    let sequences: Vec<_> = seen.iter().map(|(sequence, _)| sequence.number()).collect();
    assert_eq!(sequences, (2..=last.number()).collect::<Vec<_>>());
    let trades = seen.iter().flat_map(|(_, events)| events).filter(|event| matches!(event, Event::Trade { .. }));
    assert!(trades.count() > 100, "there is something to see");
    for receipt in &receipts {
        let (_, events) = &seen[receipt.sequence.number() as usize - 2];
        assert!(receipt.outcome.is_none_or(|outcome| events.contains(&outcome)));
    }

    node.stop().expect("a clean stop");
    let mut replayed = Vec::new();
    let reached = replay(&exchange.journal(), Sequence::new(2), last, &mut |one| {
        replayed.push((one.record.sequence, one.events.to_vec()));
    });
    assert_eq!(reached.expect("the replay"), last);
    assert_eq!(replayed, seen, "what is replayed is what was published");
}

#[test]
fn a_subscription_starts_in_the_middle_of_the_ring() {
    let exchange = Exchange::new();
    let node = exchange.start_alive();
    for submission in life(6, 50) {
        node.submit(submission).expect("taken").wait().expect("a receipt");
    }
    let last = node.durable();
    for from in (2..=last.number()).map(Sequence::new) {
        let mut subscription = node.subscribe(from).expect("it is in the ring");
        let Some(Delivery::Group(group)) = subscription.try_next() else { panic!("nothing from {from}") };
        assert!(group.first <= from && from <= group.last);
        assert_eq!(group.since(from).next().map(|record| record.sequence), Some(from));
    }
    let mut next = node.subscribe(Sequence::new(last.number() + 1)).expect("what comes next");
    assert!(next.try_next().is_none());
    let ahead = node.subscribe(Sequence::new(last.number() + 2)).unwrap_err();
    assert_eq!(ahead, SubscribeRefusal::Ahead { next: Sequence::new(last.number() + 1) });
}

#[test]
fn a_slow_subscriber_is_told_where_it_lost_the_thread() {
    let exchange = Exchange::new();
    let node = exchange.start_with(|options| NodeOptions { published_groups_max: 4, ..options });
    exchange.open_year(&node);
    let from = Sequence::new(node.durable().number() + 1);
    let mut slow = node.subscribe(from).expect("what comes next");
    for submission in life(7, 20) {
        node.submit(submission).expect("taken").wait().expect("a receipt");
    }
    let Some(Delivery::Lagged { missed, resumed }) = slow.try_next() else { panic!("it is far behind") };
    assert_eq!(missed, from);
    assert_eq!(resumed.number(), from.number() + 16, "the ring holds the last four groups");
    let mut replayed = Vec::new();
    let before = Sequence::new(resumed.number() - 1);
    replay(&exchange.journal(), missed, before, &mut |one| replayed.push(one.record.sequence)).expect("the replay");
    assert_eq!(replayed.len(), 16, "what was missed is in the journal, beside the running node");
    let rest = read_to(&mut slow, node.durable());
    assert_eq!(rest[0].0, resumed);
    assert_eq!(rest.len(), 4);
    assert!(matches!(node.subscribe(from).unwrap_err(), SubscribeRefusal::TooOld { oldest } if oldest == resumed));
    node.stop().expect("a clean stop");
    assert!(matches!(slow.try_next(), Some(Delivery::Closed)));
}

#[test]
fn a_command_that_touches_everyone_does_not_fill_the_memory() {
    let exchange = Exchange::new();
    let node = exchange.start_with(|options| NodeOptions { published_events_max: 60, ..options });
    exchange.open_year(&node);
    let everyone = Command::AllotAll { fraction: BasisPoints::new(100) };
    for _ in 0..3 {
        submit_all(&node, &[Submission::new(everyone, Role::Regulator, 1)]);
    }
    // Each allotment causes an event for every resident and one more: only the last is kept.
    let last = node.durable();
    let gone = node.subscribe(Sequence::new(last.number() - 1)).unwrap_err();
    assert_eq!(gone, SubscribeRefusal::TooOld { oldest: last });
    let mut subscription = node.subscribe(last).expect("it is kept");
    let seen = read_to(&mut subscription, last);
    assert_eq!(seen.len(), 1);
    assert!(seen[0].1.len() > exchange::RESIDENTS as usize);
    submit_all(&node, &life(1, 20));
    assert_eq!(read_to(&mut subscription, node.durable()).len(), 20, "the reader goes on");
}

#[tokio::test]
async fn an_async_reader_is_woken() {
    let exchange = Exchange::new();
    let node = exchange.start_alive();
    let mut subscription = node.subscribe(Sequence::new(node.durable().number() + 1)).expect("what comes next");
    let reader = tokio::spawn(async move { subscription.next().await });
    tokio::time::sleep(Duration::from_millis(20)).await;
    let receipt = node.submit(exchange::sell(1, 1_000, 100_000)).expect("taken").await.expect("a receipt");
    let Delivery::Group(group) = reader.await.expect("the reader ends") else { panic!("a group") };
    assert_eq!(group.last, receipt.sequence);
}
