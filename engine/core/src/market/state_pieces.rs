//! Small writes of the canonical state, gathered into pieces that are worth handing on.

/// How many bytes are gathered before they are handed on: enough that handing on costs nothing, few enough to stay near.
const PIECE_BYTES: usize = 64 * 1024;

/// Gathers small writes.
pub(super) struct Pieces<'a> {
    buffer: [u8; PIECE_BYTES],
    length: usize,
    out: &'a mut dyn FnMut(&[u8]),
}

impl<'a> Pieces<'a> {
    pub fn new(out: &'a mut dyn FnMut(&[u8])) -> Self {
        Self { buffer: [0; PIECE_BYTES], length: 0, out }
    }

    /// Room to write up to so many bytes into; [`Self::wrote`] tells how many were.
    pub fn room(&mut self, bytes: usize) -> &mut [u8] {
        if self.length + bytes > PIECE_BYTES {
            self.hand_on();
        }
        &mut self.buffer[self.length..self.length + bytes]
    }

    pub fn wrote(&mut self, bytes: usize) {
        self.length += bytes;
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.room(bytes.len()).copy_from_slice(bytes);
        self.wrote(bytes.len());
    }

    pub fn number(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    pub fn signed(&mut self, number: i64) {
        self.bytes(&number.to_le_bytes());
    }

    pub fn optional(&mut self, number: Option<u64>) {
        self.number(u64::from(number.is_some()));
        self.number(number.unwrap_or(0));
    }

    /// The last call.
    pub fn hand_on(&mut self) {
        (self.out)(&self.buffer[..self.length]);
        self.length = 0;
    }
}
