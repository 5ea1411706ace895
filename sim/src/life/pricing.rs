//! The regulator's published price rule: the quotes follow demand and offer, inside the band.

use carbex_rules::Band;
use carbex_vocabulary::PriceUeur;

use super::calendar::QUOTES_A_WEEK;

/// How far the price moves at once when only one side shows up: 20 % a month (domain report, section 5, κ = 0.2), taken in
/// the eight or nine quotes of a month.
pub const KAPPA: f64 = 0.05 / QUOTES_A_WEEK as f64;
/// Half of what lies between the two quotes, as a share of the price: the regulator buys 1 % below and sells 1 % above.
/// Our choice; it pays for points that nobody buys back before they die.
const HALF_MARGIN: f64 = 0.01;
/// How far an auction draws the quotes towards its price.
const AUCTION_PULL: f64 = 0.25;
/// Where a market without a past starts, in µ€ per point: 0.10 €, the worked example of the domain report, section 3.
pub const FIRST_PRICE_UEUR: f64 = 100_000.0;

/// The price that the quotes surround.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mid {
    ueur: f64,
}

/// The two posted prices: `buyback ≤ sale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotes {
    /// What the regulator pays.
    pub buyback: PriceUeur,
    /// What the regulator asks.
    pub sale: PriceUeur,
}

impl Mid {
    /// Starts from a price in µ€ per point.
    pub const fn new(ueur: f64) -> Self {
        Self { ueur }
    }

    /// In µ€ per point.
    pub const fn ueur(self) -> f64 {
        self.ueur
    }

    /// `p(t+1) = p(t) × (1 + κ × (D − S) / max(D, S))`, inside the band: D is what citizens bought since the last quote
    /// and what waits to be bought at the sale price, S what they sold and what is available beyond the regulator's
    /// buffer. All in grams.
    #[must_use]
    pub fn after(self, demanded_g: u64, offered_g: u64, band: Band) -> Self {
        let (demanded, offered) = (demanded_g as f64, offered_g as f64);
        let larger = demanded.max(offered);
        if larger == 0.0 {
            return self;
        }
        self.moved_to(self.ueur * (1.0 + KAPPA * (demanded - offered) / larger), band)
    }

    /// A quarter of the way to the price of an auction, the only price that all found together: not all of it, since few
    /// take part.
    #[must_use]
    pub fn towards(self, cleared: PriceUeur, band: Band) -> Self {
        self.moved_to(self.ueur + (cleared.ueur() as f64 - self.ueur) * AUCTION_PULL, band)
    }

    /// The margin must fit inside the band on both sides.
    fn moved_to(self, ueur: f64, band: Band) -> Self {
        let lowest = band.floor_ueur as f64 / (1.0 - HALF_MARGIN);
        let highest = band.ceiling_ueur as f64 / (1.0 + HALF_MARGIN);
        Self { ueur: ueur.clamp(lowest, highest.max(lowest)) }
    }

    /// The two quotes, on ticks and inside the band.
    pub fn quotes(self, band: Band, tick_ueur: u64) -> Quotes {
        let buyback = on_tick(self.ueur * (1.0 - HALF_MARGIN), band, tick_ueur);
        let sale = on_tick(self.ueur * (1.0 + HALF_MARGIN), band, tick_ueur);
        Quotes { buyback, sale: sale.max(buyback) }
    }
}

/// The nearest price on a tick inside the band (whose ends are on ticks).
pub fn on_tick(ueur: f64, band: Band, tick_ueur: u64) -> PriceUeur {
    let ticks = (ueur / tick_ueur as f64).round().max(0.0) as u64;
    PriceUeur::new((ticks * tick_ueur).clamp(band.floor_ueur, band.ceiling_ueur))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAND: Band = Band { floor_ueur: 10_000, ceiling_ueur: 500_000 };

    #[test]
    fn the_price_rises_with_demand_falls_with_offer_and_rests_between() {
        let mid = Mid::new(100_000.0);
        let cases =
            [(5, 0, 102_500.0), (0, 5, 97_500.0), (7, 7, 100_000.0), (0, 0, 100_000.0), (2_000, 1_000, 101_250.0)];
        for (demanded, offered, expected_ueur) in cases {
            let ueur = mid.after(demanded, offered, BAND).ueur();
            assert!((ueur - expected_ueur).abs() < 0.001, "D {demanded} S {offered}: {ueur}, not {expected_ueur}");
        }
    }

    #[test]
    fn the_quotes_stay_inside_the_band_on_ticks_and_uncrossed() {
        for (demanded, offered) in [(1, 0), (0, 1)] {
            let mut mid = Mid::new(100_000.0);
            for _ in 0..400 {
                mid = mid.after(demanded, offered, BAND);
                let Quotes { buyback, sale } = mid.quotes(BAND, 10);
                assert!(buyback <= sale);
                for price in [buyback.ueur(), sale.ueur()] {
                    assert!((BAND.floor_ueur..=BAND.ceiling_ueur).contains(&price) && price % 10 == 0);
                }
            }
        }
    }

    #[test]
    fn an_auction_draws_the_price_a_quarter_of_the_way() {
        assert_eq!(Mid::new(100_000.0).towards(PriceUeur::new(120_000), BAND).ueur(), 105_000.0);
    }
}
