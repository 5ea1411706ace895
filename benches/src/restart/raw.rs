//! The disk alone: as many bytes as a snapshot has, past the page cache; and what lies on it.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use carbex_memory::Table;
use rustix::fs::{Advice, OFlags, fadvise};

use crate::disk::{self, DiskFault, fault};

/// Written and read at once: this machine's disk is at its fastest with it.
const PIECE_BYTES: usize = 4 << 20;
const BLOCK_BYTES: u64 = 4096;

/// Opens past the page cache; through it where the file system knows no other way.
fn open(path: &Path, options: &mut OpenOptions) -> Result<File, DiskFault> {
    let opened = match options.custom_flags(OFlags::DIRECT.bits().cast_signed()).open(path) {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => options.custom_flags(0).open(path),
        opened => opened,
    };
    opened.map_err(fault(path, "open"))
}

/// Writes a new file of that many bytes (whole blocks) and syncs it.
pub(super) fn write(path: &Path, bytes: u64) -> Result<Duration, DiskFault> {
    let mut piece: Table<u8> = Table::zeroed(PIECE_BYTES);
    // Not zeros: a disk may know them.
    (0_u32..).zip(piece.iter_mut()).for_each(|(place, byte)| *byte = (place.wrapping_mul(0x9E37_79B9) >> 24) as u8);
    let file = open(path, OpenOptions::new().write(true).create_new(true))?;
    let started = Instant::now();
    let mut at = 0;
    while at < bytes {
        let count = (bytes - at).min(PIECE_BYTES as u64).next_multiple_of(BLOCK_BYTES) as usize;
        file.write_all_at(&piece[..count], at).map_err(fault(path, "write"))?;
        at += count as u64;
    }
    file.sync_data().map_err(fault(path, "sync"))?;
    Ok(started.elapsed())
}

/// Reads a file to its end.
pub(super) fn read(path: &Path) -> Result<Duration, DiskFault> {
    let mut piece: Table<u8> = Table::zeroed(PIECE_BYTES);
    piece.fill(1);
    let file = open(path, OpenOptions::new().read(true))?;
    let started = Instant::now();
    let mut at = 0;
    loop {
        match file.read_at(&mut piece, at).map_err(fault(path, "read"))? {
            0 => return Ok(started.elapsed()),
            count => at += count as u64,
        }
    }
}

/// Takes that much memory from the system, zeroed, and gives it back. In a virtual machine the host may have to be asked for all of it,
/// which can take longer than everything else that a start does; asked again at once, it is still there.
pub(super) fn take_memory(bytes: u64) -> Duration {
    let started = Instant::now();
    let mut memory: Table<u8> = Table::zeroed(usize::try_from(bytes).unwrap_or(0));
    for page in memory.chunks_mut(BLOCK_BYTES as usize) {
        page[0] = 1;
    }
    started.elapsed()
}

/// Has the page cache forget all files of a directory.
pub(super) fn forget(directory: &Path) -> Result<(), DiskFault> {
    for path in disk::entries(directory)? {
        let path = path?;
        if path.is_file() {
            let file = File::open(&path).map_err(fault(&path, "open"))?;
            // Only what is on the disk can be forgotten.
            file.sync_all().map_err(fault(&path, "sync"))?;
            fadvise(&file, 0, None, Advice::DontNeed).map_err(|error| fault(&path, "forget")(error.into()))?;
        }
    }
    Ok(())
}
