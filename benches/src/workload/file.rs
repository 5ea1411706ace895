//! Files of operations, so that one list can be run by this exchange and by other engines.
//!
//! Little-endian: four u64 (magic, prefill count, timed count, band width << 32 | lowest tick), then the records of 24
//! bytes: prefill first, then what is timed.

use std::io::{self, BufWriter, Read, Write};

use carbex_rules::Band;
use zerocopy::{FromBytes, IntoBytes};

use super::operation::{KIND_CANCEL, KIND_NEW, SIDE_BUY, SIDE_SELL};
use super::{Operation, OperationKind, Operations, TickBand};

/// `BOLWORK1` as the first eight bytes of a file.
const MAGIC: u64 = 0x314B_524F_574C_4F42;
const HEADER_BYTES: usize = 32;
const RECORD_BYTES: usize = size_of::<Operation>();
/// Records read at once.
const CHUNK_RECORDS: u64 = 1 << 16;

/// Why a file of operations cannot be run. Records are counted from 1, prefill included.
#[derive(Debug, thiserror::Error)]
pub enum OpsFault {
    /// The disk's no.
    #[error("cannot be read: {0}: check the name and your rights to it")]
    Read(#[from] io::Error),
    /// Fewer bytes than a header.
    #[error("has {bytes} bytes, less than the {HEADER_BYTES} of its header: is it a file of operations?")]
    NoHeader {
        /// How many bytes there are.
        bytes: usize,
    },
    /// Not a file of operations.
    #[error("begins with {found:#018x}, not with {MAGIC:#018x} (BOLWORK1): this is no file of operations")]
    Magic {
        /// What stands in its place.
        found: u64,
    },
    /// A band that the exchange cannot have.
    #[error(
        "the band of {width_ticks} ticks from {lowest_tick} is impossible: it spans 1 to {} ticks below 2^32",
        Band::TICKS_MAX
    )]
    Band {
        /// The lowest tick.
        lowest_tick: u32,
        /// The width.
        width_ticks: u32,
    },
    /// More operations than can be counted or held.
    #[error("announces {prefill} + {timed} records, more than the {} that can be run", u32::MAX)]
    TooMany {
        /// Announced before the clock.
        prefill: u64,
        /// Announced for the clock.
        timed: u64,
    },
    /// Nothing to time.
    #[error("announces no timed record: there is nothing to measure")]
    NothingTimed,
    /// The file ends too early.
    #[error("ends inside record {record} of {announced}: it was cut short; write it again")]
    Short {
        /// The first record that is not whole.
        record: u64,
        /// How many the header announces.
        announced: u64,
    },
    /// The file goes on after its last record.
    #[error("goes on after its last record, {announced}: the counts in its header are wrong")]
    Long {
        /// How many records the header announces.
        announced: u64,
    },
    /// A kind that is none.
    #[error("record {record}: kind {kind} is neither 0 (new limit) nor 1 (cancel)")]
    Kind {
        /// The record.
        record: u64,
        /// The byte.
        kind: u8,
    },
    /// A side that is none.
    #[error("record {record}: side {side} is neither 0 (buy) nor 1 (sell)")]
    Side {
        /// The record.
        record: u64,
        /// The byte.
        side: u8,
    },
    /// New orders are numbered 1, 2, 3 …
    #[error("record {record}: the new order has id {id}; ids are dense, so it must be {expected}")]
    IdNotDense {
        /// The record.
        record: u64,
        /// Its id.
        id: u64,
        /// The id that is next.
        expected: u64,
    },
    /// A cancel before its order.
    #[error("record {record}: cancels order {id}, which no record before it enters")]
    NeverPlaced {
        /// The record.
        record: u64,
        /// The id it names.
        id: u64,
    },
    /// A price outside the band.
    #[error("record {record}: price tick {price_tick} is outside the band, {lowest_tick} to {highest_tick}")]
    TickOutsideBand {
        /// The record.
        record: u64,
        /// Its tick.
        price_tick: u32,
        /// The band's lowest.
        lowest_tick: u32,
        /// The band's highest.
        highest_tick: u64,
    },
    /// An order for nothing.
    #[error("record {record}: the quantity is 0 lots; an order is for at least 1")]
    NoQuantity {
        /// The record.
        record: u64,
    },
}

