//! One account in 64 hot and 24 cold bytes: what an order, a trade or a debit touches in one cache line, the rest beside.
//!
//! Grams have 40 bits (549 kt), cash 56 bits (72 billion euros, of which all money together takes at most half), owed penalties 48 bits (281 million euros). These are
//! bounds of the table, checked before every write: `LIMIT_EXCEEDED`, never an overflow.

use carbex_vocabulary::AccountStatus;

/// The most grams one field holds, in either direction: 2³⁹ − 1.
pub(crate) const AMOUNT_MAX_G: i64 = (1 << 39) - 1;
/// The most µ€ one account's cash holds.
const CASH_MAX_UEUR: i64 = (1 << 56) - 1;
/// The most µ€ that all accounts and the treasury hold together: 36 billion euros. Half of what one account's field holds,
/// so that no trade, not even in the middle of an auction's settlement, can pass it.
pub(crate) const MONEY_MAX_UEUR: i64 = CASH_MAX_UEUR / 2;
/// The most µ€ of penalties one account owes.
pub(crate) const OWED_MAX_UEUR: i64 = (1 << 48) - 1;
/// The largest obligation, in grams.
pub(crate) const OBLIGATION_MAX_G: i64 = u32::MAX as i64;
/// The largest share of one endowment: 209 endowments.
pub(crate) const SHARE_MAX_BP: u32 = (1 << 21) - 1;

/// The last day that the daily count of orders tells from others.
pub(crate) const ORDERS_DAY_MAX: u16 = (1 << 12) - 1;
/// Operations on all accounts are counted modulo this: an account can be fifteen behind, not more.
pub(crate) const OPERATIONS_MODULUS: u8 = 16;

/// The hot side of an account, unpacked; units are in the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hot {
    pub allotted_g: i64,
    pub purchased_g: i64,
    pub consumed_g: i64,
    pub sold_g: i64,
    pub bought_g: i64,
    pub open_sell_g: i64,
    pub open_buy_g: i64,
    pub cash_ueur: i64,
    pub cash_reserved_ueur: i64,
    /// Places and replaces accepted on `orders_day`.
    pub orders_today: u32,
    /// The day of the year, at most [`ORDERS_DAY_MAX`].
    pub orders_day: u16,
    /// How many of the market's operations on all accounts this one has taken, modulo [`OPERATIONS_MODULUS`].
    pub operations_taken: u8,
    pub open_orders: u16,
    /// The newest open order's slot + 1; 0 = none.
    pub newest_order: u32,
    pub share_bp: u32,
    pub opened_day: u16,
    pub status: AccountStatus,
}

/// The cold side of an account, unpacked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cold {
    pub consumed_purchased_g: i64,
    pub repay_g: i64,
    pub owed_ueur: i64,
    pub obligation_g: i64,
    pub household: u32,
}

/// The packed hot side: each word holds one amount and what fits beside it.
pub(crate) type HotWords = [u64; 8];
/// The packed cold side.
pub(crate) type ColdWords = [u64; 3];

const GRAM_BITS: u32 = 40;
const GRAM_MASK: u64 = (1 << GRAM_BITS) - 1;
const CASH_MASK: u64 = (1 << 56) - 1;

#[inline]
fn pack_grams(grams: i64, beside: u64) -> u64 {
    (grams.cast_unsigned() & GRAM_MASK) | (beside << GRAM_BITS)
}

/// Zero if the grams fit their 40 bits.
#[inline]
fn beyond_grams(grams: i64) -> i64 {
    ((grams << (64 - GRAM_BITS)) >> (64 - GRAM_BITS)) ^ grams
}

#[inline]
fn unpack_grams(word: u64) -> i64 {
    (word << (64 - GRAM_BITS)).cast_signed() >> (64 - GRAM_BITS)
}

#[inline]
fn beside(word: u64) -> u64 {
    word >> GRAM_BITS
}

