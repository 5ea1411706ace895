//! Commands and events as journal bytes: little-endian, one fixed layout per template, drawn in `FORMAT.md`.
//!
//! Every value has exactly one encoding, so equal commands are equal bytes and equal hashes. Decoding trusts nothing:
//! what no encoder writes is refused with the reason.

mod command;
mod event;
mod field;
mod template;

pub use command::{COMMAND_LAYOUTS, decode_command, decode_command_into, encode_command};
pub use event::{EVENT_LAYOUTS, decode_event, decode_event_into, encode_event};
pub use field::DecodeFault;
pub use template::{FieldLayout, Layout};
