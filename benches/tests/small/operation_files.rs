//! Files of operations: what is written is read again, and whatever is wrong with one is named, with its record.

use carbex_benches::workload::{
    AccountIndex, FlowShape, Operation, Operations, OpsFault, TickBand, order_flow, read_operations, write_operations,
};
use carbex_vocabulary::Side;

const HEADER_BYTES: usize = 32;
const RECORD_BYTES: usize = 24;
const MAGIC: &[u8; 8] = b"BOLWORK1";

/// Two resting orders, a third that crosses, and a cancel.
fn small() -> Operations {
    let account = AccountIndex::new;
    Operations {
        band: TickBand { lowest_tick: 100, width_ticks: 10 },
        prefill: vec![
            Operation::new(1, account(0), Side::Sell, 105, 4),
            Operation::new(2, account(1), Side::Buy, 101, 2),
        ],
        timed: vec![Operation::new(3, account(2), Side::Buy, 105, 3), Operation::cancel(2, account(1))],
    }
}

fn bytes(operations: &Operations) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_operations(operations, &mut bytes).expect("memory takes every byte");
    bytes
}

/// The small file with one change.
fn changed(change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = bytes(&small());
    change(&mut bytes);
    bytes
}

/// Where record number `record` begins; they count from 1.
fn record(record: usize) -> usize {
    HEADER_BYTES + (record - 1) * RECORD_BYTES
}

fn fault(bytes: &[u8]) -> OpsFault {
    read_operations(bytes).expect_err("the file is at fault")
}

#[test]
fn what_is_written_is_read_again() {
    for operations in [small(), order_flow(FlowShape::RUSH.resting(300), 50, 3_000, 1)] {
        assert_eq!(read_operations(bytes(&operations).as_slice()).expect("a whole file"), operations);
    }
}

#[test]
fn the_header_is_magic_counts_and_band() {
    let bytes = bytes(&small());
    assert_eq!(&bytes[..8], MAGIC);
    assert_eq!(bytes[8..16], 2_u64.to_le_bytes());
    assert_eq!(bytes[16..24], 2_u64.to_le_bytes());
    assert_eq!(bytes[24..32], (10_u64 << 32 | 100).to_le_bytes());
    assert_eq!(bytes.len(), record(5));
}

#[test]
fn a_file_without_a_header_or_with_another_magic_is_none() {
    assert!(matches!(fault(b"BOLW"), OpsFault::NoHeader { bytes: 4 }));
    assert!(matches!(fault(&changed(|bytes| bytes[0] = b'X')), OpsFault::Magic { .. }));
}

#[test]
fn a_short_file_names_the_first_record_that_is_not_whole() {
    let cut = changed(|bytes| bytes.truncate(record(4) + 23));
    assert!(matches!(fault(&cut), OpsFault::Short { record: 4, announced: 4 }));
    let cut = changed(|bytes| bytes.truncate(record(3)));
    assert!(matches!(fault(&cut), OpsFault::Short { record: 3, announced: 4 }));
}

#[test]
fn a_file_that_promises_more_than_memory_holds_is_read_no_further_than_it_goes() {
    let promising = changed(|bytes| bytes[16..24].copy_from_slice(&4_000_000_000_u64.to_le_bytes()));
    assert!(matches!(fault(&promising), OpsFault::Short { record: 5, .. }));
    let beyond = changed(|bytes| bytes[16..24].copy_from_slice(&u64::MAX.to_le_bytes()));
    assert!(matches!(fault(&beyond), OpsFault::TooMany { prefill: 2, timed: u64::MAX }));
}

#[test]
fn a_long_file_and_one_with_nothing_to_time_are_refused() {
    assert!(matches!(fault(&changed(|bytes| bytes.push(0))), OpsFault::Long { announced: 4 }));
    let nothing = changed(|bytes| bytes[16..24].copy_from_slice(&0_u64.to_le_bytes()));
    assert!(matches!(fault(&nothing), OpsFault::NothingTimed));
}

#[test]
fn a_band_has_one_to_65536_ticks_below_2_to_the_32() {
    let band = |lowest: u32, width: u32| {
        changed(|bytes| bytes[24..32].copy_from_slice(&(u64::from(width) << 32 | u64::from(lowest)).to_le_bytes()))
    };
    assert!(matches!(fault(&band(100, 0)), OpsFault::Band { lowest_tick: 100, width_ticks: 0 }));
    assert!(matches!(fault(&band(100, 65_537)), OpsFault::Band { width_ticks: 65_537, .. }));
    assert!(matches!(fault(&band(u32::MAX, 2)), OpsFault::Band { lowest_tick: u32::MAX, .. }));
    assert!(read_operations(band(100, 65_536).as_slice()).is_ok());
}

#[test]
fn an_unknown_kind_or_side_names_its_record() {
    assert!(matches!(fault(&changed(|bytes| bytes[record(3) + 20] = 2)), OpsFault::Kind { record: 3, kind: 2 }));
    assert!(matches!(fault(&changed(|bytes| bytes[record(1) + 21] = 9)), OpsFault::Side { record: 1, side: 9 }));
}

#[test]
fn ids_are_dense_from_one() {
    let gap = changed(|bytes| bytes[record(3)] = 4);
    assert!(matches!(fault(&gap), OpsFault::IdNotDense { record: 3, id: 4, expected: 3 }));
    let zero = changed(|bytes| bytes[record(1)] = 0);
    assert!(matches!(fault(&zero), OpsFault::IdNotDense { record: 1, id: 0, expected: 1 }));
}

#[test]
fn a_cancel_names_an_order_that_was_entered_before_it() {
    for id in [0, 4] {
        let never = changed(|bytes| bytes[record(4)] = id);
        assert!(matches!(fault(&never), OpsFault::NeverPlaced { record: 4, id: found } if found == u64::from(id)));
    }
}

#[test]
fn a_tick_outside_the_band_and_an_order_for_nothing_name_their_record() {
    for (tick, inside) in [(99_u8, false), (100, true), (109, true), (110, false)] {
        let read = read_operations(changed(|bytes| bytes[record(2) + 12] = tick).as_slice());
        assert_eq!(read.is_ok(), inside, "tick {tick}");
    }
    let outside = changed(|bytes| bytes[record(2) + 12] = 110);
    let expected = "record 2: price tick 110 is outside the band, 100 to 109";
    assert_eq!(fault(&outside).to_string(), expected);
    assert!(matches!(fault(&changed(|bytes| bytes[record(3) + 16] = 0)), OpsFault::NoQuantity { record: 3 }));
}
