//! Counts what a run reached, and names what it never reached: a comparison that meets nothing proves nothing.

use std::collections::BTreeMap;

use carbex_core::{Command, MarketFields};
use carbex_rules::RuleSet;
use carbex_vocabulary::{CancelReason, Event, Phase, PointsAccount, RejectCode, Side, TimeInForce};

use crate::Twin;

/// Every kind of command, by its name in files.
const COMMANDS: &[&str] = &[
    "open_period",
    "close_period",
    "open_account",
    "close_account",
    "set_share",
    "set_household",
    "set_obligation",
    "freeze",
    "unfreeze",
    "allot",
    "allot_all",
    "deposit",
    "withdraw",
    "debit",
    "refund",
    "place",
    "cancel",
    "replace",
    "set_phase",
    "set_band",
    "set_buyback",
    "set_sale",
    "fund_treasury",
    "draw_treasury",
    "release_reserve",
    "uncross",
    "distribute",
    "set_rules",
    "tick",
];

/// Mechanisms that a full run must have seen at work.
const MECHANISMS: &[&str] = &[
    "auction clears",
    "auction finds no price",
    "auction: more demand",
    "auction: more supply",
    "auction: balanced",
    "auction on entering continuous",
    "auction_freeze becomes auction",
    "distribution",
    "distribution of nothing",
    "posted: a sell at the buyback price",
    "posted: a buy at the sale price",
    "continuous: a trade",
    "continuous: regulator keeps a spread",
    "resting orders served",
    "fok fills",
    "fok stopped by the collar",
    "ioc fills in part",
    "indicative",
    "tier 1",
    "tier 2",
    "both tiers at once",
    "penalty paid",
    "penalty owed",
    "penalty to repay",
    "carried over",
    "citizen's points expire",
    "inventory expires",
    "reserve expires",
    "repaid from an allotment",
    "owed paid from a deposit",
    "purchased points consumed",
    "purchased points refunded",
    "account closed in deficit",
    "account closed with points",
    "quote dropped by a band",
    "restricted rule changed",
    "leap year",
];

/// The market before a command.
pub struct Before {
    /// Its fields.
    pub fields: MarketFields,
    /// Its rules.
    pub rules: RuleSet,
}

/// How often each thing happened.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    counts: BTreeMap<(&'static str, &'static str), u64>,
    /// Commands applied.
    pub commands: u64,
    /// Events compared.
    pub events: u64,
}

impl Tally {
    fn add(&mut self, group: &'static str, name: &'static str) {
        *self.counts.entry((group, name)).or_default() += 1;
    }

    /// Adds another tally.
    pub fn merge(&mut self, other: &Self) {
        for (key, count) in &other.counts {
            *self.counts.entry(*key).or_default() += count;
        }
        self.commands += other.commands;
        self.events += other.events;
    }

    /// Counts one command, its events, and the mechanisms that they show.
    pub fn count(&mut self, before: &Before, command: &Command, events: &[Event], twin: &Twin) {
        self.commands += 1;
        self.events += events.len() as u64;
        self.add("command", command_name(command));
        for event in events {
            self.count_event(event);
        }
        self.count_mechanisms(before, command, events, twin);
    }

