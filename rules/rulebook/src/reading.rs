//! How one value of a rule file is read: whole numbers, switches, choices and tables, each saying what should stand there.

use core::fmt;
use core::marker::PhantomData;

use carbex_vocabulary::{CapsPer, OppositeOrders, PostedSales, Rationing, Resale};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

/// A table (TOML) or an object (JSON), never a list of values in the order of the fields, which serde would also take.
pub(crate) fn table<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct TableVisitor<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for TableVisitor<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a table of named values")
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }

    deserializer.deserialize_map(TableVisitor(PhantomData))
}

/// A table that may be absent.
pub(crate) fn some_table<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    table(deserializer).map(Some)
}

/// A whole number, 0 or more, that `T` can hold.
pub(crate) fn whole<'de, D: Deserializer<'de>, T: TryFrom<u64>>(deserializer: D) -> Result<T, D::Error> {
    struct WholeVisitor<T>(PhantomData<T>);

    impl<T: TryFrom<u64>> Visitor<'_> for WholeVisitor<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            // Basis points and counts are held in 32 bits, grams and µ€ in 64; TOML itself stops at 63 bits.
            let most = if size_of::<T>() <= 4 { u64::from(u32::MAX) } else { u64::MAX };
            write!(f, "a whole number from 0 to {most}, without quotes")
        }
        fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
            T::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
        }
        fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
            match u64::try_from(number) {
                Ok(number) => self.visit_u64(number),
                Err(_) => Err(E::invalid_value(Unexpected::Signed(number), &self)),
            }
        }
    }

    deserializer.deserialize_u64(WholeVisitor(PhantomData))
}

/// A whole number that may be absent.
pub(crate) fn some_whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    whole(deserializer).map(Some)
}

/// `true` or `false`.
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    struct FlagVisitor;

    impl Visitor<'_> for FlagVisitor {
        type Value = bool;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("true or false, without quotes")
        }
        fn visit_bool<E: Error>(self, flag: bool) -> Result<bool, E> {
            Ok(flag)
        }
    }

    deserializer.deserialize_bool(FlagVisitor)
}

/// Text between quotes.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    struct TextVisitor;

    impl Visitor<'_> for TextVisitor {
        type Value = String;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("text between quotes")
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }
    }

    deserializer.deserialize_str(TextVisitor)
}

/// A member of a closed list, by its name.
fn choice<'de, D: Deserializer<'de>, T: Copy>(
    deserializer: D,
    all: &'static [T],
    name: fn(T) -> &'static str,
) -> Result<T, D::Error> {
    struct ChoiceVisitor<T: 'static> {
        all: &'static [T],
        name: fn(T) -> &'static str,
    }

    impl<T: Copy> Visitor<'_> for ChoiceVisitor<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let names: Vec<String> = self.all.iter().map(|member| format!("{:?}", (self.name)(*member))).collect();
            write!(f, "one of {}", names.join(", "))
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            self.all
                .iter()
                .copied()
                .find(|member| (self.name)(*member) == text)
                .ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
        }
    }

    deserializer.deserialize_str(ChoiceVisitor { all, name })
}

pub(crate) fn posted_sales<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PostedSales, D::Error> {
    choice(deserializer, PostedSales::ALL, PostedSales::name)
}

pub(crate) fn rationing<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Rationing, D::Error> {
    choice(deserializer, Rationing::ALL, Rationing::name)
}

pub(crate) fn opposite_orders<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OppositeOrders, D::Error> {
    choice(deserializer, OppositeOrders::ALL, OppositeOrders::name)
}

pub(crate) fn resale<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Resale, D::Error> {
    choice(deserializer, Resale::ALL, Resale::name)
}

pub(crate) fn caps_per<'de, D: Deserializer<'de>>(deserializer: D) -> Result<CapsPer, D::Error> {
    choice(deserializer, CapsPer::ALL, CapsPer::name)
}
