//! `carbex bench`: how fast this machine is at this exchange's work.

mod core;

use std::process::ExitCode;

use clap::Subcommand;

/// What can be measured.
#[derive(Subcommand)]
pub enum BenchCommand {
    Core(core::CoreOptions),
}

/// What a wrong option, file or workload answers.
const FAILED: u8 = 2;

/// Measures; every failure is one line on stderr.
pub fn run(command: &BenchCommand) -> ExitCode {
    let measured = match command {
        BenchCommand::Core(options) => core::run(options),
    };
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{fault:#}");
            ExitCode::from(FAILED)
        }
    }
}
