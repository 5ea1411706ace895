//! The index on disk: opened with suspicion, read page by page, moved aside at any doubt.

use std::{
    collections::VecDeque,
    fs, io,
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use carbex_vocabulary::{AccountId, Event, OrderId};

use super::{
    Candle, Depth, Interval, OrderRecord, Position, Series, Summary, batch::Batch, fold::Statistics, key, lines::Lines,
};

/// Another layout is not read but rebuilt.
const LAYOUT: u32 = 2;
/// What sled keeps in memory, about.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// Why the index cannot be trusted or used.
#[derive(Debug, thiserror::Error)]
pub enum IndexFault {
    /// The disk or sled said no.
    #[error("the history index: {0}")]
    Storage(#[from] sled::Error),
    /// The directory could not be moved or made.
    #[error("the history index's directory: {0}")]
    Directory(#[from] io::Error),
    /// An entry is not what this program writes, or contradicts the journal.
    #[error("the history index does not agree with the journal")]
    Damaged,
}

/// How far the index has read: the next event, and proof of which journal it read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The next event to fold.
    pub next: Position,
    /// blake3 of the last command read: another journal of the same length is told apart.
    pub proof: [u8; 32],
}

impl Cursor {
    fn bytes(self) -> Vec<u8> {
        let mut bytes = self.next.bytes().to_vec();
        bytes.extend(self.proof);
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (next, proof) = bytes.split_at_checked(12)?;
        Some(Self { next: Position::from_bytes(next)?, proof: proof.try_into().ok()? })
    }
}

/// One line of an account's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its place; paging and resuming go by it.
    pub position: Position,
    /// When, in market time.
    pub time_ns: u64,
    /// What happened.
    pub event: Event,
}

/// The index. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    db: sled::Db,
    lines: Lines,
}

impl Store {
    /// Opens the index under `directory`, or an empty one in its place if the old one cannot be trusted.
    pub fn open(directory: &Path) -> Result<(Self, Statistics, Cursor), IndexFault> {
        let opened = catch_unwind(AssertUnwindSafe(|| Self::open_trusting(directory)));
        match opened {
            Ok(Ok(opened)) => Ok(opened),
            // sled panics on some damaged files instead of answering.
            Ok(Err(_)) | Err(_) => {
                move_aside(directory)?;
                Self::open_trusting(directory)
            }
        }
    }

    fn open_trusting(directory: &Path) -> Result<(Self, Statistics, Cursor), IndexFault> {
        if let Some(parent) = directory.parent() {
            fs::create_dir_all(parent)?;
        }
        let db = sled::Config::new().path(directory).cache_capacity(CACHE_BYTES).flush_every_ms(None).open()?;
        match db.get(key::layout())? {
            Some(layout) if layout.as_ref() == LAYOUT.to_le_bytes() => {}
            Some(_) => return Err(IndexFault::Damaged),
            None if db.is_empty() => {}
            None => return Err(IndexFault::Damaged),
        }
        // Written at every opening: sled starts its threads with the first write, at the priority of whoever writes. Started in
        // idle time they would keep waiting whoever later waits for them beside trade.
        db.insert(key::layout(), LAYOUT.to_le_bytes().as_slice())?;
        db.flush()?;
        let cursor = match db.get(key::cursor())? {
            Some(cursor) => Cursor::from_bytes(&cursor).ok_or(IndexFault::Damaged)?,
            None => Cursor::default(),
        };
        let summary = match db.get(key::summary())? {
            Some(summary) => Summary::from_bytes(&summary).ok_or(IndexFault::Damaged)?,
            None => Summary::default(),
        };
        let mut statistics =
            Statistics { summary, depth: Depth::restore(&db)?, series: Interval::ALL.map(Series::new) };
        for series in &mut statistics.series {
            for entry in db.scan_prefix(key::candles_of(series.interval())) {
                let (key, value) = entry?;
                let candle = Candle::from_bytes(&value).ok_or(IndexFault::Damaged)?;
                if key::candle_start_ns(&key) != Some(candle.start_ns) {
                    return Err(IndexFault::Damaged);
                }
                series.restore(candle).ok_or(IndexFault::Damaged)?;
            }
        }
        let lines = Lines::open(&db)?;
        Ok((Self { db, lines }, statistics, cursor))
    }

    /// The tree, for the fold.
    pub fn tree(&self) -> &sled::Tree {
        &self.db
    }

