//! Households: who lives with whom (INSEE, households 2022; domain report, source S108).

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::AgeClass;

/// The kinds of households that INSEE counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HouseholdKind {
    /// One person.
    Single,
    /// A couple without children at home.
    Couple,
    /// A couple with children.
    CoupleWithChildren,
    /// One parent with children.
    SingleParent,
    /// Several people without a family tie.
    Other,
}

/// Share of each kind among 30.907 million households, in thousandths (S108).
const KIND_PER_MILLE: [(HouseholdKind, u32); 5] = [
    (HouseholdKind::Single, 386),
    (HouseholdKind::Couple, 257),
    (HouseholdKind::CoupleWithChildren, 239),
    (HouseholdKind::SingleParent, 101),
    (HouseholdKind::Other, 17),
];

/// Households with 1, 2 and 3 children in a hundred, so that the mean is 1.90: S108 counts 28.8 million people in couples
/// with children, 3.90 a household. The split round the mean is our choice.
const COUPLE_CHILDREN_PERCENT: [u32; 3] = [35, 40, 25];
/// The same for single parents, mean 1.65: S108 counts 8.27 million people, 2.65 a household.
const PARENT_CHILDREN_PERCENT: [u32; 3] = [50, 35, 15];
/// Of a hundred children at home, how many are under 18: 14.2 million minors among the 19.7 million that the two lines
/// above make of 68.4 million residents; the others are grown up and still at home.
const MINORS_PERCENT: u32 = 72;
/// People in a household of the last kind: what brings the mean of all to S108's 2.15.
const OTHER_MEMBERS: usize = 3;

impl HouseholdKind {
    /// Draws a kind by its share.
    pub(super) fn draw(random: &mut ChaCha8Rng) -> Self {
        let mut ticket = random.random_range(0..1000);
        for (kind, share) in KIND_PER_MILLE {
            if ticket < share {
                return kind;
            }
            ticket -= share;
        }
        unreachable!("the shares add up to 1000")
    }

    /// Draws the household's members.
    pub(super) fn draw_members(self, random: &mut ChaCha8Rng) -> impl ExactSizeIterator<Item = AgeClass> + use<> {
        let (adults, children) = match self {
            Self::Single => (1, 0),
            Self::Couple => (2, 0),
            Self::CoupleWithChildren => (2, children(random, COUPLE_CHILDREN_PERCENT)),
            Self::SingleParent => (1, children(random, PARENT_CHILDREN_PERCENT)),
            Self::Other => (OTHER_MEMBERS, 0),
        };
        let mut members = vec![AgeClass::Adult; adults];
        members.extend(
            (0..children)
                .map(|_| if random.random_range(0..100) < MINORS_PERCENT { AgeClass::Child } else { AgeClass::Adult }),
        );
        members.into_iter()
    }
}

fn children(random: &mut ChaCha8Rng, percent: [u32; 3]) -> usize {
    let ticket = random.random_range(0..100);
    if ticket < percent[0] {
        1
    } else if ticket < percent[0] + percent[1] {
        2
    } else {
        3
    }
}
