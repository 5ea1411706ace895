//! The pieces one by one: place, cancel, cross, debit, rule check, encode, decode, queue hop. Terms in benches/README.md.

mod core;
mod edge;

use criterion::{criterion_group, criterion_main};

criterion_group!(benches, core::commands, edge::rule_checks, edge::journal_bytes, edge::queue_hop);
criterion_main!(benches);
