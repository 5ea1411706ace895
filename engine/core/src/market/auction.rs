//! One price for all: the five rules that pick it (market specification, section 4).
//!
//! Over every tick in the band: (1) most volume; (2) least imbalance; (3) all imbalance on the buy side → the highest such
//! price, all on the sell side → the lowest; (4) nearest to the reference price, if there is one; (5) lower.

use carbex_vocabulary::{PriceUeur, QuantityG, Side};

use super::Market;
use super::ledger::quantity;

/// A price that clears, and what trades at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clearing {
    pub price_ueur: u64,
    pub volume_g: i64,
    /// Demand − supply, the facility included.
    pub imbalance_g: i64,
    /// The facility's demand at the price (buyback).
    pub facility_demand_g: i64,
    /// The facility's supply at the price (sale).
    pub facility_supply_g: i64,
}

/// Demand and supply at one price.
#[derive(Clone, Copy)]
struct Candidate {
    price_ueur: u64,
    demand_g: i128,
    supply_g: i128,
}

impl Candidate {
    fn volume_g(&self) -> i128 {
        self.demand_g.min(self.supply_g)
    }
    fn imbalance_g(&self) -> i128 {
        self.demand_g - self.supply_g
    }
}

/// The candidates that the first two rules leave, in ascending order of price, reduced to what the last three need.
struct Leaders {
    lowest: Candidate,
    highest: Candidate,
    nearest: Candidate,
    all_buy: bool,
    all_sell: bool,
}

impl Leaders {
    fn new(first: Candidate) -> Self {
        let imbalance_g = first.imbalance_g();
        Self { lowest: first, highest: first, nearest: first, all_buy: imbalance_g > 0, all_sell: imbalance_g < 0 }
    }

    fn add(&mut self, candidate: Candidate, reference_ueur: Option<u64>) {
        self.highest = candidate;
        self.all_buy &= candidate.imbalance_g() > 0;
        self.all_sell &= candidate.imbalance_g() < 0;
        if let Some(reference_ueur) = reference_ueur {
            let distance = |price_ueur: u64| price_ueur.abs_diff(reference_ueur);
            if distance(candidate.price_ueur) < distance(self.nearest.price_ueur) {
                self.nearest = candidate;
            }
        }
    }

    /// Rules (3) to (5). Without a reference the nearest is the first seen: the lowest.
    fn winner(&self) -> Candidate {
        if self.all_buy {
            self.highest
        } else if self.all_sell {
            self.lowest
        } else {
            self.nearest
        }
    }
}

impl Market {
    /// The clearing price of the book and the facility, or none if nothing can trade. The spread plays no part.
    pub(super) fn clearing(&self) -> Option<Clearing> {
        let tick_ueur = self.rules.market.tick_ueur;
        let all_buys_g: i128 = self.book.used_levels(Side::Buy).map(|(_, level)| i128::from(level.quantity_g)).sum();
        let (mut buys_below_g, mut sells_g) = (0_i128, 0_i128);
        let mut best: Option<Leaders> = None;
        let mut price_ueur = self.band.floor_ueur;
        while price_ueur <= self.band.ceiling_ueur {
            sells_g += i128::from(self.book.at_price(Side::Sell, price_ueur).0);
            let candidate = Candidate {
                price_ueur,
                demand_g: all_buys_g - buys_below_g + i128::from(self.auction_demand_g(price_ueur)),
                supply_g: sells_g + i128::from(self.auction_supply_g(price_ueur)),
            };
            buys_below_g += i128::from(self.book.at_price(Side::Buy, price_ueur).0);
            price_ueur += tick_ueur;
            match &mut best {
                None => best = Some(Leaders::new(candidate)),
                Some(leaders) => {
                    let key = |of: &Candidate| (of.volume_g(), -of.imbalance_g().abs());
                    match key(&candidate).cmp(&key(&leaders.lowest)) {
                        core::cmp::Ordering::Less => {}
                        core::cmp::Ordering::Equal => leaders.add(candidate, self.reference_ueur),
                        core::cmp::Ordering::Greater => best = Some(Leaders::new(candidate)),
                    }
                }
            }
        }
        let winner = best?.winner();
        if winner.volume_g() == 0 {
            return None;
        }
        Some(Clearing {
            price_ueur: winner.price_ueur,
            volume_g: clamped(winner.volume_g()),
            imbalance_g: clamped(winner.imbalance_g()),
            facility_demand_g: self.auction_demand_g(winner.price_ueur),
            facility_supply_g: self.auction_supply_g(winner.price_ueur),
        })
    }

    /// What the buyback quote demands at a candidate price. When both quotes have volume left and meet, it stays out.
    fn auction_demand_g(&self, price_ueur: u64) -> i64 {
        let quotes_meet =
            self.buyback.volume_g > 0 && self.sale.volume_g > 0 && self.buyback.price_ueur == self.sale.price_ueur;
        if price_ueur > self.buyback.price_ueur || quotes_meet { 0 } else { self.buyback_volume_g(price_ueur) }
    }

    /// What the sale quote supplies at a candidate price.
    fn auction_supply_g(&self, price_ueur: u64) -> i64 {
        if price_ueur < self.sale.price_ueur { 0 } else { self.sale_volume_g() }
    }

    /// A clearing as told: price, volume, imbalance; nothing at no price.
    pub(super) fn told(clearing: Option<Clearing>) -> (Option<PriceUeur>, QuantityG, i64) {
        clearing.map_or((None, QuantityG::ZERO, 0), |clearing| {
            (Some(PriceUeur::new(clearing.price_ueur)), quantity(clearing.volume_g), clearing.imbalance_g)
        })
    }
}

/// Sums over a full book can pass 64 bits in theory only (every order at the table's limit); they then show as the most.
fn clamped(grams: i128) -> i64 {
    i64::try_from(grams).unwrap_or(if grams < 0 { i64::MIN } else { i64::MAX })
}
