//! The fold: one event after the other into lines, orders, levels, candles and totals. It decides nothing and reads no clock.

use carbex_core::Command;
use carbex_vocabulary::{AccountId, AmountUeur, Event, OrderId, PriceUeur, QuantityG, Sequence, Side, TimestampNs};

use super::{
    Depth, IndexFault, Interval, OrderRecord, OrderState, Position, Series, Summary, batch::Batch, candle::Leg, key,
    level::Place,
};

/// One durable command with what it caused, published live or replayed from the journal.
#[derive(Clone, Copy, Debug)]
pub struct Applied<'a> {
    /// Its place.
    pub sequence: Sequence,
    /// Its market time.
    pub time: TimestampNs,
    /// Who asked.
    pub actor: u64,
    /// What was asked.
    pub command: &'a Command,
    /// What happened, in order.
    pub events: &'a [Event],
}

/// The public figures in memory, always those of the last event folded.
#[derive(Clone, Debug)]
pub struct Statistics {
    /// Last price and totals.
    pub summary: Summary,
    /// Resting quantities.
    pub depth: Depth,
    /// Candles, by interval.
    pub series: [Series; 3],
}

impl Default for Statistics {
    fn default() -> Self {
        Self { summary: Summary::default(), depth: Depth::default(), series: Interval::ALL.map(Series::new) }
    }
}

impl Statistics {
    /// The candles of that interval.
    pub const fn series(&self, interval: Interval) -> &Series {
        match interval {
            Interval::Minute => &self.series[0],
            Interval::Hour => &self.series[1],
            Interval::Day => &self.series[2],
        }
    }
}

/// Where the fold writes: the tree as it is, and what will be written over it.
pub struct Target<'a> {
    /// The index.
    pub tree: &'a sled::Tree,
    /// The batch on its way.
    pub batch: &'a mut Batch,
}

impl Statistics {
    /// Folds one event.
    pub fn fold(
        &mut self,
        applied: &Applied<'_>,
        index: u32,
        event: &Event,
        target: &mut Target<'_>,
    ) -> Result<(), IndexFault> {
        let time_ns = applied.time.ns();
        if let Some(account) = event.account() {
            let position = Position { sequence: applied.sequence.number(), index };
            let mut line = time_ns.to_le_bytes().to_vec();
            carbex_wire::encode_event(event, &mut line);
            target.batch.lines.push(account, position, line);
        }
        match *event {
            Event::Accepted { account, order } => self.accept(applied, account, order, target),
            Event::Trade { account, order, side, quantity, price, value } => {
                self.trade(time_ns, (account, order), (side, quantity, price, value), target)
            }
            Event::Cancelled { account, order, quantity, reason } => self.change(account, order, target, |stored| {
                stored.changed_ns = time_ns;
                stored.open_g = stored.open_g.checked_sub(quantity.g())?;
                stored.state = OrderState::Cancelled(reason);
                Some(())
            }),
            Event::PeriodOpened { .. } => {
                self.summary.open_year(applied.time);
                target.batch.put(key::summary(), self.summary.bytes());
                Ok(())
            }
            Event::Rejected(_)
            | Event::AuctionResult { .. }
            | Event::Indicative { .. }
            | Event::PeriodClosed { .. }
            | Event::AccountOpened { .. }
            | Event::AccountClosed { .. }
            | Event::ShareSet { .. }
            | Event::HouseholdSet { .. }
            | Event::ObligationSet { .. }
            | Event::Frozen { .. }
            | Event::Unfrozen { .. }
            | Event::Allotted { .. }
            | Event::AllottedAll { .. }
            | Event::Deposited { .. }
            | Event::Withdrawn { .. }
            | Event::Debited { .. }
            | Event::Refunded { .. }
            | Event::PhaseSet { .. }
            | Event::BandSet { .. }
            | Event::BuybackSet { .. }
            | Event::SaleSet { .. }
            | Event::TreasuryFunded { .. }
            | Event::TreasuryDrawn { .. }
            | Event::ReserveReleased { .. }
            | Event::Distributed { .. }
            | Event::RulesSet { .. }
            | Event::Expired { .. }
            | Event::CarriedOver { .. }
            | Event::Penalty { .. } => Ok(()),
        }
    }

