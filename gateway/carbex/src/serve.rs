//! `carbex serve`: the exchange on its data directory, until it is told to stop.

use std::{
    io::IsTerminal,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Mutex,
    time::{Duration, Instant},
};

use anyhow::{Context, anyhow, bail};
use carbex_core::Capacities;
use carbex_node::{Node, NodeHandle, NodeOptions, RecoveryProgress, RecoveryStep, SLICE_ACCOUNTS, journal_directory};
use carbex_web::{DevelopmentIssuer, Running, WebOptions};
use clap::{Args, value_parser};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::signal::unix::{SignalKind, signal};

use crate::rules;

/// Serves the exchange: the public market and its page; with --dev also citizens' orders under development tokens.
#[derive(Args)]
pub struct ServeOptions {
    /// Where the exchange keeps its journal, snapshots and history.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The rules a new directory is founded with: a TOML file or a preset (charter if not given). An existing exchange knows
    /// its own and takes none here.
    #[arg(long, value_name = "FILE|PRESET")]
    rules: Option<String>,
    /// Where to listen.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Take tokens of the embedded development issuer (`carbex token`). Loopback only.
    #[arg(long)]
    dev: bool,
    /// Accounts that a new directory's tables hold, for its life.
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = value_parser!(u32).range(1..))]
    accounts: u32,
    /// Orders that a new directory's book holds at once, for its life.
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = value_parser!(u32).range(1..))]
    orders: u32,
}

impl ServeOptions {
    fn founding_rules(&self) -> &str {
        self.rules.as_deref().unwrap_or("charter")
    }
}

/// Real time between the exchange's own ticks, which end day orders and show an auction's indicative price.
const TICK_EVERY: Duration = Duration::from_secs(30);
/// A second signal ends the program at once, with the status shells give to an interrupt.
const INTERRUPTED: i32 = 130;

/// Serves until SIGINT or SIGTERM. Exit 0 after a clean stop, 2 for a wrong option, 1 for everything else.
pub fn run(options: &ServeOptions) -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into()))
        .with_writer(std::io::stderr)
        .init();
    if options.dev && !options.listen.ip().is_loopback() {
        eprintln!("--dev takes development tokens and listens to loopback only; {} is not", options.listen);
        return ExitCode::from(2);
    }
    if options.rules.is_some() && journal_directory(&options.data).exists() {
        eprintln!(
            "{} was founded before, with rules of its own: leave --rules out (GET /v1/rules tells them)",
            options.data.display()
        );
        return ExitCode::from(2);
    }
    let rulebook = match rules::read(options.founding_rules()) {
        Ok(rulebook) => rulebook,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::from(2);
        }
    };
    let capacities = Capacities { accounts: options.accounts, orders: options.orders, slice_accounts: SLICE_ACCOUNTS };
    let node_options = NodeOptions {
        tick_every: Some(TICK_EVERY),
        ..NodeOptions::new(&options.data).founding(capacities, rulebook.rules)
    };
    match serve(options, node_options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("carbex: {fault:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve(options: &ServeOptions, node_options: NodeOptions) -> anyhow::Result<()> {
    // A taken address is told before anything is founded or recovered.
    drop(TcpListener::bind(options.listen).map_err(|error| {
        anyhow!("cannot listen on {}: {error}; choose another address with --listen", options.listen)
    })?);
    let founded = journal_directory(&options.data).exists();
    if founded {
        eprintln!("recovering the exchange in {}", options.data.display());
    } else {
        eprintln!("founding an exchange in {} under \"{}\"", options.data.display(), options.founding_rules());
    }
    let started = Instant::now();
    let progress = Progress::new();
    let node = Node::start(node_options, &progress)?;
    progress.bar.finish_and_clear();
    let market = node.market();
    eprintln!("at command {} after {:.1} s", market.sequence, started.elapsed().as_secs_f64());

    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let development = match options.dev {
        true => Some(DevelopmentIssuer::open(&options.data)?),
        false => None,
    };
    let web_options = WebOptions { listen: options.listen, development, ..WebOptions::new(&options.data) };
    let door = match runtime.block_on(carbex_web::serve(node.clone(), web_options)) {
        Ok(door) => door,
        Err(fault) => {
            node.stop()?;
            bail!(fault);
        }
    };
    announce(&door, options);
    runtime.block_on(until_told())?;
    stop(&runtime, door, &node)
}

fn announce(door: &Running, options: &ServeOptions) {
    let address = door.local_addr();
    println!("page     http://{address}/");
    println!("market   http://{address}/v1/market");
    println!("stream   http://{address}/v1/market/stream");
    println!("metrics  http://{address}/metrics");
    if options.dev {
        println!("orders   http://{address}/v1/orders   (development tokens: {})", token_command(&options.data));
    } else {
        println!("Public routes only: start with --dev to place orders under development tokens.");
    }
    println!("Ctrl-C stops it cleanly.");
}

fn token_command(data: &Path) -> String {
    format!("carbex token --data {} --account N", data.display())
}

/// Waits for the first signal; a second one ends the program where it stands.
async fn until_told() -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be waited for")?;
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be waited for")?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        eprintln!("stopped at once: everything acknowledged is on disk, the next start replays more");
        std::process::exit(INTERRUPTED);
    });
    Ok(())
}

fn stop(runtime: &tokio::runtime::Runtime, door: Running, node: &NodeHandle) -> anyhow::Result<()> {
    eprintln!("stopping: answering what is under way, writing a snapshot (again to stop at once)");
    let started = Instant::now();
    runtime.block_on(door.shutdown());
    node.stop()?;
    eprintln!("stopped at command {} after {:.1} s", node.market().sequence, started.elapsed().as_secs_f64());
    Ok(())
}

/// Recovery on the terminal: a bar where there is one, a line every few seconds where there is none.
struct Progress {
    bar: ProgressBar,
    told: Mutex<Instant>,
}

/// Time between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(2);

impl Progress {
    fn new() -> Self {
        let bar = ProgressBar::new(0);
        let template = "{msg} [{bar:30}] {human_pos} of {human_len} commands, {per_sec}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message("replaying the journal");
        Self { bar, told: Mutex::new(Instant::now()) }
    }
}

impl RecoveryProgress for Progress {
    fn note(&self, message: &str) {
        self.bar.suspend(|| eprintln!("{message}"));
    }

    fn step(&self, step: RecoveryStep) {
        self.bar.set_length(step.total_commands);
        self.bar.set_position(step.done_commands);
        if std::io::stderr().is_terminal() {
            return;
        }
        let mut told = self.told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if told.elapsed() >= LINE_EVERY {
            *told = Instant::now();
            eprintln!("replayed {} of {} commands", step.done_commands, step.total_commands);
        }
    }
}
