//! One command to one JSON line: what `parse_line` reads back as the same command.

use carbex_core::Command;
use carbex_vocabulary::TimestampNs;

use super::command::CommandType;
use super::object::Object;
use super::rules::RuleTables;

/// Appends the line of one command, line break included; every field is written out, defaults too.
pub fn write_command_line(time: TimestampNs, command: &Command, out: &mut Vec<u8>) {
    let line = Object::of_type(out, CommandType::of(command).name()).number("ts_ns", time.ns());
    let line = match *command {
        Command::OpenPeriod { year, endowment, reserve, cap } => line
            .number("year", year)
            .number("endowment_g", endowment.g())
            .number("reserve_g", reserve.g())
            .number_if("cap_g", cap.map(|cap| cap.g())),
        Command::OpenAccount { account, share, household } => line
            .number("account", account.number())
            .number("share_bp", share.bp())
            .number("household", household.number()),
        Command::SetShare { account, share } => line.number("account", account.number()).number("share_bp", share.bp()),
        Command::SetHousehold { account, household } => {
            line.number("account", account.number()).number("household", household.number())
        }
        Command::CloseAccount { account } | Command::Freeze { account } | Command::Unfreeze { account } => {
            line.number("account", account.number())
        }
        Command::SetObligation { account, quantity }
        | Command::Allot { account, quantity }
        | Command::Refund { account, quantity } => {
            line.number("account", account.number()).number("quantity_g", quantity.g())
        }
        Command::AllotAll { fraction } => line.number("fraction_bp", fraction.bp()),
        Command::Deposit { account, amount } | Command::Withdraw { account, amount } => {
            line.number("account", account.number()).number("amount_ueur", amount.ueur())
        }
        Command::Debit { account, quantity, mode } => {
            line.number("account", account.number()).number("quantity_g", quantity.g()).name("mode", mode.name())
        }
        Command::Place { account, client_order_id, side, quantity, price, tif } => line
            .number("account", account.number())
            .number_if("client_order_id", client_order_id.map(|id| id.number()))
            .name("side", side.name())
            .number("quantity_g", quantity.g())
            .number("price_ueur", price.ueur())
            .name("tif", tif.name()),
        Command::Cancel { account, order } => line.number("account", account.number()).number("order", order.number()),
        Command::Replace { account, order, quantity, price } => line
            .number("account", account.number())
            .number("order", order.number())
            .number("quantity_g", quantity.g())
            .number("price_ueur", price.ueur()),
        Command::SetPhase { phase } => line.name("phase", phase.name()),
        Command::SetBand { floor, ceiling } => {
            line.number("floor_ueur", floor.ueur()).number("ceiling_ueur", ceiling.ueur())
        }
        Command::SetBuyback { price, volume, budget } => {
            line.number("price_ueur", price.ueur()).number("volume_g", volume.g()).number("budget_ueur", budget.ueur())
        }
        Command::SetSale { price, volume } => line.number("price_ueur", price.ueur()).number("volume_g", volume.g()),
        Command::FundTreasury { amount } | Command::DrawTreasury { amount } => {
            line.number("amount_ueur", amount.ueur())
        }
        Command::ReleaseReserve { quantity } => line.number("quantity_g", quantity.g()),
        Command::SetRules { ref rules } => line.value("rules", &RuleTables(rules)),
        Command::ClosePeriod | Command::Uncross | Command::Distribute | Command::Tick => line,
    };
    line.end();
}
