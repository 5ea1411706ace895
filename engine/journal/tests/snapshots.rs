//! Snapshots are whole or refused; what they make superfluous is put away, and nothing else.

mod support;

use std::io::{Read, Write};
use std::sync::Arc;

use carbex_journal::{
    GroupHash, Journal, JournalFault, JournalReader, RetentionPolicy, RetentionReport, SegmentsBehind, SimulatedDisk,
    SnapshotHead, SnapshotPoint, SnapshotReader, SnapshotWriter, StateHash, list_snapshots_in, retain_in, verify_in,
};
use carbex_vocabulary::Sequence;
use support::{commit, options};

fn head_of(journal: &Journal) -> SnapshotHead {
    SnapshotHead {
        sequence: journal.durable_sequence(),
        time: journal.durable_time(),
        epoch: journal.epoch(),
        group_hash: journal.group_hash(),
        state_hash: StateHash::new([5; 32]),
    }
}

fn point_of(head: SnapshotHead) -> SnapshotPoint {
    let SnapshotHead { sequence, time, epoch, group_hash, state_hash: _ } = head;
    SnapshotPoint { sequence, time, epoch, group_hash }
}

/// The head as the snapshot of that state has it.
fn with_state(head: SnapshotHead, state: &[u8]) -> SnapshotHead {
    SnapshotHead { state_hash: StateHash::new(*blake3::hash(state).as_bytes()), ..head }
}

fn write(disk: &SimulatedDisk, head: SnapshotHead, state: &[u8]) -> String {
    write_with_preface(disk, head, b"", state)
}

fn write_with_preface(disk: &SimulatedDisk, head: SnapshotHead, preface: &[u8], state: &[u8]) -> String {
    let mut writer = SnapshotWriter::create_in(Arc::new(disk.clone()), point_of(head)).unwrap();
    writer.write_all(preface).unwrap();
    writer.begin_state().unwrap();
    writer.write_all(state).unwrap();
    let info = writer.finish().unwrap();
    info.file.file_name().unwrap().to_str().unwrap().to_owned()
}

fn read(disk: &SimulatedDisk, name: &str) -> Result<(SnapshotHead, Vec<u8>), JournalFault> {
    let mut reader = SnapshotReader::open_in(Arc::new(disk.clone()), name)?;
    let mut payload = Vec::new();
    while let Some(chunk) = reader.next_chunk()? {
        payload.extend_from_slice(chunk);
    }
    Ok((*reader.head(), payload))
}

fn new_journal(disk: &SimulatedDisk) -> Journal {
    Journal::open_in(Arc::new(disk.clone()), options(16 * 1024)).unwrap().0
}

#[test]
fn a_snapshot_reads_back_as_it_was_written() {
    let disk = SimulatedDisk::new();
    let mut journal = new_journal(&disk);
    for length in [0, 1, 1000, 1024 * 1024, 3 * 1024 * 1024 + 17] {
        commit(&mut journal, 1).unwrap();
        let mut random = fastrand::Rng::with_seed(length as u64);
        let payload: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(length).collect();
        let name = write(&disk, head_of(&journal), &payload);
        assert_eq!(read(&disk, &name).unwrap(), (with_state(head_of(&journal), &payload), payload.clone()));
        let mut streamed = Vec::new();
        SnapshotReader::open_in(Arc::new(disk.clone()), &name).unwrap().read_to_end(&mut streamed).unwrap();
        assert_eq!(streamed, payload);
    }
    let listed: Vec<u64> =
        list_snapshots_in(&disk).unwrap().iter().map(|info| info.head.as_ref().unwrap().sequence.number()).collect();
    assert_eq!(listed, [5, 4, 3, 2, 1], "newest first");
}

#[test]
fn the_preface_is_no_part_of_the_states_hash() {
    let disk = SimulatedDisk::new();
    let mut journal = new_journal(&disk);
    for (preface, state) in [(0, 0), (0, 10), (10, 0), (10, 10), (3 << 20, 10), (10, 3 << 20), (2 << 20, 2 << 20)] {
        commit(&mut journal, 1).unwrap();
        let (preface, state) = (vec![3; preface], vec![4; state]);
        let name = write_with_preface(&disk, head_of(&journal), &preface, &state);
        let (head, payload) = read(&disk, &name).unwrap();
        assert_eq!(head, with_state(head_of(&journal), &state));
        assert!(payload == [preface, state].concat());
    }
}

/// Every bit of the bytes that say something, and one of every other byte: those are zeros that fill blocks.
fn flips(bytes: &[u8]) -> impl Iterator<Item = (usize, u8)> + '_ {
    bytes.iter().enumerate().flat_map(|(at, byte)| {
        let bits = if *byte == 0 && !at.is_multiple_of(7) { at as u32 % 8..at as u32 % 8 + 1 } else { 0..8 };
        bits.map(move |bit| (at, 1 << bit))
    })
}

