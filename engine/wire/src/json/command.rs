//! One JSON line to one command: per type exactly the fields that the market specification lists.

use carbex_core::Command;
use carbex_rules::RuleFault;
use carbex_vocabulary::{BasisPoints, DebitMode, TimeInForce, TimestampNs};

use super::line::Line;

/// Why a line is not a command. The command is not applied; the caller stops or answers with this.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// Not JSON, not one object, an unknown or doubled field, or a value of another kind.
    #[error("{problem} (column {column})")]
    Json {
        /// What is wrong and what would be right.
        problem: String,
        /// Where, counted in bytes from 1.
        column: usize,
    },
    /// A field that the type needs is not there.
    #[error("missing field `{field}`: `{command}` needs it")]
    MissingField {
        /// The command's type.
        command: &'static str,
        /// The field.
        field: &'static str,
    },
    /// The type is not there.
    #[error("missing field `type`: it says which command this is")]
    MissingType,
    /// A field of another type of command.
    #[error("field `{field}` does not belong to `{command}`: leave it out")]
    ForeignField {
        /// The command's type.
        command: &'static str,
        /// The field.
        field: &'static str,
    },
    /// The rules contradict themselves.
    #[error("`rules`: {0}")]
    Rules(#[from] RuleFault),
}

/// Declares the types of command with their names in files.
macro_rules! command_types {
    ($($variant:ident = $name:literal),+ $(,)?) => {
        /// The type of a command.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum CommandType { $($variant),+ }

        impl CommandType {
            /// Every type.
            pub(super) const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// Its name in files.
            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
            /// The type of that name.
            pub(super) fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }
            /// The type of that command.
            pub(super) const fn of(command: &Command) -> Self {
                match command { $(Command::$variant { .. } => Self::$variant),+ }
            }
        }
    };
}
command_types! {
    OpenPeriod = "open_period",
    ClosePeriod = "close_period",
    OpenAccount = "open_account",
    CloseAccount = "close_account",
    SetShare = "set_share",
    SetHousehold = "set_household",
    SetObligation = "set_obligation",
    Freeze = "freeze",
    Unfreeze = "unfreeze",
    Allot = "allot",
    AllotAll = "allot_all",
    Deposit = "deposit",
    Withdraw = "withdraw",
    Debit = "debit",
    Refund = "refund",
    Place = "place",
    Cancel = "cancel",
    Replace = "replace",
    SetPhase = "set_phase",
    SetBand = "set_band",
    SetBuyback = "set_buyback",
    SetSale = "set_sale",
    FundTreasury = "fund_treasury",
    DrawTreasury = "draw_treasury",
    ReleaseReserve = "release_reserve",
    Uncross = "uncross",
    Distribute = "distribute",
    SetRules = "set_rules",
    Tick = "tick",
}

/// The share of an account opened without one: an adult's.
const SHARE_DEFAULT: BasisPoints = BasisPoints::new(10_000);

/// The time and the command of one line (without its line break).
pub fn parse_line(text: &str) -> Result<(TimestampNs, Command), LineFault> {
    let mut line: Line = serde_json::from_str(text).map_err(|fault| json_fault(&fault))?;
    let command_type = line.command_type.take().ok_or(LineFault::MissingType)?;
    let time = need(command_type, "ts_ns", &mut line.ts_ns)?;
    let command = build(command_type, &mut line)?;
    match line.left_over() {
        None => Ok((time, command)),
        Some(field) => Err(LineFault::ForeignField { command: command_type.name(), field }),
    }
}

/// Takes a field that the command cannot be without.
#[inline]
fn need<V>(command_type: CommandType, field: &'static str, value: &mut Option<V>) -> Result<V, LineFault> {
    value.take().ok_or(LineFault::MissingField { command: command_type.name(), field })
}

