//! Snapshots: a replica as a file of the journal's, and back.
//!
//! Payload: `carbexS2`, the capacities (accounts, orders, accounts settled by one command; u32 little-endian each), the number of keys (u64), each
//! key (role u8, actor u64, key u128, sequence u64, time u64, body hash 16 bytes, length of the outcome u32 (0 = none)
//! and its bytes), then the market's canonical state to the end.

use std::{
    io::{BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use carbex_core::{Capacities, Market};
use carbex_journal::{Epoch, GroupHash, JournalFault, SnapshotHead, SnapshotReader, SnapshotWriter, StateHash};
use carbex_vocabulary::{Sequence, TimestampNs};
use carbex_wire::{decode_event, encode_event};

use crate::{
    Role, SnapshotFault,
    keys::{BodyHash, KeptAnswer, KeyName, KeyWindow},
    replica::Replica,
};

const MAGIC: &[u8; 8] = b"carbexS2";
/// No event's bytes are longer.
const OUTCOME_BYTES_MAX: usize = 4096;
const BUFFER_BYTES: usize = 1 << 16;

/// Where in the journal a replica stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// The last command applied; 0 = none.
    pub(crate) sequence: Sequence,
    /// Its time.
    pub(crate) time: TimestampNs,
    /// Which opening wrote it.
    pub(crate) epoch: Epoch,
    /// The chain with its group.
    pub(crate) group_hash: GroupHash,
}

impl From<&SnapshotHead> for Position {
    fn from(head: &SnapshotHead) -> Self {
        let SnapshotHead { sequence, time, epoch, group_hash, state_hash: _ } = *head;
        Self { sequence, time, epoch, group_hash }
    }
}

impl Position {
    /// Before everything.
    pub(crate) const START: Self =
        Self { sequence: Sequence::new(0), time: TimestampNs::ZERO, epoch: Epoch::new(0), group_hash: GroupHash::ZERO };
}

/// Writes the replica, complete and durable; answers the file.
pub(crate) fn write_snapshot(journal: &Path, replica: &Replica, position: Position) -> Result<PathBuf, JournalFault> {
    let head = SnapshotHead {
        sequence: position.sequence,
        time: position.time,
        epoch: position.epoch,
        group_hash: position.group_hash,
        state_hash: StateHash::new(replica.market.state_hash()),
    };
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, SnapshotWriter::create(journal, head)?);
    write_payload(replica, &mut out).map_err(|source| disk(journal, "write a snapshot in", source))?;
    let writer = out.into_inner().map_err(|error| disk(journal, "write a snapshot in", error.into_error()))?;
    writer.finish().map(|info| info.file)
}

fn disk(journal: &Path, operation: &'static str, source: std::io::Error) -> JournalFault {
    JournalFault::Disk { file: journal.to_path_buf(), operation, source }
}

fn write_payload(replica: &Replica, out: &mut impl Write) -> std::io::Result<()> {
    out.write_all(MAGIC)?;
    out.write_all(&replica.capacities.accounts.to_le_bytes())?;
    out.write_all(&replica.capacities.orders.to_le_bytes())?;
    out.write_all(&replica.capacities.slice_accounts.to_le_bytes())?;
    out.write_all(&(replica.keys.len() as u64).to_le_bytes())?;
    let mut outcome = Vec::new();
    for (name, answer) in replica.keys.iter() {
        outcome.clear();
        if let Some(event) = &answer.outcome {
            encode_event(event, &mut outcome);
        }
        out.write_all(&[name.role.number()])?;
        out.write_all(&name.actor.to_le_bytes())?;
        out.write_all(&name.key.to_le_bytes())?;
        out.write_all(&answer.sequence.number().to_le_bytes())?;
        out.write_all(&answer.time.ns().to_le_bytes())?;
        out.write_all(&answer.body.0)?;
        out.write_all(&(outcome.len() as u32).to_le_bytes())?;
        out.write_all(&outcome)?;
    }
    let mut written = Ok(());
    replica.market.write_state(&mut |piece| {
        if written.is_ok() {
            written = out.write_all(piece);
        }
    });
    written
}