#[test]
fn any_flipped_bit_and_any_missing_end_is_refused() {
    let disk = SimulatedDisk::new();
    let mut journal = new_journal(&disk);
    commit(&mut journal, 1).unwrap();
    let name = write_with_preface(&disk, head_of(&journal), &[5; 20], &[6; 300]);
    let whole = disk.bytes(&name);
    for (at, bit) in flips(&whole) {
        disk.damage(&name, |bytes| bytes[at] ^= bit);
        match read(&disk, &name) {
            Err(JournalFault::Snapshot { .. } | JournalFault::Unsupported { .. }) => {}
            other => panic!("bit {bit:#x} of byte {at}: {other:?}"),
        }
        disk.damage(&name, |bytes| bytes[at] ^= bit);
    }
    for at in 0..whole.len() {
        disk.damage(&name, |bytes| bytes.truncate(at));
        assert!(matches!(read(&disk, &name), Err(JournalFault::Snapshot { .. })), "cut at {at}");
        disk.damage(&name, |bytes| bytes.clone_from(&whole));
    }
    disk.damage(&name, |bytes| bytes.push(0));
    assert!(read(&disk, &name).is_err(), "one byte too many");
    disk.damage(&name, |bytes| bytes.resize(whole.len() + 4096, 0));
    assert!(read(&disk, &name).is_err(), "a block too many");
}

#[test]
fn an_unfinished_snapshot_leaves_nothing() {
    let disk = SimulatedDisk::new();
    let mut journal = new_journal(&disk);
    commit(&mut journal, 1).unwrap();
    let mut writer = SnapshotWriter::create_in(Arc::new(disk.clone()), point_of(head_of(&journal))).unwrap();
    writer.write_all(&vec![1; 4 * 1024 * 1024]).unwrap();
    let crashed = disk.fork();
    drop(writer);
    assert!(!disk.files().iter().any(|(name, _)| name.contains("snapshot")));
    // After a crash in the middle, the next opening clears it away.
    let after = crashed.after_power_cut(&mut |below| below - 1);
    assert!(after.files().iter().any(|(name, _)| name.ends_with(".cxs.tmp")));
    drop(new_journal(&after));
    assert!(!after.files().iter().any(|(name, _)| name.contains("snapshot")));
}

#[test]
fn a_finished_snapshot_survives_a_power_cut() {
    let disk = SimulatedDisk::new();
    let mut journal = new_journal(&disk);
    commit(&mut journal, 1).unwrap();
    let name = write(&disk, head_of(&journal), &[9; 70_000]);
    let after = disk.after_power_cut(&mut |_| 0);
    assert_eq!(read(&after, &name).unwrap(), (with_state(head_of(&journal), &[9; 70_000]), vec![9; 70_000]));
}

#[test]
fn the_segment_that_holds_a_kept_snapshots_own_record_stays() {
    let disk = SimulatedDisk::new();
    let mut journal = new_journal(&disk);
    // A snapshot of the very last record of the first segment.
    let mut last_of_first = head_of(&journal);
    while support::segments(&disk).len() == 1 {
        last_of_first = head_of(&journal);
        commit(&mut journal, 1).unwrap();
    }
    let names = support::segments(&disk);
    assert!(names[1].contains(&format!("{:020}", last_of_first.sequence.number() + 1)));
    write(&disk, last_of_first, b"state");
    let policy = RetentionPolicy { snapshots_kept: 1, segments: SegmentsBehind::Delete };
    assert_eq!(journal.retain(&policy).unwrap(), RetentionReport::default());
    // One record later the first segment is superfluous.
    write(&disk, head_of(&journal), b"state");
    assert_eq!(journal.retain(&policy).unwrap().segments_deleted, [names[0].clone()]);
    let mut reader = JournalReader::open_after_in(Arc::new(disk), &head_of(&journal)).unwrap();
    assert!(reader.next_group().unwrap().is_none());
}

#[test]
fn a_reader_behind_a_snapshot_begins_with_the_next_record() {
    let disk = SimulatedDisk::new();
    let mut journal = new_journal(&disk);
    let mut heads = vec![head_of(&journal)];
    for _ in 0..40 {
        commit(&mut journal, 2).unwrap();
        heads.push(head_of(&journal));
    }
    drop(journal);
    let mut journal = new_journal(&disk);
    commit(&mut journal, 2).unwrap();
    for head in heads {
        let mut reader = JournalReader::open_after_in(Arc::new(disk.clone()), &head).unwrap();
        let mut next = head.sequence.number() + 1;
        while let Some(group) = reader.next_group().unwrap() {
            for record in group.records() {
                assert_eq!(record.sequence.number(), next);
                next += 1;
            }
        }
        assert_eq!(next, 83);
        let foreign = SnapshotHead { group_hash: GroupHash::new([1; 32]), ..head };
        let refused = JournalReader::open_after_in(Arc::new(disk.clone()), &foreign)
            .and_then(|mut reader| reader.next_group().map(|_| ()));
        assert!(matches!(refused, Err(JournalFault::Corruption { .. })), "{refused:?}");
    }
}

