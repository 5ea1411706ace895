//! The yardstick: a bare random read-modify-write over a table of as many records of 64 bytes as there are accounts.

use std::hint::black_box;
use std::time::Instant;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::progress::{Progress, Stage};

/// One record: a cache line, as an account's hot side is.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Record([u64; 8]);

/// Places drawn before the clock starts; their list is read in order and costs next to nothing.
const ACCESSES: usize = 8_000_000;
/// Rounds over the list; the fastest counts, since noise only ever adds.
const ROUNDS: usize = 3;

/// Nanoseconds of one access, in the fastest of some rounds.
pub(crate) fn random_access_ns(records: u32, seed: u64, progress: &mut dyn Progress) -> f64 {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let records = records.max(1);
    progress.begin(Stage::RandomAccess, ROUNDS as u64 + 1);
    let places: Vec<u32> = (0..ACCESSES).map(|_| random.random_range(0..records)).collect();
    let mut table = Vec::with_capacity(records as usize);
    // Written, not merely zeroed: every page is there before the clock starts.
    table.resize(records as usize, Record([1; 8]));
    let mut best_ns = f64::INFINITY;
    for round in 0..ROUNDS {
        progress.reached(round as u64 + 1);
        let started = Instant::now();
        touch(&mut table, &places);
        best_ns = best_ns.min(started.elapsed().as_nanos() as f64 / ACCESSES as f64);
    }
    progress.reached(ROUNDS as u64 + 1);
    black_box(&table);
    best_ns
}

/// Reads, changes and writes one record per place.
fn touch(table: &mut [Record], places: &[u32]) {
    for place in places {
        let record = &mut table[*place as usize];
        record.0[0] = record.0[0].wrapping_add(u64::from(*place));
        record.0[7] ^= record.0[0];
    }
}
