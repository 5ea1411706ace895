//! The follower: replays a journal into a replica of its own and checks that every group causes what it caused.
//!
//! Recovery, snapshots beside running trade, `journal replay-to`, the history index and tests are all this one.

use std::path::{Path, PathBuf};

use carbex_core::{Command, Market};
use carbex_journal::{Group, JournalReader, Record, SnapshotHead, SnapshotInfo, list_snapshots};
use carbex_vocabulary::{Event, Sequence, TimestampNs};

use crate::{
    ReplayFault,
    events_hash::EventsHasher,
    journaled::{FOUNDING, decode_founding, decode_record, key_of},
    replica::Replica,
    snapshot::{Position, read_snapshot},
};

/// One replayed command with what it caused; its group's hash has been found right.
#[derive(Clone, Copy, Debug)]
pub struct Replayed<'a> {
    /// As journaled: sequence, epoch, time, actor, role, member, key, reason, bytes.
    pub record: Record<'a>,
    /// What was asked.
    pub command: Command,
    /// What happened, in order.
    pub events: &'a [Event],
}

/// Who looks on while a journal is replayed.
pub trait ReplaySink {
    /// The state just after that command; its group is not checked yet.
    fn state(&mut self, _sequence: Sequence, _market: &Market) {}
    /// A command and its events, once its whole group is checked.
    fn record(&mut self, _replayed: &Replayed<'_>) {}
    /// A group is done; `bytes` of the journal's payload were read for it.
    fn group(&mut self, _last: Sequence, _bytes: u64) {}
}

/// Nobody looks on.
impl ReplaySink for () {}

/// A replica that follows a journal.
pub struct Follower {
    journal: PathBuf,
    replica: Replica,
    at: Position,
    /// The snapshot it started from, if it was one: the journal must pass through it.
    snapshot: Option<SnapshotHead>,
    reader: Option<JournalReader>,
    commands: Vec<Command>,
    /// The events of one group, and where each command's end.
    events: Vec<Event>,
    ends: Vec<usize>,
    hasher: EventsHasher,
}

impl Follower {
    /// Starts at the newest snapshot that can be used and stands at or before `at_most` (`None` = any), else at the
    /// beginning. `journal` is the journal's directory; damage that can be passed over is told to `note`.
    pub fn open(journal: &Path, at_most: Option<Sequence>, note: &mut dyn FnMut(&str)) -> Result<Self, ReplayFault> {
        let mut damage = Vec::new();
        for SnapshotInfo { file, head, .. } in list_snapshots(journal)? {
            let head = match head {
                Ok(head) => head,
                Err(fault) => {
                    note(&format!("snapshot {} cannot be used: {fault}", file.display()));
                    damage.push(fault.to_string());
                    continue;
                }
            };
            if at_most.is_some_and(|at_most| head.sequence > at_most) {
                continue;
            }
            match read_snapshot(&file) {
                Ok((replica, head)) => {
                    note(&format!("starting from the snapshot at command {}", head.sequence));
                    return Ok(Self::at(journal, replica, Some(head)));
                }
                Err(fault) => {
                    note(&format!("snapshot {} cannot be used: {fault}", file.display()));
                    damage.push(fault.to_string());
                }
            }
        }
        Self::from_the_beginning(journal, &damage.join("; "))
    }

    /// Starts at the founding record, whatever snapshots there are.
    pub fn genesis(journal: &Path) -> Result<Self, ReplayFault> {
        Self::from_the_beginning(journal, "none was asked for")
    }

    fn from_the_beginning(journal: &Path, damage: &str) -> Result<Self, ReplayFault> {
        let mut reader = JournalReader::open(journal, FOUNDING)?;
        loop {
            let Some(group) = reader.next_group()? else {
                return Err(ReplayFault::Beyond { last: Sequence::new(0) });
            };
            let Some(record) = group.records().next() else { continue };
            if record.sequence != FOUNDING {
                return Err(ReplayFault::NoBeginning { oldest: record.sequence, damage: damage.to_owned() });
            }
            let replica = Replica::found(decode_founding(&record)?);
            return Ok(Self::at(journal, replica, None));
        }
    }

    fn at(journal: &Path, replica: Replica, snapshot: Option<SnapshotHead>) -> Self {
        Self {
            journal: journal.to_path_buf(),
            replica,
            at: snapshot.as_ref().map_or(Position::START, Position::from),
            snapshot,
            reader: None,
            commands: Vec::new(),
            events: Vec::new(),
            ends: Vec::new(),
            hasher: EventsHasher::default(),
        }
    }

