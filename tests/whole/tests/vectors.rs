//! The vectors: command files of an independent model, with the events and the state that must come out.

use std::path::PathBuf;

use carbex_core::Market;
use carbex_wire::{Totals, capacities_for, run, write_state};
use serde_json::Value;

/// How many vectors there are.
const VECTORS: usize = 16;

/// The events that are compared, each with the fields that must agree.
const COMPARED: &[(&str, &[&str])] = &[
    ("accepted", &["account", "order"]),
    ("rejected", &["code"]),
    ("trade", &["account", "order", "side", "quantity_g", "price_ueur", "value_ueur"]),
    ("cancelled", &["account", "order", "quantity_g", "reason"]),
    ("auction_result", &["price_ueur", "volume_g", "imbalance_g"]),
];

fn vector_file(vector: usize, name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../vectors").join(format!("{vector:02}.{name}"));
    std::fs::read_to_string(&path).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()))
}

/// The events and the state that come of a vector's commands.
fn run_vector(vector: usize) -> (String, String) {
    let rules = carbex_rulebook::parse_toml(&vector_file(vector, "rules.toml")).unwrap();
    let commands = vector_file(vector, "commands.jsonl");
    let capacities = capacities_for(commands.as_bytes(), &rules).unwrap().unwrap();
    let mut market = Market::new(capacities, rules);
    let mut events = Vec::new();
    let mut totals = Totals::default();
    run(&mut market, commands.as_bytes(), &mut events, &mut totals, |_| ()).unwrap();
    assert_eq!(totals.commands, commands.lines().count() as u64);
    let mut state = Vec::new();
    write_state(&market, &mut state).unwrap();
    (String::from_utf8(events).unwrap(), String::from_utf8(state).unwrap())
}

fn parse(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn field<'a>(event: &'a Value, name: &str) -> &'a Value {
    event.get(name).unwrap_or_else(|| panic!("no `{name}` in {event}"))
}

/// The compared events, each as text with its sequence first, sorted inside each sequence.
fn compared(events: &[Value]) -> Vec<String> {
    let mut compared: Vec<(u64, String)> = Vec::new();
    for event in events {
        let Some((name, fields)) = COMPARED.iter().find(|(name, _)| field(event, "type") == name) else { continue };
        let sequence = field(event, "seq").as_u64().unwrap();
        let values: Vec<String> = fields.iter().map(|name| format!("{name}={}", field(event, name))).collect();
        compared.push((sequence, format!("seq={sequence} {name} {}", values.join(" "))));
    }
    compared.sort();
    compared.into_iter().map(|(_, text)| text).collect()
}

#[test]
fn every_vector_gives_its_events_and_its_state() {
    for vector in 1..=VECTORS {
        let (events, state) = run_vector(vector);
        let expected = compared(&parse(&vector_file(vector, "expected.jsonl")));
        assert!(expected.len() > 100, "vector {vector:02} compares next to nothing");
        let got = compared(&parse(&events));
        let differing = expected.iter().zip(&got).find(|(expected, got)| expected != got);
        assert_eq!(differing, None, "vector {vector:02}: (expected, got)");
        assert_eq!(got.len(), expected.len(), "vector {vector:02}: events missing or too many at the end");
        assert_eq!(state, vector_file(vector, "state.json"), "vector {vector:02}");
    }
}

/// Where an event stands among those of its command: day orders expired before it, its outcome, trades, cancellations,
/// the rest. The result of an uncross made on the way (entering continuous) is part of the outcome: it explains the trades.
fn place_in_line(event: &Value, outcome_seen: bool) -> u8 {
    let name = field(event, "type").as_str().unwrap();
    match (outcome_seen, name) {
        (false, "cancelled") if field(event, "reason") == "EXPIRED" => 0,
        (false, _) | (true, "auction_result") => 1,
        (true, "trade") => 2,
        (true, "cancelled") => 3,
        (true, _) => 4,
    }
}

#[test]
fn the_events_of_a_line_come_in_their_order() {
    for vector in 1..=VECTORS {
        let (events, _) = run_vector(vector);
        let (mut sequence, mut place) = (0, 0);
        for event in parse(&events) {
            let next = field(&event, "seq").as_u64().unwrap();
            if next != sequence {
                assert!(next > sequence, "vector {vector:02}: {event} stands behind line {sequence}");
                (sequence, place) = (next, 0);
            }
            let next = place_in_line(&event, place > 0);
            assert!(next >= place, "vector {vector:02}: {event} comes too late");
            place = next;
        }
    }
}

#[test]
fn debug_and_release_print_the_same_hash_and_write_the_same_events() {
    let folder = tempfile::TempDir::new().unwrap();
    for vector in 1..=VECTORS {
        let path =
            |name: &str| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../vectors/{vector:02}.{name}"));
        let ran = |build| {
            let events = folder.path().join(format!("{vector}-{build:?}.jsonl"));
            let output = carbex_whole::carbex(build)
                .args(["run", "--rules"])
                .arg(path("rules.toml"))
                .arg("--commands")
                .arg(path("commands.jsonl"))
                .arg("--events")
                .arg(&events)
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            (output.stdout, std::fs::read(events).unwrap())
        };
        let shipped = ran(carbex_whole::Build::Shipped);
        assert!(String::from_utf8_lossy(&shipped.0).contains("\"state_hash\":\""));
        assert!(ran(carbex_whole::Build::Debug) == shipped, "vector {vector:02}");
    }
}
