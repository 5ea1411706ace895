//! How many accounts there are, and what money each is given so that no buy is refused for want of it.

use carbex_vocabulary::{AmountUeur, Side};

use crate::BenchFault;
use crate::terms::{CITIZENS_MONEY_UEUR, PriceScale};
use crate::workload::{AccountIndex, OperationKind, Operations};

/// The accounts and their cash.
pub(crate) struct Funding {
    /// Accounts 0 to this, not included.
    dense: u32,
    /// Accounts of the workload beyond those, ascending.
    beyond: Vec<AccountIndex>,
    cash: Cash,
}

enum Cash {
    /// The same for all.
    Equal(AmountUeur),
    /// What its buys need, for each: some need more than an equal share.
    Needed(Vec<u64>),
}

impl Funding {
    /// `accounts` accounts with an equal share of the citizens' money.
    pub fn equal(accounts: u32) -> Self {
        let share_ueur = CITIZENS_MONEY_UEUR / u64::from(accounts.max(1));
        Self { dense: accounts, beyond: Vec::new(), cash: Cash::Equal(AmountUeur::new(share_ueur)) }
    }

    /// `accounts` accounts and all that the operations name beyond them. Each has an equal share if that pays for all its
    /// buys at their limits; else each has what its own need.
    pub fn for_operations(accounts: u32, operations: &Operations) -> Result<Self, BenchFault> {
        let news = || operations.all().filter(|operation| operation.kind() == OperationKind::New);
        let mut beyond: Vec<AccountIndex> =
            news().map(|new| new.account()).filter(|account| account.place() >= accounts).collect();
        beyond.sort_unstable();
        beyond.dedup();
        let all = u64::from(accounts) + beyond.len() as u64;
        let count = u32::try_from(all).map_err(|_| BenchFault::TooManyAccounts { accounts: all })?;
        let mut funding = Self { beyond, ..Self::equal(count) };
        funding.dense = accounts;

        let scale = PriceScale::of(operations.band);
        let mut needed = vec![0_u64; count as usize];
        let (mut total_ueur, mut most_ueur) = (0_u128, 0_u64);
        for buy in news().filter(|new| new.side() == Side::Buy) {
            let value_ueur = scale.price(buy.price_tick()).ueur() * u64::from(buy.quantity_lots());
            total_ueur += u128::from(value_ueur);
            let of_account = &mut needed[funding.place(buy.account())];
            *of_account = of_account.saturating_add(value_ueur);
            most_ueur = most_ueur.max(*of_account);
        }
        if most_ueur <= funding.cash(0).ueur() {
            return Ok(funding);
        }
        if total_ueur > u128::from(CITIZENS_MONEY_UEUR) {
            return Err(BenchFault::TooMuchMoney { needed_ueur: total_ueur, held_ueur: CITIZENS_MONEY_UEUR });
        }
        Ok(Self { cash: Cash::Needed(needed), ..funding })
    }

    /// How many accounts.
    pub fn accounts(&self) -> u32 {
        self.dense + self.beyond.len() as u32
    }

    /// The account that is opened at a place of the table.
    pub fn account(&self, place: u32) -> AccountIndex {
        match place.checked_sub(self.dense) {
            None => AccountIndex::new(place),
            Some(beyond) => self.beyond[beyond as usize],
        }
    }

    /// Where an account of the workload lies in the table.
    fn place(&self, account: AccountIndex) -> usize {
        if account.place() < self.dense {
            return account.place() as usize;
        }
        self.dense as usize + self.beyond.partition_point(|other| *other < account)
    }

    /// What the account at a place is given: something always, so that every account has had its deposit.
    pub fn cash(&self, place: u32) -> AmountUeur {
        match &self.cash {
            Cash::Equal(share) => *share,
            Cash::Needed(needed) => AmountUeur::new(needed[place as usize].max(1)),
        }
    }
}
