//! The call auction: one price for all over every tick of the band, and who gets what at it.

use carbex_vocabulary::{Event, OrderId, Phase, RejectCode, Side};

use super::{
    Twin,
    answer::{Outcome, plain, price, quantity},
    orders::Order,
    rationing::{Claim, ration},
};

/// How often an indicative price is published at most.
const INDICATIVE_NS_MIN: i128 = 60 * 1_000_000_000;

/// What an auction would do at one price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Candidate {
    price_ueur: i128,
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

/// What one side trades at the auction's price.
struct Allocation {
    /// In the side's priority; nothing of zero.
    fills: Vec<(OrderId, i128)>,
    facility_g: i128,
}

impl Twin {
    pub(super) fn uncross(&mut self) -> Outcome {
        match self.phase {
            Phase::Auction | Phase::AuctionFreeze => {}
            Phase::Closed | Phase::Posted | Phase::Continuous | Phase::Halted => {
                return Err(plain(RejectCode::NotInAuction));
            }
        }
        self.clear_the_book();
        if self.phase == Phase::AuctionFreeze {
            self.phase = Phase::Auction;
            self.answer.rest.push(Event::PhaseSet { phase: Phase::Auction });
        }
        Ok(())
    }

    /// Trades at the one price, if there is one; the result comes with the outcome.
    pub(super) fn clear_the_book(&mut self) {
        let (shown_price, volume, imbalance_g) = self.auction_result();
        self.answer.outcome.push(Event::AuctionResult { price: shown_price, volume, imbalance_g });
        let Some(candidate) = self.clearing() else { return };
        let price_ueur = candidate.price_ueur;
        // Both sides are fixed before anything trades: a trade changes what the facility could pay for.
        let sells = self.allocate(Side::Sell, &candidate);
        let buys = self.allocate(Side::Buy, &candidate);
        for (order, quantity_g) in sells.fills.into_iter().chain(buys.fills) {
            self.trade(order, quantity_g, price_ueur);
        }
        self.sale.volume_g -= sells.facility_g;
        self.buyback.volume_g -= buys.facility_g;
        self.buyback.budget_ueur -= super::answer::value_ueur(buys.facility_g, price_ueur);
        self.reference_ueur = Some(price_ueur);
        self.release_tiers(price_ueur);
    }

    /// Emits what an auction would answer now, while one collects, at most once a minute.
    pub(super) fn tick(&mut self) -> Outcome {
        match self.phase {
            Phase::Auction | Phase::AuctionFreeze => {}
            Phase::Closed | Phase::Posted | Phase::Continuous | Phase::Halted => return Ok(()),
        }
        if self.indicative_ns.is_none_or(|last| self.now_ns >= last + INDICATIVE_NS_MIN) {
            self.indicative_ns = Some(self.now_ns);
            let (price, volume, imbalance_g) = self.auction_result();
            self.answer.outcome.push(Event::Indicative { price, volume, imbalance_g });
        }
        Ok(())
    }

    fn auction_result(&self) -> (Option<carbex_vocabulary::PriceUeur>, carbex_vocabulary::QuantityG, i64) {
        match self.clearing() {
            None => (None, quantity(0), 0),
            Some(candidate) => (
                Some(price(candidate.price_ueur)),
                quantity(candidate.volume_g()),
                i64::try_from(candidate.imbalance_g()).expect("an imbalance of what tables hold"),
            ),
        }
    }

