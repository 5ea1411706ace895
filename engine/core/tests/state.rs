//! The state as bytes: it comes back equal, goes on equal, and refuses what it is not.

mod stream;

use carbex_core::{Capacities, Market};
use carbex_vocabulary::{Event, Rationing, Sequence};

const CAPACITIES: Capacities = Capacities { accounts: 50, orders: 400, slice_accounts: u32::MAX };

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

fn run(market: &mut Market, from: usize, to: usize, seed: u64) -> Vec<Event> {
    let mut events = Vec::new();
    let commands = stream::commands(seed, 50, to);
    for (sequence, (time, command)) in (1_u64..).zip(&commands).take(to).skip(from) {
        market.apply(Sequence::new(sequence), *time, command, &mut events);
    }
    events
}

#[test]
fn a_state_read_back_goes_on_with_equal_events_and_hash() {
    for (seed, rationing) in (1_u64..).zip(Rationing::ALL.iter().cycle()).take(6) {
        for cut in [0, 200, 5_000, 9_999] {
            let mut live = Market::new(CAPACITIES, stream::rules(*rationing));
            run(&mut live, 0, cut, seed);
            let mut restored = read_back(&bytes_of(&live), CAPACITIES).expect("the state reads back");
            assert_eq!(restored.state_hash(), live.state_hash(), "seed {seed}, cut {cut}");
            let live_events = run(&mut live, cut, 10_000, seed);
            let restored_events = run(&mut restored, cut, 10_000, seed);
            assert!(live_events == restored_events, "seed {seed}, cut {cut}: events differ after the restart");
            assert_eq!(restored.state_hash(), live.state_hash(), "seed {seed}, cut {cut}");
        }
    }
}

#[test]
fn every_field_of_the_state_is_in_the_hash() {
    let mut market = Market::new(CAPACITIES, stream::rules(Rationing::Equal));
    let mut hashes = std::collections::BTreeSet::new();
    let commands = stream::commands(3, 50, 300);
    for (sequence, (time, command)) in (1_u64..).zip(&commands) {
        market.apply(Sequence::new(sequence), *time, command, &mut Vec::new());
        assert!(hashes.insert(market.state_hash()), "command {sequence} left the hash as an earlier one");
    }
}

#[test]
fn a_cut_or_changed_state_is_refused_or_differs_and_never_panics() {
    let mut market = Market::new(CAPACITIES, stream::rules(Rationing::Equal));
    run(&mut market, 0, 3_000, 5);
    let bytes = bytes_of(&market);
    for length in [0, 7, 8, 300, bytes.len() / 2, bytes.len() - 1] {
        assert!(read_back(&bytes[..length], CAPACITIES).is_err(), "cut at {length}");
    }
    for place in 0..8 {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        assert!(read_back(&changed, CAPACITIES).is_err(), "magic byte {place}");
    }
}

#[test]
fn too_small_tables_say_how_much_room_is_missing() {
    let mut market = Market::new(CAPACITIES, stream::rules(Rationing::Equal));
    run(&mut market, 0, 3_000, 5);
    let fault = read_back(&bytes_of(&market), Capacities { accounts: 49, orders: 400, slice_accounts: u32::MAX })
        .err()
        .unwrap();
    assert!(fault.contains("50 accounts") && fault.contains("49"), "{fault}");
}
