//! A body's frames as lines: cut at line feeds, bounded in length, the last one with or without its line feed.

use bytes::{Buf, Bytes, BytesMut};

/// Cuts frames into lines. It keeps what has come and was not cut yet: one frame and one unfinished line at most.
#[derive(Debug)]
pub struct LineSplitter {
    /// The frame being cut.
    frame: Bytes,
    /// The beginning of a line whose end is in a later frame.
    begun: BytesMut,
    line_bytes_max: usize,
    /// How many bytes may still come.
    bytes_left: usize,
    bytes_max: usize,
    overflowed: bool,
    finished: bool,
}

/// What the splitter has.
#[derive(Debug, PartialEq, Eq)]
pub enum NextLine {
    /// A line without its end.
    Line(Bytes),
    /// A line is longer than it may be; there is no way to go on.
    TooLong {
        /// What it may be.
        limit_bytes: usize,
    },
    /// More bytes came than may.
    TooMuch {
        /// What may.
        limit_bytes: usize,
    },
    /// The rest of a line has not come yet.
    NeedsMore,
    /// There are no more lines.
    End,
}

impl LineSplitter {
    /// For lines of at most `line_bytes_max` in a body of at most `bytes_max`.
    pub fn new(line_bytes_max: usize, bytes_max: usize) -> Self {
        Self {
            frame: Bytes::new(),
            begun: BytesMut::new(),
            line_bytes_max,
            bytes_left: bytes_max,
            bytes_max,
            overflowed: false,
            finished: false,
        }
    }

    /// Takes the next frame; only after [`NextLine::NeedsMore`].
    pub fn push(&mut self, frame: Bytes) {
        match self.bytes_left.checked_sub(frame.len()) {
            Some(left) => {
                self.bytes_left = left;
                self.frame = frame;
            }
            // The lines before were taken; nothing of this frame is.
            None => self.overflowed = true,
        }
    }

    /// Nothing more comes.
    pub const fn finish(&mut self) {
        self.finished = true;
    }

    /// The next line.
    pub fn next(&mut self) -> NextLine {
        let too_long = NextLine::TooLong { limit_bytes: self.line_bytes_max };
        if self.overflowed {
            return NextLine::TooMuch { limit_bytes: self.bytes_max };
        }
        if let Some(end) = memchr::memchr(b'\n', &self.frame) {
            let tail = self.frame.split_to(end);
            self.frame.advance(1);
            if self.begun.len() + tail.len() > self.line_bytes_max {
                return too_long;
            }
            return NextLine::Line(without_return(self.joined(tail)));
        }
        if self.begun.len() + self.frame.len() > self.line_bytes_max {
            return too_long;
        }
        self.begun.extend_from_slice(&self.frame);
        self.frame = Bytes::new();
        match (self.finished, self.begun.is_empty()) {
            (false, _) => NextLine::NeedsMore,
            (true, true) => NextLine::End,
            (true, false) => NextLine::Line(without_return(self.begun.split().freeze())),
        }
    }

    fn joined(&mut self, tail: Bytes) -> Bytes {
        if self.begun.is_empty() {
            return tail;
        }
        self.begun.extend_from_slice(&tail);
        self.begun.split().freeze()
    }
}

/// Lines that end in CRLF are taken.
fn without_return(mut line: Bytes) -> Bytes {
    if line.last() == Some(&b'\r') {
        line.truncate(line.len() - 1);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(frames: &[&'static str]) -> Vec<String> {
        let mut splitter = LineSplitter::new(8, 64);
        let mut frames = frames.iter();
        let mut lines = Vec::new();
        loop {
            match splitter.next() {
                NextLine::Line(line) => lines.push(String::from_utf8(line.to_vec()).expect("text")),
                NextLine::NeedsMore => match frames.next() {
                    Some(frame) => splitter.push(Bytes::from_static(frame.as_bytes())),
                    None => splitter.finish(),
                },
                NextLine::End => return lines,
                other @ (NextLine::TooLong { .. } | NextLine::TooMuch { .. }) => {
                    lines.push(format!("{other:?}"));
                    return lines;
                }
            }
        }
    }

    #[test]
    fn lines_are_the_same_however_they_are_framed() {
        let text = "one\ntwo\r\n\nfour";
        let whole = lines(&[text]);
        assert_eq!(whole, ["one", "two", "", "four"]);
        for cut in 1..text.len() {
            assert_eq!(lines(&[&text[..cut], &text[cut..]]), whole, "cut at {cut}");
        }
        assert_eq!(lines(&["one\n", "", "\n"]), ["one", ""]);
        assert!(lines(&[]).is_empty());
    }

    #[test]
    fn a_line_may_have_its_longest_and_not_a_byte_more() {
        assert_eq!(lines(&["12345678\n12345678"]), ["12345678", "12345678"]);
        for frames in [&["123456789\n"][..], &["1234", "56789"], &["1234", "56789\n"]] {
            assert_eq!(lines(frames), ["TooLong { limit_bytes: 8 }"]);
        }
    }

    #[test]
    fn a_body_may_have_its_most_bytes_and_not_one_more() {
        let frame = "1234567\n1234567\n1234567\n1234567\n";
        assert_eq!(lines(&[frame, frame]).len(), 8);
        assert_eq!(lines(&[frame, frame, "x"]).last().map(String::as_str), Some("TooMuch { limit_bytes: 64 }"));
    }
}
