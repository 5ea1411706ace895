//! One account in 64 hot and 24 cold bytes: what an order, a trade or a debit touches, and the rest.
//!
//! Grams have 40 bits (549 kt), cash 56 bits (72 billion euros, of which all money together takes at most half), owed penalties 48 bits (281 million euros). These are
//! bounds of the table, checked before every write: `LIMIT_EXCEEDED`, never an overflow.

use carbex_vocabulary::AccountStatus;
use zerocopy::{FromBytes, IntoBytes};

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

/// The hot side of an account, read and changed where it lies.
///
/// Seven words hold an amount of grams in their upper 40 bits, so that reading it is one shift, and
/// beside it, in the lower 24, a part of what an account also keeps. The eighth is the cash and what was left.
///
/// ```text
/// word  upper 40 bits  lower 24 bits
/// 0     allotted_g     cash_reserved_ueur, bits 0 to 23
/// 1     purchased_g    cash_reserved_ueur, bits 24 to 47
/// 2     consumed_g     orders_today
/// 3     sold_g         newest_order, bits 0 to 23
/// 4     bought_g       newest_order, bits 24 to 31 (8) | open_orders (16)
/// 5     open_sell_g    orders_day (12) | operations_taken (4) | opened_day, bits 0 to 7 (8)
/// 6     open_buy_g     share_bp (21) | status (2) | opened_day, bit 8 (1)
/// 7     cash_ueur in the lower 56 bits | cash_reserved_ueur, bits 48 to 54 (7) | has_obligation (1)
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes)]
#[repr(C)]
pub(crate) struct Hot {
    words: HotWords,
}

/// The words of a hot side, as the canonical state writes them.
pub(crate) type HotWords = [u64; 8];

const BESIDE_BITS: u32 = 24;
const BESIDE_MASK: u64 = (1 << BESIDE_BITS) - 1;
const CASH_MASK: u64 = (1 << 56) - 1;
const BEYOND: &str = "an amount beyond the table: a check before this write is missing";

/// Reading, adding to and setting one amount of grams.
macro_rules! amounts {
    ($($word:literal $amount:ident $add:ident $($set:ident)?),+ $(,)?) => {
        $(
            #[inline(always)]
            pub const fn $amount(&self) -> i64 {
                self.words[$word].cast_signed() >> BESIDE_BITS
            }
            #[inline(always)]
            pub const fn $add(&mut self, grams: i64) {
                // What is added may pass the field's bound where what it is added to lies below zero.
                let sum = self.$amount().checked_add(grams).expect(BEYOND);
                let upper = sum.checked_mul(1 << BESIDE_BITS).expect(BEYOND);
                self.words[$word] = upper.cast_unsigned() | (self.words[$word] & BESIDE_MASK);
            }
            $(
                #[inline(always)]
                pub const fn $set(&mut self, grams: i64) {
                    let upper = grams.checked_mul(1 << BESIDE_BITS).expect(BEYOND);
                    self.words[$word] = upper.cast_unsigned() | (self.words[$word] & BESIDE_MASK);
                }
            )?
        )+
    };
}

impl Hot {
    /// A new account with nothing in it.
    pub const fn new(share_bp: u32, opened_day: u16) -> Self {
        let mut hot = Self { words: [0; 8] };
        hot.set_share_bp(share_bp);
        hot.set_opened_day(opened_day);
        hot
    }

    /// The words as a state holds them.
    pub const fn from_words(words: HotWords) -> Self {
        Self { words }
    }

    /// The words as a state holds them.
    pub const fn words(&self) -> &HotWords {
        &self.words
    }

    amounts! {
        0 allotted_g add_allotted_g set_allotted_g,
        1 purchased_g add_purchased_g set_purchased_g,
        2 consumed_g add_consumed_g set_consumed_g,
        3 sold_g add_sold_g set_sold_g,
        4 bought_g add_bought_g set_bought_g,
        5 open_sell_g add_open_sell_g,
        6 open_buy_g add_open_buy_g,
    }

    /// Points of both buckets.
    #[inline(always)]
    pub const fn points_g(&self) -> i64 {
        self.allotted_g() + self.purchased_g()
    }

