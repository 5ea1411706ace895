//! What the checks see: an account's holdings and its place in the budget year.

/// What an account holds, in the units of the names; a `replace` is checked on holdings that have first been given back
/// what the order reserves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Points allotted and not used; below zero is a deficit.
    pub allotted_g: i64,
    /// Points bought and not used.
    pub purchased_g: i64,
    /// Points consumed this year.
    pub consumed_g: i64,
    /// Points sold this year.
    pub sold_g: i64,
    /// Points bought this year.
    pub bought_g: i64,
    /// Points in open sells.
    pub open_sell_g: i64,
    /// Points in open buys.
    pub open_buy_g: i64,
    /// Money, what is reserved included.
    pub cash_ueur: i64,
    /// Money reserved for open buys.
    pub cash_reserved_ueur: i64,
    /// Scheduled obligations.
    pub obligation_g: i64,
}

impl Holdings {
    /// Points of both buckets.
    #[inline]
    pub const fn points_g(&self) -> i64 {
        self.allotted_g + self.purchased_g
    }
}

/// One account in one budget year: its endowment A and the days that the formulas use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountYear {
    /// A: the account's endowment of the whole year, in grams.
    pub endowment_g: u64,
    /// D: days of the year.
    pub days: u32,
    /// d: whole days since the start, at most D.
    pub day: u32,
    /// o: the day on which the account was opened.
    pub opened: u32,
}

/// `amount × numerator / denominator`, floored; exact for all 64-bit inputs whose result fits.
pub(crate) fn share_floor(amount: u64, numerator: u64, denominator: u64) -> u64 {
    match amount.checked_mul(numerator) {
        Some(product) => product / denominator,
        None => {
            let wide = u128::from(amount) * u128::from(numerator) / u128::from(denominator);
            u64::try_from(wide).unwrap_or(u64::MAX)
        }
    }
}

impl AccountYear {
    /// A = floor(endowment × share_bp × (D − o) / (10000 × D)) (market specification, section 3).
    #[inline]
    pub fn new(endowment_g: u64, share_bp: u32, days: u32, day: u32, opened: u32) -> Self {
        let opened = opened.min(days);
        let of_year = u64::from(share_bp) * u64::from(days - opened);
        let whole_year = 10_000 * u64::from(days);
        let endowment_g =
            if of_year == whole_year { endowment_g } else { share_floor(endowment_g, of_year, whole_year) };
        Self { endowment_g, days, day: day.min(days), opened }
    }

    /// floor(A × bp / 10000), in grams.
    #[inline]
    pub fn share_g(&self, share_bp: u32) -> i64 {
        grams(share_floor(self.endowment_g, u64::from(share_bp), 10_000))
    }

    /// floor(left(A)) with left(x) = x·(D−d)/(D−o), in grams: the part of A that belongs to the days to come.
    #[inline]
    pub fn left_g(&self) -> i64 {
        let lived = u64::from(self.days - self.opened);
        if lived == 0 {
            return 0;
        }
        grams(share_floor(self.endowment_g, u64::from(self.days - self.day), lived))
    }

    /// ceil(left(A·subsistence_bp)/10000), in grams: the least that a sale must leave.
    #[inline]
    pub fn subsistence_g(&self, subsistence_bp: u32) -> i64 {
        let lived = u128::from(self.days - self.opened);
        if lived == 0 {
            return 0;
        }
        let left = u128::from(self.endowment_g) * u128::from(subsistence_bp) * u128::from(self.days - self.day);
        let ceiling = left.div_ceil(lived * 10_000);
        grams(u64::try_from(ceiling).unwrap_or(u64::MAX))
    }

    /// floor(A·(d−o)/(D−o)), in grams: what the days lived so far have earned.
    #[inline]
    pub fn earned_g(&self) -> i64 {
        let lived = u64::from(self.days - self.opened);
        if lived == 0 || self.day <= self.opened {
            return 0;
        }
        grams(share_floor(self.endowment_g, u64::from(self.day - self.opened), lived))
    }
}

/// Grams as the signed number the sums are made in; what is beyond them counts as the most they hold.
fn grams(unsigned_g: u64) -> i64 {
    const MOST: u64 = 1 << 62;
    unsigned_g.min(MOST).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endowment_of_a_late_opening_is_prorated_and_floored() {
        assert_eq!(AccountYear::new(9_000_000, 10_000, 365, 0, 0).endowment_g, 9_000_000);
        assert_eq!(AccountYear::new(9_000_000, 5_000, 365, 200, 100).endowment_g, 9_000_000 * 5_000 * 265 / 3_650_000);
        assert_eq!(AccountYear::new(9_000_000, 10_000, 365, 400, 400).endowment_g, 0);
    }

    #[test]
    fn formulas_stop_at_the_last_day() {
        let year = AccountYear::new(3_650_000, 10_000, 365, 500, 0);
        assert_eq!((year.left_g(), year.earned_g(), year.subsistence_g(3_333)), (0, 3_650_000, 0));
    }

    #[test]
    fn subsistence_rounds_up_once() {
        let year = AccountYear::new(1_000, 10_000, 365, 1, 0);
        assert_eq!(year.subsistence_g(3_333), 333); // 1000 × 3333 × 364 / 3650000 = 332.38…
    }

    #[test]
    fn an_account_opened_on_the_last_day_has_nothing() {
        let year = AccountYear::new(9_000_000, 10_000, 365, 365, 365);
        assert_eq!((year.left_g(), year.earned_g(), year.subsistence_g(10_000)), (0, 0, 0));
    }
}
