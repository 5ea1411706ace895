//! Core and twin agree event by event and state by state: a short run of what the `twin` binary does at length.

use carbex_core::Market;
use carbex_twin::{
    Exchange, Twin,
    generator::Generator,
    harness::{Tally, run_seed},
};
use carbex_vocabulary::Sequence;

/// Enough to visit several budget years on every seed, short enough for every test run (debug build: some seconds).
const SEEDS: u64 = 16;
const COMMANDS: u64 = 4000;

#[test]
fn core_and_twin_agree_over_random_commands() {
    let mut tally = Tally::default();
    for seed in 1..=SEEDS {
        // Seeds far from those of the long run: the two never test the same thing twice.
        let seed = 1_000_000 + seed;
        if let Err(found) = run_seed::<Market>(seed, COMMANDS, &mut tally, |_| {}) {
            panic!(
                "seed {seed}, command {}: {}\nreplay with: cargo run --release -p carbex-twin --bin twin -- --seed {seed} --commands {}",
                found.steps.len(),
                found.what,
                found.steps.len()
            );
        }
    }
    assert_eq!(tally.commands, SEEDS * COMMANDS);
}

#[test]
fn the_same_seed_gives_the_same_commands() {
    let stream = |seed| {
        let mut generator = Generator::new(seed);
        let (capacities, rules) = generator.world();
        let mut twin = Twin::open(capacities, rules);
        let mut commands = Vec::new();
        for number in 1..=2000 {
            let (time, command) = generator.next(&twin);
            generator.heard(&twin.apply(Sequence::new(number), time, &command));
            commands.push((time, command));
        }
        commands
    };
    assert_eq!(stream(7), stream(7));
    assert_ne!(stream(7), stream(8));
}

/// A comparison that cannot fail proves nothing: a market that forgets one deposit must be found out.
#[test]
fn a_market_that_differs_is_found_out_and_the_run_made_short() {
    let mut tally = Tally::default();
    let found = run_seed::<Forgetful>(3, 20_000, &mut tally, |_| {}).expect_err("the difference is found");
    let short = carbex_twin::harness::shrink::<Forgetful>(&found, 20);
    assert!(short.steps.len() <= found.steps.len());
    assert!(short.steps.len() < 60, "{} commands are left of {}", short.steps.len(), found.steps.len());
}

/// The twin with one fault: the twentieth deposit of a market's life brings no money.
struct Forgetful {
    twin: Twin,
    deposits: u64,
}

impl Exchange for Forgetful {
    fn open(capacities: carbex_core::Capacities, rules: carbex_rules::RuleSet) -> Self {
        Self { twin: Twin::new(capacities, rules), deposits: 0 }
    }
    fn apply(
        &mut self,
        sequence: Sequence,
        time: carbex_vocabulary::TimestampNs,
        command: &carbex_core::Command,
    ) -> Vec<carbex_vocabulary::Event> {
        if let carbex_core::Command::Deposit { .. } = command {
            self.deposits += 1;
            if self.deposits == 20 {
                return Vec::new();
            }
        }
        self.twin.apply(sequence, time, command)
    }
    fn fields(&self) -> carbex_core::MarketFields {
        self.twin.fields()
    }
    fn account(&self, account: carbex_vocabulary::AccountId) -> Option<carbex_core::AccountFields> {
        self.twin.account(account)
    }
    fn accounts(&self) -> Vec<(carbex_vocabulary::AccountId, carbex_core::AccountFields)> {
        self.twin.accounts()
    }
    fn orders_of(&self, account: carbex_vocabulary::AccountId) -> Vec<carbex_core::RestingOrder> {
        self.twin.orders_of(account)
    }
    fn depth(&self, side: carbex_vocabulary::Side) -> Vec<carbex_core::DepthLevel> {
        self.twin.depth(side)
    }
    fn rules(&self) -> carbex_rules::RuleSet {
        *self.twin.rules()
    }
    fn reopen(&mut self, _: carbex_core::Capacities) -> Result<(), String> {
        Ok(())
    }
}
