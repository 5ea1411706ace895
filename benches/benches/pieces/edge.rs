//! What stands around the core: the rules' checks, the journal's bytes, the way in.

use std::hint::{black_box, spin_loop};
use std::time::{Duration, Instant};

use carbex_core::Command;
use carbex_rules::{
    AccountYear, Allowance, HoldingTerms, Holdings, PurchaseTerms, RuleSet, check_purchase, check_sale,
};
use carbex_vocabulary::{AccountId, PriceUeur, QuantityG, Side, TimeInForce};
use criterion::Criterion;
use crossbeam::queue::ArrayQueue;

fn charter() -> RuleSet {
    carbex_rulebook::preset("charter").expect("the charter is a preset").rulebook().rules
}

fn place() -> Command {
    Command::Place {
        account: AccountId::new(0x9E37_79B9_7F4A_7C15),
        client_order_id: None,
        side: Side::Sell,
        quantity: QuantityG::new(120_000),
        price: PriceUeur::new(85_000),
        tif: TimeInForce::Gtc,
    }
}

/// All checks of a sell's wish, and all of a buy's, on a citizen's account in March; and the limits they go by, which are
/// worked out once a day for all accounts that share them.
pub fn rule_checks(criterion: &mut Criterion) {
    let rules = charter();
    let year = AccountYear::new(9_000_000, 10_000, 365, 80, 0);
    let holdings =
        Holdings { allotted_g: 7_200_000, consumed_g: 1_800_000, cash_ueur: 100_000_000, ..Holdings::default() };
    let allowance = Allowance::new(&rules, &year, 0);
    let mut group = criterion.benchmark_group("rule check");
    group.bench_function("limits of the day", |bencher| {
        bencher.iter(|| Allowance::new(&rules, black_box(&year), black_box(0)));
    });
    group.bench_function("sell", |bencher| {
        bencher.iter(|| {
            let (holdings, allowance) = (black_box(&holdings), black_box(&allowance));
            check_sale(&rules.sale, holdings, allowance, false, black_box(120_000))
        });
    });
    group.bench_function("buy", |bencher| {
        bencher.iter(|| {
            let (holdings, allowance) = (black_box(&holdings), black_box(&allowance));
            let (mut holding, mut purchase) = (HoldingTerms::default(), PurchaseTerms::default());
            holding.add(holdings, allowance);
            purchase.add(holdings, allowance);
            check_purchase(holdings, &holding, &purchase, black_box(120_000), black_box(10_200_000))
        });
    });
    group.finish();
}

/// A `place` into the journal's bytes and back.
pub fn journal_bytes(criterion: &mut Criterion) {
    let command = place();
    let mut bytes = Vec::with_capacity(256);
    let mut group = criterion.benchmark_group("journal bytes");
    group.bench_function("encode", |bencher| {
        bencher.iter(|| {
            bytes.clear();
            carbex_wire::encode_command(black_box(&command), &mut bytes);
            black_box(bytes.len())
        });
    });
    bytes.clear();
    carbex_wire::encode_command(&command, &mut bytes);
    assert_eq!(carbex_wire::decode_command(&bytes).ok(), Some(command));
    group.bench_function("decode", |bencher| {
        bencher.iter(|| carbex_wire::decode_command(black_box(&bytes)));
    });
    group.finish();
}

/// Commands that the queue holds in these benches.
const QUEUE_COMMANDS: usize = 1_024;

/// A command through the node's kind of queue: in and out on one thread, and from one thread to another and back.
pub fn queue_hop(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("queue");
    let queue = ArrayQueue::new(QUEUE_COMMANDS);
    let command = place();
    group.bench_function("push and pop", |bencher| {
        bencher.iter(|| {
            let pushed = queue.push(black_box(command)).is_ok();
            (pushed, queue.pop())
        });
    });
    group.bench_function("hop to another thread", |bencher| bencher.iter_custom(|hops| hop(command, hops)));
    group.finish();
}

/// Sends a command there and back until it has hopped `hops` times; both threads look for it without sleeping.
fn hop(command: Command, hops: u64) -> Duration {
    let (there, back) = (ArrayQueue::new(QUEUE_COMMANDS), ArrayQueue::new(QUEUE_COMMANDS));
    let rounds = hops.div_ceil(2);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..rounds {
                send(&back, receive(&there));
            }
        });
        let started = Instant::now();
        for _ in 0..rounds {
            send(&there, command);
            black_box(receive(&back));
        }
        let elapsed = started.elapsed();
        elapsed.mul_f64(hops as f64 / (rounds * 2) as f64)
    })
}

/// The queue is never full: one command is under way.
fn send(queue: &ArrayQueue<Command>, command: Command) {
    assert!(queue.push(command).is_ok(), "one command in a queue of {QUEUE_COMMANDS}");
}

/// Looks as long as the node's core does before it gives its turn away.
fn receive(queue: &ArrayQueue<Command>) -> Command {
    loop {
        for _ in 0..64 {
            if let Some(command) = queue.pop() {
                return command;
            }
            spin_loop();
        }
        std::thread::yield_now();
    }
}
