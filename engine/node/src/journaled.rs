//! How submissions stand in the journal: the record's head beside the command's bytes, and the founding record.
//!
//! Record 1 founds the exchange: `carbexF2`, the capacities (accounts, orders, accounts settled by one command; u32
//! little-endian each), then a `set_rules` command. It stands in the hash chain like every other, so a journal explains itself: replaying it needs
//! no file, no option and no rule set from elsewhere. Every other record's body is the command's wire bytes.

use carbex_core::{Capacities, Command};
use carbex_journal::{Record, RecordHead};
use carbex_vocabulary::{Sequence, TimestampNs};
use carbex_wire::{decode_command, encode_command};

use crate::{
    Founding, ReplayFault, Role, Submission,
    keys::{BodyHash, KeyName},
};

const FOUNDING_MAGIC: &[u8; 8] = b"carbexF2";
const FOUNDING_HEAD_BYTES: usize = 20;

/// The sequence of the founding record.
pub(crate) const FOUNDING: Sequence = Sequence::new(1);

/// Appends the founding record's body.
pub(crate) fn encode_founding(founding: &Founding, out: &mut Vec<u8>) {
    out.extend_from_slice(FOUNDING_MAGIC);
    out.extend_from_slice(&founding.capacities.accounts.to_le_bytes());
    out.extend_from_slice(&founding.capacities.orders.to_le_bytes());
    out.extend_from_slice(&founding.capacities.slice_accounts.to_le_bytes());
    encode_command(&Command::SetRules { rules: founding.rules }, out);
}

/// Reads the founding record's body.
pub(crate) fn decode_founding(record: &Record<'_>) -> Result<Founding, ReplayFault> {
    let unreadable = |reason: String| ReplayFault::Undecodable { sequence: record.sequence, reason };
    let (head, command) = record
        .body
        .split_at_checked(FOUNDING_HEAD_BYTES)
        .filter(|(head, _)| head.starts_with(FOUNDING_MAGIC))
        .ok_or_else(|| unreadable("it is not a founding record: this journal is not an exchange's".into()))?;
    let number = |at: usize| {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(&head[at..at + 4]);
        u32::from_le_bytes(bytes)
    };
    let Command::SetRules { rules } = decode_command(command).map_err(|fault| unreadable(fault.to_string()))? else {
        return Err(unreadable("the founding record does not set rules".into()));
    };
    Ok(Founding {
        capacities: Capacities { accounts: number(8), orders: number(12), slice_accounts: number(16) },
        rules,
    })
}

/// The command in a record.
pub(crate) fn decode_record(record: &Record<'_>) -> Result<Command, ReplayFault> {
    if record.sequence == FOUNDING {
        return decode_founding(record).map(|founding| Command::SetRules { rules: founding.rules });
    }
    decode_command(record.body)
        .map_err(|fault| ReplayFault::Undecodable { sequence: record.sequence, reason: fault.to_string() })
}

/// The role in a record.
pub(crate) fn role_of(record: &Record<'_>) -> Result<Role, ReplayFault> {
    Role::from_number(record.role).ok_or_else(|| ReplayFault::Undecodable {
        sequence: record.sequence,
        reason: format!("role {} is unknown to this program", record.role),
    })
}

/// The record's key, if it has one.
pub(crate) fn key_of(record: &Record<'_>) -> Result<Option<(KeyName, BodyHash)>, ReplayFault> {
    if record.idempotency_key == 0 {
        return Ok(None);
    }
    let name = KeyName { key: record.idempotency_key, actor: record.actor, role: role_of(record)? };
    Ok(Some((name, BodyHash::of(record.body))))
}

/// What the journal keeps beside a submission's command.
pub(crate) fn record_head(submission: &Submission, time: TimestampNs) -> RecordHead<'_> {
    RecordHead {
        time,
        actor: submission.actor,
        role: submission.role.number(),
        member: submission.member,
        idempotency_key: submission.idempotency_key,
        reason: submission.reason.as_str(),
    }
}
