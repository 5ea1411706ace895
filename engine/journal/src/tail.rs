//! Torn or corrupt: what stands behind the last good group. FORMAT.md gives the rules with their reasons.

use zerocopy::FromBytes;

use crate::chain::{Defect, check_content, read_header};
use crate::layout::{END_MAGIC, GROUP_HEADER_BYTES, GROUP_TRAILER_BYTES, GroupTrailer, SECTOR_BYTES, used_bytes};

/// What the end of a segment is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    /// Zeros: nothing was written behind the last group.
    Clean,
    /// A group that never was complete on disk, so was never acknowledged: `bytes` up to its last nonzero one.
    Torn { bytes: usize, reason: String },
}

/// Judges what stands behind the last good group of the last segment: `rest` is everything from there to the end of the file,
/// `room` how many bytes the segment has from there. Call it only when `read_group` has failed on `rest`.
///
/// A torn write leaves zeros (or the end of the file) from some byte on, or whole sectors that never arrived. One flipped bit
/// does neither. Everything else is corruption, and is answered as the defect. FORMAT.md gives the reasons rule by rule.
pub(crate) fn judge_tail(rest: &[u8], room: usize, group_bytes_max: usize) -> Result<Tail, Defect> {
    let used = used_bytes(rest);
    if used == 0 {
        return Ok(Tail::Clean);
    }
    let torn = |reason: String| Ok(Tail::Torn { bytes: used, reason });
    let header = match read_header(rest) {
        Ok(header) => header,
        Err(Defect::Header { .. }) if rest.iter().take(SECTOR_BYTES).all(|&byte| byte == 0) => {
            return judge_without_header(rest, used, group_bytes_max);
        }
        Err(Defect::Header { .. }) if used <= GROUP_HEADER_BYTES => {
            return torn(format!("the write ended after byte {used} of the group header"));
        }
        Err(defect) => return Err(defect),
    };
    let group_bytes = header.group_bytes.get() as usize;
    if group_bytes > room {
        let reason = format!("a group of {group_bytes} bytes where the segment has {room} left");
        return Err(Defect::Header { reason });
    }
    if used < group_bytes {
        return torn(format!("the write ended after byte {used} of a group of {group_bytes}"));
    }
    match check_content(rest, &header) {
        // The group is whole: it is the chain that breaks, and the caller knows where.
        Ok(_) => Err(Defect::Link { at: 0, reason: "a whole group that does not continue the chain".into() }),
        Err(defect) if used > group_bytes => Err(defect),
        Err(defect) => {
            let zero =
                rest[..group_bytes].chunks_exact(SECTOR_BYTES).filter(|sector| **sector == [0; SECTOR_BYTES]).count();
            if zero > header.sparse_sectors.get() as usize {
                torn(format!("{zero} sectors of a group of {group_bytes} bytes never reached the disk"))
            } else {
                Err(defect)
            }
        }
    }
}

/// The first sector is zero, something behind it is not: the sector with the header never arrived, or an acknowledged
/// group lost it. A later group, or an end that is not the last byte, proves the latter: only one group is ever unacknowledged.
fn judge_without_header(rest: &[u8], used: usize, group_bytes_max: usize) -> Result<Tail, Defect> {
    let corrupt = |reason: String| Err(Defect::Header { reason });
    let end = used.next_multiple_of(SECTOR_BYTES);
    if end > group_bytes_max {
        return corrupt(format!(
            "no group begins here, but byte {} behind it is written: more than one group of {group_bytes_max} bytes",
            used - 1
        ));
    }
    for start in (SECTOR_BYTES..used).step_by(SECTOR_BYTES) {
        if matches!(read_header(&rest[start..]), Ok(_) | Err(Defect::Unsupported { .. })) {
            return corrupt(format!("no group begins here, but one begins {start} bytes further on"));
        }
        let group_end = start + SECTOR_BYTES;
        let trailer = rest
            .get(group_end - GROUP_TRAILER_BYTES..group_end)
            .and_then(|raw| GroupTrailer::read_from_bytes(raw).ok());
        if let Some(trailer) = trailer
            && trailer.magic == END_MAGIC
            && (trailer.group_bytes.get() as usize != group_end || group_end != end)
        {
            return corrupt(format!(
                "no group begins here, but one of {} bytes ends {group_end} bytes further on",
                trailer.group_bytes
            ));
        }
    }
    Ok(Tail::Torn { bytes: used, reason: "the sector with the group's header never reached the disk".into() })
}
