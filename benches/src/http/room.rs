//! The room that the measurement takes on the disk.

use super::HttpOptions;

/// What one order takes on the disk, in the journal and in the history index, generously.
const ORDER_BYTES: u64 = 400;
/// What one account takes there.
const ACCOUNT_BYTES: u64 = 1_000;
/// Orders placed in a second, singly and in batches, generously.
const SINGLE_PER_S: u64 = 100_000;
const BATCHED_PER_S: u64 = 700_000;
/// Reserved segments, the accounts, and some air.
const ALWAYS_BYTES: u64 = 1 << 30;

/// What the measurement may write.
pub fn needed_bytes(options: &HttpOptions) -> u64 {
    let rounds = u64::from(options.rounds);
    let levels = options.connections.len() as u64;
    // Once in a closed loop and once in the open one.
    let single_ms = options.round_time.as_millis() as u64 * rounds * levels * 2;
    let batched_ms = options.batch_time.as_millis() as u64 * rounds;
    let orders = (single_ms * SINGLE_PER_S + batched_ms * BATCHED_PER_S) / 1_000;
    ALWAYS_BYTES + orders * ORDER_BYTES + u64::from(options.accounts) * ACCOUNT_BYTES
}