    /// The price rules, one after the other, over every tick of the band; `None` = no volume at any price.
    fn clearing(&self) -> Option<Candidate> {
        let (sells, buys) = (self.sells(), self.buys());
        let mut candidates = Vec::new();
        let mut price_ueur = i128::from(self.band.floor_ueur);
        while price_ueur <= i128::from(self.band.ceiling_ueur) {
            candidates.push(self.candidate(price_ueur, &sells, &buys));
            price_ueur += self.tick_ueur();
        }
        let most = candidates.iter().map(Candidate::volume_g).max()?;
        if most == 0 {
            return None;
        }
        candidates.retain(|candidate| candidate.volume_g() == most);
        let least = candidates.iter().map(|candidate| candidate.imbalance_g().abs()).min()?;
        candidates.retain(|candidate| candidate.imbalance_g().abs() == least);
        if candidates.iter().all(|candidate| candidate.imbalance_g() > 0) {
            return candidates.last().copied();
        }
        if candidates.iter().all(|candidate| candidate.imbalance_g() < 0) {
            return candidates.first().copied();
        }
        if let Some(reference) = self.reference_ueur {
            let nearest = candidates.iter().map(|candidate| (candidate.price_ueur - reference).abs()).min()?;
            candidates.retain(|candidate| (candidate.price_ueur - reference).abs() == nearest);
        }
        candidates.first().copied()
    }

    fn candidate(&self, price_ueur: i128, sells: &[Order], buys: &[Order]) -> Candidate {
        let asked: i128 = buys.iter().filter(|buy| buy.price_ueur >= price_ueur).map(|buy| buy.quantity_g).sum();
        let offered: i128 = sells.iter().filter(|sell| sell.price_ueur <= price_ueur).map(|sell| sell.quantity_g).sum();
        Candidate {
            price_ueur,
            demand_g: asked + self.facility_g(Side::Buy, price_ueur),
            supply_g: offered + self.facility_g(Side::Sell, price_ueur),
        }
    }

    /// What the facility adds to one side at a price: the buyback demands, the sale quote supplies.
    fn facility_g(&self, side: Side, price_ueur: i128) -> i128 {
        match side {
            Side::Sell if self.sale.volume_g > 0 && price_ueur >= self.sale.price_ueur => self.sale_volume_g(),
            Side::Buy if self.buyback.volume_g > 0 && price_ueur <= self.buyback.price_ueur => {
                let stays_out = self.sale.volume_g > 0 && self.sale.price_ueur == self.buyback.price_ueur;
                if stays_out { 0 } else { self.buyback_volume_g(price_ueur) }
            }
            Side::Sell | Side::Buy => 0,
        }
    }

    /// Better orders first, best limit then oldest; a better facility; citizens at the price, rationed; the facility at it.
    fn allocate(&self, side: Side, candidate: &Candidate) -> Allocation {
        let price_ueur = candidate.price_ueur;
        let (orders, quote_ueur) = match side {
            Side::Sell => (self.sells(), self.sale.price_ueur),
            Side::Buy => (self.buys(), self.buyback.price_ueur),
        };
        let better = |limit_ueur: i128| match side {
            Side::Sell => limit_ueur < price_ueur,
            Side::Buy => limit_ueur > price_ueur,
        };
        let facility_g = self.facility_g(side, price_ueur);
        let mut allocation = Allocation { fills: Vec::new(), facility_g: 0 };
        let mut left_g = candidate.volume_g();
        for order in orders.iter().filter(|order| better(order.price_ueur)) {
            let quantity_g = order.quantity_g.min(left_g);
            left_g -= quantity_g;
            allocation.fills.push((order.id, quantity_g));
        }
        if better(quote_ueur) {
            allocation.facility_g = facility_g.min(left_g);
            left_g -= allocation.facility_g;
        }
        let at_the_price: Vec<Claim> =
            orders.iter().filter(|order| order.price_ueur == price_ueur).map(Claim::of).collect();
        for award in ration(&at_the_price, left_g, self.lot_g(), self.rules.market.rationing) {
            left_g -= award.quantity_g;
            allocation.fills.push((award.order, award.quantity_g));
        }
        if !better(quote_ueur) {
            allocation.facility_g = facility_g.min(left_g);
            left_g -= allocation.facility_g;
        }
        assert_eq!(left_g, 0, "each side trades the whole volume");
        allocation.fills.retain(|fill| fill.1 > 0);
        allocation
    }
}
