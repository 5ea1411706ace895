//! One line as it stands: every field that any command has, each given or not. Keys that no command has, keys given
//! twice and values of another kind are refused here, with the field's name, before anything is buffered.

use core::fmt;
use core::marker::PhantomData;

use carbex_rulebook::RuleFile;
use carbex_vocabulary::{
    AccountId, AmountUeur, BasisPoints, ClientOrderId, DebitMode, HouseholdId, OrderId, Phase, PriceUeur, QuantityG,
    Side, TimeInForce, TimestampNs,
};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, Unexpected, Visitor};

use super::command::CommandType;

/// A value that one key may have: a whole number, or a name from a closed list.
trait Value: Sized {
    /// Writes what is expected.
    fn expected(f: &mut fmt::Formatter<'_>) -> fmt::Result;
    /// The value of that number, if numbers are expected and this one fits.
    fn from_number(_number: u64) -> Option<Self> {
        None
    }
    /// The value of that name, if names are expected and this one is known.
    fn from_name(_name: &str) -> Option<Self> {
        None
    }
    /// Reads it; `field` is named in what is refused.
    fn read<'de, D: Deserializer<'de>>(field: &'static str, deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor { field, value: PhantomData })
    }
}

struct ValueVisitor<V> {
    field: &'static str,
    value: PhantomData<V>,
}

impl<V: Value> Visitor<'_> for ValueVisitor<V> {
    type Value = V;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` to be ", self.field)?;
        V::expected(f)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<V, E> {
        V::from_number(number).ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<V, E> {
        V::from_name(name).ok_or_else(|| E::invalid_value(Unexpected::Str(name), &self))
    }
}

macro_rules! number_values {
    ($($type:ty = $repr:ident $unit:literal),+ $(,)?) => {$(
        impl Value for $type {
            fn expected(f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("a whole number of ", $unit, " from 0 to {}"), $repr::MAX)
            }
            #[inline]
            fn from_number(number: u64) -> Option<Self> {
                $repr::try_from(number).ok().map(<$type>::new)
            }
        }
    )+};
}
number_values!(
    TimestampNs = u64 "nanoseconds since 1970",
    QuantityG = u64 "grams",
    PriceUeur = u64 "µ€ per point",
    AmountUeur = u64 "µ€",
    BasisPoints = u32 "basis points",
);

macro_rules! identity_values {
    ($($type:ident),+ $(,)?) => {$(
        impl Value for $type {
            fn expected(f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a whole number from 0 to {}", u64::MAX)
            }
            #[inline]
            fn from_number(number: u64) -> Option<Self> {
                Some(Self::new(number))
            }
        }
    )+};
}
identity_values!(AccountId, OrderId, ClientOrderId, HouseholdId);

/// A calendar year.
impl Value for u32 {
    fn expected(f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number from 0 to {}", Self::MAX)
    }
    fn from_number(number: u64) -> Option<Self> {
        Self::try_from(number).ok()
    }
}

macro_rules! list_values {
    ($($type:ident),+ $(,)?) => {$(
        impl Value for $type {
            fn expected(f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one of")?;
                for (index, member) in Self::ALL.iter().enumerate() {
                    write!(f, "{} \"{}\"", if index == 0 { "" } else { "," }, member.name())?;
                }
                Ok(())
            }
            #[inline]
            fn from_name(name: &str) -> Option<Self> {
                Self::from_name(name)
            }
        }
    )+};
}
list_values!(CommandType, Side, TimeInForce, Phase, DebitMode);

/// A rule set, as the rule files have it; whether it contradicts itself is looked at when the line is whole.
impl Value for Box<RuleFile> {
    fn expected(f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the tables of a rule file")
    }
    fn read<'de, D: Deserializer<'de>>(field: &'static str, deserializer: D) -> Result<Self, D::Error> {
        let file = RuleFile::deserialize(deserializer)
            .map_err(|fault| D::Error::custom(format_args!("`{field}`: {fault}")))?;
        Ok(Self::new(file))
    }
}

/// The next value of a map, read with its key's name at hand.
struct ValueSeed<V> {
    field: &'static str,
    value: PhantomData<V>,
}

impl<'de, V: Value> DeserializeSeed<'de> for ValueSeed<V> {
    type Value = V;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<V, D::Error> {
        V::read(self.field, deserializer)
    }
}

/// Declares the line: every key that a command may have, with the kind of its value.
macro_rules! line {
    ($($key:literal $field:ident: $type:ty),+ $(,)?) => {
        /// One line, field by field; what no command takes is left behind and refused.
        #[derive(Default)]
        pub(super) struct Line {
            $(pub(super) $field: Option<$type>),+
        }

        impl Line {
            /// The first field that is still there.
            pub(super) fn left_over(&self) -> Option<&'static str> {
                $(if self.$field.is_some() { return Some($key); })+
                None
            }
        }

        #[allow(non_camel_case_types, reason = "the members are the keys themselves")]
        #[derive(Clone, Copy)]
        enum Key { $($field),+ }

        const KEYS: &[&str] = &[$($key),+];

        impl Visitor<'_> for KeyVisitor {
            type Value = Key;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a field")
            }
            fn visit_str<E: Error>(self, key: &str) -> Result<Key, E> {
                match key {
                    $($key => Ok(Key::$field),)+
                    _ => Err(E::unknown_field(key, KEYS)),
                }
            }
        }

        impl<'de> Visitor<'de> for LineVisitor {
            type Value = Line;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Line, A::Error> {
                let mut line = Line::default();
                while let Some(key) = map.next_key::<Key>()? {
                    match key {
                        $(Key::$field => {
                            if line.$field.is_some() {
                                return Err(A::Error::duplicate_field($key));
                            }
                            line.$field = Some(map.next_value_seed(ValueSeed { field: $key, value: PhantomData })?);
                        })+
                    }
                }
                Ok(line)
            }
        }
    };
}

struct KeyVisitor;
struct LineVisitor;

line! {
    "type" command_type: CommandType,
    "ts_ns" ts_ns: TimestampNs,
    "account" account: AccountId,
    "order" order: OrderId,
    "client_order_id" client_order_id: ClientOrderId,
    "side" side: Side,
    "quantity_g" quantity_g: QuantityG,
    "price_ueur" price_ueur: PriceUeur,
    "tif" tif: TimeInForce,
    "mode" mode: DebitMode,
    "amount_ueur" amount_ueur: AmountUeur,
    "year" year: u32,
    "endowment_g" endowment_g: QuantityG,
    "reserve_g" reserve_g: QuantityG,
    "cap_g" cap_g: QuantityG,
    "share_bp" share_bp: BasisPoints,
    "household" household: HouseholdId,
    "fraction_bp" fraction_bp: BasisPoints,
    "phase" phase: Phase,
    "floor_ueur" floor_ueur: PriceUeur,
    "ceiling_ueur" ceiling_ueur: PriceUeur,
    "volume_g" volume_g: QuantityG,
    "budget_ueur" budget_ueur: AmountUeur,
    "rules" rules: Box<RuleFile>,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_identifier(KeyVisitor)
    }
}

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(LineVisitor)
    }
}
