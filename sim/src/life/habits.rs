//! Habits: what a resident asks for on a weekly visit, from what is known of the account. Pure: no queue, no clock.

use carbex_rules::{Band, RuleSet};
use carbex_vocabulary::{DebitMode, OrderId, PriceUeur, QuantityG, Side, value_ueur};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::{
    calendar::WEEKS,
    knowledge::{Holding, Open},
    pricing::on_tick,
};
use crate::population::Resident;

/// The budget year as a resident sees it.
#[derive(Clone, Copy, Debug)]
pub struct Today {
    /// How much of the year is over, 0 to 1.
    pub year_share: f64,
    /// Whole days since the year opened, at most `days`.
    pub day: u32,
    /// 365 or 366.
    pub days: u32,
    /// One endowment, in grams (the charter: everyone's).
    pub endowment_g: i64,
    /// The price band.
    pub band: Band,
    /// Whether orders can be placed.
    pub takes_orders: bool,
    /// Whether orders can be cancelled and replaced.
    pub takes_cancels: bool,
}

/// What a resident asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Money into the account, in µ€.
    Deposit { amount_ueur: u64 },
    /// Money out of it, in µ€.
    Withdraw { amount_ueur: u64 },
    /// A new order.
    Place { side: Side, quantity_g: u64, price: PriceUeur },
    /// Another quantity or price.
    Replace { order: OrderId, quantity_g: u64, price: PriceUeur },
    /// No more of it.
    Cancel { order: OrderId },
}

/// Short-run and long-run elasticity of the footprint to its price, and the years between (domain report, section 3:
/// fuel −.25 … −.35 and −.6 … −.7; phased over 5 years).
const ELASTICITY_SHORT: f64 = -0.30;
const ELASTICITY_LONG: f64 = -0.65;
const ELASTICITY_YEARS: f64 = 5.0;

/// Out of a thousand orders, those whose owner misjudges what the rules allow: refused orders happen and are normal.
const HASTY_PER_MILLE: u32 = 20;
/// Out of a thousand visits with an open order, those that take it back.
const REGRET_PER_MILLE: u32 = 30;
/// Cash above this goes home, in µ€ (our choice: 50 €).
const CASH_KEPT_UEUR: i64 = 50_000_000;
/// One cent, in µ€: what banks move in.
const CENT_UEUR: u64 = 10_000;
/// How far ahead the least patient buyer looks, in weeks (our choice).
const SIGHT_WEEKS: f64 = 20.0;
/// Less than this is not worth an order, in grams: 10 points.
const SMALLEST_ORDER_G: i64 = 10_000;

/// What a life emits in the year `year_index` (0 = first) when carbon costs `price_ueur` per point, in grams:
/// `f × (1 + p/π)^ε` (domain report, section 3). In the first year habits are those of the world before.
pub fn footprint_g(resident: &Resident, year_index: u32, price_ueur: f64) -> f64 {
    let footprint = resident.footprint_g as f64;
    if year_index == 0 {
        return footprint;
    }
    let phase = (f64::from(year_index - 1) / (ELASTICITY_YEARS - 1.0)).min(1.0);
    let elasticity = ELASTICITY_SHORT + (ELASTICITY_LONG - ELASTICITY_SHORT) * phase;
    let price_eur = price_ueur / 1_000_000.0;
    footprint * (1.0 + price_eur / f64::from(resident.temperament.basket_eur_per_kg)).powf(elasticity)
}

/// How a week's total is debited: the bill of the week in which a resident's energy and offline cards are settled is
/// already consumed (`record`); the other weeks may be refused. One week in four, by account.
pub fn debit_mode(resident: &Resident, week: u32) -> DebitMode {
    if (resident.account.number() as u32).wrapping_add(week).is_multiple_of(4) {
        DebitMode::Record
    } else {
        DebitMode::Authorise
    }
}

/// One resident's weekly look at the account and the market.
#[derive(Clone, Copy)]
pub struct Visit<'a> {
    /// Who looks.
    pub resident: &'a Resident,
    /// What is known of the account.
    pub holding: &'a Holding,
    /// The newest open order with its id, if any.
    pub newest: Option<(OrderId, Open)>,
    /// This week's debit, on its way already, in grams.
    pub debit_g: i64,
    /// What the rest of the year will take, in grams.
    pub to_come_g: i64,
    /// The day.
    pub today: &'a Today,
    /// The rules in force.
    pub rules: &'a RuleSet,
}