impl Hot {
    /// A new account with nothing in it.
    pub fn new(share_bp: u32, opened_day: u16) -> Self {
        Self {
            allotted_g: 0,
            purchased_g: 0,
            consumed_g: 0,
            sold_g: 0,
            bought_g: 0,
            open_sell_g: 0,
            open_buy_g: 0,
            cash_ueur: 0,
            cash_reserved_ueur: 0,
            orders_today: 0,
            orders_day: 0,
            operations_taken: 0,
            open_orders: 0,
            newest_order: 0,
            share_bp,
            opened_day,
            status: AccountStatus::Active,
        }
    }

    /// Points of both buckets.
    pub fn points_g(&self) -> i64 {
        self.allotted_g + self.purchased_g
    }

    /// Packs. Every field is within its bound, checked before the change that made it; what is not is a fault that stops.
    #[inline]
    pub fn pack(&self) -> HotWords {
        let beyond = beyond_grams(self.allotted_g)
            | beyond_grams(self.purchased_g)
            | beyond_grams(self.consumed_g)
            | beyond_grams(self.sold_g)
            | beyond_grams(self.bought_g)
            | beyond_grams(self.open_sell_g)
            | beyond_grams(self.open_buy_g)
            | (self.cash_ueur & !CASH_MAX_UEUR)
            | (self.cash_reserved_ueur & !CASH_MAX_UEUR);
        assert!(beyond == 0, "an amount beyond the table: a check before this write is missing");
        assert!(self.orders_today < 1 << 24 && self.share_bp <= SHARE_MAX_BP && self.opened_day < 1 << 9);
        assert!(self.orders_day <= ORDERS_DAY_MAX && self.operations_taken < OPERATIONS_MODULUS);
        let taken = u64::from(self.operations_taken);
        let reserved = self.cash_reserved_ueur.cast_unsigned();
        let newest = u64::from(self.newest_order);
        let opened = u64::from(self.opened_day);
        [
            pack_grams(self.allotted_g, reserved & 0xFF_FFFF),
            pack_grams(self.purchased_g, (reserved >> 24) & 0xFF_FFFF),
            pack_grams(self.consumed_g, u64::from(self.orders_today)),
            pack_grams(self.sold_g, newest & 0xFF_FFFF),
            pack_grams(self.bought_g, (newest >> 24) | (u64::from(self.open_orders) << 8)),
            pack_grams(self.open_sell_g, u64::from(self.orders_day) | (taken << 12) | ((opened & 0xFF) << 16)),
            pack_grams(
                self.open_buy_g,
                u64::from(self.share_bp) | ((self.status as u64) << 21) | ((opened >> 8) << 23),
            ),
            (self.cash_ueur.cast_unsigned() & CASH_MASK) | ((reserved >> 48) << 56),
        ]
    }

    /// Unpacks.
    #[inline]
    pub fn unpack(words: &HotWords) -> Self {
        let [w0, w1, w2, w3, w4, w5, w6, w7] = *words;
        let reserved = beside(w0) | (beside(w1) << 24) | ((w7 >> 56) << 48);
        let status = match (beside(w6) >> 21) & 3 {
            0 => AccountStatus::Active,
            1 => AccountStatus::Frozen,
            _ => AccountStatus::Closed,
        };
        Self {
            allotted_g: unpack_grams(w0),
            purchased_g: unpack_grams(w1),
            consumed_g: unpack_grams(w2),
            sold_g: unpack_grams(w3),
            bought_g: unpack_grams(w4),
            open_sell_g: unpack_grams(w5),
            open_buy_g: unpack_grams(w6),
            cash_ueur: (w7 & CASH_MASK).cast_signed(),
            cash_reserved_ueur: reserved.cast_signed(),
            orders_today: low_u32(beside(w2)),
            orders_day: low_u16(beside(w5)) & ORDERS_DAY_MAX,
            operations_taken: (beside(w5) >> 12) as u8 & (OPERATIONS_MODULUS - 1),
            open_orders: low_u16(beside(w4) >> 8),
            newest_order: low_u32(beside(w3) | ((beside(w4) & 0xFF) << 24)),
            share_bp: low_u32(beside(w6) & u64::from(SHARE_MAX_BP)),
            opened_day: low_u16((beside(w5) >> 16) | ((beside(w6) >> 23) << 8)),
            status,
        }
    }
}

