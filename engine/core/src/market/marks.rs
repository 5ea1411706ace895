//! High-water marks: bounds on what any one account holds, kept without walking them.
//!
//! An operation on all accounts must fit every account's fields (`LIMIT_EXCEEDED`, for all of them or none). Where these
//! bounds prove that it does, nobody looks at the accounts; where they cannot, all accounts are looked at, and the bounds
//! become exact again. They follow from the commands alone, however late accounts take their operations.

use super::operation::EndingRules;
use crate::accounts::{AMOUNT_MAX_G, Cold, Hot, OWED_MAX_UEUR};

/// No account holds more than this.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    pub allotted_g: i64,
    /// How far below zero both buckets together are.
    pub deficit_g: i64,
    pub owed_ueur: i64,
    pub repay_g: i64,
}

impl Marks {
    /// An account holds this.
    pub fn note(&mut self, hot: &Hot, cold: &Cold) {
        self.note_points(hot);
        self.owed_ueur = self.owed_ueur.max(cold.owed_ueur);
        self.repay_g = self.repay_g.max(cold.repay_g);
    }

    /// An account's points changed to this.
    pub fn note_points(&mut self, hot: &Hot) {
        self.allotted_g = self.allotted_g.max(hot.allotted_g());
        self.deficit_g = self.deficit_g.max(-hot.points_g());
    }

    /// Whether every account has room for `most_g` more.
    pub const fn prove_allotment(&self, most_g: i64) -> bool {
        most_g <= AMOUNT_MAX_G - self.allotted_g
    }

    /// Every account was given at most `most_g`, and had room for it.
    pub fn after_allotment(&mut self, most_g: i64) {
        self.allotted_g = self.allotted_g.saturating_add(most_g).min(AMOUNT_MAX_G);
    }

    /// Whether every account has room for what the year's end may add to it.
    pub fn prove_endings(&self, rules: &EndingRules) -> bool {
        rules.charged_ueur(self.deficit_g) <= OWED_MAX_UEUR - self.owed_ueur
            && rules.repay_g(self.deficit_g) <= AMOUNT_MAX_G - self.repay_g
    }

    /// The year of every account ended, and what it ended with had room. `most_carried_g` is the cap on what is carried.
    pub fn after_endings(&mut self, rules: &EndingRules, most_carried_g: i64) {
        self.owed_ueur = self.owed_ueur.saturating_add(rules.charged_ueur(self.deficit_g)).min(OWED_MAX_UEUR);
        self.repay_g = self.repay_g.saturating_add(rules.repay_g(self.deficit_g)).min(AMOUNT_MAX_G);
        self.allotted_g = rules.carried_g(self.allotted_g).min(most_carried_g);
        self.deficit_g = 0;
    }

    /// Whether an account holds no more than these.
    pub fn cover(&self, hot: &Hot, cold: &Cold) -> bool {
        let mut higher = *self;
        higher.note(hot, cold);
        higher == *self
    }
}
