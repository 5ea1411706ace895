//! How one value stands in journal bytes.

use carbex_rules::{RULE_SET_BYTES, RuleFault, RuleSet, RuleVersion};
use carbex_vocabulary::{
    AccountId, AmountUeur, BasisPoints, CancelReason, ClientOrderId, DebitMode, HouseholdId, OrderId, Phase,
    PointsAccount, PriceUeur, QuantityG, Reject, RejectCode, Side, TimeInForce,
};

/// Why bytes are not a command or an event of this format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeFault {
    /// The bytes end inside a field.
    #[error("the bytes end too early")]
    Truncated,
    /// Bytes stand after the last field.
    #[error("{0} bytes stand after the last field")]
    TrailingBytes(usize),
    /// No template has this number.
    #[error("template {0} is unknown to this program")]
    UnknownTemplate(u16),
    /// The template is known, its version is not.
    #[error("version {version} of template {template} is unknown to this program")]
    UnknownVersion {
        /// The template's number.
        template: u16,
        /// Its version.
        version: u16,
    },
    /// A number that its closed list does not hold.
    #[error("{number} is not the number of a {list}")]
    UnknownMember {
        /// What the list names.
        list: &'static str,
        /// The number found.
        number: u16,
    },
    /// A presence byte is neither 0 nor 1, or an absent value is not zero.
    #[error("an optional value is neither absent (all zero) nor present (1 and the value)")]
    MalformedOption,
    /// The label of a rule set is not 1 to 32 bytes of UTF-8 padded with zeros.
    #[error("the label of the rule set is not 1 to 32 bytes of UTF-8 padded with zeros")]
    MalformedLabel,
    /// The rules contradict themselves.
    #[error("the rule set: {0}")]
    Rules(#[from] RuleFault),
}

/// One stretch of bytes inside a field: what follows the field's name in the drawing, its size in bytes, what it holds.
pub(super) type Part = (&'static str, usize, &'static str);

/// A value of fixed size in journal bytes.
pub(super) trait Field: Sized {
    /// Its bytes, in order.
    const PARTS: &'static [Part];
    /// Appends its bytes.
    fn put(self, out: &mut Vec<u8>);
    /// Takes it off the front of the bytes.
    fn take(bytes: &mut &[u8]) -> Result<Self, DecodeFault>;
}

/// Takes `SIZE` bytes off the front.
pub(super) fn take_array<const SIZE: usize>(bytes: &mut &[u8]) -> Result<[u8; SIZE], DecodeFault> {
    let (taken, rest) = bytes.split_first_chunk::<SIZE>().ok_or(DecodeFault::Truncated)?;
    *bytes = rest;
    Ok(*taken)
}

macro_rules! integer_fields {
    ($($type:ty = $size:literal $kind:literal),+ $(,)?) => {$(
        impl Field for $type {
            const PARTS: &'static [Part] = &[("", $size, $kind)];
            #[inline]
            fn put(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
            #[inline]
            fn take(bytes: &mut &[u8]) -> Result<Self, DecodeFault> {
                Ok(Self::from_le_bytes(take_array(bytes)?))
            }
        }
    )+};
}
integer_fields!(u8 = 1 "u8", u16 = 2 "u16", u32 = 4 "u32", u64 = 8 "u64", i64 = 8 "i64");

macro_rules! number_fields {
    ($($type:ident ($repr:ty, $get:ident) = $size:literal $kind:literal),+ $(,)?) => {$(
        impl Field for $type {
            const PARTS: &'static [Part] = &[("", $size, $kind)];
            #[inline]
            fn put(self, out: &mut Vec<u8>) {
                self.$get().put(out);
            }
            #[inline]
            fn take(bytes: &mut &[u8]) -> Result<Self, DecodeFault> {
                Ok(Self::new(<$repr>::take(bytes)?))
            }
        }
    )+};
}
number_fields!(
    QuantityG (u64, g) = 8 "u64, grams",
    PriceUeur (u64, ueur) = 8 "u64, µ€ per point",
    AmountUeur (u64, ueur) = 8 "u64, µ€",
    BasisPoints (u32, bp) = 4 "u32, basis points",
    AccountId (u64, number) = 8 "u64, account",
    OrderId (u64, number) = 8 "u64, order",
    ClientOrderId (u64, number) = 8 "u64, the caller's name for it",
    HouseholdId (u64, number) = 8 "u64, household, 0 = none",
);

macro_rules! list_fields {
    ($($type:ident = $list:literal $kind:literal),+ $(,)?) => {$(
        impl Field for $type {
            const PARTS: &'static [Part] = &[("", 1, $kind)];
            #[inline]
            fn put(self, out: &mut Vec<u8>) {
                out.push(self as u8);
            }
            #[inline]
            fn take(bytes: &mut &[u8]) -> Result<Self, DecodeFault> {
                let number = u8::take(bytes)?;
                Self::ALL
                    .get(usize::from(number))
                    .copied()
                    .ok_or(DecodeFault::UnknownMember { list: $list, number: u16::from(number) })
            }
        }
    )+};
}
list_fields!(
    Side = "side" "0 sell, 1 buy",
    TimeInForce = "time in force" "0 gtc, 1 day, 2 ioc, 3 fok",
    Phase = "phase" "0 closed, 1 auction, 2 auction_freeze, 3 posted, 4 continuous, 5 halted",
    DebitMode = "debit mode" "0 authorise, 1 record",
    CancelReason = "cancel reason" "0 REQUESTED, 1 UNFILLED, 2 EXPIRED, 3 PRICE_COLLAR, 4 BAND_CHANGED, 5 PERIOD_CLOSED, 6 ACCOUNT_FROZEN, 7 ACCOUNT_CLOSED, 8 DEBIT_NEEDS_POINTS",
);

macro_rules! optional_fields {
    ($($type:ty = $kind:literal),+ $(,)?) => {$(
        impl Field for Option<$type> {
            const PARTS: &'static [Part] = &[(" given", 1, "1 given, 0 not (then zero follows)"), ("", 8, $kind)];
            #[inline]
            fn put(self, out: &mut Vec<u8>) {
                u8::from(self.is_some()).put(out);
                self.unwrap_or_default().put(out);
            }
            #[inline]
            fn take(bytes: &mut &[u8]) -> Result<Self, DecodeFault> {
                let given = u8::take(bytes)?;
                let value = <$type>::take(bytes)?;
                match given {
                    1 => Ok(Some(value)),
                    0 if value == <$type>::default() => Ok(None),
                    _ => Err(DecodeFault::MalformedOption),
                }
            }
        }
    )+};
}
optional_fields!(
    QuantityG = "u64, grams",
    PriceUeur = "u64, µ€ per point",
    ClientOrderId = "u64, the caller's name for it",
);

impl Field for Reject {
    const PARTS: &'static [Part] = &[
        (" code", 2, "u16, stable number of the code"),
        (" limit", 8, "i64, in the code's unit"),
        (" actual", 8, "i64, in the code's unit"),
    ];
    fn put(self, out: &mut Vec<u8>) {
        self.code.number().put(out);
        self.limit.put(out);
        self.actual.put(out);
    }
    fn take(bytes: &mut &[u8]) -> Result<Self, DecodeFault> {
        let number = u16::take(bytes)?;
        let code = RejectCode::from_number(number).ok_or(DecodeFault::UnknownMember { list: "reject code", number })?;
        Ok(Self { code, limit: i64::take(bytes)?, actual: i64::take(bytes)? })
    }
}

