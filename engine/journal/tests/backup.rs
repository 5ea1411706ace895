//! A backup is whole or refused, and a restored journal goes on where it ended.

use std::io::Write;
use std::path::Path;

use carbex_journal::{
    EventsHash, Journal, JournalFault, JournalOptions, RecordHead, SegmentsBehind, SnapshotPoint, SnapshotWriter,
    backup, describe, restore, verify,
};
use carbex_vocabulary::{Sequence, TimestampNs};

fn options(directory: &Path) -> JournalOptions {
    JournalOptions {
        segment_bytes: 16 * 1024,
        group_bytes_max: 4096,
        exhausted_margin_bytes: 1024,
        ..JournalOptions::new(directory)
    }
}

fn commit(journal: &mut Journal, count: u64) {
    for _ in 0..count {
        journal.begin_group(1000).unwrap();
        let sequence = journal.next_sequence().number();
        let time = TimestampNs::new(sequence);
        let head = RecordHead { time, actor: 1, role: 1, member: 0, idempotency_key: 0, reason: "" };
        journal.push_record(&head, &[sequence as u8; 100]).unwrap();
        journal.commit(EventsHash::ZERO).unwrap();
    }
}

fn snapshot(directory: &Path, journal: &Journal) {
    let point = SnapshotPoint {
        sequence: journal.durable_sequence(),
        time: journal.durable_time(),
        epoch: journal.epoch(),
        group_hash: journal.group_hash(),
    };
    let mut writer = SnapshotWriter::create(directory, point).unwrap();
    writer.write_all(&[7; 5000]).unwrap();
    writer.finish().unwrap();
}

/// A journal with an archive, two snapshots and a running writer at record 150.
fn running(directory: &Path) -> Journal {
    let (mut journal, _) = Journal::open(options(directory)).unwrap();
    commit(&mut journal, 60);
    snapshot(directory, &journal);
    let policy = carbex_journal::RetentionPolicy { snapshots_kept: 1, segments: SegmentsBehind::Archive };
    assert!(!journal.retain(&policy).unwrap().segments_archived.is_empty());
    commit(&mut journal, 60);
    snapshot(directory, &journal);
    commit(&mut journal, 30);
    journal
}

#[test]
fn a_backup_beside_a_running_writer_restores_and_goes_on() {
    let place = tempfile::tempdir().unwrap();
    let (live, copy, back) = (place.path().join("live"), place.path().join("copy"), place.path().join("back"));
    let mut journal = running(&live);
    let durable = Sequence::new(140);
    let mut told = 0;
    let report = backup(&live, &copy, Some(durable), &mut |progress| {
        assert!(progress.bytes_done <= progress.bytes_total);
        told += 1;
    })
    .unwrap();
    assert_eq!(report.last, Some(durable), "nothing beyond what was asked for");
    assert!(told > 3 && report.snapshots_damaged.is_empty());
    commit(&mut journal, 10);

    assert_eq!(restore(&copy, &back, &mut |_| {}).unwrap(), report);
    let verification = verify(&back, &mut |_| {}).unwrap();
    assert_eq!(
        (verification.records, verification.last, verification.group_hash),
        (140, Some(durable), report.group_hash)
    );
    assert_eq!(verification.snapshots, [Sequence::new(120), Sequence::new(60)]);
    let (mut restored, recovered) = Journal::open(options(&back)).unwrap();
    assert_eq!((recovered.last, recovered.cut), (Some(durable), None));
    commit(&mut restored, 40);
    restored.close().unwrap();
    assert_eq!(verify(&back, &mut |_| {}).unwrap().records, 180);
    assert!(!place.path().join("back.restoring").exists());
}

