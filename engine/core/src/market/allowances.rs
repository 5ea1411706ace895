//! What the rules allow today, kept per share and opening day: nearly everybody's is the same few numbers.

use carbex_rules::Allowance;
use carbex_vocabulary::AccountStatus;

use super::{Checked, Market};
use crate::accounts::Hot;

/// How many allowances are kept; two kinds of account that meet in one place only cost each other a calculation.
const PLACES: usize = 256;

#[derive(Clone, Copy, Default)]
struct Kept {
    /// The kind of account (see [`kind`]) and the generation it was worked out in.
    kind: u32,
    generation: u64,
    allowance: Allowance,
}

/// The allowances worked out since the rules, the day or the year last changed. No part of the state: it only saves work.
pub(super) struct Allowances {
    kept: Box<[Kept; PLACES]>,
    generation: u64,
}

/// Where an allowance is kept, until the next is asked for.
#[derive(Clone, Copy)]
pub(super) struct AllowancePlace(usize);

/// Share and opening day, all that tells one account's allowance from another's. A closed account has no endowment.
#[inline]
fn kind(hot: &Hot) -> u32 {
    let share_bp = match hot.status() {
        AccountStatus::Closed => 0,
        AccountStatus::Active | AccountStatus::Frozen => hot.share_bp(),
    };
    // 21 bits of share, 9 of opening day.
    share_bp | (u32::from(hot.opened_day()) << 21)
}

impl Allowances {
    pub fn new() -> Self {
        Self { kept: Box::new([Kept::default(); PLACES]), generation: 1 }
    }

    /// The allowance just found.
    #[inline]
    pub fn at(&self, place: AllowancePlace) -> &Allowance {
        &self.kept[place.0].allowance
    }

    /// Rules, day or year have changed: nothing kept counts any more.
    #[inline]
    pub fn forget(&mut self) {
        self.generation += 1;
    }
}

impl Market {
    /// Where what the rules allow an account today is kept.
    ///
    /// # Errors
    /// `NO_PERIOD` without an open budget year.
    #[inline]
    pub(super) fn allowance(&mut self, hot: &Hot) -> Checked<AllowancePlace> {
        let kind = kind(hot);
        let place = (kind ^ (kind >> 8) ^ (kind >> 21)) as usize % PLACES;
        let kept = &self.allowances.kept[place];
        if kept.generation != self.allowances.generation || kept.kind != kind {
            let allowance = self.work_out_allowance(hot)?;
            self.allowances.kept[place] = Kept { kind, generation: self.allowances.generation, allowance };
        }
        Ok(AllowancePlace(place))
    }

    /// What the rules allow an account today, worked out afresh.
    #[cold]
    pub(super) fn work_out_allowance(&self, hot: &Hot) -> Checked<Allowance> {
        let year = self.open_year()?;
        Ok(Allowance::new(&self.rules, &year.of(hot), year.still_to_come_bp()))
    }
}
