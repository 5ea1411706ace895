//! One event to one JSON line: `{"seq":…,"type":…}` and the fields that a person would ask for, units last.

use carbex_rules::RuleVersion;
use carbex_vocabulary::{Event, PointsAccount, Sequence};

use super::object::Object;

/// Appends the line of one event, line break included. `sequence` is that of the command that caused it.
pub fn write_event_line(sequence: Sequence, event: &Event, out: &mut Vec<u8>) {
    let line = Object::begin(out, "seq", sequence.number());
    let line = match *event {
        Event::Accepted { account, order } => {
            line.name("type", "accepted").number("account", account.number()).number("order", order.number())
        }
        Event::Rejected(reject) => {
            let line = line.name("type", "rejected").name("code", reject.code.name());
            if reject.code.has_numbers() {
                line.number("limit", reject.limit).number("actual", reject.actual)
            } else {
                line
            }
        }
        Event::Trade { account, order, side, quantity, price, value } => line
            .name("type", "trade")
            .number("account", account.number())
            .number("order", order.number())
            .name("side", side.name())
            .number("quantity_g", quantity.g())
            .number("price_ueur", price.ueur())
            .number("value_ueur", value.ueur()),
        Event::Cancelled { account, order, quantity, reason } => line
            .name("type", "cancelled")
            .number("account", account.number())
            .number("order", order.number())
            .number("quantity_g", quantity.g())
            .name("reason", reason.name()),
        Event::AuctionResult { price, volume, imbalance_g } => line
            .name("type", "auction_result")
            .number_or_null("price_ueur", price.map(|price| price.ueur()))
            .number("volume_g", volume.g())
            .number("imbalance_g", imbalance_g),
        Event::Indicative { price, volume, imbalance_g } => line
            .name("type", "indicative")
            .number_or_null("price_ueur", price.map(|price| price.ueur()))
            .number("volume_g", volume.g())
            .number("imbalance_g", imbalance_g),
        Event::PeriodOpened { year, days, endowment, reserve, cap } => line
            .name("type", "period_opened")
            .number("year", year)
            .number("days", days)
            .number("endowment_g", endowment.g())
            .number("reserve_g", reserve.g())
            .number_or_null("cap_g", cap.map(|cap| cap.g())),
        Event::PeriodClosed { year } => line.name("type", "period_closed").number("year", year),
        Event::AccountOpened { account, share, household } => line
            .name("type", "account_opened")
            .number("account", account.number())
            .number("share_bp", share.bp())
            .number("household", household.number()),
        Event::AccountClosed { account, expired, deficit } => line
            .name("type", "account_closed")
            .number("account", account.number())
            .number("expired_g", expired.g())
            .number("deficit_g", deficit.g()),
        Event::ShareSet { account, share } => {
            line.name("type", "share").number("account", account.number()).number("share_bp", share.bp())
        }
        Event::HouseholdSet { account, household } => {
            line.name("type", "household").number("account", account.number()).number("household", household.number())
        }
        Event::ObligationSet { account, quantity } => {
            line.name("type", "obligation").number("account", account.number()).number("quantity_g", quantity.g())
        }
        Event::Frozen { account } => line.name("type", "frozen").number("account", account.number()),
        Event::Unfrozen { account } => line.name("type", "unfrozen").number("account", account.number()),
        Event::Allotted { account, quantity, repaid } => line
            .name("type", "allotted")
            .number("account", account.number())
            .number("quantity_g", quantity.g())
            .number("repaid_g", repaid.g()),
        Event::AllottedAll { fraction, accounts, quantity } => line
            .name("type", "allotted_all")
            .number("fraction_bp", fraction.bp())
            .number("accounts", accounts)
            .number("quantity_g", quantity.g()),
        Event::Deposited { account, amount, owed_paid } => line
            .name("type", "deposited")
            .number("account", account.number())
            .number("amount_ueur", amount.ueur())
            .number("owed_paid_ueur", owed_paid.ueur()),
        Event::Withdrawn { account, amount } => {
            line.name("type", "withdrawn").number("account", account.number()).number("amount_ueur", amount.ueur())
        }
        Event::Debited { account, quantity, purchased, mode } => line
            .name("type", "debited")
            .number("account", account.number())
            .number("quantity_g", quantity.g())
            .number("purchased_g", purchased.g())
            .name("mode", mode.name()),
        Event::Refunded { account, quantity, purchased } => line
            .name("type", "refunded")
            .number("account", account.number())
            .number("quantity_g", quantity.g())
            .number("purchased_g", purchased.g()),
        Event::PhaseSet { phase } => line.name("type", "phase").name("phase", phase.name()),
        Event::BandSet { floor, ceiling } => {
            line.name("type", "band").number("floor_ueur", floor.ueur()).number("ceiling_ueur", ceiling.ueur())
        }
        Event::BuybackSet { price, volume, budget } => line
            .name("type", "quote")
            .name("side", "buyback")
            .number("price_ueur", price.ueur())
            .number("volume_g", volume.g())
            .number("budget_ueur", budget.ueur()),
        Event::SaleSet { price, volume } => line
            .name("type", "quote")
            .name("side", "sale")
            .number("price_ueur", price.ueur())
            .number("volume_g", volume.g()),
        Event::TreasuryFunded { amount } => line.name("type", "treasury_funded").number("amount_ueur", amount.ueur()),
        Event::TreasuryDrawn { amount } => line.name("type", "treasury_drawn").number("amount_ueur", amount.ueur()),
        Event::ReserveReleased { quantity, tier } => {
            line.name("type", "reserve_released").number("quantity_g", quantity.g()).number("tier", tier)
        }
        Event::Distributed { price, volume } => {
            line.name("type", "distributed").number("price_ueur", price.ueur()).number("volume_g", volume.g())
        }
        Event::RulesSet { version } => {
            let label = RuleVersion::from_bytes(version);
            line.name("type", "rules").value("version", &label.as_ref().map(RuleVersion::as_str))
        }
        Event::Expired { from, quantity } => {
            let line = line.name("type", "expired");
            match from {
                PointsAccount::Citizen(account) => line.number("account", account.number()),
                PointsAccount::Inventory => line.name("from", "inventory"),
                PointsAccount::Reserve => line.name("from", "reserve"),
            }
            .number("quantity_g", quantity.g())
        }
        Event::CarriedOver { account, quantity } => {
            line.name("type", "carried_over").number("account", account.number()).number("quantity_g", quantity.g())
        }
        Event::Penalty { account, deficit, charged, paid, repay } => line
            .name("type", "penalty")
            .number("account", account.number())
            .number("deficit_g", deficit.g())
            .number("charged_ueur", charged.ueur())
            .number("paid_ueur", paid.ueur())
            .number("repay_g", repay.g()),
    };
    line.end();
}