#[inline]
fn low_u32(word: u64) -> u32 {
    (word & 0xFFFF_FFFF) as u32
}

#[inline]
fn low_u16(word: u64) -> u16 {
    (word & 0xFFFF) as u16
}

impl Cold {
    /// Packs; every field is within its bound (checked before the change that made it).
    pub fn pack(&self) -> ColdWords {
        let beyond = beyond_grams(self.consumed_purchased_g)
            | beyond_grams(self.repay_g)
            | (self.owed_ueur & !OWED_MAX_UEUR)
            | (self.obligation_g & !OBLIGATION_MAX_G);
        assert!(beyond == 0, "an amount beyond the table: a check before this write is missing");
        let owed = self.owed_ueur.cast_unsigned();
        [
            pack_grams(self.consumed_purchased_g, owed & 0xFF_FFFF),
            pack_grams(self.repay_g, (owed >> 24) & 0xFF_FFFF),
            self.obligation_g.cast_unsigned() | (u64::from(self.household) << 32),
        ]
    }

    /// Unpacks.
    pub fn unpack(words: &ColdWords) -> Self {
        let [w0, w1, w2] = *words;
        Self {
            consumed_purchased_g: unpack_grams(w0),
            repay_g: unpack_grams(w1),
            owed_ueur: (beside(w0) | (beside(w1) << 24)).cast_signed(),
            obligation_g: (w2 & 0xFFFF_FFFF).cast_signed(),
            household: low_u32(w2 >> 32),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_takes_64_hot_and_24_cold_bytes() {
        assert_eq!((size_of::<HotWords>(), size_of::<ColdWords>()), (64, 24));
    }

    #[test]
    fn every_field_survives_packing_at_its_bounds() {
        let extremes = [0, 1, AMOUNT_MAX_G];
        for (turn, status) in AccountStatus::ALL.iter().enumerate() {
            let amount = extremes[turn];
            let hot = Hot {
                allotted_g: -amount,
                purchased_g: amount,
                consumed_g: amount,
                sold_g: amount,
                bought_g: amount,
                open_sell_g: amount,
                open_buy_g: amount,
                cash_ueur: CASH_MAX_UEUR,
                cash_reserved_ueur: CASH_MAX_UEUR - i64::try_from(turn).unwrap(),
                orders_today: (1 << 24) - 1,
                orders_day: ORDERS_DAY_MAX,
                operations_taken: OPERATIONS_MODULUS - 1,
                open_orders: u16::MAX,
                newest_order: u32::MAX,
                share_bp: SHARE_MAX_BP,
                opened_day: 366,
                status: *status,
            };
            assert_eq!(Hot::unpack(&hot.pack()), hot);
            let cold = Cold {
                consumed_purchased_g: amount,
                repay_g: amount,
                owed_ueur: OWED_MAX_UEUR,
                obligation_g: OBLIGATION_MAX_G,
                household: u32::MAX,
            };
            assert_eq!(Cold::unpack(&cold.pack()), cold);
        }
    }

    #[test]
    fn fields_do_not_touch_each_other() {
        let plain = Hot::new(0, 0);
        let with = |change: fn(&mut Hot)| {
            let mut hot = plain;
            change(&mut hot);
            assert_eq!(Hot::unpack(&hot.pack()), hot);
        };
        with(|hot| hot.allotted_g = -1);
        with(|hot| hot.orders_today = 1);
        with(|hot| hot.orders_day = 1);
        with(|hot| hot.operations_taken = 1);
        with(|hot| hot.open_orders = 1);
        with(|hot| hot.newest_order = 1 << 24);
        with(|hot| hot.opened_day = 256);
        with(|hot| hot.share_bp = 1);
        with(|hot| hot.status = AccountStatus::Closed);
        with(|hot| {
            hot.cash_ueur = 1 << 50;
            hot.cash_reserved_ueur = 1 << 49;
        });
    }
}
