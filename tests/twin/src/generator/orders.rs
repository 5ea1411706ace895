//! Orders: near the quotes, near each other, a few lots at a time; and refused ones again, exactly at their limit.

use carbex_core::{Command, RestingOrder};
use carbex_vocabulary::{
    AccountId, AccountStatus, AmountUeur, ClientOrderId, OrderId, Phase, PriceUeur, QuantityG, Reject, RejectCode,
    Side, TimeInForce,
};

use super::{
    Generator, HUGE, Scene,
    world::{chance, pick},
};

/// How many accounts are looked at for one that can trade.
const LOOKED_AT_MAX: usize = 12;

impl Generator {
    pub(super) fn place(&mut self, scene: &Scene) -> Command {
        let side = pick(&mut self.rng, Side::ALL);
        let account = self.trader(scene, side);
        let tif = self.tif(scene);
        let name = pick(&mut self.rng, &[0, 1, 2, 3, u64::MAX]);
        let client_order_id = chance(&mut self.rng, 15).then_some(ClientOrderId::new(name));
        let sweeps = chance(&mut self.rng, 8);
        let price = if sweeps { self.sweeping_price(scene, side) } else { self.price(scene) };
        let quantity = if sweeps { self.large_quantity(scene) } else { self.quantity(scene) };
        Command::Place { account, client_order_id, side, quantity, price, tif }
    }

    /// Mostly an account that can trade on that side; sometimes any.
    fn trader(&mut self, scene: &Scene, side: Side) -> AccountId {
        let lot_g = i64::try_from(scene.rules.market.lot_g).unwrap_or(i64::MAX);
        let most_open = scene.rules.orders.max_open_orders as usize;
        let mut some = scene.twin.accounts();
        self.rng.shuffle(&mut some);
        some.truncate(LOOKED_AT_MAX);
        let able: Vec<AccountId> = some
            .iter()
            .filter(|(id, fields)| {
                let open = scene.twin.orders_of(*id);
                let has_what_it_takes = match side {
                    Side::Sell => fields.allotted_g + fields.purchased_g - fields.open_sell_g >= lot_g,
                    Side::Buy => fields.cash_ueur > fields.cash_reserved_ueur,
                };
                fields.status == AccountStatus::Active
                    && has_what_it_takes
                    && open.len() < most_open
                    && open.iter().all(|order| order.side == side)
            })
            .map(|account| account.0)
            .collect();
        if able.is_empty() || chance(&mut self.rng, 15) { self.account(scene) } else { pick(&mut self.rng, &able) }
    }

    fn tif(&mut self, scene: &Scene) -> TimeInForce {
        let immediate = match scene.fields.phase {
            Phase::Auction | Phase::AuctionFreeze => chance(&mut self.rng, 3),
            Phase::Closed | Phase::Posted | Phase::Continuous | Phase::Halted => chance(&mut self.rng, 25),
        };
        if immediate {
            pick(&mut self.rng, &[TimeInForce::Ioc, TimeInForce::Fok])
        } else {
            pick(&mut self.rng, &[TimeInForce::Gtc, TimeInForce::Gtc, TimeInForce::Gtc, TimeInForce::Day])
        }
    }

    /// A limit that takes whatever stands in the book.
    fn sweeping_price(&mut self, scene: &Scene, side: Side) -> PriceUeur {
        PriceUeur::new(match side {
            Side::Sell => scene.fields.band.floor_ueur,
            Side::Buy => scene.fields.band.ceiling_ueur,
        })
    }

    fn large_quantity(&mut self, scene: &Scene) -> QuantityG {
        let lot_g = scene.rules.market.lot_g;
        let largest_lots = (scene.rules.orders.max_order_g / lot_g).min(self.mix.lots * 4);
        QuantityG::new(lot_g * self.rng.u64(1..=largest_lots))
    }

