//! How many living accounts have which endowment: what a sum over all accounts needs, without walking them.
//!
//! An account's endowment depends on its share and on the day it was opened, and few pairs of these exist: a handful of
//! shares times the days of a year. The table holds a million pairs at most; should there ever be more, it says so and
//! whoever needs the sum walks all accounts instead: slow, never wrong.

use super::index::spread;

/// The most pairs that are counted.
const CLASSES_MAX: u32 = 1 << 20;

/// What an endowment depends on, beside the year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EndowmentClass {
    pub share_bp: u32,
    pub opened_day: u16,
}

impl EndowmentClass {
    fn hash(self) -> u64 {
        spread(u64::from(self.share_bp) | u64::from(self.opened_day) << 32)
    }
}

/// The counts: a dense list, found through open addressing that is at most half full.
pub(crate) struct EndowmentClasses {
    /// Classes in use with their accounts; the vector never grows beyond what was reserved at the start.
    classes: Vec<(EndowmentClass, u32)>,
    capacity: usize,
    /// Place in the list + 1; 0 = free.
    entries: Vec<u32>,
    mask: usize,
    overflowed: bool,
}

impl EndowmentClasses {
    /// Room for the classes of that many accounts, a million at most.
    pub fn new(accounts: u32) -> Self {
        Self::with_room_for(accounts.min(CLASSES_MAX))
    }

    /// Room for exactly that many classes.
    pub fn with_room_for(classes: u32) -> Self {
        let capacity = classes as usize;
        let length = (capacity * 2).next_power_of_two().max(2);
        Self {
            classes: Vec::with_capacity(capacity),
            capacity,
            entries: vec![0; length],
            mask: length - 1,
            overflowed: false,
        }
    }

    /// Whether a class found no room: the counts are no longer what the accounts are.
    pub const fn overflowed(&self) -> bool {
        self.overflowed
    }

    /// Marks the counts as incomplete, as a stored state says they were.
    pub const fn set_overflowed(&mut self) {
        self.overflowed = true;
    }

    /// Each class in use and its number of accounts; none when a class found no room.
    pub fn counted(&self) -> Option<impl Iterator<Item = (EndowmentClass, u32)> + '_> {
        (!self.overflowed).then(|| self.classes.iter().copied())
    }

    /// Where a class's entry stands, or the free place where it would.
    fn place(&self, class: EndowmentClass) -> usize {
        let mut place = class.hash() as usize & self.mask;
        while self.entries[place] != 0 && self.classes[self.entries[place] as usize - 1].0 != class {
            place = (place + 1) & self.mask;
        }
        place
    }

    /// Counts accounts of a class.
    pub fn add(&mut self, class: EndowmentClass, accounts: u32) {
        if self.overflowed {
            return;
        }
        let place = self.place(class);
        if self.entries[place] != 0 {
            self.classes[self.entries[place] as usize - 1].1 += accounts;
        } else if self.classes.len() == self.capacity {
            self.overflowed = true;
        } else {
            self.classes.push((class, accounts));
            self.entries[place] = self.classes.len() as u32;
        }
    }

    /// Counts one account of a class less; it was counted.
    pub fn remove(&mut self, class: EndowmentClass) {
        if self.overflowed {
            return;
        }
        let place = self.place(class);
        let at = self.entries[place] as usize - 1;
        self.classes[at].1 -= 1;
        if self.classes[at].1 > 0 {
            return;
        }
        self.close_gap(place);
        let last = self.classes.len() - 1;
        if at != last {
            let moved = self.place(self.classes[last].0);
            self.entries[moved] = at as u32 + 1;
        }
        self.classes.swap_remove(at);
    }

    /// Empties an entry and moves later ones back over the gap, so that searches that pass it still find them.
    fn close_gap(&mut self, mut gap: usize) {
        self.entries[gap] = 0;
        let mut place = (gap + 1) & self.mask;
        while self.entries[place] != 0 {
            let wanted = self.classes[self.entries[place] as usize - 1].0.hash() as usize & self.mask;
            if gap.wrapping_sub(wanted) & self.mask < place.wrapping_sub(wanted) & self.mask {
                self.entries[gap] = self.entries[place];
                self.entries[place] = 0;
                gap = place;
            }
            place = (place + 1) & self.mask;
        }
    }

    /// A year opened: all accounts were there when it did.
    pub fn forget_opened_days(&mut self) {
        if self.overflowed {
            return;
        }
        self.entries.fill(0);
        let mut kept = 0;
        for at in 0..self.classes.len() {
            let (class, accounts) = self.classes[at];
            let class = EndowmentClass { opened_day: 0, ..class };
            let place = self.place(class);
            if self.entries[place] != 0 {
                self.classes[self.entries[place] as usize - 1].1 += accounts;
            } else {
                self.classes[kept] = (class, accounts);
                kept += 1;
                self.entries[place] = kept as u32;
            }
        }
        self.classes.truncate(kept);
    }

    /// Forgets all counts; whoever calls counts anew.
    pub fn clear(&mut self) {
        self.entries.fill(0);
        self.classes.clear();
        self.overflowed = false;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn counts(classes: &EndowmentClasses) -> BTreeMap<(u32, u16), u32> {
        let counted = classes.counted().expect("there was room");
        counted.map(|(class, accounts)| ((class.share_bp, class.opened_day), accounts)).collect()
    }

    #[test]
    fn the_counts_are_those_of_a_plain_map_through_moves_and_years() {
        let mut classes = EndowmentClasses::with_room_for(60);
        let mut plain: BTreeMap<(u32, u16), u32> = BTreeMap::new();
        let mut seed = 3_u64;
        for turn in 0..40_000 {
            seed = spread(seed);
            let key = ((seed % 6) as u32 * 2500, (seed >> 32) as u16 % 10);
            let class = EndowmentClass { share_bp: key.0, opened_day: key.1 };
            let counted = plain.get(&key).copied().unwrap_or(0);
            if counted > 0 && seed >> 63 == 0 {
                classes.remove(class);
                plain.insert(key, counted - 1);
            } else {
                classes.add(class, 1);
                plain.insert(key, counted + 1);
            }
            if turn % 1000 == 999 {
                classes.forget_opened_days();
                let mut merged = BTreeMap::new();
                for ((share_bp, _), accounts) in &plain {
                    *merged.entry((*share_bp, 0)).or_default() += accounts;
                }
                plain = merged;
            }
            plain.retain(|_, accounts| *accounts > 0);
            assert_eq!(counts(&classes), plain);
        }
    }

    #[test]
    fn a_class_too_many_is_told_until_all_is_counted_anew() {
        let mut classes = EndowmentClasses::with_room_for(2);
        let class = |share_bp| EndowmentClass { share_bp, opened_day: 0 };
        classes.add(class(1), 1);
        classes.add(class(2), 1);
        assert!(!classes.overflowed());
        classes.add(class(3), 1);
        assert!(classes.overflowed() && classes.counted().is_none());
        classes.remove(class(3));
        assert!(classes.overflowed(), "what was not counted cannot be taken off");
        classes.clear();
        classes.add(class(1), 2);
        assert_eq!(counts(&classes), BTreeMap::from([((1, 0), 2)]));
    }
}
