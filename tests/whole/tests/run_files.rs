//! `carbex run` from outside: what it prints and writes, and what it says to bad input.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const RULES: &str = "version = \"files\"\n";

/// Two lines that every market takes; bad lines follow them.
const GOOD: &str = "{\"type\":\"open_period\",\"ts_ns\":5,\"year\":2027,\"endowment_g\":9000000}\n\
                    {\"type\":\"open_account\",\"ts_ns\":6,\"account\":7}\n";

fn carbex() -> Command {
    carbex_whole::carbex(carbex_whole::Build::Shipped)
}

/// A folder with rules, commands, and room for what comes out.
struct Files(TempDir);

impl Files {
    fn new(commands: impl AsRef<[u8]>) -> Self {
        let files = Self(TempDir::new().unwrap());
        fs::write(files.path("rules.toml"), RULES).unwrap();
        fs::write(files.path("commands.jsonl"), commands).unwrap();
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self) -> Command {
        let mut command = carbex();
        command.current_dir(self.0.path()).args(["run", "--rules", "rules.toml", "--events", "events.jsonl"]);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }
}

const ALL_FILES: &[&str] = &["--commands", "commands.jsonl", "--state", "state.json", "--state-all", "all.json"];

fn standard_error(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Asserts one line on stderr that begins and goes on as it should, nothing on stdout, and exit status 2.
fn assert_refused(output: &Output, begins: &str, words: &[&str]) {
    let said = standard_error(output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.starts_with(begins) && said.lines().count() == 1, "{begins}: {said}");
    for word in words {
        assert!(said.contains(word), "no {word:?} in {said}");
    }
    assert_eq!(output.stdout, b"", "{said}");
}

#[test]
fn a_good_file_gives_events_states_and_one_line_of_summary() {
    let files = Files::new(GOOD);
    let output = files.run(ALL_FILES);
    assert_eq!((output.status.code(), standard_error(&output)), (Some(0), String::new()));
    let printed = String::from_utf8(output.stdout).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert!(
        printed.starts_with("{\"commands\":2,\"events\":2,\"trades\":0,\"traded_g\":0,\"state_hash\":\""),
        "{printed}"
    );
    assert!(printed.ends_with("\"}\n") && printed.lines().count() == 1, "{printed}");
    let hash = summary["state_hash"].as_str().unwrap();
    assert!(hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
    assert_eq!(
        files.read("events.jsonl"),
        "{\"seq\":1,\"type\":\"period_opened\",\"year\":2027,\"days\":365,\"endowment_g\":9000000,\"reserve_g\":0,\
         \"cap_g\":null}\n{\"seq\":2,\"type\":\"account_opened\",\"account\":7,\"share_bp\":10000,\"household\":0}\n"
    );
    let state: serde_json::Value = serde_json::from_str(&files.read("state.json")).unwrap();
    let all: serde_json::Value = serde_json::from_str(&files.read("all.json")).unwrap();
    assert_eq!(state["accounts"]["7"].as_object().unwrap().len(), 11);
    assert_eq!(all["accounts"]["7"].as_object().unwrap().len(), 17);
    assert_eq!(all["market"]["period"]["year"], 2027);
    for (field, value) in state["accounts"]["7"].as_object().unwrap() {
        assert_eq!(&all["accounts"]["7"][field], value, "{field}");
    }
}

/// A bad third line, and words of the reason.
const BAD_LINES: &[(&str, &[&str])] = &[
    ("{\"type\":\"fly\",\"ts_ns\":7}", &["\"fly\"", "`type`", "\"place\""]),
    ("{\"type\":7,\"ts_ns\":7}", &["`type`", "integer `7`", "\"place\""]),
    ("{\"ts_ns\":7}", &["missing field `type`"]),
    ("{\"type\":\"tick\"}", &["missing field `ts_ns`", "`tick`"]),
    ("{\"type\":\"tick\",\"ts_ns\":7,\"speed\":1}", &["unknown field `speed`"]),
    ("{\"type\":\"tick\",\"ts_ns\":7,\"account\":1}", &["`account`", "does not belong to `tick`"]),
    ("{\"type\":\"tick\",\"ts_ns\":7,\"ts_ns\":7}", &["duplicate field `ts_ns`"]),
    ("{\"type\":\"tick\",\"ts_ns\":-1}", &["`ts_ns`", "`-1`", "whole number"]),
    ("{\"type\":\"tick\",\"ts_ns\":7.0}", &["`ts_ns`", "`7.0`", "whole number"]),
    ("{\"type\":\"tick\",\"ts_ns\":7e0}", &["`ts_ns`", "whole number"]),
    ("{\"type\":\"tick\",\"ts_ns\":\"7\"}", &["`ts_ns`", "string \"7\"", "whole number"]),
    ("{\"type\":\"tick\",\"ts_ns\":null}", &["`ts_ns`", "null", "whole number"]),
    ("{\"type\":\"tick\",\"ts_ns\":[7]}", &["`ts_ns`", "sequence", "whole number"]),
    ("{\"type\":\"tick\",\"ts_ns\":{\"a\":7}}", &["`ts_ns`", "map", "whole number"]),
    ("{\"type\":\"tick\",\"ts_ns\":true}", &["`ts_ns`", "boolean", "whole number"]),
    ("{\"type\":\"tick\",\"ts_ns\":18446744073709551616}", &["`ts_ns`", "to 18446744073709551615"]),
    ("{\"type\":\"tick\",\"ts_ns\":007}", &["invalid number"]),
    ("{\"type\":\"set_share\",\"ts_ns\":7,\"account\":7,\"share_bp\":4294967296}", &["`share_bp`", "to 4294967295"]),
    ("{\"type\":\"cancel\",\"ts_ns\":7,\"account\":7}", &["missing field `order`", "`cancel`"]),
    ("{\"type\":\"cancel\",\"ts_ns\":7,\"account\":7,\"order\":1,\"tif\":\"gtc\"}", &["`tif`", "`cancel`"]),
    (
        "{\"type\":\"place\",\"ts_ns\":7,\"account\":7,\"side\":\"lend\",\"quantity_g\":1000,\"price_ueur\":10000}",
        &["`side`", "\"lend\"", "\"sell\", \"buy\""],
    ),
    (
        "{\"type\":\"place\",\"ts_ns\":7,\"account\":7,\"side\":\"buy\",\"quantity_g\":1000,\"price_ueur\":1,\"tif\":\"GTC\"}",
        &["`tif`", "\"GTC\"", "\"gtc\", \"day\", \"ioc\", \"fok\""],
    ),
    ("{\"type\":\"set_phase\",\"ts_ns\":7,\"phase\":\"open\"}", &["`phase`", "\"auction_freeze\""]),
    (
        "{\"type\":\"debit\",\"ts_ns\":7,\"account\":7,\"quantity_g\":1,\"mode\":0}",
        &["`mode`", "\"authorise\", \"record\""],
    ),
    ("{\"type\":\"set_rules\",\"ts_ns\":7,\"rules\":\"version = 'a'\"}", &["`rules`", "string", "table"]),
    ("{\"type\":\"set_rules\",\"ts_ns\":7,\"rules\":{}}", &["`rules`", "version", "missing"]),
    (
        "{\"type\":\"set_rules\",\"ts_ns\":7,\"rules\":{\"version\":\"a\",\"market\":{\"lots\":1}}}",
        &["`rules`", "`lots`"],
    ),
    (
        "{\"type\":\"set_rules\",\"ts_ns\":7,\"rules\":{\"version\":\"a\",\"market\":{\"lot_g\":1,\"tick_ueur\":1}}}",
        &["`rules`", "market.lot_g", "multiple of 1000"],
    ),
    ("{\"type\":\"tick\",\"ts_ns\":5}", &["time goes backwards", "5", "6"]),
    ("{\"type\":\"tick\",\"ts_ns\":7", &["EOF"]),
    ("{\"type\":\"tick\",\"ts_ns\":7} {}", &["trailing characters", "column 27"]),
    ("{\"type\":\"tick\",\"ts_ns\":7},", &["trailing characters"]),
    ("{\"type\":\"tick\",,\"ts_ns\":7}", &["column 16"]),
    ("{'type':'tick','ts_ns':7}", &["key must be a string"]),
    ("[\"tick\",7]", &["sequence", "one JSON object"]),
    ("7", &["integer `7`", "one JSON object"]),
    ("null", &["null", "one JSON object"]),
    ("tick", &["expected"]),
    ("// a remark", &["expected value"]),
    ("{}", &["missing field `type`"]),
    ("", &["blank", "only stand at the end"]),
    (" \t\r", &["blank"]),
    ("\u{feff}{\"type\":\"tick\",\"ts_ns\":7}", &["expected value"]),
];

#[test]
fn a_bad_line_is_named_and_what_came_before_it_is_kept() {
    for (bad, words) in BAD_LINES {
        let files = Files::new(format!("{GOOD}{bad}\n{{\"type\":\"tick\",\"ts_ns\":9}}\n"));
        let output = files.run(ALL_FILES);
        assert_refused(&output, "line 3: ", words);
        assert_eq!(files.read("events.jsonl").lines().count(), 2, "{bad}");
        for state in ["state.json", "all.json"] {
            let state: serde_json::Value = serde_json::from_str(&files.read(state)).unwrap();
            assert_eq!(state["accounts"]["7"]["share_bp"], 10_000, "{bad}");
        }
    }
}

#[test]
fn lines_of_the_longest_length_are_read_and_longer_ones_refused() {
    let tick = "{\"type\":\"tick\",\"ts_ns\":7}";
    let padded = |length: usize| format!("{GOOD}{}{tick}\n", " ".repeat(length - tick.len() - 1));
    assert!(Files::new(padded(1 << 20)).run(ALL_FILES).status.success());
    assert_refused(&Files::new(padded((1 << 20) + 1)).run(ALL_FILES), "line 3: ", &["longer than 1048576 bytes"]);
    let endless = format!("{GOOD}{{\"type\":\"{}", "a".repeat(8 << 20));
    assert_refused(&Files::new(endless).run(ALL_FILES), "line 3: ", &["longer than 1048576 bytes"]);
    let deep = format!("{GOOD}{{\"type\":{}\n", "[".repeat(1 << 19));
    assert_refused(&Files::new(deep).run(ALL_FILES), "line 3: ", &["`type`", "sequence"]);
    let deep_rules =
        format!("{GOOD}{{\"type\":\"set_rules\",\"ts_ns\":7,\"rules\":{}\n", "{\"market\":".repeat(50_000));
    assert_refused(&Files::new(deep_rules).run(ALL_FILES), "line 3: ", &["`rules`"]);
}

#[test]
fn bytes_that_are_not_utf8_are_refused_with_their_place() {
    for (bad, position) in
        [(&b"{\"type\":\"\xFFtick\",\"ts_ns\":7}"[..], "byte 10"), (b"\xC3\x28", "byte 1"), (b"\xFE\xFF\0{", "byte 1")]
    {
        let output = Files::new([GOOD.as_bytes(), bad, b"\n"].concat()).run(ALL_FILES);
        assert_refused(&output, "line 3: ", &["not UTF-8", position]);
    }
}

#[test]
fn what_editors_and_systems_add_around_lines_is_taken() {
    let state_hash = |commands: &[u8]| {
        let output = Files::new(commands).run(ALL_FILES);
        assert!(output.status.success(), "{}", standard_error(&output));
        output.stdout
    };
    let plain = state_hash(GOOD.as_bytes());
    let with_byte_order_mark = [b"\xEF\xBB\xBF", GOOD.as_bytes()].concat();
    assert_eq!(state_hash(&with_byte_order_mark), plain);
    assert_eq!(state_hash(GOOD.replace('\n', "\r\n").as_bytes()), plain);
    assert_eq!(state_hash(GOOD.trim_end().as_bytes()), plain, "no line end after the last line");
    assert_eq!(state_hash(format!("{GOOD}\n").as_bytes()), plain, "a blank last line");
    assert_eq!(state_hash(format!("{GOOD}\n \r\n\n").as_bytes()), plain, "blank last lines");
    assert_eq!(state_hash(GOOD.replace(',', " , ").as_bytes()), plain);
    assert_eq!(state_hash(GOOD.replace("\"open_account\"", "\"open\\u005faccount\"").as_bytes()), plain, "an escape");
}

#[test]
fn an_empty_file_is_an_empty_run() {
    for empty in ["", "\n", "\r\n\n"] {
        let files = Files::new(empty);
        let output = files.run(ALL_FILES);
        assert!(output.status.success(), "{}", standard_error(&output));
        assert!(output.stdout.starts_with(b"{\"commands\":0,\"events\":0,"));
        assert_eq!(files.read("events.jsonl"), "");
        let state: serde_json::Value = serde_json::from_str(&files.read("state.json")).unwrap();
        assert_eq!(state["accounts"], serde_json::json!({}));
        assert_eq!(state["phase"], "closed");
    }
}

#[test]
fn an_equal_time_is_not_backwards() {
    assert!(Files::new(format!("{GOOD}{{\"type\":\"tick\",\"ts_ns\":6}}\n")).run(ALL_FILES).status.success());
}

#[test]
fn a_rejection_is_an_event_and_no_error() {
    let files = Files::new(format!("{GOOD}{{\"type\":\"cancel\",\"ts_ns\":6,\"account\":7,\"order\":1}}\n"));
    assert!(files.run(ALL_FILES).status.success());
    assert!(files.read("events.jsonl").ends_with("{\"seq\":3,\"type\":\"rejected\",\"code\":\"UNKNOWN_ORDER\"}\n"));
}

#[test]
fn files_that_are_missing_or_cannot_be_written_are_named() {
    let files = Files::new(GOOD);
    fs::create_dir(files.path("folder")).unwrap();
    for (arguments, begins, words) in [
        (
            &["--commands", "nowhere.jsonl"][..],
            "commands nowhere.jsonl: ",
            &["cannot be read", "No such file", "check"][..],
        ),
        (&["--commands", "folder"], "commands folder: ", &["cannot be read", "directory"]),
        (
            &["--commands", "commands.jsonl", "--state", "no/state.json"],
            "state no/state.json: ",
            &["cannot be written"],
        ),
        (&["--commands", "commands.jsonl", "--state", "folder"], "state folder: ", &["cannot be written", "directory"]),
        (&["--commands", "commands.jsonl", "--state", "/dev/full"], "state /dev/full: ", &["No space", "free space"]),
        (&["--commands", "commands.jsonl", "--state", "commands.jsonl"], "state commands.jsonl: ", &["would be lost"]),
        (&["--commands", "commands.jsonl", "--state", "events.jsonl"], "state events.jsonl: ", &["would be lost"]),
        (&["--commands", "commands.jsonl", "--state-all", "./rules.toml"], "state ./rules.toml: ", &["would be lost"]),
    ] {
        assert_refused(&files.run(arguments), begins, words);
    }
    assert_eq!(files.read("commands.jsonl"), GOOD);
    assert_eq!(files.read("rules.toml"), RULES);
}

#[test]
fn events_that_cannot_be_written_end_the_run_and_the_state_is_kept() {
    let files = Files::new(GOOD);
    let mut command = carbex();
    command.current_dir(files.0.path()).args(["run", "--rules", "rules.toml", "--events", "/dev/full"]).args(ALL_FILES);
    assert_refused(&command.output().unwrap(), "events /dev/full: cannot be written", &["No space"]);
    assert!(files.read("state.json").contains("\"7\""));
}

#[test]
fn rules_that_are_no_rules_are_refused_with_their_field() {
    let files = Files::new(GOOD);
    for (rules, words) in [
        (&b"version = \"a\"\n[market]\nlot_g = 0\n"[..], &["line 3", "market.lot_g"][..]),
        (b"version = \"a\"\n[market]\nlots = 1\n", &["line 3", "market.lots"]),
        (b"version = ", &["not TOML"]),
        (b"", &["version", "missing"]),
        (b"version = \"\xFF\"\n", &["UTF-8"]),
    ] {
        fs::write(files.path("rules.toml"), rules).unwrap();
        assert_refused(&files.run(ALL_FILES), "rules rules.toml: ", words);
    }
    fs::remove_file(files.path("rules.toml")).unwrap();
    assert_refused(&files.run(ALL_FILES), "rules rules.toml: ", &["cannot be read", "No such file"]);
}

#[test]
fn missing_and_unknown_options_are_refused_with_the_usage() {
    for arguments in [&["run"][..], &["run", "--rules", "a"], &["run", "--fast"]] {
        let output = carbex().args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(standard_error(&output).contains("Usage: carbex run"), "{}", standard_error(&output));
    }
}

/// Runs with the commands on standard input.
fn run_piped(files: &Files, commands: &[u8], arguments: &[&str]) -> Output {
    let mut command = files.command();
    command.args(["--commands", "-"]).args(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(commands).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn standard_input_gives_what_the_file_gives() {
    let files = Files::new(GOOD);
    let from_file = files.run(ALL_FILES).stdout;
    assert_eq!(run_piped(&files, GOOD.as_bytes(), &[]).stdout, from_file);
    assert_eq!(run_piped(&files, GOOD.as_bytes(), &["--accounts", "3", "--orders", "3"]).stdout, from_file);
    let bad = format!("{GOOD}{{\"type\":\"fly\"}}\n");
    assert_refused(&run_piped(&files, bad.as_bytes(), &[]), "line 3: ", &["\"fly\""]);
    let mut command = files.command();
    let redirected = fs::File::open(files.path("commands.jsonl")).unwrap();
    assert_eq!(command.args(["--commands", "-"]).stdin(redirected).output().unwrap().stdout, from_file);
}

/// Accounts 1 to `accounts`, each with one resting buy, in a year without checks on holdings.
fn many_orders(accounts: u64) -> String {
    let mut commands = "{\"type\":\"open_period\",\"ts_ns\":1,\"year\":2027,\"endowment_g\":9000000}\n\
                        {\"type\":\"set_phase\",\"ts_ns\":1,\"phase\":\"continuous\"}\n"
        .to_owned();
    for account in 1..=accounts {
        commands += &format!(
            "{{\"type\":\"open_account\",\"ts_ns\":1,\"account\":{account}}}\n\
             {{\"type\":\"deposit\",\"ts_ns\":1,\"account\":{account},\"amount_ueur\":1000000}}\n\
             {{\"type\":\"place\",\"ts_ns\":1,\"account\":{account},\"side\":\"buy\",\"quantity_g\":1000,\"price_ueur\":10000}}\n"
        );
    }
    commands
}

#[test]
fn tables_are_as_large_as_the_commands_need_unless_they_are_declared() {
    let files = Files::new(many_orders(3000));
    fs::write(files.path("rules.toml"), format!("{RULES}[purchase]\nholding_margin_bp = 20000\n")).unwrap();
    let counted = files.run(ALL_FILES);
    assert!(counted.status.success(), "{}", standard_error(&counted));
    let events = files.read("events.jsonl");
    assert_eq!(events.matches("\"accepted\"").count(), 3000, "{}", events.lines().last().unwrap());
    assert!(!events.contains("rejected"));

    let declared = files.run(&["--commands", "commands.jsonl", "--accounts", "5000", "--orders", "4000"]);
    assert_eq!(declared.stdout, counted.stdout, "the state hash must not depend on the room that is left");

    assert!(files.run(&["--commands", "commands.jsonl", "--accounts", "2999"]).status.success());
    assert!(files.read("events.jsonl").contains("\"code\":\"TABLE_FULL\""));
    assert!(files.run(&["--commands", "commands.jsonl", "--orders", "2999"]).status.success());
    assert!(files.read("events.jsonl").contains("\"code\":\"BOOK_FULL\""));
}

#[test]
fn nothing_is_said_on_the_way_when_no_terminal_watches() {
    let files = Files::new(many_orders(6000));
    let output = files.run(ALL_FILES);
    assert_eq!(standard_error(&output), "");
    assert!(output.stdout.starts_with(b"{\"commands\":18002,"));
}
