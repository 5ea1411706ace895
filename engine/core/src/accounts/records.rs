//! What every account has, kept together: eight accounts' hot sides, numbers and cold sides in twelve cache lines.
//!
//! Random access over 68 million accounts costs as much for finding where in memory a page lies as for the line itself, and an
//! account's parts in tables of their own would lie on three pages. Here they nearly always lie on one.

use carbex_memory::{Extent, Table, prefetch};
use zerocopy::{FromBytes, IntoBytes};

use super::record::{ColdWords, Hot};
use super::table::AccountSlot;

const TOGETHER: usize = 8;

#[derive(FromBytes, IntoBytes)]
#[repr(C, align(64))]
struct Block {
    hot: [Hot; TOGETHER],
    numbers: [u64; TOGETHER],
    cold: [ColdWords; TOGETHER],
}

const _: () = assert!(size_of::<Block>() == TOGETHER * (64 + 8 + 24));

/// The accounts' records by slot.
pub(super) struct Records {
    blocks: Table<Block>,
}

impl Records {
    pub fn new(capacity: u32) -> Self {
        Self { blocks: Table::zeroed((capacity as usize).div_ceil(TOGETHER)) }
    }

    /// The memory of the first accounts.
    pub fn extent(&self, accounts: u32) -> Extent {
        self.blocks.extent((accounts as usize).div_ceil(TOGETHER))
    }

    #[inline(always)]
    fn block(&self, slot: AccountSlot) -> (&Block, usize) {
        let at = slot.number() as usize;
        (&self.blocks[at / TOGETHER], at % TOGETHER)
    }

    #[inline(always)]
    fn block_mut(&mut self, slot: AccountSlot) -> (&mut Block, usize) {
        let at = slot.number() as usize;
        (&mut self.blocks[at / TOGETHER], at % TOGETHER)
    }

    #[inline(always)]
    pub fn hot(&self, slot: AccountSlot) -> &Hot {
        let (block, at) = self.block(slot);
        &block.hot[at]
    }

    #[inline(always)]
    pub fn hot_mut(&mut self, slot: AccountSlot) -> &mut Hot {
        let (block, at) = self.block_mut(slot);
        &mut block.hot[at]
    }

    #[inline(always)]
    pub fn number(&self, slot: AccountSlot) -> u64 {
        let (block, at) = self.block(slot);
        block.numbers[at]
    }

    pub fn set_number(&mut self, slot: AccountSlot, number: u64) {
        let (block, at) = self.block_mut(slot);
        block.numbers[at] = number;
    }

    #[inline(always)]
    pub fn cold(&self, slot: AccountSlot) -> &ColdWords {
        let (block, at) = self.block(slot);
        &block.cold[at]
    }

    #[inline(always)]
    pub fn cold_mut(&mut self, slot: AccountSlot) -> &mut ColdWords {
        let (block, at) = self.block_mut(slot);
        &mut block.cold[at]
    }

    /// Brings an account's hot side and its number nearer.
    #[inline(always)]
    pub fn prefetch(&self, slot: AccountSlot) {
        let (block, at) = self.block(slot);
        prefetch(&block.hot[at]);
        prefetch(&block.numbers);
    }
}
