//! `carbex demo`: a living exchange in one command, with synthetic residents on embedded storage.

mod logins;
mod status_line;
mod words;

use std::{
    io::IsTerminal,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use carbex_core::Capacities;
use carbex_journal::{RetentionPolicy, SegmentsBehind};
use carbex_node::{ClockSource, Node, NodeHandle, NodeOptions, RecoveryProgress, RecoveryStep, SLICE_ACCOUNTS};
use carbex_rulebook::{Rulebook, preset};
use carbex_sim::{
    life::{Life, LifeOptions},
    population::Population,
};
use carbex_vocabulary::{DAY_NS, TimestampNs};
use carbex_web::{DevelopmentIssuer, WebOptions};
use clap::{Args, value_parser};
use indicatif::{ProgressBar, ProgressStyle};

use self::{logins::Logins, status_line::StatusLine, words::Words};

/// A living exchange on this machine: synthetic residents debit, sell and buy while budget years pass in minutes.
///
/// Opens a public page and a development API on loopback and runs until Ctrl-C.
#[derive(Args)]
pub struct DemoOptions {
    /// Where the exchange keeps its journal; without it, a temporary directory that is removed at the end.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// How many residents.
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = value_parser!(u32).range(100..=5_000_000))]
    residents: u32,
    /// How many seconds a budget year lasts.
    #[arg(long, value_name = "SECONDS", default_value_t = 240, value_parser = value_parser!(u32).range(5..=31_536_000))]
    year_seconds: u32,
    /// Where to listen; if that port is taken, a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Draws the residents and what they decide.
    #[arg(long, value_name = "N", default_value_t = 2027)]
    seed: u64,
    /// Stop by itself after so many seconds.
    #[arg(long, value_name = "SECONDS")]
    for_seconds: Option<u64>,
}

/// 2027-01-01T00:00:00 in Paris: the charter's first budget year.
const NEW_YEAR: TimestampNs = TimestampNs::new(1_798_758_000 * 1_000_000_000);
/// The market clock starts some real time before the year opens, so that accounts are opened in December: a second, and
/// one for each so many residents (measured: 300,000 accounts a second on 2 cores).
const ENROLMENT: Duration = Duration::from_secs(1);
const ENROLLED_PER_S: u32 = 150_000;
/// Open orders that the tables hold for each resident.
const ORDERS_PER_RESIDENT: u32 = 4;
/// Groups kept for readers: a second or two of a busy demonstration.
const PUBLISHED_GROUPS: usize = 4_096;

/// Runs until Ctrl-C; every failure is one line on stderr. Exit 2 for a wrong option, 1 for everything else.
pub fn run(options: &DemoOptions) -> ExitCode {
    if !options.listen.ip().is_loopback() {
        eprintln!("the demonstration takes development tokens and listens to loopback only; {} is not", options.listen);
        return ExitCode::from(2);
    }
    match live(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{fault:#}");
            ExitCode::FAILURE
        }
    }
}

fn live(options: &DemoOptions) -> anyhow::Result<()> {
    let words = Words::of_environment();
    let begun = Instant::now();
    let directory = DataDirectory::open(options.data.as_deref())?;
    println!("{}", words.title(options.residents, options.year_seconds));

    let Rulebook { rules, trajectory, .. } =
        preset("charter").context("the charter's rules are not in this program")?.rulebook();
    let population = Population::draw(options.residents, options.seed);
    let logins = Logins::choose(&population);
    let scale = 365 * DAY_NS / (u64::from(options.year_seconds) * 1_000_000_000);
    let enrolment = ENROLMENT + Duration::from_secs(options.residents.into()) / ENROLLED_PER_S;
    let enrolment_ns = u64::try_from(enrolment.as_nanos()).unwrap_or(u64::MAX).saturating_mul(scale);
    let clock = ClockSource::Scaled {
        start: TimestampNs::new(NEW_YEAR.ns().saturating_sub(enrolment_ns)),
        scale: scale.max(1),
    };
    let capacities = Capacities {
        accounts: options.residents,
        orders: options.residents.saturating_mul(ORDERS_PER_RESIDENT),
        slice_accounts: SLICE_ACCOUNTS,
    };
    let node_options = NodeOptions {
        clock,
        published_groups_max: PUBLISHED_GROUPS,
        // Hours of this life are many gigabytes: what two snapshots make superfluous goes.
        retention: RetentionPolicy { snapshots_kept: 2, segments: SegmentsBehind::Delete },
        snapshot_on_stop: options.data.is_some(),
        ..NodeOptions::new(directory.path()).founding(capacities, rules)
    };
    let recovery = Recovery::new(&words, options.data.is_some());
    let node = Node::start(node_options, &recovery).context("the exchange does not start")?;
    recovery.bar.finish_and_clear();

    let outcome = open_and_run(
        options,
        &words,
        &node,
        directory.path(),
        Opening { begun, rules, trajectory, population, logins },
    );
    let stopped = node.stop().context("the exchange did not stop cleanly");
    outcome.and(stopped)?;
    println!("{}", words.goodbye(directory.kept()));
    Ok(())
}

