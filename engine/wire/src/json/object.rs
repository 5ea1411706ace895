//! One JSON object on one line, written straight into bytes: no tree, no allocation once the buffer has grown.

/// An object being written; `end` closes it.
pub(super) struct Object<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Object<'a> {
    /// Opens an object with its first field.
    pub(super) fn begin(out: &'a mut Vec<u8>, key: &'static str, number: u64) -> Self {
        out.push(b'{');
        write_key(out, key);
        out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        Self { out }
    }

    /// Opens an object whose first field is `"type"`.
    pub(super) fn of_type(out: &'a mut Vec<u8>, name: &'static str) -> Self {
        out.push(b'{');
        write_name(out, "type", name);
        Self { out }
    }

    /// A whole number.
    #[inline]
    pub(super) fn number(self, key: &'static str, number: impl itoa::Integer) -> Self {
        self.out.push(b',');
        write_key(self.out, key);
        self.out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        self
    }

    /// A whole number, or null.
    pub(super) fn number_or_null(self, key: &'static str, number: Option<u64>) -> Self {
        match number {
            Some(number) => self.number(key, number),
            None => {
                self.out.push(b',');
                write_key(self.out, key);
                self.out.extend_from_slice(b"null");
                self
            }
        }
    }

    /// A whole number, or no field at all.
    pub(super) fn number_if(self, key: &'static str, number: Option<u64>) -> Self {
        match number {
            Some(number) => self.number(key, number),
            None => self,
        }
    }

    /// A name of ours: letters and underscores, so nothing to escape.
    #[inline]
    pub(super) fn name(self, key: &'static str, name: &'static str) -> Self {
        self.out.push(b',');
        write_name(self.out, key, name);
        self
    }

    /// A value that serde writes: text that may need escapes, an object inside the object.
    pub(super) fn value(self, key: &'static str, value: &impl serde::Serialize) -> Self {
        self.out.push(b',');
        write_key(self.out, key);
        serde_json::to_writer(&mut *self.out, value).expect("text and whole numbers always have a JSON form");
        self
    }

    /// Closes the object and the line.
    pub(super) fn end(self) {
        self.out.extend_from_slice(b"}\n");
    }
}

#[inline]
fn write_key(out: &mut Vec<u8>, key: &'static str) {
    out.push(b'"');
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
}

#[inline]
fn write_name(out: &mut Vec<u8>, key: &'static str, name: &'static str) {
    write_key(out, key);
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.push(b'"');
}
