//! One group read: is it whole, and is it the next link of the chain?

use carbex_vocabulary::{Sequence, TimestampNs};
use zerocopy::FromBytes;

use crate::group::{group_hash, record_bytes_padded};
use crate::layout::{
    END_MAGIC, FLAG_OPENED, FLAGS_KNOWN, GROUP_HEADER_BYTES, GROUP_MAGIC, GROUP_TRAILER_BYTES, GroupHeader,
    GroupTrailer, RECORD_HEADER_BYTES, RecordHeader, SegmentHeader, VERSION, crc_before_last_4, crc32c,
    group_bytes_for,
};
use crate::{Epoch, GroupHash, Record};

/// Where the chain stands: what the next group must continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chain {
    /// The sequence of the next record.
    pub next: u64,
    pub epoch: u64,
    /// The time of the last record.
    pub time_ns: u64,
    pub hash: GroupHash,
}

impl Chain {
    /// Before the first group of all.
    pub const START: Self = Self { next: 1, epoch: 0, time_ns: 0, hash: GroupHash::ZERO };

    /// Where the chain stands at the start of a segment, by its header.
    pub fn at_segment(header: &SegmentHeader) -> Self {
        Self {
            next: header.first_sequence.get(),
            epoch: header.epoch.get(),
            time_ns: header.previous_time_ns.get(),
            hash: GroupHash::new(header.previous_hash),
        }
    }

    /// The chain with that group.
    pub fn after(&self, header: &GroupHeader, hash: GroupHash) -> Self {
        Self {
            next: header.first_sequence.get() + u64::from(header.record_count.get()),
            epoch: header.epoch.get(),
            time_ns: header.last_time_ns.get(),
            hash,
        }
    }
}

/// Why the bytes are not the next group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Defect {
    /// The header is not one.
    Header { reason: String },
    /// The header is good, what follows it is not what was written. `at` counts from the start of the group.
    Content { at: usize, reason: String },
    /// Everything is as it was written, but it is not the next link.
    Link { at: usize, reason: String },
    /// A whole header of a newer program.
    Unsupported { at: usize, what: &'static str, found: u64, known: &'static str },
}

/// Reads the header in the first bytes.
pub(crate) fn read_header(bytes: &[u8]) -> Result<GroupHeader, Defect> {
    let header = |reason: String| Defect::Header { reason };
    let Some(raw) = bytes.get(..GROUP_HEADER_BYTES) else {
        return Err(header(format!("the file ends {} bytes into a group header of {GROUP_HEADER_BYTES}", bytes.len())));
    };
    let (group, _) = GroupHeader::read_from_prefix(raw).map_err(|_| header("unreadable header".into()))?;
    if group.magic != GROUP_MAGIC {
        return Err(header(format!("expected the group magic {GROUP_MAGIC:02x?}, found {:02x?}", group.magic)));
    }
    let crc = crc_before_last_4(raw);
    if group.crc.get() != crc {
        return Err(header(format!(
            "the group header's CRC-32C says {:#010x}, its bytes give {crc:#010x}",
            group.crc.get()
        )));
    }
    if group.version.get() != VERSION {
        return Err(Defect::Unsupported {
            at: 8,
            what: "group format version",
            found: group.version.get().into(),
            known: "1",
        });
    }
    if group.flags.get() & !FLAGS_KNOWN != 0 {
        return Err(Defect::Unsupported {
            at: 10,
            what: "group flags",
            found: group.flags.get().into(),
            known: "0x1 and 0x2",
        });
    }
    if group.group_bytes.get() as usize != group_bytes_for(group.payload_bytes.get() as usize) {
        let (bytes, payload) = (group.group_bytes, group.payload_bytes);
        return Err(header(format!("a group with {payload} payload bytes cannot be {bytes} bytes long")));
    }
    if group.reserved.get() != 0 || group.reserved_2.get() != 0 {
        return Err(Defect::Unsupported { at: 52, what: "reserved bytes of the group header", found: 1, known: "0" });
    }
    Ok(group)
}

/// Reads the whole group in the first bytes and checks everything: its content, and that it continues `chain`.
pub(crate) fn read_group(bytes: &[u8], chain: &Chain) -> Result<(GroupHeader, GroupHash), Defect> {
    let header = read_header(bytes)?;
    let hash = check_content(bytes, &header)?;
    check_link(&header, chain)?;
    check_records(&bytes[GROUP_HEADER_BYTES..][..header.payload_bytes.get() as usize], &header, chain)?;
    Ok((header, hash))
}

/// Whether everything behind the header is what was written; answers the group's hash.
pub(crate) fn check_content(bytes: &[u8], header: &GroupHeader) -> Result<GroupHash, Defect> {
    let group_bytes = header.group_bytes.get() as usize;
    let trailer_at = group_bytes - GROUP_TRAILER_BYTES;
    let Some(group) = bytes.get(..group_bytes) else {
        return Err(Defect::Content {
            at: bytes.len(),
            reason: format!("the file ends inside a group of {group_bytes} bytes"),
        });
    };
    let Ok(trailer) = GroupTrailer::read_from_bytes(&group[trailer_at..]) else {
        return Err(Defect::Content { at: trailer_at, reason: "unreadable trailer".into() });
    };
    if trailer.magic != END_MAGIC {
        let reason = format!("expected the end magic {END_MAGIC:02x?}, found {:02x?}", trailer.magic);
        return Err(Defect::Content { at: group_bytes - END_MAGIC.len(), reason });
    }
    let crc = crc32c(&group[GROUP_HEADER_BYTES..trailer_at]);
    if trailer.payload_crc.get() != crc {
        let reason =
            format!("the payload's CRC-32C says {:#010x}, its bytes give {crc:#010x}", trailer.payload_crc.get());
        return Err(Defect::Content { at: GROUP_HEADER_BYTES, reason });
    }
    let hash = group_hash(&GroupHash::new(header.previous_hash), &group[..trailer_at]);
    if trailer.group_hash != *hash.bytes() {
        let reason =
            format!("the trailer gives the group hash {}, the bytes give {hash}", GroupHash::new(trailer.group_hash));
        return Err(Defect::Content { at: trailer_at, reason });
    }
    if trailer.group_bytes.get() as usize != group_bytes {
        let reason = format!("the trailer says {} bytes, the header {group_bytes}", trailer.group_bytes);
        return Err(Defect::Content { at: trailer_at, reason });
    }
    Ok(hash)
}

