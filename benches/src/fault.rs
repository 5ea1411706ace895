//! Why a measurement was not made.

use std::time::Duration;

use carbex_rules::RuleFault;
use carbex_vocabulary::Reject;

use crate::latency::LATENCY_MAX;
use crate::workload::OpsFault;

/// Why a measurement was not made.
#[derive(Debug, thiserror::Error)]
pub enum BenchFault {
    /// The file of operations is at fault.
    #[error(transparent)]
    Operations(#[from] OpsFault),
    /// The program came without the charter's rules.
    #[error("the charter's rules are not in this program")]
    NoCharter,
    /// The workload's band or quantities make no rule set.
    #[error("the workload's prices make no rule set: {0}")]
    Rules(#[from] RuleFault),
    /// The buys need more money than the exchange holds.
    #[error(
        "the buys of the workload need {needed_ueur} µ€ in all, more than the {held_ueur} µ€ that the exchange's tables hold for citizens: use smaller quantities or prices"
    )]
    TooMuchMoney {
        /// What the buys are worth at their limits.
        needed_ueur: u128,
        /// What there can be.
        held_ueur: u64,
    },
    /// More accounts than the table counts.
    #[error("the workload needs {accounts} accounts, more than {} can be counted", u32::MAX)]
    TooManyAccounts {
        /// How many.
        accounts: u64,
    },
    /// A rule said no to a command of the workload: the measurement would be of something else.
    #[error(
        "command {number} of {doing} was rejected: {} (limit {}, actual {}): the workload must fit the rules it runs under",
        reject.code.name(), reject.limit, reject.actual
    )]
    Rejected {
        /// What was under way.
        doing: &'static str,
        /// The command's place, from 1.
        number: u64,
        /// The rule's answer.
        reject: Reject,
    },
    /// Two passes over the same commands told different trades.
    #[error(
        "the timed pass and the latency pass do not agree in their trades: this is a fault of the exchange, report it"
    )]
    PassesDiffer,
    /// A latency beyond the histogram.
    #[error(
        "a command took {latency:?}, longer than the {LATENCY_MAX:?} that are recorded: the machine stood still; measure again"
    )]
    TooSlow {
        /// How long.
        latency: Duration,
    },
    /// The process's memory cannot be read.
    #[error("the memory in use cannot be read from /proc/self/statm: {0}")]
    Resident(std::io::Error),
}
