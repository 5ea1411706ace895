//! `carbex`: the command line. One file per command; no logic here.

mod backup;
mod bench;
mod demo;
mod journal;
mod rules;
mod run;
mod serve;
mod token;

use clap::{Parser, Subcommand};

/// The exchange of the compte carbone.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Backup(backup::BackupOptions),
    /// Measures how fast this machine is at the exchange's work.
    #[command(subcommand)]
    Bench(bench::BenchCommand),
    Demo(demo::DemoOptions),
    /// Verifies, describes and replays an exchange's journal.
    #[command(subcommand)]
    Journal(journal::JournalCommand),
    Restore(backup::RestoreOptions),
    /// Checks and explains rule sets, and prints the presets.
    #[command(subcommand)]
    Rules(rules::RulesCommand),
    Run(run::RunOptions),
    Serve(serve::ServeOptions),
    Token(token::TokenOptions),
}

fn main() -> std::process::ExitCode {
    match CommandLine::parse().command {
        Verb::Backup(options) => backup::run_backup(&options),
        Verb::Bench(command) => bench::run(&command),
        Verb::Journal(command) => journal::run(command),
        Verb::Restore(options) => backup::run_restore(&options),
        Verb::Demo(options) => demo::run(&options),
        Verb::Rules(command) => rules::run(command),
        Verb::Run(options) => run::run(&options),
        Verb::Serve(options) => serve::run(&options),
        Verb::Token(options) => token::run(&options),
    }
}
