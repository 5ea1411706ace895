//! Where the exchange lies while it is measured: on a disk, with room.

use rustix::fs::{statfs, statvfs};

use super::{HttpFault, HttpOptions};

const TMPFS_MAGIC: i64 = 0x0102_1994;
/// What one order takes on the disk, in the journal and in the history index, generously.
const ORDER_BYTES: u64 = 400;
/// What one account takes there.
const ACCOUNT_BYTES: u64 = 1_000;
/// Orders placed in a second, singly and in batches, generously.
const SINGLE_PER_S: u64 = 100_000;
const BATCHED_PER_S: u64 = 700_000;
/// Reserved segments, the accounts, and some air.
const ALWAYS_BYTES: u64 = 1 << 30;

/// Refuses a place in memory, and one without room.
pub fn check(options: &HttpOptions) -> Result<(), HttpFault> {
    let path = || options.scratch.clone();
    let fault = |source: rustix::io::Errno| HttpFault::Scratch { path: path(), source: source.into() };
    if statfs(&options.scratch).map_err(fault)?.f_type == TMPFS_MAGIC {
        return Err(HttpFault::InMemory { path: path() });
    }
    let told = statvfs(&options.scratch).map_err(fault)?;
    let free_bytes = told.f_bavail.saturating_mul(told.f_frsize);
    let needed_bytes = needed_bytes(options);
    if free_bytes < needed_bytes {
        return Err(HttpFault::NoRoom { path: path(), free_bytes, needed_bytes });
    }
    Ok(())
}

/// What the measurement may write.
fn needed_bytes(options: &HttpOptions) -> u64 {
    let rounds = u64::from(options.rounds);
    let levels = options.connections.len() as u64;
    // Once in a closed loop and once in the open one.
    let single_ms = options.round_time.as_millis() as u64 * rounds * levels * 2;
    let batched_ms = options.batch_time.as_millis() as u64 * rounds;
    let orders = (single_ms * SINGLE_PER_S + batched_ms * BATCHED_PER_S) / 1_000;
    ALWAYS_BYTES + orders * ORDER_BYTES + u64::from(options.accounts) * ACCOUNT_BYTES
}
