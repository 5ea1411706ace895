//! Why a node does not start or does not stop cleanly.

use carbex_vocabulary::Sequence;

/// Why a node does not start. Nothing was served; the data directory is as it was.
#[derive(Debug, thiserror::Error)]
pub enum StartFault {
    /// There is no journal and no founding to make one.
    #[error("no exchange in this directory: name a rule set to found one")]
    NotFounded,
    /// The replayed events are not those that were acknowledged.
    #[error(
        "the replay of command {sequence} differs from what was journaled: this program is not the one that wrote it"
    )]
    Diverged { sequence: Sequence },
}

/// Why a stop was not clean. Everything acknowledged is on disk all the same.
#[derive(Debug, thiserror::Error)]
pub enum StopFault {
    /// The last snapshot could not be written; the next start replays more.
    #[error("the snapshot at the stop could not be written: {0}")]
    Snapshot(String),
}