    /// The last command applied.
    pub fn sequence(&self) -> Sequence {
        self.at.sequence
    }

    /// The market as of that command.
    pub fn market(&self) -> &Market {
        &self.replica.market
    }

    pub(crate) fn position(&self) -> Position {
        self.at
    }

    pub(crate) fn replica(&self) -> &Replica {
        &self.replica
    }

    pub(crate) fn into_replica(self) -> (Replica, Position) {
        (self.replica, self.at)
    }

    /// What `commands` would cause here at `time`, one after the other.
    pub fn simulate(mut self, time: TimestampNs, commands: &[Command]) -> Vec<Vec<Event>> {
        let time = time.max(self.at.time);
        let first = self.at.sequence.number() + 1;
        let mut apply = |(sequence, command): (u64, &Command)| {
            let mut events = Vec::new();
            self.replica.apply(Sequence::new(sequence), time, command, None, &mut events);
            events
        };
        (first..).zip(commands).map(&mut apply).collect()
    }

    /// Replays whole groups up to and with the one that holds `until`; answers the last command applied, which is before
    /// `until` when the journal ends there.
    pub fn advance(&mut self, until: Sequence, sink: &mut dyn ReplaySink) -> Result<Sequence, ReplayFault> {
        if self.at.sequence >= until {
            return Ok(self.at.sequence);
        }
        let mut reader = match self.reader.take() {
            Some(reader) => reader,
            None => match &self.snapshot {
                Some(head) => JournalReader::open_after(&self.journal, head)?,
                None => JournalReader::open(&self.journal, FOUNDING)?,
            },
        };
        while self.at.sequence < until {
            match reader.next_group_up_to(until)? {
                None => break,
                Some(group) => self.apply(&group, sink)?,
            }
        }
        self.reader = Some(reader);
        Ok(self.at.sequence)
    }

    fn apply(&mut self, group: &Group<'_>, sink: &mut dyn ReplaySink) -> Result<(), ReplayFault> {
        if group.count == 0 {
            return Ok(());
        }
        self.commands.clear();
        self.events.clear();
        self.ends.clear();
        let mut bytes = 0;
        let mut next = self.at.sequence;
        for record in group.records() {
            next = Sequence::new(next.number() + 1);
            if record.sequence != next {
                return Err(ReplayFault::Undecodable {
                    sequence: record.sequence,
                    reason: format!("it does not follow the one before: {next} is due"),
                });
            }
            self.commands.push(decode_record(&record)?);
            bytes += record.body.len() as u64;
        }
        for (at, record) in group.records().enumerate() {
            self.replica.market.look_ahead(&self.commands, at);
            let start = self.events.len();
            let key = key_of(&record)?;
            self.replica.apply(record.sequence, record.time, &self.commands[at], key, &mut self.events);
            self.hasher.add(record.sequence, &self.events[start..]);
            self.ends.push(self.events.len());
            self.at.sequence = record.sequence;
            self.at.time = record.time;
            sink.state(record.sequence, &self.replica.market);
        }
        if self.hasher.finish() != group.events_hash {
            return Err(ReplayFault::Diverged { first: group.first, last: self.at.sequence });
        }
        self.at.epoch = group.epoch;
        self.at.group_hash = group.group_hash;
        let mut start = 0;
        for ((record, command), end) in group.records().zip(&self.commands).zip(&self.ends) {
            sink.record(&Replayed { record, command: *command, events: &self.events[start..*end] });
            start = *end;
        }
        sink.group(self.at.sequence, bytes);
        Ok(())
    }
}

/// Replays commands `from` to `to`, both included, from the nearest snapshot before `from`; answers the last one
/// replayed. Fails with [`ReplayFault::NoBeginning`] when neither a snapshot nor the journal reaches back that far.
pub fn replay(
    journal: &Path,
    from: Sequence,
    to: Sequence,
    sink: &mut dyn FnMut(&Replayed<'_>),
) -> Result<Sequence, ReplayFault> {
    struct From<'a> {
        from: Sequence,
        to: Sequence,
        sink: &'a mut dyn FnMut(&Replayed<'_>),
    }
    impl ReplaySink for From<'_> {
        fn record(&mut self, replayed: &Replayed<'_>) {
            if (self.from..=self.to).contains(&replayed.record.sequence) {
                (self.sink)(replayed);
            }
        }
    }
    let before = Sequence::new(from.number().saturating_sub(1));
    let mut follower = Follower::open(journal, Some(before), &mut |_| {})?;
    let last = follower.advance(to, &mut From { from, to, sink })?;
    Ok(last.min(to))
}
