//! The allotment: in how many instalments a year's endowment arrives, and what share a child has.

use core::fmt;

use carbex_rules::RuleFault;
use carbex_vocabulary::BasisPoints;
use serde::de::{Error, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use crate::reading::{flag, table, whole};

/// One instalment of a year's endowment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instalment {
    /// The day it is allotted, counted from 0 at the opening of the budget year.
    pub day: u32,
    /// The share of the endowment, for `allot_all`.
    pub fraction: BasisPoints,
}

/// When a year's endowment arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// Whole, on the first day.
    Yearly,
    /// In twelve parts, on the first of each month of a budget year that opens on 1 January.
    Monthly,
    /// In these parts: days rise, fractions sum to 10000.
    Listed(Vec<Instalment>),
}

/// How the endowment reaches people, validated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allotment {
    schedule: Schedule,
    child_age: u32,
    child_bp: u32,
    conserve_envelope: bool,
}

/// How many residents there are on each side of `child_age`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Residents {
    /// At least `child_age` years old.
    pub adults: u64,
    /// Younger.
    pub children: u64,
}

/// The share of one endowment that each person's account has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    /// An adult's.
    pub adult: BasisPoints,
    /// A child's.
    pub child: BasisPoints,
    child_age: u32,
}

impl Shares {
    /// The share of a person of that age, in completed years.
    pub const fn of_age(&self, age: u32) -> BasisPoints {
        if age < self.child_age { self.child } else { self.adult }
    }
}

/// So few adults that their share could not be written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharesFault {
    /// The residents that were given.
    pub residents: Residents,
}

impl fmt::Display for SharesFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Residents { adults, children } = self.residents;
        write!(
            f,
            "allotment.conserve_envelope: the envelope of {adults} adults and {children} children would give an adult \
             more than {} basis points; check the counts, or set conserve_envelope = false",
            u32::MAX
        )
    }
}

impl core::error::Error for SharesFault {}

/// Days before each month of a common year.
const MONTH_STARTS: [u32; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

impl Allotment {
    /// The most instalments a year may have: one a day.
    pub const INSTALMENTS_MAX: usize = 365;
    /// The highest age below which a person may be counted as a child.
    pub const CHILD_AGE_MAX: u32 = 25;

    /// When a year's endowment arrives.
    pub const fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// Below this age, in completed years, a person has the child's share.
    pub const fn child_age(&self) -> u32 {
        self.child_age
    }

    /// The child's share of an adult's endowment, in basis points.
    pub const fn child_bp(&self) -> u32 {
        self.child_bp
    }

    /// Whether what children do not get is shared among all, so that the national envelope stays.
    pub const fn conserve_envelope(&self) -> bool {
        self.conserve_envelope
    }

    /// The instalments of a budget year that opens on 1 January of `year`; their fractions sum to 10000.
    pub fn instalments(&self, year: u32) -> Vec<Instalment> {
        match &self.schedule {
            Schedule::Yearly => vec![Instalment { day: 0, fraction: BasisPoints::new(10_000) }],
            Schedule::Monthly => {
                let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
                (0..12)
                    .map(|month| Instalment {
                        day: MONTH_STARTS[month as usize] + u32::from(leap && month >= 2),
                        // Differences of the cumulated share: no basis point is lost over the year.
                        fraction: BasisPoints::new(10_000 * (month + 1) / 12 - 10_000 * month / 12),
                    })
                    .collect()
            }
            Schedule::Listed(instalments) => instalments.clone(),
        }
    }

    /// The shares of adults and children.
    ///
    /// With `conserve_envelope`, one endowment per resident is dealt out again in proportion to 1 and `child_bp`, each
    /// share floored to a whole basis point: the envelope is never exceeded. Nobody to share with: the plain shares.
    pub fn shares(&self, residents: Residents) -> Result<Shares, SharesFault> {
        let child_age = self.child_age;
        let child_bp = u128::from(self.child_bp);
        let adults = u128::from(residents.adults);
        let children = u128::from(residents.children);
        // In basis points of a person; below 2^78.
        let weight = 10_000 * adults + child_bp * children;
        let plain = !self.conserve_envelope || weight == 0;
        let scaled =
            |weight_bp: u128| if plain { weight_bp } else { weight_bp * 10_000 * (adults + children) / weight };
        let share = |weight_bp: u128| {
            u32::try_from(scaled(weight_bp)).map(BasisPoints::new).map_err(|_| SharesFault { residents })
        };
        Ok(Shares { adult: share(10_000)?, child: share(child_bp)?, child_age })
    }
}

impl Default for Allotment {
    fn default() -> Self {
        let AllotmentTable { child_age, child_bp, conserve_envelope, .. } = AllotmentTable::default();
        Self { schedule: Schedule::Yearly, child_age, child_bp, conserve_envelope }
    }
}

/// `[allotment]` as read.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AllotmentTable {
    #[serde(deserialize_with = "written_schedule")]
    schedule: Schedule,
    #[serde(deserialize_with = "whole")]
    child_age: u32,
    #[serde(deserialize_with = "whole")]
    child_bp: u32,
    #[serde(deserialize_with = "flag")]
    conserve_envelope: bool,
}

