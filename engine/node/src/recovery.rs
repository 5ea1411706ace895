//! The start: a new directory is founded; an existing one is recovered from its newest good snapshot and its journal.

use std::sync::Arc;

use carbex_core::Command;
use carbex_journal::{AppendError, Journal, JournalFault, JournalOptions, Recovered, Storage};
use carbex_vocabulary::{Sequence, TimestampNs};

use crate::{
    ClockSource, Follower, Founding, MarketClock, Mode, NodeOptions, RecoveryProgress, RecoveryStep, ReplayFault,
    ReplaySink, Role, StartFault, Submission,
    core_thread::{Core, view_of},
    events_hash::EventsHasher,
    handed_between::Shared,
    journaled::{encode_founding, record_head},
    replica::Replica,
    snapshot::Position,
};

/// Opens the directory and brings the core up to its last durable command.
pub(crate) fn recover(
    storage: Arc<dyn Storage>,
    options: NodeOptions,
    progress: &dyn RecoveryProgress,
) -> Result<(Core, Arc<Shared>), StartFault> {
    let directory = options.journal_directory();
    let not_founded = || StartFault::NotFounded { directory: options.data.display().to_string() };
    if options.founding.is_none() && !directory.exists() {
        return Err(not_founded());
    }
    let (mut journal, recovered) = Journal::open_in(Arc::clone(&storage), options.journal_options())?;
    if let Some(cut) = &recovered.cut {
        progress.note(&format!(
            "cut a torn tail that was never acknowledged: {} bytes at {} of {} ({})",
            cut.bytes,
            cut.offset,
            cut.file.display(),
            cut.reason
        ));
    }
    let (replica, position, snapshot) = match recovered.last {
        None => {
            let founding = options.founding.ok_or_else(not_founded)?;
            let (replica, position) = found(&mut journal, founding, &options.clock)?;
            progress.note("founded a new exchange");
            (replica, position, Sequence::new(0))
        }
        Some(last) => replay(&options, &recovered, last, progress)?,
    };
    let clock = MarketClock::start(options.clock.clone(), position.time);
    let view = view_of(&replica, Mode::Normal);
    let shared = Arc::new(Shared::new(&options, storage, clock, view, snapshot));
    let core = Core::new(Arc::clone(&shared), options, journal, replica, position).map_err(StartFault::Thread)?;
    Ok((core, shared))
}

/// Writes record 1.
fn found(journal: &mut Journal, founding: Founding, clock: &ClockSource) -> Result<(Replica, Position), StartFault> {
    let submission = Submission::new(Command::SetRules { rules: founding.rules }, Role::System, 0);
    let mut replica = Replica::found(founding);
    let time = MarketClock::start(clock.clone(), TimestampNs::ZERO).now();
    let mut body = Vec::new();
    encode_founding(&founding, &mut body);
    let append = |error: AppendError| match error {
        AppendError::Fault(fault) => fault,
        AppendError::NoRoom { .. } | AppendError::GroupFull { .. } | AppendError::TooLarge { .. } => {
            JournalFault::Misuse(error.to_string())
        }
    };
    journal.begin_group(Journal::record_bytes(0, body.len())).map_err(append)?;
    let sequence = journal.push_record(&record_head(&submission, time), &body).map_err(append)?;
    let mut events = Vec::new();
    replica.apply(sequence, time, &submission.command, None, &mut events);
    let mut hasher = EventsHasher::default();
    hasher.add(sequence, &events);
    let receipt = journal.commit(hasher.finish())?;
    let position = Position { sequence, time, epoch: journal.epoch(), group_hash: receipt.group_hash };
    Ok((replica, position))
}

/// Tells how the replay goes.
struct Told<'a> {
    progress: &'a dyn RecoveryProgress,
    last: Sequence,
    commands_total: u64,
    commands_before: u64,
}

impl ReplaySink for Told<'_> {
    fn group(&mut self, last: Sequence, _bytes: u64) {
        self.progress.step(RecoveryStep {
            sequence: last,
            last: self.last,
            done_commands: last.number() - self.commands_before,
            total_commands: self.commands_total,
        });
    }
}

/// Replays what lies after the newest good snapshot.
fn replay(
    options: &NodeOptions,
    recovered: &Recovered,
    last: Sequence,
    progress: &dyn RecoveryProgress,
) -> Result<(Replica, Position, Sequence), ReplayFault> {
    let mut follower = Follower::open(&options.journal_directory(), None, &mut |message| progress.note(message))?;
    let snapshot = follower.sequence();
    if snapshot > last {
        return Err(ReplayFault::JournalBehind { snapshot, last });
    }
    let commands_before = snapshot.number();
    let commands_total = last.number() - commands_before;
    let reached = follower.advance(last, &mut Told { progress, last, commands_total, commands_before })?;
    if reached != last {
        return Err(ReplayFault::Beyond { last: reached });
    }
    let (replica, position) = follower.into_replica();
    debug_assert_eq!(position.time, recovered.last_time);
    Ok((replica, position, snapshot))
}

impl NodeOptions {
    /// Where the journal of this data directory lies.
    pub fn journal_directory(&self) -> std::path::PathBuf {
        crate::journal_directory(&self.data)
    }

    fn journal_options(&self) -> JournalOptions {
        let defaults = JournalOptions::new(self.journal_directory());
        JournalOptions {
            segment_bytes: self.segment_bytes,
            group_bytes_max: self.group_bytes_max,
            // Small segments (tests, small machines) keep a quarter of themselves instead of the usual margin.
            exhausted_margin_bytes: defaults.exhausted_margin_bytes.min(self.segment_bytes / 4),
            ..defaults
        }
    }
}
