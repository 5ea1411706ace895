//! The run loop: command lines in, event lines out, the market between them; no server, no store, no clock.
//!
//! What a line may be: one JSON object, UTF-8, at most [`LINE_BYTES_MAX`] bytes, ended by LF or CRLF (the last may do
//! without). A byte-order mark before the first line is skipped. Blank lines may only stand at the very end: anywhere
//! else a line is missing, and the numbers of the orders that follow would not be those that the author meant.

use std::io::{self, BufRead, Read, Write};

use carbex_core::{Command, Events, Market};
use carbex_vocabulary::{Event, Sequence, TimestampNs};

use crate::{LineFault, parse_line, write_event_line};

/// The longest line that is read, in bytes, its end included. The longest command, a rule set, needs about 2,000.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// Event lines wait in memory until they are this many bytes.
const EVENT_BYTES_HELD: usize = 1 << 16;

/// How many lines pass between two reports of progress.
const PROGRESS_LINES: u64 = 8192;

/// What a run counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Commands applied.
    pub commands: u64,
    /// Events written.
    pub events: u64,
    /// `trade` events among them: one per citizen leg.
    pub trades: u64,
    /// The sum of their quantities, in grams.
    pub traded_g: u128,
    /// Bytes of commands read.
    pub bytes: u64,
}

/// Why a run stopped before its end. What came before stands in the events and in the market.
#[derive(Debug, thiserror::Error)]
pub enum RunFault {
    /// A line that is not a command, or not in its place.
    #[error("line {line}: {problem}")]
    Line {
        /// Its number, from 1.
        line: u64,
        /// Why.
        problem: LineProblem,
    },
    /// The commands cannot be read on.
    #[error("line {line}: cannot be read: {fault}")]
    Read {
        /// The number of the line that could not be read.
        line: u64,
        /// Why.
        fault: io::Error,
    },
    /// The events cannot be written.
    #[error("the events cannot be written: {0}")]
    Write(io::Error),
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineProblem {
    /// It is no command.
    #[error("{0}")]
    NotACommand(#[from] LineFault),
    /// It is blank, and lines follow.
    #[error("the line is blank: every line holds one JSON object (blank lines may only stand at the end)")]
    Blank,
    /// It is longer than any command.
    #[error("the line is longer than {LINE_BYTES_MAX} bytes: put one command a line")]
    TooLong,
    /// It is not UTF-8.
    #[error("not UTF-8 (byte {position}): save the file as UTF-8")]
    NotUtf8 {
        /// The first byte at fault, from 1.
        position: usize,
    },
    /// Its time is before that of the line above.
    #[error("time goes backwards: ts_ns {found} is before {last}, the time of the line above")]
    TimeGoesBackwards {
        /// The time of the line above.
        last: u64,
        /// The time of this line.
        found: u64,
    },
}

/// Applies the commands of `input` to the market in order, the first as sequence 1, and writes their events to `output`;
/// flushes it whatever happens. `progress` is told the totals every few thousand lines.
///
/// Totals count what was applied, also when the run stops early.
pub fn run(
    market: &mut Market,
    input: impl BufRead,
    output: impl Write,
    totals: &mut Totals,
    progress: impl FnMut(&Totals),
) -> Result<(), RunFault> {
    let mut lines = Lines::new(input);
    let mut events = EventLines { output, sequence: Sequence::new(0), held: Vec::new(), totals };
    let applied = apply_all(market, &mut lines, &mut events, progress);
    let written = events.write_held().and_then(|()| events.output.flush()).map_err(RunFault::Write);
    applied.and(written)
}

fn apply_all(
    market: &mut Market,
    lines: &mut Lines<impl BufRead>,
    events: &mut EventLines<'_, impl Write>,
    mut progress: impl FnMut(&Totals),
) -> Result<(), RunFault> {
    let mut last = TimestampNs::ZERO;
    while let Some(text) = lines.next()? {
        let line = |problem| RunFault::Line { line: text.number, problem };
        let (time, command) = parse_line(text.text).map_err(|fault| line(LineProblem::NotACommand(fault)))?;
        if time < last {
            return Err(line(LineProblem::TimeGoesBackwards { last: last.ns(), found: time.ns() }));
        }
        last = time;
        let (number, bytes) = (text.number, text.bytes);
        events.apply(market, Sequence::new(number), time, &command);
        events.totals.bytes += bytes;
        if events.held.len() >= EVENT_BYTES_HELD {
            events.write_held().map_err(RunFault::Write)?;
        }
        if number.is_multiple_of(PROGRESS_LINES) {
            progress(events.totals);
        }
    }
    progress(events.totals);
    Ok(())
}

/// Turns events into lines as the core emits them.
struct EventLines<'a, W> {
    output: W,
    sequence: Sequence,
    held: Vec<u8>,
    totals: &'a mut Totals,
}

impl<W: Write> EventLines<'_, W> {
    fn apply(&mut self, market: &mut Market, sequence: Sequence, time: TimestampNs, command: &Command) {
        self.sequence = sequence;
        market.apply(sequence, time, command, self);
        self.totals.commands += 1;
    }

    fn write_held(&mut self) -> io::Result<()> {
        self.output.write_all(&self.held)?;
        self.held.clear();
        Ok(())
    }
}

impl<W> Events for EventLines<'_, W> {
    fn emit(&mut self, event: Event) {
        self.totals.events += 1;
        if let Event::Trade { quantity, .. } = event {
            self.totals.trades += 1;
            self.totals.traded_g += u128::from(quantity.g());
        }
        write_event_line(self.sequence, &event, &mut self.held);
    }
}

/// One line that is not blank.
struct Line<'a> {
    number: u64,
    /// Its bytes in the input, line end included.
    bytes: u64,
    text: &'a str,
}

/// The lines of the input, one at a time, in a buffer of their own.
struct Lines<R> {
    input: R,
    buffer: Vec<u8>,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    fn new(input: R) -> Self {
        Self { input, buffer: Vec::new(), number: 0 }
    }

    /// The next line; `None` at the end.
    fn next(&mut self) -> Result<Option<Line<'_>>, RunFault> {
        let mut blank = None;
        let mut bytes = 0;
        loop {
            self.number += 1;
            let number = self.number;
            self.buffer.clear();
            let read = (&mut self.input)
                .take(LINE_BYTES_MAX as u64 + 1)
                .read_until(b'\n', &mut self.buffer)
                .map_err(|fault| RunFault::Read { line: number, fault })?;
            bytes += read as u64;
            if read == 0 {
                return Ok(None);
            }
            if read > LINE_BYTES_MAX {
                return Err(RunFault::Line { line: blank.unwrap_or(number), problem: LineProblem::TooLong });
            }
            if !self.buffer.trim_ascii().is_empty() {
                break;
            }
            blank.get_or_insert(number);
        }
        if let Some(line) = blank {
            return Err(RunFault::Line { line, problem: LineProblem::Blank });
        }
        let number = self.number;
        let mut line = self.buffer.as_slice();
        if number == 1 {
            line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
        }
        match core::str::from_utf8(line) {
            Ok(text) => Ok(Some(Line { number, bytes, text })),
            Err(fault) => {
                let position = fault.valid_up_to() + 1;
                Err(RunFault::Line { line: number, problem: LineProblem::NotUtf8 { position } })
            }
        }
    }
}
