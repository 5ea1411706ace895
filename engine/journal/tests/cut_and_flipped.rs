//! The two proofs of the tail rules: a journal cut at any byte, and a journal with any bit flipped.

mod support;

use std::sync::Arc;

use carbex_journal::{Journal, SimulatedDisk};
use support::{filled_disk, groups_of, options, place, read_all, segments};

/// The last 64 KiB that are proved byte by byte.
const CUT_BYTES: usize = 64 * 1024;
/// The last 16 KiB that are proved bit by bit.
const FLIP_BYTES: usize = 16 * 1024;

/// Makes `b` the end of `name`, by zeros or by the end of the file, for every `b` from the end of the last group down, and
/// checks what is recovered.
fn cut_everywhere(by_zeros: bool) {
    let disk = filled_disk(96 * 1024, 140, false);
    let name = segments(&disk).pop().unwrap();
    let bytes = disk.bytes(&name);
    let groups = groups_of(&bytes);
    let end = groups.last().unwrap().end;
    assert!(end > CUT_BYTES + 512, "the journal is large enough: {end}");
    for b in (end - CUT_BYTES..=end).rev() {
        disk.damage(&name, |bytes| if by_zeros { bytes[b..end].fill(0) } else { bytes.truncate(b) });
        let whole = groups.iter().rfind(|group| group.end <= b).unwrap();
        let (last, tail) = read_all(&disk);
        assert_eq!(last, whole.last, "cut at byte {b}");
        let torn = tail.unwrap_or_else(|fault| panic!("cut at byte {b}: {fault}"));
        // A cut through trailing zeros of nothing leaves nothing to cut.
        let left = bytes[whole.end..b].iter().rposition(|&byte| byte != 0).map_or(0, |at| at + 1);
        assert_eq!(torn.map_or(0, |torn| torn.bytes as usize), left, "cut at byte {b}");
        // The writer agrees with the reader, and goes on from there. (Every 509th: opening zeroes new spares.)
        if b % 509 == 0 {
            let copy = disk.copy();
            let (mut journal, recovered) = Journal::open_in(Arc::new(copy.clone()), options(96 * 1024)).unwrap();
            assert_eq!(recovered.last.unwrap().number(), last);
            assert_eq!(recovered.cut.map_or(0, |cut| cut.bytes as usize), left);
            support::commit(&mut journal, 2).unwrap();
            drop(journal);
            assert_eq!(read_all(&copy).0, last + 2);
        }
    }
}

#[test]
fn zeros_from_any_byte_on_leave_every_group_that_ends_before_it() {
    cut_everywhere(true);
}

#[test]
fn the_file_ending_at_any_byte_leaves_every_group_that_ends_before_it() {
    cut_everywhere(false);
}

#[test]
fn a_segment_cut_inside_its_header_leaves_the_segments_before_it() {
    let disk = filled_disk(16 * 1024, 60, false);
    let names = segments(&disk);
    let (name, before) = (names.last().unwrap(), &names[names.len() - 2]);
    let expected = groups_of(&disk.bytes(before)).last().unwrap().last;
    for b in 0..512 {
        let cut = disk.copy();
        cut.damage(name, |bytes| bytes.truncate(b));
        let (last, tail) = read_all(&cut);
        assert_eq!(last, if tail.is_ok() { expected } else { panic!("cut at byte {b}") });
        let (_, recovered) = Journal::open_in(Arc::new(cut.clone()), options(16 * 1024)).unwrap();
        assert_eq!(recovered.last.unwrap().number(), expected);
        assert_eq!(recovered.cut.is_some(), b < 88, "a whole header without groups is no torn tail");
    }
}

/// Flips every bit of the last bytes of the journal; none may be cut or pass.
fn flip_every_bit(sealed: bool) -> (u64, u64) {
    let disk = filled_disk(64 * 1024, 90, sealed);
    let name = segments(&disk).pop().unwrap();
    let bytes = disk.bytes(&name);
    let groups = groups_of(&bytes);
    let end = groups.last().unwrap().end;
    assert!(end > FLIP_BYTES, "the journal is large enough: {end}");
    let (mut flips, mut opened) = (0, 0);
    for at in end - FLIP_BYTES..end {
        for bit in 0..8 {
            flips += 1;
            disk.damage(&name, |bytes| bytes[at] ^= 1 << bit);
            let (last, tail) = read_all(&disk);
            let fault = match tail {
                Err(fault) => fault,
                Ok(torn) => panic!("bit {bit} of byte {at} passed: read up to {last}, torn {torn:?}"),
            };
            let group = groups.iter().position(|group| at < group.end).unwrap();
            let start = if group == 0 { 512 } else { groups[group - 1].end };
            assert_eq!(
                last,
                groups[..group].last().map_or(0, |group| group.last),
                "every group before the damaged one is read"
            );
            let (file, offset) = place(&fault).unwrap_or_else(|| panic!("{fault}"));
            assert_eq!(file, name);
            assert!((start..groups[group].end).contains(&(offset as usize)), "byte {at}: {fault}");
            if flips % 1009 == 0 {
                opened += 1;
                let before = disk.bytes(&name);
                let refused = Journal::open_in(Arc::new(disk.clone()), options(64 * 1024)).map(|_| ()).unwrap_err();
                assert_eq!(refused.to_string(), fault.to_string());
                assert_eq!(disk.bytes(&name), before, "nothing was changed");
            }
            disk.damage(&name, |bytes| bytes[at] ^= 1 << bit);
        }
    }
    (flips, opened)
}

