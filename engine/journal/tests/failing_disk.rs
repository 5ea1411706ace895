//! A disk that answers errors, and a disk that is full.

mod support;

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use carbex_journal::{AppendError, Journal, JournalFault, Operation, Room, SimulatedDisk, Trouble};
use support::{commit, options, read_all};

const SEGMENT_BYTES: u64 = 16 * 1024;

fn open(disk: &SimulatedDisk) -> Journal {
    Journal::open_in(Arc::new(disk.clone()), options(SEGMENT_BYTES)).unwrap().0
}

/// Waits until `condition` holds, at most ten seconds.
fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(10), "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn has(disk: &SimulatedDisk, name: &str) -> bool {
    disk.files().iter().any(|(file, _)| file == name)
}

/// Both spares are there: the preparer is quiet.
fn wait_for_spares(disk: &SimulatedDisk) {
    wait_until("both spares", || has(disk, "prepared-segment.cxj") && has(disk, "reserve-segment.cxj"));
}

fn poisons(operation: Operation) {
    let disk = SimulatedDisk::new();
    let mut journal = open(&disk);
    wait_for_spares(&disk);
    commit(&mut journal, 2).unwrap();
    disk.plan(operation, 0, Trouble::Error(ErrorKind::Other));
    let refused = commit(&mut journal, 2).unwrap_err();
    assert!(matches!(refused, JournalFault::Disk { .. }), "{refused}");
    assert_eq!(journal.durable_sequence().number(), 2, "nothing is acknowledged that is not on disk");

    // The disk is well again, and a second sync would answer Ok: too late, what it has lost is lost.
    disk.clear_plans();
    let syncs = disk.syncs();
    for _ in 0..3 {
        assert!(matches!(journal.begin_group(100), Err(AppendError::Fault(JournalFault::Poisoned { .. }))));
        assert!(matches!(journal.seal(), Err(AppendError::Fault(JournalFault::Poisoned { .. }))));
    }
    assert_eq!(disk.syncs(), syncs, "the sync is never tried again");
    assert_eq!(journal.durable_sequence().number(), 2);
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..20 {
        let after = disk.after_power_cut(&mut |below| random.u64(..below));
        let (journal, recovered) = Journal::open_in(Arc::new(after), options(SEGMENT_BYTES)).unwrap();
        assert!((2..=4).contains(&recovered.last.unwrap().number()));
        drop(journal);
    }
}

#[test]
fn a_failed_write_poisons_the_journal_for_ever() {
    poisons(Operation::Write);
}

#[test]
fn a_failed_sync_poisons_the_journal_for_ever() {
    poisons(Operation::Sync);
}

#[test]
fn a_group_that_only_memory_holds_after_a_failed_sync_is_made_durable_at_the_next_opening() {
    let disk = SimulatedDisk::new();
    let mut journal = open(&disk);
    wait_for_spares(&disk);
    commit(&mut journal, 2).unwrap();
    disk.plan(Operation::Sync, 0, Trouble::Error(ErrorKind::Other));
    commit(&mut journal, 2).unwrap_err();
    drop(journal);
    disk.clear_plans();
    // The next process sees the group (from memory) and builds on it; then the power goes.
    let mut journal = open(&disk);
    assert_eq!(journal.durable_sequence().number(), 4);
    commit(&mut journal, 2).unwrap();
    let after = disk.after_power_cut(&mut |_| 0);
    let (read, tail) = read_all(&after);
    assert_eq!((read, tail.unwrap()), (6, None));
}

#[test]
fn a_failed_rename_or_directory_sync_while_rolling_poisons_the_journal() {
    for operation in [Operation::Rename, Operation::SyncFolder] {
        let disk = SimulatedDisk::new();
        let mut journal = open(&disk);
        wait_for_spares(&disk);
        disk.plan(operation, 0, Trouble::Error(ErrorKind::Other));
        let fault = loop {
            if let Err(fault) = commit(&mut journal, 1) {
                break fault;
            }
        };
        assert!(matches!(fault, JournalFault::Disk { .. }), "{fault}");
        disk.clear_plans();
        assert!(matches!(commit(&mut journal, 1), Err(JournalFault::Poisoned { .. })));
        let last = journal.durable_sequence().number();
        drop(journal);
        assert_eq!(read_all(&disk).0, last);
    }
}

#[test]
fn a_short_write_is_carried_on() {
    let disk = SimulatedDisk::new();
    let mut journal = open(&disk);
    wait_for_spares(&disk);
    disk.plan(Operation::Write, 0, Trouble::Short);
    commit(&mut journal, 3).unwrap();
    drop(journal);
    assert_eq!(read_all(&disk).0, 3);
}

#[test]
fn a_preparer_that_meets_a_failing_disk_poisons_the_journal() {
    let disk = SimulatedDisk::new();
    disk.plan(Operation::Create, 1, Trouble::Error(ErrorKind::Other));
    let mut journal = open(&disk);
    wait_until("the poison", || {
        matches!(journal.begin_group(100), Err(AppendError::Fault(JournalFault::Poisoned { .. })))
    });
}