    pub(super) fn replace(&mut self, scene: &Scene) -> Command {
        let Some(order) = self.live_order(scene) else { return self.place(scene) };
        let account = if chance(&mut self.rng, 2) { self.account(scene) } else { order.account };
        let price = if chance(&mut self.rng, 50) { PriceUeur::new(order.price_ueur) } else { self.price(scene) };
        let quantity = match self.rng.u32(..4) {
            0 => QuantityG::new(order.quantity_g),
            1 => QuantityG::new(order.quantity_g.saturating_sub(scene.rules.market.lot_g)),
            _ => self.quantity(scene),
        };
        Command::Replace { account, order: self.order_id(order.order), quantity, price }
    }

    pub(super) fn cancel(&mut self, scene: &Scene) -> Command {
        let Some(order) = self.live_order(scene) else { return self.place(scene) };
        let account = if chance(&mut self.rng, 4) { self.account(scene) } else { order.account };
        Command::Cancel { account, order: self.order_id(order.order) }
    }

    fn live_order(&mut self, scene: &Scene) -> Option<RestingOrder> {
        let open = scene.twin.open_orders();
        (!open.is_empty()).then(|| pick(&mut self.rng, &open))
    }

    /// Mostly that order; sometimes one that is gone or never was.
    fn order_id(&mut self, order: OrderId) -> OrderId {
        match self.rng.u32(..40) {
            0 => OrderId::new(self.rng.u64(..self.drawn + 2)),
            1 => OrderId::new(pick(&mut self.rng, &[0, u64::MAX, 1 << 32])),
            _ => order,
        }
    }

    /// A few whole lots; rarely a wrong quantity.
    pub(super) fn quantity(&mut self, scene: &Scene) -> QuantityG {
        let lot_g = scene.rules.market.lot_g;
        let largest = scene.rules.orders.max_order_g / lot_g * lot_g;
        if self.is_wrong() {
            let wrong = [0, lot_g + 1, lot_g - 1, largest, largest + lot_g, HUGE, u64::MAX];
            return QuantityG::new(pick(&mut self.rng, &wrong));
        }
        let most = if chance(&mut self.rng, 5) { largest / lot_g } else { self.mix.lots };
        QuantityG::new((lot_g * self.rng.u64(1..=most)).min(largest))
    }

    /// A price of the band near something that matters; rarely a wrong one.
    pub(super) fn price(&mut self, scene: &Scene) -> PriceUeur {
        let tick = scene.rules.market.tick_ueur;
        let band = scene.fields.band;
        if self.is_wrong() {
            let wrong = [
                0,
                band.floor_ueur.saturating_sub(tick),
                band.floor_ueur,
                band.ceiling_ueur,
                band.ceiling_ueur.saturating_add(tick),
                band.floor_ueur + 1,
                HUGE / tick * tick,
                u64::MAX,
            ];
            return PriceUeur::new(pick(&mut self.rng, &wrong));
        }
        let ticks = (band.ceiling_ueur - band.floor_ueur) / tick;
        let anywhere = band.floor_ueur + tick * self.rng.u64(..=ticks);
        let anchors = [
            Some(anywhere),
            Some(scene.fields.buyback.price_ueur),
            Some(scene.fields.sale.price_ueur),
            scene.fields.best_sell_ueur,
            scene.fields.best_buy_ueur,
            scene.fields.reference_ueur,
        ];
        let anchor = pick(&mut self.rng, &anchors).unwrap_or(anywhere);
        let steps = [0, 0, 0, tick, 2 * tick, scene.rules.market.spread_ueur];
        let step = pick(&mut self.rng, &steps);
        let near = if self.rng.bool() { anchor.saturating_add(step) } else { anchor.saturating_sub(step) };
        PriceUeur::new(near.clamp(band.floor_ueur, band.ceiling_ueur))
    }

