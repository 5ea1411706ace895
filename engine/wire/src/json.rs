//! Commands and events as JSON lines: one object a line, every number a whole number (market specification, section 6).

mod command;
mod command_line;
mod event_line;
mod line;
mod object;
mod rules;
mod state;

pub use command::{LineFault, parse_line};
pub use command_line::write_command_line;
pub use event_line::write_event_line;
pub use state::{write_full_state, write_state};
