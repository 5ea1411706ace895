//! Scenarios in plain text, each played on the core and on the twin.

use std::path::Path;

use carbex_core::Market;
use carbex_twin::{Twin, scenario};

/// The scenarios of a file: a title after `==`, then its lines; line numbers in errors count from the title.
fn scenarios(file: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut scenarios: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("== "), scenarios.last_mut()) {
            (Some(title), _) => scenarios.push((title.to_owned(), String::new())),
            (None, Some((_, lines))) => {
                lines.push_str(line);
                lines.push('\n');
            }
            (None, None) => assert!(line.is_empty() || line.starts_with('#'), "{file}: a line before the first title"),
        }
    }
    scenarios
}

fn play_on_both(file: &str) {
    play(file, &[("twin", scenario::play::<Twin>), ("core", scenario::play::<Market>)]);
}

/// Whose market plays, and how.
type Player = (&'static str, fn(&str) -> Result<(), String>);

fn play(file: &str, players: &[Player]) {
    let scenarios = scenarios(file);
    assert!(!scenarios.is_empty(), "{file} holds no scenario");
    let mut wrong = Vec::new();
    for (title, text) in scenarios {
        for (whose, outcome) in players.iter().map(|(whose, play)| (whose, play(&text))) {
            if let Err(problem) = outcome {
                wrong.push(format!("{file}: {title}: the {whose}: {problem}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_order_limit_holds_just_inside_on_and_just_past_it() {
    play_on_both("order_limits.txt");
}

#[test]
fn every_limit_on_accounts_and_the_regulator_holds_just_inside_on_and_just_past_it() {
    play_on_both("other_limits.txt");
}

#[test]
fn trading_goes_as_the_specification_says() {
    play_on_both("trading.txt");
}

#[test]
fn auctions_go_as_the_specification_says() {
    play_on_both("auctions.txt");
}

#[test]
fn budget_years_go_as_the_specification_says() {
    play_on_both("budget_years.txt");
}

/// The twin settles everything at once: these are the core's alone.
#[test]
fn settling_goes_account_by_account() {
    play("settling.txt", &[("core", scenario::play::<Market>)]);
}
