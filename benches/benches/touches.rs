//! What memory alone asks of a command: the tables that an order touches, without a market around them.
//!
//! `cargo bench -p carbex-benches --bench touches -- ACCOUNTS` (68 million if not given). Tables as large as the core's, on the same
//! pages, looked at ahead as the core looks (three steps of eight), with some arithmetic per command in between: if waiting could
//! hide behind work, the added cost would fall as the work grows. Each figure is the fastest of three rounds, beside the same
//! arithmetic alone.

use std::hint::black_box;
use std::time::Instant;

use carbex_memory::{Table, prefetch};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// As an account's record: 96 bytes in two neighbouring lines.
type Record = [u64; 12];

const COMMANDS: usize = 1 << 22;
const TOGETHER: usize = 8;
/// How many commands are drawn beyond the last, so that looking ahead needs no end.
const BEYOND: usize = 4 * TOGETHER;
const ROUNDS: usize = 3;
/// Dependent steps of arithmetic per command: none, about a debit's work, about an order's.
const WORK: [u32; 3] = [0, 60, 250];

/// The tables, and the places that the commands touch.
struct Tables {
    index: Table<u32>,
    records: Table<Record>,
    purchases: Table<u64>,
    /// Places in the index.
    named: Vec<u32>,
    /// Places of records: the accounts met.
    met: Vec<u32>,
}

impl Tables {
    fn new(accounts: u32) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(2027);
        let mut tables = Self {
            index: Table::zeroed(accounts as usize * 3 / 2),
            records: Table::zeroed(accounts as usize),
            purchases: Table::zeroed(accounts as usize),
            named: Vec::new(),
            met: Vec::new(),
        };
        tables.index.fill_with(|| random.random_range(0..accounts));
        tables.records.fill([1; 12]);
        tables.purchases.fill(1);
        let entries = accounts / 2 * 3;
        tables.named = (0..COMMANDS + BEYOND).map(|_| random.random_range(0..entries)).collect();
        tables.met = (0..COMMANDS + BEYOND).map(|_| random.random_range(0..accounts)).collect();
        tables
    }

    fn look_at(&self, slot: u32) {
        let record = &self.records[slot as usize];
        prefetch(record);
        prefetch(&record[8]);
    }

    fn change(&mut self, slot: u32, by: u64) {
        let record = &mut self.records[slot as usize];
        record[3] = record[3].wrapping_add(by);
        record[9] ^= record[3];
    }

    /// Runs all commands once; answers nanoseconds per command.
    fn run(&mut self, touched: Touched, steps: u32) -> f64 {
        let mut sum = 1_u64;
        let started = Instant::now();
        for at in (0..COMMANDS).step_by(TOGETHER) {
            let burst = |number: usize| at + number * TOGETHER..at + (number + 1) * TOGETHER;
            if touched >= Touched::IndexAndRecord {
                burst(3).for_each(|at| self.index.prefetch(self.named[at] as usize));
            }
            if touched >= Touched::Record {
                burst(2).for_each(|at| self.look_at(self.slot(at, touched)));
            }
            if touched == Touched::Crossing {
                for at in burst(1) {
                    self.look_at(self.met[at]);
                    self.purchases.prefetch(self.met[at] as usize);
                }
            }
            for at in burst(0) {
                for _ in 0..steps {
                    sum = black_box(sum.wrapping_add(u64::from(steps)) ^ (sum >> 3));
                }
                if touched >= Touched::Record {
                    self.change(self.slot(at, touched), sum);
                }
                if touched == Touched::Crossing {
                    self.change(self.met[at], sum);
                    self.purchases[self.met[at] as usize] = sum;
                }
            }
        }
        black_box(sum);
        started.elapsed().as_nanos() as f64 / COMMANDS as f64
    }

    fn slot(&self, at: usize, touched: Touched) -> u32 {
        if touched == Touched::Record { self.met[at] } else { self.index[self.named[at] as usize] }
    }

    fn fastest(&mut self, touched: Touched, steps: u32) -> f64 {
        (0..ROUNDS).map(|_| self.run(touched, steps)).fold(f64::INFINITY, f64::min)
    }
}

/// What a command touches.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Touched {
    Nothing,
    /// A record whose place is known.
    Record,
    /// The index, then the record that it names: a debit, an order that rests.
    IndexAndRecord,
    /// Also the record of the account met, and when it last bought.
    Crossing,
}

fn main() {
    let accounts = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(68_000_000);
    let mut tables = Tables::new(accounts);
    println!("{accounts} accounts; ns a command, and what the touches add");
    println!("{:>12} | {:>20} | {:>20} | {:>24}", "work alone", "record", "index and record", "and the one met");
    for steps in WORK {
        let alone = tables.fastest(Touched::Nothing, steps);
        let told = |all: f64| format!("{all:.1} (+{:.1})", all - alone);
        let record = tables.fastest(Touched::Record, steps);
        let named = tables.fastest(Touched::IndexAndRecord, steps);
        let crossing = tables.fastest(Touched::Crossing, steps);
        println!("{alone:>12.1} | {:>20} | {:>20} | {:>24}", told(record), told(named), told(crossing));
    }
}
