//! `carbex journal`, `backup` and `restore` from outside, on an exchange that has lived a little.

use std::fs;
use std::path::Path;
use std::process::{Command as Process, Output};

use carbex_core::{Capacities, Command};
use carbex_node::{Node, NodeHandle, NodeOptions, Role, Silent, Submission, journal_directory};
use carbex_vocabulary::{AccountId, AmountUeur, BasisPoints, DebitMode, HouseholdId, Phase, QuantityG};
use serde_json::Value;
use tempfile::TempDir;

fn carbex(arguments: &[&str]) -> Output {
    Process::new(env!("CARGO_BIN_EXE_carbex")).args(arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output, status: i32) -> String {
    assert_eq!(output.status.code(), Some(status), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn start(data: &Path) -> NodeHandle {
    let rules = carbex_rulebook::preset("charter").unwrap().rulebook().rules;
    let options =
        NodeOptions::new(data).founding(Capacities { accounts: 100, orders: 100, slice_accounts: u32::MAX }, rules);
    Node::start(options, &Silent).unwrap()
}

fn submit(node: &NodeHandle, command: Command) {
    node.submit(Submission::new(command, Role::Operator, 1)).unwrap().wait().unwrap();
}

fn state_hash(node: &NodeHandle) -> String {
    let hash = node.ask(|market| market.state_hash()).unwrap().wait().unwrap();
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An exchange of two lives: 20 commands and a snapshot, then 10 more without one; and its state's hash after each.
fn lived() -> (TempDir, [String; 2]) {
    let data = tempfile::tempdir().unwrap();
    let node = start(data.path());
    let (endowment, reserve) = (QuantityG::new(9_000_000), QuantityG::new(0));
    submit(&node, Command::OpenPeriod { year: 2027, endowment, reserve, cap: None });
    for account in (1..=9).map(AccountId::new) {
        submit(
            &node,
            Command::OpenAccount { account, share: BasisPoints::new(10_000), household: HouseholdId::new(0) },
        );
        submit(&node, Command::Deposit { account, amount: AmountUeur::new(1_000_000) });
    }
    submit(&node, Command::AllotAll { fraction: BasisPoints::new(10_000) });
    let first = state_hash(&node);
    node.stop().unwrap();

    let rules = carbex_rulebook::preset("charter").unwrap().rulebook().rules;
    let options =
        NodeOptions::new(data.path()).founding(Capacities { accounts: 1, orders: 1, slice_accounts: u32::MAX }, rules);
    let node = Node::start(NodeOptions { snapshot_on_stop: false, ..options }, &Silent).unwrap();
    submit(&node, Command::SetPhase { phase: Phase::Posted });
    for account in (1..=9).map(AccountId::new) {
        submit(&node, Command::Debit { account, quantity: QuantityG::new(1_000), mode: DebitMode::Record });
    }
    let second = state_hash(&node);
    node.stop().unwrap();
    (data, [first, second])
}

#[test]
fn a_whole_journal_verifies_and_is_described() {
    let (data, [_, last_hash]) = lived();
    let verdict = stdout(&carbex(&["journal", "verify", "--data", text(data.path())]));
    assert!(verdict.starts_with("the journal fits together\n"), "{verdict}");
    assert!(verdict.contains("commands 1 to 31"), "{verdict}");
    assert!(verdict.contains(&last_hash), "{verdict}");
    assert!(verdict.contains("1 whole, 1 met by the replay"), "{verdict}");

    let described = stdout(&carbex(&["journal", "describe", "--json", "--data", text(data.path())]));
    let described: Value = serde_json::from_str(&described).unwrap();
    let segments = described["segments"].as_array().unwrap();
    let records: u64 = segments.iter().map(|segment| segment["records"].as_u64().unwrap()).sum();
    assert_eq!(records, 31);
    assert_eq!(described["snapshots"][0]["sequence"], 21);
    assert_eq!(described["torn"], Value::Null);

    let table = stdout(&carbex(&["journal", "describe", "--data", text(data.path())]));
    assert!(table.contains("segment-") && table.contains("snapshot-") && table.contains("torn tail"), "{table}");
}

#[test]
fn the_state_at_any_command_is_replayed() {
    let (data, [first, second]) = lived();
    let data = text(data.path());
    let hash = |arguments: &[&str]| {
        let line = stdout(&carbex(&[&["journal", "replay-to", "--data", data], arguments].concat()));
        let line: Value = serde_json::from_str(&line).unwrap();
        line["state_hash"].as_str().unwrap().to_owned()
    };
    assert_eq!(hash(&["21"]), first);
    assert_eq!(hash(&["21", "--from-beginning"]), first);
    assert_eq!(hash(&["31"]), second);
    assert_eq!(hash(&["31", "--from-beginning"]), second);
    assert_ne!(hash(&["30"]), second);

    let state = tempfile::NamedTempFile::new().unwrap();
    hash(&["31", "--state", text(state.path())]);
    let state: Value = serde_json::from_slice(&fs::read(state.path()).unwrap()).unwrap();
    assert_eq!(state["accounts"]["9"]["consumed_g"], 1_000);
    assert_eq!(state["phase"], "posted");

    let beyond = carbex(&["journal", "replay-to", "--data", data, "32"]);
    assert!(stderr(&beyond, 1).contains("the journal ends at command 31"));
    assert!(stderr(&carbex(&["journal", "replay-to", "--data", data, "0"]), 1).contains("counted from 1"));
}

#[test]
fn damage_is_told_with_file_and_offset() {
    let (data, _) = lived();
    let journal = journal_directory(data.path());
    let name = fs::read_dir(&journal)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .find(|name| name.starts_with("segment-"))
        .unwrap();
    let file = journal.join(&name);
    let mut bytes = fs::read(&file).unwrap();
    bytes[2_000] ^= 1;
    fs::write(&file, bytes).unwrap();
    for verb in [&["journal", "verify"][..], &["journal", "replay-to", "31", "--from-beginning"]] {
        let told = stderr(&carbex(&[verb, &["--data", text(data.path())]].concat()), 1);
        assert!(told.contains(&name) && told.contains("byte "), "{verb:?}: {told}");
    }
    let described = carbex(&["journal", "describe", "--data", text(data.path())]);
    assert_eq!(described.status.code(), Some(1));
    assert!(String::from_utf8(described.stdout).unwrap().contains("damaged: "));
}

#[test]
fn a_backup_restores_to_the_same_exchange() {
    let (data, [_, last_hash]) = lived();
    let place = tempfile::tempdir().unwrap();
    let (backup, restored) = (place.path().join("backup"), place.path().join("restored"));
    let told = stdout(&carbex(&["backup", "--data", text(data.path()), "--to", text(&backup)]));
    assert!(told.contains("up to command 31"), "{told}");
    stdout(&carbex(&["restore", "--from", text(&backup), "--data", text(&restored)]));
    let verdict = stdout(&carbex(&["journal", "verify", "--data", text(&restored)]));
    assert!(verdict.contains(&last_hash), "{verdict}");
    let node = start(&restored);
    assert_eq!(state_hash(&node), last_hash);
    submit(&node, Command::Tick);

    let again = carbex(&["restore", "--from", text(&backup), "--data", text(&restored)]);
    assert!(stderr(&again, 1).contains("not empty"));
}

#[test]
fn a_running_exchange_is_backed_up() {
    let (data, [_, last_hash]) = lived();
    let node = start(data.path());
    let place = tempfile::tempdir().unwrap();
    let backup = place.path().join("backup");
    stdout(&carbex(&["backup", "--data", text(data.path()), "--to", text(&backup)]));
    submit(&node, Command::Tick);
    let restored = place.path().join("restored");
    stdout(&carbex(&["restore", "--from", text(&backup), "--data", text(&restored)]));
    assert_eq!(state_hash(&start(&restored)), last_hash);
}

#[test]
fn a_directory_without_an_exchange_is_refused() {
    let empty = tempfile::tempdir().unwrap();
    for verb in [&["verify"][..], &["describe"], &["replay-to", "1"]] {
        let told = stderr(&carbex(&[&["journal"], verb, &["--data", text(empty.path())]].concat()), 2);
        assert!(told.contains("no exchange here"), "{told}");
    }
}
