//! The resting quantities per price, counted with their accounts so that none can be told from the public depth.

use std::collections::{BTreeMap, BTreeSet};

use carbex_vocabulary::{AccountId, OrderId, Side};

use super::{ACCOUNTS_MIN, IndexFault, batch::Batch, key};

/// What rests at one price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Level {
    quantity_g: u64,
    orders: u32,
    accounts: u32,
}

/// Both sides of the book as folded from events. As many levels as the band has ticks, at most 65,536 a side; the orders
/// themselves stand in the index.
#[derive(Clone, Debug, Default)]
pub struct Depth {
    sells: BTreeMap<u64, Level>,
    buys: BTreeMap<u64, Level>,
}

/// One open order's place.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Sell or buy.
    pub side: Side,
    /// Limit, in µ€ per point.
    pub price_ueur: u64,
    /// Whose.
    pub account: AccountId,
    /// Which.
    pub order: OrderId,
}

/// Levels that together hold the orders of at least [`ACCOUNTS_MIN`] accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishedLevel {
    /// The best price among them, in µ€ per point.
    pub best_ueur: u64,
    /// The worst price among them.
    pub worst_ueur: u64,
    /// Grams resting.
    pub quantity_g: u64,
    /// Orders resting.
    pub orders: u64,
}

impl Depth {
    /// The levels of the open orders that the index holds.
    pub fn restore(tree: &sled::Tree) -> Result<Self, IndexFault> {
        let mut depth = Self::default();
        let mut last = None;
        for entry in tree.scan_prefix(key::resting_all()) {
            let (key, value) = entry?;
            let (side, price_ueur, account) = key::resting_parts(&key).ok_or(IndexFault::Damaged)?;
            let quantity_g = quantity(&value)?;
            let level = depth.side(side).entry(price_ueur).or_default();
            level.quantity_g = level.quantity_g.checked_add(quantity_g).ok_or(IndexFault::Damaged)?;
            level.orders += 1;
            // Keys come in the order side, price, account: an account's orders stand together.
            let owner = (side, price_ueur, account);
            if last != Some(owner) {
                level.accounts += 1;
                last = Some(owner);
            }
        }
        Ok(depth)
    }

    fn side(&mut self, side: Side) -> &mut BTreeMap<u64, Level> {
        match side {
            Side::Sell => &mut self.sells,
            Side::Buy => &mut self.buys,
        }
    }

    /// Sets what is open of an order, from `before_g` to `after_g`; zero = not in the book.
    pub fn set(
        &mut self,
        tree: &sled::Tree,
        batch: &mut Batch,
        place: Place,
        before_g: u64,
        after_g: u64,
    ) -> Result<(), IndexFault> {
        let Place { side, price_ueur, account, order } = place;
        let owner = key::resting_of(side, price_ueur, account);
        let entry = key::resting(side, price_ueur, account, order);
        let levels = self.side(side);
        let level = levels.entry(price_ueur).or_default();
        level.quantity_g = level
            .quantity_g
            .checked_sub(before_g)
            .and_then(|rest_g| rest_g.checked_add(after_g))
            .ok_or(IndexFault::Damaged)?;
        if before_g == 0 && after_g > 0 {
            level.accounts += u32::from(!batch.any(tree, &owner)?);
            level.orders += 1;
        }
        if after_g > 0 {
            batch.put(entry, after_g.to_le_bytes().to_vec());
        } else if before_g > 0 {
            batch.remove(entry);
            level.orders = level.orders.checked_sub(1).ok_or(IndexFault::Damaged)?;
            let left = u32::from(!batch.any(tree, &owner)?);
            level.accounts = level.accounts.checked_sub(left).ok_or(IndexFault::Damaged)?;
        }
        if level.orders == 0 {
            levels.remove(&price_ueur);
        }
        Ok(())
    }

    /// At most `levels_max` levels of one side, best price first, each merged outward until it holds the orders of at least
    /// [`ACCOUNTS_MIN`] accounts. A side that holds fewer shows nothing.
    pub fn published(
        &self,
        tree: &sled::Tree,
        side: Side,
        levels_max: usize,
    ) -> Result<Vec<PublishedLevel>, IndexFault> {
        match side {
            Side::Sell => merged(tree, side, self.sells.iter(), levels_max),
            Side::Buy => merged(tree, side, self.buys.iter().rev(), levels_max),
        }
    }
}