impl Field for PointsAccount {
    const PARTS: &'static [Part] =
        &[(" holder", 1, "0 citizen, 1 inventory, 2 reserve"), (" account", 8, "u64, account; 0 unless a citizen")];
    fn put(self, out: &mut Vec<u8>) {
        let (holder, account) = match self {
            Self::Citizen(account) => (0_u8, account),
            Self::Inventory => (1, AccountId::default()),
            Self::Reserve => (2, AccountId::default()),
        };
        holder.put(out);
        account.put(out);
    }
    fn take(bytes: &mut &[u8]) -> Result<Self, DecodeFault> {
        let holder = u8::take(bytes)?;
        let account = AccountId::take(bytes)?;
        match (holder, account.number()) {
            (0, _) => Ok(Self::Citizen(account)),
            (1, 0) => Ok(Self::Inventory),
            (2, 0) => Ok(Self::Reserve),
            (1 | 2, _) => Err(DecodeFault::MalformedOption),
            (number, _) => Err(DecodeFault::UnknownMember { list: "holder of points", number: u16::from(number) }),
        }
    }
}

impl Field for RuleSet {
    const PARTS: &'static [Part] = &[("", RULE_SET_BYTES, "the rule set's own layout")];
    fn put(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_bytes());
    }
    fn take(bytes: &mut &[u8]) -> Result<Self, DecodeFault> {
        Ok(Self::from_bytes(&take_array(bytes)?)?)
    }
}

/// The label of a rule set: the only bare bytes of the format.
impl Field for [u8; 32] {
    const PARTS: &'static [Part] = &[("", 32, "UTF-8, padded with zeros")];
    fn put(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self);
    }
    fn take(bytes: &mut &[u8]) -> Result<Self, DecodeFault> {
        let label = RuleVersion::from_bytes(take_array(bytes)?).ok_or(DecodeFault::MalformedLabel)?;
        Ok(label.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a list must be drawn as: `0 sell, 1 buy`.
    fn drawn<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str) -> String {
        let members: Vec<String> =
            all.iter().enumerate().map(|(number, member)| format!("{number} {}", name(*member))).collect();
        members.join(", ")
    }

    /// A list that is reordered or cut in the vocabulary would change what old journals say.
    #[test]
    fn lists_have_the_numbers_that_are_drawn() {
        assert_eq!(Side::PARTS[0].2, drawn(Side::ALL, Side::name));
        assert_eq!(TimeInForce::PARTS[0].2, drawn(TimeInForce::ALL, TimeInForce::name));
        assert_eq!(Phase::PARTS[0].2, drawn(Phase::ALL, Phase::name));
        assert_eq!(DebitMode::PARTS[0].2, drawn(DebitMode::ALL, DebitMode::name));
        assert_eq!(CancelReason::PARTS[0].2, drawn(CancelReason::ALL, CancelReason::name));
        for (number, reason) in CancelReason::ALL.iter().enumerate() {
            assert_eq!(*reason as usize, number, "the order of the list is not that of the numbers");
        }
    }
}
