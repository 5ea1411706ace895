//! JSON lines: what is written is read back, and defaults are those of the market specification.

mod samples;

use carbex_core::Command;
use carbex_vocabulary::{
    AccountId, BasisPoints, ClientOrderId, DebitMode, Event, HouseholdId, PriceUeur, QuantityG, Reject, RejectCode,
    Sequence, Side, TimeInForce, TimestampNs,
};
use carbex_wire::{LineFault, parse_line, write_command_line, write_event_line};
use fastrand::Rng;
use samples::{COMMANDS, EVENT_FIRST, EVENTS, random_command, random_event};

#[test]
fn every_command_is_read_back_from_its_line() {
    let mut random = Rng::with_seed(7);
    let mut line = Vec::new();
    for template in 1..=COMMANDS {
        for _ in 0..1000 {
            let command = random_command(template, &mut random);
            let time = TimestampNs::new(random.u64(..));
            line.clear();
            write_command_line(time, &command, &mut line);
            let text = std::str::from_utf8(&line).unwrap();
            assert_eq!(text.lines().count(), 1);
            assert_eq!(parse_line(text), Ok((time, command)), "{text}");
        }
    }
}

#[test]
fn every_event_is_one_line_of_json_with_its_sequence_and_type_first() {
    let mut random = Rng::with_seed(8);
    for template in EVENT_FIRST..EVENT_FIRST + EVENTS {
        for _ in 0..200 {
            let event = random_event(template, &mut random);
            let mut line = Vec::new();
            write_event_line(Sequence::new(u64::MAX), &event, &mut line);
            let text = String::from_utf8(line).unwrap();
            assert!(text.starts_with("{\"seq\":18446744073709551615,\"type\":\"") && text.ends_with("}\n"), "{text}");
            assert_eq!(text.lines().count(), 1);
            serde_json::from_str::<serde_json::Value>(&text).unwrap_or_else(|fault| panic!("{text}: {fault}"));
        }
    }
}

fn parsed(text: &str) -> Command {
    parse_line(text).unwrap_or_else(|fault| panic!("{text}: {fault}")).1
}

#[test]
fn fields_left_out_have_their_defaults() {
    let account = AccountId::new(4);
    assert_eq!(
        parsed(r#"{"type":"open_account","ts_ns":1,"account":4}"#),
        Command::OpenAccount { account, share: BasisPoints::new(10_000), household: HouseholdId::new(0) }
    );
    assert_eq!(
        parsed(r#"{"type":"open_period","ts_ns":1,"year":2027,"endowment_g":9000000}"#),
        Command::OpenPeriod { year: 2027, endowment: QuantityG::new(9_000_000), reserve: QuantityG::ZERO, cap: None }
    );
    assert_eq!(
        parsed(r#"{"type":"debit","ts_ns":1,"account":4,"quantity_g":3}"#),
        Command::Debit { account, quantity: QuantityG::new(3), mode: DebitMode::Authorise }
    );
    let place = |client_order_id, tif| Command::Place {
        account,
        client_order_id,
        side: Side::Sell,
        quantity: QuantityG::new(1000),
        price: PriceUeur::new(85_000),
        tif,
    };
    assert_eq!(
        parsed(r#"{"type":"place","ts_ns":1,"account":4,"side":"sell","quantity_g":1000,"price_ueur":85000}"#),
        place(None, TimeInForce::Gtc)
    );
    assert_eq!(
        parsed(
            r#" {"tif":"fok","price_ueur":85000,"client_order_id":0,"quantity_g":1000,"side":"sell","account":4,
                "ts_ns":1,"type":"place"} "#
        ),
        place(Some(ClientOrderId::new(0)), TimeInForce::Fok),
        "fields come in any order"
    );
}

#[test]
fn limits_are_shown_where_the_code_has_them() {
    let line = |reject| {
        let mut line = Vec::new();
        write_event_line(Sequence::new(3), &Event::Rejected(reject), &mut line);
        String::from_utf8(line).unwrap()
    };
    assert_eq!(
        line(Reject::with(RejectCode::HoldingCap, 11_250_000, 11_251_000)),
        "{\"seq\":3,\"type\":\"rejected\",\"code\":\"HOLDING_CAP\",\"limit\":11250000,\"actual\":11251000}\n"
    );
    assert_eq!(
        line(Reject::plain(RejectCode::UnknownOrder)),
        "{\"seq\":3,\"type\":\"rejected\",\"code\":\"UNKNOWN_ORDER\"}\n"
    );
}

#[test]
fn a_label_with_quotes_is_escaped_in_its_event() {
    let mut version = [0; 32];
    version[..5].copy_from_slice(b"a\"\\\nb");
    let mut line = Vec::new();
    write_event_line(Sequence::new(1), &Event::RulesSet { version }, &mut line);
    assert_eq!(String::from_utf8(line).unwrap(), "{\"seq\":1,\"type\":\"rules\",\"version\":\"a\\\"\\\\\\nb\"}\n");
}

#[test]
fn names_written_with_escapes_are_the_same_names() {
    assert_eq!(parsed(r#"{"t\u0079pe":"ti\u0063k","ts_ns":1}"#), Command::Tick);
}

#[test]
fn faults_name_the_field_and_what_is_expected() {
    let fault = |text: &str| parse_line(text).unwrap_err();
    assert_eq!(
        fault(r#"{"type":"withdraw","ts_ns":1,"account":4,"amount_ueur":1.5}"#),
        LineFault::Json {
            problem: "invalid type: floating point `1.5`, expected `amount_ueur` to be a whole number of µ€ from 0 to \
                      18446744073709551615"
                .into(),
            column: 58
        }
    );
    assert_eq!(
        fault(r#"{"type":"withdraw","ts_ns":1,"account":4}"#),
        LineFault::MissingField { command: "withdraw", field: "amount_ueur" }
    );
    assert_eq!(
        fault(r#"{"type":"uncross","ts_ns":1,"account":4}"#),
        LineFault::ForeignField { command: "uncross", field: "account" }
    );
    let rules = fault(
        r#"{"type":"set_rules","ts_ns":1,"rules":{"version":"a","overdraft":{"overdraft_bp":1000,"penalty_ueur":1}}}"#,
    );
    assert!(matches!(&rules, LineFault::Rules(fault) if fault.field == "overdraft.penalty_ueur"), "{rules}");
}

#[test]
fn garbled_lines_are_refused_with_a_reason_or_are_another_command() {
    let mut random = Rng::with_seed(9);
    for round in 0..200_000_u32 {
        let command = random_command(random.u16(1..=COMMANDS), &mut random);
        let mut line = Vec::new();
        write_command_line(TimestampNs::new(random.u64(..)), &command, &mut line);
        for _ in 0..random.usize(1..4) {
            let at = random.usize(..line.len());
            match random.u8(0..3) {
                0 => drop(line.remove(at)),
                1 => line.insert(at, random.u8(b' '..=b'~')),
                _ => line[at] = b"\"{}[]:,0-.e\\"[random.usize(..12)],
            }
        }
        let text = std::str::from_utf8(&line).unwrap();
        match parse_line(text) {
            Ok((time, command)) => {
                let mut again = Vec::new();
                write_command_line(time, &command, &mut again);
                let again = std::str::from_utf8(&again).unwrap();
                assert_eq!(parse_line(again), Ok((time, command)), "round {round}: {text}");
            }
            Err(fault) => {
                let reason = fault.to_string();
                assert!(!reason.is_empty() && !reason.contains("at line"), "round {round}: {reason}");
            }
        }
    }
}
