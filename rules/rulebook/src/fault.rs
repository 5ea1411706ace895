//! Faults of a rule file: the field, its line, what is wrong and what would be right.

use core::fmt;
use core::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::{RuleFile, Rulebook};

/// Why a rule file was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulebookFault {
    /// The field with its table, `market.lot_g`; empty where the text is not TOML at all.
    pub field: String,
    /// The line, counted from 1, if something stands there; a field that is missing has none.
    pub line: Option<usize>,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl fmt::Display for RulebookFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.problem)
    }
}

impl core::error::Error for RulebookFault {}

/// Reads a rule file in three steps, each with its own kind of fault: TOML, names and types, consistency.
pub(crate) fn read(text: &str) -> Result<Rulebook, RulebookFault> {
    let document = DeTable::parse(text).map_err(|error| RulebookFault {
        field: String::new(),
        line: error.span().map(|span| line_of(text, span.start)),
        problem: format!("not TOML: {}", error.message().replace('\n', "; ")),
    })?;
    let file: RuleFile = toml::from_str(text).map_err(|error| {
        let span = error.span();
        RulebookFault {
            field: span.as_ref().and_then(|span| field_around(document.get_ref(), span)).unwrap_or_default(),
            line: span.map(|span| line_of(text, span.start)),
            problem: error.message().replace('\n', "; "),
        }
    })?;
    file.rulebook().map_err(|fault| RulebookFault {
        field: fault.field.to_owned(),
        line: start_of(document.get_ref(), fault.field).map(|start| line_of(text, start)),
        problem: fault.problem,
    })
}

/// The line, counted from 1, in which that byte stands.
fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

/// The deepest key whose name or value holds that part of the text, with its tables.
fn field_around(table: &DeTable<'_>, span: &Range<usize>) -> Option<String> {
    let holds = |outer: Range<usize>| outer.start <= span.start && span.end <= outer.end;
    // A table's own span may end at its heading: its keys are asked first, whatever it says.
    table.iter().find_map(|(key, value)| {
        let name = key.get_ref();
        let inner = match value.get_ref() {
            DeValue::Table(inner) => field_around(inner, span),
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_) => None,
        };
        match inner {
            Some(inner) => Some(format!("{name}.{inner}")),
            None => (holds(key.span()) || holds(value.span())).then(|| name.to_string()),
        }
    })
}

