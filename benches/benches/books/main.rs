//! Open-source order books beside this exchange's core, on the same operations, one thread, in one run.
//!
//! The books check nothing and know no account; the core runs with every check and all its accounts. All must agree in
//! trades, lots and notional, or the run fails.

mod foreign;

use std::time::{Duration, Instant};

use carbex_benches::workload::{FlowShape, Operations, order_flow};
use carbex_benches::{Pace, Terms, TradeTotals, Unwatched, Work, time};
use clap::Parser;

use foreign::Book;

/// Open-source order books beside this exchange's core, on the balanced workload.
#[derive(Parser)]
struct Options {
    /// Accounts in the exchange.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    accounts: u32,
    /// Commands that are timed.
    #[arg(long, value_name = "N", default_value_t = 2_000_000)]
    commands: u32,
    /// Draws the workload.
    #[arg(long, value_name = "N", default_value_t = 2027)]
    seed: u64,
    /// Cargo's own.
    #[arg(long, hide = true)]
    bench: bool,
}

/// One engine's run.
struct Row {
    name: String,
    elapsed: Duration,
    totals: TradeTotals,
}

fn run<B: Book>(operations: &Operations) -> Row {
    let mut book = B::new(FlowShape::BALANCED.resting as usize);
    let mut before = TradeTotals::default();
    for (place, operation) in (0..).zip(&operations.prefill) {
        book.apply(place, operation, &mut before);
    }
    let mut totals = TradeTotals::default();
    let started = Instant::now();
    for (place, operation) in (operations.prefill.len() as u64..).zip(&operations.timed) {
        book.apply(place, operation, &mut totals);
    }
    Row { name: B::NAME.to_owned(), elapsed: started.elapsed(), totals }
}

fn main() {
    let Options { accounts, commands, seed, bench: _ } = Options::parse();
    let by_id = order_flow(FlowShape::BALANCED, accounts, commands as usize, seed);
    let mut by_place = by_id.clone();
    by_place.name_by_place();

    let terms = Terms { accounts, pace: Pace::DEFAULT, seed };
    let work = Work::of_operations("balanced".to_owned(), by_id.clone());
    let (elapsed, totals) = time(work, &terms, &mut Unwatched).expect("the core runs the balanced workload");
    let mut rows = vec![Row { name: format!("carbex core, {accounts} accounts, all rules"), elapsed, totals }];
    rows.push(run::<foreign::Matchcore>(&by_place));
    rows.push(run::<foreign::Obcore>(&by_id));
    rows.push(run::<foreign::Lobster>(&by_id));
    rows.push(run::<foreign::OrderbookRs>(&by_id));
    rows.push(run::<foreign::RustOb>(&by_id));

    println!("balanced, {commands} commands, seed {seed}, one thread");
    println!("| engine | M commands/s | ns a command | trades | lots | notional |");
    println!("|---|---|---|---|---|---|");
    for Row { name, elapsed, totals: TradeTotals { trades, traded_lots, notional } } in &rows {
        let ns = elapsed.as_nanos() as f64 / f64::from(commands);
        println!("| {name} | {:.2} | {ns:.0} | {trades} | {traded_lots} | {notional} |", 1_000.0 / ns);
    }
    for row in &rows {
        assert_eq!(row.totals, totals, "{} does not trade as the core does", row.name);
    }
}
