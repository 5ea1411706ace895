//! One side's price levels: 65,536 of them, one per tick of the widest band, and a bitmap of those in use.
//!
//! A level's place is its price in ticks modulo 65,536. A band never spans more, so two prices of one band never meet, and
//! moving the band moves no order. Price order starts at the band's floor and wraps around.

use super::order::OrderSlot;

/// How many levels a side has.
pub(super) const LEVELS: usize = 65_536;
const WORDS: usize = LEVELS / 64;
const SUMMARIES: usize = WORDS / 64;

/// One price: a queue of orders, oldest first.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Level {
    pub quantity_g: i64,
    /// Links: slot + 1, 0 = none.
    pub oldest: u32,
    pub youngest: u32,
    pub orders: u32,
}

impl Level {
    /// The first order in line.
    #[inline]
    pub const fn oldest(&self) -> Option<OrderSlot> {
        OrderSlot::from_link(self.oldest)
    }
}

/// All levels of one side.
pub(super) struct Levels {
    levels: Box<[Level]>,
    words: Box<[u64; WORDS]>,
    summaries: [u64; SUMMARIES],
}

impl Levels {
    pub fn new() -> Self {
        Self {
            levels: vec![Level::default(); LEVELS].into_boxed_slice(),
            words: Box::new([0; WORDS]),
            summaries: [0; SUMMARIES],
        }
    }

    #[inline]
    pub fn level(&self, place: u16) -> &Level {
        &self.levels[usize::from(place)]
    }

    #[inline]
    pub fn level_mut(&mut self, place: u16) -> &mut Level {
        &mut self.levels[usize::from(place)]
    }

    #[inline]
    pub fn mark_used(&mut self, place: u16) {
        let place = usize::from(place);
        self.words[place / 64] |= 1 << (place % 64);
        self.summaries[place / 4096] |= 1 << (place / 64 % 64);
    }

    #[inline]
    pub fn mark_empty(&mut self, place: u16) {
        let place = usize::from(place);
        self.words[place / 64] &= !(1 << (place % 64));
        if self.words[place / 64] == 0 {
            self.summaries[place / 4096] &= !(1 << (place / 64 % 64));
        }
    }

    /// The first used place at or after `from`, without wrapping.
    fn used_at_or_after(&self, from: u16) -> Option<u16> {
        let from = usize::from(from);
        let word = from / 64;
        let here = self.words[word] & (!0 << (from % 64));
        if here != 0 {
            return Some(place(word, here.trailing_zeros()));
        }
        let mut summary = word / 64;
        // Words after this one; a shift by 64 would not clear, hence two steps.
        let mut later = self.summaries[summary] & (!0 << (word % 64) << 1);
        loop {
            if later != 0 {
                let word = summary * 64 + later.trailing_zeros() as usize;
                return Some(place(word, self.words[word].trailing_zeros()));
            }
            summary += 1;
            if summary == SUMMARIES {
                return None;
            }
            later = self.summaries[summary];
        }
    }

    /// The last used place at or before `from`, without wrapping.
    fn used_at_or_before(&self, from: u16) -> Option<u16> {
        let from = usize::from(from);
        let word = from / 64;
        let here = self.words[word] & (!0 >> (63 - from % 64));
        if here != 0 {
            return Some(place(word, 63 - here.leading_zeros()));
        }
        let mut summary = word / 64;
        let mut earlier = self.summaries[summary] & !(!0 << (word % 64));
        loop {
            if earlier != 0 {
                let word = summary * 64 + 63 - earlier.leading_zeros() as usize;
                return Some(place(word, 63 - self.words[word].leading_zeros()));
            }
            summary = summary.checked_sub(1)?;
            earlier = self.summaries[summary];
        }
    }

    /// The first used place at or after `from` in price order, in a band whose floor is at `floor`.
    #[inline]
    pub fn next_up(&self, from: u16, floor: u16) -> Option<u16> {
        if from >= floor {
            return self.used_at_or_after(from).or_else(|| self.used_at_or_after(0).filter(|place| *place < floor));
        }
        self.used_at_or_after(from).filter(|place| *place < floor)
    }

    /// The last used place at or before `from` in price order, in a band whose floor is at `floor`.
    #[inline]
    pub fn next_down(&self, from: u16, floor: u16) -> Option<u16> {
        if from >= floor {
            return self.used_at_or_before(from).filter(|place| *place >= floor);
        }
        self.used_at_or_before(from).or_else(|| self.used_at_or_before(u16::MAX).filter(|place| *place >= floor))
    }
}

/// Places fit 16 bits: there are 65,536 of them.
#[inline]
fn place(word: usize, bit: u32) -> u16 {
    ((word as u32) * 64 + bit) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bitmap_walks_prices_up_and_down_around_the_floor() {
        let used: [u16; 9] = [0, 1, 63, 64, 4095, 4096, 30_000, 65_534, 65_535];
        let mut levels = Levels::new();
        for place in used {
            levels.mark_used(place);
        }
        for floor in [0_u16, 1, 64, 5_000, 65_535] {
            let rank = |place: u16| place.wrapping_sub(floor);
            let mut in_order = used;
            in_order.sort_by_key(|place| rank(*place));
            let mut from = floor;
            for expected in in_order {
                assert_eq!(levels.next_up(from, floor), Some(expected), "floor {floor} from {from}");
                from = expected.wrapping_add(1);
            }
            let mut from = floor.wrapping_sub(1);
            for expected in in_order.iter().rev() {
                assert_eq!(levels.next_down(from, floor), Some(*expected), "floor {floor} from {from}");
                from = expected.wrapping_sub(1);
            }
        }
        for place in used {
            levels.mark_empty(place);
        }
        assert_eq!((levels.next_up(7, 7), levels.next_down(6, 7)), (None, None));
    }
}
