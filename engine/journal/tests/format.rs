//! The formats (journal: version 1, snapshots: 2), byte for byte: what is on people's disks must be readable for ever.

mod support;

use std::io::Write;
use std::sync::Arc;

use carbex_journal::{
    Epoch, EventsHash, GroupHash, Journal, JournalFault, JournalReader, RecordHead, SimulatedDisk, SnapshotPoint,
    SnapshotReader, SnapshotWriter,
};
use carbex_vocabulary::{Sequence, TimestampNs};
use support::options;

const SEGMENT: &str = "segment-00000000000000000001.cxj";

/// One record in one group: everything of it is known.
fn golden() -> SimulatedDisk {
    let disk = SimulatedDisk::new();
    let (mut journal, _) = Journal::open_in(Arc::new(disk.clone()), options(8 * 1024)).unwrap();
    journal.begin_group(1000).unwrap();
    let head = RecordHead {
        time: TimestampNs::new(0x1122_3344_5566_7788),
        actor: 0x0102_0304_0506_0708,
        role: 0x21,
        member: 0x3132_3334,
        idempotency_key: 0xf0e0_d0c0_b0a0_9080_7060_5040_3020_1000,
        reason: "réf. 12",
    };
    journal.push_record(&head, b"body").unwrap();
    journal.commit(EventsHash::new([0xee; 32])).unwrap();
    disk
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn version_1_is_these_bytes() {
    let bytes = golden().bytes(SEGMENT);
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let crc = |range: std::ops::Range<usize>| slow_crc32c(&bytes[range]);
    // Segment header: magic, version 1, flags 0, largest group 6144, epoch 0, first record 1, 8192 bytes, nothing before.
    let header = "63786a5345474d540100000000180000000000000000000001000000000000000020000000000000000000000000";
    assert_eq!(hex(&bytes[..46]), header);
    assert!(bytes[46..84].iter().all(|&byte| byte == 0));
    assert_eq!(word(84), crc(0..84));
    // The opening's group: flags 1, no records, epoch 1, one sector.
    let opening = "63786a47524f555001000100000000000100000000000000010000000000000000000000000000000000000000020000";
    assert_eq!(hex(&bytes[512..560]), opening);
    assert_eq!(word(512 + 124), crc(512..512 + 124));
    assert_eq!(hex(&bytes[1016..1024]), hex(b"cxjGREND"));
    // The group: flags 0, one record of 72 + 8 + 4 bytes padded to 88, in one sector.
    let group = 1024;
    let start = "63786a47524f555001000000010000000100000000000000010000000000000088776655443322115800000000020000";
    assert_eq!(hex(&bytes[group..group + 48]), start);
    assert_eq!(bytes[group + 48..group + 56], [0; 8], "no sparse sectors, reserved");
    assert_eq!(
        bytes[group + 56..group + 88],
        bytes[512 + 472..512 + 504],
        "the chain: the hash in the opening's trailer"
    );
    assert_eq!(bytes[group + 88..group + 120], [0xee; 32]);
    assert_eq!(word(group + 124), crc(group..group + 124));
    let record = group + 128;
    assert_eq!(word(record), crc(record + 4..record + 84));
    let fields = "54000000010000000000000001000000000000008877665544332211080706050403020100102030405060708090a0b0c0d0e0f0\
                  34333231040000002108000000000000";
    assert_eq!(hex(&bytes[record + 4..record + 72]), fields);
    assert_eq!(&bytes[record + 72..record + 84], "réf. 12body".as_bytes());
    assert!(bytes[record + 84..group + 464].iter().all(|&byte| byte == 0));
    // Trailer: length, CRC of everything between header and trailer, hash, end magic.
    assert_eq!((word(group + 464), word(group + 468)), (512, crc(group + 128..group + 464)));
    let mut hasher = blake3::Hasher::new();
    hasher.update(&bytes[group + 56..group + 88]);
    hasher.update(&bytes[group..group + 464]);
    assert_eq!(bytes[group + 472..group + 504], *hasher.finalize().as_bytes());
    assert_eq!(&bytes[group + 504..group + 512], b"cxjGREND");
    assert!(bytes[group + 512..].iter().all(|&byte| byte == 0));
}

#[test]
fn a_snapshot_of_version_2_is_these_bytes() {
    let disk = SimulatedDisk::new();
    let point = SnapshotPoint {
        sequence: Sequence::new(0x0102),
        time: TimestampNs::new(0x0304),
        epoch: Epoch::new(5),
        group_hash: GroupHash::new([0xaa; 32]),
    };
    let mut writer = SnapshotWriter::create_in(Arc::new(disk.clone()), point).unwrap();
    writer.write_all(b"preface").unwrap();
    writer.begin_state().unwrap();
    writer.write_all(b"state").unwrap();
    writer.finish().unwrap();
    let name = "snapshot-00000000000000000258.cxs";
    let bytes = disk.bytes(name);
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let crc = |range: std::ops::Range<usize>| slow_crc32c(&bytes[range]);
    // Four blocks of 4096: header, a chunk of the preface, one of the state, trailer; each filled up with zeros.
    assert_eq!(bytes.len(), 4 * 4096);
    // Header: magic, version 2, flags 0, one chunk of preface, record, time, epoch, chain, hash of the state.
    let header = "63787353544154450200000001000000020100000000000004030000000000000500000000000000";
    assert_eq!(hex(&bytes[..40]), header);
    assert_eq!(bytes[40..72], [0xaa; 32]);
    assert_eq!(bytes[72..104], *blake3::hash(b"state").as_bytes());
    assert_eq!((word(104), word(108)), (0, crc(0..108)));
    assert!(bytes[112..4096].iter().all(|byte| *byte == 0));
    for (number, payload) in [(0, "preface"), (1, "state")] {
        let chunk = 4096 * (1 + number as usize);
        let payload_end = chunk + 16 + payload.len();
        assert_eq!((word(chunk), word(chunk + 4) as usize), (number, payload.len()));
        assert_eq!((word(chunk + 8), word(chunk + 12)), (crc(chunk + 16..payload_end), crc(chunk..chunk + 12)));
        assert_eq!(&bytes[chunk + 16..payload_end], payload.as_bytes());
        assert!(bytes[payload_end..chunk + 4096].iter().all(|byte| *byte == 0));
    }
    // Trailer: no chunk's number, two chunks, 12 bytes, hash of preface and header, end magic.
    let trailer = 3 * 4096;
    assert_eq!(hex(&bytes[trailer..trailer + 16]), "ffffffff020000000c00000000000000");
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"preface");
    hasher.update(&bytes[..112]);
    assert_eq!(bytes[trailer + 16..trailer + 48], *hasher.finalize().as_bytes());
    assert_eq!((word(trailer + 48), word(trailer + 52)), (0, crc(trailer..trailer + 52)));
    assert_eq!(&bytes[trailer + 56..trailer + 64], b"cxsSTEND");
    assert!(bytes[trailer + 64..].iter().all(|byte| *byte == 0));

    // A newer version is refused by name.
    disk.damage(name, |bytes| {
        bytes[8] = 3;
        let crc = slow_crc32c(&bytes[..108]);
        bytes[108..112].copy_from_slice(&crc.to_le_bytes());
    });
    let fault = SnapshotReader::open_in(Arc::new(disk), name).unwrap_err();
    assert!(fault.to_string().contains("snapshot format version 0x3"), "{fault}");
}

