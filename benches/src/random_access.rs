//! The yardstick: a bare random read-modify-write over a table of as many records of 64 bytes as there are accounts, on the
//! pages that the accounts lie on and with the look-ahead that they get.

use std::hint::black_box;
use std::ops::RangeInclusive;
use std::time::Instant;

use carbex_memory::Table;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::Terms;
use crate::progress::{Progress, Stage};

/// One record: a cache line, as an account's hot side is.
type Record = [u64; 8];

/// How many accesses are timed: as many as commands, within these. Their places are drawn before the clock starts; the list
/// is read in order and costs next to nothing.
const ACCESSES: RangeInclusive<usize> = 100_000..=8_000_000;
/// No processor has more lines on their way; farther ahead they would be gone again.
const AHEAD_MAX: usize = 32;
/// Rounds over the list; the fastest counts, since noise only ever adds.
const ROUNDS: usize = 3;

/// Nanoseconds of one access, in the fastest of some rounds.
pub(crate) fn random_access_ns(terms: &Terms, commands: usize, progress: &mut dyn Progress) -> f64 {
    let mut random = ChaCha8Rng::seed_from_u64(terms.seed);
    let records = terms.accounts.max(1);
    progress.begin(Stage::RandomAccess, ROUNDS as u64 + 1);
    let accesses = commands.clamp(*ACCESSES.start(), *ACCESSES.end());
    let places: Vec<u32> = (0..accesses).map(|_| random.random_range(0..records)).collect();
    let mut table: Table<Record> = Table::zeroed(records as usize);
    // Written, not merely reserved: every page is there before the clock starts.
    table.fill([1; 8]);
    // As many commands are on their way as were handed over together.
    let ahead = if terms.pace.look_ahead { terms.pace.at_hand_commands.min(AHEAD_MAX) } else { 0 };
    let mut best_ns = f64::INFINITY;
    for round in 0..ROUNDS {
        progress.reached(round as u64 + 1);
        let started = Instant::now();
        touch(&mut table, &places, ahead);
        best_ns = best_ns.min(started.elapsed().as_nanos() as f64 / accesses as f64);
    }
    progress.reached(ROUNDS as u64 + 1);
    black_box(table.first());
    best_ns
}

/// Reads, changes and writes one record per place, and asks for the record `ahead` places later; 0 asks for none.
fn touch(table: &mut Table<Record>, places: &[u32], ahead: usize) {
    for (at, place) in places.iter().enumerate() {
        if ahead > 0
            && let Some(later) = places.get(at + ahead)
        {
            table.prefetch(*later as usize);
        }
        let record = &mut table[*place as usize];
        record[0] = record[0].wrapping_add(u64::from(*place));
        record[7] ^= record[0];
    }
}