/// Reads a file of operations, whole, and checks every record.
///
/// A cancel's account, tick, quantity and side are not looked at: the order that it names tells its owner.
pub fn read_operations(mut source: impl Read) -> Result<Operations, OpsFault> {
    let mut header = [0_u8; HEADER_BYTES];
    let bytes = read_up_to(&mut source, &mut header)?;
    if bytes < HEADER_BYTES {
        return Err(OpsFault::NoHeader { bytes });
    }
    let word = |place: usize| {
        let mut bytes = [0_u8; 8];
        bytes.copy_from_slice(&header[place * 8..place * 8 + 8]);
        u64::from_le_bytes(bytes)
    };
    let (magic, prefill, timed, band) = (word(0), word(1), word(2), word(3));
    if magic != MAGIC {
        return Err(OpsFault::Magic { found: magic });
    }
    let band = TickBand { lowest_tick: band as u32, width_ticks: (band >> 32) as u32 };
    let possible = (1..=Band::TICKS_MAX).contains(&u64::from(band.width_ticks));
    if !possible || band.highest_tick() > u64::from(u32::MAX) {
        return Err(OpsFault::Band { lowest_tick: band.lowest_tick, width_ticks: band.width_ticks });
    }
    let announced = prefill
        .checked_add(timed)
        .filter(|announced| *announced <= u64::from(u32::MAX))
        .ok_or(OpsFault::TooMany { prefill, timed })?;
    if timed == 0 {
        return Err(OpsFault::NothingTimed);
    }
    let mut reading = Reading { source, band, announced, record: 0, placed: 0 };
    let prefill = reading.records(prefill)?;
    let timed = reading.records(timed)?;
    if read_up_to(&mut reading.source, &mut [0_u8])? > 0 {
        return Err(OpsFault::Long { announced });
    }
    Ok(Operations { band, prefill, timed })
}

/// Fills the buffer as far as the source goes; answers how far.
fn read_up_to(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(bytes) => filled += bytes,
            Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(filled)
}

struct Reading<R> {
    source: R,
    band: TickBand,
    announced: u64,
    /// Records seen so far.
    record: u64,
    /// New orders seen so far: the highest id.
    placed: u64,
}

impl<R: Read> Reading<R> {
    /// The next `count` records. Memory grows with what is there, not with what the header promises.
    fn records(&mut self, count: u64) -> Result<Vec<Operation>, OpsFault> {
        let mut operations = Vec::new();
        let mut chunk = Vec::new();
        let mut left = count;
        while left > 0 {
            let records = left.min(CHUNK_RECORDS) as usize;
            chunk.resize(records * RECORD_BYTES, 0);
            let bytes = read_up_to(&mut self.source, &mut chunk)?;
            for record in chunk[..bytes].chunks_exact(RECORD_BYTES) {
                // A chunk of exactly a record's length always is a record's bytes.
                let Ok(operation) = Operation::read_from_bytes(record) else { continue };
                self.record += 1;
                self.check(&operation)?;
                operations.push(operation);
            }
            if bytes < chunk.len() {
                return Err(OpsFault::Short { record: self.record + 1, announced: self.announced });
            }
            left -= records as u64;
        }
        Ok(operations)
    }

    fn check(&mut self, operation: &Operation) -> Result<(), OpsFault> {
        let (record, id) = (self.record, operation.id());
        if operation.kind != KIND_NEW && operation.kind != KIND_CANCEL {
            return Err(OpsFault::Kind { record, kind: operation.kind });
        }
        match operation.kind() {
            OperationKind::Cancel if id == 0 || id > self.placed => return Err(OpsFault::NeverPlaced { record, id }),
            OperationKind::Cancel => return Ok(()),
            OperationKind::New => {}
        }
        self.placed += 1;
        if id != self.placed {
            return Err(OpsFault::IdNotDense { record, id, expected: self.placed });
        }
        if operation.side != SIDE_BUY && operation.side != SIDE_SELL {
            return Err(OpsFault::Side { record, side: operation.side });
        }
        let price_tick = operation.price_tick();
        if !self.band.holds(price_tick) {
            let (lowest_tick, highest_tick) = (self.band.lowest_tick, self.band.highest_tick());
            return Err(OpsFault::TickOutsideBand { record, price_tick, lowest_tick, highest_tick });
        }
        if operation.quantity_lots() == 0 {
            return Err(OpsFault::NoQuantity { record });
        }
        Ok(())
    }
}

/// Writes operations as a file that [`read_operations`] reads.
pub fn write_operations(operations: &Operations, out: impl Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 18, out);
    let TickBand { lowest_tick, width_ticks } = operations.band;
    let band = u64::from(width_ticks) << 32 | u64::from(lowest_tick);
    for word in [MAGIC, operations.prefill.len() as u64, operations.timed.len() as u64, band] {
        out.write_all(&word.to_le_bytes())?;
    }
    out.write_all(operations.prefill.as_bytes())?;
    out.write_all(operations.timed.as_bytes())?;
    out.flush()
}
