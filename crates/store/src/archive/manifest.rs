//! What an archive says of itself: first a header, which who restores reads before anything else, and last a manifest of
//! what was written.

use super::catalog::Holds;
use proofmark_base::digest::Digest;
use proofmark_base::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The format of archives that this program writes, and the newest that it reads.
pub const FORMAT: u32 = 1;
/// What every archive says it is.
pub const KIND: &str = "proofmark-backup";

/// Names of the files in an archive, in their order. Between keys and blobs are the rows: `rows/TABLE/00000001.jsonl`.
pub(super) const HEADER: &str = "proofmark-backup.json";
pub(super) const SIGNING: &str = "keys/signing.key";
pub(super) const SECRETS: &str = "keys/secrets.key";
pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const SEAL: &str = "manifest.sha256";

/// Name of a part of a table's rows, from 1.
pub(super) fn part(table: &str, number: u32) -> String {
    format!("rows/{table}/{number:08}.jsonl")
}

/// Name of a blob.
pub(super) fn blob(digest: Digest) -> String {
    format!("blobs/{digest}")
}

/// What comes first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`KIND`].
    pub kind: String,
    /// [`FORMAT`].
    pub format: u32,
    /// Version of Proofmark that wrote it.
    pub program: String,
    /// When.
    pub created_at: Timestamp,
    /// Migrations that the database had: their names and the digests of their texts, from number 1.
    pub schema: Vec<(String, Digest)>,
    /// Newest migration of the workflow library; none where it had no tables.
    pub workflow_schema: Option<i64>,
    /// Fingerprints of the keys in use, also where the keys are left out.
    pub keys: Fingerprints,
    /// Numbers that the database counts up by itself: the last that was given, by `table.column`.
    pub counters: BTreeMap<String, i64>,
    /// Tables in the order in which their rows come.
    pub tables: Vec<TableHeader>,
}

/// Which keys belong to the data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fingerprints {
    /// Identifier of the key that releases and checkpoints are signed with.
    pub signing: Option<String>,
    /// Fingerprint of the key that secrets are sealed with.
    pub secrets: Option<Digest>,
}

/// A table of the archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableHeader {
    /// `platform_runs`, `flow.workflow_status`.
    pub name: String,
    /// Columns in the order of the values of a row.
    pub columns: Vec<(String, Holds)>,
}

/// What comes last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Every file before the blobs with its digest, in order.
    pub files: Vec<(String, Digest)>,
    /// Rows of each table.
    pub rows: BTreeMap<String, u64>,
    /// Number of blobs.
    pub blobs: u64,
    /// Their bytes.
    pub blob_bytes: u64,
    /// Digest of their digests in order, as text, a line each: each blob's own is its name.
    pub blobs_digest: Option<Digest>,
    /// Blobs that rows refer to and that could not be copied, with the reason.
    pub missing: Vec<(Digest, String)>,
}
