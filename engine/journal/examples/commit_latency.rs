//! Measures commits on this disk: `cargo run --release -p carbex-journal --example commit_latency -- DIRECTORY`.
//!
//! Terms: one thread, one group at a time, records with a 64-byte body, no reason; the time is that of `commit` alone (encode the
//! header, hash, write, fdatasync), begin_group with its rolls is counted in the throughput and told apart.

use std::time::{Duration, Instant};

use carbex_journal::{EventsHash, Journal, JournalOptions, RecordHead};
use carbex_vocabulary::TimestampNs;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::args().nth(1).ok_or("name an empty directory on the disk to be measured")?;
    println!("records/group  groups    p50 us    p99 us    max us   begin max us   records/s     MB/s");
    for (records, groups) in [(1, 4000), (16, 4000), (64, 4000), (512, 2000), (4096, 500)] {
        let place = std::path::Path::new(&directory).join(format!("group-{records}"));
        let (mut journal, _) = Journal::open(JournalOptions::new(&place))?;
        let (mut commits, mut begins) = (Vec::with_capacity(groups), Duration::ZERO);
        let start = Instant::now();
        for group in 0..groups {
            let begin = Instant::now();
            journal.begin_group(records * Journal::record_bytes(0, 64))?;
            begins = begins.max(begin.elapsed());
            for record in 0..records {
                let time = TimestampNs::new((group * records + record) as u64);
                let head =
                    RecordHead { time, actor: record as u64, role: 1, member: 2, idempotency_key: 3, reason: "" };
                journal.push_record(&head, &[record as u8 | 1; 64])?;
            }
            let commit = Instant::now();
            journal.commit(EventsHash::ZERO)?;
            commits.push(commit.elapsed());
        }
        let seconds = start.elapsed().as_secs_f64();
        journal.close()?;
        commits.sort_unstable();
        let us = |duration: Duration| duration.as_secs_f64() * 1e6;
        let total = (records * groups) as f64;
        println!(
            "{records:>13} {groups:>7} {:>9.0} {:>9.0} {:>9.0} {:>14.0} {:>11.0} {:>8.1}",
            us(commits[groups / 2]),
            us(commits[groups * 99 / 100]),
            us(commits[groups - 1]),
            us(begins),
            total / seconds,
            total * Journal::record_bytes(0, 64) as f64 / seconds / 1e6,
        );
        std::fs::remove_dir_all(place)?;
    }
    Ok(())
}
