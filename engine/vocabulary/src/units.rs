//! Units of the core: whole grams, micro-euros, basis points and nanoseconds (market specification, section 2).

/// Declares an unsigned unit: a number that cannot be mistaken for another unit.
macro_rules! unit {
    ($(#[$doc:meta])* $name:ident($repr:ty), $get:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub struct $name($repr);

        impl $name {
            /// Nothing of it.
            pub const ZERO: Self = Self(0);
            /// Takes the number as it stands; what it may be is checked where it is used.
            #[inline]
            pub const fn new(number: $repr) -> Self {
                Self(number)
            }
            /// The bare number, in this type's unit.
            #[inline]
            pub const fn $get(self) -> $repr {
                self.0
            }
            /// Whether it is nothing.
            #[inline]
            pub const fn is_zero(self) -> bool {
                self.0 == 0
            }
        }
    };
}

unit!(
    /// A quantity of carbon points, in grams CO2e (1 point = 1 kg).
    QuantityG(u64), g
);
unit!(
    /// A price, in µ€ per point (1 µ€/point = 0.001 €/t).
    PriceUeur(u64), ueur
);
unit!(
    /// An amount of money, in µ€.
    AmountUeur(u64), ueur
);
unit!(
    /// A share or a rate, in basis points (10000 = the whole).
    BasisPoints(u32), bp
);
unit!(
    /// An instant, in nanoseconds since the Unix epoch, UTC; carried by the command, never read from a clock.
    TimestampNs(u64), ns
);

/// One market day: 24 hours of nanoseconds, counted from the opening of the budget year.
pub const DAY_NS: u64 = 24 * 60 * 60 * 1_000_000_000;

/// The value of `quantity` at `price`, in µ€, if it is a whole number of µ€ that 64 bits can hold.
///
/// Exact for whole lots at whole ticks: a rule set is refused unless `lot_g × tick_ueur` is a multiple of 1,000.
pub fn value_ueur(quantity: QuantityG, price: PriceUeur) -> Option<AmountUeur> {
    let product = u128::from(quantity.g()) * u128::from(price.ueur());
    if !product.is_multiple_of(1000) {
        return None;
    }
    u64::try_from(product / 1000).ok().map(AmountUeur::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_is_exact_or_absent() {
        assert_eq!(value_ueur(QuantityG::new(120_000), PriceUeur::new(85_000)), Some(AmountUeur::new(10_200_000)));
        assert_eq!(value_ueur(QuantityG::new(1), PriceUeur::new(999)), None);
        assert_eq!(value_ueur(QuantityG::new(u64::MAX), PriceUeur::new(u64::MAX)), None);
    }
}
