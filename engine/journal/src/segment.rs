//! One segment file: its header, and the groups in it one after the other.

use std::ops::Range;

use zerocopy::{FromBytes, IntoBytes};

use crate::chain::{Chain, Defect, read_group, read_header};
use crate::layout::{
    GROUP_HEADER_BYTES, GroupHeader, SECTOR_BYTES, SEGMENT_HEADER_BYTES, SEGMENT_MAGIC, SegmentHeader, VERSION,
    crc_before_last_4, used_bytes,
};
use crate::names::{SegmentFile, segments};
use crate::storage::{Sector, Storage, StorageFile, disk_fault, read_up_to};
use crate::tail::{Tail, judge_tail};
use crate::{GroupHash, JournalFault};

/// The first sector of a segment that continues `chain`.
pub(crate) fn header_sector(chain: &Chain, segment_bytes: u64, group_bytes_max: usize) -> Sector {
    let header = SegmentHeader {
        magic: SEGMENT_MAGIC,
        version: VERSION.into(),
        flags: 0.into(),
        group_bytes_max: (group_bytes_max as u32).into(),
        epoch: chain.epoch.into(),
        first_sequence: chain.next.into(),
        segment_bytes: segment_bytes.into(),
        previous_time_ns: chain.time_ns.into(),
        previous_hash: *chain.hash.bytes(),
        reserved: 0.into(),
        crc: 0.into(),
    };
    let mut sector = Sector([0; SECTOR_BYTES]);
    let bytes = size_of::<SegmentHeader>();
    sector.0[..bytes].copy_from_slice(header.as_bytes());
    let crc = crc_before_last_4(&sector.0[..bytes]);
    sector.0[bytes - 4..bytes].copy_from_slice(&crc.to_le_bytes());
    sector
}

/// How much is read ahead.
const WINDOW_BYTES: usize = 256 * 1024;

/// Part of a file in memory.
struct Window {
    bytes: Vec<u8>,
    start: u64,
}

/// Walks the groups of one segment. The header has been checked; a segment's header is durable before its name is, so a bad
/// one is always corruption.
pub(crate) struct SegmentWalk {
    pub segment: SegmentFile,
    pub header: SegmentHeader,
    /// Where the next group begins.
    pub at: u64,
    file: Box<dyn StorageFile>,
    name: String,
    window: Window,
}

/// What stands at the walk's place.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A good group, and where it lies in the walk's memory.
    Group { header: GroupHeader, hash: GroupHash, payload: Range<usize> },
    /// Nothing more.
    End(Tail),
}

impl SegmentWalk {
    /// Opens the segment and checks its header.
    pub fn open(storage: &dyn Storage, mut segment: SegmentFile) -> Result<Self, JournalFault> {
        let mut name = segment.file();
        let mut opened = storage.open_to_read(&name);
        if opened.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) && !segment.archived {
            // Moved to the archive since it was listed.
            segment.archived = true;
            name = segment.file();
            opened = storage.open_to_read(&name);
        }
        let file = opened.map_err(disk_fault(storage, &name, "open"))?;
        let mut sector = [0; SECTOR_BYTES];
        read_up_to(&*file, &mut sector, 0).map_err(disk_fault(storage, &name, "read"))?;
        let header = read_segment_header(storage, &name, &sector, segment.name.first)?;
        let window = Window { bytes: Vec::new(), start: 0 };
        Ok(Self { segment, header, at: SEGMENT_HEADER_BYTES as u64, file, name, window })
    }

    /// The bytes of a group that `step` has just answered.
    pub fn payload(&self, range: Range<usize>) -> &[u8] {
        &self.window.bytes[range]
    }

    /// Reads the next group if it continues `chain`, moves both on, or tells what the end is. `last` = no segment follows:
    /// only there may a tail be torn.
    pub fn step(&mut self, storage: &dyn Storage, chain: &mut Chain, last: bool) -> Result<Step, JournalFault> {
        // What lies in the window may be older than what a writer has appended since: look twice before judging.
        for fresh in [false, true] {
            if fresh {
                self.window.bytes.clear();
            }
            self.fetch(storage, GROUP_HEADER_BYTES)?;
            if let Ok(header) = read_header(self.ahead()) {
                self.fetch(storage, header.group_bytes.get() as usize)?;
                if let Ok((header, hash)) = read_group(self.ahead(), chain) {
                    return Ok(self.accept(header, hash, chain));
                }
            }
        }
        self.judge(storage, chain, last)
    }

    fn accept(&mut self, header: GroupHeader, hash: GroupHash, chain: &mut Chain) -> Step {
        let start = (self.at - self.window.start) as usize + GROUP_HEADER_BYTES;
        let payload = start..start + header.payload_bytes.get() as usize;
        self.at += u64::from(header.group_bytes.get());
        *chain = chain.after(&header, hash);
        Step::Group { header, hash, payload }
    }

    /// The slow look: everything from here to the end of the file. Beside a running writer one read may see half of its write,
    /// so that damage counts only when it is there twice.
    fn judge(&mut self, storage: &dyn Storage, chain: &mut Chain, last: bool) -> Result<Step, JournalFault> {
        let room = self.header.segment_bytes.get().saturating_sub(self.at) as usize;
        let mut seen: Option<Defect> = None;
        loop {
            self.window.bytes.clear();
            self.fetch(storage, room)?;
            let rest = self.ahead();
            let defect = match read_group(rest, chain) {
                Ok((header, hash)) => return Ok(self.accept(header, hash, chain)),
                Err(link @ Defect::Link { .. }) => link,
                Err(_) => match judge_tail(rest, room, self.header.group_bytes_max.get() as usize) {
                    Ok(Tail::Torn { reason, .. }) if !last => {
                        Defect::Header { reason: format!("{reason}, but a later segment stands behind it") }
                    }
                    Ok(tail) => return Ok(Step::End(tail)),
                    Err(defect) => defect,
                },
            };
            if seen.as_ref() == Some(&defect) {
                return Err(self.fault(storage, defect));
            }
            seen = Some(defect);
        }
    }

    fn fault(&self, storage: &dyn Storage, defect: Defect) -> JournalFault {
        let file = storage.path(&self.name);
        let (at, reason) = match defect {
            Defect::Header { reason } => (0, reason),
            Defect::Content { at, reason } | Defect::Link { at, reason } => (at, reason),
            Defect::Unsupported { at, what, found, known } => {
                return JournalFault::Unsupported { file, offset: self.at + at as u64, what, found, known };
            }
        };
        let reason = if at == 0 { reason } else { format!("{reason} (the group begins at byte {})", self.at) };
        JournalFault::Corruption { file, offset: self.at + at as u64, reason }
    }

    /// What the window holds from the walk's place on.
    fn ahead(&self) -> &[u8] {
        let from = self.at.saturating_sub(self.window.start) as usize;
        self.window.bytes.get(from..).unwrap_or(&[])
    }

    /// Makes the window hold at least `wanted` bytes from the walk's place on, as far as the file and the segment reach.
    fn fetch(&mut self, storage: &dyn Storage, wanted: usize) -> Result<(), JournalFault> {
        let room = self.header.segment_bytes.get().saturating_sub(self.at) as usize;
        let wanted = wanted.min(room);
        if self.at >= self.window.start && self.ahead().len() >= wanted {
            return Ok(());
        }
        let bytes = wanted.max(WINDOW_BYTES).min(room);
        self.window.bytes.resize(bytes, 0);
        self.window.start = self.at;
        let read = read_up_to(&*self.file, &mut self.window.bytes, self.at)
            .map_err(disk_fault(storage, &self.name, "read"))?;
        self.window.bytes.truncate(read);
        Ok(())
    }
}

