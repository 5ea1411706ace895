//! Why a measurement of the durable pipeline was not made. What was written is deleted all the same.

use carbex_node::{StartFault, StopFault};
use carbex_vocabulary::{RejectCode, Sequence};

use crate::{BenchFault, ClientFault, DiskFault};

/// Why there is no measurement.
#[derive(Debug, thiserror::Error)]
pub enum DurableFault {
    /// The disk is not one to measure on, or said no.
    #[error(transparent)]
    Disk(#[from] DiskFault),
    /// The core alone could not be measured, or the rules could not be made.
    #[error(transparent)]
    Core(#[from] BenchFault),
    /// The node did not start.
    #[error(transparent)]
    Start(#[from] StartFault),
    /// The node did not stop cleanly.
    #[error(transparent)]
    Stop(#[from] StopFault),
    /// The node refused a command, or gave it another number.
    #[error(transparent)]
    Client(#[from] ClientFault),
    /// The market rejected what it should have taken: the measurement would be of something else.
    #[error("{commands} commands were rejected with {}: the workload must fit the rules it runs under", code.name())]
    Rejected {
        /// The code most of them met.
        code: RejectCode,
        /// How many did.
        commands: u64,
    },
    /// What is in the journal is not what was submitted.
    #[error(
        "the journal ends with command {journaled}, {submitted} was submitted last: this is a fault of the exchange, report it"
    )]
    Counted {
        /// The last command on disk.
        journaled: Sequence,
        /// The last one submitted.
        submitted: Sequence,
    },
    /// The options contradict themselves.
    #[error("--{option}: {reason}")]
    Options {
        /// Which.
        option: &'static str,
        /// Why.
        reason: &'static str,
    },
}
