//! What the client asks for: a country's accounts first, then payments and orders without an end.

use std::time::{Duration, Instant};

use carbex_core::Command;
use carbex_node::{Batch, NodeHandle, Pending, Role, Submission};
use carbex_rules::RuleSet;
use carbex_vocabulary::{
    AccountId, AmountUeur, BasisPoints, DebitMode, HouseholdId, OrderId, Phase, PriceUeur, QuantityG, Side, TimeInForce,
};

use super::RestartFault;
use crate::client::{Client, ClientFault, push};

/// Commands under way at once at full speed.
pub(super) const UNDER_WAY_MAX: usize = 40_960;
const BATCH_COMMANDS: usize = 512;
/// Room in the book.
pub(super) const ORDERS_MAX: u32 = 1 << 20;
/// Orders that rest once the life is under way.
const RESTING: usize = 100_000;
/// Commands between two looks at the progress.
const TOLD_EVERY: u64 = 1 << 20;
const LOT_G: u64 = 1_000;
/// The touch: sells rest there, buys cross them.
const TOUCH_UEUR: u64 = 85_000;
/// Ticks on each side of the touch on which orders rest.
const DEEP_TICKS: u64 = 490;
const TICK_UEUR: u64 = 10;
/// A card payment.
const PAID_G: u64 = 120;
const ENDOWMENT_G: u64 = 9_000_000;
/// All accounts together stay below the money that the exchange holds, whatever their number.
const CASH_UEUR: u64 = 100_000_000;
/// Odd: multiplying by it spreads account numbers over 64 bits, as a real exchange's pseudonyms are.
const NUMBER_STEP: u64 = 0x9E37_79B9_7F4A_7C15;
/// How often it is asked whether all accounts have settled.
const ASK_EVERY: Duration = Duration::from_millis(20);

/// All checks are made, and none binds.
pub(super) fn rules() -> RuleSet {
    let text = "version = \"bench-restart\"\n[market]\nspread_ueur = 0\n[orders]\nmax_open_orders = 65535\n\
        max_orders_per_day = 16000000\nopposite_orders = \"allowed\"\n[sale]\nearned_surplus_only = false\n\
        subsistence_bp = 0\nsale_cap_bp = 4000000000\nresale = \"allowed\"\n[purchase]\n\
        holding_margin_bp = 4000000000\npurchase_cap_bp = 4000000000\n\
        [band]\nfloor_ueur = 80000\nceiling_ueur = 89990\n";
    carbex_rulebook::parse_toml(text).expect("the rules of the benchmark are consistent")
}

/// Steps of the life.
#[derive(Clone, Copy)]
enum Step {
    Pay,
    RestDeep,
    RestAtTouch,
    Cross,
    Cancel,
}

/// Of ten commands four are payments, two rest, two are cancels, one rests at the touch and one takes it.
const PATTERN: [Step; 10] = [
    Step::Pay,
    Step::RestDeep,
    Step::Pay,
    Step::Cancel,
    Step::RestAtTouch,
    Step::Pay,
    Step::Cross,
    Step::RestDeep,
    Step::Pay,
    Step::Cancel,
];

/// The commands' source. It knows the number of every order because nobody else submits while orders are placed.
pub(super) struct Life {
    accounts: u64,
    random: u64,
    /// The sequence of the next command.
    next: u64,
    /// Orders away from the touch: number and owner.
    resting: Vec<(u64, AccountId)>,
    step: usize,
}

impl Life {
    pub(super) fn new(accounts: u32) -> Self {
        Self { accounts: u64::from(accounts), random: 1, next: 0, resting: Vec::new(), step: 0 }
    }

    /// Opens and funds the accounts, allots to all of them, waits until all have it, and fills the book. `told` hears how many
    /// accounts are open.
    pub(super) fn open(
        &mut self,
        node: &NodeHandle,
        told: &mut dyn FnMut(u64) -> Result<(), RestartFault>,
    ) -> Result<(), RestartFault> {
        let open_period = Command::OpenPeriod {
            year: 2027,
            endowment: QuantityG::new(ENDOWMENT_G),
            reserve: QuantityG::ZERO,
            cap: None,
        };
        let (accounts, households) = (self.accounts, (self.accounts * 9 / 20).max(1));
        let enrolments = (0..accounts).flat_map(|place| {
            let household = HouseholdId::new(place.wrapping_mul(NUMBER_STEP) % households + 1);
            let account = account(place);
            [
                Command::OpenAccount { account, share: BasisPoints::new(10_000), household },
                Command::Deposit { account, amount: AmountUeur::new(CASH_UEUR) },
            ]
        });
        let allot = Command::AllotAll { fraction: BasisPoints::new(10_000) };
        let set_phase = Command::SetPhase { phase: Phase::Continuous };
        let commands = std::iter::once(open_period).chain(enrolments).chain([allot, set_phase]);
        submit_all(node, Client::new(node, UNDER_WAY_MAX), commands, &mut |done| told(done / 2))?;
        let settling = || node.ask(|market| market.settling().is_some()).and_then(Pending::wait);
        while settling().map_err(ClientFault::from)? {
            std::thread::sleep(ASK_EVERY);
        }
        self.resting.reserve(RESTING + BATCH_COMMANDS);
        self.join(node);
        let client = Client::alone_from(node, UNDER_WAY_MAX, self.next);
        let orders: Vec<Command> = (0..RESTING)
            .map(|_| {
                let order = self.rest_deep();
                self.next += 1;
                order
            })
            .collect();
        submit_all(node, client, orders.into_iter(), &mut |_| Ok(()))
    }