    /// Replaces `bits` bits from `shift` on in the lower part of a word.
    #[inline(always)]
    const fn put(&mut self, word: usize, shift: u32, bits: u32, value: u64) {
        assert!(value >> bits == 0, "a number beyond the table: a check before this write is missing");
        let mask = ((1 << bits) - 1) << shift;
        self.words[word] = (self.words[word] & !mask) | (value << shift);
    }

    #[inline(always)]
    const fn get(&self, word: usize, shift: u32, bits: u32) -> u64 {
        (self.words[word] >> shift) & ((1 << bits) - 1)
    }

    /// Money, what is reserved included.
    #[inline(always)]
    pub const fn cash_ueur(&self) -> i64 {
        (self.words[7] & CASH_MASK).cast_signed()
    }

    #[inline(always)]
    pub const fn add_cash_ueur(&mut self, amount_ueur: i64) {
        self.put(7, 0, 56, (self.cash_ueur() + amount_ueur).cast_unsigned());
    }

    /// Money reserved for open buys.
    #[inline(always)]
    pub const fn cash_reserved_ueur(&self) -> i64 {
        (self.get(0, 0, 24) | (self.get(1, 0, 24) << 24) | (self.get(7, 56, 7) << 48)).cast_signed()
    }

    #[inline(always)]
    pub const fn add_cash_reserved_ueur(&mut self, amount_ueur: i64) {
        let reserved = (self.cash_reserved_ueur() + amount_ueur).cast_unsigned();
        self.put(0, 0, 24, reserved & BESIDE_MASK);
        self.put(1, 0, 24, (reserved >> 24) & BESIDE_MASK);
        self.put(7, 56, 7, reserved >> 48);
    }

    /// Places and replaces accepted on `orders_day`.
    #[inline(always)]
    pub const fn orders_today(&self) -> u32 {
        self.get(2, 0, 24) as u32
    }

    #[inline(always)]
    pub const fn set_orders_today(&mut self, orders: u32) {
        self.put(2, 0, 24, orders as u64);
    }

    /// The day of the year that `orders_today` counts, at most [`ORDERS_DAY_MAX`].
    #[inline(always)]
    pub const fn orders_day(&self) -> u16 {
        self.get(5, 0, 12) as u16
    }

    #[inline(always)]
    pub const fn set_orders_day(&mut self, day: u16) {
        self.put(5, 0, 12, day as u64);
    }

    /// How many of the market's operations on all accounts this one has taken, modulo [`OPERATIONS_MODULUS`].
    #[inline(always)]
    pub const fn operations_taken(&self) -> u8 {
        self.get(5, 12, 4) as u8
    }

    #[inline(always)]
    pub const fn set_operations_taken(&mut self, operations: u8) {
        self.put(5, 12, 4, operations as u64);
    }

    #[inline(always)]
    pub const fn open_orders(&self) -> u16 {
        self.get(4, 8, 16) as u16
    }

    #[inline(always)]
    pub const fn set_open_orders(&mut self, orders: u16) {
        self.put(4, 8, 16, orders as u64);
    }

    /// The newest open order's slot + 1; 0 = none.
    #[inline(always)]
    pub const fn newest_order(&self) -> u32 {
        (self.get(3, 0, 24) | (self.get(4, 0, 8) << 24)) as u32
    }

    #[inline(always)]
    pub const fn set_newest_order(&mut self, link: u32) {
        self.put(3, 0, 24, link as u64 & BESIDE_MASK);
        self.put(4, 0, 8, link as u64 >> 24);
    }

    #[inline(always)]
    pub const fn share_bp(&self) -> u32 {
        self.get(6, 0, 21) as u32
    }

    pub const fn set_share_bp(&mut self, share_bp: u32) {
        self.put(6, 0, 21, share_bp as u64);
    }

    #[inline(always)]
    pub const fn opened_day(&self) -> u16 {
        (self.get(5, 16, 8) | (self.get(6, 23, 1) << 8)) as u16
    }

    pub const fn set_opened_day(&mut self, day: u16) {
        self.put(5, 16, 8, day as u64 & 0xFF);
        self.put(6, 23, 1, day as u64 >> 8);
    }

