//! Why a measurement of the durable pipeline was not made. What was written is deleted all the same.

use std::io;
use std::path::PathBuf;

use carbex_node::{Refusal, StartFault, StopFault};
use carbex_vocabulary::{RejectCode, Sequence};

use crate::BenchFault;

/// Why there is no measurement.
#[derive(Debug, thiserror::Error)]
pub enum DurableFault {
    /// Something is in the directory.
    #[error("{directory}: is not empty: name a directory that is empty or does not exist, on the disk to be measured", directory = directory.display())]
    NotEmpty {
        /// The directory.
        directory: PathBuf,
    },
    /// The directory is in memory.
    #[error("{directory}: lies in memory (tmpfs), where a sync costs nothing: name a directory on a disk", directory = directory.display())]
    InMemory {
        /// The directory.
        directory: PathBuf,
    },
    /// Too little room.
    #[error("{directory}: {free_bytes} bytes are free, the measurement needs {needed_bytes}: make room, or name a directory on another disk", directory = directory.display())]
    NoRoom {
        /// The directory.
        directory: PathBuf,
        /// What is free.
        free_bytes: u64,
        /// What must be.
        needed_bytes: u64,
    },
    /// The disk said no.
    #[error("{path}: cannot {operation}: {source}", path = path.display())]
    Disk {
        /// Which file or directory.
        path: PathBuf,
        /// What was tried.
        operation: &'static str,
        /// What it answered.
        source: io::Error,
    },
    /// The core alone could not be measured, or the rules could not be made.
    #[error(transparent)]
    Core(#[from] BenchFault),
    /// The node did not start.
    #[error(transparent)]
    Start(#[from] StartFault),
    /// The node did not stop cleanly.
    #[error(transparent)]
    Stop(#[from] StopFault),
    /// The node refused what it should have taken.
    #[error("the node refused a command of the measurement: {0}")]
    Refused(Refusal),
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