/// Builds the command, taking from the line what belongs to its type.
fn build(command_type: CommandType, line: &mut Line) -> Result<Command, LineFault> {
    macro_rules! need {
        ($field:ident) => {
            need(command_type, stringify!($field), &mut line.$field)?
        };
    }
    Ok(match command_type {
        CommandType::OpenPeriod => Command::OpenPeriod {
            year: need!(year),
            endowment: need!(endowment_g),
            reserve: line.reserve_g.take().unwrap_or_default(),
            cap: line.cap_g.take(),
        },
        CommandType::ClosePeriod => Command::ClosePeriod,
        CommandType::OpenAccount => Command::OpenAccount {
            account: need!(account),
            share: line.share_bp.take().unwrap_or(SHARE_DEFAULT),
            household: line.household.take().unwrap_or_default(),
        },
        CommandType::CloseAccount => Command::CloseAccount { account: need!(account) },
        CommandType::SetShare => Command::SetShare { account: need!(account), share: need!(share_bp) },
        CommandType::SetHousehold => Command::SetHousehold { account: need!(account), household: need!(household) },
        CommandType::SetObligation => Command::SetObligation { account: need!(account), quantity: need!(quantity_g) },
        CommandType::Freeze => Command::Freeze { account: need!(account) },
        CommandType::Unfreeze => Command::Unfreeze { account: need!(account) },
        CommandType::Allot => Command::Allot { account: need!(account), quantity: need!(quantity_g) },
        CommandType::AllotAll => Command::AllotAll { fraction: need!(fraction_bp) },
        CommandType::Deposit => Command::Deposit { account: need!(account), amount: need!(amount_ueur) },
        CommandType::Withdraw => Command::Withdraw { account: need!(account), amount: need!(amount_ueur) },
        CommandType::Debit => Command::Debit {
            account: need!(account),
            quantity: need!(quantity_g),
            mode: line.mode.take().unwrap_or(DebitMode::Authorise),
        },
        CommandType::Refund => Command::Refund { account: need!(account), quantity: need!(quantity_g) },
        CommandType::Place => Command::Place {
            account: need!(account),
            client_order_id: line.client_order_id.take(),
            side: need!(side),
            quantity: need!(quantity_g),
            price: need!(price_ueur),
            tif: line.tif.take().unwrap_or(TimeInForce::Gtc),
        },
        CommandType::Cancel => Command::Cancel { account: need!(account), order: need!(order) },
        CommandType::Replace => Command::Replace {
            account: need!(account),
            order: need!(order),
            quantity: need!(quantity_g),
            price: need!(price_ueur),
        },
        CommandType::SetPhase => Command::SetPhase { phase: need!(phase) },
        CommandType::SetBand => Command::SetBand { floor: need!(floor_ueur), ceiling: need!(ceiling_ueur) },
        CommandType::SetBuyback => {
            Command::SetBuyback { price: need!(price_ueur), volume: need!(volume_g), budget: need!(budget_ueur) }
        }
        CommandType::SetSale => Command::SetSale { price: need!(price_ueur), volume: need!(volume_g) },
        CommandType::FundTreasury => Command::FundTreasury { amount: need!(amount_ueur) },
        CommandType::DrawTreasury => Command::DrawTreasury { amount: need!(amount_ueur) },
        CommandType::ReleaseReserve => Command::ReleaseReserve { quantity: need!(quantity_g) },
        CommandType::Uncross => Command::Uncross,
        CommandType::Distribute => Command::Distribute,
        CommandType::SetRules => Command::SetRules { rules: need!(rules).validate()? },
        CommandType::Tick => Command::Tick,
    })
}

/// The fault without serde's own position, which counts lines inside the one line.
fn json_fault(fault: &serde_json::Error) -> LineFault {
    let text = fault.to_string();
    let position = format!(" at line {} column {}", fault.line(), fault.column());
    let problem = text.strip_suffix(position.as_str()).unwrap_or(&text).to_owned();
    LineFault::Json { problem, column: fault.column() }
}