#[test]
fn a_flip_of_any_bit_stops_and_says_where() {
    assert_eq!(flip_every_bit(false), (131_072, 129));
}

#[test]
fn a_flip_of_any_bit_stops_when_the_tail_is_sealed() {
    assert_eq!(flip_every_bit(true), (131_072, 129));
}

#[test]
fn a_flip_of_any_bit_anywhere_in_many_segments_stops_or_loses_nothing() {
    let disk = filled_disk(16 * 1024, 150, false);
    let names = segments(&disk);
    assert!(names.len() > 4);
    let mut random = fastrand::Rng::with_seed(7);
    let mut stopped = 0;
    for _ in 0..20_000 {
        let name = &names[random.usize(..names.len())];
        let (at, bit) = (random.usize(..16 * 1024), random.u8(..8));
        disk.damage(name, |bytes| bytes[at] ^= 1 << bit);
        let (last, tail) = read_all(&disk);
        match tail {
            Err(fault) => {
                stopped += 1;
                assert!(place(&fault).is_some(), "{fault}");
            }
            Ok(torn) => {
                // Only the zeros behind the journal's end may hide a flip: then it is cut there, and no record is lost.
                assert_eq!(Some(name), names.last());
                assert_eq!(last, read_all(&undamaged(&disk, name, at, bit)).0);
                assert!(torn.unwrap().offset <= at as u64);
            }
        }
        disk.damage(name, |bytes| bytes[at] ^= 1 << bit);
    }
    assert!(stopped > 15_000, "{stopped}");
}

fn undamaged(disk: &SimulatedDisk, name: &str, at: usize, bit: u8) -> SimulatedDisk {
    let copy = disk.copy();
    copy.damage(name, |bytes| bytes[at] ^= 1 << bit);
    copy
}

#[test]
fn a_flip_in_a_last_group_with_zero_sectors_stops() {
    // The zero sectors are the body's own: they must not be taken for sectors that never arrived.
    let disk = SimulatedDisk::new();
    let (mut journal, _) = Journal::open_in(Arc::new(disk.clone()), options(16 * 1024)).unwrap();
    for _ in 0..7 {
        support::commit(&mut journal, 1).unwrap();
    }
    drop(journal);
    assert_eq!(support::body(7), [0; 3 * 512]);
    let name = segments(&disk).pop().unwrap();
    let groups = groups_of(&disk.bytes(&name));
    let (start, end) = (groups[groups.len() - 2].end, groups[groups.len() - 1].end);
    assert!(disk.bytes(&name)[start..end].chunks(512).any(|sector| sector == [0; 512]));
    for at in start..end {
        for bit in 0..8 {
            disk.damage(&name, |bytes| bytes[at] ^= 1 << bit);
            let (last, tail) = read_all(&disk);
            assert!(last == 6 && tail.is_err(), "bit {bit} of byte {at}: {tail:?}");
            disk.damage(&name, |bytes| bytes[at] ^= 1 << bit);
        }
    }
}

#[test]
fn a_flip_in_the_last_segments_header_stops_and_removes_nothing() {
    let disk = filled_disk(16 * 1024, 60, false);
    let name = segments(&disk).pop().unwrap();
    let files = disk.files().len();
    for at in 0..512 {
        for bit in 0..8 {
            disk.damage(&name, |bytes| bytes[at] ^= 1 << bit);
            let refused = Journal::open_in(Arc::new(disk.clone()), options(16 * 1024)).map(|_| ()).unwrap_err();
            assert_eq!(place(&refused).unwrap().0, name, "bit {bit} of byte {at}");
            assert!(read_all(&disk).1.is_err());
            assert_eq!(disk.files().len(), files);
            disk.damage(&name, |bytes| bytes[at] ^= 1 << bit);
        }
    }
}

#[test]
fn a_segment_that_is_cut_though_another_follows_stops_in_the_cut_segment() {
    let disk = filled_disk(16 * 1024, 60, false);
    let name = segments(&disk)[0].clone();
    let groups = groups_of(&disk.bytes(&name));
    let (start, end) = (groups[groups.len() - 2].end, groups[groups.len() - 1].end);
    disk.damage(&name, |bytes| bytes[end - 100..].fill(0));
    assert_eq!(place(&read_all(&disk).1.unwrap_err()), Some((name, start as u64)));
}
