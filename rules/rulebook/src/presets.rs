//! The presets: rule files that ship with the program, each saying where it comes from and why it differs.

use crate::Rulebook;

/// A rule file that ships with the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its name on the command line.
    pub name: &'static str,
    /// The file, comments included.
    pub toml: &'static str,
}

/// Declares the presets by the names of their files.
macro_rules! presets {
    ($($name:literal),+ $(,)?) => {
        /// Every preset, the charter first.
        pub const PRESETS: &[Preset] =
            &[$(Preset { name: $name, toml: include_str!(concat!("../presets/", $name, ".toml")) }),+];
    };
}

presets![
    "charter",
    "regional",
    "monthly",
    "adults-only",
    "half-share-children",
    "carry-over-decay",
    "half-purchase-cap",
    "household-caps",
    "continuous",
    "price-tiers",
];

/// The preset of that name.
pub fn preset(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}

impl Preset {
    /// The rulebook in the file.
    pub fn rulebook(&self) -> Rulebook {
        // The files are compiled in, and a test reads every one.
        Rulebook::from_toml(self.toml).unwrap_or_else(|fault| panic!("the preset {}: {fault}", self.name))
    }

    /// What it is, in a line: the first line of the file.
    pub fn summary(&self) -> &'static str {
        self.toml.lines().next().unwrap_or_default().trim_start_matches(['#', ' '])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Language, explain, parse_toml};

    #[test]
    fn every_preset_reads_explains_and_round_trips() {
        for preset in PRESETS {
            let rulebook = preset.rulebook();
            assert_eq!(Rulebook::from_toml(&rulebook.to_toml()), Ok(rulebook.clone()), "{}", preset.name);
            for language in Language::ALL {
                let text = explain(&rulebook, *language);
                assert!(text.lines().count() > 30, "{}: {text}", preset.name);
            }
        }
    }

    #[test]
    fn every_preset_is_found_by_its_name_and_says_what_it_is_and_where_from() {
        for preset in PRESETS {
            assert_eq!(super::preset(preset.name), Some(preset));
            assert!(preset.summary().len() > 30, "{}", preset.name);
            assert!(preset.toml.contains("# Source: "), "{}", preset.name);
            assert!(preset.toml.contains("# Differs from the charter: "), "{}", preset.name);
        }
        assert_eq!(super::preset("charte"), None);
    }

    #[test]
    fn presets_differ_from_each_other_by_more_than_their_label() {
        for (place, left) in PRESETS.iter().enumerate() {
            for right in &PRESETS[..place] {
                let relabelled = left.toml.replace(left.rulebook().rules.version.as_str(), "same");
                let other = right.toml.replace(right.rulebook().rules.version.as_str(), "same");
                assert_ne!(
                    Rulebook::from_toml(&relabelled),
                    Rulebook::from_toml(&other),
                    "{} {}",
                    left.name,
                    right.name
                );
            }
        }
    }

    #[test]
    fn the_charter_is_the_specifications_defaults() {
        let charter = preset("charter").unwrap();
        assert_eq!(Ok(charter.rulebook()), Rulebook::from_toml("version = \"charter-2027\""));
        assert_eq!(parse_toml(charter.toml), Ok(charter.rulebook().rules));
    }
}
