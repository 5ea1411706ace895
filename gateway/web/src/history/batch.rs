//! A batch on its way to the index: what it will write, readable before it is written.

use std::collections::BTreeMap;

use super::{key::Key, lines::NewLines};

/// Entries written at once at most.
const ENTRIES_MAX: usize = 256;
/// Lines written at once at most; they go in chunks of some dozens.
const LINES_MAX: usize = 4_096;

/// Entries to write (`Some`) or remove (`None`), laid over the tree that they will go to.
#[derive(Default)]
pub struct Batch {
    entries: BTreeMap<Key, Option<Vec<u8>>>,
    /// Lines of accounts, which go their own way.
    pub lines: NewLines,
}

impl Batch {
    /// Writes an entry.
    pub fn put(&mut self, key: Key, value: Vec<u8>) {
        self.entries.insert(key, Some(value));
    }

    /// Removes an entry.
    pub fn remove(&mut self, key: Key) {
        self.entries.insert(key, None);
    }

    /// The entry as it will be.
    pub fn get(&self, tree: &sled::Tree, key: &[u8]) -> Result<Option<Vec<u8>>, sled::Error> {
        match self.entries.get(key) {
            Some(entry) => Ok(entry.clone()),
            None => Ok(tree.get(key)?.map(|value| value.to_vec())),
        }
    }

    /// Whether any entry will start with `prefix`.
    pub fn any(&self, tree: &sled::Tree, prefix: &[u8]) -> Result<bool, sled::Error> {
        let own = || self.entries.range(prefix.to_vec()..).take_while(|(key, _)| key.starts_with(prefix));
        if own().any(|(_, entry)| entry.is_some()) {
            return Ok(true);
        }
        for stored in tree.scan_prefix(prefix) {
            let (key, _) = stored?;
            if !self.entries.contains_key(key.as_ref()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.lines.len() == 0
    }

    /// Whether it holds as much as should be written at once. More entries would let sled's discarded pages pile up in memory
    /// (measured: 8,192 at once took 5 GB where 256 take 0.2).
    pub fn is_full(&self) -> bool {
        self.entries.len() >= ENTRIES_MAX || self.lines.len() >= LINES_MAX
    }

    /// Writes all of it at once: after a crash all of it is there, or none.
    pub fn write(self, tree: &sled::Tree) -> Result<(), sled::Error> {
        let mut batch = sled::Batch::default();
        for (key, entry) in self.entries {
            match entry {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        tree.apply_batch(batch)
    }
}
