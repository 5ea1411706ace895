//! A small France lives a whole budget year on a real node, faster than any demonstration.

use std::{
    collections::HashSet,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use carbex_core::{Capacities, Market};
use carbex_node::{ClockSource, Node, NodeHandle, NodeOptions, Silent};
use carbex_rulebook::{Rulebook, preset};
use carbex_sim::{
    life::{Life, LifeOptions},
    population::{Population, SeasonTable},
};
use carbex_vocabulary::{DAY_NS, Phase, RejectCode, TimestampNs};

const RESIDENTS: u32 = 2_000;
/// 2027-01-01T00:00:00 in Paris.
const NEW_YEAR: TimestampNs = TimestampNs::new(1_798_758_000 * 1_000_000_000);
const YEAR: Duration = Duration::from_secs(5);
/// Far more than a year needs, even on a machine that does other things.
const PATIENCE: Duration = Duration::from_secs(120);

/// What rules may answer to people who misjudge, or whose order was filled or frozen while they changed their mind. Anything
/// else would be a mistake of the simulator's.
const EXPECTED: [RejectCode; 14] = [
    RejectCode::NotYetEarned,
    RejectCode::InsufficientPoints,
    RejectCode::SubsistenceFloor,
    RejectCode::ResaleForbidden,
    RejectCode::SaleCap,
    RejectCode::HoldingCap,
    RejectCode::PurchaseCap,
    RejectCode::InsufficientFunds,
    RejectCode::OverdraftLimit,
    RejectCode::DeficitOpen,
    RejectCode::UnknownOrder,
    RejectCode::CancelFrozen,
    RejectCode::MarketClosed,
    RejectCode::OppositeOrderOpen,
];

fn charter() -> Rulebook {
    preset("charter").expect("the charter is a preset").rulebook()
}

fn start(data: &Path, clock: ClockSource) -> NodeHandle {
    start_with_queue(data, clock, 16_384)
}

fn start_with_queue(data: &Path, clock: ClockSource, queue_commands_max: usize) -> NodeHandle {
    let capacities = Capacities { accounts: RESIDENTS, orders: 4 * RESIDENTS, slice_accounts: u32::MAX };
    let options = NodeOptions {
        clock,
        queue_commands_max,
        snapshot_every_commands: 0,
        snapshot_on_stop: false,
        ..NodeOptions::new(data).founding(capacities, charter().rules)
    };
    Node::start(options, &Silent).expect("the node starts")
}

fn scaled_clock() -> ClockSource {
    let year_ns = 365 * DAY_NS;
    ClockSource::Scaled { start: NEW_YEAR, scale: year_ns / u64::try_from(YEAR.as_nanos()).unwrap() }
}

fn options(guests: usize) -> LifeOptions {
    let Rulebook { rules, trajectory, .. } = charter();
    let population = Population::draw(RESIDENTS, 7);
    let guests = population.residents().iter().take(guests).map(|person| person.account).collect();
    LifeOptions { population, seed: 7, rules, trajectory, opens_at: NEW_YEAR, guests }
}

fn live(node: &NodeHandle, until: impl Fn(&Life) -> bool) -> Life {
    let mut life = Life::begin(node.clone(), options(3)).expect("the life begins");
    life.enrol(&mut |_, _| {}).expect("everyone is enrolled");
    let begun = Instant::now();
    while !until(&life) {
        assert!(begun.elapsed() < PATIENCE, "the life stands still: {:?}", life.status().lock().unwrap());
        if !life.turn().expect("the life goes on") {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    life
}

fn ask<T: Send + 'static>(node: &NodeHandle, question: impl FnOnce(&Market) -> T + Send + 'static) -> T {
    node.ask(question).expect("a question is taken").wait().expect("it is answered")
}

/// Both sums of the market specification, section 3.
fn assert_conserved(node: &NodeHandle) {
    let (points_g, cash_ueur) = ask(node, |market| {
        market.accounts().fold((0_i64, 0_i64), |(points_g, cash_ueur), (_, fields)| {
            (points_g + fields.allotted_g + fields.purchased_g, cash_ueur + fields.cash_ueur)
        })
    });
    let public = node.market().market.public;
    assert_eq!(
        points_g + public.inventory_g + public.reserve_g + public.retired_g + public.expired_g + public.deficit_g,
        public.issued_g,
        "points are conserved"
    );
    assert_eq!(cash_ueur + public.treasury_ueur, public.deposited_ueur - public.withdrawn_ueur, "euros are conserved");
    assert!(public.inventory_g >= 0, "the available volume is never oversold");
}

#[test]
fn a_year_of_life_trades_moves_the_price_turns_and_replays_to_the_same_state() {
    let directory = tempfile::tempdir().unwrap();
    let node = start(directory.path(), scaled_clock());
    let prices = std::sync::Mutex::new(HashSet::new());
    let phases = std::sync::Mutex::new(HashSet::new());
    let watched = node.clone();
    let life = live(&node, |life| {
        let market = watched.market();
        prices.lock().unwrap().insert(market.market.sale.price_ueur);
        phases.lock().unwrap().insert(market.phase);
        // The second year is well under way.
        let status = life.status();
        let years_closed = status.lock().unwrap().years_closed;
        years_closed == 1 && market.market.period.is_some_and(|period| period.day > 30)
    });

    let (status, mut life) = (life.status().lock().unwrap().clone(), life);
    life.settle().expect("what is on its way arrives");
    assert_conserved(&node);
    life.knowledge_agrees().expect("the life believes what the market holds");

    let period = node.market().market.period.expect("the next year is open");
    assert_eq!((period.year, period.endowment_g), (2028, 8_460_000));
    assert!(status.turnover.trades > 500, "{status:?}");
    assert!(status.turnover.sold_g > 0 && status.turnover.bought_g > 0, "{status:?}");
    assert!(prices.lock().unwrap().len() > 20, "the price moves: {:?}", prices.lock().unwrap());
    for phase in [Phase::Posted, Phase::Auction] {
        assert!(phases.lock().unwrap().contains(&phase), "{phase:?} was never seen");
    }
    for (code, times) in &status.rejections {
        let expected = EXPECTED.iter().any(|expected| expected.name() == *code);
        assert!(expected, "{code} was answered {times} times");
    }
    let consumed_g = node.market().market.public.retired_g;
    assert!(consumed_g as f64 > 0.8 * 9e6 * f64::from(RESIDENTS), "nearly everything was debited: {consumed_g} g");

    let live_hash = ask(&node, Market::state_hash);
    node.stop().expect("a clean stop");
    drop((life, node));
    let replayed = start(directory.path(), ClockSource::Manual(Arc::default()));
    assert_eq!(ask(&replayed, Market::state_hash), live_hash, "the journal replays to the same state");
    replayed.stop().expect("a clean stop");
}

#[test]
fn a_life_takes_up_a_market_that_is_under_way() {
    let directory = tempfile::tempdir().unwrap();
    let node = start(directory.path(), scaled_clock());
    let day = |node: &NodeHandle| node.market().market.period.map_or(0, |period| period.day);
    let watched = node.clone();
    let first = live(&node, move |_| day(&watched) > 100);
    let trades = first.status().lock().unwrap().turnover.trades;
    drop(first);
    let accounts = node.market().market.accounts;
    let watched = node.clone();
    let mut second = live(&node, move |_| day(&watched) > 200);
    second.settle().expect("what is on its way arrives");
    assert!(trades > 0 && second.status().lock().unwrap().turnover.trades > 0);
    assert_eq!(node.market().market.accounts, accounts, "nobody is enrolled twice");
    assert_conserved(&node);
    second.knowledge_agrees().expect("the second life believes what the market holds");
    node.stop().expect("a clean stop");
}

#[test]
fn guests_consume_but_nobody_trades_for_them() {
    let directory = tempfile::tempdir().unwrap();
    let node = start(directory.path(), scaled_clock());
    let watched = node.clone();
    let mut life = live(&node, move |_| watched.market().market.period.is_some_and(|period| period.day > 120));
    life.settle().expect("what is on its way arrives");
    let guests = options(3).guests;
    for guest in guests {
        let fields = ask(&node, move |market| market.account(guest)).expect("guests have accounts");
        assert!(fields.consumed_g > 0);
        assert_eq!((fields.sold_g, fields.bought_g, fields.open_sell_g, fields.open_buy_g), (0, 0, 0, 0));
        assert_eq!(fields.cash_ueur, 500_000_000);
    }
    node.stop().expect("a clean stop");
}

/// Lets a life on a clock set by hand do everything that is due.
fn catch_up(life: &mut Life) {
    while life.turn().expect("the life goes on") {}
    life.settle().expect("what is on its way arrives");
}

#[test]
fn a_life_that_fell_behind_merges_weeks_and_loses_no_consumption() {
    let directory = tempfile::tempdir().unwrap();
    let hand = Arc::new(AtomicU64::new(NEW_YEAR.ns()));
    let node = start(directory.path(), ClockSource::Manual(Arc::clone(&hand)));
    let mut life = Life::begin(node.clone(), options(0)).expect("the life begins");
    life.enrol(&mut |_, _| {}).expect("everyone is enrolled");
    catch_up(&mut life);
    assert_eq!(life.status().lock().unwrap().merged, 0);

    // Ten weeks at once: a machine that slept.
    hand.fetch_add(70 * DAY_NS, Ordering::Release);
    catch_up(&mut life);
    let status = life.status().lock().unwrap().clone();
    assert!(status.merged >= 8 * u64::from(RESIDENTS), "{status:?}");

    // A week later everyone had the visit that takes the weeks missed.
    hand.fetch_add(8 * DAY_NS, Ordering::Release);
    catch_up(&mut life);
    let seasons = SeasonTable::new(365);
    let population = options(0).population;
    // Whoever emits more has used up the endowment by then, and is refused.
    let within_endowment = population.residents().iter().filter(|person| person.footprint_g < 40_000_000);
    for person in within_endowment {
        let account = person.account;
        let fields = ask(&node, move |market| market.account(account)).expect("a resident has an account");
        let emitted_g =
            |day: f64| (person.footprint_g as f64 * seasons.emitted_share(person.season, day / 365.0)) as i64;
        let possible_g = emitted_g(70.0) - 1..=emitted_g(78.0) + 1;
        assert!(possible_g.contains(&fields.consumed_g), "{account}: {} g of {possible_g:?}", fields.consumed_g);
    }
    assert_conserved(&node);
    node.stop().expect("a clean stop");
}

#[test]
fn a_queue_that_overflows_is_waited_for_and_nothing_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let node = start_with_queue(directory.path(), scaled_clock(), 64);
    let watched = node.clone();
    let mut life = live(&node, move |_| watched.market().market.period.is_some_and(|period| period.day > 60));
    life.settle().expect("what is on its way arrives");
    let status = life.status().lock().unwrap().clone();
    assert!(status.refused > 0, "64 places are too few: {status:?}");
    assert_eq!(node.market().market.accounts, u64::from(RESIDENTS));
    assert_conserved(&node);
    life.knowledge_agrees().expect("the life believes what the market holds");
    node.stop().expect("a clean stop");
}
