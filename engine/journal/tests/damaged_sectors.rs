//! Whole sectors gone wrong, and garbage behind the tail.

mod support;

use std::sync::Arc;

use carbex_journal::{Journal, SimulatedDisk, SnapshotPoint, SnapshotWriter, Storage, verify_in};
use support::{filled_disk, groups_of, read_all, segments};

/// Damages 512 B and 4 KiB blocks everywhere in a sealed journal; `change` gets the segment, the block's start and its size, and
/// answers whether it changed anything.
fn damage_everywhere(name: &str, change: impl Fn(&mut Vec<u8>, usize, usize)) -> u64 {
    let disk = filled_disk(64 * 1024, 90, true);
    let file = segments(&disk).pop().unwrap();
    let whole = disk.bytes(&file);
    let groups = groups_of(&whole);
    let end = groups.last().unwrap().end;
    let last = groups.last().unwrap().last;
    // The seal itself is the last group: it may be cut, and no record with it.
    let sealed_end = groups[groups.len() - 2].end;
    let mut damaged = 0;
    for block in [512, 4096] {
        for start in (0..end).step_by(block) {
            let mut changed = whole.clone();
            change(&mut changed, start, block);
            // Zeros up to the very end are what a cut looks like, and nothing in the file can tell (a snapshot can).
            if changed == whole || changed[start..end].iter().all(|&byte| byte == 0) {
                continue;
            }
            damaged += 1;
            disk.damage(&file, |bytes| bytes.clone_from(&changed));
            let first_change = changed.iter().zip(&whole).position(|(a, b)| a != b).unwrap();
            let (read, tail) = read_all(&disk);
            match tail {
                Err(fault) => assert!(support::place(&fault).is_some(), "{fault}"),
                Ok(_) => {
                    assert!(first_change >= sealed_end, "{name}: {block} bytes at {start} passed");
                    assert_eq!(read, last, "{name}: {block} bytes at {start} lost a record");
                }
            }
        }
    }
    damaged
}

#[test]
fn a_zeroed_block_stops_or_loses_nothing() {
    assert!(damage_everywhere("zeroed", |bytes, start, block| bytes[start..start + block].fill(0)) > 80);
}

#[test]
fn a_block_that_another_overwrote_stops_or_loses_nothing() {
    let copy = |bytes: &mut Vec<u8>, start: usize, block: usize| {
        if start >= block {
            bytes.copy_within(start - block..start, start);
        }
    };
    assert!(damage_everywhere("duplicated", copy) > 80);
}

#[test]
fn two_swapped_blocks_stop() {
    let swap = |bytes: &mut Vec<u8>, start: usize, block: usize| {
        if start >= block {
            let (before, here) = bytes[start - block..start + block].split_at_mut(block);
            before.swap_with_slice(here);
        }
    };
    assert!(damage_everywhere("swapped", swap) > 80);
}

#[test]
fn a_misdirected_group_stops() {
    // A whole good group of the same journal, written over another place: CRC and hash are right, the chain is not.
    let disk = filled_disk(64 * 1024, 90, true);
    let file = segments(&disk).pop().unwrap();
    let whole = disk.bytes(&file);
    let groups = groups_of(&whole);
    for (index, pair) in groups.windows(2).enumerate().skip(1) {
        let group = whole[pair[0].end..pair[1].end].to_vec();
        for target in [512, groups[index - 1].end] {
            let mut changed = whole.clone();
            changed[target..target + group.len()].copy_from_slice(&group);
            disk.damage(&file, |bytes| *bytes = changed);
            assert!(read_all(&disk).1.is_err(), "group {index} over byte {target}");
        }
    }
}

#[test]
fn a_missing_emptied_or_foreign_segment_stops() {
    let disk = filled_disk(16 * 1024, 90, true);
    let names = segments(&disk);
    let third = disk.bytes(&names[2]);
    for change in 0..3 {
        let changed = disk.copy();
        match change {
            0 => changed.remove(&names[1]).unwrap(),
            1 => changed.damage(&names[1], |bytes| bytes.truncate(512)),
            _ => changed.put(&names[1], third.clone()),
        }
        assert!(read_all(&changed).1.is_err(), "change {change}");
        assert!(verify_in(Arc::new(changed), &mut |_| {}).is_err(), "change {change}");
    }
}

#[test]
fn an_older_copy_of_the_last_segment_stops_if_a_snapshot_is_ahead_of_it() {
    let disk = filled_disk(64 * 1024, 90, false);
    let old = disk.copy();
    let (mut journal, _) = Journal::open_in(Arc::new(disk.clone()), support::options(64 * 1024)).unwrap();
    support::commit(&mut journal, 2).unwrap();
    let point = SnapshotPoint {
        sequence: journal.durable_sequence(),
        time: journal.durable_time(),
        epoch: journal.epoch(),
        group_hash: journal.group_hash(),
    };
    drop(journal);
    let snapshot = SnapshotWriter::create_in(Arc::new(old.clone()), point).unwrap().finish().unwrap();
    let refused = Journal::open_in(Arc::new(old), support::options(64 * 1024)).map(|_| ()).unwrap_err();
    assert!(refused.to_string().contains(snapshot.file.file_name().unwrap().to_str().unwrap()), "{refused}");
}