/// Where a field's name starts in the text; its table's name if the field is not written.
fn start_of(table: &DeTable<'_>, field: &str) -> Option<usize> {
    let find = |table: &DeTable<'_>, wanted: &str| -> Option<usize> {
        table.keys().find(|key| key.get_ref() == wanted).map(|key| key.span().start)
    };
    let Some((outer, inner)) = field.split_once('.') else { return find(table, field) };
    let within: Option<&Spanned<DeValue<'_>>> =
        table.iter().find(|(key, _)| key.get_ref() == outer).map(|(_, value)| value);
    within
        .and_then(|value| value.get_ref().as_table())
        .and_then(|inner_table| find(inner_table, inner))
        .or_else(|| find(table, outer))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> RulebookFault {
        read(text).expect_err(text)
    }

    /// Asserts the field, the line and a part of the problem.
    fn assert_fault(text: &str, field: &str, line: Option<usize>, part: &str) {
        let fault = refused(text);
        assert_eq!((fault.field.as_str(), fault.line), (field, line), "{fault}");
        assert!(fault.problem.contains(part), "{fault}");
    }

    #[test]
    fn text_that_is_not_toml_is_refused_with_its_line() {
        assert_fault("version = \"a\"\n[market\n", "", Some(2), "not TOML");
        assert_fault("version = \"a\"\n\n[market]\nlot_g = \n", "", Some(4), "not TOML");
        assert_fault("version = \"a\"\nversion = \"b\"\n", "", Some(2), "duplicate key");
    }

    #[test]
    fn a_version_is_required_and_fits_32_bytes() {
        assert_fault("", "version", None, "version = \"charter-2027\"");
        assert_fault("[market]\nlot_g = 1000\n", "version", None, "is missing");
        assert_fault("version = \"\"", "version", Some(1), "is missing");
        assert_fault(&format!("version = \"{}\"", "v".repeat(33)), "version", Some(1), "33 bytes");
        assert!(read(&format!("version = \"{}\"", "v".repeat(32))).is_ok());
        assert_fault("version = 7", "version", Some(1), "text between quotes");
    }

    #[test]
    fn unknown_keys_and_tables_are_refused_with_the_known_ones() {
        assert_fault("version = \"a\"\n[market]\nlot = 1000\n", "market.lot", Some(3), "expected one of `lot_g`");
        assert_fault("version = \"a\"\n[markets]\nlot_g = 1000\n", "markets", Some(2), "unknown field `markets`");
        assert_fault("version = \"a\"\ncalendar = 3\n", "calendar", Some(2), "unknown field");
        assert_fault("version = \"a\"\n[trajectory]\nrate = 6\n", "trajectory.rate", Some(3), "`rate_bp`");
    }

    #[test]
    fn wrong_types_and_values_say_what_should_stand_there() {
        let file = |table: &str, line: &str| format!("version = \"a\"\n[{table}]\n{line}\n");
        for (table, line, field, part) in [
            ("market", "lot_g = \"1000\"", "market.lot_g", "expected a whole number from 0"),
            ("market", "tick_ueur = -10", "market.tick_ueur", "integer `-10`"),
            ("market", "collar_bp = 4294967296", "market.collar_bp", "from 0 to 4294967295"),
            ("market", "lot_g = 1000.0", "market.lot_g", "without quotes"),
            ("market", "rationing = \"lottery\"", "market.rationing", "one of \"equal\", \"pro_rata\", \"time\""),
            ("market", "posted_sales = true", "market.posted_sales", "\"batched\", \"immediate\""),
            ("orders", "opposite_orders = \"no\"", "orders.opposite_orders", "\"refused\", \"allowed\""),
            ("sale", "resale = 0", "sale.resale", "\"never\", \"allowed\", \"after_days\""),
            ("sale", "earned_surplus_only = 1", "sale.earned_surplus_only", "true or false"),
            ("purchase", "caps_per = \"person\"", "purchase.caps_per", "\"account\", \"household\""),
            ("allotment", "schedule = \"weekly\"", "allotment.schedule", "\"monthly\" or a list"),
            ("allotment", "schedule = [[0, 10000]]", "allotment.schedule", "a table of named values"),
        ] {
            assert_fault(&file(table, line), field, Some(3), part);
        }
        assert_fault("version = \"a\"\nmarket = [1000, 10]\n", "market", Some(2), "a table of named values");
    }

    #[test]
    fn inconsistent_rules_name_the_field_and_its_line() {
        let file = |table: &str, lines: &str| format!("version = \"a\"\n[{table}]\n{lines}\n");
        for (table, lines, field, line, part) in [
            ("market", "lot_g = 0", "market.lot_g", 3, "at least 1 g"),
            ("market", "tick_ueur = 0", "market.tick_ueur", 3, "at least 1 µ€"),
            ("market", "tick_ueur = 10\nlot_g = 50", "market.lot_g", 4, "multiple of 1000"),
            ("market", "spread_ueur = 15", "market.spread_ueur", 3, "multiple of the tick"),
            ("market", "spread_ueur = 1000000000010", "market.spread_ueur", 3, "at most"),
            ("orders", "max_order_g = 999", "orders.max_order_g", 3, "at least one lot"),
            ("orders", "max_open_orders = 0", "orders.max_open_orders", 3, "at least 1"),
            ("orders", "max_orders_per_day = 0", "orders.max_orders_per_day", 3, "at least 1"),
            ("sale", "subsistence_bp = 10001", "sale.subsistence_bp", 3, "at most 10000"),
            ("overdraft", "overdraft_bp = 10001", "overdraft.overdraft_bp", 3, "at most 10000"),
            ("overdraft", "repay_bp = 10001", "overdraft.repay_bp", 3, "at most 10000"),
            ("overdraft", "penalty_ueur = 499999", "overdraft.penalty_ueur", 3, "borrowing must not beat buying"),
            ("overdraft", "penalty_ueur = 1000000000001", "overdraft.penalty_ueur", 3, "at most"),
            ("carry_over", "fraction_bp = 10001", "carry_over.fraction_bp", 3, "at most 10000"),
            ("carry_over", "cap_bp = 10001", "carry_over.cap_bp", 3, "at most 10000"),
            ("band", "floor_ueur = 10005", "band.floor_ueur", 3, "multiple of the tick"),
            ("band", "floor_ueur = 0", "band.floor_ueur", 3, "above 0"),
            ("band", "floor_ueur = 10000\nceiling_ueur = 9990", "band.ceiling_ueur", 4, "at least the floor"),
            ("band", "ceiling_ueur = 495", "band.ceiling_ueur", 3, "multiple of the tick"),
            ("overdraft", "overdraft_bp = 0\n[band]\nceiling_ueur = 665360", "band.ceiling_ueur", 5, "65537 ticks"),
            ("overdraft", "overdraft_bp = 0\n[band]\nceiling_ueur = 1000000000010", "band.ceiling_ueur", 5, "at most"),
            ("tiers", "price_1_ueur = 1\nvolume_1_g = 1\nprice_2_ueur = 1", "tiers.volume_2_g", 2, "is missing"),
            ("tiers", "volume_2_g = 1", "tiers.price_1_ueur", 2, "all four"),
            ("allotment", "schedule = []", "allotment.schedule", 3, "sum to 10000"),
            ("allotment", "schedule = [{ day = 0, fraction_bp = 9999 }]", "allotment.schedule", 3, "sum to 9999"),
            (
                "allotment",
                "schedule = [{ day = 9, fraction_bp = 5000 }, { day = 9, fraction_bp = 5000 }]",
                "allotment.schedule",
                3,
                "days must rise",
            ),
            ("allotment", "schedule = [{ day = 365, fraction_bp = 10000 }]", "allotment.schedule", 3, "0 to 364"),
            (
                "allotment",
                "schedule = [{ day = 0, fraction_bp = 10000 }, { day = 1, fraction_bp = 0 }]",
                "allotment.schedule",
                3,
                "leave it out",
            ),
            ("allotment", "child_age = 26", "allotment.child_age", 3, "0 to 25"),
            ("allotment", "child_bp = 10001", "allotment.child_bp", 3, "at most 10000"),
            ("trajectory", "first_year = 1969", "trajectory.first_year", 3, "1970"),
            ("trajectory", "first_year = 2051", "trajectory.last_year", 2, "from first_year"),
            ("trajectory", "last_year = 2201", "trajectory.last_year", 3, "2200"),
            ("trajectory", "first_endowment_points = 0", "trajectory.first_endowment_points", 3, "from 1"),
            ("trajectory", "first_endowment_points = 1000001", "trajectory.first_endowment_points", 3, "1000000"),
            ("trajectory", "rate_bp = 599", "trajectory.rate_bp", 3, "from 600"),
            ("trajectory", "rate_bp = 10000", "trajectory.rate_bp", 3, "9999"),
        ] {
            assert_fault(&file(table, lines), field, Some(line), part);
        }
    }

    #[test]
    fn values_on_their_limits_are_taken() {
        for lines in [
            "[market]\nlot_g = 100\ntick_ueur = 10",
            "[overdraft]\npenalty_ueur = 500000",
            "[overdraft]\noverdraft_bp = 0\npenalty_ueur = 0",
            "[overdraft]\noverdraft_bp = 0\n[band]\nceiling_ueur = 665350",
            "[orders]\nmax_order_g = 1000\nmax_open_orders = 1\nmax_orders_per_day = 1",
            "[sale]\nsubsistence_bp = 10000\n[carry_over]\nfraction_bp = 10000\ncap_bp = 10000",
            "[band]\nfloor_ueur = 10\nceiling_ueur = 10",
            "[allotment]\nschedule = [{ day = 0, fraction_bp = 1 }, { day = 364, fraction_bp = 9999 }]\nchild_bp = 0",
            "[trajectory]\nrate_bp = 600\nfirst_year = 2050",
        ] {
            let text = format!("version = \"a\"\n{lines}\n");
            assert!(read(&text).is_ok(), "{text}: {}", refused(&text));
        }
    }
}