impl Default for AllotmentTable {
    fn default() -> Self {
        Self { schedule: Schedule::Yearly, child_age: 18, child_bp: 10_000, conserve_envelope: false }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenInstalment {
    #[serde(deserialize_with = "whole")]
    day: u32,
    #[serde(deserialize_with = "whole")]
    fraction_bp: u32,
}

/// An instalment read as a table only.
struct InstalmentTable(WrittenInstalment);

impl<'de> Deserialize<'de> for InstalmentTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        table(deserializer).map(Self)
    }
}

fn written_schedule<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Schedule, D::Error> {
    struct ScheduleVisitor;

    impl<'de> Visitor<'de> for ScheduleVisitor {
        type Value = Schedule;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("\"yearly\", \"monthly\" or a list such as [{ day = 0, fraction_bp = 10000 }]")
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<Schedule, E> {
            match text {
                "yearly" => Ok(Schedule::Yearly),
                "monthly" => Ok(Schedule::Monthly),
                _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
            }
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Schedule, A::Error> {
            let mut instalments = Vec::new();
            while let Some(InstalmentTable(WrittenInstalment { day, fraction_bp })) = list.next_element()? {
                if instalments.len() == Allotment::INSTALMENTS_MAX {
                    return Err(A::Error::custom(format_args!(
                        "a year has at most {} instalments",
                        Allotment::INSTALMENTS_MAX
                    )));
                }
                instalments.push(Instalment { day, fraction: BasisPoints::new(fraction_bp) });
            }
            Ok(Schedule::Listed(instalments))
        }
    }

    deserializer.deserialize_any(ScheduleVisitor)
}

impl AllotmentTable {
    /// The allotment, if it is one.
    pub(crate) fn allotment(&self) -> Result<Allotment, RuleFault> {
        let fault = |field, problem: String| Err(RuleFault { field, problem });
        if let Schedule::Listed(instalments) = &self.schedule
            && let Err(problem) = check_instalments(instalments)
        {
            return fault("allotment.schedule", problem);
        }
        if self.child_age > Allotment::CHILD_AGE_MAX {
            return fault(
                "allotment.child_age",
                format!("must be from 0 to {} years; {} is more", Allotment::CHILD_AGE_MAX, self.child_age),
            );
        }
        if self.child_bp > 10_000 {
            return fault(
                "allotment.child_bp",
                format!("a child's share is at most 10000 basis points; {} is more", self.child_bp),
            );
        }
        Ok(Allotment {
            schedule: self.schedule.clone(),
            child_age: self.child_age,
            child_bp: self.child_bp,
            conserve_envelope: self.conserve_envelope,
        })
    }
}

fn check_instalments(instalments: &[Instalment]) -> Result<(), String> {
    for pair in instalments.windows(2) {
        if pair[1].day <= pair[0].day {
            return Err(format!("days must rise; day {} does not come after day {}", pair[1].day, pair[0].day));
        }
    }
    if let Some(last) = instalments.last().filter(|last| last.day > 364) {
        return Err(format!("days go from 0 to 364, the last day of a common year; {} is later", last.day));
    }
    if let Some(empty) = instalments.iter().find(|instalment| instalment.fraction.is_zero()) {
        return Err(format!("the instalment of day {} has fraction_bp = 0: leave it out", empty.day));
    }
    let sum: u64 = instalments.iter().map(|instalment| u64::from(instalment.fraction.bp())).sum();
    if sum != 10_000 {
        return Err(format!("the fractions of a year must sum to 10000 basis points; these sum to {sum}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRANCE: Residents = Residents { adults: 54_200_000, children: 14_200_000 };

    fn allotment(child_bp: u32, conserve_envelope: bool) -> Allotment {
        Allotment { child_bp, conserve_envelope, ..Allotment::default() }
    }

    fn points(share: BasisPoints) -> u64 {
        9000 * u64::from(share.bp()) / 10_000
    }

    #[test]
    fn half_share_with_the_envelope_conserved_gives_10042_and_5021_points() {
        let shares = allotment(5000, true).shares(FRANCE).unwrap();
        assert_eq!((points(shares.adult), points(shares.child)), (10_042, 5021));
    }

    #[test]
    fn a_conserved_envelope_is_never_exceeded_and_misses_less_than_a_basis_point_a_head() {
        for child_bp in [0, 2500, 5000, 7500, 10_000] {
            let shares = allotment(child_bp, true).shares(FRANCE).unwrap();
            let dealt = u64::from(shares.adult.bp()) * FRANCE.adults + u64::from(shares.child.bp()) * FRANCE.children;
            let envelope = 10_000 * (FRANCE.adults + FRANCE.children);
            assert!(dealt <= envelope, "child_bp {child_bp}");
            assert!(envelope - dealt < FRANCE.adults + FRANCE.children, "child_bp {child_bp}");
        }
    }

    #[test]
    fn without_conservation_adults_keep_one_endowment() {
        let shares = allotment(5000, false).shares(FRANCE).unwrap();
        assert_eq!((shares.adult.bp(), shares.child.bp()), (10_000, 5000));
    }

    #[test]
    fn a_person_is_a_child_until_the_birthday_of_child_age() {
        let shares = allotment(5000, false).shares(FRANCE).unwrap();
        assert_eq!(shares.of_age(17), shares.child);
        assert_eq!(shares.of_age(18), shares.adult);
    }

    #[test]
    fn a_country_of_one_adult_is_refused_rather_than_cut_short() {
        let residents = Residents { adults: 1, children: 1_000_000_000 };
        let fault = allotment(0, true).shares(residents).unwrap_err();
        assert!(fault.to_string().contains("1 adults and 1000000000 children"), "{fault}");
        let nobody = Residents { adults: 0, children: 0 };
        assert_eq!(allotment(5000, true).shares(nobody).unwrap().adult.bp(), 10_000);
    }

    #[test]
    fn monthly_instalments_fall_on_the_first_of_the_month_and_sum_to_the_whole() {
        let monthly = Allotment { schedule: Schedule::Monthly, ..Allotment::default() };
        for (year, march, december) in [(2027, 59, 334), (2028, 60, 335), (2100, 59, 334)] {
            let instalments = monthly.instalments(year);
            assert_eq!(instalments.len(), 12);
            assert_eq!((instalments[2].day, instalments[11].day), (march, december), "{year}");
            assert_eq!(instalments.iter().map(|instalment| instalment.fraction.bp()).sum::<u32>(), 10_000);
            assert!(instalments.iter().all(|instalment| (833..=834).contains(&instalment.fraction.bp())));
        }
    }

    #[test]
    fn a_yearly_schedule_is_one_instalment_on_the_first_day() {
        let instalments = Allotment::default().instalments(2027);
        assert_eq!(instalments, [Instalment { day: 0, fraction: BasisPoints::new(10_000) }]);
    }
}
