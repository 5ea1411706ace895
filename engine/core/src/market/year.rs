//! The open budget year: its days, its issue, and an account's place in it.

use carbex_rules::{AccountYear, Holdings};
use carbex_vocabulary::{AccountStatus, TimestampNs};

use super::Market;
use crate::accounts::{AccountSlot, Hot, ORDERS_DAY_MAX};

/// A budget year that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Year {
    pub year: u32,
    pub start: TimestampNs,
    /// D: 365, or 366 in a leap year.
    pub days: u32,
    /// Whole days since the start, not capped.
    pub day: u64,
    pub endowment_g: u64,
    pub cap_g: Option<u64>,
    /// Issued this year, reserve included.
    pub issued_g: u64,
    /// Σ fraction_bp of this year's `allot_all`.
    pub allotted_fraction_bp: u64,
    /// Which price tiers released their volume this year.
    pub tiers_used: [bool; 2],
}

impl Year {
    /// D of a calendar year.
    pub const fn days_of(year: u32) -> u32 {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        if leap { 366 } else { 365 }
    }

    /// d: whole days since the start, at most D.
    pub fn capped_day(&self) -> u32 {
        u32::try_from(self.day).unwrap_or(self.days).min(self.days)
    }

    /// The day as the daily count of orders keeps it; a year left open for eleven years would share its last day.
    pub fn order_day(&self) -> u16 {
        u16::try_from(self.day).unwrap_or(u16::MAX).min(ORDERS_DAY_MAX)
    }

    /// What `allot_all` has not yet given out, in basis points.
    pub fn still_to_come_bp(&self) -> u32 {
        10_000 - u32::try_from(self.allotted_fraction_bp).unwrap_or(10_000).min(10_000)
    }

    /// One account's place in this year. A closed account has no endowment.
    pub fn of(&self, hot: &Hot) -> AccountYear {
        let share_bp = match hot.status() {
            AccountStatus::Closed => 0,
            AccountStatus::Active | AccountStatus::Frozen => hot.share_bp(),
        };
        AccountYear::new(self.endowment_g, share_bp, self.days, self.capped_day(), u32::from(hot.opened_day()))
    }
}

impl Market {
    /// What the checks see of an account.
    #[inline]
    pub(super) fn holdings(&self, slot: AccountSlot, hot: &Hot) -> Holdings {
        Holdings {
            allotted_g: hot.allotted_g(),
            purchased_g: hot.purchased_g(),
            consumed_g: hot.consumed_g(),
            sold_g: hot.sold_g(),
            bought_g: hot.bought_g(),
            open_sell_g: hot.open_sell_g(),
            open_buy_g: hot.open_buy_g(),
            cash_ueur: hot.cash_ueur(),
            cash_reserved_ueur: hot.cash_reserved_ueur(),
            obligation_g: if hot.has_obligation() { self.accounts.cold(slot).obligation_g } else { 0 },
        }
    }
}
