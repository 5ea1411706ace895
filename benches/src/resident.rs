//! How much memory the process has, as the kernel counts it.

use crate::BenchFault;

const PAGE_BYTES: u64 = 4096;

/// Resident bytes of this process.
pub(crate) fn resident_bytes() -> Result<u64, BenchFault> {
    let text = std::fs::read_to_string("/proc/self/statm").map_err(BenchFault::Resident)?;
    let pages = text.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages
        .map(|pages| pages * PAGE_BYTES)
        .ok_or_else(|| BenchFault::Resident(std::io::Error::other(format!("unexpected: {text:?}"))))
}