/// Reads a snapshot back and checks that its state has the hash it says.
pub(crate) fn read_snapshot(file: &Path) -> Result<(Replica, SnapshotHead), SnapshotFault> {
    let mut reader = SnapshotReader::open(file)?;
    let head = *reader.head();
    let replica = read_payload(&mut reader)?;
    if replica.market.sequence() != head.sequence || replica.market.time() != head.time {
        return Err(SnapshotFault::Contents(format!(
            "{}: its state is of command {}, its header says {}",
            file.display(),
            replica.market.sequence(),
            head.sequence
        )));
    }
    if StateHash::new(replica.market.state_hash()) != head.state_hash {
        return Err(SnapshotFault::Contents(format!(
            "{}: its state has another hash than its header says",
            file.display()
        )));
    }
    Ok((replica, head))
}

/// Why bytes are missing: the journal's own word if it has one.
fn read_fault(error: std::io::Error) -> SnapshotFault {
    match error.downcast::<JournalFault>() {
        Ok(fault) => SnapshotFault::Journal(fault),
        Err(error) => SnapshotFault::Contents(format!("the snapshot ends too early: {error}")),
    }
}

fn take<const N: usize>(reader: &mut impl Read) -> Result<[u8; N], SnapshotFault> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes).map_err(read_fault)?;
    Ok(bytes)
}

fn take_u64(reader: &mut impl Read) -> Result<u64, SnapshotFault> {
    take(reader).map(u64::from_le_bytes)
}

fn take_u32(reader: &mut impl Read) -> Result<u32, SnapshotFault> {
    take(reader).map(u32::from_le_bytes)
}

fn read_payload(reader: &mut impl Read) -> Result<Replica, SnapshotFault> {
    if &take::<8>(reader)? != MAGIC {
        return Err(SnapshotFault::Contents("not a snapshot that this program knows".into()));
    }
    let capacities =
        Capacities { accounts: take_u32(reader)?, orders: take_u32(reader)?, slice_accounts: take_u32(reader)? };
    let keys = read_keys(reader)?;
    let mut failed = None;
    let market = Market::read_state(capacities, &mut |piece| match reader.read_exact(piece) {
        Ok(()) => true,
        Err(error) => {
            failed = Some(error);
            false
        }
    });
    let market = match (market, failed) {
        (Ok(market), None) => market,
        (_, Some(error)) => return Err(read_fault(error)),
        (Err(fault), None) => return Err(SnapshotFault::Contents(fault.0)),
    };
    match reader.read(&mut [0]) {
        Ok(0) => Ok(Replica { market, keys, capacities }),
        Ok(_) => Err(SnapshotFault::Contents("bytes stand after the market's state".into())),
        Err(error) => Err(read_fault(error)),
    }
}

fn read_keys(reader: &mut impl Read) -> Result<KeyWindow, SnapshotFault> {
    let mut keys = KeyWindow::default();
    for _ in 0..take_u64(reader)? {
        let [role] = take(reader)?;
        let role = Role::from_number(role)
            .ok_or_else(|| SnapshotFault::Contents(format!("role {role} is unknown to this program")))?;
        let actor = take_u64(reader)?;
        let key = u128::from_le_bytes(take(reader)?);
        let sequence = Sequence::new(take_u64(reader)?);
        let time = TimestampNs::new(take_u64(reader)?);
        let body = BodyHash(take(reader)?);
        let length = take_u32(reader)? as usize;
        if length > OUTCOME_BYTES_MAX {
            return Err(SnapshotFault::Contents(format!(
                "an answer of {length} bytes: at most {OUTCOME_BYTES_MAX} are possible"
            )));
        }
        let mut outcome = vec![0; length];
        reader.read_exact(&mut outcome).map_err(read_fault)?;
        let outcome = match outcome.as_slice() {
            [] => None,
            bytes => {
                Some(decode_event(bytes).map_err(|fault| SnapshotFault::Contents(format!("a kept answer: {fault}")))?)
            }
        };
        let name = KeyName { key, actor, role };
        if keys.answer(&name).is_some() {
            return Err(SnapshotFault::Contents("one key stands twice".into()));
        }
        keys.keep(name, KeptAnswer { sequence, time, body, outcome });
    }
    Ok(keys)
}