    #[inline(always)]
    pub const fn status(&self) -> AccountStatus {
        match self.get(6, 21, 2) {
            0 => AccountStatus::Active,
            1 => AccountStatus::Frozen,
            _ => AccountStatus::Closed,
        }
    }

    pub const fn set_status(&mut self, status: AccountStatus) {
        self.put(6, 21, 2, status as u64);
    }

    /// The cold side holds an obligation: without it a purchase need not look there.
    #[inline(always)]
    pub const fn has_obligation(&self) -> bool {
        self.words[7] >> 63 != 0
    }

    pub const fn set_has_obligation(&mut self, has: bool) {
        self.put(7, 63, 1, has as u64);
    }
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

/// The packed cold side.
pub(crate) type ColdWords = [u64; 3];

const GRAM_BITS: u32 = 40;
const GRAM_MASK: u64 = (1 << GRAM_BITS) - 1;

fn pack_grams(grams: i64, beside: u64) -> u64 {
    (grams.cast_unsigned() & GRAM_MASK) | (beside << GRAM_BITS)
}

/// Zero if the grams fit their 40 bits.
fn beyond_grams(grams: i64) -> i64 {
    ((grams << (64 - GRAM_BITS)) >> (64 - GRAM_BITS)) ^ grams
}

fn unpack_grams(word: u64) -> i64 {
    (word << (64 - GRAM_BITS)).cast_signed() >> (64 - GRAM_BITS)
}

fn beside(word: u64) -> u64 {
    word >> GRAM_BITS
}

impl Cold {
    /// Packs; every field is within its bound (checked before the change that made it).
    pub fn pack(&self) -> ColdWords {
        let beyond = beyond_grams(self.consumed_purchased_g)
            | beyond_grams(self.repay_g)
            | (self.owed_ueur & !OWED_MAX_UEUR)
            | (self.obligation_g & !OBLIGATION_MAX_G);
        assert!(beyond == 0, "{BEYOND}");
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
            household: (w2 >> 32) as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_takes_64_hot_and_24_cold_bytes() {
        assert_eq!((size_of::<Hot>(), size_of::<ColdWords>()), (64, 24));
    }

    type Change = fn(&mut Hot);
    type Look = fn(&Hot) -> i64;

    /// Every field: what sets it to its largest, what adds or sets one, and what reads it.
    const FIELDS: [(Change, Change, Look, i64); 18] = [
        (|hot| hot.set_allotted_g(AMOUNT_MAX_G), |hot| hot.add_allotted_g(-1), Hot::allotted_g, AMOUNT_MAX_G),
        (|hot| hot.set_purchased_g(AMOUNT_MAX_G), |hot| hot.add_purchased_g(-1), Hot::purchased_g, AMOUNT_MAX_G),
        (|hot| hot.set_consumed_g(AMOUNT_MAX_G), |hot| hot.add_consumed_g(-1), Hot::consumed_g, AMOUNT_MAX_G),
        (|hot| hot.set_sold_g(AMOUNT_MAX_G), |hot| hot.add_sold_g(-1), Hot::sold_g, AMOUNT_MAX_G),
        (|hot| hot.set_bought_g(AMOUNT_MAX_G), |hot| hot.add_bought_g(-1), Hot::bought_g, AMOUNT_MAX_G),
        (|hot| hot.add_open_sell_g(AMOUNT_MAX_G), |hot| hot.add_open_sell_g(-1), Hot::open_sell_g, AMOUNT_MAX_G),
        (|hot| hot.add_open_buy_g(AMOUNT_MAX_G), |hot| hot.add_open_buy_g(-1), Hot::open_buy_g, AMOUNT_MAX_G),
        (|hot| hot.add_cash_ueur(CASH_MAX_UEUR), |hot| hot.add_cash_ueur(-1), Hot::cash_ueur, CASH_MAX_UEUR),
        (
            |hot| hot.add_cash_reserved_ueur(MONEY_MAX_UEUR),
            |hot| hot.add_cash_reserved_ueur(-1),
            Hot::cash_reserved_ueur,
            MONEY_MAX_UEUR,
        ),
        (
            |hot| hot.set_orders_today((1 << 24) - 1),
            |hot| hot.set_orders_today((1 << 24) - 2),
            |hot| i64::from(hot.orders_today()),
            (1 << 24) - 1,
        ),
        (
            |hot| hot.set_orders_day(ORDERS_DAY_MAX),
            |hot| hot.set_orders_day(ORDERS_DAY_MAX - 1),
            |hot| i64::from(hot.orders_day()),
            ORDERS_DAY_MAX as i64,
        ),
        (
            |hot| hot.set_operations_taken(OPERATIONS_MODULUS - 1),
            |hot| hot.set_operations_taken(OPERATIONS_MODULUS - 2),
            |hot| i64::from(hot.operations_taken()),
            OPERATIONS_MODULUS as i64 - 1,
        ),
        (
            |hot| hot.set_open_orders(u16::MAX),
            |hot| hot.set_open_orders(u16::MAX - 1),
            |hot| i64::from(hot.open_orders()),
            u16::MAX as i64,
        ),
        (
            |hot| hot.set_newest_order(u32::MAX),
            |hot| hot.set_newest_order(u32::MAX - 1),
            |hot| i64::from(hot.newest_order()),
            u32::MAX as i64,
        ),
        (
            |hot| hot.set_share_bp(SHARE_MAX_BP),
            |hot| hot.set_share_bp(SHARE_MAX_BP - 1),
            |hot| i64::from(hot.share_bp()),
            SHARE_MAX_BP as i64,
        ),
        (|hot| hot.set_opened_day(366), |hot| hot.set_opened_day(365), |hot| i64::from(hot.opened_day()), 366),
        (
            |hot| hot.set_status(AccountStatus::Closed),
            |hot| hot.set_status(AccountStatus::Frozen),
            |hot| hot.status() as i64,
            2,
        ),
        (
            |hot| hot.set_has_obligation(true),
            |hot| hot.set_has_obligation(false),
            |hot| i64::from(hot.has_obligation()),
            1,
        ),
    ];

    #[test]
    fn every_field_holds_its_largest_and_touches_no_other() {
        for full in [false, true] {
            for (place, (largest, one_less, look, value)) in FIELDS.iter().enumerate() {
                let mut hot = Hot::new(0, 0);
                if full {
                    FIELDS.iter().for_each(|(largest, ..)| largest(&mut hot));
                } else {
                    largest(&mut hot);
                }
                assert_eq!(look(&hot), *value, "field {place}");
                one_less(&mut hot);
                for (other, (_, _, look, value)) in FIELDS.iter().enumerate() {
                    let expected = if other == place { value - 1 } else { i64::from(full) * value };
                    assert_eq!(look(&hot), expected, "field {other} after a change of field {place}");
                }
                assert_eq!(Hot::from_words(*hot.words()), hot);
            }
        }
    }

    #[test]
    fn amounts_go_as_far_below_zero() {
        let mut hot = Hot::new(SHARE_MAX_BP, 366);
        hot.set_allotted_g(-AMOUNT_MAX_G - 1);
        hot.add_purchased_g(-3);
        assert_eq!((hot.allotted_g(), hot.purchased_g(), hot.points_g()), (-AMOUNT_MAX_G - 1, -3, -AMOUNT_MAX_G - 4));
        assert_eq!((hot.share_bp(), hot.opened_day(), hot.cash_reserved_ueur()), (SHARE_MAX_BP, 366, 0));
    }

    #[test]
    fn more_than_a_field_holds_is_added_to_what_lies_as_far_below_zero() {
        let mut hot = Hot::new(SHARE_MAX_BP, 366);
        hot.add_allotted_g(-10);
        hot.add_allotted_g(AMOUNT_MAX_G + 10);
        assert_eq!((hot.allotted_g(), hot.cash_reserved_ueur()), (AMOUNT_MAX_G, 0));
    }

    #[test]
    #[should_panic(expected = "a check before this write is missing")]
    fn an_amount_beyond_its_field_stops() {
        let mut hot = Hot::new(0, 0);
        hot.set_allotted_g(AMOUNT_MAX_G);
        hot.add_allotted_g(1);
    }

    #[test]
    fn every_cold_field_survives_packing_at_its_bounds() {
        for amount in [0, 1, AMOUNT_MAX_G] {
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
}
