//! Which commands a seed draws, how often, and how time passes: swarm testing, each seed a world of its own habits.

use carbex_core::Capacities;
use carbex_vocabulary::{DAY_NS, Phase};
use fastrand::Rng;

use super::world::{chance, pick};

/// A kind of command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Place,
    Replace,
    Cancel,
    Debit,
    Refund,
    Deposit,
    Withdraw,
    Allot,
    AllotAll,
    OpenAccount,
    CloseAccount,
    SetShare,
    SetHousehold,
    SetObligation,
    Freeze,
    Unfreeze,
    SetPhase,
    SetBand,
    SetBuyback,
    SetSale,
    FundTreasury,
    DrawTreasury,
    ReleaseReserve,
    Uncross,
    Distribute,
    SetRules,
    OpenPeriod,
    ClosePeriod,
    Tick,
}

/// Usual weights, in parts of whatever they add up to.
const USUAL: &[(Kind, u32)] = &[
    (Kind::Place, 900),
    (Kind::Replace, 120),
    (Kind::Cancel, 80),
    (Kind::Debit, 60),
    (Kind::Refund, 20),
    (Kind::Deposit, 60),
    (Kind::Withdraw, 20),
    (Kind::Allot, 12),
    (Kind::AllotAll, 6),
    (Kind::OpenAccount, 6),
    (Kind::CloseAccount, 2),
    (Kind::SetShare, 4),
    (Kind::SetHousehold, 6),
    (Kind::SetObligation, 8),
    (Kind::Freeze, 4),
    (Kind::Unfreeze, 12),
    (Kind::SetPhase, 30),
    (Kind::SetBand, 5),
    (Kind::SetBuyback, 50),
    (Kind::SetSale, 50),
    (Kind::FundTreasury, 15),
    (Kind::DrawTreasury, 6),
    (Kind::ReleaseReserve, 25),
    (Kind::Uncross, 40),
    (Kind::Distribute, 40),
    (Kind::SetRules, 4),
    (Kind::OpenPeriod, 2),
    (Kind::ClosePeriod, 3),
    (Kind::Tick, 20),
];

/// Without these a market has no life: every seed draws them.
const NEVER_LEFT_OUT: &[Kind] = &[Kind::Place, Kind::SetPhase, Kind::Deposit, Kind::AllotAll, Kind::OpenAccount];

/// The habits of one seed.
pub(super) struct Mix {
    weights: Vec<(Kind, u32)>,
    phases: Vec<(Phase, u32)>,
    /// Of a hundred commands, how many pass seconds, hours, days, or land on the border of a day; the rest a nanosecond or none.
    seconds: u32,
    hours: u32,
    days: u32,
    borders: u32,
    /// Of a hundred commands, how many are wrong on purpose.
    pub wrong: u32,
    /// Of a hundred rejected commands, how many are tried again exactly at the limit or one step past it.
    pub insists: u32,
    /// The usual size of an order, in lots.
    pub lots: u64,
    /// How many accounts the seed likes to have open.
    pub accounts: u64,
}

impl Mix {
    pub fn new(rng: &mut Rng, capacities: Capacities) -> Self {
        let weights = USUAL
            .iter()
            .map(|&(kind, usual)| {
                if NEVER_LEFT_OUT.contains(&kind) {
                    (kind, usual)
                } else if chance(rng, 12) {
                    (kind, 0)
                } else {
                    (kind, usual * pick(rng, &[1, 2, 2, 2, 6]) / 2)
                }
            })
            .collect();
        let habits: &[&[(Phase, u32)]] = &[
            &[(Phase::Continuous, 20), (Phase::Posted, 1), (Phase::Auction, 2), (Phase::Halted, 1), (Phase::Closed, 1)],
            &[(Phase::Posted, 20), (Phase::Continuous, 1), (Phase::Auction, 1), (Phase::Halted, 1), (Phase::Closed, 1)],
            &[(Phase::Auction, 20), (Phase::AuctionFreeze, 6), (Phase::Continuous, 3), (Phase::Posted, 1)],
            &[
                (Phase::Continuous, 6),
                (Phase::Posted, 6),
                (Phase::Auction, 6),
                (Phase::AuctionFreeze, 2),
                (Phase::Halted, 1),
                (Phase::Closed, 1),
            ],
        ];
        Self {
            weights,
            phases: pick(rng, habits).to_vec(),
            seconds: rng.u32(5..40),
            hours: rng.u32(..25),
            days: rng.u32(..10),
            borders: rng.u32(..6),
            wrong: rng.u32(2..10),
            insists: rng.u32(10..60),
            lots: pick(rng, &[2, 5, 10, 30]),
            accounts: if capacities.accounts > 100 { rng.u64(50..300) } else { rng.u64(3..13) },
        }
    }

    pub fn kind(&self, rng: &mut Rng) -> Kind {
        weighted(rng, &self.weights)
    }

    pub fn phase(&self, rng: &mut Rng) -> Phase {
        if chance(rng, 5) { pick(rng, Phase::ALL) } else { weighted(rng, &self.phases) }
    }

    /// The next instant, in nanoseconds; `start_ns` is when the open budget year began.
    pub fn advance(&self, rng: &mut Rng, now_ns: u64, start_ns: Option<u64>) -> u64 {
        let mut roll = rng.u32(..100);
        for (share, span_ns) in [(self.seconds, 120_000_000_000), (self.hours, DAY_NS / 3), (self.days, DAY_NS * 6)] {
            if roll < share {
                return now_ns + rng.u64(..span_ns);
            }
            roll -= share;
        }
        match start_ns {
            Some(start_ns) if roll < self.borders => {
                let border_ns = start_ns + ((now_ns - start_ns) / DAY_NS + 1) * DAY_NS;
                (border_ns - 1).max(now_ns) + pick(rng, &[0, 1, 1, 2])
            }
            Some(_) | None => now_ns + rng.u64(..2),
        }
    }
}

fn weighted<T: Copy>(rng: &mut Rng, weights: &[(T, u32)]) -> T {
    let total: u32 = weights.iter().map(|weight| weight.1).sum();
    let mut roll = rng.u32(..total);
    for &(value, weight) in weights {
        if roll < weight {
            return value;
        }
        roll -= weight;
    }
    unreachable!("the roll is below the total")
}
