//! The program under test, as tests from outside start it.

use std::path::PathBuf;
use std::process::Command;

/// A build of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    /// `CARBEX_BIN`, or the one built beside these tests.
    Shipped,
    /// `CARBEX_DEBUG_BIN`, or target/debug beside the shipped one.
    Debug,
}

/// The program, ready for arguments.
///
/// # Panics
/// When it is not built: a test that needs it fails, and says what to do.
pub fn carbex(build: Build) -> Command {
    let variable = match build {
        Build::Shipped => "CARBEX_BIN",
        Build::Debug => "CARBEX_DEBUG_BIN",
    };
    let beside = || {
        let folder = std::env::current_exe().ok()?.parent()?.parent()?.to_path_buf();
        Some(match build {
            Build::Shipped => folder.join("carbex"),
            Build::Debug => folder.parent()?.join("debug").join("carbex"),
        })
    };
    let program = std::env::var_os(variable)
        .map(PathBuf::from)
        .or_else(beside)
        .filter(|program| program.is_file())
        .unwrap_or_else(|| panic!("no carbex program: run tests/run, which builds it, or set {variable} to it"));
    Command::new(program)
}
