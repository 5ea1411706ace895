//! Accounts' lines: the newest in memory and as a log in the tree, the older ones in runs sorted by account.
//!
//! A line per event keyed by its account would touch a random page of the tree each time: sled then writes some 25,000 lines
//! a second, fewer than the demo makes. So lines are appended as they come, in chunks of 4 KiB; when enough are in memory they
//! are written once more, sorted by account, as blocks of 4 KiB in ascending order (a run), and the log behind them goes.
//! One account's history is then read from a few blocks, run after run, newest first. Runs are not merged: a page costs one
//! look-up per run.

use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use carbex_vocabulary::AccountId;

use super::{IndexFault, Position, batch::Batch, key};

/// Lines in memory before they become a run.
const RUN_LINES: usize = 262_144;
/// What one entry of the tree holds, about: sixteen of them stay far below what sled moves into files of their own.
const BLOCK_BYTES: usize = 4 * 1024;
/// Entries written or removed at once: larger batches let sled's discarded pages pile up in memory.
const ENTRIES_AT_ONCE: usize = 64;

/// What the tree says of the lines: how many runs are complete, and where the living log begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Extent {
    runs: u32,
    log_from: Position,
}

impl Extent {
    fn bytes(self) -> Vec<u8> {
        let mut bytes = self.runs.to_be_bytes().to_vec();
        bytes.extend(self.log_from.bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (runs, log_from) = bytes.split_first_chunk::<4>()?;
        Some(Self { runs: u32::from_be_bytes(*runs), log_from: Position::from_bytes(log_from)? })
    }
}

/// One account's lines, oldest first.
type OfAccount = Vec<(Position, Box<[u8]>)>;

/// The lines since the last run, by account, and how many runs there are.
#[derive(Debug, Default)]
struct Recent {
    lines: BTreeMap<AccountId, OfAccount>,
    count: usize,
    extent: Extent,
}

impl Recent {
    fn add(&mut self, account: AccountId, position: Position, line: &[u8]) {
        self.lines.entry(account).or_default().push((position, line.into()));
        self.count += 1;
    }
}

/// All lines of all accounts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Lines {
    recent: Arc<RwLock<Recent>>,
    run_lines: usize,
}

/// Lines on their way to the tree, in the order in which they came.
#[derive(Debug, Default)]
pub struct NewLines {
    lines: Vec<(AccountId, Position, Vec<u8>)>,
}

impl NewLines {
    /// Adds one.
    pub fn push(&mut self, account: AccountId, position: Position, line: Vec<u8>) {
        self.lines.push((account, position, line));
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.lines.len()
    }
}

/// One line inside a chunk or a block: account, position, length, bytes.
fn append(bytes: &mut Vec<u8>, account: AccountId, position: Position, line: &[u8]) {
    bytes.extend(account.number().to_be_bytes());
    bytes.extend(position.bytes());
    // An event takes some dozens of bytes; the longest fits by far.
    bytes.extend(u16::try_from(line.len()).unwrap_or(u16::MAX).to_be_bytes());
    bytes.extend(line);
}

