//! Numbers as people read them: points, euros, prices and percents, in French and in English typography.

use crate::Language;

/// French groups thousands, and sets units apart, with a narrow no-break space.
const NARROW_SPACE: char = '\u{202f}';
/// The typographic minus: a hyphen would break off at the end of a line.
const MINUS: char = '\u{2212}';

/// `number / 10^scale` in words of the language: grouped thousands, at least `least` decimals, no zeros after those.
fn decimal(number: i128, scale: u32, least: usize, language: Language) -> String {
    let divisor = 10_u128.pow(scale);
    let magnitude = number.unsigned_abs();
    let mut text = String::new();
    if number < 0 {
        text.push(MINUS);
    }
    let (group, point) = match language {
        Language::French => (NARROW_SPACE, ','),
        Language::English => (',', '.'),
    };
    let whole = (magnitude / divisor).to_string();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            text.push(group);
        }
        text.push(digit);
    }
    let all = format!("{:0width$}", magnitude % divisor, width = scale as usize);
    let shown = all.trim_end_matches('0').len().max(least);
    if scale > 0 && shown > 0 {
        text.push(point);
        text.push_str(&all[..shown]);
    }
    text
}

/// A plain count: `1 234` or `1,234`.
pub fn count(number: u64, language: Language) -> String {
    decimal(i128::from(number), 0, 0, language)
}

/// A quantity in grams, as points with up to three decimals: `1 234,5 points`.
pub fn points(quantity_g: i64, language: Language) -> String {
    let number = decimal(i128::from(quantity_g), 3, 0, language);
    let plural = match language {
        // French counts from two: « 1,5 point », « 0 point ».
        Language::French => quantity_g.unsigned_abs() >= 2000,
        Language::English => quantity_g.unsigned_abs() != 1000,
    };
    let word = if plural { "points" } else { "point" };
    match language {
        Language::French => format!("{number}{NARROW_SPACE}{word}"),
        Language::English => format!("{number} {word}"),
    }
}

/// An amount in µ€, exact, as euros with at least two decimals: `10,20 €` or `€10.20`.
pub fn euros(amount_ueur: i64, language: Language) -> String {
    with_euro_sign(decimal(i128::from(amount_ueur), 6, 2, language), language)
}

/// A price in µ€ per point, exact, as euros per point: `0,085 € par point`.
pub fn price(price_ueur: i64, language: Language) -> String {
    let euros = euros(price_ueur, language);
    match language {
        Language::French => format!("{euros} par point"),
        Language::English => format!("{euros} per point"),
    }
}

/// The same price as euros per tonne of CO2e: 1 µ€ per point is 0.001 € per tonne.
pub fn price_per_tonne(price_ueur: i64, language: Language) -> String {
    // Whole euros stand alone; anything finer has cents.
    let least = if price_ueur % 1000 == 0 { 0 } else { 2 };
    let euros = with_euro_sign(decimal(i128::from(price_ueur), 3, least, language), language);
    match language {
        Language::French => format!("{euros} la tonne"),
        Language::English => format!("{euros} a tonne"),
    }
}

/// A share in basis points, as a percentage: `33,33 %` or `33.33%`.
pub fn percent(share_bp: u32, language: Language) -> String {
    let number = decimal(i128::from(share_bp), 2, 0, language);
    match language {
        Language::French => format!("{number}{NARROW_SPACE}%"),
        Language::English => format!("{number}%"),
    }
}

/// French sets colons, semicolons and guillemets apart with a narrow no-break space; texts are written with plain ones.
pub(crate) fn french_spacing(text: &str) -> String {
    text.replace(" :", "\u{202f}:").replace(" ;", "\u{202f};").replace("« ", "«\u{202f}").replace(" »", "\u{202f}»")
}

fn with_euro_sign(number: String, language: Language) -> String {
    match language {
        Language::French => format!("{number}{NARROW_SPACE}€"),
        Language::English => match number.strip_prefix(MINUS) {
            Some(magnitude) => format!("{MINUS}€{magnitude}"),
            None => format!("€{number}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Language::{English, French};

    #[test]
    fn points_have_up_to_three_decimals_and_the_right_plural() {
        assert_eq!(points(1_234_500, French), "1\u{202f}234,5\u{202f}points");
        assert_eq!(points(1_234_500, English), "1,234.5 points");
        assert_eq!(points(1500, French), "1,5\u{202f}point");
        assert_eq!(points(1500, English), "1.5 points");
        assert_eq!(points(1000, English), "1 point");
        assert_eq!(points(0, French), "0\u{202f}point");
        assert_eq!(points(-2_000_001, French), "\u{2212}2\u{202f}000,001\u{202f}points");
    }

    #[test]
    fn euros_are_exact_with_at_least_two_decimals() {
        assert_eq!(euros(10_200_000, French), "10,20\u{202f}€");
        assert_eq!(euros(10_200_000, English), "€10.20");
        assert_eq!(euros(1, English), "€0.000001");
        assert_eq!(euros(-1_234_567_000_000, English), "\u{2212}€1,234,567.00");
        assert_eq!(euros(i64::MIN, English), "\u{2212}€9,223,372,036,854.775808");
    }

    #[test]
    fn prices_are_per_point_and_per_tonne() {
        assert_eq!(price(85_000, French), "0,085\u{202f}€ par point");
        assert_eq!(price_per_tonne(85_000, French), "85\u{202f}€ la tonne");
        assert_eq!(price(85_010, English), "€0.08501 per point");
        assert_eq!(price_per_tonne(85_010, English), "€85.01 a tonne");
        assert_eq!(price_per_tonne(183_500, French), "183,50\u{202f}€ la tonne");
    }

    #[test]
    fn shares_are_percents() {
        assert_eq!(percent(3333, French), "33,33\u{202f}%");
        assert_eq!(percent(10_000, English), "100%");
        assert_eq!(percent(5, English), "0.05%");
    }
}
