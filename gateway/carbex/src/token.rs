//! `carbex token`: a development token for one citizen.

use std::{path::PathBuf, process::ExitCode};

use carbex_vocabulary::AccountId;
use carbex_web::{DevelopmentIssuer, LIFETIME_S_MAX};
use clap::{Args, ValueEnum};

/// Prints a token of the data directory's development issuer, which `carbex serve --dev` takes.
#[derive(Args)]
pub struct TokenOptions {
    /// The data directory of the exchange.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Who the token is for.
    #[arg(long, value_enum, default_value_t = TokenRole::Citizen)]
    role: TokenRole,
    /// The citizen's account.
    #[arg(long, value_name = "N")]
    account: u64,
    /// How many seconds it lives.
    #[arg(long, value_name = "SECONDS", default_value_t = LIFETIME_S_MAX)]
    ttl: u64,
}

/// Roles that tokens are minted for.
#[derive(Clone, Copy, ValueEnum)]
enum TokenRole {
    /// A resident, for their own account.
    Citizen,
}

/// Prints the token alone on stdout; what is wrong goes to stderr with exit 2.
pub fn run(options: &TokenOptions) -> ExitCode {
    if !carbex_node::journal_directory(&options.data).exists() {
        eprintln!("no exchange in {}: start `carbex serve --dev` there first", options.data.display());
        return ExitCode::from(2);
    }
    let minted = DevelopmentIssuer::open(&options.data).and_then(|issuer| match options.role {
        TokenRole::Citizen => issuer.citizen(AccountId::new(options.account), options.ttl),
    });
    match minted {
        Ok(token) => {
            println!("{token}");
            ExitCode::SUCCESS
        }
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::from(2)
        }
    }
}
