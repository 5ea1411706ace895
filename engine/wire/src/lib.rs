//! Commands and events at the edge: journal bytes, JSON lines, and the loop that runs a file of commands.
#![forbid(unsafe_code)]

mod bytes;
mod capacity;
mod json;
mod run;

pub use bytes::{
    COMMAND_LAYOUTS, DecodeFault, EVENT_LAYOUTS, FieldLayout, Layout, decode_command, decode_command_into,
    decode_event, decode_event_into, encode_command, encode_event,
};
pub use capacity::capacities_for;
pub use json::{LineFault, parse_line, write_command_line, write_event_line, write_full_state, write_state};
pub use run::{LINE_BYTES_MAX, LineProblem, RunFault, Totals, run};