#[test]
fn a_directory_that_holds_anything_is_not_written_into() {
    let place = tempfile::tempdir().unwrap();
    let (live, copy, full) = (place.path().join("live"), place.path().join("copy"), place.path().join("full"));
    drop(running(&live));
    std::fs::create_dir(&full).unwrap();
    std::fs::write(full.join("letter.txt"), "dear all").unwrap();
    backup(&live, &copy, None, &mut |_| {}).unwrap();
    for refused in [
        backup(&live, &full, None, &mut |_| {}),
        restore(&copy, &full, &mut |_| {}),
        restore(&copy, &live, &mut |_| {}),
    ] {
        assert!(matches!(refused, Err(JournalFault::Misuse(_))), "{refused:?}");
    }
    assert_eq!(std::fs::read_dir(&full).unwrap().count(), 1);
    // An empty directory is as good as none.
    let empty = place.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    restore(&copy, &empty, &mut |_| {}).unwrap();
}

#[test]
fn any_change_to_a_backup_is_refused_and_nothing_is_put_in_place() {
    let place = tempfile::tempdir().unwrap();
    let (live, copy, back) = (place.path().join("live"), place.path().join("copy"), place.path().join("back"));
    drop(running(&live));
    backup(&live, &copy, None, &mut |_| {}).unwrap();
    let mut files: Vec<_> = std::fs::read_dir(&copy).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.extend(std::fs::read_dir(copy.join("archive")).unwrap().map(|entry| entry.unwrap().path()));
    files.retain(|path| path.is_file());
    assert!(files.len() > 5);
    for file in files {
        let whole = std::fs::read(&file).unwrap();
        let mut changed = whole.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 4;
        std::fs::write(&file, changed).unwrap();
        assert!(restore(&copy, &back, &mut |_| {}).is_err(), "{} changed", file.display());
        std::fs::write(&file, &whole[..whole.len() - 1]).unwrap();
        assert!(restore(&copy, &back, &mut |_| {}).is_err(), "{} shortened", file.display());
        std::fs::remove_file(&file).unwrap();
        assert!(restore(&copy, &back, &mut |_| {}).is_err(), "{} missing", file.display());
        std::fs::write(&file, whole).unwrap();
        assert!(!back.exists());
    }
    std::fs::write(copy.join("segment-00000000000000009999.cxj"), "").unwrap();
    assert!(restore(&copy, &back, &mut |_| {}).is_err(), "a file too many");
    std::fs::remove_file(copy.join("segment-00000000000000009999.cxj")).unwrap();
    restore(&copy, &back, &mut |_| {}).unwrap();
}

#[test]
fn a_damaged_journal_is_not_backed_up_but_described() {
    let place = tempfile::tempdir().unwrap();
    let (live, copy) = (place.path().join("live"), place.path().join("copy"));
    drop(running(&live));
    let description = describe(&live).unwrap();
    assert!(description.segments.iter().all(|segment| segment.damage.is_none()) && description.damage.is_empty());
    assert_eq!(description.segments.iter().map(|segment| segment.records).sum::<u64>(), 150);
    assert!(description.segments[0].archived && description.torn.is_none());
    assert_eq!(description.snapshots.len(), 2);

    let victim = description.segments[description.segments.len() / 2].file.clone();
    let mut bytes = std::fs::read(&victim).unwrap();
    bytes[2000] ^= 1;
    std::fs::write(&victim, bytes).unwrap();
    let refused = backup(&live, &copy, None, &mut |_| {}).unwrap_err();
    assert!(refused.to_string().contains(victim.to_str().unwrap()), "{refused}");
    assert!(!copy.exists());
    let description = describe(&live).unwrap();
    let damaged: Vec<_> = description.segments.iter().filter(|segment| segment.damage.is_some()).collect();
    assert_eq!(damaged.len(), 1);
    assert_eq!(damaged[0].file, victim);
}

#[test]
fn an_empty_directory_is_no_journal() {
    let place = tempfile::tempdir().unwrap();
    assert!(matches!(verify(place.path(), &mut |_| {}), Err(JournalFault::Misuse(_))));
    assert!(matches!(describe(place.path()), Err(JournalFault::Misuse(_))));
}
