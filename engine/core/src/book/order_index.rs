//! From an order's number to its slot: open addressing, at most half full, with the number itself as the hash.
//!
//! Order numbers grow with the sequence, so consecutive orders stand side by side and a probe is one look.

/// Finds slots by order number. Entries are slot + 1, 0 = free.
pub(super) struct OrderIndex {
    entries: Vec<u32>,
    mask: usize,
}

impl OrderIndex {
    pub fn new(capacity: u32) -> Self {
        let length = (capacity as usize * 2).next_power_of_two().max(2);
        Self { entries: vec![0; length], mask: length - 1 }
    }

    #[inline]
    fn start(&self, number: u64) -> usize {
        (number as usize) & self.mask
    }

    /// The slot of that order; `number_at` tells a slot's number.
    #[inline]
    pub fn find(&self, number: u64, number_at: impl Fn(u32) -> u64) -> Option<u32> {
        let mut place = self.start(number);
        loop {
            let slot = self.entries[place].checked_sub(1)?;
            if number_at(slot) == number {
                return Some(slot);
            }
            place = (place + 1) & self.mask;
        }
    }

    #[inline]
    pub fn insert(&mut self, number: u64, slot: u32) {
        let mut place = self.start(number);
        while self.entries[place] != 0 {
            place = (place + 1) & self.mask;
        }
        self.entries[place] = slot + 1;
    }

    /// Takes an order out and moves later entries back over the gap, so that no tombstones remain.
    pub fn remove(&mut self, number: u64, number_at: impl Fn(u32) -> u64) {
        let mut gap = self.start(number);
        while number_at(self.entries[gap] - 1) != number {
            gap = (gap + 1) & self.mask;
        }
        self.entries[gap] = 0;
        let mut place = (gap + 1) & self.mask;
        while self.entries[place] != 0 {
            let wanted = self.start(number_at(self.entries[place] - 1));
            let gap_distance = gap.wrapping_sub(wanted) & self.mask;
            let place_distance = place.wrapping_sub(wanted) & self.mask;
            if gap_distance < place_distance {
                self.entries[gap] = self.entries[place];
                self.entries[place] = 0;
                gap = place;
            }
            place = (place + 1) & self.mask;
        }
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
                index.insert(number, slot);
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