#[test]
fn what_no_kept_snapshot_needs_is_archived_and_can_still_be_read() {
    let disk = SimulatedDisk::new();
    let mut journal = new_journal(&disk);
    for _ in 0..5 {
        for _ in 0..25 {
            commit(&mut journal, 1).unwrap();
        }
        write(&disk, head_of(&journal), b"state");
    }
    let before = support::segments(&disk);
    let policy = RetentionPolicy { snapshots_kept: 2, segments: SegmentsBehind::Archive };
    let report = journal.retain(&policy).unwrap();
    assert_eq!(report.snapshots_deleted.len(), 3);
    assert!(report.segments_archived.len() > 2 && report.segments_archived.len() < before.len(), "{report:?}");
    let left: Vec<String> = before.iter().filter(|name| !report.segments_archived.contains(name)).cloned().collect();
    assert_eq!(support::segments(&disk), left);
    commit(&mut journal, 2).unwrap();
    drop(journal);

    let (last, tail) = support::read_all(&disk);
    assert_eq!((last, tail.unwrap()), (127, None), "a reader from the start finds the archive");
    let verification = verify_in(Arc::new(disk.clone()), &mut |_| {}).unwrap();
    assert_eq!((verification.records, verification.snapshots.len()), (127, 2));

    // Both kept snapshots can be continued from without the archive.
    let without = disk.copy();
    for (name, _) in disk.files().iter().filter(|(name, _)| name.starts_with("archive/")) {
        carbex_journal::Storage::remove(&without, name).unwrap();
    }
    for info in list_snapshots_in(&without).unwrap() {
        let mut reader = JournalReader::open_after_in(Arc::new(without.clone()), &info.head.unwrap()).unwrap();
        while reader.next_group().unwrap().is_some() {}
        assert_eq!(reader.next_sequence(), Sequence::new(128));
    }
    let missing = JournalReader::open_in(Arc::new(without.clone()), Sequence::new(1)).unwrap_err();
    assert!(missing.to_string().contains("backup"), "{missing}");
    // Once more: nothing to do. Then deleting: the archive goes too.
    assert_eq!(retain_in(Arc::new(disk.clone()), &policy).unwrap(), RetentionReport::default());
    let delete = RetentionPolicy { snapshots_kept: 1, segments: SegmentsBehind::Delete };
    let report = retain_in(Arc::new(disk.clone()), &delete).unwrap();
    assert!(report.segments_deleted.len() >= before.len() - left.len(), "{report:?}");
    assert!(!disk.files().iter().any(|(name, _)| name.starts_with("archive/")));
    let (_, recovered) = Journal::open_in(Arc::new(disk), options(16 * 1024)).unwrap();
    assert_eq!(recovered.last, Some(Sequence::new(127)));
    assert!(recovered.first.unwrap().number() > 90);
}

#[test]
fn a_damaged_snapshot_is_neither_counted_nor_deleted() {
    let disk = SimulatedDisk::new();
    let mut journal = new_journal(&disk);
    let mut names = Vec::new();
    for _ in 0..3 {
        for _ in 0..25 {
            commit(&mut journal, 1).unwrap();
        }
        names.push(write(&disk, head_of(&journal), b"state"));
    }
    // The newest one's payload is damaged: its header still looks well.
    disk.damage(&names[2], |bytes| bytes[4096 + 16] ^= 1);
    let policy = RetentionPolicy { snapshots_kept: 1, segments: SegmentsBehind::Delete };
    let report = journal.retain(&policy).unwrap();
    assert_eq!((report.snapshots_damaged, report.snapshots_deleted), (vec![names[2].clone()], vec![names[0].clone()]));
    // So the second one can be continued from.
    let head = *SnapshotReader::open_in(Arc::new(disk.clone()), &names[1]).unwrap().head();
    let mut reader = JournalReader::open_after_in(Arc::new(disk.clone()), &head).unwrap();
    while reader.next_group().unwrap().is_some() {}
    assert_eq!(reader.next_sequence(), Sequence::new(76));
    let verification = verify_in(Arc::new(disk), &mut |_| {}).unwrap();
    assert_eq!((verification.snapshots, verification.snapshots_damaged.len()), (vec![Sequence::new(50)], 1));
}