    /// Counts how accounts came to be settled.
    pub fn count_paths(&mut self, paths: &[&'static str]) {
        for path in paths {
            self.add("settling", path);
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "only some events show a mechanism")]
    fn count_event(&mut self, event: &Event) {
        self.add("event", event_name(event));
        match *event {
            Event::Rejected(reject) => self.add("reject", reject.code.name()),
            Event::Cancelled { reason, .. } => self.add("cancel", reason.name()),
            Event::AuctionResult { price: None, .. } => self.add("mechanism", "auction finds no price"),
            Event::AuctionResult { price: Some(_), imbalance_g, .. } => {
                self.add("mechanism", "auction clears");
                self.add(
                    "mechanism",
                    match imbalance_g.signum() {
                        1 => "auction: more demand",
                        -1 => "auction: more supply",
                        _ => "auction: balanced",
                    },
                );
            }
            Event::Indicative { .. } => self.add("mechanism", "indicative"),
            Event::Distributed { volume, .. } if volume.is_zero() => self.add("mechanism", "distribution of nothing"),
            Event::Distributed { .. } => self.add("mechanism", "distribution"),
            Event::ReserveReleased { tier: 1, .. } => self.add("mechanism", "tier 1"),
            Event::ReserveReleased { tier: 2, .. } => self.add("mechanism", "tier 2"),
            Event::Penalty { charged, paid, repay, .. } => {
                if !paid.is_zero() {
                    self.add("mechanism", "penalty paid");
                }
                if charged > paid {
                    self.add("mechanism", "penalty owed");
                }
                if !repay.is_zero() {
                    self.add("mechanism", "penalty to repay");
                }
            }
            Event::CarriedOver { .. } => self.add("mechanism", "carried over"),
            Event::Expired { from, .. } => self.add(
                "mechanism",
                match from {
                    PointsAccount::Citizen(_) => "citizen's points expire",
                    PointsAccount::Inventory => "inventory expires",
                    PointsAccount::Reserve => "reserve expires",
                },
            ),
            Event::Allotted { repaid, .. } if !repaid.is_zero() => self.add("mechanism", "repaid from an allotment"),
            Event::Deposited { owed_paid, .. } if !owed_paid.is_zero() => {
                self.add("mechanism", "owed paid from a deposit");
            }
            Event::Debited { purchased, .. } if !purchased.is_zero() => {
                self.add("mechanism", "purchased points consumed");
            }
            Event::Refunded { purchased, .. } if !purchased.is_zero() => {
                self.add("mechanism", "purchased points refunded");
            }
            Event::AccountClosed { deficit, .. } if !deficit.is_zero() => {
                self.add("mechanism", "account closed in deficit");
            }
            Event::AccountClosed { expired, .. } if !expired.is_zero() => {
                self.add("mechanism", "account closed with points");
            }
            Event::PeriodOpened { days: 366, .. } => self.add("mechanism", "leap year"),
            _ => {}
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "only some commands show a mechanism")]
    fn count_mechanisms(&mut self, before: &Before, command: &Command, events: &[Event], twin: &Twin) {
        let traded =
            |wanted: Side| events.iter().any(|event| matches!(event, Event::Trade { side, .. } if *side == wanted));
        let any_trade = traded(Side::Sell) || traded(Side::Buy);
        let cancelled = |wanted: CancelReason| {
            events.iter().any(|event| matches!(event, Event::Cancelled { reason, .. } if *reason == wanted))
        };
        match *command {
            Command::SetPhase { .. } if events.iter().any(|event| matches!(event, Event::AuctionResult { .. })) => {
                self.add("mechanism", "auction on entering continuous");
            }
            Command::Uncross if before.fields.phase == Phase::AuctionFreeze && twin.phase() == Phase::Auction => {
                self.add("mechanism", "auction_freeze becomes auction");
            }
            Command::Place { tif, side, .. } => {
                if before.fields.phase == Phase::Posted && traded(side) {
                    self.add(
                        "mechanism",
                        match side {
                            Side::Sell => "posted: a sell at the buyback price",
                            Side::Buy => "posted: a buy at the sale price",
                        },
                    );
                }
                if before.fields.phase == Phase::Continuous && any_trade {
                    self.add("mechanism", "continuous: a trade");
                }
                if before.fields.phase == Phase::Continuous && spread_kept(events) {
                    self.add("mechanism", "continuous: regulator keeps a spread");
                }
                match tif {
                    TimeInForce::Fok if cancelled(CancelReason::PriceCollar) && any_trade => {
                        self.add("mechanism", "fok stopped by the collar");
                    }
                    TimeInForce::Fok if any_trade => self.add("mechanism", "fok fills"),
                    TimeInForce::Ioc if any_trade && cancelled(CancelReason::Unfilled) => {
                        self.add("mechanism", "ioc fills in part");
                    }
                    TimeInForce::Gtc | TimeInForce::Day | TimeInForce::Ioc | TimeInForce::Fok => {}
                }
            }
            Command::SetBuyback { .. } | Command::SetSale { .. } | Command::ReleaseReserve { .. } if any_trade => {
                self.add("mechanism", "resting orders served");
            }
            Command::SetBand { .. }
                if events.iter().any(|event| matches!(event, Event::BuybackSet { .. } | Event::SaleSet { .. })) =>
            {
                self.add("mechanism", "quote dropped by a band");
            }
            Command::SetRules { rules }
                if *twin.rules() == rules
                    && rules.market != before.rules.market
                    && before.fields.phase == Phase::Closed =>
            {
                self.add("mechanism", "restricted rule changed");
            }
            _ => {}
        }
        if events.iter().filter(|event| matches!(event, Event::ReserveReleased { tier: 1.., .. })).count() == 2 {
            self.add("mechanism", "both tiers at once");
        }
    }

    /// What a full run should have reached and did not.
    pub fn never_reached(&self) -> Vec<(&'static str, &'static str)> {
        let rejects = RejectCode::ALL.iter().map(|code| ("reject", code.name()));
        let cancels = CancelReason::ALL.iter().map(|reason| ("cancel", reason.name()));
        let commands = COMMANDS.iter().map(|name| ("command", *name));
        let mechanisms = MECHANISMS.iter().map(|name| ("mechanism", *name));
        let settling = super::in_slices::PATHS.iter().map(|name| ("settling", *name));
        let all = rejects.chain(cancels).chain(commands).chain(mechanisms).chain(settling);
        all.filter(|key| !self.counts.contains_key(key)).collect()
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} commands, {} events", self.commands, self.events)?;
        let mut last = "";
        for ((group, name), count) in &self.counts {
            if *group != last {
                writeln!(f, "{group}:")?;
                last = group;
            }
            writeln!(f, "  {count:>10}  {name}")?;
        }
        Ok(())
    }
}

