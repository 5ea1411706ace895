//! Rationing: sharing what there is among those who want it, by account, in whole lots.
//!
//! `time`: oldest order first. `pro_rata`: in proportion to what each account wants, by largest remainder, then oldest.
//! `equal`: constrained equal awards, xᵢ = min(qᵢ, λ), left-over lots one each to the oldest (Sprumont 1991: inflating a
//! request wins nothing). For the last two an account is as old as its oldest order, and what it is awarded goes to its
//! orders oldest first: splitting an order wins nothing either.

use carbex_vocabulary::Rationing;

use crate::accounts::AccountSlot;
use crate::book::OrderSlot;

/// One order's wish for a share.
#[derive(Clone, Copy)]
pub(super) struct Claim {
    pub order: OrderSlot,
    pub account: AccountSlot,
    pub priority: u64,
    /// Lots wanted.
    pub lots: u64,
    /// Lots awarded.
    pub awarded_lots: u64,
}

/// One account's claims together.
#[derive(Clone, Copy)]
struct Claimant {
    /// Where its claims start in the list sorted by account, and how many they are.
    first: u32,
    count: u32,
    /// The priority of its oldest order.
    oldest: u64,
    lots: u64,
    awarded_lots: u64,
    /// What the proportional share leaves over, out of the total of all claims.
    remainder: u128,
}

/// The claims being shared; room for every order of the book was asked for at the start.
pub(super) struct Claims {
    claims: Vec<Claim>,
    claimants: Vec<Claimant>,
    capacity: usize,
}

impl Claims {
    pub fn new(capacity: u32) -> Self {
        let capacity = capacity as usize;
        Self { claims: Vec::with_capacity(capacity), claimants: Vec::with_capacity(capacity), capacity }
    }

    pub fn clear(&mut self) {
        self.claims.clear();
        self.claimants.clear();
    }

    pub fn add(&mut self, order: OrderSlot, account: AccountSlot, priority: u64, lots: u64) {
        assert!(self.claims.len() < self.capacity, "a claim per resting order at most");
        self.claims.push(Claim { order, account, priority, lots, awarded_lots: 0 });
    }

    pub fn len(&self) -> usize {
        self.claims.len()
    }

    /// The claim at a place, in order of age once shared.
    pub fn at(&self, place: usize) -> Claim {
        self.claims[place]
    }

    /// Shares `lots` and leaves the claims in order of age.
    pub fn share(&mut self, lots: u64, rationing: Rationing) {
        let wanted: u128 = self.claims.iter().map(|claim| u128::from(claim.lots)).sum();
        if u128::from(lots) >= wanted {
            self.claims.iter_mut().for_each(|claim| claim.awarded_lots = claim.lots);
            self.claims.sort_unstable_by_key(|claim| claim.priority);
            return;
        }
        match rationing {
            Rationing::Time => self.claims.sort_unstable_by_key(|claim| claim.priority),
            Rationing::ProRata => {
                self.gather_claimants();
                self.award_pro_rata(lots, wanted);
                self.hand_down();
                return;
            }
            Rationing::Equal => {
                self.gather_claimants();
                self.award_equal(lots);
                self.hand_down();
                return;
            }
        }
        let mut left = lots;
        for claim in &mut self.claims {
            claim.awarded_lots = claim.lots.min(left);
            left -= claim.awarded_lots;
        }
    }

    /// Sorts claims by account and age, and sums them up by account.
    fn gather_claimants(&mut self) {
        self.claims.sort_unstable_by_key(|claim| (claim.account, claim.priority));
        self.claimants.clear();
        let mut owner = None;
        for (place, claim) in (0_u32..).zip(&self.claims) {
            if owner == Some(claim.account)
                && let Some(claimant) = self.claimants.last_mut()
            {
                claimant.count += 1;
                claimant.lots += claim.lots;
                continue;
            }
            owner = Some(claim.account);
            self.claimants.push(Claimant {
                first: place,
                count: 1,
                oldest: claim.priority,
                lots: claim.lots,
                awarded_lots: 0,
                remainder: 0,
            });
        }
    }

    fn award_pro_rata(&mut self, lots: u64, wanted: u128) {
        let mut left = lots;
        for claimant in &mut self.claimants {
            let product = u128::from(claimant.lots) * u128::from(lots);
            // The quotient is at most what the claimant wants, so it fits.
            claimant.awarded_lots = (product / wanted) as u64;
            claimant.remainder = product % wanted;
            left -= claimant.awarded_lots;
        }
        self.claimants.sort_unstable_by(|a, b| b.remainder.cmp(&a.remainder).then(a.oldest.cmp(&b.oldest)));
        for claimant in self.claimants.iter_mut().take(left as usize) {
            claimant.awarded_lots += 1;
        }
    }

