//! Sharing what there is among orders at one price, by account totals: splitting an order wins nothing.

use carbex_vocabulary::{AccountId, OrderId, Rationing};

use super::orders::Order;

/// What an order asks for, or what it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub account: AccountId,
    pub order: OrderId,
    pub quantity_g: i128,
}

impl Claim {
    pub fn of(order: &Order) -> Self {
        Self { account: order.account, order: order.id, quantity_g: order.quantity_g }
    }
}

/// Shares `available_g` (whole lots) among claims given oldest first; answers in the same order, zeros included.
pub(super) fn ration(claims: &[Claim], available_g: i128, lot_g: i128, rationing: Rationing) -> Vec<Claim> {
    let asked_g: i128 = claims.iter().map(|claim| claim.quantity_g).sum();
    if asked_g <= available_g {
        return claims.to_vec();
    }
    let mut budgets: Vec<(AccountId, i128)> = match rationing {
        Rationing::Time => return oldest_first(claims, available_g),
        Rationing::ProRata => pro_rata(&totals(claims), available_g / lot_g, lot_g),
        Rationing::Equal => equal(&totals(claims), available_g / lot_g, lot_g),
    };
    let mut awards = Vec::new();
    for claim in claims {
        let budget = budgets.iter_mut().find(|budget| budget.0 == claim.account).expect("every account has a budget");
        let quantity_g = claim.quantity_g.min(budget.1);
        budget.1 -= quantity_g;
        awards.push(Claim { quantity_g, ..*claim });
    }
    awards
}

fn oldest_first(claims: &[Claim], available_g: i128) -> Vec<Claim> {
    let mut left_g = available_g;
    let mut awards = Vec::new();
    for claim in claims {
        let quantity_g = claim.quantity_g.min(left_g);
        left_g -= quantity_g;
        awards.push(Claim { quantity_g, ..*claim });
    }
    awards
}

/// Each account's total; an account is as old as its oldest order, so the list is oldest first.
fn totals(claims: &[Claim]) -> Vec<(AccountId, i128)> {
    let mut totals: Vec<(AccountId, i128)> = Vec::new();
    for claim in claims {
        match totals.iter_mut().find(|total| total.0 == claim.account) {
            Some(total) => total.1 += claim.quantity_g,
            None => totals.push((claim.account, claim.quantity_g)),
        }
    }
    totals
}

/// Whole lots in proportion; the lots left over go to the largest remainders, then to the oldest.
fn pro_rata(totals: &[(AccountId, i128)], lots: i128, lot_g: i128) -> Vec<(AccountId, i128)> {
    let asked: i128 = totals.iter().map(|total| total.1 / lot_g).sum();
    let mut awards: Vec<i128> = totals.iter().map(|total| total.1 / lot_g * lots / asked).collect();
    let left_over = lots - awards.iter().sum::<i128>();
    let mut by_remainder: Vec<usize> = (0..totals.len()).collect();
    by_remainder.sort_by_key(|&index| (-(totals[index].1 / lot_g * lots % asked), index));
    for &index in by_remainder.iter().take(left_over as usize) {
        awards[index] += 1;
    }
    totals.iter().zip(awards).map(|(total, award)| (total.0, award * lot_g)).collect()
}

/// Constrained equal awards: min(q, λ) for the largest whole λ that fits; the lots left over one each to the oldest.
fn equal(totals: &[(AccountId, i128)], lots: i128, lot_g: i128) -> Vec<(AccountId, i128)> {
    let needed = |level: i128| totals.iter().map(|total| (total.1 / lot_g).min(level)).sum::<i128>();
    let most = totals.iter().map(|total| total.1 / lot_g).max().unwrap_or(0);
    // Halving instead of counting up: λ may be a million lots of one gram.
    let (mut fits, mut too_much) = (0, most + 1);
    while too_much - fits > 1 {
        let level = (fits + too_much) / 2;
        if needed(level) <= lots { fits = level } else { too_much = level }
    }
    let mut left_over = lots - needed(fits);
    let mut awards = Vec::new();
    for total in totals {
        let asked = total.1 / lot_g;
        let mut award = asked.min(fits);
        if left_over > 0 && asked > award {
            award += 1;
            left_over -= 1;
        }
        awards.push((total.0, award * lot_g));
    }
    awards
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(quantities: &[i128]) -> Vec<Claim> {
        (1..)
            .zip(quantities)
            .map(|(number, &quantity_g)| Claim {
                account: AccountId::new(number),
                order: OrderId::new(number),
                quantity_g,
            })
            .collect()
    }

    fn shared(quantities: &[i128], available_g: i128, rationing: Rationing) -> Vec<i128> {
        ration(&claims(quantities), available_g, 1, rationing).iter().map(|award| award.quantity_g).collect()
    }

    /// Auction vector 2 of the domain report: supply 400, requests 100, 300, 600.
    #[test]
    fn supply_of_400_is_shared_among_100_300_600() {
        assert_eq!(shared(&[100, 300, 600], 400, Rationing::ProRata), [40, 120, 240]);
        assert_eq!(shared(&[100, 300, 600], 400, Rationing::Equal), [100, 150, 150]);
        assert_eq!(shared(&[100, 300, 600], 400, Rationing::Time), [100, 300, 0]);
    }

    #[test]
    fn lots_left_over_go_to_the_oldest() {
        assert_eq!(shared(&[5, 5, 5], 7, Rationing::Equal), [3, 2, 2]);
        assert_eq!(shared(&[5, 5, 5], 7, Rationing::ProRata), [3, 2, 2]);
        assert_eq!(shared(&[1, 5, 5], 6, Rationing::Equal), [1, 3, 2]);
    }

    #[test]
    fn splitting_an_order_wins_nothing() {
        let mut split = claims(&[4, 4, 4, 4]);
        split[2].account = AccountId::new(1);
        split[3].account = AccountId::new(1);
        let awards: Vec<i128> = ration(&split, 8, 1, Rationing::Equal).iter().map(|award| award.quantity_g).collect();
        assert_eq!(awards, [4, 4, 0, 0]);
    }
}