/// CRC-32C as the standard defines it, bit by bit.
fn slow_crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), |crc, _| step(crc)))
}

/// Changes bytes of a structure and makes its checksum right again, as a newer program would.
fn rewrite(at: usize, value: u16, structure: std::ops::Range<usize>) -> SimulatedDisk {
    let disk = golden();
    disk.damage(SEGMENT, |bytes| {
        bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
        let crc = slow_crc32c(&bytes[structure.start..structure.end - 4]);
        bytes[structure.end - 4..structure.end].copy_from_slice(&crc.to_le_bytes());
    });
    disk
}

#[test]
fn an_unknown_version_or_flag_refuses_to_start_and_says_which() {
    let cases = [
        (rewrite(8, 2, 0..88), "segment format version 0x2", 8),
        (rewrite(10, 4, 0..88), "segment flags 0x4", 10),
        (rewrite(1024 + 8, 7, 1024..1152), "group format version 0x7", 1032),
        (rewrite(1024 + 10, 8, 1024..1152), "group flags 0x8", 1034),
    ];
    for (disk, says, at) in cases {
        let before = disk.bytes(SEGMENT);
        let opened = Journal::open_in(Arc::new(disk.clone()), options(8 * 1024)).map(|_| ()).unwrap_err();
        let read = JournalReader::open_in(Arc::new(disk.clone()), Sequence::new(1)).and_then(|mut reader| {
            while reader.next_group()?.is_some() {}
            Ok(())
        });
        for fault in [opened, read.unwrap_err()] {
            assert!(matches!(&fault, JournalFault::Unsupported { offset, .. } if *offset == at), "{fault}");
            assert!(fault.to_string().contains(says), "{fault}");
        }
        assert_eq!(disk.bytes(SEGMENT), before, "nothing was cut");
    }
}