    /// Sends that many commands at full speed. `told` hears how many.
    pub(super) fn run(
        &mut self,
        node: &NodeHandle,
        commands: u64,
        told: &mut dyn FnMut(u64),
    ) -> Result<(), RestartFault> {
        self.join(node);
        let client = Client::alone_from(node, UNDER_WAY_MAX, self.next);
        let commands = (0..commands).map(|_| self.command());
        submit_all(node, client, commands, &mut |done| {
            told(done);
            Ok(())
        })
    }

    /// From here on the node's next command is this life's.
    pub(super) fn join(&mut self, node: &NodeHandle) {
        self.next = node.durable().number() + 1;
    }

    /// The number of its next command.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// So many commands of the life as a batch.
    pub(super) fn batch(&mut self, node: &NodeHandle, commands: usize) -> Batch {
        let mut batch = node.batch();
        for _ in 0..commands {
            push(&mut batch, &submission(self.command()));
        }
        batch
    }

    fn command(&mut self) -> Command {
        let command = match PATTERN[self.step] {
            Step::Pay => {
                Command::Debit { account: self.anyone(), quantity: QuantityG::new(PAID_G), mode: DebitMode::Authorise }
            }
            Step::RestDeep => self.rest_deep(),
            Step::RestAtTouch => self.place(Side::Sell, TOUCH_UEUR),
            Step::Cross => self.place(Side::Buy, TOUCH_UEUR),
            Step::Cancel => {
                let place = self.below(self.resting.len() as u64) as usize;
                let (order, account) = self.resting.swap_remove(place);
                Command::Cancel { account, order: OrderId::new(order) }
            }
        };
        self.step = (self.step + 1) % PATTERN.len();
        self.next += 1;
        command
    }

    fn rest_deep(&mut self) -> Command {
        let away_ueur = (1 + self.below(DEEP_TICKS)) * TICK_UEUR;
        let (side, price_ueur) =
            if self.below(2) == 0 { (Side::Sell, TOUCH_UEUR + away_ueur) } else { (Side::Buy, TOUCH_UEUR - away_ueur) };
        let order = self.place(side, price_ueur);
        if let Command::Place { account, .. } = order {
            self.resting.push((self.next, account));
        }
        order
    }

    fn place(&mut self, side: Side, price_ueur: u64) -> Command {
        Command::Place {
            account: self.anyone(),
            client_order_id: None,
            side,
            quantity: QuantityG::new(LOT_G),
            price: PriceUeur::new(price_ueur),
            tif: TimeInForce::Gtc,
        }
    }

    fn anyone(&mut self) -> AccountId {
        account(self.below(self.accounts))
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) % bound
    }
}

fn account(place: u64) -> AccountId {
    AccountId::new((place + 1).wrapping_mul(NUMBER_STEP))
}

fn submission(command: Command) -> Submission {
    Submission::new(command, Role::Citizen, 1)
}

/// Submits everything at full speed and looks at every answer. `told` hears now and then how many were sent.
fn submit_all(
    node: &NodeHandle,
    mut client: Client<'_>,
    commands: impl Iterator<Item = Command>,
    told: &mut dyn FnMut(u64) -> Result<(), RestartFault>,
) -> Result<(), RestartFault> {
    let mut commands = commands.peekable();
    let mut sent = 0_u64;
    while commands.peek().is_some() {
        let mut batch = node.batch();
        for command in commands.by_ref().take(BATCH_COMMANDS) {
            push(&mut batch, &submission(command));
            sent += 1;
            if sent.is_multiple_of(TOLD_EVERY) {
                told(sent)?;
            }
        }
        client.submit(batch, Instant::now(), &mut |_| {})?;
    }
    told(sent)?;
    Ok(client.finish(&mut |_| {})?)
}
