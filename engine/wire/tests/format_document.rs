//! FORMAT.md draws what the code does: tables, sizes, and one sample of every template in hex with the line that it
//! is, so that no layout changes unseen.

use carbex_vocabulary::{Sequence, TimestampNs};
use carbex_wire::{
    COMMAND_LAYOUTS, EVENT_LAYOUTS, Layout, decode_command, decode_event, encode_command, encode_event,
    write_command_line, write_event_line,
};

const DOCUMENT: &str = include_str!("../FORMAT.md");

/// The head and the table of a template's section, as they must stand in the document.
fn table(layout: &Layout) -> String {
    let (number, version, name) = (layout.template, layout.version, layout.name);
    let mut text = format!("### {number} {name}, version {version}: {} bytes\n", layout.size());
    text += "| offset | bytes | field | holds |\n|---|---|---|---|\n";
    for field in layout.fields() {
        text += &format!("| {} | {} | {} | {} |\n", field.offset, field.size, field.name, field.kind);
    }
    text
}

/// Bytes as the document shows them: 32 a row.
fn hex(bytes: &[u8]) -> String {
    let byte = |byte: &u8| format!("{byte:02x}");
    let row = |row: &[u8]| row.iter().map(byte).collect::<Vec<_>>().join(" ") + "\n";
    bytes.chunks(32).map(row).collect()
}

/// The line and the bytes of the command or event that those bytes are. Sequence and time travel beside the bytes, in
/// the record, so that the line is shown without them.
fn line_and_bytes(bytes: &[u8]) -> (String, Vec<u8>) {
    let (mut line, mut again) = (Vec::new(), Vec::new());
    match decode_command(bytes) {
        Ok(command) => {
            write_command_line(TimestampNs::ZERO, &command, &mut line);
            encode_command(&command, &mut again);
        }
        Err(_) => {
            let event = decode_event(bytes).unwrap();
            write_event_line(Sequence::new(0), &event, &mut line);
            encode_event(&event, &mut again);
        }
    }
    let line = String::from_utf8(line).unwrap();
    (line.trim_end().replace("\"seq\":0,", "").replace(",\"ts_ns\":0", ""), again)
}

#[test]
fn the_document_draws_every_template_as_it_is() {
    let sections: Vec<&str> = DOCUMENT.split_inclusive("\n### ").skip(1).collect();
    let layouts: Vec<&Layout> = COMMAND_LAYOUTS.iter().chain(EVENT_LAYOUTS).collect();
    assert_eq!(sections.len(), layouts.len(), "one section a template");
    for (section, layout) in sections.into_iter().zip(layouts) {
        let section = format!("### {section}");
        let table = table(layout);
        assert!(
            section.starts_with(&table),
            "FORMAT.md differs; if the layout is meant to be new, it needs a new version, and:\n\n{table}\ninstead of\n\n{section}"
        );
        let (line, shown) = section[table.len()..].split_once("\n\n```text\n").expect("a line, then its bytes");
        let (shown, _) = shown.split_once("```\n").expect("the bytes end");
        let bytes: Vec<u8> = shown.split_ascii_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect();
        let (line_got, bytes_got) = line_and_bytes(&bytes);
        assert_eq!(line.trim(), format!("`{line_got}`"), "{} {}", layout.template, layout.name);
        assert_eq!(shown, hex(&bytes_got), "{} {}", layout.template, layout.name);
        assert_eq!(u16::from_le_bytes([bytes[0], bytes[1]]), layout.template, "the sample of another template");
    }
}
