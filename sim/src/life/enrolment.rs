//! Enrolment: every resident's account is opened through the real queue; and learning: what a node already holds is read
//! from it, at the start and whenever its stream outran the life.

use std::time::Duration;

use carbex_core::{Command, Market, RestingOrder};
use carbex_node::Refusal;
use carbex_vocabulary::{AccountId, AmountUeur, BasisPoints, RejectCode, Sequence};

use super::{
    Life, LifeFault,
    knowledge::Knowledge,
    outbox::{by_bank, by_registry},
};

/// Accounts asked for in one question: a millisecond of the core's time.
const QUESTION_ACCOUNTS_MAX: usize = 2_048;
/// Commands on their way while accounts are opened: enough to keep the node busy, and far below what its queue holds.
const ON_THEIR_WAY_MAX: u64 = 4_096;
/// The charter gives everyone the same share.
const WHOLE_SHARE: BasisPoints = BasisPoints::new(10_000);
/// What a guest finds on the account, in µ€: 500 €, enough to buy for.
const GUEST_CASH: AmountUeur = AmountUeur::new(500_000_000);

impl Life {
    /// Opens the accounts that are not open yet, telling `progress` how many of all residents are. Returns when all are
    /// durable.
    ///
    /// # Errors
    /// `Stopping`; `TablesFull` if the directory was founded for fewer residents.
    pub fn enrol(&mut self, progress: &mut dyn FnMut(u64, u64)) -> Result<(), LifeFault> {
        let residents = self.options.population.residents();
        let all = residents.len() as u64;
        for (index, person) in residents.iter().enumerate() {
            if self.knowledge.is_open(index) {
                continue;
            }
            let command =
                Command::OpenAccount { account: person.account, share: WHOLE_SHARE, household: person.household };
            self.outbox.push(by_registry(command));
            if self.is_guest[index] {
                self.outbox.push(by_bank(Command::Deposit { account: person.account, amount: GUEST_CASH }));
            }
        }
        let (read_before, taken_before) = (self.read_up_to.number(), self.outbox.taken);
        while self.knowledge.opened < all {
            if self.knowledge.rejections.contains_key(&RejectCode::TableFull) {
                return Err(LifeFault::TablesFull { residents: all });
            }
            let taken = read_before + self.outbox.taken - taken_before;
            let on_their_way = taken.saturating_sub(self.read_up_to.number());
            if self.outbox.len() > 0 && on_their_way < ON_THEIR_WAY_MAX {
                self.outbox.offer()?;
            } else {
                std::thread::sleep(Duration::from_millis(1));
            }
            self.follow()?;
            progress(self.knowledge.opened.min(all), all);
        }
        Ok(())
    }

    /// Reads all accounts and orders from the node, whatever was believed before, and follows its stream from there.
    pub(super) fn learn(&mut self) -> Result<(), LifeFault> {
        let mut told = Knowledge::new(&self.options.population);
        let as_of = self.read_all(&mut told)?;
        self.knowledge.replace_accounts(told);
        self.stream = self.node.subscribe(Sequence::new(as_of.number() + 1))?;
        self.read_up_to = as_of;
        for (asked_g, holding) in self.asked_g.iter_mut().zip(self.knowledge.holdings()) {
            *asked_g = (*asked_g).max(u64::try_from(holding.consumed_g).unwrap_or(0));
        }
        Ok(())
    }

    /// Asks the node for all accounts and their orders at one instant, and says which.
    pub(super) fn read_all(&self, told: &mut Knowledge) -> Result<Sequence, LifeFault> {
        let residents = self.options.population.residents();
        loop {
            told.forget_all();
            let mut instants = Vec::new();
            for chunk in residents.chunks(QUESTION_ACCOUNTS_MAX) {
                let accounts: Vec<AccountId> = chunk.iter().map(|person| person.account).collect();
                let (instant, pictures) = self.ask_for(&accounts)?;
                instants.push(instant);
                for (account, fields, orders) in &pictures {
                    told.set(*account, fields, orders);
                }
            }
            // Pieces of one instant fit together; if somebody acted between two of them, once more.
            let Some(first) = instants.first() else { return Ok(self.node.market().sequence) };
            if instants.iter().all(|instant| instant == first) {
                return Ok(*first);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn ask_for(&self, accounts: &[AccountId]) -> Result<(Sequence, Vec<Picture>), LifeFault> {
        loop {
            let accounts = accounts.to_vec();
            match self.node.ask(move |market| picture(market, &accounts)).and_then(|pending| pending.wait()) {
                Ok(answer) => return Ok(answer),
                Err(Refusal::Stopping) => return Err(LifeFault::Stopping),
                // The queue of questions is full: others ask too.
                Err(
                    Refusal::Overloaded
                    | Refusal::SpaceLow
                    | Refusal::SpaceExhausted
                    | Refusal::KeyReused
                    | Refusal::KeysExhausted,
                ) => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }
}

type Picture = (AccountId, carbex_core::AccountFields, Vec<RestingOrder>);

fn picture(market: &Market, accounts: &[AccountId]) -> (Sequence, Vec<Picture>) {
    let known = accounts.iter().filter_map(|account| {
        market.account(*account).map(|fields| (*account, fields, market.orders_of(*account).collect()))
    });
    (market.sequence(), known.collect())
}