#[test]
fn garbage_behind_the_tail_stops_and_loses_nothing() {
    let mut random = fastrand::Rng::with_seed(3);
    for sealed in [true, false] {
        for length in [1, 2, 8, 100, 128, 129, 512, 600, 4096, 9000] {
            let disk = filled_disk(64 * 1024, 90, sealed);
            let file = segments(&disk).pop().unwrap();
            let groups = groups_of(&disk.bytes(&file));
            let (end, last) = (groups.last().unwrap().end, groups.last().unwrap().last);
            let garbage: Vec<u8> = std::iter::repeat_with(|| random.u8(1..)).take(length).collect();
            disk.damage(&file, |bytes| bytes[end..end + length].copy_from_slice(&garbage));
            let (read, tail) = read_all(&disk);
            assert_eq!(read, last);
            match tail {
                // Up to a header's length it could be the start of a group.
                Ok(torn) => assert!(length <= 128 && torn.unwrap().bytes == length as u64, "{length}"),
                Err(fault) => assert_eq!(support::place(&fault).unwrap().1, end as u64, "{length}: {fault}"),
            }
        }
    }
}

/// The last segment of a journal, with the place of a group of three sectors or more that has at least three groups behind it.
fn with_a_large_group() -> (SimulatedDisk, String, usize, usize) {
    let disk = filled_disk(64 * 1024, 90, false);
    let file = segments(&disk).pop().unwrap();
    let groups = groups_of(&disk.bytes(&file));
    let behind = groups.len() - 4;
    let index = (1..behind).rfind(|&index| groups[index].end - groups[index - 1].end >= 3 * 512).unwrap();
    (disk, file, groups[index - 1].end, groups[index].end)
}

#[test]
fn an_acknowledged_group_that_lost_first_and_last_sector_is_known_by_the_group_behind_it() {
    let (disk, file, start, end) = with_a_large_group();
    disk.damage(&file, |bytes| {
        bytes[start..start + 512].fill(0);
        bytes[end - 512..end].fill(0);
        // Of the next group only the header's sector is there: one header, no end.
        let used = bytes.iter().rposition(|&byte| byte != 0).unwrap() + 1;
        bytes[end + 512 - 48..used].fill(0);
    });
    let fault = read_all(&disk).1.unwrap_err();
    assert!(fault.to_string().contains("but one begins"), "{fault}");
    assert_eq!(support::place(&fault).unwrap(), (file, start as u64));
}

#[test]
fn an_acknowledged_group_that_lost_its_first_sector_is_known_by_its_own_end_when_something_stands_behind() {
    let (disk, file, start, end) = with_a_large_group();
    disk.damage(&file, |bytes| {
        bytes[start..start + 512].fill(0);
        // Behind it no header and no end, but something.
        let used = bytes.iter().rposition(|&byte| byte != 0).unwrap() + 1;
        bytes[end..used].fill(0);
        bytes[end + 700] = 1;
    });
    let fault = read_all(&disk).1.unwrap_err();
    assert!(fault.to_string().contains("ends"), "{fault}");
    assert_eq!(support::place(&fault).unwrap(), (file, start as u64));
}

#[test]
fn something_farther_behind_the_end_than_one_group_reaches_stops() {
    let (disk, file, ..) = with_a_large_group();
    let end = groups_of(&disk.bytes(&file)).last().unwrap().end;
    disk.damage(&file, |bytes| bytes[end + 6 * 1024 - 1] = 1);
    assert_eq!(read_all(&disk).1.unwrap().unwrap().bytes, 6 * 1024, "within one largest group it may be a torn one");
    disk.damage(&file, |bytes| bytes[end + 6 * 1024] = 1);
    assert_eq!(support::place(&read_all(&disk).1.unwrap_err()).unwrap(), (file, end as u64));
}

#[test]
fn groups_of_another_history_stop_at_the_first_of_them() {
    // The same commands but for one byte in the first: sequences, epochs, times, sizes and checksums all agree.
    let histories = [b"left", b"rite"].map(|word| {
        let disk = SimulatedDisk::new();
        let (mut journal, _) = Journal::open_in(Arc::new(disk.clone()), support::options(64 * 1024)).unwrap();
        for _ in 0..10 {
            journal.begin_group(200).unwrap();
            let sequence = journal.next_sequence().number();
            let body: &[u8] = if sequence == 1 { word } else { b"same" };
            journal.push_record(&support::head(sequence), body).unwrap();
            journal.commit(carbex_journal::EventsHash::ZERO).unwrap();
        }
        disk
    });
    let file = segments(&histories[0]).pop().unwrap();
    let end = groups_of(&histories[0].bytes(&file))[5].end;
    let other = histories[1].bytes(&file);
    histories[0].damage(&file, |bytes| bytes[end..].copy_from_slice(&other[end..]));
    let refused = verify_in(Arc::new(histories[0].clone()), &mut |_| {}).unwrap_err();
    assert!(refused.to_string().contains("the chain breaks"), "{refused}");
    assert_eq!(support::place(&refused).unwrap(), (file, end as u64 + 56));
}
