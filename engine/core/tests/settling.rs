//! Settling late: the state is whole at every moment, nothing is allocated, and the progress says how far it is.

mod stream;

use carbex_core::{Capacities, Command, Market};
use carbex_vocabulary::{
    AccountId, BasisPoints, Event, HouseholdId, Phase, QuantityG, Rationing, Sequence, TimestampNs,
};

const ACCOUNTS: u64 = 50;

fn capacities(slice_accounts: u32) -> Capacities {
    Capacities { accounts: 50, orders: 400, slice_accounts }
}

/// The stream's commands, with a change of year every thousand and a tick every fifty.
fn commands(seed: u64, count: usize) -> Vec<(TimestampNs, Command)> {
    let mut year = 2050;
    let mut list = Vec::new();
    for (number, (time, command)) in (0_u32..).zip(stream::commands(seed, ACCOUNTS, count)) {
        list.push((time, command));
        if number % 50 == 49 {
            list.push((time, Command::Tick));
        }
        if number % 1000 == 999 {
            year += 1;
            let endowment = QuantityG::new(9_000_000);
            list.push((time, Command::ClosePeriod));
            list.push((time, Command::OpenPeriod { year, endowment, reserve: QuantityG::new(5_000_000), cap: None }));
            list.push((time, Command::AllotAll { fraction: BasisPoints::new(5000) }));
            list.push((time, Command::SetPhase { phase: Phase::Continuous }));
        }
    }
    list
}

fn apply(market: &mut Market, commands: &[(TimestampNs, Command)]) -> Vec<Event> {
    let mut events = Vec::new();
    for (time, command) in commands {
        let sequence = Sequence::new(market.sequence().number() + 1);
        market.apply(sequence, *time, command, &mut events);
    }
    events
}

fn bytes_of(market: &Market) -> Vec<u8> {
    let mut bytes = Vec::new();
    market.write_state(&mut |piece| bytes.extend_from_slice(piece));
    bytes
}

fn read_back(bytes: &[u8], capacities: Capacities) -> Result<Market, String> {
    let mut left = bytes;
    let market = Market::read_state(capacities, &mut |buffer| {
        let Some((taken, rest)) = left.split_at_checked(buffer.len()) else { return false };
        buffer.copy_from_slice(taken);
        left = rest;
        true
    });
    market.map_err(|fault| fault.to_string())
}

/// A market that has just closed a year with orders open, opened the next, and allotted; and the commands that follow.
fn in_the_midst_of_a_change_of_year(seed: u64) -> (Market, Vec<(TimestampNs, Command)>) {
    let commands = commands(seed, 6000);
    let mut market = Market::new(capacities(3), stream::rules(Rationing::Equal));
    for (index, command) in commands.iter().enumerate() {
        let orders = market.fields().open_orders;
        let events = apply(&mut market, &[*command]);
        let ended = matches!(command.1, Command::ClosePeriod) && orders > 20;
        if ended && events.iter().any(|event| matches!(event, Event::PeriodClosed { .. })) && index > 2000 {
            apply(&mut market, &commands[index + 1..index + 3]);
            assert!(market.settling().is_some_and(|progress| progress.operations == 3));
            return (market, commands[index + 3..].to_vec());
        }
    }
    panic!("no year of the stream ended with orders open");
}

#[test]
fn a_state_read_back_while_settling_goes_on_with_equal_events_and_hash() {
    let mut while_settling = 0;
    for (seed, slice) in (1_u64..).zip([1, 3, 7, 1, 3]) {
        let commands = commands(seed, 6000);
        let mut live = Market::new(capacities(slice), stream::rules(Rationing::Equal));
        let mut done = 0;
        for cut in (1000..6000).step_by(331) {
            apply(&mut live, &commands[done..cut]);
            done = cut;
            while_settling += u32::from(live.settling().is_some());
            let mut restored = read_back(&bytes_of(&live), capacities(slice)).expect("the state reads back");
            let mut again = read_back(&bytes_of(&live), capacities(slice)).expect("the state reads back");
            assert_eq!(restored.settling(), live.settling());
            assert_eq!(restored.state_hash(), live.state_hash(), "seed {seed}, cut {cut}");
            let next = &commands[cut..commands.len().min(cut + 1200)];
            assert!(apply(&mut restored, next) == apply(&mut again, next), "seed {seed}, cut {cut}");
            assert_eq!(restored.public_as_settled(), again.public_as_settled());
        }
        let mut straight = Market::new(capacities(slice), stream::rules(Rationing::Equal));
        apply(&mut straight, &commands[..done]);
        assert_eq!(straight.state_hash(), live.state_hash());
    }
    assert!(while_settling > 20, "{while_settling} cuts fell into a settlement");
}

#[test]
fn a_restored_market_tells_the_events_that_the_live_one_tells() {
    let (mut live, following) = in_the_midst_of_a_change_of_year(9);
    let mut restored = read_back(&bytes_of(&live), capacities(3)).expect("the state reads back");
    assert!(apply(&mut live, &following) == apply(&mut restored, &following));
    assert_eq!(live.state_hash(), restored.state_hash());
}

#[test]
fn all_slices_come_to_one_state() {
    let commands = commands(4, 5000);
    let hashes: Vec<[u8; 32]> = [u32::MAX, 50, 49, 7, 1]
        .into_iter()
        .map(|slice| {
            let mut market = Market::new(capacities(slice), stream::rules(Rationing::Time));
            apply(&mut market, &commands);
            let ticks = vec![(commands[commands.len() - 1].0, Command::Tick); 60];
            apply(&mut market, &ticks);
            assert_eq!(market.settling(), None);
            market.state_hash()
        })
        .collect();
    assert!(hashes.iter().all(|hash| *hash == hashes[0]));
}