    fn award_equal(&mut self, lots: u64) {
        self.claimants.sort_unstable_by_key(|claimant| (claimant.lots, claimant.oldest));
        let mut left = lots;
        let mut waiting = self.claimants.len() as u64;
        let mut satisfied = 0;
        // Smallest wishes first: who wants no more than an equal share of what is left gets it all.
        for claimant in &mut self.claimants {
            if claimant.lots > left / waiting {
                break;
            }
            claimant.awarded_lots = claimant.lots;
            left -= claimant.lots;
            waiting -= 1;
            satisfied += 1;
        }
        // The others want more than λ; left-over lots go one each to the oldest of them.
        let constrained = &mut self.claimants[satisfied..];
        constrained.sort_unstable_by_key(|claimant| claimant.oldest);
        let (lambda, left_over) = (left / waiting, left % waiting);
        for (rank, claimant) in (0_u64..).zip(constrained) {
            claimant.awarded_lots = lambda + u64::from(rank < left_over);
        }
    }

    /// Gives each account's award to its orders, oldest first, and puts the claims in order of age.
    fn hand_down(&mut self) {
        for claimant in &self.claimants {
            let mut left = claimant.awarded_lots;
            let first = claimant.first as usize;
            for claim in &mut self.claims[first..first + claimant.count as usize] {
                claim.awarded_lots = claim.lots.min(left);
                left -= claim.awarded_lots;
            }
        }
        self.claims.sort_unstable_by_key(|claim| claim.priority);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shares among (account, lots) claims in order of age; answers the awards in order of age.
    fn shared(rationing: Rationing, lots: u64, wishes: &[(u32, u64)]) -> Vec<u64> {
        let mut claims = Claims::new(wishes.len() as u32);
        for (age, (account, wish)) in (0_u32..).zip(wishes) {
            claims.add(OrderSlot::new(age), AccountSlot::from_number(*account), u64::from(age), *wish);
        }
        claims.share(lots, rationing);
        (0..claims.len()).map(|place| claims.at(place).awarded_lots).collect()
    }

    #[test]
    fn domain_vector_2_pro_rata_and_equal_awards() {
        let wishes = [(1, 100), (2, 300), (3, 600)];
        assert_eq!(shared(Rationing::ProRata, 400, &wishes), [40, 120, 240]);
        assert_eq!(shared(Rationing::Equal, 400, &wishes), [100, 150, 150]);
        assert_eq!(shared(Rationing::Time, 400, &wishes), [100, 300, 0]);
    }

    #[test]
    fn left_over_lots_go_to_the_oldest() {
        assert_eq!(shared(Rationing::Equal, 7, &[(1, 5), (2, 5), (3, 5)]), [3, 2, 2]);
        assert_eq!(shared(Rationing::ProRata, 7, &[(1, 5), (2, 5), (3, 5)]), [3, 2, 2]);
        assert_eq!(shared(Rationing::Equal, 2, &[(3, 5), (2, 5), (1, 5)]), [1, 1, 0]);
    }

    #[test]
    fn largest_remainder_comes_before_age() {
        // 10 × {3, 3, 4} / 10 of 5: 1.5, 1.5, 2.0
        assert_eq!(shared(Rationing::ProRata, 5, &[(1, 3), (2, 3), (3, 4)]), [2, 1, 2]);
        // of 4: 1.2, 1.2, 1.6
        assert_eq!(shared(Rationing::ProRata, 4, &[(1, 3), (2, 3), (3, 4)]), [1, 1, 2]);
    }

    #[test]
    fn splitting_an_order_wins_nothing() {
        for rationing in [Rationing::Equal, Rationing::ProRata] {
            let whole = shared(rationing, 10, &[(1, 12), (2, 8)]);
            let split = shared(rationing, 10, &[(1, 3), (2, 8), (1, 9)]);
            assert_eq!(split[0] + split[2], whole[0]);
            assert_eq!(split[0], 3, "the oldest order of the account is served first");
        }
    }

    #[test]
    fn nothing_to_share_awards_nothing() {
        for rationing in Rationing::ALL {
            assert_eq!(shared(*rationing, 0, &[(1, 3), (2, 8)]), [0, 0]);
        }
    }
}
