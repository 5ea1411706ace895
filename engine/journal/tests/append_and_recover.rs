//! What is committed is there again after reopening, on a real directory.

use carbex_journal::{EventsHash, Journal, JournalFault, JournalOptions, JournalReader, RecordHead, Room};
use carbex_vocabulary::{Sequence, TimestampNs};

fn small(directory: &std::path::Path) -> JournalOptions {
    JournalOptions {
        segment_bytes: 32 * 1024,
        group_bytes_max: 8 * 1024,
        exhausted_margin_bytes: 4096,
        ..JournalOptions::new(directory)
    }
}

fn head(time_ns: u64) -> RecordHead<'static> {
    let time = TimestampNs::new(time_ns);
    RecordHead { time, actor: 42, role: 3, member: 7, idempotency_key: u128::MAX - 1, reason: "parce que" }
}

/// Appends groups of one to four records with bodies of 0 to 199 bytes, until `count` records are there.
fn append(journal: &mut Journal, count: u64) {
    while journal.durable_sequence().number() < count {
        journal.begin_group(4000).unwrap();
        let first = journal.next_sequence().number();
        for sequence in first..=(first + first % 4).min(count) {
            let body = vec![sequence as u8; (sequence * 37 % 200) as usize];
            assert_eq!(journal.push_record(&head(1000 * sequence), &body).unwrap(), Sequence::new(sequence));
        }
        let receipt = journal.commit(EventsHash::new([9; 32])).unwrap();
        assert_eq!(receipt.last, journal.durable_sequence());
    }
}

#[test]
fn what_is_committed_is_there_again_after_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let (mut journal, recovered) = Journal::open(small(directory.path())).unwrap();
    assert_eq!((recovered.epoch.number(), recovered.last, recovered.cut), (1, None, None));
    append(&mut journal, 500);
    assert_eq!(journal.room(), Room::Normal);
    let hash = journal.group_hash();
    drop(journal);

    let (mut journal, recovered) = Journal::open(small(directory.path())).unwrap();
    assert_eq!((recovered.epoch.number(), recovered.last, recovered.cut), (2, Some(Sequence::new(500)), None));
    assert_ne!(journal.group_hash(), hash, "the opening itself is part of the chain");
    append(&mut journal, 600);
    journal.close().unwrap();

    for from in [1, 2, 499, 500, 501, 600] {
        let mut reader = JournalReader::open(directory.path(), Sequence::new(from)).unwrap();
        let mut expected = from;
        while let Some(group) = reader.next_group().unwrap() {
            assert_eq!(group.events_hash, EventsHash::new([9; 32]));
            for record in group.records().filter(|record| record.sequence.number() >= from) {
                let sequence = record.sequence.number();
                assert_eq!(sequence, expected);
                assert_eq!(record.epoch.number(), if sequence <= 500 { 1 } else { 2 });
                assert_eq!((record.time.ns(), record.actor, record.role), (1000 * sequence, 42, 3));
                assert_eq!((record.member, record.idempotency_key, record.reason), (7, u128::MAX - 1, "parce que"));
                assert_eq!(record.body, vec![sequence as u8; (sequence * 37 % 200) as usize]);
                expected += 1;
            }
        }
        assert_eq!(expected, 601);
        assert!(reader.torn().is_none());
    }
}

#[test]
fn a_second_writer_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (_journal, _) = Journal::open(small(directory.path())).unwrap();
    assert!(matches!(Journal::open(small(directory.path())), Err(JournalFault::Locked { .. })));
}
