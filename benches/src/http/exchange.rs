//! The exchange that is measured: production node, door and history index, with accounts that can trade.

use std::{
    collections::VecDeque,
    io::{self, BufRead, Write},
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};

use axum::{Router, http::StatusCode, routing::post, serve::ListenerExt};
use carbex_core::{Capacities, Command};
use carbex_node::{Node, NodeHandle, NodeOptions, Refusal, Role, Silent, Submission};
use carbex_vocabulary::{AccountId, AmountUeur, BasisPoints, Event, HouseholdId, Phase, QuantityG};
use carbex_web::{DevelopmentIssuer, Running, WebOptions};

use crate::LatencyNs;

use super::{
    child::{LOOK, Opened, SETTLE, Settled},
    report::NodeCounted,
    request::NOTHING_PATH,
};

/// Orders that the book holds at once.
const ORDERS: u32 = 6_000_000;
/// Large, so that few of them are gone on to while it is measured.
const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;
/// Keys that are kept; every order has one, and a week of them is measured in seconds.
const KEYS_MAX: usize = 64_000_000;
/// Accounts that a change of year settles at once; none happens while it is measured.
const SLICE_ACCOUNTS: u32 = 4_096;
/// A continuous market with all checks made, none of which binds, in a band of a thousand ticks.
const RULES: &str = r#"
version = "bench-http"
[market]
spread_ueur = 0
[orders]
max_open_orders = 65535
max_orders_per_day = 16000000
opposite_orders = "allowed"
[sale]
earned_surplus_only = false
subsistence_bp = 0
sale_cap_bp = 4000000000
resale = "allowed"
[purchase]
holding_margin_bp = 4000000000
purchase_cap_bp = 4000000000
[band]
floor_ueur = 80000
ceiling_ueur = 89990
"#;
/// Commands under way at once while the accounts are opened.
const WINDOW: usize = 8_192;
/// How often the history index is looked at while it is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Why the measured exchange ended.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeFault {
    /// The measured market's rules are at fault.
    #[error(transparent)]
    Rules(#[from] carbex_rulebook::RulebookFault),
    /// The node did not start.
    #[error(transparent)]
    Start(#[from] carbex_node::StartFault),
    /// The node did not stop.
    #[error(transparent)]
    Stop(#[from] carbex_node::StopFault),
    /// The node took no command.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The accounts could not be opened.
    #[error("the preparation was rejected: {0:?}")]
    Rejected(Event),
    /// The door did not open.
    #[error(transparent)]
    Door(#[from] carbex_web::ServeFault),
    /// The issuer's key could not be had.
    #[error(transparent)]
    Token(#[from] carbex_web::TokenFault),
    /// A pipe, a socket or the runtime failed.
    #[error(transparent)]
    System(#[from] io::Error),
}

/// The child's side: founds an exchange in `data`, opens `accounts` accounts, serves on free loopback ports, tells where on
/// stdout, answers every line of stdin with how it stands, and stops when stdin ends.
pub fn exchange(data: &Path, accounts: u32) -> Result<(), ExchangeFault> {
    let options = NodeOptions {
        snapshot_every_commands: 0,
        snapshot_on_stop: false,
        segment_bytes: SEGMENT_BYTES,
        keys_max: KEYS_MAX,
        ..NodeOptions::new(data)
    }
    .founding(
        Capacities { accounts, orders: ORDERS, slice_accounts: SLICE_ACCOUNTS },
        carbex_rulebook::parse_toml(RULES)?,
    );
    let node = Node::start(options, &Silent)?;
    prepare(&node, accounts)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let web = WebOptions {
        development: Some(DevelopmentIssuer::open(data)?),
        beside: Router::new().route(NOTHING_PATH, post(nothing)),
        ..WebOptions::new(data)
    };
    let door = runtime.block_on(carbex_web::serve(node.clone(), web))?;
    let bare = runtime.block_on(tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))))?;
    let opened = Opened { door: door.local_addr(), bare: bare.local_addr()? };
    let _bare = runtime.spawn(async move {
        let route = Router::new().route(NOTHING_PATH, post(nothing));
        // A socket that cannot be told still works.
        let bare = bare.tap_io(|stream| drop(stream.set_nodelay(true)));
        axum::serve(bare, route).await
    });
    settle(&node, &door);
    say(&opened)?;
    for line in io::stdin().lock().lines() {
        match line?.as_str() {
            SETTLE => say(&settle(&node, &door))?,
            LOOK => say(&look(&node, &door))?,
            other => return Err(io::Error::other(format!("asked for `{other}`")).into()),
        }
    }
    runtime.block_on(door.shutdown());
    node.stop()?;
    Ok(())
}

/// The yardstick: answers at once and looks at nothing.
async fn nothing() -> StatusCode {
    StatusCode::CREATED
}

fn say(what: &impl serde::Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&line)?;
    out.flush()
}

/// A year in the continuous phase, every account with its whole endowment and 10,000 €.
fn prepare(node: &NodeHandle, accounts: u32) -> Result<(), ExchangeFault> {
    let all = BasisPoints::new(10_000);
    let endowment = QuantityG::new(9_000_000);
    let opening = std::iter::once(Command::OpenPeriod { year: 2027, endowment, reserve: QuantityG::ZERO, cap: None });
    let accounts = (1..=u64::from(accounts)).flat_map(|number| {
        let account = AccountId::new(number);
        [
            Command::OpenAccount { account, share: all, household: HouseholdId::new(0) },
            Command::Deposit { account, amount: AmountUeur::new(10_000_000_000) },
        ]
    });
    let trading = [Command::AllotAll { fraction: all }, Command::SetPhase { phase: Phase::Continuous }];
    let mut under_way = VecDeque::with_capacity(WINDOW);
    for command in opening.chain(accounts).chain(trading) {
        if under_way.len() == WINDOW
            && let Some(oldest) = under_way.pop_front()
        {
            done(oldest)?;
        }
        under_way.push_back(node.submit(Submission::new(command, Role::Operator, 0))?);
    }
    under_way.into_iter().try_for_each(done)
}

fn done(pending: carbex_node::Pending<carbex_node::Receipt>) -> Result<(), ExchangeFault> {
    match pending.wait()?.outcome {
        Some(rejected @ Event::Rejected(_)) => Err(ExchangeFault::Rejected(rejected)),
        _ => Ok(()),
    }
}

/// Waits until the history index has read everything.
fn settle(node: &NodeHandle, door: &Running) -> Settled {
    let started = Instant::now();
    let first = look(node, door);
    let mut last = first;
    while last.behind_commands > 0 {
        std::thread::sleep(LOOK_EVERY);
        last = look(node, door);
    }
    Settled { behind_commands: first.behind_commands, waited_s: started.elapsed().as_secs_f64(), ..last }
}

/// How it stands.
fn look(node: &NodeHandle, door: &Running) -> Settled {
    let metrics = node.metrics();
    let counted = NodeCounted {
        commands: node.durable().number(),
        groups: metrics.groups,
        journal_commit_ns: LatencyNs::of(&metrics.journal_commit_ns),
        apply_ns: LatencyNs::of(&metrics.apply_ns),
        acknowledge_ns: LatencyNs::of(&metrics.acknowledge_ns),
    };
    let behind_commands = node.market().sequence.number().saturating_sub(door.history().sequence().number());
    Settled { behind_commands, waited_s: 0.0, node: counted }
}
