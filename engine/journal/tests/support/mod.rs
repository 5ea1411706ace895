//! What the journal's tests share: small journals with known records, and reading them back.
#![allow(dead_code, reason = "each test file uses its part")]

use std::sync::{Arc, LazyLock};

use carbex_journal::{
    AppendError, EventsHash, Journal, JournalFault, JournalOptions, JournalReader, RecordHead, SimulatedDisk,
};
use carbex_vocabulary::{Sequence, TimestampNs};

/// Small segments, so that tests roll over; a short wait before a full disk is tried again.
pub fn options(segment_bytes: u64) -> JournalOptions {
    JournalOptions {
        segment_bytes,
        group_bytes_max: 6 * 1024,
        exhausted_margin_bytes: 2048,
        retry_after: std::time::Duration::from_millis(5),
        // Which write meets a planned trouble must not depend on chance; `zeroing.rs` has a disk of its own.
        zero_when_idle: false,
        ..JournalOptions::new("unused")
    }
}

/// More records than any of these tests writes.
const RECORDS_MAX: u64 = 4096;

/// The body that record `sequence` has in every test: 0 to 299 bytes, or now and then three sectors of zeros.
pub fn body(sequence: u64) -> &'static [u8] {
    static BODIES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| (0..RECORDS_MAX).map(make_body).collect());
    &BODIES[sequence as usize]
}

fn make_body(sequence: u64) -> Vec<u8> {
    if sequence % 23 == 7 {
        return vec![0; 3 * 512];
    }
    let mut random = fastrand::Rng::with_seed(sequence);
    let length = random.usize(0..300);
    std::iter::repeat_with(|| random.u8(..)).take(length).collect()
}

pub fn head(sequence: u64) -> RecordHead<'static> {
    RecordHead {
        time: TimestampNs::new(1_000 * sequence),
        actor: sequence % 5,
        role: (sequence % 7) as u8,
        member: (sequence % 3) as u32,
        idempotency_key: u128::from(sequence) << 64,
        reason: if sequence.is_multiple_of(2) { "sur décision du régulateur" } else { "" },
    }
}

/// Commits one group of `count` records.
pub fn commit(journal: &mut Journal, count: u64) -> Result<Sequence, JournalFault> {
    journal.begin_group(journal.payload_bytes_max()).map_err(fault)?;
    for _ in 0..count {
        let sequence = journal.next_sequence().number();
        assert_eq!(journal.push_record(&head(sequence), body(sequence)).unwrap(), Sequence::new(sequence));
    }
    Ok(journal.commit(EventsHash::new([count as u8; 32]))?.last)
}

pub fn fault(error: AppendError) -> JournalFault {
    match error {
        AppendError::Fault(fault) => fault,
        refusal @ (AppendError::NoRoom { .. } | AppendError::GroupFull { .. } | AppendError::TooLarge { .. }) => {
            panic!("refused: {refusal}")
        }
    }
}

/// A disk with a closed journal of at least `bytes` bytes of groups, all acknowledged, in groups of one to three records.
pub fn filled_disk(segment_bytes: u64, records: u64, sealed: bool) -> SimulatedDisk {
    let disk = SimulatedDisk::new();
    let (mut journal, _) = Journal::open_in(Arc::new(disk.clone()), options(segment_bytes)).unwrap();
    while journal.durable_sequence().number() < records {
        let next = journal.next_sequence().number();
        commit(&mut journal, 1 + next % 3).unwrap();
    }
    if sealed {
        journal.close().unwrap();
    }
    disk
}

/// The segments' names, oldest first.
pub fn segments(disk: &SimulatedDisk) -> Vec<String> {
    disk.files().into_iter().map(|(name, _)| name).filter(|name| name.starts_with("segment-")).collect()
}

/// One group as found: where it ends in its segment, and the last record up to there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    pub end: usize,
    pub last: u64,
}

/// Where every group of a segment's bytes ends, by its headers alone.
pub fn groups_of(bytes: &[u8]) -> Vec<Found> {
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let (mut at, mut found) = (512, Vec::new());
    while at < bytes.len() && bytes[at..at + 8] == *b"cxjGROUP" {
        let first = u64::from_le_bytes(bytes[at + 24..at + 32].try_into().unwrap());
        let end = at + word(at + 44) as usize;
        assert!(end > at, "a group has a length");
        found.push(Found { end, last: first + u64::from(word(at + 12)) - 1 });
        at = end;
    }
    found
}

/// Reads all records, checks each against what was written, and answers the last sequence and the end of the reading.
pub fn read_all(disk: &SimulatedDisk) -> (u64, Result<Option<carbex_journal::CutTail>, JournalFault>) {
    let mut reader = match JournalReader::open_in(Arc::new(disk.clone()), Sequence::new(1)) {
        Ok(reader) => reader,
        Err(fault) => return (0, Err(fault)),
    };
    let mut last = 0;
    loop {
        match reader.next_group() {
            Ok(Some(group)) => {
                assert_eq!(group.events_hash, EventsHash::new([group.count as u8; 32]));
                for record in group.records() {
                    last += 1;
                    assert_eq!(record.sequence.number(), last);
                    check(&record);
                }
            }
            Ok(None) => return (last, Ok(reader.torn().cloned())),
            Err(fault) => return (last, Err(fault)),
        }
    }
}

pub fn check(record: &carbex_journal::Record<'_>) {
    let sequence = record.sequence.number();
    let expected = head(sequence);
    assert_eq!((record.time, record.actor, record.role), (expected.time, expected.actor, expected.role));
    assert_eq!((record.member, record.idempotency_key), (expected.member, expected.idempotency_key));
    assert_eq!(record.reason, expected.reason);
    assert_eq!(record.body, body(sequence));
}

/// The file and byte that a fault names.
pub fn place(fault: &JournalFault) -> Option<(String, u64)> {
    match fault {
        JournalFault::Corruption { file, offset, .. } | JournalFault::Unsupported { file, offset, .. } => {
            Some((file.file_name().unwrap().to_str().unwrap().to_owned(), *offset))
        }
        JournalFault::Disk { .. }
        | JournalFault::Snapshot { .. }
        | JournalFault::Locked { .. }
        | JournalFault::Poisoned { .. }
        | JournalFault::Options { .. }
        | JournalFault::TimeBackwards { .. }
        | JournalFault::Misuse(_) => None,
    }
}
