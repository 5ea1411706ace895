//! `carbex`: the command line. One file per command; no logic here.

use clap::{Parser, Subcommand};

/// The exchange of the compte carbone.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Verb,
}

#[derive(Subcommand)]
enum Verb {}

fn main() -> std::process::ExitCode {
    match CommandLine::parse().command {}
}
