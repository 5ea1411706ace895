//! Looking ahead in a list of commands: what one touches is on its way from memory while those before it are applied.

use carbex_core::{Command, Market};

/// How many commands ahead the indices are looked up, and then what they name.
const FAR: usize = 16;
const NEAR: usize = 8;

/// Before the first of the commands is applied.
pub(crate) fn look_ahead_from_the_start(market: &Market, commands: &[Command]) {
    for command in commands.iter().take(FAR) {
        market.look_up(command);
    }
    for command in commands.iter().take(NEAR) {
        market.look_at(command);
    }
}

/// Before the first of what is left of them is applied.
#[inline]
pub(crate) fn look_ahead(market: &Market, commands: &[Command]) {
    if let Some(command) = commands.get(FAR) {
        market.look_up(command);
    }
    if let Some(command) = commands.get(NEAR) {
        market.look_at(command);
    }
}
