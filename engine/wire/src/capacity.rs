//! How large the tables must be for a file of commands, so that no command of it can find them full.

use std::io::{self, Read};

use carbex_core::Capacities;
use carbex_rules::RuleSet;
use memchr::memmem::Finder;

/// What is counted: the names of the commands that need room, and the escape that could hide such a name.
const OPEN_ACCOUNT: &[u8] = b"open_account";
const PLACE: &[u8] = b"place";
const SET_RULES: &[u8] = b"set_rules";
const ESCAPE: &[u8] = b"\\";

/// Places beyond what was counted: an order on its way through, and tables that are never empty.
const MARGIN: u64 = 16;

const CHUNK_BYTES: usize = 1 << 20;

/// The capacities that the commands of `input` can need at most, by counting names without parsing a line.
///
/// Accounts: every `open_account`. Orders: every `place` (a `replace` counts too: more than enough), but no more than
/// the accounts may have open by the rules, unless a `set_rules` may change that. `None` if 32 bits cannot hold them.
/// Errors: what `input` answers.
pub fn capacities_for(mut input: impl Read, rules: &RuleSet) -> io::Result<Option<Capacities>> {
    let finders = [OPEN_ACCOUNT, PLACE, SET_RULES, ESCAPE].map(Finder::new);
    let mut counts = [0_u64; 4];
    let mut buffer = vec![0; OPEN_ACCOUNT.len() + CHUNK_BYTES];
    let mut kept = 0;
    loop {
        let read = match input.read(&mut buffer[kept..]) {
            Ok(0) => break,
            Ok(read) => read,
            Err(fault) if fault.kind() == io::ErrorKind::Interrupted => continue,
            Err(fault) => return Err(fault),
        };
        let filled = kept + read;
        for (finder, count) in finders.iter().zip(&mut counts) {
            // A name cut by the chunk's end is found whole once its first bytes were kept; shorter than itself, what
            // is kept cannot be counted twice.
            let from = kept.saturating_sub(finder.needle().len() - 1);
            *count += finder.find_iter(&buffer[from..filled]).count() as u64;
        }
        let keep = filled.min(OPEN_ACCOUNT.len() - 1);
        buffer.copy_within(filled - keep..filled, 0);
        kept = keep;
    }
    let [opened, placed, set_rules, escapes] = counts;
    let accounts = opened + escapes + MARGIN;
    let placed = placed + escapes + MARGIN;
    let orders = if set_rules + escapes == 0 {
        placed.min(accounts.saturating_mul(u64::from(rules.orders.max_open_orders)).saturating_add(MARGIN))
    } else {
        placed
    };
    Ok(u32::try_from(accounts)
        .ok()
        .zip(u32::try_from(orders).ok())
        .map(|(accounts, orders)| Capacities { accounts, orders }))
}
