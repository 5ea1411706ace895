//! The measurements at a size that a test can afford: what they are of, never how long they take.

mod flows;
mod measurements;
mod operation_files;
mod plain;
