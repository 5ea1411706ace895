//! Spares are reserved at once and written with zeros while the writer is idle; neither shows in what is recovered.

mod support;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use carbex_journal::{Journal, JournalOptions, Operation, SimulatedDisk};
use support::{commit, options, read_all};

const SEGMENT_BYTES: u64 = 16 * 1024;

fn zeroing() -> JournalOptions {
    JournalOptions { zero_when_idle: true, ..options(SEGMENT_BYTES) }
}

/// Longer than the preparer waits for the writer to be idle.
const IDLE: Duration = Duration::from_millis(12);

#[test]
fn the_next_segment_is_written_with_zeros_while_nothing_else_is() {
    let disk = SimulatedDisk::new();
    let writes = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&writes);
    disk.watch(move |operation| {
        counted.fetch_add(u64::from(operation == Operation::Write), Ordering::SeqCst);
    });
    let (mut journal, _) = Journal::open_in(Arc::new(disk.clone()), zeroing()).unwrap();
    // The first segment's header and the mark of the opening, then the zeros.
    let start = Instant::now();
    while writes.load(Ordering::SeqCst) < 3 {
        assert!(start.elapsed() < Duration::from_secs(10), "the idle preparer writes no zeros");
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(2 * IDLE);
    assert_eq!(writes.load(Ordering::SeqCst), 3, "once is enough");
    while journal.durable_sequence().number() < 100 {
        commit(&mut journal, 2).unwrap();
    }
    drop(journal);
    assert_eq!(read_all(&disk).0, 100);
}

#[test]
fn without_zeros_a_spare_is_reserved_and_never_written() {
    let disk = SimulatedDisk::new();
    let (journal, _) = Journal::open_in(Arc::new(disk.clone()), options(SEGMENT_BYTES)).unwrap();
    let start = Instant::now();
    while disk.files().iter().filter(|(name, _)| name.ends_with("-segment.cxj")).count() < 2 {
        assert!(start.elapsed() < Duration::from_secs(10), "no spares");
        std::thread::sleep(Duration::from_millis(1));
    }
    for name in ["prepared-segment.cxj", "reserve-segment.cxj"] {
        assert_eq!(disk.bytes(name), vec![0; SEGMENT_BYTES as usize]);
    }
    drop(journal);
}

#[test]
fn a_power_cut_while_zeros_are_written_loses_nothing_acknowledged() {
    let mut points = 0;
    for at in 0.. {
        let disk = SimulatedDisk::new();
        let (acknowledged, operations) = (Arc::new(AtomicU64::new(0)), AtomicU64::new(0));
        let kept = Arc::new(Mutex::new(None));
        let (watched, keeps, acks) = (disk.clone(), Arc::clone(&kept), Arc::clone(&acknowledged));
        disk.watch(move |_| {
            if operations.fetch_add(1, Ordering::SeqCst) == at {
                *keeps.lock().unwrap() = Some((watched.fork(), acks.load(Ordering::SeqCst)));
            }
        });
        let (mut journal, _) = Journal::open_in(Arc::new(disk.clone()), zeroing()).unwrap();
        for round in 0..40 {
            if round % 13 == 0 {
                std::thread::sleep(IDLE);
            }
            let last = commit(&mut journal, 3).unwrap();
            acknowledged.store(last.number(), Ordering::SeqCst);
        }
        drop(journal);
        let Some((cut, acknowledged)) = kept.lock().unwrap().take() else { break };
        points += 1;
        let mut random = fastrand::Rng::with_seed(at);
        let after = cut.after_power_cut(&mut |below| random.u64(..below));
        let (mut journal, recovered) = Journal::open_in(Arc::new(after.clone()), zeroing()).unwrap();
        let last = recovered.last.map_or(0, |last| last.number());
        assert!((acknowledged..=acknowledged + 3).contains(&last), "operation {at}: {acknowledged}, {last}");
        commit(&mut journal, 2).unwrap();
        drop(journal);
        assert_eq!(read_all(&after).0, last + 2, "operation {at}");
    }
    assert!(points > 80, "{points}");
}
