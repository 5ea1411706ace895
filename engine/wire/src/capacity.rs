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
    Ok(u32::try_from(accounts).ok().zip(u32::try_from(orders).ok()).map(|(accounts, orders)| Capacities {
        accounts,
        orders,
        slice_accounts: u32::MAX,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out a few bytes at a time, so that every name is cut at every place.
    struct Drip<'a>(&'a [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(self.0.len()).min(buffer.len());
            let (given, rest) = self.0.split_at(length);
            buffer[..length].copy_from_slice(given);
            self.0 = rest;
            Ok(length)
        }
    }

    fn rules() -> RuleSet {
        carbex_rulebook::parse_toml("version = \"counted\"\n[orders]\nmax_open_orders = 8\n").unwrap()
    }

    /// Accounts and orders counted, the margins left out.
    fn counted(text: &str) -> (u32, u32) {
        let whole = capacities_for(text.as_bytes(), &rules()).unwrap().unwrap();
        for bytes in 1..=13 {
            let dripped = capacities_for(Drip(text.as_bytes(), bytes), &rules()).unwrap();
            assert_eq!(dripped, Some(whole), "{bytes} bytes at a time");
        }
        (whole.accounts - MARGIN as u32, whole.orders - MARGIN as u32)
    }

    #[test]
    fn opened_accounts_and_placed_orders_are_counted_once_wherever_chunks_end() {
        assert_eq!(counted(""), (0, 0));
        assert_eq!(counted("open_account open_accoun place"), (1, 1));
        assert_eq!(counted("placeplaceopen_accountopen_accountplac"), (2, 2));
        assert_eq!(counted("a replace needs no more room than it has, but is counted"), (0, 1));
        let long = "{\"type\":\"open_account\"}\n{\"type\":\"place\"}\n".repeat(60_000);
        let whole = capacities_for(long.as_bytes(), &rules()).unwrap();
        assert_eq!(
            whole,
            Some(Capacities { accounts: 60_016, orders: 60_016, slice_accounts: u32::MAX }),
            "more than two chunks"
        );
    }

    #[test]
    fn orders_are_no_more_than_the_accounts_may_have_open() {
        let places = "place ".repeat(1000);
        let of_rules = |accounts: u32| (accounts + 16) * 8 + 16 - 16;
        assert_eq!(counted(&format!("open_account {places}")), (1, of_rules(1)));
        assert_eq!(counted(&format!("open_account {places} set_rules")), (1, 1000), "other rules may allow more");
    }

    #[test]
    fn an_escape_may_hide_any_name() {
        assert_eq!(counted(r"open\u005faccount pl\u0061ce"), (2, 2));
    }
}