    fn accept(
        &mut self,
        applied: &Applied<'_>,
        account: AccountId,
        order: OrderId,
        target: &mut Target<'_>,
    ) -> Result<(), IndexFault> {
        let now_ns = applied.time.ns();
        if let Command::Place { client_order_id, side, quantity, price, tif, .. } = *applied.command {
            let placed = OrderRecord {
                placed_ns: now_ns,
                changed_ns: now_ns,
                side,
                tif,
                client_order_id: client_order_id.map(carbex_vocabulary::ClientOrderId::number),
                price_ueur: price.ueur(),
                quantity_g: quantity.g(),
                open_g: quantity.g(),
                filled_g: 0,
                value_ueur: 0,
                state: OrderState::Open,
            };
            target.batch.put(key::order(account, order), placed.bytes());
            let place = Place { side, price_ueur: price.ueur(), account, order };
            return self.depth.set(target.tree, target.batch, place, 0, quantity.g());
        }
        if let Command::Replace { quantity, price, .. } = *applied.command {
            return self.change(account, order, target, |stored| {
                stored.changed_ns = now_ns;
                stored.price_ueur = price.ueur();
                stored.quantity_g = stored.filled_g.checked_add(quantity.g())?;
                stored.open_g = quantity.g();
                Some(())
            });
        }
        // Only a place or a replace is accepted.
        Err(IndexFault::Damaged)
    }

    fn trade(
        &mut self,
        time_ns: u64,
        (account, order): (AccountId, OrderId),
        (side, quantity, price, value): (Side, QuantityG, PriceUeur, AmountUeur),
        target: &mut Target<'_>,
    ) -> Result<(), IndexFault> {
        self.change(account, order, target, |stored| {
            stored.changed_ns = time_ns;
            stored.open_g = stored.open_g.checked_sub(quantity.g())?;
            stored.filled_g = stored.filled_g.checked_add(quantity.g())?;
            stored.value_ueur = stored.value_ueur.checked_add(value.ueur())?;
            if stored.open_g == 0 {
                stored.state = OrderState::Filled;
            }
            Some(())
        })?;
        let leg = Leg {
            time_ns,
            account,
            side,
            quantity_g: quantity.g(),
            price_ueur: price.ueur(),
            value_ueur: value.ueur(),
        };
        for series in &mut self.series {
            let interval = series.interval();
            let (candle, forgotten) = series.take(&leg, self.summary.origin_ns);
            target.batch.put(key::candle(interval, candle.start_ns), candle.bytes());
            if let Some(start_ns) = forgotten {
                target.batch.remove(key::candle(interval, start_ns));
            }
        }
        self.summary.take(&leg);
        target.batch.put(key::summary(), self.summary.bytes());
        Ok(())
    }

    /// Changes an order's record and keeps the levels in step.
    fn change(
        &mut self,
        account: AccountId,
        order: OrderId,
        target: &mut Target<'_>,
        change: impl FnOnce(&mut OrderRecord) -> Option<()>,
    ) -> Result<(), IndexFault> {
        let key = key::order(account, order);
        let stored = target.batch.get(target.tree, &key)?.ok_or(IndexFault::Damaged)?;
        let before = OrderRecord::from_bytes(&stored).ok_or(IndexFault::Damaged)?;
        let mut after = before;
        change(&mut after).ok_or(IndexFault::Damaged)?;
        target.batch.put(key, after.bytes());
        let place = |record: &OrderRecord| Place { side: record.side, price_ueur: record.price_ueur, account, order };
        if before.price_ueur == after.price_ueur {
            return self.depth.set(target.tree, target.batch, place(&after), before.open_g, after.open_g);
        }
        self.depth.set(target.tree, target.batch, place(&before), before.open_g, 0)?;
        self.depth.set(target.tree, target.batch, place(&after), 0, after.open_g)
    }
}
