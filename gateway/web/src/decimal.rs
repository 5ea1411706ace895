//! Decimals at the edge, integers inside: points, euros per point and euros, exact both ways (market specification, section 2).

use carbex_vocabulary::{PriceUeur, QuantityG};

/// Points are whole grams: 3 decimals.
const POINT_DECIMALS: u32 = 3;
/// Prices and euros are whole micro-euros: 6 decimals.
const EURO_DECIMALS: u32 = 6;
/// Longer texts cannot be a number of the market; refused before any parsing.
const TEXT_BYTES_MAX: usize = 32;

/// Why a text is not a number of the market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecimalFault {
    /// Not digits with at most one point between them.
    NotADecimal,
    /// More decimals than the unit has.
    TooManyDecimals {
        /// How many the unit has.
        allowed: u32,
    },
    /// More than 64 bits of the smallest unit.
    TooLarge,
}

/// Points as grams: `"120"`, `"120.000"` and `"0.5"` are read; `"1.0001"`, `"-1"`, `"1e3"` and `"1,5"` are not.
pub fn points_from(text: &str) -> Result<QuantityG, DecimalFault> {
    scaled(text, POINT_DECIMALS).map(QuantityG::new)
}

/// Euros per point as µ€ per point.
pub fn price_from(text: &str) -> Result<PriceUeur, DecimalFault> {
    scaled(text, EURO_DECIMALS).map(PriceUeur::new)
}

fn scaled(text: &str, decimals: u32) -> Result<u64, DecimalFault> {
    // No signs, underscores, ".5" or "5.": what is not published is not read.
    if text.len() > TEXT_BYTES_MAX {
        return Err(if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            DecimalFault::TooLarge
        } else {
            DecimalFault::NotADecimal
        });
    }
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || fraction.is_some_and(|fraction| !digits(fraction)) {
        return Err(DecimalFault::NotADecimal);
    }
    let fraction = fraction.unwrap_or_default().trim_end_matches('0');
    let Some(missing) = (decimals as usize).checked_sub(fraction.len()) else {
        return Err(DecimalFault::TooManyDecimals { allowed: decimals });
    };
    // Digit by digit: the decimal crate takes ten times as long, and batches read a million of these a second.
    let zeros = std::iter::repeat_n(b'0', missing);
    whole
        .bytes()
        .chain(fraction.bytes())
        .chain(zeros)
        .try_fold(0u64, |number, digit| number.checked_mul(10)?.checked_add(u64::from(digit - b'0')))
        .ok_or(DecimalFault::TooLarge)
}

/// A number with its last `decimals` digits behind the point.
fn written(negative: bool, number: u64, decimals: u32) -> String {
    let one = 10u64.pow(decimals);
    let (whole, fraction) = (number / one, number % one);
    let mut text = String::with_capacity(24);
    if negative {
        text.push('-');
    }
    text.push_str(itoa::Buffer::new().format(whole));
    text.push('.');
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(fraction);
    text.extend(std::iter::repeat_n('0', (decimals as usize).saturating_sub(digits.len())));
    text.push_str(digits);
    text
}

/// Grams as points with 3 decimals.
pub fn points(g: i64) -> String {
    written(g < 0, g.unsigned_abs(), POINT_DECIMALS)
}

/// Unsigned grams as points with 3 decimals.
pub fn points_unsigned(g: u64) -> String {
    written(false, g, POINT_DECIMALS)
}

/// µ€ as euros with 6 decimals: exact, since screens, not this door, round to cents.
pub fn euros(ueur: i64) -> String {
    written(ueur < 0, ueur.unsigned_abs(), EURO_DECIMALS)
}

/// Unsigned µ€ (per point, or in all) as euros with 6 decimals.
pub fn euros_unsigned(ueur: u64) -> String {
    written(false, ueur, EURO_DECIMALS)
}

/// µ€ per point as euros per tonne with 3 decimals: 1 µ€/point = 0.001 €/t.
pub fn euros_per_tonne(ueur: u64) -> String {
    written(false, ueur, 3)
}

/// Basis points as percent with 2 decimals.
pub fn percent(bp: u64) -> String {
    written(false, bp, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_and_prices_are_read_exactly() {
        assert_eq!(points_from("120"), Ok(QuantityG::new(120_000)));
        assert_eq!(points_from("0.001"), Ok(QuantityG::new(1)));
        assert_eq!(points_from("1.0000"), Ok(QuantityG::new(1_000)));
        assert_eq!(price_from("0.085"), Ok(PriceUeur::new(85_000)));
        assert_eq!(points_from("18446744073709551.615"), Ok(QuantityG::new(u64::MAX)));
    }

    #[test]
    fn what_is_not_a_decimal_of_the_unit_is_refused_with_its_reason() {
        for text in ["", ".", ".5", "5.", "-1", "+1", "1e3", "1,5", "1_000", " 1", "0x1", "١", "NaN"] {
            assert_eq!(points_from(text), Err(DecimalFault::NotADecimal), "{text:?}");
        }
        assert_eq!(points_from("1.0001"), Err(DecimalFault::TooManyDecimals { allowed: 3 }));
        assert_eq!(price_from("0.0850001"), Err(DecimalFault::TooManyDecimals { allowed: 6 }));
        assert_eq!(points_from("18446744073709551.616"), Err(DecimalFault::TooLarge));
        assert_eq!(points_from(&"9".repeat(1000)), Err(DecimalFault::TooLarge));
    }

    #[test]
    fn units_are_written_with_all_their_decimals() {
        assert_eq!(points(-1_500), "-1.500");
        assert_eq!(points_unsigned(u64::MAX), "18446744073709551.615");
        assert_eq!(euros(85_000), "0.085000");
        assert_eq!(euros_per_tonne(85_000), "85.000");
        assert_eq!(percent(3_333), "33.33");
        assert_eq!(points(i64::MIN), "-9223372036854775.808");
        assert_eq!(euros(-1), "-0.000001");
    }
}
