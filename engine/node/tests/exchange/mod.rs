//! A small exchange to test the node with: 50 residents in a continuous market, on a clock moved by hand.
#![allow(dead_code, reason = "every test binary uses its part of it")]

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use carbex_core::{Capacities, Command};
use carbex_node::{ClockSource, Node, NodeHandle, NodeOptions, Receipt, Role, Silent, Submission};
use carbex_rules::RuleSet;
use carbex_vocabulary::{
    AccountId, AmountUeur, BasisPoints, DAY_NS, DebitMode, HouseholdId, OrderId, Phase, PriceUeur, QuantityG, Side,
    TimeInForce,
};
use tempfile::TempDir;

/// Midnight in Paris, 1 January 2027.
pub const YEAR_START_NS: u64 = 1_798_758_000_000_000_000;
/// The residents' accounts are 1 to this.
pub const RESIDENTS: u64 = 50;
/// Tables with room to spare.
pub const CAPACITIES: Capacities = Capacities { accounts: 1_000, orders: 10_000, slice_accounts: u32::MAX };

/// A data directory and the hand of its clock.
pub struct Exchange {
    pub data: TempDir,
    hand: Arc<AtomicU64>,
}

impl Exchange {
    /// An empty directory; the clock stands at the opening of the year.
    pub fn new() -> Self {
        let data = tempfile::tempdir().expect("a directory for the test");
        Self { data, hand: Arc::new(AtomicU64::new(YEAR_START_NS)) }
    }

    /// Lets market time pass.
    pub fn pass_ns(&self, duration_ns: u64) {
        self.hand.fetch_add(duration_ns, Ordering::AcqRel);
    }

    /// Options over this directory, founding it under the continuous preset if need be.
    pub fn options(&self) -> NodeOptions {
        NodeOptions {
            clock: ClockSource::Manual(Arc::clone(&self.hand)),
            snapshot_every_commands: 0,
            snapshot_on_stop: false,
            ..NodeOptions::new(self.data.path()).founding(CAPACITIES, rules())
        }
    }

    pub fn journal(&self) -> std::path::PathBuf {
        self.options().journal_directory()
    }

    pub fn start(&self) -> NodeHandle {
        self.start_with(|options| options)
    }

    pub fn start_with(&self, change: impl FnOnce(NodeOptions) -> NodeOptions) -> NodeHandle {
        Node::start(change(self.options()), &Silent).expect("the node starts")
    }

    /// A running exchange on the hundredth day of its first year, every resident with points and euros.
    pub fn start_alive(&self) -> NodeHandle {
        let node = self.start();
        self.open_year(&node);
        node
    }

    /// Opens the year, gives everyone points and euros, and lets a hundred days pass.
    pub fn open_year(&self, node: &NodeHandle) {
        submit_all(node, &opening());
        self.pass_ns(100 * DAY_NS);
    }
}

/// The continuous preset.
pub fn rules() -> RuleSet {
    carbex_rulebook::preset("continuous").expect("the preset is there").rulebook().rules
}

/// What opens the year.
pub fn opening() -> Vec<Submission> {
    let mut commands = vec![Command::OpenPeriod {
        year: 2027,
        endowment: QuantityG::new(9_000_000),
        reserve: QuantityG::new(1_000_000_000),
        cap: None,
    }];
    for account in (1..=RESIDENTS).map(AccountId::new) {
        commands.push(Command::OpenAccount {
            account,
            share: BasisPoints::new(10_000),
            household: HouseholdId::new(0),
        });
        commands.push(Command::Deposit { account, amount: AmountUeur::new(10_000_000_000) });
    }
    commands.push(Command::AllotAll { fraction: BasisPoints::new(10_000) });
    // Two tonnes each: who has used nothing may neither sell much nor buy.
    commands.extend((1..=RESIDENTS).map(|account| debit(account, 2_000_000).command));
    commands.push(Command::FundTreasury { amount: AmountUeur::new(1_000_000_000_000) });
    commands.push(Command::SetPhase { phase: Phase::Continuous });
    commands.into_iter().map(|command| Submission::new(command, Role::Regulator, 1)).collect()
}

/// A sell of some lots by a resident.
pub fn sell(account: u64, quantity_g: u64, price_ueur: u64) -> Submission {
    place(account, Side::Sell, quantity_g, price_ueur)
}

/// A buy of some lots by a resident.
pub fn buy(account: u64, quantity_g: u64, price_ueur: u64) -> Submission {
    place(account, Side::Buy, quantity_g, price_ueur)
}

fn place(account: u64, side: Side, quantity_g: u64, price_ueur: u64) -> Submission {
    let command = Command::Place {
        account: AccountId::new(account),
        client_order_id: None,
        side,
        quantity: QuantityG::new(quantity_g),
        price: PriceUeur::new(price_ueur),
        tif: TimeInForce::Gtc,
    };
    Submission::new(command, Role::Citizen, account)
}

/// A purchase of daily life.
pub fn debit(account: u64, quantity_g: u64) -> Submission {
    let account_id = AccountId::new(account);
    let command =
        Command::Debit { account: account_id, quantity: QuantityG::new(quantity_g), mode: DebitMode::Authorise };
    Submission::new(command, Role::Bank, 900)
}

/// The withdrawal of an order.
pub fn cancel(account: u64, order: u64) -> Submission {
    let command = Command::Cancel { account: AccountId::new(account), order: OrderId::new(order) };
    Submission::new(command, Role::Citizen, account)
}

/// A day in the life of the residents, the same for the same seed; every command has a key of its own.
pub fn life(seed: u64, count: u64) -> Vec<Submission> {
    let mut random = fastrand::Rng::with_seed(seed);
    (1..=count)
        .map(|number| {
            let account = random.u64(1..=RESIDENTS);
            let lots_g = random.u64(1..=20) * 1_000;
            let price_ueur = random.u64(9_000..=11_000) * 10;
            let submission = match random.u8(0..100) {
                0..40 => debit(account, random.u64(1..=20_000)),
                40..65 => sell(account, lots_g, price_ueur),
                65..90 => buy(account, lots_g, price_ueur),
                90..98 => cancel(account, random.u64(1..=count)),
                _ => Submission::new(Command::Tick, Role::Operator, 1),
            };
            submission.with_key(u128::from(seed) << 64 | u128::from(number))
        })
        .collect()
}

/// Submits all, then waits for every receipt.
pub fn submit_all(node: &NodeHandle, submissions: &[Submission]) -> Vec<Receipt> {
    let pending: Vec<_> = node.submit_many(submissions);
    pending.into_iter().map(|pending| pending.expect("taken").wait().expect("a receipt")).collect()
}

/// The canonical hash of the exact state.
pub fn state_hash(node: &NodeHandle) -> [u8; 32] {
    node.ask(|market| market.state_hash()).expect("taken").wait().expect("an answer")
}
