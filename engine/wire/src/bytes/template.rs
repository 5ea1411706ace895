//! Templates: one declaration gives the encoder, the decoder and the drawing, so that they cannot drift apart.

/// One field of a template, as drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldLayout {
    /// Bytes before it.
    pub offset: usize,
    /// Its own bytes.
    pub size: usize,
    /// Its name, unit last.
    pub name: String,
    /// What it holds.
    pub kind: &'static str,
}

/// A template: the fixed layout of one kind of command or event.
#[derive(Clone, Copy)]
pub struct Layout {
    /// Its stable number.
    pub template: u16,
    /// Its version.
    pub version: u16,
    /// The name of the kind.
    pub name: &'static str,
    pub(super) fields: &'static [(&'static str, &'static [super::field::Part])],
}

impl Layout {
    /// Its fields in order, the template's number and version first.
    pub fn fields(&self) -> Vec<FieldLayout> {
        let header: [(&str, &[super::field::Part]); 2] =
            [("template", &[("", 2, "u16")]), ("version", &[("", 2, "u16")])];
        let mut offset = 0;
        let mut drawn = Vec::new();
        for (name, parts) in header.iter().chain(self.fields) {
            for (suffix, size, kind) in *parts {
                drawn.push(FieldLayout { offset, size: *size, name: format!("{name}{suffix}"), kind });
                offset += size;
            }
        }
        drawn
    }

    /// Its length in bytes, header included.
    pub fn size(&self) -> usize {
        self.fields().iter().map(|field| field.size).sum()
    }
}

/// Declares the templates of one enum: `number vVERSION Variant { member => drawn_name: Type }`.
macro_rules! templates {
    (
        $enum:ident, $layouts:ident, $encode:ident, $decode:ident, $decode_into:ident, $blank:expr;
        $($number:literal v $version:literal $variant:ident { $($member:tt => $field:ident: $type:ty),* $(,)? })+
    ) => {
        #[doc = concat!("The layout of every kind of ", stringify!($enum), ", in the order of their numbers.")]
        pub const $layouts: &[Layout] = &[$(Layout {
            template: $number,
            version: $version,
            name: stringify!($variant),
            fields: &[$((stringify!($field), <$type as Field>::PARTS)),*],
        }),+];

        #[doc = concat!("Appends the bytes of one ", stringify!($enum), "; allocates nothing if `out` has room.")]
        pub fn $encode(value: &$enum, out: &mut Vec<u8>) {
            match *value {
                $($enum::$variant { $($member: $field),* } => {
                    u16::put($number, out);
                    u16::put($version, out);
                    $(<$type as Field>::put($field, out);)*
                })+
            }
        }

        #[doc = concat!("The ", stringify!($enum), " that those bytes are, whole; refuses what no encoder writes.")]
        pub fn $decode(bytes: &[u8]) -> Result<$enum, DecodeFault> {
            let mut value = $blank;
            $decode_into(bytes, &mut value)?;
            Ok(value)
        }

        #[doc = concat!("As [`", stringify!($decode), "`] into a place that is there: the largest kind is many times as \
            large as most, and is not moved. After a fault it holds anything.")]
        #[inline]
        pub fn $decode_into(mut bytes: &[u8], value: &mut $enum) -> Result<(), DecodeFault> {
            let template = u16::take(&mut bytes)?;
            let version = u16::take(&mut bytes)?;
            match (template, version) {
                $(($number, $version) => {
                    $(let $field = <$type as Field>::take(&mut bytes)?;)*
                    *value = $enum::$variant { $($member: $field),* };
                })+
                (_, _) if $layouts.iter().any(|layout| layout.template == template) => {
                    return Err(DecodeFault::UnknownVersion { template, version });
                }
                (_, _) => return Err(DecodeFault::UnknownTemplate(template)),
            }
            if bytes.is_empty() { Ok(()) } else { Err(DecodeFault::TrailingBytes(bytes.len())) }
        }
    };
}
pub(super) use templates;
