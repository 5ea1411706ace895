//! A flipped bit in what was acknowledged stops the start with file and offset; it is never cut, never passed over.

mod exchange;

use std::fs;

use carbex_journal::{JournalFault, describe};
use carbex_node::{Follower, Node, NodeOptions, ReplayFault, Silent, StartFault};
use carbex_vocabulary::Sequence;
use exchange::{Exchange, life, state_hash, submit_all};

/// The end of the journal in which bits are flipped.
const REGION_BYTES: u64 = 16 * 1024;
const FLIPS: u64 = 1_000;

#[test]
fn a_thousand_flipped_bits_are_each_told_and_none_is_cut() {
    let exchange = Exchange::new();
    let small = |options| NodeOptions { segment_bytes: 256 * 1024, group_bytes_max: 64 * 1024, ..options };
    let node = exchange.start_with(small);
    exchange.open_year(&node);
    for submissions in life(1, 600).chunks(7) {
        submit_all(&node, submissions);
    }
    let (hash, durable) = (state_hash(&node), node.durable());
    node.stop().expect("a clean stop, with a seal");

    let description = describe(&exchange.journal()).expect("the journal is whole");
    let segment = description.segments.last().expect("a segment");
    assert!(segment.used_bytes > REGION_BYTES, "{} bytes are used", segment.used_bytes);
    let region_bits = REGION_BYTES * 8;
    let first_bit = (segment.used_bytes - REGION_BYTES) * 8;
    for flip in 0..FLIPS {
        let bit = first_bit + flip * region_bits / FLIPS + flip % 8;
        let mut bytes = fs::read(&segment.file).expect("the segment");
        let whole = bytes.clone();
        let place = usize::try_from(bit / 8).expect("it fits");
        bytes[place] ^= 1 << (bit % 8);
        fs::write(&segment.file, &bytes).expect("the flip");

        let fault = Node::start(small(exchange.options()), &Silent).expect_err("the start must stop");
        let (StartFault::Journal(fault) | StartFault::Replay(ReplayFault::Journal(fault))) = &fault else {
            panic!("bit {bit}: {fault}")
        };
        let (JournalFault::Corruption { file, offset, .. } | JournalFault::Unsupported { file, offset, .. }) = fault
        else {
            panic!("bit {bit}: {fault}")
        };
        assert_eq!(file, &segment.file, "bit {bit}");
        assert!(*offset <= bit / 8, "bit {bit}: the fault is told at byte {offset}");
        assert_eq!(fs::read(&segment.file).expect("the segment"), bytes, "bit {bit}: a damaged file is left as it is");
        fs::write(&segment.file, whole).expect("the flip is undone");
    }

    let node = exchange.start_with(small);
    assert_eq!((state_hash(&node), node.durable()), (hash, durable));
    drop(node);
    let mut follower = Follower::genesis(&exchange.journal()).expect("the founding record");
    assert_eq!(follower.advance(Sequence::new(u64::MAX), &mut ()).expect("the replay"), durable);
}
