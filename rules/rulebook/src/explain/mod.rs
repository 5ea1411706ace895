//! A rule set in plain words: every parameter, in the order in which a citizen meets it.

mod english;
mod french;

use crate::numbers::french_spacing;
use crate::{Language, Rulebook};

/// The whole rulebook as plain text: a title, then headings with one line per rule.
pub fn explain(rulebook: &Rulebook, language: Language) -> String {
    match language {
        Language::French => french_spacing(&french::explain(rulebook)),
        Language::English => english::explain(rulebook),
    }
}

/// Headings with their lines, as text.
struct Sheet {
    text: String,
}

impl Sheet {
    fn new(title: &str) -> Self {
        Self { text: format!("{title}\n") }
    }

    fn heading(&mut self, heading: &str) {
        self.text.push_str(&format!("\n{heading}\n"));
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(&format!("- {line}\n"));
    }
}

/// A price that a file may hold, as the signed number that `numbers` writes; a validated one is far below the limit.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(lines: &str, language: Language) -> String {
        explain(&Rulebook::from_toml(&format!("version = \"a\"\n{lines}\n")).unwrap(), language)
    }

    #[test]
    fn every_parameter_changes_what_is_said_in_both_languages() {
        for lines in [
            "[market]\nlot_g = 2000",
            "[market]\ntick_ueur = 100",
            "[market]\nspread_ueur = 10",
            "[market]\ncollar_bp = 100",
            "[market]\nposted_sales = \"immediate\"",
            "[market]\nrationing = \"pro_rata\"",
            "[market]\nrationing = \"time\"",
            "[orders]\nmax_order_g = 4000000",
            "[orders]\nmax_open_orders = 9",
            "[orders]\nmax_orders_per_day = 99",
            "[orders]\nopposite_orders = \"allowed\"",
            "[sale]\nearned_surplus_only = false",
            "[sale]\nsubsistence_bp = 3334",
            "[sale]\nsubsistence_bp = 0",
            "[sale]\nsale_cap_bp = 5000",
            "[sale]\nresale = \"allowed\"",
            "[sale]\nresale = \"after_days\"",
            "[sale]\nresale = \"after_days\"\nresale_after_days = 31",
            "[sale]\nresale_after_days = 31",
            "[purchase]\nholding_margin_bp = 2501",
            "[purchase]\npurchase_cap_bp = 5000",
            "[purchase]\ncaps_per = \"household\"",
            "[overdraft]\noverdraft_bp = 1001",
            "[overdraft]\noverdraft_bp = 0",
            "[overdraft]\npenalty_ueur = 500001",
            "[overdraft]\nrepay_bp = 5000",
            "[carry_over]\nfraction_bp = 1000",
            "[carry_over]\ncap_bp = 1000",
            "[carry_over]\nfraction_bp = 1000\ncap_bp = 1000",
            "[band]\nfloor_ueur = 10010",
            "[band]\nceiling_ueur = 499990",
            "[tiers]\nprice_1_ueur = 1\nvolume_1_g = 2\nprice_2_ueur = 3\nvolume_2_g = 4",
            "[tiers]\nprice_1_ueur = 5\nvolume_1_g = 2\nprice_2_ueur = 3\nvolume_2_g = 4",
            "[tiers]\nprice_1_ueur = 1\nvolume_1_g = 5\nprice_2_ueur = 3\nvolume_2_g = 4",
            "[tiers]\nprice_1_ueur = 1\nvolume_1_g = 2\nprice_2_ueur = 5\nvolume_2_g = 4",
            "[tiers]\nprice_1_ueur = 1\nvolume_1_g = 2\nprice_2_ueur = 3\nvolume_2_g = 5",
            "[allotment]\nschedule = \"monthly\"",
            "[allotment]\nschedule = [{ day = 7, fraction_bp = 10000 }]",
            "[allotment]\nchild_age = 14",
            "[allotment]\nchild_bp = 5000",
            "[allotment]\nchild_bp = 0",
            "[allotment]\nconserve_envelope = true",
            "[trajectory]\nfirst_year = 2028",
            "[trajectory]\nlast_year = 2049",
            "[trajectory]\nfirst_endowment_points = 8999",
            "[trajectory]\nrate_bp = 601",
        ] {
            for language in Language::ALL {
                assert_ne!(explained(lines, *language), explained("", *language), "{lines} {language:?}");
            }
        }
    }

    #[test]
    fn the_version_is_the_title() {
        let named = Rulebook::from_toml("version = \"essai-2030\"").unwrap();
        for language in Language::ALL {
            assert!(explain(&named, *language).lines().next().unwrap().contains("essai-2030"));
        }
    }

    #[test]
    fn the_charter_reads_in_human_units() {
        let french = explained("", Language::French).replace('\u{202f}', " ");
        for part in ["9 000 points", "0,50 € par point (500 € la tonne)", "33,33 %", "18 ans", "5 000 points"] {
            assert!(french.contains(part), "{part} is missing:\n{french}");
        }
        let english = explained("", Language::English);
        for part in ["9,000 points", "€0.50 per point (€500 a tonne)", "33.33%", "age of 18", "5,000 points"] {
            assert!(english.contains(part), "{part} is missing:\n{english}");
        }
    }
}
