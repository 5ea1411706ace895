//! Decimal numbers of scenarios: points to the gram, euros to the µ€; no float in between.

/// Reads a decimal with at most `places` digits after the point, as a whole number of the smallest unit.
pub(super) fn parse(text: &str, places: usize) -> Result<i128, String> {
    let problem = || format!("{text} is not a number with at most {places} decimals");
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || decimals.len() > places {
        return Err(problem());
    }
    let number: i128 = format!("{whole}{decimals:0<places$}").parse().map_err(|_| problem())?;
    Ok(if negative { -number } else { number })
}

/// Reads a decimal that is not negative.
pub(super) fn parse_unsigned(text: &str, places: usize) -> Result<u64, String> {
    u64::try_from(parse(text, places)?).map_err(|_| format!("{text} is below zero or too large"))
}

/// Writes a whole number of the smallest unit as a decimal, without trailing zeros.
pub(super) fn show(number: i128, places: u32) -> String {
    let unit = 10_i128.pow(places);
    let sign = if number < 0 { "-" } else { "" };
    let (whole, part) = (number.abs() / unit, number.abs() % unit);
    if part == 0 {
        return format!("{sign}{whole}");
    }
    let decimals = format!("{part:0width$}", width = places as usize);
    format!("{sign}{whole}.{}", decimals.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_come_and_go_unchanged() {
        for (text, number) in [("120", 120_000), ("0.5", 500), ("-293.283", -293_283), ("0", 0)] {
            assert_eq!(parse(text, 3), Ok(number));
            assert_eq!(show(number, 3), text);
        }
        assert_eq!(parse("0.10", 6), Ok(100_000));
    }

    #[test]
    fn too_many_decimals_are_refused() {
        assert!(parse("0.0001", 3).is_err());
        assert!(parse("", 3).is_err());
        assert!(parse("a", 3).is_err());
    }
}