fn check_link(header: &GroupHeader, chain: &Chain) -> Result<(), Defect> {
    let link = |at: usize, reason: String| Err(Defect::Link { at, reason });
    let opened = header.flags.get() & FLAG_OPENED != 0;
    if header.epoch.get() < chain.epoch {
        return link(16, format!("epoch {} after epoch {}: a stale group", header.epoch, chain.epoch));
    }
    if header.first_sequence.get() != chain.next {
        return link(24, format!("expected sequence {}, found {}", chain.next, header.first_sequence));
    }
    if header.previous_hash != *chain.hash.bytes() {
        let found = GroupHash::new(header.previous_hash);
        return link(
            56,
            format!("the chain breaks: the group before has the hash {}, this one continues {found}", chain.hash),
        );
    }
    if opened != (header.epoch.get() > chain.epoch) {
        return link(16, format!("epoch {} after epoch {} (flags {:#x})", header.epoch, chain.epoch, header.flags));
    }
    if (header.flags.get() == 0) == (header.record_count.get() == 0) {
        return link(12, format!("{} records with flags {:#x}", header.record_count, header.flags));
    }
    Ok(())
}

fn check_records(payload: &[u8], header: &GroupHeader, chain: &Chain) -> Result<(), Defect> {
    let (mut at, mut count, mut time_ns) = (0, 0u64, chain.time_ns);
    let link = |at: usize, reason: String| Err(Defect::Link { at: GROUP_HEADER_BYTES + at, reason });
    while at < payload.len() {
        let (record, bytes) = match read_record(&payload[at..]) {
            Ok(read) => read,
            Err(reason) => return link(at, reason),
        };
        let sequence = chain.next + count;
        if record.sequence.number() != sequence {
            return link(at, format!("expected record {sequence}, found {}", record.sequence));
        }
        if record.epoch.number() != header.epoch.get() {
            return link(at, format!("record {sequence} is of epoch {}, its group of {}", record.epoch, header.epoch));
        }
        if record.time.ns() < time_ns {
            return link(at, format!("record {sequence} is at {} ns, before {time_ns} ns", record.time.ns()));
        }
        time_ns = record.time.ns();
        count += 1;
        at += bytes;
    }
    if count != u64::from(header.record_count.get()) {
        return link(at, format!("{count} records where the header says {}", header.record_count));
    }
    if time_ns != header.last_time_ns.get() {
        return link(at, format!("the last record is at {time_ns} ns, the header says {}", header.last_time_ns));
    }
    Ok(())
}

/// Reads the record in the first bytes and checks its checksum; answers it and how many bytes it takes, padding included.
pub(crate) fn read_record(bytes: &[u8]) -> Result<(Record<'_>, usize), String> {
    let (record, padded) = parse_record(bytes)?;
    let record_bytes = RECORD_HEADER_BYTES + record.reason.len() + record.body.len();
    let (said, crc) = (crc_of(bytes), crc32c(&bytes[4..record_bytes]));
    if said != crc {
        return Err(format!("the record's CRC-32C says {said:#010x}, its bytes give {crc:#010x}"));
    }
    Ok((record, padded))
}

/// What a record's first four bytes say.
fn crc_of(record: &[u8]) -> u32 {
    record.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// As [`read_record`] for bytes that are known to be whole: the checksum is not looked at.
#[inline]
pub(crate) fn parse_record(bytes: &[u8]) -> Result<(Record<'_>, usize), String> {
    let Ok((header, _)) = RecordHeader::ref_from_prefix(bytes) else {
        return Err(format!("{} bytes are no record", bytes.len()));
    };
    let (reason_bytes, body_bytes) = (usize::from(header.reason_bytes), header.body_bytes.get() as usize);
    let record_bytes = RECORD_HEADER_BYTES.saturating_add(reason_bytes).saturating_add(body_bytes);
    let padded = record_bytes_padded(reason_bytes, body_bytes);
    if header.record_bytes.get() as usize != record_bytes || padded > bytes.len() {
        return Err(format!(
            "a record of {} bytes with a reason of {reason_bytes} and a body of {body_bytes}",
            header.record_bytes
        ));
    }
    if header.flags.get() != 0
        || header.reserved.get() != 0
        || bytes[record_bytes..padded].iter().any(|&byte| byte != 0)
    {
        return Err("record flags, reserved bytes or padding are not zero, as version 1 has them".into());
    }
    let reason = &bytes[RECORD_HEADER_BYTES..][..reason_bytes];
    let Ok(reason) = str::from_utf8(reason) else {
        return Err("the reason is not UTF-8".into());
    };
    let record = Record {
        sequence: Sequence::new(header.sequence.get()),
        epoch: Epoch::new(header.epoch.get()),
        time: TimestampNs::new(header.time_ns.get()),
        actor: header.actor.get(),
        role: header.role,
        member: header.member.get(),
        idempotency_key: u128::from_le_bytes(header.idempotency_key),
        reason,
        body: &bytes[RECORD_HEADER_BYTES + reason_bytes..record_bytes],
    };
    Ok((record, padded))
}
