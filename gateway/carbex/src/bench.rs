//! `carbex bench`: how fast this machine is at this exchange's work.

mod bar;
mod core;
mod durable;
mod figures;
mod http;
mod restart;

use std::process::ExitCode;

use clap::Subcommand;

/// What can be measured.
#[derive(Subcommand)]
pub enum BenchCommand {
    Core(core::CoreOptions),
    Durable(durable::DurableOptions),
    Http(http::HttpOptions),
    Restart(restart::RestartArguments),
    #[command(hide = true)]
    HttpExchange(http::ExchangeOptions),
}

/// What a wrong option, file or workload answers.
const FAILED: u8 = 2;

/// Measures; every failure is one line on stderr.
pub fn run(command: &BenchCommand) -> ExitCode {
    let measured = match command {
        BenchCommand::Core(options) => core::run(options),
        BenchCommand::Durable(options) => durable::run(options),
        BenchCommand::Http(options) => http::run(options),
        BenchCommand::Restart(arguments) => restart::run(arguments),
        BenchCommand::HttpExchange(options) => http::run_exchange(options),
    };
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{fault:#}");
            ExitCode::from(FAILED)
        }
    }
}