impl Visit<'_> {
    /// What the resident wants, in order.
    pub fn wishes(&self, random: &mut ChaCha8Rng) -> Vec<Wish> {
        let mut wishes = Vec::new();
        if !random.random_ratio(u32::from(self.resident.temperament.attention_percent), 100) {
            return wishes;
        }
        let free_ueur = self.settle_money(&mut wishes, random);
        let projected_g = self.points_g() - self.to_come_g;
        if let Some((order, open)) = self.newest {
            if self.today.takes_cancels {
                wishes.extend(self.reconsider(order, &open, projected_g, random));
            }
        } else if self.today.takes_orders && projected_g > SMALLEST_ORDER_G {
            wishes.extend(self.offer_surplus(projected_g, random));
        } else if self.today.takes_orders && projected_g < -SMALLEST_ORDER_G {
            self.cover_shortage(free_ueur, &mut wishes, random);
        }
        wishes
    }

    /// Points once this week's debit is booked, in grams.
    fn points_g(&self) -> i64 {
        self.holding.points_g - self.debit_g
    }

    /// One endowment's part for the days to come, in grams.
    fn endowment_left_g(&self) -> i64 {
        self.today.endowment_g * i64::from(self.today.days - self.today.day) / i64::from(self.today.days)
    }

    /// Penalties are paid, and money that lies idle goes home. Answers what is then free, in µ€.
    fn settle_money(&self, wishes: &mut Vec<Wish>, random: &mut ChaCha8Rng) -> i64 {
        let (owed_ueur, free_ueur) = (self.holding.owed_ueur, self.holding.free_ueur());
        if owed_ueur > 0 {
            if random.random_ratio(1, 8) {
                wishes.push(Wish::Deposit { amount_ueur: cents_up(owed_ueur) });
            }
        } else if free_ueur > CASH_KEPT_UEUR && self.points_g() > 0 && random.random_ratio(1, 3) {
            let amount_ueur = free_ueur.unsigned_abs() / CENT_UEUR * CENT_UEUR;
            wishes.push(Wish::Withdraw { amount_ueur });
            return free_ueur.saturating_sub_unsigned(amount_ueur);
        }
        free_ueur
    }

    /// A frugal resident offers what was earned so far, once it is worth the trouble.
    fn offer_surplus(&self, projected_g: i64, random: &mut ChaCha8Rng) -> Option<Wish> {
        let Holding { consumed_g, sold_g, open_sell_g, purchased_g, .. } = *self.holding;
        let accrued_g = self.today.endowment_g - self.endowment_left_g();
        let earned_g = accrued_g - consumed_g - self.debit_g - sold_g - open_sell_g;
        // Surplus builds up at about this pace; whoever is patient waits for more of it.
        let weekly_g = (projected_g + sold_g) / i64::from(WEEKS);
        if earned_g < weekly_g * i64::from(self.resident.temperament.patience_weeks) {
            return None;
        }
        let floor_g = self.endowment_left_g() * i64::from(self.rules.sale.subsistence_bp) / 10_000;
        let free_g = self.points_g() - purchased_g - open_sell_g - floor_g;
        let mut quantity_g = earned_g.min(free_g).min(projected_g);
        if random.random_ratio(HASTY_PER_MILLE, 1000) {
            quantity_g = quantity_g * 3 / 2;
        }
        let quantity_g = whole_lots(quantity_g, self.rules)?;
        Some(Wish::Place { side: Side::Sell, quantity_g, price: self.sell_price() })
    }

    /// Who heads for a deficit buys some of what will be missing, with money brought for it.
    fn cover_shortage(&self, free_ueur: i64, wishes: &mut Vec<Wish>, random: &mut ChaCha8Rng) {
        if !self.shortage_is_in_sight() {
            return;
        }
        let Holding { points_g, open_buy_g, bought_g, .. } = *self.holding;
        let missing_g = self.to_come_g - self.points_g() - open_buy_g;
        let endowment_g = self.today.endowment_g;
        let margin_g = endowment_g * i64::from(self.rules.purchase.holding_margin_bp) / 10_000;
        let cap_g = endowment_g * i64::from(self.rules.purchase.purchase_cap_bp) / 10_000;
        // A share of the shortage now, the rest another week; all of it when little of the year is left.
        let part = (1.0 / f64::from(self.resident.temperament.patience_weeks)).max(self.today.year_share.powi(4));
        let wanted_g = ((missing_g as f64 * part) as i64).max(SMALLEST_ORDER_G.min(missing_g));
        let holding_room_g = self.endowment_left_g() + margin_g - points_g - open_buy_g;
        let allowed_g = holding_room_g.min(cap_g - bought_g - open_buy_g);
        let hasty = random.random_ratio(HASTY_PER_MILLE, 1000);
        let quantity_g = if hasty { missing_g } else { wanted_g.min(allowed_g) };
        let Some(quantity_g) = whole_lots(quantity_g, self.rules) else { return };
        let price = self.buy_price();
        let Some(value) = value_ueur(QuantityG::new(quantity_g), price) else { return };
        let lacking_ueur = i64::try_from(value.ueur()).unwrap_or(i64::MAX) - free_ueur;
        if lacking_ueur > 0 {
            wishes.push(Wish::Deposit { amount_ueur: cents_up(lacking_ueur + self.holding.owed_ueur) });
        }
        wishes.push(Wish::Place { side: Side::Buy, quantity_g, price });
    }

    /// Whether what is held runs out within the weeks that this resident looks ahead; the patient look further.
    fn shortage_is_in_sight(&self) -> bool {
        let weeks_left = (1.0 - self.today.year_share) * f64::from(WEEKS);
        let covered_weeks = weeks_left * self.points_g() as f64 / self.to_come_g.max(1) as f64;
        covered_weeks < SIGHT_WEEKS + f64::from(self.resident.temperament.patience_weeks)
    }

    /// An order that waits is left alone, made cheaper as what it is worth falls, or taken back. A buy is never made
    /// dearer: that takes more money than was brought; whoever needs it more takes it back and orders anew.
    fn reconsider(&self, order: OrderId, open: &Open, projected_g: i64, random: &mut ChaCha8Rng) -> Option<Wish> {
        let (needless, price) = match open.side {
            Side::Sell => (projected_g < 0, self.sell_price()),
            Side::Buy => (projected_g > 0, self.buy_price()),
        };
        if needless || random.random_ratio(REGRET_PER_MILLE, 1000) {
            return Some(Wish::Cancel { order });
        }
        let cheaper = price.ueur() < open.price_ueur.unsigned_abs();
        (cheaper && random.random_ratio(1, 3)).then_some(Wish::Replace {
            order,
            quantity_g: open.quantity_g.unsigned_abs(),
            price,
        })
    }

    /// The least a seller wants today: from autumn on less and less, since points die with the year.
    fn sell_price(&self) -> PriceUeur {
        let waning = 1.0 - 0.6 * ((self.today.year_share - 0.75) / 0.25).clamp(0.0, 1.0);
        self.on_tick(f64::from(self.resident.temperament.reservation_ueur) * waning)
    }

    /// The most a buyer gives today: what the points are worth to him, and up to three times that as the year runs out and
    /// what he holds covers less of the weeks to come.
    fn buy_price(&self) -> PriceUeur {
        let covered = if self.to_come_g > 0 { self.points_g() as f64 / self.to_come_g as f64 } else { 1.0 };
        let urgency = 1.0 + 2.0 * (1.0 - covered.clamp(0.0, 1.0)) * self.today.year_share;
        self.on_tick(f64::from(self.resident.temperament.willingness_ueur) * urgency)
    }

    fn on_tick(&self, price_ueur: f64) -> PriceUeur {
        on_tick(price_ueur, self.today.band, self.rules.market.tick_ueur)
    }
}

/// As many whole lots as fit, within the largest order; none if it is not worth an order.
fn whole_lots(quantity_g: i64, rules: &RuleSet) -> Option<u64> {
    let quantity_g = u64::try_from(quantity_g.max(0)).ok().filter(|grams| *grams >= SMALLEST_ORDER_G.unsigned_abs())?;
    let lot_g = rules.market.lot_g;
    let quantity_g = quantity_g.min(rules.orders.max_order_g) / lot_g * lot_g;
    (quantity_g > 0).then_some(quantity_g)
}

/// To the next whole cent.
fn cents_up(amount_ueur: i64) -> u64 {
    u64::try_from(amount_ueur).unwrap_or(0).div_ceil(CENT_UEUR) * CENT_UEUR
}
