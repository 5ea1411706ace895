//! Instants at the edge: RFC 3339 in UTC for machines, the calendar of Paris for people.

use carbex_rulebook::Language;
use jiff::{Timestamp, Zoned, tz::TimeZone};

fn timestamp(time_ns: u64) -> Timestamp {
    // 64 bits of nanoseconds end in the year 2554, inside what the calendar crate knows.
    Timestamp::from_nanosecond(i128::from(time_ns)).unwrap_or(Timestamp::MAX)
}

/// RFC 3339, UTC.
pub fn rfc3339(time_ns: u64) -> String {
    timestamp(time_ns).to_string()
}

/// The nanoseconds of an RFC 3339 instant; `None` = not one, or outside 1970 to 2554.
pub fn from_rfc3339(text: &str) -> Option<u64> {
    u64::try_from(text.parse::<Timestamp>().ok()?.as_nanosecond()).ok()
}

fn in_paris(time_ns: u64) -> Zoned {
    // The zone is built in; if it ever were not, UTC is at most two hours off and never wrong by a day's name in the data.
    let paris = TimeZone::get("Europe/Paris").unwrap_or(TimeZone::UTC);
    timestamp(time_ns).to_zoned(paris)
}

const MONTHS_FRENCH: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];
const MONTHS_ENGLISH: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn month_index(date: &Zoned) -> usize {
    usize::from(date.month().unsigned_abs()).saturating_sub(1) % 12
}

/// The day in Paris, in words: `3 mars 2027`, `3 March 2027`.
pub fn date(time_ns: u64, language: Language) -> String {
    let date = in_paris(time_ns);
    let month = match language {
        Language::French => MONTHS_FRENCH[month_index(&date)],
        Language::English => MONTHS_ENGLISH[month_index(&date)],
    };
    let day = match (language, date.day()) {
        (Language::French, 1) => "1er".to_owned(),
        (Language::French | Language::English, day) => day.to_string(),
    };
    format!("{day} {month} {}", date.year())
}

/// The month in Paris, short: `mars`, `Mar`.
pub fn month(time_ns: u64, language: Language) -> &'static str {
    const SHORT_FRENCH: [&str; 12] =
        ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."];
    const SHORT_ENGLISH: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    match language {
        Language::French => SHORT_FRENCH[month_index(&in_paris(time_ns))],
        Language::English => SHORT_ENGLISH[month_index(&in_paris(time_ns))],
    }
}

/// The instants in `start_ns..end_ns` at which a month begins in Paris, at most 36.
pub fn month_starts(start_ns: u64, end_ns: u64) -> Vec<u64> {
    let mut starts = Vec::new();
    let Ok(mut first) = in_paris(start_ns).first_of_month().and_then(|day| day.start_of_day()) else { return starts };
    while starts.len() < 36 {
        let Ok(at_ns) = u64::try_from(first.timestamp().as_nanosecond()) else { break };
        if at_ns >= end_ns {
            break;
        }
        if at_ns >= start_ns {
            starts.push(at_ns);
        }
        let Ok(next) = first.checked_add(jiff::Span::new().months(1)) else { break };
        first = next;
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2027-01-01 00:00 in Paris.
    const NEW_YEAR_NS: u64 = 1_798_758_000_000_000_000;

    #[test]
    fn machines_read_utc_and_people_paris() {
        assert_eq!(rfc3339(NEW_YEAR_NS), "2026-12-31T23:00:00Z");
        assert_eq!(from_rfc3339("2026-12-31T23:00:00Z"), Some(NEW_YEAR_NS));
        assert_eq!(from_rfc3339("1969-12-31T23:00:00Z"), None);
        assert_eq!(date(NEW_YEAR_NS, Language::French), "1er janvier 2027");
        assert_eq!(date(NEW_YEAR_NS, Language::English), "1 January 2027");
    }

    #[test]
    fn a_year_has_twelve_months_in_paris() {
        let year_ns = 365 * carbex_vocabulary::DAY_NS;
        let starts = month_starts(NEW_YEAR_NS, NEW_YEAR_NS + year_ns);
        assert_eq!(starts.len(), 12);
        assert_eq!(starts[0], NEW_YEAR_NS);
        assert_eq!(month(starts[6], Language::French), "juil.");
    }
}