/// What the opening needs, drawn before the node started.
struct Opening {
    begun: Instant,
    rules: carbex_rules::RuleSet,
    trajectory: carbex_rulebook::Trajectory,
    population: Population,
    logins: Logins,
}

fn open_and_run(
    options: &DemoOptions,
    words: &Words,
    node: &NodeHandle,
    data: &Path,
    opening: Opening,
) -> anyhow::Result<()> {
    let Opening { begun, rules, trajectory, population, logins } = opening;
    let issuer = DevelopmentIssuer::open(data)?.with_lifetime_s_max(logins::LIFETIME_S);
    let tokens = logins.tokens(&issuer)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let web_options =
        WebOptions { listen: free_address(options.listen)?, development: Some(issuer), ..WebOptions::new(data) };
    let door = runtime.block_on(carbex_web::serve(node.clone(), web_options)).context("the web door does not open")?;

    let guests = logins.accounts();
    let life_options = LifeOptions { population, seed: options.seed, rules, trajectory, opens_at: NEW_YEAR, guests };
    let mut life = Life::begin(node.clone(), life_options)?;
    enrol(&mut life, words)?;
    let life = life.run()?;

    print!("{}", words.opening(door.local_addr(), &tokens, begun.elapsed()));
    let mut line = StatusLine::new(words, std::io::stdout().is_terminal());
    let until = options.for_seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    runtime.block_on(async {
        let mut second = tokio::time::interval(Duration::from_secs(1));
        let stop = stop_asked();
        tokio::pin!(stop);
        loop {
            tokio::select! {
                asked = &mut stop => break asked,
                _ = second.tick() => {
                    line.show(node, &life.status());
                    if life.has_ended() || until.is_some_and(|until| Instant::now() >= until) {
                        break Ok(());
                    }
                }
            }
        }
    })?;
    line.finish();
    println!("{}", words.stopping());
    let lived = life.stop();
    runtime.block_on(door.shutdown());
    lived.map(drop).context("the residents stopped living")
}

/// Ctrl-C, or a polite request of the system.
async fn stop_asked() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// The address asked for; if its port is taken, any free one of the same host.
fn free_address(asked: SocketAddr) -> anyhow::Result<SocketAddr> {
    match TcpListener::bind(asked) {
        Ok(_free_again) => Ok(asked),
        Err(fault) if fault.kind() == std::io::ErrorKind::AddrInUse => Ok(SocketAddr::new(asked.ip(), 0)),
        Err(fault) => bail!("cannot listen on {asked}: {fault}"),
    }
}

fn enrol(life: &mut Life, words: &Words) -> anyhow::Result<()> {
    let bar = bar(words.enrolling());
    life.enrol(&mut |open, all| {
        bar.set_length(all);
        bar.set_position(open);
    })?;
    bar.finish_and_clear();
    Ok(())
}

fn bar(message: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {bar:32} {human_pos}/{human_len}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style).with_message(message)
}

/// A replay, on a bar of its own.
struct Recovery {
    bar: ProgressBar,
    /// Of a temporary directory there is nothing to tell.
    tells: bool,
}

impl Recovery {
    fn new(words: &Words, tells: bool) -> Self {
        Self { bar: bar(words.recovering()), tells }
    }
}

impl RecoveryProgress for Recovery {
    fn note(&self, message: &str) {
        if self.tells {
            self.bar.suspend(|| println!("{message}"));
        }
    }

    fn step(&self, step: RecoveryStep) {
        self.bar.set_length(step.total_commands);
        self.bar.set_position(step.done_commands);
    }
}

/// Where the journal is: the caller's own, or a temporary one that goes with this value.
enum DataDirectory {
    Own(PathBuf),
    Temporary(tempfile::TempDir),
}

impl DataDirectory {
    fn open(own: Option<&Path>) -> anyhow::Result<Self> {
        match own {
            Some(path) => {
                std::fs::create_dir_all(path).with_context(|| format!("cannot make {}", path.display()))?;
                Ok(Self::Own(path.to_owned()))
            }
            None => {
                let directory = tempfile::Builder::new().prefix("carbex-demo-").tempdir();
                Ok(Self::Temporary(directory.context("cannot make a temporary directory: name one with --data")?))
            }
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Own(path) => path,
            Self::Temporary(directory) => directory.path(),
        }
    }

    /// What is still there afterwards.
    fn kept(&self) -> Option<&Path> {
        match self {
            Self::Own(path) => Some(path),
            Self::Temporary(_) => None,
        }
    }
}
