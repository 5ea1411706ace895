//! Snapshots beside running trade: a follower of its own catches up with what is durable and writes it down. The core
//! does nothing for it: this thread also lets go of the segments behind it.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use carbex_vocabulary::Sequence;

use crate::{
    Follower, Mode, NodeOptions, ReplayFault, fault::stop_the_process, handed_between::Shared, snapshot::write_snapshot,
};

/// How often the thread looks whether a snapshot is due.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long it waits after a snapshot that could not be written.
const RETRY_AFTER: Duration = Duration::from_secs(10);
/// Commands replayed between two looks at whether the node stops.
const COMMANDS_PER_STEP: u64 = 10_000;

/// Runs until the node stops. The follower lives only while a snapshot is made: its tables are as large as the core's.
pub(crate) fn run(shared: &Arc<Shared>, options: &NodeOptions) {
    let mut wait = Duration::ZERO;
    while !shared.is_stopping() {
        std::thread::park_timeout(LOOK_EVERY);
        if wait > Duration::ZERO {
            wait = wait.saturating_sub(LOOK_EVERY);
            continue;
        }
        let last = shared.snapshot_sequence.load(Ordering::Acquire);
        let due = shared.durable().number().saturating_sub(last) >= options.snapshot_every_commands;
        // On a full disk a snapshot would take the room that cancels and debits need.
        if !due || shared.view.load().mode != Mode::Normal {
            continue;
        }
        match make_snapshot(shared, options) {
            Ok(Some(sequence)) => {
                shared.snapshot_sequence.store(sequence.number(), Ordering::Release);
                shared.snapshots.fetch_add(1, Ordering::Relaxed);
                // Files that cannot be moved take room and nothing else, so that is counted, not a reason to stop.
                if carbex_journal::retain_in(Arc::clone(&shared.storage), &options.retention).is_err() {
                    shared.snapshots_failed.fetch_add(1, Ordering::Relaxed);
                }
            }
            Ok(None) => {}
            Err(_) => {
                shared.snapshots_failed.fetch_add(1, Ordering::Relaxed);
                wait = RETRY_AFTER;
            }
        }
    }
}

/// Writes a snapshot of what is durable now; `None` = the node stops before it is done. An error is one of writing: what
/// cannot be read back, or replays otherwise than it ran, is a fault and ends the process.
fn make_snapshot(shared: &Shared, options: &NodeOptions) -> Result<Option<Sequence>, carbex_journal::JournalFault> {
    let journal = options.journal_directory();
    let durable = shared.durable();
    let caught_up = Follower::open(&journal, None, &mut |_| {}).and_then(|mut follower| {
        while follower.sequence() < durable && !shared.is_stopping() {
            let step = Sequence::new((follower.sequence().number() + COMMANDS_PER_STEP).min(durable.number()));
            if follower.advance(step, &mut ())? < step {
                return Err(ReplayFault::Beyond { last: follower.sequence() });
            }
        }
        Ok(follower)
    });
    match caught_up {
        Ok(_) if shared.is_stopping() => Ok(None),
        Ok(follower) => {
            write_snapshot(&journal, follower.replica(), follower.position())?;
            Ok(Some(follower.sequence()))
        }
        Err(fault) => stop_the_process("what was journaled cannot be followed", &fault),
    }
}
