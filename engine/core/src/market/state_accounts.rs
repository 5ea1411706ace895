//! The accounts in the canonical state: in groups of 64, what nearly every account has in rows, what few have in columns that
//! leave out the zeros.
//!
//! ```text
//! group    4 masks: of which of its accounts cold word 0, 1, 2 and the last purchase are not zero, first account lowest bit
//!          a row per account: number, hot words (8)                                                        72 bytes
//!          then the words that the masks name, mask by mask, in the accounts' order
//! ```
//! A last purchase stands as its time + 1.

use super::Market;
use super::operation::class_of;
use super::state::{Source, StateFault, wrong};
use super::state_pieces::Pieces;
use crate::accounts::{AccountSlot, EndowmentClass, Hot, RESTORED_TOGETHER as GROUP, RestoredAccount};

const WORD_BYTES: usize = 8;
const COLUMNS: usize = 4;
const MASKS_BYTES: usize = COLUMNS * WORD_BYTES;
const ROW_WORDS: usize = 9;
const ROW_BYTES: usize = ROW_WORDS * WORD_BYTES;
/// No group is longer.
pub(super) const GROUP_BYTES_MAX: usize = MASKS_BYTES + GROUP * (ROW_BYTES + COLUMNS * WORD_BYTES);

/// With fewer accounts a thread that takes their memory ahead costs more than it saves.
const TAKEN_AHEAD_FROM: u32 = 1 << 20;

// A mask is one word.
const _: () = assert!(GROUP == 64);

impl Market {
    pub(super) fn write_accounts(&self, pieces: &mut Pieces<'_>) {
        let mut start = 0;
        while start < self.accounts.len() {
            let count = (self.accounts.len() - start).min(GROUP as u32);
            let written = self.write_group(start, count as usize, pieces.room(GROUP_BYTES_MAX));
            pieces.wrote(written);
            start += count;
        }
    }

    /// Writes one group; answers how many bytes it takes.
    fn write_group(&self, start: u32, count: usize, room: &mut [u8]) -> usize {
        let (masks, room) = room.split_at_mut(MASKS_BYTES);
        let (rows, sparse) = room.split_at_mut(count * ROW_BYTES);
        let slots = || (start..).take(count).map(AccountSlot::from_number);
        for (slot, row) in slots().zip(rows.chunks_exact_mut(ROW_BYTES)) {
            let mut hot = *self.accounts.hot(slot);
            hot.set_newest_order(0);
            hot.set_operations_taken(self.settlement.count_owed_to(&hot) as u8);
            let (number, words) = row.split_at_mut(WORD_BYTES);
            number.copy_from_slice(&self.accounts.id(slot).number().to_le_bytes());
            for (bytes, word) in words.chunks_exact_mut(WORD_BYTES).zip(hot.words()) {
                bytes.copy_from_slice(&word.to_le_bytes());
            }
        }
        let mut used = 0;
        for (column, mask_bytes) in masks.chunks_exact_mut(WORD_BYTES).enumerate() {
            let mut mask = 0_u64;
            for (place, slot) in slots().enumerate() {
                let word = match self.accounts.cold_words(slot).get(column) {
                    Some(word) => *word,
                    None => self.accounts.last_purchase_word(slot),
                };
                // Written in any case and kept if it is not zero: which ones are follows no pattern that a processor could guess.
                sparse[used..used + WORD_BYTES].copy_from_slice(&word.to_le_bytes());
                used += if word == 0 { 0 } else { WORD_BYTES };
                mask |= u64::from(word != 0) << place;
            }
            mask_bytes.copy_from_slice(&mask.to_le_bytes());
        }
        MASKS_BYTES + count * ROW_BYTES + used
    }
}

/// What the accounts say of the orders that they have open.
#[derive(Default)]
pub(super) struct WithOrders {
    pub accounts: Vec<AccountSlot>,
    /// Of all of them together.
    pub orders: u64,
}

/// Counts accounts of classes, which rarely change from one account to the next.
#[derive(Default)]
struct Run {
    class: Option<EndowmentClass>,
    accounts: u32,
}

impl Run {
    fn count(&mut self, class: Option<EndowmentClass>, market: &mut Market) {
        if class != self.class {
            self.end(market);
            self.class = class;
        }
        self.accounts += 1;
    }

    fn end(&mut self, market: &mut Market) {
        if let Some(class) = self.class
            && self.accounts > 0
        {
            market.settlement.classes.add(class, self.accounts);
        }
        self.accounts = 0;
    }
}

