//! The account tables, laid out for 68 million accounts: 64 bytes hot, 24 bytes cold, 12 to 13 bytes to find one.

mod endowment_classes;
mod households;
mod index;
mod record;
mod records;
mod table;

pub(crate) use endowment_classes::{EndowmentClass, EndowmentClasses};
pub(crate) use record::{
    AMOUNT_MAX_G, Cold, Hot, MONEY_MAX_UEUR, OBLIGATION_MAX_G, OPERATIONS_MODULUS, ORDERS_DAY_MAX, OWED_MAX_UEUR,
    SHARE_MAX_BP,
};
pub(crate) use table::{AccountSlot, AccountTable};
