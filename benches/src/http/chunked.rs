//! An answer that comes in chunks, as far as it has come.

/// A chunked answer being read. It wants status 200, looks at nothing else of the head, and expects no trailers.
#[derive(Debug, Default)]
pub struct Chunked {
    head: Vec<u8>,
    head_done: bool,
    body: Vec<u8>,
    /// A chunk's size line, as far as it has come.
    size: Vec<u8>,
    /// Bytes of the current chunk that have not come, with the line end behind it.
    chunk_left: usize,
    last: bool,
}

/// How far an answer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// More must come.
    More,
    /// It is whole.
    Whole,
    /// It is no chunked answer with status 200.
    NotChunked,
}

/// The line end behind every chunk.
const END_BYTES: usize = 2;

impl Chunked {
    /// What has come of the body, framing taken off.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Takes what was read.
    pub fn push(&mut self, mut bytes: &[u8]) -> Progress {
        if !self.head_done {
            let before = self.head.len();
            self.head.extend_from_slice(bytes);
            let Some(end) = memchr::memmem::find(&self.head, b"\r\n\r\n") else { return Progress::More };
            let chunked = memchr::memmem::find(&self.head[..end], b"transfer-encoding: chunked").is_some();
            if !chunked || !self.head.starts_with(b"HTTP/1.1 200") {
                return Progress::NotChunked;
            }
            self.head_done = true;
            bytes = &bytes[end + 4 - before..];
        }
        while !bytes.is_empty() {
            if self.chunk_left > 0 {
                let taken = self.chunk_left.min(bytes.len());
                let of_body = self.chunk_left.saturating_sub(END_BYTES).min(taken);
                self.body.extend_from_slice(&bytes[..of_body]);
                self.chunk_left -= taken;
                bytes = &bytes[taken..];
                if self.last && self.chunk_left == 0 {
                    return Progress::Whole;
                }
                continue;
            }
            let Some(end) = memchr::memchr(b'\n', bytes) else {
                self.size.extend_from_slice(bytes);
                return Progress::More;
            };
            self.size.extend_from_slice(&bytes[..end]);
            bytes = &bytes[end + 1..];
            let digits = std::str::from_utf8(&self.size).unwrap_or_default().trim();
            let Ok(size) = usize::from_str_radix(digits, 16) else { return Progress::NotChunked };
            self.size.clear();
            self.last = size == 0;
            self.chunk_left = size + END_BYTES;
        }
        Progress::More
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_the_same_however_it_is_cut() {
        let answer =
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n";
        for first in 1..answer.len() {
            for second in first..answer.len() {
                let mut chunked = Chunked::default();
                let cuts = [&answer[..first], &answer[first..second], &answer[second..]];
                let progress = cuts.map(|cut| chunked.push(cut));
                assert_eq!(progress, [Progress::More, Progress::More, Progress::Whole], "cut at {first} and {second}");
                assert_eq!(chunked.body(), b"abc0123456789abcdef");
            }
        }
    }

    #[test]
    fn a_refusal_is_no_chunked_answer() {
        let answer = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(Chunked::default().push(answer), Progress::NotChunked);
    }
}