    /// Writes a batch together with the cursor that it brings the index to.
    pub fn commit(&self, mut batch: Batch, cursor: Cursor) -> Result<(), IndexFault> {
        batch.put(key::cursor(), cursor.bytes());
        let lines = std::mem::take(&mut batch.lines);
        Lines::log(&lines, &mut batch);
        batch.write(&self.db)?;
        self.lines.take(&self.db, lines)
    }

    /// Brings what was written nearer to the disk. Not needed for safety: what is lost is read again from the journal.
    pub fn flush(&self) -> Result<(), IndexFault> {
        self.db.flush()?;
        Ok(())
    }

    /// At most `limit` lines of an account before `before`, newest first, of those that `keep` keeps.
    pub fn lines_before(
        &self,
        account: AccountId,
        before: Position,
        limit: usize,
        keep: impl Fn(&Event) -> bool,
    ) -> Result<Vec<Line>, IndexFault> {
        let mut lines = Vec::new();
        self.lines.walk_back(&self.db, account, before, |position, bytes| {
            if lines.len() == limit {
                return Ok(ControlFlow::Break(()));
            }
            let line = read_line(position, bytes).ok_or(IndexFault::Damaged)?;
            if keep(&line.event) {
                lines.push(line);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(lines)
    }

    /// At most `limit` lines of an account after `after`, oldest first.
    pub fn lines_after(&self, account: AccountId, after: Position, limit: usize) -> Result<Vec<Line>, IndexFault> {
        let end = Position { sequence: u64::MAX, index: u32::MAX };
        let mut lines = VecDeque::new();
        self.lines.walk_back(&self.db, account, end, |position, bytes| {
            if position <= after {
                return Ok(ControlFlow::Break(()));
            }
            lines.push_front(read_line(position, bytes).ok_or(IndexFault::Damaged)?);
            lines.truncate(limit);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(lines.into())
    }

    /// At most `limit` orders of an account before `before`, newest first.
    pub fn orders_before(
        &self,
        account: AccountId,
        before: OrderId,
        limit: usize,
    ) -> Result<Vec<(OrderId, OrderRecord)>, IndexFault> {
        let range = key::orders_of(account)..key::order(account, before);
        let mut orders = Vec::new();
        for entry in self.db.range(range).rev().take(limit) {
            let (key, value) = entry?;
            let order = key::order_number(&key).ok_or(IndexFault::Damaged)?;
            orders.push((order, OrderRecord::from_bytes(&value).ok_or(IndexFault::Damaged)?));
        }
        Ok(orders)
    }

    /// blake3 of everything but how lines are laid out: equal histories are equal hashes, whatever was written when. Entries
    /// count in key order; lines by the sum of their hashes.
    pub fn content_hash(&self) -> Result<[u8; 32], IndexFault> {
        let mut hasher = blake3::Hasher::new();
        for entry in self.db.iter() {
            let (key, value) = entry?;
            if key::is_of_lines(&key) {
                continue;
            }
            for part in [&key, &value] {
                hasher.update(&(part.len() as u64).to_le_bytes());
                hasher.update(part);
            }
        }
        let (mut count, mut sum) = (0_u64, 0_u128);
        self.lines.each(&self.db, |account, position, line| {
            let mut one = blake3::Hasher::new();
            one.update(&account.number().to_le_bytes()).update(&position.bytes()).update(line);
            let mut low = [0; 16];
            low.copy_from_slice(&one.finalize().as_bytes()[..16]);
            sum = sum.wrapping_add(u128::from_le_bytes(low));
            count += 1;
        })?;
        hasher.update(&count.to_le_bytes()).update(&sum.to_le_bytes());
        Ok(hasher.finalize().into())
    }
}

fn read_line(position: Position, value: &[u8]) -> Option<Line> {
    let (time_ns, event) = value.split_first_chunk::<8>()?;
    Some(Line { position, time_ns: u64::from_le_bytes(*time_ns), event: carbex_wire::decode_event(event).ok()? })
}

/// Moves a doubtful index beside itself, in place of the one that was doubted before.
pub fn move_aside(directory: &Path) -> Result<(), IndexFault> {
    if !directory.exists() {
        return Ok(());
    }
    let aside: PathBuf = directory.with_extension("doubted");
    if aside.exists() {
        fs::remove_dir_all(&aside)?;
    }
    fs::rename(directory, &aside)?;
    Ok(())
}