    /// The refused command again, as large as its limit allows, or one step larger.
    pub(super) fn at_the_limit(&mut self, command: &Command, reject: &Reject, scene: &Scene) -> Option<Command> {
        // An account filled to the last gram is a state to visit, not to live in.
        if reject.code == RejectCode::LimitExceeded && chance(&mut self.rng, 97) {
            return None;
        }
        let limit = u64::try_from(reject.limit).ok()?;
        let excess = u64::try_from(i128::from(reject.actual) - i128::from(reject.limit)).unwrap_or(u64::MAX);
        let step_past = u64::from(chance(&mut self.rng, 40));
        match *command {
            Command::Place { account, client_order_id, side, quantity, price, tif } => {
                let quantity = self.limit_quantity(reject, quantity, price, scene)?;
                Some(Command::Place { account, client_order_id, side, quantity, price, tif })
            }
            Command::Replace { account, order, quantity, price } => {
                let quantity = self.limit_quantity(reject, quantity, price, scene)?;
                Some(Command::Replace { account, order, quantity, price })
            }
            Command::Debit { account, quantity, mode } => {
                let quantity = QuantityG::new(quantity.g().checked_sub(excess)?.saturating_add(step_past));
                Some(Command::Debit { account, quantity, mode })
            }
            Command::Refund { account, .. } => {
                Some(Command::Refund { account, quantity: QuantityG::new(limit.saturating_add(step_past)) })
            }
            Command::Withdraw { account, .. } => {
                Some(Command::Withdraw { account, amount: AmountUeur::new(limit.saturating_add(step_past)) })
            }
            Command::DrawTreasury { .. } => {
                Some(Command::DrawTreasury { amount: AmountUeur::new(limit.saturating_add(step_past)) })
            }
            Command::SetBuyback { price, volume, .. } if reject.code == RejectCode::TreasuryShort => {
                Some(Command::SetBuyback { price, volume, budget: AmountUeur::new(limit.saturating_add(step_past)) })
            }
            Command::Allot { account, quantity } => {
                let quantity = QuantityG::new(quantity.g().checked_sub(excess)?.saturating_add(step_past));
                Some(Command::Allot { account, quantity })
            }
            Command::OpenPeriod { .. }
            | Command::ClosePeriod
            | Command::OpenAccount { .. }
            | Command::CloseAccount { .. }
            | Command::SetShare { .. }
            | Command::SetHousehold { .. }
            | Command::SetObligation { .. }
            | Command::Freeze { .. }
            | Command::Unfreeze { .. }
            | Command::AllotAll { .. }
            | Command::Deposit { .. }
            | Command::Cancel { .. }
            | Command::SetPhase { .. }
            | Command::SetBand { .. }
            | Command::SetBuyback { .. }
            | Command::SetSale { .. }
            | Command::FundTreasury { .. }
            | Command::ReleaseReserve { .. }
            | Command::Uncross
            | Command::Distribute
            | Command::SetRules { .. }
            | Command::Tick => None,
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "only some codes have a limit that a quantity can meet")]
    fn limit_quantity(
        &mut self,
        reject: &Reject,
        quantity: QuantityG,
        price: PriceUeur,
        scene: &Scene,
    ) -> Option<QuantityG> {
        let lot_g = scene.rules.market.lot_g;
        let excess = u64::try_from(i128::from(reject.actual) - i128::from(reject.limit)).ok();
        let most = match reject.code {
            RejectCode::InsufficientFunds => {
                u64::try_from(i128::from(reject.limit) * 1000 / i128::from(price.ueur())).ok()?
            }
            RejectCode::SubsistenceFloor => {
                quantity.g().checked_sub(u64::try_from(reject.limit - reject.actual).ok()?)?
            }
            RejectCode::HoldingCap
            | RejectCode::PurchaseCap
            | RejectCode::SaleCap
            | RejectCode::InsufficientPoints
            | RejectCode::NotYetEarned
            | RejectCode::ResaleForbidden => quantity.g().checked_sub(excess?)?,
            _ => return None,
        };
        let lots = most / lot_g + u64::from(chance(&mut self.rng, 15));
        (lots > 0).then(|| QuantityG::new(lots * lot_g))
    }
}
