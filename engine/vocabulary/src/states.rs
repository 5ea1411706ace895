//! The closed lists of the market: sides, phases, statuses and the alternatives a rule set chooses between.

/// Declares a closed list with its stable names at the edge.
macro_rules! closed_list {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every member, in the order of their stable numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The name used in files and over HTTP.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
            /// The member of that name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$variant),)+ _ => None }
            }
            /// The member of that stable number (as journaled).
            pub fn from_number(number: u8) -> Option<Self> {
                Self::ALL.get(usize::from(number)).copied()
            }
        }
    };
}

closed_list!(
    /// Which way an order trades against the regulator.
    Side {
        /// The citizen sells points.
        Sell = "sell",
        /// The citizen buys points.
        Buy = "buy",
    }
);
closed_list!(
    /// How long an order stays.
    TimeInForce {
        /// Until the end of the budget year.
        Gtc = "gtc",
        /// Cancelled before the first command of a later day.
        Day = "day",
        /// What does not trade at once is cancelled.
        Ioc = "ioc",
        /// Trades whole at once or not at all.
        Fok = "fok",
    }
);
closed_list!(
    /// The market's phase: which mechanism is at work.
    Phase {
        /// No orders enter.
        Closed = "closed",
        /// Orders collect; nothing trades until `uncross`.
        Auction = "auction",
        /// As auction, but no cancel and no replace.
        AuctionFreeze = "auction_freeze",
        /// Orders trade at the regulator's posted quotes only.
        Posted = "posted",
        /// As posted, and citizens' orders cross through the regulator.
        Continuous = "continuous",
        /// Cancels only.
        Halted = "halted",
    }
);
closed_list!(
    /// What an account may do.
    AccountStatus {
        /// Everything.
        Active = "active",
        /// No place, replace or withdraw.
        Frozen = "frozen",
        /// Its points are gone; its cash can still be withdrawn.
        Closed = "closed",
    }
);
closed_list!(
    /// Whether a debit may be refused.
    DebitMode {
        /// Refused beyond the overdraft limit.
        Authorise = "authorise",
        /// Already consumed: always booked.
        Record = "record",
    }
);
closed_list!(
    /// How the long side is shared at the clearing price.
    Rationing {
        /// Constrained equal awards: nobody gets more than λ.
        Equal = "equal",
        /// In proportion, by largest remainder.
        ProRata = "pro_rata",
        /// Oldest first.
        Time = "time",
    }
);
closed_list!(
    /// When buys trade in the posted phase.
    PostedSales {
        /// At `distribute`.
        Batched = "batched",
        /// As they come.
        Immediate = "immediate",
    }
);
closed_list!(
    /// Whether an account may have sells and buys open at once.
    OppositeOrders {
        /// Refused: no wash trades.
        Refused = "refused",
        /// Allowed: plain books and benchmarks only.
        Allowed = "allowed",
    }
);
closed_list!(
    /// Whether purchased points can be sold.
    Resale {
        /// Never.
        Never = "never",
        /// Freely.
        Allowed = "allowed",
        /// Some days after the account's last purchase.
        AfterDays = "after_days",
    }
);
closed_list!(
    /// Over whom the holding cap and the purchase cap add up.
    CapsPer {
        /// The account alone.
        Account = "account",
        /// All accounts of the household.
        Household = "household",
    }
);
