//! Identities: numbers that name accounts, orders, households and places in the sequence.

/// Declares an identity: a name that happens to be a number, with no arithmetic.
macro_rules! identity {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub struct $name(u64);

        impl $name {
            /// Takes the number as the name.
            #[inline]
            pub const fn new(number: u64) -> Self {
                Self(number)
            }
            /// The bare number.
            #[inline]
            pub const fn number(self) -> u64 {
                self.0
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

identity!(
    /// A citizen's account, named by the caller (a pseudonymous number).
    AccountId
);
identity!(
    /// An order, named by the sequence of the `place` that entered it.
    OrderId
);
identity!(
    /// The caller's own name for an order, unique among the account's open orders.
    ClientOrderId
);
identity!(
    /// A household whose accounts may share their caps; 0 = none.
    HouseholdId
);
identity!(
    /// A command's place in the total order: the line number in a file, the journal sequence live. The first is 1.
    Sequence
);