/// Whether a buyer paid more than a seller got for the same quantity.
fn spread_kept(events: &[Event]) -> bool {
    events.windows(2).any(|pair| match (pair[0], pair[1]) {
        (
            Event::Trade { side: Side::Sell, quantity: sold, price: got, .. },
            Event::Trade { side: Side::Buy, quantity: bought, price: paid, .. },
        ) => sold == bought && paid > got,
        _ => false,
    })
}

fn command_name(command: &Command) -> &'static str {
    match command {
        Command::OpenPeriod { .. } => "open_period",
        Command::ClosePeriod => "close_period",
        Command::OpenAccount { .. } => "open_account",
        Command::CloseAccount { .. } => "close_account",
        Command::SetShare { .. } => "set_share",
        Command::SetHousehold { .. } => "set_household",
        Command::SetObligation { .. } => "set_obligation",
        Command::Freeze { .. } => "freeze",
        Command::Unfreeze { .. } => "unfreeze",
        Command::Allot { .. } => "allot",
        Command::AllotAll { .. } => "allot_all",
        Command::Deposit { .. } => "deposit",
        Command::Withdraw { .. } => "withdraw",
        Command::Debit { .. } => "debit",
        Command::Refund { .. } => "refund",
        Command::Place { .. } => "place",
        Command::Cancel { .. } => "cancel",
        Command::Replace { .. } => "replace",
        Command::SetPhase { .. } => "set_phase",
        Command::SetBand { .. } => "set_band",
        Command::SetBuyback { .. } => "set_buyback",
        Command::SetSale { .. } => "set_sale",
        Command::FundTreasury { .. } => "fund_treasury",
        Command::DrawTreasury { .. } => "draw_treasury",
        Command::ReleaseReserve { .. } => "release_reserve",
        Command::Uncross => "uncross",
        Command::Distribute => "distribute",
        Command::SetRules { .. } => "set_rules",
        Command::Tick => "tick",
    }
}

fn event_name(event: &Event) -> &'static str {
    match event {
        Event::Accepted { .. } => "accepted",
        Event::Rejected(_) => "rejected",
        Event::Trade { side: Side::Sell, .. } => "trade, sell",
        Event::Trade { side: Side::Buy, .. } => "trade, buy",
        Event::Cancelled { .. } => "cancelled",
        Event::AuctionResult { .. } => "auction_result",
        Event::Indicative { .. } => "indicative",
        Event::PeriodOpened { .. } => "period_opened",
        Event::PeriodClosed { .. } => "period_closed",
        Event::AccountOpened { .. } => "account_opened",
        Event::AccountClosed { .. } => "account_closed",
        Event::ShareSet { .. } => "share_set",
        Event::HouseholdSet { .. } => "household_set",
        Event::ObligationSet { .. } => "obligation_set",
        Event::Frozen { .. } => "frozen",
        Event::Unfrozen { .. } => "unfrozen",
        Event::Allotted { .. } => "allotted",
        Event::AllottedAll { .. } => "allotted_all",
        Event::Deposited { .. } => "deposited",
        Event::Withdrawn { .. } => "withdrawn",
        Event::Debited { .. } => "debited",
        Event::Refunded { .. } => "refunded",
        Event::PhaseSet { .. } => "phase_set",
        Event::BandSet { .. } => "band_set",
        Event::BuybackSet { .. } => "buyback_set",
        Event::SaleSet { .. } => "sale_set",
        Event::TreasuryFunded { .. } => "treasury_funded",
        Event::TreasuryDrawn { .. } => "treasury_drawn",
        Event::ReserveReleased { .. } => "reserve_released",
        Event::Distributed { .. } => "distributed",
        Event::RulesSet { .. } => "rules_set",
        Event::Expired { .. } => "expired",
        Event::CarriedOver { .. } => "carried_over",
        Event::Penalty { .. } => "penalty",
    }
}