#[test]
fn a_prepared_segment_is_on_the_disk_before_it_counts() {
    let disk = SimulatedDisk::new();
    let _journal = open(&disk);
    wait_for_spares(&disk);
    // The names may not be durable yet, the bytes are: whatever a power cut leaves of the names is of full size.
    for names_kept in 0..3 {
        let after = disk.after_power_cut(&mut |below| if below == 2 { 0 } else { names_kept.min(below - 1) });
        for (name, bytes) in after.files() {
            assert_eq!(bytes, SEGMENT_BYTES, "{name}");
        }
    }
}

#[test]
fn a_full_disk_leads_to_low_then_exhausted_then_back_to_normal_by_itself() {
    let disk = SimulatedDisk::new();
    let mut journal = open(&disk);
    wait_for_spares(&disk);
    // Room for what is there, and not for one segment more.
    disk.set_capacity(Some(3 * SEGMENT_BYTES + SEGMENT_BYTES / 2));
    assert_eq!(journal.room(), Room::Normal);
    let mut seen = vec![Room::Normal];
    let exhausted_at = loop {
        match journal.begin_group(3000) {
            Ok(()) => {
                let sequence = journal.next_sequence().number();
                journal.push_record(&support::head(sequence), support::body(sequence)).unwrap();
                // The promise: what was begun can be written, however full the disk is.
                journal.commit(carbex_journal::EventsHash::new([1; 32])).unwrap();
            }
            Err(AppendError::NoRoom { .. }) => break journal.durable_sequence().number(),
            Err(error) => panic!("{error}"),
        }
        if disk.files().iter().filter(|(name, _)| name.starts_with("segment-")).count() == 2 {
            // The second segment was the prepared one: the third cannot be made.
            wait_until("low", || journal.room() != Room::Normal);
        }
        if seen.last() != Some(&journal.room()) {
            seen.push(journal.room());
        }
    };
    assert_eq!(seen, [Room::Normal, Room::Low]);
    assert!(exhausted_at > 50, "{exhausted_at}");
    // A large group finds no room; small ones still fit until the margin is reached.
    while journal.room() == Room::Low {
        journal.begin_group(100).unwrap();
        let sequence = journal.next_sequence().number();
        let head = carbex_journal::RecordHead { reason: "", ..support::head(sequence) };
        journal.push_record(&head, b"").unwrap();
        journal.commit(carbex_journal::EventsHash::new([1; 32])).unwrap();
    }
    assert_eq!(journal.room(), Room::Exhausted);

    // A little room: the reserve is rebuilt first, and only that.
    disk.set_capacity(Some(4 * SEGMENT_BYTES + SEGMENT_BYTES / 2));
    wait_until("the reserve", || has(&disk, "reserve-segment.cxj"));
    std::thread::sleep(Duration::from_millis(30));
    assert_eq!(journal.room(), Room::Low);
    assert!(!has(&disk, "prepared-segment.cxj"));
    disk.set_capacity(None);
    wait_until("normal", || journal.room() == Room::Normal);
    assert!(has(&disk, "prepared-segment.cxj"));
    commit(&mut journal, 3).unwrap();
}

#[test]
fn a_full_disk_does_not_keep_a_journal_from_opening_again() {
    let disk = SimulatedDisk::new();
    let mut journal = open(&disk);
    wait_for_spares(&disk);
    commit(&mut journal, 2).unwrap();
    drop(journal);
    disk.set_capacity(Some(3 * SEGMENT_BYTES));
    for opening in 2..20 {
        let (journal, recovered) = Journal::open_in(Arc::new(disk.clone()), options(SEGMENT_BYTES)).unwrap();
        assert_eq!((recovered.epoch.number(), recovered.last.unwrap().number()), (opening, 2));
        assert_eq!(journal.room(), Room::Normal, "both spares are there");
    }
}

#[test]
fn opening_on_a_full_disk_without_any_room_says_so() {
    let disk = SimulatedDisk::new();
    disk.set_capacity(Some(1000));
    let refused = Journal::open_in(Arc::new(disk.clone()), options(SEGMENT_BYTES)).unwrap_err();
    assert!(
        matches!(&refused, JournalFault::Disk { source, .. } if source.kind() == ErrorKind::StorageFull),
        "{refused}"
    );
    assert!(disk.files().is_empty(), "nothing is left behind: {disk:?}");
}

#[test]
fn thousands_of_openings_without_a_record_roll_over_too() {
    let disk = SimulatedDisk::new();
    for opening in 1..100 {
        let (_, recovered) = Journal::open_in(Arc::new(disk.clone()), options(SEGMENT_BYTES)).unwrap();
        assert_eq!(recovered.epoch.number(), opening);
    }
    assert!(support::segments(&disk).len() > 2);
    let mut journal = open(&disk);
    commit(&mut journal, 2).unwrap();
    drop(journal);
    assert_eq!(read_all(&disk).0, 2);
}
