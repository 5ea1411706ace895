//! The public accounts, and what anybody may see of the market.

use carbex_core::{DepthLevel, MarketFields, PeriodFields, PublicFields};
use carbex_vocabulary::{Phase, Side};

use super::Twin;

/// The public accounts; suffixes give the units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Public {
    /// Contra of all points.
    pub issued_g: i128,
    /// The available volume.
    pub inventory_g: i128,
    /// The reserve.
    pub reserve_g: i128,
    /// Consumed.
    pub retired_g: i128,
    /// Dead at a year's end.
    pub expired_g: i128,
    /// Contra of deficits carried.
    pub deficit_g: i128,
    /// Public money.
    pub treasury_ueur: i128,
    /// All money that came in.
    pub deposited_ueur: i128,
    /// All money that went out.
    pub withdrawn_ueur: i128,
}

impl Twin {
    /// The phase.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The levels of one side, best price first.
    pub fn depth(&self, side: Side) -> Vec<DepthLevel> {
        let orders = match side {
            Side::Sell => self.sells(),
            Side::Buy => self.buys(),
        };
        let mut levels: Vec<DepthLevel> = Vec::new();
        for order in orders.iter().map(super::Order::resting) {
            match levels.last_mut().filter(|level| level.price_ueur == order.price_ueur) {
                Some(level) => {
                    level.quantity_g += order.quantity_g;
                    level.orders += 1;
                }
                None => {
                    let (price_ueur, quantity_g) = (order.price_ueur, order.quantity_g);
                    levels.push(DepthLevel { price_ueur, quantity_g, orders: 1 });
                }
            }
        }
        levels
    }

    /// The market's public state.
    pub fn fields(&self) -> MarketFields {
        let signed = |number: i128| i64::try_from(number).expect("kept within 64 bits");
        let unsigned = |number: i128| u64::try_from(number).expect("not negative");
        let best = |side: Side| match side {
            Side::Sell => self.sells().first().map(|order| unsigned(order.price_ueur)),
            Side::Buy => self.buys().first().map(|order| unsigned(order.price_ueur)),
        };
        MarketFields {
            phase: self.phase,
            band: self.band,
            buyback: self.buyback.fields(),
            sale: self.sale.fields(),
            reference_ueur: self.reference_ueur.map(unsigned),
            period: self.year.as_ref().map(|year| PeriodFields {
                year: year.year,
                start_ns: unsigned(year.start_ns),
                days: u32::try_from(year.days).expect("365 or 366"),
                day: unsigned(self.day()),
                endowment_g: unsigned(year.endowment_g),
                cap_g: year.cap_g.map(unsigned),
                issued_g: unsigned(year.issued_g),
                allotted_fraction_bp: unsigned(year.allotted_fraction_bp),
            }),
            public: PublicFields {
                issued_g: signed(self.public.issued_g),
                inventory_g: signed(self.public.inventory_g),
                reserve_g: signed(self.public.reserve_g),
                retired_g: signed(self.public.retired_g),
                expired_g: signed(self.public.expired_g),
                in_settlement_g: 0,
                deficit_g: signed(self.public.deficit_g),
                treasury_ueur: signed(self.public.treasury_ueur),
                deposited_ueur: signed(self.public.deposited_ueur),
                withdrawn_ueur: signed(self.public.withdrawn_ueur),
            },
            accounts: self.accounts.len() as u64,
            open_orders: self.orders.len() as u64,
            best_sell_ueur: best(Side::Sell),
            best_buy_ueur: best(Side::Buy),
        }
    }
}
