//! Looking ahead in a list of commands: what they touch is on its way from memory while those before them are applied.

use carbex_core::{Command, Market};

/// How many commands are looked at together.
const BURST: usize = 16;

/// Before command number `at` of the list is applied: at each burst's first, looks at those of the next one, and up those after it.
#[inline]
pub(crate) fn look_ahead(market: &Market, commands: &[Command], at: usize) {
    if !at.is_multiple_of(BURST) {
        return;
    }
    let burst = |number: usize| {
        let start = (at + number * BURST).min(commands.len());
        &commands[start..(start + BURST).min(commands.len())]
    };
    if at == 0 {
        market.look_up(burst(0));
        market.look_up(burst(1));
        market.look_at(burst(0));
        market.look_around(burst(0));
    }
    market.look_up(burst(2));
    market.look_at(burst(1));
    market.look_around(burst(1));
}
