//! The core alone, in process, one thread: place, cancel, cross, debit, uncross. Terms in benches/README.md.

use carbex_benches::Bench;
use carbex_core::Command;
use carbex_vocabulary::{DebitMode, OrderId, Phase, PriceUeur, QuantityG, Side, TimeInForce};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

const ACCOUNTS: u32 = 1_000_000;
const ORDERS: u32 = 1_000_000;

fn place(bench: &mut Bench, side: Side, price_ueur: u64, lots: u64) -> (carbex_vocabulary::AccountId, u64) {
    let account = bench.account();
    let command = Command::Place {
        account,
        client_order_id: None,
        side,
        quantity: QuantityG::new(lots * 1000),
        price: PriceUeur::new(price_ueur),
        tif: TimeInForce::Gtc,
    };
    (account, bench.apply(&command))
}

fn book(bench: &mut Bench, orders: u64) {
    for _ in 0..orders {
        let (sell, buy) = (85_010 + bench.below(490) * 10, 85_000 - bench.below(490) * 10);
        place(bench, Side::Sell, sell, 1);
        place(bench, Side::Buy, buy, 1);
    }
}

fn core(criterion: &mut Criterion) {
    let mut bench = Bench::new(ACCOUNTS, ORDERS);
    book(&mut bench, 50_000);
    let mut group = criterion.benchmark_group("core");
    group.throughput(Throughput::Elements(2));
    group.bench_function("place and cancel", |bencher| {
        bencher.iter(|| {
            let price_ueur = 85_010 + bench.below(490) * 10;
            let (account, order) = place(&mut bench, Side::Sell, price_ueur, 1);
            bench.apply(&Command::Cancel { account, order: OrderId::new(order) });
        });
    });
    group.bench_function("place and cross", |bencher| {
        bencher.iter(|| {
            place(&mut bench, Side::Sell, 85_000, 1);
            place(&mut bench, Side::Buy, 85_010, 1);
        });
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function("debit", |bencher| {
        bencher.iter(|| {
            let account = bench.account();
            bench.apply(&Command::Debit { account, quantity: QuantityG::new(30), mode: DebitMode::Record });
        });
    });
    group.finish();
}

fn auction(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("auction");
    group.sample_size(10);
    const CROSSING: u64 = 100_000;
    group.throughput(Throughput::Elements(CROSSING));
    group.bench_function("uncross 100,000 orders", |bencher| {
        bencher.iter_batched_ref(
            || {
                let mut bench = Bench::new(200_000, 200_000);
                bench.apply(&Command::SetPhase { phase: Phase::Auction });
                for _ in 0..CROSSING / 2 {
                    let (sell, buy) = (84_000 + bench.below(150) * 10, 84_500 + bench.below(150) * 10);
                    place(&mut bench, Side::Sell, sell, 1);
                    place(&mut bench, Side::Buy, buy, 1);
                }
                bench
            },
            |bench| bench.apply(&Command::Uncross),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, core, auction);
criterion_main!(benches);
