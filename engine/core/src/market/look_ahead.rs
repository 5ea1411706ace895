//! Looking ahead: what commands to come will touch is brought nearer while those before them are applied.
//!
//! At the size of France every account, order and index entry lies in memory, a hundred nanoseconds away, and each look depends
//! on the one before: the index tells the account, the account its orders, an order its neighbours. A caller that knows its next
//! commands takes these steps some commands ahead, one after the other, so that their waiting overlaps. Nothing here changes
//! the state or an answer: a command applied without having been looked at gives the same events.

use carbex_vocabulary::{AccountId, OrderId, Phase, Side};

use super::Market;
use super::continuous::other;
use crate::Command;

/// How many resting orders an order that crosses is taken to meet.
const MET_MAX: usize = 3;

impl Command {
    /// The order that it names, if it names one.
    #[inline]
    const fn order(&self) -> Option<OrderId> {
        if let Self::Cancel { order, .. } | Self::Replace { order, .. } = self { Some(*order) } else { None }
    }
}

/// How many commands are looked at together: their addresses first, then their lines one right after the other, so that the
/// processor finds all their pages at once. Between two lines, a command's worth of other work would let it see only one.
const TOGETHER: usize = 8;

impl Market {
    /// Called before command number `at` of a list is applied, for every `at` in order from 0: looks at the commands behind it,
    /// in three steps of [`TOGETHER`] commands each, so that what one step asks for has come when the next needs it. The list
    /// may have grown since the last call; nothing beyond it is known, so 32 commands at hand serve best.
    #[inline]
    pub fn look_ahead(&mut self, commands: &[Command], at: usize) {
        if !at.is_multiple_of(TOGETHER) {
            return;
        }
        let burst = |number: usize| {
            let start = (at + number * TOGETHER).min(commands.len());
            &commands[start..(start + TOGETHER).min(commands.len())]
        };
        if at == 0 {
            self.look_up(burst(0));
            self.look_up(burst(1));
            self.look_up(burst(2));
            self.look_at(burst(0));
            self.look_at(burst(1));
            self.look_around(burst(0));
        }
        self.look_up(burst(3));
        self.look_at(burst(2));
        self.look_around(burst(1));
    }

    /// The first look, farthest ahead: where the indices say what the commands name.
    #[inline]
    fn look_up(&self, commands: &[Command]) {
        for command in commands {
            if let Some(account) = command.account() {
                self.accounts.look_up(account);
            }
            if let Some(order) = command.order() {
                self.book.look_up(order);
            }
        }
    }

    /// The second look, when the first has had time to arrive: the accounts and the orders themselves. At most a burst.
    #[inline]
    fn look_at(&mut self, commands: &[Command]) {
        let (mut accounts, mut orders) = ([None; TOGETHER], [None; TOGETHER]);
        for (place, command) in commands.iter().enumerate() {
            accounts[place] = command.account().and_then(|account| self.accounts.expect(account));
            orders[place] = command.order().and_then(|order| self.book.likely(order));
        }
        accounts.iter().flatten().for_each(|slot| self.accounts.look_at(*slot));
        orders.iter().flatten().for_each(|slot| self.book.look_at(*slot));
    }

    /// The third look, nearest: what stands beside the orders, and whom they will meet.
    #[inline]
    fn look_around(&self, commands: &[Command]) {
        for command in commands {
            if let Some(slot) = command.order().and_then(|order| self.book.likely(order)) {
                self.book.look_beside(slot);
            }
            if let Command::Place { account, side, price, .. } = command {
                self.book.look_at_level(*side, price.ueur());
                if self.phase == Phase::Continuous {
                    self.look_at_those_met(*account, *side, price.ueur());
                }
            }
        }
    }

    /// The owners of the first resting orders that a limit reaches. Most limits reach none.
    #[inline]
    fn look_at_those_met(&self, account: AccountId, side: Side, limit_ueur: u64) {
        let Some(best_ueur) = self.book.best_price_ueur(other(side)) else { return };
        let spread_ueur = self.rules.market.spread_ueur;
        let meets = match side {
            Side::Buy => best_ueur + spread_ueur <= limit_ueur,
            Side::Sell => limit_ueur + spread_ueur <= best_ueur,
        };
        if meets {
            if side == Side::Buy
                && let Some(buyer) = self.accounts.expected(account)
            {
                self.accounts.look_at_purchase(buyer);
            }
            for slot in self.book.in_line(other(side)).take(MET_MAX) {
                let owner = self.book.owner(slot);
                self.accounts.look_at(owner);
                if side == Side::Sell {
                    self.accounts.look_at_purchase(owner);
                }
                self.book.look_beside(slot);
            }
        }
    }
}
