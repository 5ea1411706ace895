//! Journal bytes: what is encoded comes back, and nothing else is taken.

mod samples;

use carbex_wire::{
    COMMAND_LAYOUTS, DecodeFault, EVENT_LAYOUTS, decode_command, decode_event, encode_command, encode_event,
};
use fastrand::Rng;
use samples::{COMMANDS, EVENT_FIRST, EVENTS, random_command, random_event};

/// How many values of each kind are drawn.
const ROUNDS: u32 = 2000;

#[test]
fn every_command_comes_back_with_any_values() {
    let mut random = Rng::with_seed(1);
    let mut bytes = Vec::with_capacity(4096);
    let start = bytes.as_ptr();
    for layout in COMMAND_LAYOUTS {
        for _ in 0..ROUNDS {
            let command = random_command(layout.template, &mut random);
            bytes.clear();
            encode_command(&command, &mut bytes);
            assert_eq!(bytes.len(), layout.size(), "{command:?}");
            assert_eq!(decode_command(&bytes), Ok(command));
        }
    }
    assert_eq!(bytes.as_ptr(), start, "a buffer with room is never replaced");
}

#[test]
fn every_event_comes_back_with_any_values() {
    let mut random = Rng::with_seed(2);
    let mut bytes = Vec::with_capacity(4096);
    for layout in EVENT_LAYOUTS {
        for _ in 0..ROUNDS {
            let event = random_event(layout.template, &mut random);
            bytes.clear();
            encode_event(&event, &mut bytes);
            assert_eq!(bytes.len(), layout.size(), "{event:?}");
            assert_eq!(decode_event(&bytes), Ok(event));
        }
    }
}

#[test]
fn template_numbers_are_in_order_and_no_command_passes_for_an_event() {
    let numbers = |layouts: &[carbex_wire::Layout]| layouts.iter().map(|layout| layout.template).collect::<Vec<_>>();
    assert_eq!(numbers(COMMAND_LAYOUTS), (1..=COMMANDS).collect::<Vec<_>>());
    assert_eq!(numbers(EVENT_LAYOUTS), (EVENT_FIRST..EVENT_FIRST + EVENTS).collect::<Vec<_>>());
    let mut bytes = Vec::new();
    encode_command(&random_command(16, &mut Rng::with_seed(3)), &mut bytes);
    assert_eq!(decode_event(&bytes), Err(DecodeFault::UnknownTemplate(16)));
}

/// Asserts what holds of any bytes near an encoding: cut, they are refused; lengthened, they are refused; with one bit
/// changed, they are refused or are the one encoding of another value.
fn assert_strict<V: std::fmt::Debug>(
    bytes: &[u8],
    decode: impl Fn(&[u8]) -> Result<V, DecodeFault>,
    encode: impl Fn(&V, &mut Vec<u8>),
) {
    for length in 0..bytes.len() {
        assert_eq!(decode(&bytes[..length]).unwrap_err(), DecodeFault::Truncated, "{length} of {bytes:?}");
    }
    let mut longer = bytes.to_vec();
    longer.push(0);
    assert_eq!(decode(&longer).unwrap_err(), DecodeFault::TrailingBytes(1));
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        if let Ok(other) = decode(&flipped) {
            let mut again = Vec::new();
            encode(&other, &mut again);
            assert_eq!(again, flipped, "two encodings of {other:?}");
        }
    }
}

#[test]
fn commands_have_one_encoding_and_nothing_else_is_taken() {
    let mut random = Rng::with_seed(4);
    for template in 1..=COMMANDS {
        for _ in 0..20 {
            let mut bytes = Vec::new();
            encode_command(&random_command(template, &mut random), &mut bytes);
            assert_strict(&bytes, decode_command, encode_command);
        }
    }
}

#[test]
fn events_have_one_encoding_and_nothing_else_is_taken() {
    let mut random = Rng::with_seed(5);
    for template in EVENT_FIRST..EVENT_FIRST + EVENTS {
        for _ in 0..20 {
            let mut bytes = Vec::new();
            encode_event(&random_event(template, &mut random), &mut bytes);
            assert_strict(&bytes, decode_event, encode_event);
        }
    }
}

#[test]
fn random_bytes_never_panic() {
    let mut random = Rng::with_seed(6);
    let mut bytes = [0; 300];
    for round in 0..200_000 {
        random.fill(&mut bytes);
        let bytes = &mut bytes[..random.usize(..300)];
        if let [template, _, version, _, ..] = bytes {
            (*template, *version) = (random.u8(0..140), 1);
            bytes[1] = 0;
            bytes[3] = 0;
        }
        for decoded in [decode_command(bytes).map(drop), decode_event(bytes).map(drop)] {
            assert!(decoded.is_ok() || !decoded.unwrap_err().to_string().is_empty(), "round {round}");
        }
    }
}

#[test]
fn faults_name_what_is_at_fault() {
    let fault = |bytes: &[u8]| decode_command(bytes).unwrap_err().to_string();
    assert_eq!(fault(&[30, 0, 1, 0]), "template 30 is unknown to this program");
    assert_eq!(fault(&[29, 0, 2, 0]), "version 2 of template 29 is unknown to this program");
    assert_eq!(fault(&[19, 0, 1, 0, 6]), "6 is not the number of a phase");
    assert_eq!(fault(&[29, 0, 1, 0, 0]), "1 bytes stand after the last field");
    let mut rules = vec![28, 0, 1, 0];
    rules.extend([0; 256]);
    assert!(fault(&rules).starts_with("the rule set: layout"), "{}", fault(&rules));
}