fn merged<'a>(
    tree: &sled::Tree,
    side: Side,
    levels: impl Iterator<Item = (&'a u64, &'a Level)>,
    levels_max: usize,
) -> Result<Vec<PublishedLevel>, IndexFault> {
    let mut shown: Vec<PublishedLevel> = Vec::new();
    let mut open: Option<(PublishedLevel, BTreeSet<AccountId>)> = None;
    for (&price_ueur, level) in levels {
        if open.is_none() && shown.len() == levels_max {
            return Ok(shown);
        }
        let (mut sum, mut accounts) = open.take().unwrap_or_else(|| {
            (
                PublishedLevel { best_ueur: price_ueur, worst_ueur: price_ueur, quantity_g: 0, orders: 0 },
                BTreeSet::new(),
            )
        });
        sum.worst_ueur = price_ueur;
        sum.quantity_g = sum.quantity_g.saturating_add(level.quantity_g);
        sum.orders += u64::from(level.orders);
        if level.accounts as usize >= ACCOUNTS_MIN || enough(tree, side, price_ueur, &mut accounts)? {
            shown.push(sum);
        } else {
            open = Some((sum, accounts));
        }
    }
    // What is left outside is too few to stand alone: the last level takes it in.
    if let (Some((rest, _)), Some(last)) = (open, shown.last_mut()) {
        last.worst_ueur = rest.worst_ueur;
        last.quantity_g = last.quantity_g.saturating_add(rest.quantity_g);
        last.orders += rest.orders;
    }
    Ok(shown)
}

/// Adds the level's accounts; whether there are enough now. Reads at most the few orders of a thin level.
fn enough(
    tree: &sled::Tree,
    side: Side,
    price_ueur: u64,
    accounts: &mut BTreeSet<AccountId>,
) -> Result<bool, IndexFault> {
    for entry in tree.scan_prefix(key::resting_at(side, price_ueur)) {
        let (key, _) = entry?;
        let (_, _, account) = key::resting_parts(&key).ok_or(IndexFault::Damaged)?;
        accounts.insert(account);
        if accounts.len() >= ACCOUNTS_MIN {
            return Ok(true);
        }
    }
    Ok(false)
}

fn quantity(value: &[u8]) -> Result<u64, IndexFault> {
    value.try_into().map(u64::from_le_bytes).map_err(|_| IndexFault::Damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Book {
        _directory: tempfile::TempDir,
        tree: sled::Db,
        depth: Depth,
    }

    impl Book {
        fn new() -> Self {
            let directory = tempfile::tempdir().expect("a directory");
            let tree = sled::open(directory.path()).expect("a tree");
            Self { _directory: directory, tree, depth: Depth::default() }
        }

        fn set(&mut self, account: u64, order: u64, price_ueur: u64, before_g: u64, after_g: u64) {
            let place =
                Place { side: Side::Buy, price_ueur, account: AccountId::new(account), order: OrderId::new(order) };
            let mut batch = Batch::default();
            self.depth.set(&self.tree, &mut batch, place, before_g, after_g).expect("a consistent change");
            batch.write(&self.tree).expect("a write");
        }

        fn shown(&self) -> Vec<(u64, u64, u64)> {
            let levels = self.depth.published(&self.tree, Side::Buy, 100).expect("levels");
            levels.iter().map(|level| (level.best_ueur, level.worst_ueur, level.quantity_g)).collect()
        }
    }

    #[test]
    fn a_level_of_eleven_accounts_is_shown_and_one_of_ten_is_not() {
        let mut book = Book::new();
        for account in 0..10 {
            book.set(account, account, 90, 0, 1_000);
        }
        assert!(book.shown().is_empty());
        book.set(10, 10, 90, 0, 1_000);
        assert_eq!(book.shown(), [(90, 90, 11_000)]);
        book.set(10, 10, 90, 1_000, 0);
        assert!(book.shown().is_empty());
    }

    #[test]
    fn one_account_with_many_orders_counts_once() {
        let mut book = Book::new();
        for order in 0..20 {
            book.set(7, order, 90, 0, 1_000);
        }
        assert!(book.shown().is_empty());
        // The same account at many prices counts once too.
        for order in 20..40 {
            book.set(7, order, 60 + order, 0, 1_000);
        }
        assert!(book.shown().is_empty());
    }

    #[test]
    fn thin_levels_merge_outward_and_the_outermost_inward() {
        let mut book = Book::new();
        for account in 0..6 {
            book.set(account, account, 100, 0, 1_000);
        }
        for account in 6..12 {
            book.set(account, account, 90, 0, 1_000);
        }
        book.set(20, 20, 80, 0, 500);
        assert_eq!(book.shown(), [(100, 80, 12_500)]);
        for account in 30..41 {
            book.set(account, account, 70, 0, 1_000);
        }
        assert_eq!(book.shown(), [(100, 90, 12_000), (80, 70, 11_500)]);
    }

    #[test]
    fn levels_restored_from_the_index_are_the_same() {
        let mut book = Book::new();
        for account in 0..30 {
            book.set(account % 13, account, 100 - account % 3, 0, 1_000 + account);
        }
        book.set(0, 0, 100, 1_000, 400);
        let restored = Depth::restore(&book.tree).expect("levels");
        assert_eq!(restored.buys, book.depth.buys);
    }
}
