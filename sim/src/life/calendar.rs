//! The regulator's calendar of a budget year: when quotes move and the available volume is shared, when auctions are held.

/// One of the regulator's appointments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appointment {
    /// Quotes follow demand and offer; then the available volume is shared at the new price.
    Quote,
    /// A call auction starts to collect.
    AuctionOpens,
    /// No cancel and no replace from here.
    AuctionFreezes,
    /// One price for all; back to posted quotes.
    AuctionClears,
    /// The budget year ends.
    YearCloses,
}

/// Weeks of a budget year: 52 equal ones, so that the last ends with the year.
pub const WEEKS: u32 = 52;
/// How often the quotes move. Our choice: often enough to be seen moving.
pub const QUOTES_A_WEEK: u32 = 2;
/// How long a month's auction collects before it freezes, and how long it is frozen, in days. Our choice: the domain
/// report proposes an auction a day; a demonstration shows one a month between posted weeks.
const AUCTION_COLLECTS_DAYS: f64 = 2.0;
const AUCTION_FROZEN_DAYS: f64 = 0.5;
/// The last auction clears this long before the year ends, so that what it bought can still be used.
const LAST_AUCTION_BEFORE_END_DAYS: f64 = 3.0;

/// The appointments of a year of `days`, with the days since its start, in order.
pub fn appointments(days: u32) -> Vec<(f64, Appointment)> {
    let days = f64::from(days);
    let clearings: Vec<f64> =
        (1..=12_u32).map(|month| (days * f64::from(month) / 12.0).min(days - LAST_AUCTION_BEFORE_END_DAYS)).collect();
    let collecting = |day: f64| {
        clearings.iter().any(|clears| (clears - AUCTION_FROZEN_DAYS - AUCTION_COLLECTS_DAYS..=*clears).contains(&day))
    };
    let week_days = days / f64::from(WEEKS);
    let mut plan: Vec<(f64, Appointment)> = Vec::new();
    for week in 0..WEEKS {
        for quote in 0..QUOTES_A_WEEK {
            let part = f64::from(quote) / f64::from(QUOTES_A_WEEK);
            plan.push(((f64::from(week) + part) * week_days, Appointment::Quote));
        }
    }
    plan.retain(|(day, _)| !collecting(*day));
    for clears in &clearings {
        plan.push((clears - AUCTION_FROZEN_DAYS - AUCTION_COLLECTS_DAYS, Appointment::AuctionOpens));
        plan.push((clears - AUCTION_FROZEN_DAYS, Appointment::AuctionFreezes));
        plan.push((*clears, Appointment::AuctionClears));
    }
    plan.push((days, Appointment::YearCloses));
    plan.sort_by(|left, right| left.0.total_cmp(&right.0));
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_quote_moves_while_an_auction_collects() {
        for days in [365, 366] {
            let mut collecting = false;
            let plan = appointments(days);
            assert_eq!(plan.last(), Some(&(f64::from(days), Appointment::YearCloses)));
            assert_eq!(plan.iter().filter(|(_, act)| *act == Appointment::AuctionClears).count(), 12);
            for (day, appointment) in plan {
                match appointment {
                    Appointment::Quote => assert!(!collecting, "day {day}"),
                    Appointment::AuctionOpens | Appointment::AuctionFreezes => collecting = true,
                    Appointment::AuctionClears => collecting = false,
                    Appointment::YearCloses => assert!(!collecting),
                }
            }
        }
    }
}
