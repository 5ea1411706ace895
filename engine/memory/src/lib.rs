//! Tables of plain records on huge pages, and prefetching. The only room under the core with `unsafe` code: what the core
//! asks of memory, in two small types, so that the core itself needs none.

mod pages;
mod table;

pub use pages::{NoHugePages, huge_pages};
pub use table::{Table, prefetch};
