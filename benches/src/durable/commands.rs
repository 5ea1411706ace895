//! What the client asks for: accounts first, then the balanced mix without an end.

use carbex_core::Command;
use carbex_node::{Batch, NodeHandle, Pending, Role, Submission};
use carbex_vocabulary::{
    AccountId, AmountUeur, BasisPoints, HouseholdId, OrderId, Phase, PriceUeur, QuantityG, Side, TimeInForce,
};

use super::{DurableFault, DurableOptions};

/// One lot, in grams.
const LOT_G: u64 = 1_000;
/// The touch: sells rest there, buys cross them.
const TOUCH_UEUR: u64 = 85_000;
/// Ticks on each side of the touch on which orders rest.
const DEEP_TICKS: u64 = 490;
const TICK_UEUR: u64 = 10;
/// Odd: multiplying by it spreads account numbers over 64 bits, as a real exchange's pseudonyms are.
const NUMBER_STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// The commands' source. It knows the number of every order, because nobody else submits.
pub(super) struct Mix {
    accounts: u64,
    random: u64,
    /// The sequence of the next command.
    next: u64,
    /// Orders away from the touch: number and owner.
    resting: Vec<(u64, AccountId)>,
    /// Place in the pattern of ten.
    step: usize,
    submission: Submission,
}

/// What one step of the pattern does.
#[derive(Clone, Copy)]
enum Step {
    RestDeep,
    RestAtTouch,
    Cross,
    Cancel,
}

const PATTERN: [Step; 10] = [
    Step::RestDeep,
    Step::RestAtTouch,
    Step::Cancel,
    Step::Cross,
    Step::RestDeep,
    Step::Cancel,
    Step::RestAtTouch,
    Step::Cross,
    Step::RestDeep,
    Step::Cancel,
];

impl Mix {
    /// Opens and funds the accounts and fills the book.
    pub(super) fn prepare(node: &NodeHandle, options: &DurableOptions) -> Result<Self, DurableFault> {
        let mut mix = Self {
            accounts: u64::from(options.accounts),
            random: 1,
            next: node.durable().number() + 1,
            resting: Vec::with_capacity(options.resting_orders as usize + 1),
            step: 0,
            submission: Submission::new(Command::Tick, Role::Citizen, 0),
        };
        let open_period = Command::OpenPeriod {
            year: 2027,
            endowment: QuantityG::new(9_000_000),
            reserve: QuantityG::ZERO,
            cap: None,
        };
        let mut commands = std::iter::once(open_period)
            .chain((0..mix.accounts).flat_map(|place| {
                let account = account(place);
                let open =
                    Command::OpenAccount { account, share: BasisPoints::new(10_000), household: HouseholdId::new(0) };
                [open, Command::Deposit { account, amount: AmountUeur::new(10_000_000_000) }]
            }))
            .chain([
                Command::AllotAll { fraction: BasisPoints::new(10_000) },
                Command::SetPhase { phase: Phase::Continuous },
            ]);
        loop {
            let batch = mix.batch_of(node, (&mut commands).take(options.batch_commands));
            if batch.is_empty() {
                break;
            }
            wait(submit(node, batch)?)?;
        }
        while mix.resting.len() < options.resting_orders as usize {
            let mut batch = node.batch();
            for _ in 0..options.batch_commands {
                let command = mix.rest_deep();
                mix.push(&mut batch, command);
            }
            wait(submit(node, batch)?)?;
        }
        Ok(mix)
    }

    fn batch_of(&mut self, node: &NodeHandle, commands: impl Iterator<Item = Command>) -> Batch {
        let mut batch = node.batch();
        for command in commands {
            self.push(&mut batch, command);
        }
        batch
    }

    /// A batch of the mix.
    pub(super) fn batch(&mut self, node: &NodeHandle, commands: usize) -> Batch {
        let mut batch = node.batch();
        for _ in 0..commands {
            let command = match PATTERN[self.step] {
                Step::RestDeep => self.rest_deep(),
                Step::RestAtTouch => self.place(Side::Sell, TOUCH_UEUR),
                Step::Cross => self.place(Side::Buy, TOUCH_UEUR),
                Step::Cancel => self.cancel(),
            };
            self.step = (self.step + 1) % PATTERN.len();
            self.push(&mut batch, command);
        }
        batch
    }

    fn push(&mut self, batch: &mut Batch, command: Command) {
        self.submission.command = command;
        self.submission.actor = self.next;
        // A batch takes as many commands as the queue holds, which is more than any asked for here.
        let _ = batch.push(&self.submission);
        self.next += 1;
    }

    fn rest_deep(&mut self) -> Command {
        let away_ueur = (1 + self.below(DEEP_TICKS)) * TICK_UEUR;
        let command = if self.below(2) == 0 {
            self.place(Side::Sell, TOUCH_UEUR + away_ueur)
        } else {
            self.place(Side::Buy, TOUCH_UEUR - away_ueur)
        };
        if let Command::Place { account, .. } = command {
            self.resting.push((self.next, account));
        }
        command
    }

    fn place(&mut self, side: Side, price_ueur: u64) -> Command {
        Command::Place {
            account: account(self.below(self.accounts)),
            client_order_id: None,
            side,
            quantity: QuantityG::new(LOT_G),
            price: PriceUeur::new(price_ueur),
            tif: TimeInForce::Gtc,
        }
    }

    fn cancel(&mut self) -> Command {
        let place = self.below(self.resting.len() as u64) as usize;
        let (order, account) = self.resting.swap_remove(place);
        Command::Cancel { account, order: OrderId::new(order) }
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

/// A batch's answers on their way.
pub(super) type InFlight = Pending<carbex_node::Answers>;

/// Submits a batch, again and again while the queue is full.
pub(super) fn submit(node: &NodeHandle, mut batch: Batch) -> Result<InFlight, DurableFault> {
    loop {
        match node.submit_batch(batch) {
            Ok(pending) => return Ok(pending),
            Err(refused) if refused.refusal == carbex_node::Refusal::Overloaded => {
                batch = refused.batch;
                std::thread::yield_now();
            }
            Err(refused) => return Err(DurableFault::Refused(refused.refusal)),
        }
    }
}

/// Waits for a batch's answers and looks at each; tells how many there are.
pub(super) fn wait(pending: InFlight) -> Result<u64, DurableFault> {
    check(pending.wait())
}

/// Looks at every answer.
pub(super) fn check(answers: Result<carbex_node::Answers, carbex_node::Refusal>) -> Result<u64, DurableFault> {
    let answers = answers.map_err(DurableFault::Refused)?;
    for answer in &answers {
        if let Err(refusal) = answer {
            return Err(DurableFault::Refused(*refusal));
        }
    }
    Ok(answers.len() as u64)
}
