//! Readers beside a running writer.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use carbex_journal::{AppendError, EventsHash, Journal, JournalFault, JournalOptions, JournalReader, SimulatedDisk};
use carbex_vocabulary::Sequence;
use support::{check, commit, options, read_all};

/// Reads on until `done` and everything durable is read; answers the last sequence.
fn follow(mut reader: JournalReader, durable: &AtomicU64, done: &AtomicBool, by_watermark: bool) -> u64 {
    let mut last = 0;
    loop {
        let finished = done.load(Ordering::SeqCst);
        let watermark = durable.load(Ordering::SeqCst);
        let next = if by_watermark { reader.next_group_up_to(Sequence::new(watermark)) } else { reader.next_group() };
        match next.unwrap() {
            Some(group) => {
                assert!(!by_watermark || group.first.number() <= watermark);
                for record in group.records() {
                    last += 1;
                    assert_eq!(record.sequence.number(), last);
                    check(&record);
                }
            }
            None if finished && last == watermark => return last,
            None => std::thread::yield_now(),
        }
    }
}

#[test]
fn readers_beside_a_writer_see_every_record_once_over_all_segments() {
    let directory = tempfile::tempdir().unwrap();
    let options = JournalOptions { directory: directory.path().to_owned(), ..options(32 * 1024) };
    let (mut journal, _) = Journal::open(options).unwrap();
    let (durable, done) = (AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let readers: Vec<_> = [true, false]
            .into_iter()
            .map(|by_watermark| {
                let reader = JournalReader::open(directory.path(), Sequence::new(1)).unwrap();
                let (durable, done) = (&durable, &done);
                scope.spawn(move || follow(reader, durable, done, by_watermark))
            })
            .collect();
        while journal.durable_sequence().number() < 1500 {
            let next = journal.next_sequence().number();
            let last = commit(&mut journal, 1 + next % 3).unwrap();
            durable.store(last.number(), Ordering::SeqCst);
        }
        done.store(true, Ordering::SeqCst);
        for reader in readers {
            assert_eq!(reader.join().unwrap(), journal.durable_sequence().number());
        }
    });
}

#[test]
fn a_group_that_fills_its_segment_to_the_last_byte_is_followed_by_the_next_segment() {
    let disk = SimulatedDisk::new();
    let (mut journal, _) = Journal::open_in(Arc::new(disk.clone()), options(16 * 1024)).unwrap();
    // Header 512, opening 512: 15360 bytes are left, which are two groups of 6144 and one of 3072.
    for group_bytes in [6144, 6144, 3072, 512, 6144] {
        let payload_bytes = group_bytes - 128 - 48;
        journal.begin_group(payload_bytes).unwrap();
        let sequence = journal.next_sequence().number();
        let head = carbex_journal::RecordHead { reason: "", ..support::head(sequence) };
        journal.push_record(&head, &vec![3; payload_bytes - 72]).unwrap();
        journal.commit(EventsHash::ZERO).unwrap();
    }
    drop(journal);
    let names = support::segments(&disk);
    assert_eq!(names, ["segment-00000000000000000001.cxj", "segment-00000000000000000004.cxj"]);
    assert_eq!(support::groups_of(&disk.bytes(&names[0])).last().unwrap().end, 16 * 1024);
    let mut reader = JournalReader::open_in(Arc::new(disk), Sequence::new(1)).unwrap();
    for first in 1..=5 {
        assert_eq!(reader.next_group().unwrap().unwrap().first.number(), first);
    }
    assert!(reader.next_group().unwrap().is_none());
}

#[test]
fn what_does_not_fit_is_refused_and_the_group_stands() {
    let disk = SimulatedDisk::new();
    let (mut journal, _) = Journal::open_in(Arc::new(disk.clone()), options(16 * 1024)).unwrap();
    let most = journal.payload_bytes_max();
    assert!(matches!(journal.begin_group(most + 1), Err(AppendError::TooLarge { bytes_max, .. }) if bytes_max == most));
    assert!(matches!(journal.push_record(&support::head(1), b""), Err(AppendError::Fault(JournalFault::Misuse(_)))));
    assert!(matches!(journal.commit(EventsHash::ZERO), Err(JournalFault::Misuse(_))));
    journal.begin_group(Journal::record_bytes(0, support::body(1).len())).unwrap();
    journal.push_record(&support::head(1), support::body(1)).unwrap();
    assert!(matches!(journal.push_record(&support::head(2), b""), Err(AppendError::GroupFull { left: 0, .. })));
    journal.commit(EventsHash::new([1; 32])).unwrap();
    // Time does not go backwards, neither within a group nor after it.
    journal.begin_group(most).unwrap();
    assert!(matches!(
        journal.push_record(&support::head(0), b""),
        Err(AppendError::Fault(JournalFault::TimeBackwards { .. }))
    ));
    let long = "é".repeat(128);
    let head = carbex_journal::RecordHead { reason: &long, ..support::head(2) };
    assert!(matches!(journal.push_record(&head, b""), Err(AppendError::Fault(JournalFault::Misuse(_)))));
    // None of these is the disk's fault: it goes on. A discarded group leaves no trace.
    journal.push_record(&support::head(2), support::body(2)).unwrap();
    journal.discard_group();
    assert_eq!(journal.next_sequence().number(), 2);
    commit(&mut journal, 2).unwrap();
    drop(journal);
    assert_eq!(read_all(&disk).0, 3);
}

#[test]
fn options_that_contradict_themselves_are_refused_by_name() {
    let cases = [
        ("segment_bytes", JournalOptions { segment_bytes: 10_000, ..options(16 * 1024) }),
        ("segment_bytes", JournalOptions { segment_bytes: 4096, ..options(16 * 1024) }),
        ("group_bytes_max", JournalOptions { group_bytes_max: 16 * 1024, ..options(16 * 1024) }),
        ("group_bytes_max", JournalOptions { group_bytes_max: 1025, ..options(16 * 1024) }),
        ("exhausted_margin_bytes", JournalOptions { exhausted_margin_bytes: 1 << 20, ..options(16 * 1024) }),
    ];
    for (field, options) in cases {
        let refused = Journal::open_in(Arc::new(SimulatedDisk::new()), options).unwrap_err();
        assert!(matches!(&refused, JournalFault::Options { option, .. } if *option == field), "{refused}");
    }
}
