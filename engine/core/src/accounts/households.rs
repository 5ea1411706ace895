//! Who lives together: for each household, a chain through its accounts. Only `caps_per = "household"` walks it.

use carbex_memory::Table;

use super::index::spread;

/// The chains. Slots are stored + 1, 0 = none.
pub(super) struct Households {
    /// The next account of the same household.
    next: Table<u32>,
    /// Open addressing from a household's number to its first account.
    heads: Table<u32>,
}

impl Households {
    pub fn new(capacity: usize) -> Self {
        Self { next: Table::zeroed(capacity), heads: Table::zeroed(capacity + capacity / 4 + 2) }
    }

    fn start(&self, household: u32) -> usize {
        ((u128::from(spread(u64::from(household))) * self.heads.len() as u128) >> 64) as usize
    }

    fn after(&self, place: usize) -> usize {
        if place + 1 == self.heads.len() { 0 } else { place + 1 }
    }

    /// Where the household's head stands, or the free place where it would.
    fn place(&self, household: u32, household_of: &impl Fn(u32) -> u32) -> usize {
        let mut place = self.start(household);
        while self.heads[place] != 0 && household_of(self.heads[place] - 1) != household {
            place = self.after(place);
        }
        place
    }

    /// Puts an account into a household. `household_of` must already answer for every account but this one.
    pub fn join(&mut self, slot: u32, household: u32, household_of: impl Fn(u32) -> u32) {
        let place = self.place(household, &household_of);
        self.next[slot as usize] = self.heads[place];
        self.heads[place] = slot + 1;
    }

    /// Takes an account out of its household, while `household_of` still answers the old one for it.
    pub fn leave(&mut self, slot: u32, household: u32, household_of: impl Fn(u32) -> u32) {
        let place = self.place(household, &household_of);
        let after = self.next[slot as usize];
        self.next[slot as usize] = 0;
        if self.heads[place] == slot + 1 {
            self.heads[place] = after;
            if after == 0 {
                self.close_gap(place, &household_of);
            }
            return;
        }
        let mut member = self.heads[place];
        while self.next[member as usize - 1] != slot + 1 {
            member = self.next[member as usize - 1];
        }
        self.next[member as usize - 1] = after;
    }

    /// Moves later heads back over an emptied place, so that searches that pass it still find them.
    fn close_gap(&mut self, mut gap: usize, household_of: &impl Fn(u32) -> u32) {
        let mut place = self.after(gap);
        while self.heads[place] != 0 {
            let wanted = self.start(household_of(self.heads[place] - 1));
            let length = self.heads.len();
            let from_wanted_to_gap = (gap + length - wanted) % length;
            let from_wanted_to_place = (place + length - wanted) % length;
            if from_wanted_to_gap < from_wanted_to_place {
                self.heads[gap] = self.heads[place];
                self.heads[place] = 0;
                gap = place;
            }
            place = self.after(place);
        }
    }

    /// The accounts of a household.
    pub fn members(&self, household: u32, household_of: impl Fn(u32) -> u32) -> impl Iterator<Item = u32> + '_ {
        let head = self.heads[self.place(household, &household_of)];
        core::iter::successors(head.checked_sub(1), |slot| self.next[*slot as usize].checked_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn households_keep_their_members_through_moves() {
        const ACCOUNTS: u32 = 200;
        let mut home = vec![0_u32; ACCOUNTS as usize];
        let mut households = Households::new(ACCOUNTS as usize);
        let mut seed = 1_u64;
        for _ in 0..20_000 {
            seed = spread(seed);
            let slot = (seed % u64::from(ACCOUNTS)) as u32;
            let to = (seed >> 32) as u32 % 60;
            let from = home[slot as usize];
            if from != 0 {
                households.leave(slot, from, |other| home[other as usize]);
            }
            home[slot as usize] = to;
            if to != 0 {
                households.join(slot, to, |other| home[other as usize]);
            }
        }
        for household in 1..60 {
            let mut members: Vec<u32> = households.members(household, |slot| home[slot as usize]).collect();
            members.sort_unstable();
            let expected: Vec<u32> = (0..ACCOUNTS).filter(|slot| home[*slot as usize] == household).collect();
            assert_eq!(members, expected);
        }
    }
}
