//! A change of year over many slices on a running node: other commands are served meanwhile, and a restart in the middle of
//! it loses nothing.

mod exchange;

use carbex_core::{Capacities, Command, Market};
use carbex_node::{Follower, Node, NodeHandle, NodeOptions, Role, Silent, Submission};
use carbex_vocabulary::{AccountId, BasisPoints, DAY_NS, Event, HouseholdId, Phase, QuantityG, Sequence};
use exchange::{CAPACITIES, Exchange, RESIDENTS, debit, rules, state_hash, submit_all};

/// One account a tick: the change of year takes as many ticks as there are accounts.
const SLICED: Capacities = Capacities { slice_accounts: 1, ..CAPACITIES };

fn options(exchange: &Exchange) -> NodeOptions {
    exchange.options().founding(SLICED, rules())
}

fn by_regulator(command: Command) -> Submission {
    Submission::new(command, Role::Regulator, 1)
}

fn is_settling(node: &NodeHandle) -> bool {
    node.ask(Market::settling).expect("taken").wait().expect("an answer").is_some()
}

/// An exchange with every place of its table taken, on the last day of its first year.
fn full_table(exchange: &Exchange) -> NodeHandle {
    let node = Node::start(options(exchange), &Silent).expect("the node starts");
    exchange.open_year(&node);
    let opened: Vec<_> = (RESIDENTS + 1..=u64::from(SLICED.accounts))
        .map(|account| {
            let (account, household) = (AccountId::new(account), HouseholdId::new(0));
            by_regulator(Command::OpenAccount { account, share: BasisPoints::new(10_000), household })
        })
        .collect();
    submit_all(&node, &opened);
    exchange.pass_ns(265 * DAY_NS);
    while is_settling(&node) {
        std::thread::yield_now();
    }
    node
}

fn change_of_year() -> Vec<Submission> {
    let open = Command::OpenPeriod {
        year: 2028,
        endowment: QuantityG::new(8_800_000),
        reserve: QuantityG::new(1_000_000_000),
        cap: None,
    };
    let allot = Command::AllotAll { fraction: BasisPoints::new(10_000) };
    let commands = [
        Command::SetPhase { phase: Phase::Closed },
        Command::ClosePeriod,
        open,
        allot,
        Command::SetPhase { phase: Phase::Continuous },
    ];
    commands.map(by_regulator).to_vec()
}

fn replayed_hash(exchange: &Exchange, sequence: Sequence) -> [u8; 32] {
    let mut follower = Follower::genesis(&exchange.journal()).expect("the founding record");
    assert_eq!(follower.advance(sequence, &mut ()).expect("the replay"), sequence);
    follower.market().state_hash()
}

#[test]
fn debits_are_served_while_a_change_of_year_goes_on() {
    let exchange = Exchange::new();
    let node = full_table(&exchange);
    submit_all(&node, &change_of_year());
    let mut served = 0;
    while is_settling(&node) {
        let receipts = submit_all(&node, &[debit(1 + served % RESIDENTS, 1)]);
        assert!(matches!(receipts[0].outcome, Some(Event::Debited { .. })), "{receipts:?}");
        served += 1;
    }
    assert!(served > 3, "{served} debits while a thousand accounts were settled one by one");
    let (hash, durable) = (state_hash(&node), node.durable());
    node.stop().expect("a clean stop");
    assert_eq!(replayed_hash(&exchange, durable), hash);
}

#[test]
fn a_restart_in_the_middle_of_a_change_of_year_goes_on_with_it_and_ends_in_the_same_state() {
    let exchange = Exchange::new();
    let node = full_table(&exchange);
    submit_all(&node, &change_of_year());
    assert!(is_settling(&node), "the change of year is under way");
    let left_at = node.durable();
    node.stop().expect("a clean stop");

    let node = Node::start(NodeOptions { founding: None, ..options(&exchange) }, &Silent).expect("the node starts");
    let resumed_at = node.durable();
    assert!(resumed_at >= left_at);
    assert!(resumed_at.number() < left_at.number() + u64::from(SLICED.accounts), "the stop did not wait for its end");
    submit_all(&node, &[debit(7, 1)]);
    while is_settling(&node) {
        std::thread::yield_now();
    }
    let (hash, durable) = (state_hash(&node), node.durable());
    node.stop().expect("a clean stop");
    assert_eq!(replayed_hash(&exchange, durable), hash, "one run from the founding record on arrives there too");
}
