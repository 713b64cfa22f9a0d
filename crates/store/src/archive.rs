//! Backups: everything that is in a database and the blobs that it refers to, in one file that either database can be
//! restored from.
//!
//! The file is a tar archive ([`tar`]) of, in this order: `proofmark-backup.json` ([`Header`]), `keys/...` if asked for,
//! `rows/TABLE/NUMBER.jsonl` ([`rows`]) of all tables in one snapshot, `blobs/DIGEST` in ascending order, `manifest.json`
//! ([`Manifest`]), `manifest.sha256`. Every byte of it is covered by a digest or fixed by the format, so that a file that
//! was cut off or changed anywhere is refused. Memory holds a part of a table, a piece of a blob, and the digests of all
//! blobs.

pub mod catalog;
mod hold;
mod manifest;
mod read;
mod restore;
mod rows;
mod tar;
mod write;

pub use hold::{Hold, held};
pub use manifest::{FORMAT, Fingerprints, Header, Manifest, TableHeader};
pub use read::{Checked, check};
pub use restore::{Purpose, Restored, ready, restore};
pub use write::{About, Written, write};

use proofmark_base::error::{Error, Kind};

/// Bytes of rows that a part is filled up to. A longer row is a part of its own.
const PART: usize = 4 << 20;
/// Largest part: a row of that size fits no database that this program made.
const LONGEST_PART: u64 = 1 << 30;

/// The archive is not what was written.
fn damaged(why: &str) -> Error {
    Error::invalid("archive.damaged", format!("the backup is damaged: {why}")).help("take another copy of it")
}

fn unreadable(e: std::io::Error) -> Error {
    Error::unavailable("archive.unreadable", format!("the backup cannot be read: {e}")).because(e)
}

fn unwritable(e: std::io::Error) -> Error {
    Error::unavailable("archive.unwritable", format!("the backup cannot be written: {e}")).because(e)
}

/// It was written by a later version, or belongs to another program.
fn other_version(code: &'static str, why: String) -> Error {
    Error::new(Kind::Unavailable, code, why)
}
