//! The plug pulled at any operation: unsynced sectors lost or reordered, and what was acknowledged is there.

mod support;

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use carbex_journal::{Journal, SimulatedDisk};
use support::{commit, options, read_all};

/// Enough for four segments of 16 KiB.
const RECORDS: u64 = 150;

/// Runs a journal and keeps the disk as it is just before its operation number `at`, with what was acknowledged by then and what
/// may be there: at most the one group in flight, which has at most three records, beyond what was acknowledged when the disk
/// had been kept. (The operation may be the preparer's, beside which the writer goes on.) None if there are fewer operations.
fn run_until(at: u64) -> Option<(SimulatedDisk, RangeInclusive<u64>)> {
    let disk = SimulatedDisk::new();
    let (acknowledged, operations) = (Arc::new(AtomicU64::new(0)), AtomicU64::new(0));
    let kept = Arc::new(Mutex::new(None));
    let (watched, keeps, acks) = (disk.clone(), Arc::clone(&kept), Arc::clone(&acknowledged));
    disk.watch(move |_| {
        if operations.fetch_add(1, Ordering::SeqCst) == at {
            let acknowledged = acks.load(Ordering::SeqCst);
            let fork = watched.fork();
            *keeps.lock().unwrap() = Some((fork, acknowledged..=acks.load(Ordering::SeqCst) + 3));
        }
    });
    let (mut journal, _) = Journal::open_in(Arc::new(disk.clone()), options(16 * 1024)).unwrap();
    while journal.durable_sequence().number() < RECORDS {
        let next = journal.next_sequence().number();
        let last = commit(&mut journal, 1 + next % 3).unwrap();
        acknowledged.store(last.number(), Ordering::SeqCst);
    }
    drop(journal);
    kept.lock().unwrap().take()
}

#[test]
fn after_a_power_cut_at_any_operation_the_acknowledged_records_are_there_and_it_goes_on() {
    let (mut points, mut torn, mut unacknowledged) = (0, 0, 0);
    for at in 0.. {
        let Some((disk, possible)) = run_until(at) else { break };
        points += 1;
        for seed in 0..6 {
            let mut random = fastrand::Rng::with_seed(at * 100 + seed);
            let after = disk.after_power_cut(&mut |below| random.u64(..below));
            let opened = Journal::open_in(Arc::new(after.clone()), options(16 * 1024));
            let (mut journal, recovered) =
                opened.unwrap_or_else(|fault| panic!("operation {at}, seed {seed}: {fault}"));
            let last = recovered.last.map_or(0, |last| last.number());
            assert!(possible.contains(&last), "operation {at}, seed {seed}: {possible:?}, {last}");
            torn += u64::from(recovered.cut.is_some());
            unacknowledged += u64::from(last > *possible.start());
            commit(&mut journal, 2).unwrap();
            drop(journal);
            let (read, tail) = read_all(&after);
            assert_eq!((read, tail.unwrap()), (last + 2, None), "operation {at}, seed {seed}");
        }
    }
    // The test is about something only if these happen.
    assert!(
        points > 100 && torn > 100 && unacknowledged > 10,
        "{points} points, {torn} torn, {unacknowledged} in flight"
    );
}

#[test]
fn a_power_cut_while_the_torn_tail_is_being_cut_is_recovered_from_too() {
    let mut again = 0;
    for at in 0.. {
        let Some((disk, possible)) = run_until(at) else { break };
        let mut random = fastrand::Rng::with_seed(at);
        let torn = disk.after_power_cut(&mut |below| random.u64(..below));
        let second = Arc::new(Mutex::new(None));
        let (watched, keeps, operations) = (torn.clone(), Arc::clone(&second), AtomicU64::new(0));
        torn.watch(move |_| {
            // The second operation of a recovery that cuts is the sync of the zeros.
            if operations.fetch_add(1, Ordering::SeqCst) == 1 {
                *keeps.lock().unwrap() = Some(watched.fork());
            }
        });
        let (_journal, recovered) = Journal::open_in(Arc::new(torn.clone()), options(16 * 1024)).unwrap();
        let Some(second) = second.lock().unwrap().take().filter(|_| recovered.cut.is_some()) else { continue };
        again += 1;
        let after = second.after_power_cut(&mut |below| random.u64(..below));
        let (_journal, recovered) = Journal::open_in(Arc::new(after), options(16 * 1024)).unwrap();
        let last = recovered.last.map_or(0, |last| last.number());
        assert!(possible.contains(&last), "operation {at}: {possible:?}, {last}");
    }
    assert!(again > 10, "{again}");
}