/// The lines of a chunk or a block.
fn parse(mut bytes: &[u8]) -> Option<Vec<(AccountId, Position, &[u8])>> {
    let mut lines = Vec::new();
    while !bytes.is_empty() {
        let (account, rest) = bytes.split_first_chunk::<8>()?;
        let (position, rest) = rest.split_first_chunk::<12>()?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let (line, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        lines.push((AccountId::new(u64::from_be_bytes(*account)), Position::from_bytes(position)?, line));
        bytes = rest;
    }
    Some(lines)
}

impl Lines {
    /// Reads the living log back into memory and clears away what an interrupted run left.
    pub fn open(tree: &sled::Tree) -> Result<Self, IndexFault> {
        Self::open_with_runs_of(tree, RUN_LINES)
    }

    fn open_with_runs_of(tree: &sled::Tree, run_lines: usize) -> Result<Self, IndexFault> {
        let extent = match tree.get(key::extent())? {
            Some(extent) => Extent::from_bytes(&extent).ok_or(IndexFault::Damaged)?,
            None => Extent::default(),
        };
        remove_all(tree, key::run(extent.runs)..key::runs_end())?;
        remove_all(tree, key::log(Position::default())..key::log(extent.log_from))?;
        let mut recent = Recent { extent, ..Recent::default() };
        for chunk in tree.range(key::log(extent.log_from)..key::log_end()) {
            let (_, chunk) = chunk?;
            for (account, position, line) in parse(&chunk).ok_or(IndexFault::Damaged)? {
                recent.add(account, position, line);
            }
        }
        Ok(Self { recent: Arc::new(RwLock::new(recent)), run_lines })
    }

    fn read(&self) -> RwLockReadGuard<'_, Recent> {
        self.recent.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the log's chunks for new lines to a batch.
    pub fn log(new: &NewLines, batch: &mut Batch) {
        let mut chunk: Option<(Position, Vec<u8>)> = None;
        for (account, position, line) in &new.lines {
            let (_, bytes) = chunk.get_or_insert_with(|| (*position, Vec::with_capacity(BLOCK_BYTES)));
            append(bytes, *account, *position, line);
            if bytes.len() >= BLOCK_BYTES
                && let Some((first, bytes)) = chunk.take()
            {
                batch.put(key::log(first), bytes);
            }
        }
        if let Some((first, bytes)) = chunk {
            batch.put(key::log(first), bytes);
        }
    }

    /// Takes lines whose log is written; writes a run when there are enough.
    pub fn take(&self, tree: &sled::Tree, new: NewLines) -> Result<(), IndexFault> {
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        for (account, position, line) in new.lines {
            recent.add(account, position, &line);
        }
        drop(recent);
        if self.read().count >= self.run_lines { self.write_run(tree) } else { Ok(()) }
    }

    /// Writes what is in memory as a run. Readers go on; only the switch at the end excludes them.
    fn write_run(&self, tree: &sled::Tree) -> Result<(), IndexFault> {
        let recent = self.read();
        let Extent { runs, log_from } = recent.extent;
        let mut log_end = log_from;
        let mut blocks = Blocks { tree, run: runs, block: None, batch: sled::Batch::default(), waiting: 0 };
        for (account, lines) in &recent.lines {
            for (position, line) in lines {
                blocks.add(*account, *position, line)?;
                log_end = log_end.max(*position);
            }
        }
        blocks.finish()?;
        drop(recent);
        let extent = Extent { runs: runs + 1, log_from: log_end.next() };
        tree.insert(key::extent(), extent.bytes())?;
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        *recent = Recent { extent, ..Recent::default() };
        drop(recent);
        remove_all(tree, key::log(log_from)..key::log(extent.log_from))
    }

    /// Shows an account's lines before `before`, newest first, until told to stop.
    pub fn walk_back(
        &self,
        tree: &sled::Tree,
        account: AccountId,
        before: Position,
        mut show: impl FnMut(Position, &[u8]) -> Result<ControlFlow<()>, IndexFault>,
    ) -> Result<(), IndexFault> {
        // Held to the end: the lines must not move into a run while they are being read.
        let recent = self.read();
        for (position, line) in recent.lines.get(&account).into_iter().flatten().rev() {
            if *position < before && show(*position, line)?.is_break() {
                return Ok(());
            }
        }
        for run in (0..recent.extent.runs).rev() {
            for block in tree.range(key::run(run)..key::block(run, account, before)).rev() {
                let (_, block) = block?;
                let lines = parse(&block).ok_or(IndexFault::Damaged)?;
                for (owner, position, line) in lines.iter().rev() {
                    if *owner == account && *position < before && show(*position, line)?.is_break() {
                        return Ok(());
                    }
                }
                if lines.first().is_none_or(|(owner, _, _)| *owner < account) {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Shows every line once, in no order that means anything.
    pub fn each(&self, tree: &sled::Tree, mut show: impl FnMut(AccountId, Position, &[u8])) -> Result<(), IndexFault> {
        let recent = self.read();
        for (account, lines) in &recent.lines {
            lines.iter().for_each(|(position, line)| show(*account, *position, line));
        }
        for block in tree.range(key::run(0)..key::run(recent.extent.runs)) {
            let (_, block) = block?;
            for (account, position, line) in parse(&block).ok_or(IndexFault::Damaged)? {
                show(account, position, line);
            }
        }
        Ok(())
    }
}

/// Removes a range, a little at a time.
fn remove_all(tree: &sled::Tree, range: std::ops::Range<key::Key>) -> Result<(), IndexFault> {
    loop {
        let mut batch = sled::Batch::default();
        let mut removed = 0;
        for entry in tree.range(range.clone()).take(ENTRIES_AT_ONCE) {
            batch.remove(entry?.0);
            removed += 1;
        }
        if removed == 0 {
            return Ok(());
        }
        tree.apply_batch(batch)?;
    }
}

/// The blocks of a run being written, in ascending order.
struct Blocks<'a> {
    tree: &'a sled::Tree,
    run: u32,
    block: Option<(key::Key, Vec<u8>)>,
    batch: sled::Batch,
    waiting: usize,
}

impl Blocks<'_> {
    fn add(&mut self, account: AccountId, position: Position, line: &[u8]) -> Result<(), IndexFault> {
        let run = self.run;
        let (_, bytes) =
            self.block.get_or_insert_with(|| (key::block(run, account, position), Vec::with_capacity(BLOCK_BYTES)));
        append(bytes, account, position, line);
        if bytes.len() >= BLOCK_BYTES { self.close_block() } else { Ok(()) }
    }

    fn close_block(&mut self) -> Result<(), IndexFault> {
        if let Some((key, bytes)) = self.block.take() {
            self.batch.insert(key, bytes);
            self.waiting += 1;
        }
        if self.waiting >= ENTRIES_AT_ONCE { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), IndexFault> {
        self.waiting = 0;
        Ok(self.tree.apply_batch(std::mem::take(&mut self.batch))?)
    }

    fn finish(mut self) -> Result<(), IndexFault> {
        self.close_block()?;
        self.write()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Model = BTreeMap<AccountId, Vec<(Position, Vec<u8>)>>;

    fn history(lines: &Lines, tree: &sled::Tree, account: AccountId, before: Position) -> Vec<(Position, Vec<u8>)> {
        let mut shown = Vec::new();
        lines
            .walk_back(tree, account, before, |position, line| {
                shown.push((position, line.to_vec()));
                Ok(ControlFlow::Continue(()))
            })
            .unwrap();
        shown
    }

    fn assert_equal(lines: &Lines, tree: &sled::Tree, model: &Model) {
        let end = Position { sequence: u64::MAX, index: 0 };
        for (account, expected) in model {
            let newest_first: Vec<_> = expected.iter().rev().cloned().collect();
            assert_eq!(history(lines, tree, *account, end), newest_first, "account {account}");
            let middle = expected[expected.len() / 2].0;
            assert_eq!(history(lines, tree, *account, middle), newest_first[newest_first.len() - expected.len() / 2..]);
        }
        let mut count = 0;
        lines.each(tree, |_, _, _| count += 1).unwrap();
        assert_eq!(count, model.values().map(Vec::len).sum::<usize>());
    }

    /// Adds lines of 40 accounts, one of which has most of them, in batches of uneven size.
    fn add(lines: &Lines, tree: &sled::Tree, model: &mut Model, from: u64, to: u64) {
        let mut batch = Batch::default();
        for sequence in from..to {
            let account = AccountId::new(if sequence % 3 == 0 { 7 } else { sequence * sequence % 40 });
            let position = Position { sequence, index: (sequence % 2) as u32 };
            let line = vec![sequence as u8; 20 + (sequence % 90) as usize];
            model.entry(account).or_default().push((position, line.clone()));
            batch.lines.push(account, position, line);
            if sequence % 37 == 0 || sequence + 1 == to {
                let new = std::mem::take(&mut batch.lines);
                Lines::log(&new, &mut batch);
                std::mem::take(&mut batch).write(tree).unwrap();
                lines.take(tree, new).unwrap();
            }
        }
    }

    #[test]
    fn lines_are_the_same_in_memory_in_runs_and_after_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let mut model = Model::new();
        for (from, to) in [(1, 300), (300, 2_000), (2_000, 2_001), (2_001, 9_000)] {
            let db = sled::open(directory.path().join("db")).unwrap();
            let lines = Lines::open_with_runs_of(&db, 500).unwrap();
            assert_equal(&lines, &db, &model);
            add(&lines, &db, &mut model, from, to);
            assert_equal(&lines, &db, &model);
        }
    }

    #[test]
    fn what_an_interrupted_run_left_is_cleared_away() {
        let db = sled::Config::new().temporary(true).open().unwrap();
        let mut model = Model::new();
        let lines = Lines::open_with_runs_of(&db, 500).unwrap();
        add(&lines, &db, &mut model, 1, 1_200);
        let runs = lines.read().extent.runs;
        db.insert(key::block(runs, AccountId::new(7), Position::default()), b"half a run".as_slice()).unwrap();
        db.insert(key::log(Position { sequence: 2, index: 0 }), b"a dead chunk".as_slice()).unwrap();
        let lines = Lines::open_with_runs_of(&db, 500).unwrap();
        assert_equal(&lines, &db, &model);
    }
}
