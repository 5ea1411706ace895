//! The run loop when its input or its output breaks.

use std::io::{self, BufReader, Read, Write};

use carbex_core::{Capacities, Market};
use carbex_wire::{LINE_BYTES_MAX, LineProblem, RunFault, Totals, run};

const OPENED: &str = "{\"type\":\"open_account\",\"ts_ns\":1,\"account\":1}\n";

fn market() -> Market {
    let rules = carbex_rulebook::parse_toml("version = \"loop\"").unwrap();
    Market::new(Capacities { accounts: 100, orders: 100, slice_accounts: u32::MAX }, rules)
}

/// Gives its bytes, then fails.
struct BrokenInput<'a>(&'a [u8]);

impl Read for BrokenInput<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::other("the cable is cut")),
            read => Ok(read),
        }
    }
}

/// Takes no byte.
struct FullOutput;

impl Write for FullOutput {
    fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Counts what is flushed, so that nothing stays behind in a buffer.
#[derive(Default)]
struct Flushed {
    waiting: Vec<u8>,
    flushed: Vec<u8>,
}

impl Write for Flushed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        self.flushed.append(&mut self.waiting);
        Ok(())
    }
}

#[test]
fn input_that_breaks_is_named_with_its_line_and_keeps_what_came_before() {
    let (mut market, mut output, mut totals) = (market(), Flushed::default(), Totals::default());
    let input = BufReader::new(BrokenInput(OPENED.as_bytes()));
    let fault = run(&mut market, input, &mut output, &mut totals, |_| ()).unwrap_err();
    assert_eq!(fault.to_string(), "line 2: cannot be read: the cable is cut");
    assert_eq!(totals, Totals { commands: 1, events: 1, bytes: OPENED.len() as u64, ..Totals::default() });
    assert_eq!(output.flushed.iter().filter(|byte| **byte == b'\n').count(), 1);
    assert_eq!(market.accounts().count(), 1);
}

#[test]
fn output_that_breaks_ends_the_run_and_the_bad_line_is_named_first() {
    let mut totals = Totals::default();
    let fault = run(&mut market(), OPENED.as_bytes(), FullOutput, &mut totals, |_| ()).unwrap_err();
    assert!(matches!(fault, RunFault::Write(_)), "{fault}");
    let bad = format!("{OPENED}nonsense\n");
    let fault = run(&mut market(), bad.as_bytes(), FullOutput, &mut totals, |_| ()).unwrap_err();
    assert!(matches!(fault, RunFault::Line { line: 2, .. }), "{fault}");
}

#[test]
fn an_endless_line_is_read_no_further_than_the_longest() {
    struct Endless(usize);
    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 += buffer.len();
            assert!(self.0 <= LINE_BYTES_MAX + (1 << 16), "read on and on");
            buffer.fill(b' ');
            Ok(buffer.len())
        }
    }
    let input = BufReader::new(Endless(0));
    let fault = run(&mut market(), input, Vec::new(), &mut Totals::default(), |_| ()).unwrap_err();
    assert!(matches!(fault, RunFault::Line { line: 1, problem: LineProblem::TooLong }), "{fault}");
}

#[test]
fn progress_is_told_on_the_way_and_at_the_end() {
    let ticks = "{\"type\":\"tick\",\"ts_ns\":1}\n".repeat(20_000);
    let mut told = Vec::new();
    run(&mut market(), ticks.as_bytes(), io::sink(), &mut Totals::default(), |totals| told.push(totals.commands))
        .unwrap();
    assert_eq!(told, [8192, 16_384, 20_000]);
}
