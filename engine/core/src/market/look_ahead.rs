//! Looking ahead: what commands to come will touch is brought nearer while those before them are applied.
//!
//! At the size of France every account, order and index entry lies in memory, a hundred nanoseconds away, and each look depends
//! on the one before: the index tells the account, the account its orders, an order its neighbours. A caller that knows its next
//! commands takes these steps some commands ahead, one after the other, so that their waiting overlaps. Nothing here changes
//! the state or an answer: a command applied without having been looked at gives the same events.

use carbex_vocabulary::{OrderId, Phase, Side};

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

impl Market {
    /// The first look, farthest ahead: where the indices say what the command names.
    #[inline]
    pub fn look_up(&self, command: &Command) {
        if let Some(account) = command.account() {
            self.accounts.look_up(account);
        }
        if let Some(order) = command.order() {
            self.book.look_up(order);
        }
    }

    /// The second look, when the first has had time to arrive: the account and the order themselves.
    #[inline]
    pub fn look_at(&self, command: &Command) {
        if let Some(account) = command.account() {
            self.accounts.look_at(account);
        }
        if let Some(order) = command.order() {
            self.book.look_at(order);
        }
    }

    /// The third look, nearest: what stands beside the order, or whom it will meet.
    #[inline]
    pub fn look_around(&self, command: &Command) {
        if let Some(order) = command.order() {
            self.book.look_around(order);
        }
        if let Command::Place { side, price, .. } = command {
            self.book.look_at_level(*side, price.ueur());
            if self.phase == Phase::Continuous {
                self.look_at_those_met(*side, price.ueur());
            }
        }
    }

    /// The owners of the first resting orders that a limit reaches. Most limits reach none.
    #[inline]
    fn look_at_those_met(&self, side: Side, limit_ueur: u64) {
        let Some(best_ueur) = self.book.best_price_ueur(other(side)) else { return };
        let spread_ueur = self.rules.market.spread_ueur;
        let meets = match side {
            Side::Buy => best_ueur + spread_ueur <= limit_ueur,
            Side::Sell => limit_ueur + spread_ueur <= best_ueur,
        };
        if meets {
            for slot in self.book.in_line(other(side)).take(MET_MAX) {
                self.accounts.look_at_slot(self.book.owner(slot));
                self.book.look_beside(slot);
            }
        }
    }
}