impl Source<'_> {
    /// Reads all accounts, a group ahead of the one that is entered, into an empty table that has room for them.
    pub(super) fn accounts(
        &mut self,
        market: &mut Market,
        accounts: u32,
        at_start: bool,
    ) -> Result<WithOrders, StateFault> {
        let mut groups = [[RestoredAccount::EMPTY; GROUP]; 2];
        let [mut this, mut next] = groups.each_mut();
        let mut bytes = [0; GROUP_BYTES_MAX];
        let mut with_orders = WithOrders::default();
        let mut run = Run::default();
        let length = |start: u32| (accounts - start).min(GROUP as u32) as usize;
        self.group(&mut this[..length(0)], &mut bytes)?;
        // Where one of the first accounts lives with somebody, most do.
        let households = this.iter().any(RestoredAccount::has_household);
        let _taking_ahead =
            (at_start && accounts >= TAKEN_AHEAD_FROM).then(|| market.accounts.take_ahead(accounts, households));
        while market.accounts.len() < accounts {
            let start = market.accounts.len();
            let group = &mut this[..length(start)];
            let after = &mut next[..length(start + group.len() as u32)];
            self.group(after, &mut bytes)?;
            market.accounts.look_up_restored(after);
            for (place, account) in (start..).zip(group.iter_mut()) {
                let hot = &mut account.hot;
                check_turn(market, hot, place)?;
                // A year that it has yet to open changes its day; the classes count it as if it were settled.
                let class = class_of(hot).map(|class| EndowmentClass {
                    opened_day: if market.settlement.owes_opening_to(hot) { 0 } else { class.opened_day },
                    ..class
                });
                run.count(class, market);
                if hot.open_orders() > 0 {
                    with_orders.accounts.push(AccountSlot::from_number(place));
                    with_orders.orders += u64::from(hot.open_orders());
                }
            }
            if !market.accounts.restore(group) {
                return Err(wrong("an account stands in it twice"));
            }
            core::mem::swap(&mut this, &mut next);
        }
        run.end(market);
        Ok(with_orders)
    }

    /// Reads one group.
    fn group(&mut self, group: &mut [RestoredAccount], bytes: &mut [u8; GROUP_BYTES_MAX]) -> Result<(), StateFault> {
        if group.is_empty() {
            return Ok(());
        }
        let masks: [u64; COLUMNS] = [self.number()?, self.number()?, self.number()?, self.number()?];
        if masks.iter().any(|mask| group.len() < GROUP && mask >> group.len() != 0) {
            return Err(wrong("a group of accounts says something of accounts that are not in it"));
        }
        let named: usize = masks.iter().map(|mask| mask.count_ones() as usize).sum();
        let bytes = &mut bytes[..group.len() * ROW_BYTES + named * WORD_BYTES];
        self.fill(bytes)?;
        let (rows, sparse) = bytes.split_at(group.len() * ROW_BYTES);
        for (account, row) in group.iter_mut().zip(rows.chunks_exact(ROW_BYTES)) {
            let mut words = words_of(row);
            let mut next = || words.next().unwrap_or(0);
            account.number = next();
            account.hot = Hot::from_words(core::array::from_fn(|_| next()));
        }
        let mut words = words_of(sparse);
        for (column, mask) in masks.iter().enumerate() {
            for (place, account) in group.iter_mut().enumerate() {
                let named = mask >> place & 1 == 1;
                let word = if named { words.next().unwrap_or(0) } else { 0 };
                if named && word == 0 {
                    return Err(wrong("a zero stands where zeros are left out"));
                }
                match account.cold.get_mut(column) {
                    Some(cold) => *cold = word,
                    None => account.last_purchase_ns = word,
                }
            }
        }
        Ok(())
    }
}

fn words_of(bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    bytes.chunks_exact(WORD_BYTES).map(|word| {
        let mut whole = [0; WORD_BYTES];
        whole.copy_from_slice(word);
        u64::from_le_bytes(whole)
    })
}

/// Turns how many operations the account has yet to take back into how many it has taken, if it can have so many.
fn check_turn(market: &Market, hot: &mut Hot, place: u32) -> Result<(), StateFault> {
    if hot.newest_order() != 0 {
        return Err(wrong("an account links to an order"));
    }
    let settlement = &market.settlement;
    let owed = hot.operations_taken();
    let taken = settlement.logged.checked_sub(owed);
    hot.set_operations_taken(taken.ok_or_else(|| wrong("an account has more operations to take than wait"))?);
    if owed > 0 && usize::from(owed) > settlement.most_owed_at(place) {
        return Err(wrong("an account has not taken an operation though its turn has come"));
    }
    Ok(())
}