#[test]
fn progress_counts_the_accounts_whose_turn_has_come() {
    let mut market = Market::new(capacities(20), stream::rules(Rationing::Equal));
    let commands = stream::commands(1, ACCOUNTS, 104);
    apply(&mut market, &commands);
    let done = |market: &Market| market.settling().map(|progress| (progress.done, progress.total, progress.operations));
    assert_eq!(done(&market), Some((20, 50, 1)), "the allotment's own command settles a slice");
    let time = market.time();
    apply(&mut market, &[(time, Command::Tick)]);
    assert_eq!(done(&market), Some((40, 50, 1)));
    apply(&mut market, &[(time, Command::AllotAll { fraction: BasisPoints::new(1) })]);
    assert_eq!(done(&market), Some((20, 50, 1)), "the first is done, the second has gone 20 accounts far");
    apply(&mut market, &[(time, Command::Tick), (time, Command::Tick)]);
    assert_eq!(done(&market), None);
}

#[test]
fn reading_shows_an_account_as_if_it_were_settled() {
    let mut late = Market::new(capacities(1), stream::rules(Rationing::Equal));
    let mut at_once = Market::new(capacities(u32::MAX), stream::rules(Rationing::Equal));
    let commands = stream::commands(1, ACCOUNTS, 104);
    apply(&mut late, &commands);
    apply(&mut at_once, &commands);
    let last = AccountId::new(ACCOUNTS * 1_000_003);
    assert_eq!(late.account(last).map(|fields| fields.allotted_g), Some(9_000_000));
    assert!(late.accounts().eq(at_once.accounts()));
    assert_eq!(late.public_as_settled(), at_once.fields().public);
    assert_eq!(late.fields().public.in_settlement_g, 49 * 9_000_000, "one account has been credited");
    assert_eq!(late.fields().public.issued_g, at_once.fields().public.issued_g);
}

#[test]
fn a_cut_state_of_a_settlement_is_refused() {
    let (market, _) = in_the_midst_of_a_change_of_year(9);
    let bytes = bytes_of(&market);
    for length in (0..bytes.len()).step_by(997) {
        assert!(read_back(&bytes[..length], capacities(3)).is_err(), "cut at {length}");
    }
}

/// A flipped bit may make another state, never one that stops the program when it is read.
#[test]
fn a_flipped_bit_in_a_settlement_never_panics() {
    let (market, _) = in_the_midst_of_a_change_of_year(9);
    let bytes = bytes_of(&market);
    let mut refused = 0;
    for place in (300..1200).chain(bytes.len() - 500..bytes.len()) {
        let mut changed = bytes.clone();
        changed[place] ^= 4;
        refused += u32::from(read_back(&changed, capacities(3)).is_err());
    }
    assert!(refused > 0);
}

/// One class of endowment more than the table counts: the sum then comes from all accounts, at once, and is the same.
#[test]
fn more_classes_than_are_counted_cost_time_and_change_nothing() {
    const CLASSES: u32 = 1 << 20;
    const OPENED: u32 = CLASSES + 3;
    let year =
        Command::OpenPeriod { year: 2027, endowment: QuantityG::new(9_000_000), reserve: QuantityG::ZERO, cap: None };
    let time = TimestampNs::new(1_798_761_600_000_000_000);
    let open = |number: u32| {
        let (account, share) = (AccountId::new(number.into()), BasisPoints::new(number));
        (time, Command::OpenAccount { account, share, household: HouseholdId::new(0) })
    };
    let commands: Vec<_> = (1..=OPENED).map(open).chain([(time, year)]).collect();
    let market = |slice_accounts| {
        let mut market =
            Market::new(Capacities { accounts: OPENED, orders: 1, slice_accounts }, stream::rules(Rationing::Equal));
        apply(&mut market, &commands);
        market
    };
    let mut late = market(1000);
    // Opening the year waits; the allotment then needs every account.
    assert!(late.settling().is_some());
    let allot = [(time, Command::AllotAll { fraction: BasisPoints::new(833) })];
    let told = apply(&mut late, &allot);
    let expected_g: u64 = (1..=u64::from(OPENED)).map(|share| 9_000_000 * share / 10_000 * 833 / 10_000).sum();
    assert!(told.contains(&Event::AllottedAll {
        fraction: BasisPoints::new(833),
        accounts: told.len() as u64 - 1,
        quantity: QuantityG::new(expected_g)
    }));
    assert_eq!((late.settling(), late.fields().public.in_settlement_g), (None, 0));

    // With fewer classes they are counted again, by the next allotment that walks all accounts.
    let alike: Vec<_> = (1..=10)
        .map(|number| (time, Command::SetShare { account: AccountId::new(number), share: BasisPoints::new(20) }))
        .collect();
    apply(&mut late, &alike);
    apply(&mut late, &allot);
    assert_eq!(late.settling(), None, "the counts were still lost");
    apply(&mut late, &allot);
    assert!(late.settling().is_some(), "the counts are back");

    let mut at_once = market(u32::MAX);
    for commands in [&allot[..], &alike, &allot, &allot] {
        apply(&mut at_once, commands);
    }
    assert!(late.accounts().eq(at_once.accounts()));
    assert_eq!(late.public_as_settled(), at_once.fields().public);
}
