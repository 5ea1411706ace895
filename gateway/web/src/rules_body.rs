//! The rules in force as JSON and in words.

use carbex_rulebook::{Allotment, Language, PRESETS, Rulebook, Trajectory};
use carbex_rules::RuleSet;
use carbex_vocabulary::Sequence;
use serde_json::{Value, json};

/// The rule set with its explanation. The tables are those of a rule file; the suffix of each name is its unit.
pub fn rules(sequence: Sequence, rules: &RuleSet, language: Language) -> Value {
    let rulebook = rulebook(rules);
    // What the rulebook writes, TOML reads: were it ever not so, the version and the words would still be served.
    let tables: Value = toml::from_str(&rulebook.to_toml()).unwrap_or(Value::Null);
    json!({
        "seq": sequence.number(),
        "version": rules.version.as_str(),
        "rules": tables,
        "explanation": carbex_rulebook::explain(&rulebook, language),
    })
}

/// The rules in force with the tables that the core does not carry (allotment and trajectory): the preset's when these are a
/// preset's rules, else the defaults that a file without them has.
pub fn rulebook(rules: &RuleSet) -> Rulebook {
    PRESETS
        .iter()
        .map(carbex_rulebook::Preset::rulebook)
        .find(|preset| preset.rules.version == rules.version)
        .map_or_else(
            || Rulebook { rules: *rules, allotment: Allotment::default(), trajectory: Trajectory::default() },
            |preset| Rulebook { rules: *rules, ..preset },
        )
}
