//! A line of a batch of orders: whose it is, under which key, and what is answered.

use carbex_node::{Role, Submission};
use carbex_vocabulary::{AccountId, Event};

use crate::{
    batch::BatchKind,
    idempotency::{BatchKey, Owner},
    order_request::{OrderLine, whole_number},
    problem::DoorRefusal,
    token::Principal,
};

/// A batch of orders of one sender.
pub struct OrderBatch {
    principal: Principal,
    owner: Owner,
    /// The key of the whole batch, for lines that have none.
    key: Option<BatchKey>,
}

impl OrderBatch {
    /// A batch of that sender, with the request's key if it has one.
    pub fn new(principal: Principal, key: Option<BatchKey>) -> Self {
        Self { principal, owner: Owner::of(principal), key }
    }

    /// Whose order this line is. A citizen's token is for one account; a bank says which of its customers'.
    fn account(&self, named: Option<&str>) -> Result<AccountId, DoorRefusal> {
        let named = match named {
            None => None,
            Some(text) => Some(whole_number(text).map(AccountId::new).ok_or(INVALID_ACCOUNT)?),
        };
        match self.principal {
            Principal::Citizen { account, .. } if named.is_none_or(|named| named == account) => Ok(account),
            Principal::Citizen { .. } => Err(DoorRefusal::NotYourAccount),
            Principal::Bank { .. } => named.ok_or(INVALID_ACCOUNT),
        }
    }
}

const INVALID_ACCOUNT: DoorRefusal =
    DoorRefusal::InvalidField { field: "account", expected: "\"0\" … \"18446744073709551615\"" };

impl BatchKind for OrderBatch {
    fn submission(&self, number: usize, line: &[u8]) -> Result<Submission, DoorRefusal> {
        let line: OrderLine<'_> =
            serde_json::from_slice(line).map_err(|fault| DoorRefusal::MalformedBody(fault.to_string()))?;
        let asked = line.read()?;
        let account = self.account(line.account.as_deref())?;
        let key = match (&line.idempotency_key, &self.key) {
            (Some(text), _) => self.owner.key(text.as_bytes()).ok_or(DoorRefusal::InvalidField {
                field: "idempotency_key",
                expected: "1 … 255 visible ASCII characters",
            })?,
            (None, Some(batch)) => batch.of_line(number),
            (None, None) => return Err(DoorRefusal::LineKeyMissing),
        };
        let command = asked.command(account);
        Ok(match self.principal {
            Principal::Citizen { account, .. } => Submission::new(command, Role::Citizen, account.number()),
            Principal::Bank { member, .. } => Submission {
                member: member.number(),
                ..Submission::new(command, Role::Bank, u64::from(member.number()))
            },
        }
        .with_key(key))
    }

    fn tell(&self, outcome: &Event, out: &mut Vec<u8>) -> bool {
        let Event::Accepted { order, .. } = outcome else { return false };
        out.extend_from_slice(b"\"order\":\"");
        out.extend_from_slice(itoa::Buffer::new().format(order.number()).as_bytes());
        out.push(b'"');
        true
    }
}
