//! The rulebook: rule sets as files and in words. It decides nothing; `carbex-rules` does.
//!
//! TOML or JSON becomes a [`RuleFile`], which validates into a [`Rulebook`]; presets ship as files; [`explain`] and
//! [`sentence`] put rules and rejections into words, French or English.
#![forbid(unsafe_code)]

mod allotment;
mod explain;
mod fault;
mod file;
mod language;
mod numbers;
mod presets;
mod reading;
mod sentences;
mod titles;
mod trajectory;
mod writing;

pub use allotment::{Allotment, Instalment, Residents, Schedule, Shares, SharesFault};
pub use explain::explain;
pub use fault::RulebookFault;
pub use file::RuleFile;
pub use language::Language;
pub use numbers::{count, euros, percent, points, price, price_per_tonne};
pub use presets::{PRESETS, Preset, preset};
pub use sentences::sentence;
pub use titles::title;
pub use trajectory::Trajectory;
pub use writing::to_toml;

use carbex_rules::RuleSet;

/// A whole rule file, validated: what the core applies, and what the calendar, the registry and the simulator follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rulebook {
    /// What the core applies to every command.
    pub rules: RuleSet,
    /// How a year's endowment arrives, and at what age.
    pub allotment: Allotment,
    /// How the endowment shrinks from year to year.
    pub trajectory: Trajectory,
}

impl Rulebook {
    /// Reads a rule file; the fault names the field, its line, what is wrong and what would be right.
    pub fn from_toml(text: &str) -> Result<Self, RulebookFault> {
        fault::read(text)
    }

    /// The whole file, every key written out with what it means; reading it gives this rulebook again.
    pub fn to_toml(&self) -> String {
        writing::rulebook(self)
    }
}

/// The rules of a TOML rule file; its `[allotment]` and `[trajectory]` are checked and left aside.
pub fn parse_toml(text: &str) -> Result<RuleSet, RulebookFault> {
    Rulebook::from_toml(text).map(|rulebook| rulebook.rules)
}
