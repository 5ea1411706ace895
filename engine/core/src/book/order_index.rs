//! From an order's number to its slot: open addressing, at most half full, with the number itself as the hash.
//!
//! Order numbers grow with the sequence, so consecutive orders stand side by side and a probe is one look. An entry is
//! slot + 1 with, in the bits left, how far it stands from where its number belongs. Entries that belong nearer give way to
//! those that come from farther (Celis 1986, "Robin Hood"), so a removal moves back only what does not stand where it belongs,
//! and neither it nor an insertion looks at the orders themselves, which lie elsewhere in memory.

use carbex_memory::Table;

/// Finds slots by order number. Entry 0 = free.
pub(super) struct OrderIndex {
    entries: Table<u32>,
    mask: usize,
    slot_bits: u32,
}

impl OrderIndex {
    pub fn new(capacity: u32) -> Self {
        let length = (capacity as usize * 2).next_power_of_two().max(2);
        // A bit at least is left, so that what stands where it belongs can be told from what does not.
        let slot_bits = (u32::BITS - capacity.leading_zeros()).min(31);
        Self { entries: Table::zeroed(length), mask: length - 1, slot_bits }
    }

    #[inline(always)]
    fn start(&self, number: u64) -> usize {
        (number as usize) & self.mask
    }

    #[inline(always)]
    fn slot(&self, entry: u32) -> u32 {
        (entry & ((1 << self.slot_bits) - 1)) - 1
    }

    /// The farthest distance that an entry can tell; it then stands for "this far or farther".
    #[inline(always)]
    fn distance_max(&self) -> usize {
        (u32::MAX >> self.slot_bits) as usize
    }

    #[inline(always)]
    fn entry(&self, slot: u32, distance: usize) -> u32 {
        (slot + 1) | ((distance.min(self.distance_max()) as u32) << self.slot_bits)
    }

    /// How far the entry at `place` stands from where its number belongs.
    #[inline(always)]
    fn distance(&self, place: usize, number_at: &impl Fn(u32) -> u64) -> usize {
        let entry = self.entries[place];
        let told = (entry >> self.slot_bits) as usize;
        if told < self.distance_max() {
            return told;
        }
        place.wrapping_sub(self.start(number_at(self.slot(entry)))) & self.mask
    }

    /// Brings the place nearer where the search for `number` begins.
    #[inline(always)]
    pub fn look_up(&self, number: u64) {
        self.entries.prefetch(self.start(number));
    }

    /// The first place whose entry is as far from home as `number`'s would be there and is `confirmed`.
    #[inline(always)]
    fn search(&self, number: u64, confirmed: impl Fn(u32) -> bool) -> Option<usize> {
        let mut place = self.start(number);
        let mut distance = 0;
        loop {
            let entry = self.entries[place];
            let told = (entry >> self.slot_bits) as usize;
            let expected = distance.min(self.distance_max());
            // Nearer to home than ours would be: ours would have taken its place.
            if entry == 0 || told < expected {
                return None;
            }
            if told == expected && confirmed(self.slot(entry)) {
                return Some(place);
            }
            place = (place + 1) & self.mask;
            distance += 1;
        }
    }

    /// The slot of that order; `number_at` tells a slot's number.
    #[inline(always)]
    pub fn find(&self, number: u64, number_at: impl Fn(u32) -> u64) -> Option<u32> {
        self.search(number, |slot| number_at(slot) == number).map(|place| self.slot(self.entries[place]))
    }

    /// The first slot that a search for `number` would look at, unconfirmed: its number is not looked at.
    #[inline(always)]
    pub fn likely(&self, number: u64) -> Option<u32> {
        self.search(number, |_| true).map(|place| self.slot(self.entries[place]))
    }

    /// Enters a slot under a number that is not there yet.
    #[inline(always)]
    pub fn insert(&mut self, number: u64, slot: u32, number_at: impl Fn(u32) -> u64) {
        let mut place = self.start(number);
        let (mut slot, mut distance) = (slot, 0);
        while self.entries[place] != 0 {
            let its_distance = self.distance(place, &number_at);
            if its_distance < distance {
                let its_slot = self.slot(self.entries[place]);
                self.entries[place] = self.entry(slot, distance);
                (slot, distance) = (its_slot, its_distance);
            }
            place = (place + 1) & self.mask;
            distance += 1;
        }
        self.entries[place] = self.entry(slot, distance);
    }

    /// Takes an order out and moves the entries behind it that do not stand where they belong one place back, so that no
    /// tombstones remain.
    #[inline(always)]
    pub fn remove(&mut self, number: u64, number_at: impl Fn(u32) -> u64) {
        let confirmed = |slot| number_at(slot) == number;
        let mut gap = self.search(number, confirmed).expect("an order in the book stands in the index");
        loop {
            let place = (gap + 1) & self.mask;
            let entry = self.entries[place];
            if entry >> self.slot_bits == 0 {
                // Free, or at home.
                break;
            }
            self.entries[gap] = self.entry(self.slot(entry), self.distance(place, &number_at) - 1);
            gap = place;
        }
        self.entries[gap] = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_found_through_insertions_and_removals() {
        let mut index = OrderIndex::new(64);
        let mut live: Vec<(u64, u32)> = Vec::new();
        let mut numbers = [0_u64; 64];
        let mut free: Vec<u32> = (0..64).collect();
        let mut number = 0_u64;
        let mut seed = 7_u64;
        for _ in 0..50_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            if let Some(slot) = free.pop_if(|_| live.len() < 64 && seed >> 63 == 0) {
                number += 1 + (seed >> 40) % 100;
                numbers[slot as usize] = number;
                index.insert(number, slot, |slot| numbers[slot as usize]);
                live.push((number, slot));
            } else if !live.is_empty() {
                let (gone, slot) = live.swap_remove((seed >> 33) as usize % live.len());
                index.remove(gone, |slot| numbers[slot as usize]);
                free.push(slot);
                assert_eq!(index.find(gone, |slot| numbers[slot as usize]), None);
            }
            for (number, slot) in &live {
                assert_eq!(index.find(*number, |slot| numbers[slot as usize]), Some(*slot));
            }
        }
    }
}
