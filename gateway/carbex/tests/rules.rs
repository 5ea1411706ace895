//! `carbex rules` from outside: what it prints, and what it refuses with exit 2.

use std::path::PathBuf;
use std::process::{Command, Output};

fn rules(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_carbex")).arg("rules").args(arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Asserts exit 2, nothing on stdout, and a part of what stands on stderr.
fn assert_refused(arguments: &[&str], part: &str) {
    let output = rules(arguments);
    let problem = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {problem}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    assert!(problem.contains(part), "{arguments:?}: {problem}");
}

/// A file of that name in this test run's own folder.
fn file(name: &str, bytes: &[u8]) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("rules-{}-{name}", std::process::id()));
    std::fs::write(&path, bytes).unwrap();
    path.into_os_string().into_string().unwrap()
}

#[test]
fn a_preset_printed_to_a_file_checks_and_explains() {
    let presets = stdout(&rules(&["presets"]));
    assert!(presets.lines().count() >= 6, "{presets}");
    for line in presets.lines() {
        let name = line.split_whitespace().next().unwrap();
        let printed = rules(&["preset", name]);
        assert!(printed.status.success());
        let path = file(&format!("{name}.toml"), &printed.stdout);
        let checked = rules(&["check", &path]);
        assert!(stdout(&checked).contains(": OK. Rule set "), "{name}: {checked:?}");
        let french = stdout(&rules(&["explain", &path]));
        let english = stdout(&rules(&["explain", name, "--language", "en"]));
        assert!(french.starts_with("Les règles") && english.starts_with("The rules"), "{name}");
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn a_rule_file_at_fault_is_refused_with_its_line_and_field() {
    let path = file("fault.toml", b"version = \"a\"\n\n[market]\nlot_g = 50\n");
    assert_refused(&["check", &path], "line 4: market.lot_g: lot_g \u{d7} tick_ueur must be a multiple of 1000");
    assert_refused(&["explain", &path], "line 4: market.lot_g");
    std::fs::remove_file(path).unwrap();
}

#[test]
fn files_that_are_no_rule_files_are_refused() {
    let latin = file("latin.toml", b"version = \"a\"\n# \xe9t\xe9\n");
    assert_refused(&["check", &latin], "line 2: not UTF-8");
    let huge = file("huge.toml", &vec![b'#'; (1 << 20) + 1]);
    assert_refused(&["check", &huge], "larger than 1048576 bytes");
    for path in [latin, huge] {
        std::fs::remove_file(path).unwrap();
    }
    assert_refused(&["check", "nowhere/rules.toml"], "nowhere/rules.toml: No such file");
    assert_refused(&["check", env!("CARGO_TARGET_TMPDIR")], "directory");
}

#[test]
fn unknown_names_are_refused_with_the_known_ones() {
    assert_refused(&["preset", "charte"], "no preset is called charte; there are charter, regional");
    assert_refused(&["explain", "charte"], "no file charte, and no preset is called charte");
    assert_refused(&["explain", "charter", "--language", "de"], "write fr or en");
}