/// The segments, oldest first, without a last one that never began, which is answered beside them.
pub(crate) struct BegunSegments {
    pub begun: Vec<SegmentFile>,
    /// A last segment whose header is cut off, with nothing behind it, and how many bytes of it there are. Our own writer
    /// makes the header durable before the name; but a journal cut off at that byte loses no group that ends before it.
    pub unbegun: Option<(SegmentFile, u64)>,
}

/// Lists the segments (see [`BegunSegments`]). The only segment of a journal always counts: without its header nothing is left.
pub(crate) fn begun_segments(storage: &dyn Storage) -> Result<BegunSegments, JournalFault> {
    let mut begun = segments(storage).map_err(disk_fault(storage, "", "list"))?;
    let mut unbegun = None;
    if begun.len() > 1
        && let Some(last) = begun.last().filter(|last| !last.archived)
        && let Err(JournalFault::Corruption { .. }) = SegmentWalk::open(storage, last.clone())
    {
        let name = last.file();
        let file = storage.open_to_read(&name).map_err(disk_fault(storage, &name, "open"))?;
        let mut bytes = vec![0; last.bytes as usize];
        let read = read_up_to(&*file, &mut bytes, 0).map_err(disk_fault(storage, &name, "read"))?;
        let used = used_bytes(&bytes[..read]);
        if used <= size_of::<SegmentHeader>() {
            unbegun = begun.pop().map(|segment| (segment, used as u64));
        }
    }
    Ok(BegunSegments { begun, unbegun })
}

fn read_segment_header(
    storage: &dyn Storage,
    name: &str,
    sector: &[u8],
    first: u64,
) -> Result<SegmentHeader, JournalFault> {
    let corrupt = |offset: u64, reason: String| JournalFault::Corruption { file: storage.path(name), offset, reason };
    let unsupported = |offset, what, found: u16, known| JournalFault::Unsupported {
        file: storage.path(name),
        offset,
        what,
        found: found.into(),
        known,
    };
    let bytes = size_of::<SegmentHeader>();
    let Ok((header, rest)) = SegmentHeader::read_from_prefix(sector) else {
        return Err(corrupt(0, "unreadable segment header".into()));
    };
    if header.magic != SEGMENT_MAGIC {
        return Err(corrupt(
            0,
            format!("expected the segment magic {SEGMENT_MAGIC:02x?}, found {:02x?}", header.magic),
        ));
    }
    let crc = crc_before_last_4(&sector[..bytes]);
    if header.crc.get() != crc {
        let reason =
            format!("the segment header's CRC-32C says {:#010x}, its bytes give {crc:#010x}", header.crc.get());
        return Err(corrupt(0, reason));
    }
    if header.version.get() != VERSION {
        return Err(unsupported(8, "segment format version", header.version.get(), "1"));
    }
    if header.flags.get() != 0 {
        return Err(unsupported(10, "segment flags", header.flags.get(), "none"));
    }
    if let Some(at) = rest.iter().position(|&byte| byte != 0) {
        return Err(corrupt((bytes + at) as u64, "the segment header's sector must end in zeros".into()));
    }
    if header.first_sequence.get() != first {
        return Err(corrupt(24, format!("the file's name says record {first}, its header {}", header.first_sequence)));
    }
    Ok(header)
}
