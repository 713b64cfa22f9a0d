//! The in-toto statement (v1) of a translation: which bytes, made from what, by which tools, with which claims.

use crate::FileSet;
use crate::check::{Checks, Input, TargetClaim, Tool};
use proofmark_base::digest::Digest;
use serde::{Deserialize, Serialize};

/// The `_type` of every in-toto v1 statement.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// The `predicateType` of a translation.
pub const PREDICATE_TYPE: &str = "https://proofmark.dev/attestation/translation/v1";

/// An in-toto `DigestSet`, of which we use SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestSet {
    /// SHA-256.
    pub sha256: Digest,
}

/// A file the statement is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Path in the bundle.
    pub name: String,
    /// Digest of its bytes.
    pub digest: DigestSet,
}

/// What is said about the subjects; taken from `checks.json`, so that the signature covers it in the statement itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Predicate {
    /// The translator.
    pub product: Tool,
    /// What was translated.
    pub entry: String,
    /// One claim per target.
    pub claims: Vec<TargetClaim>,
    /// What was read.
    pub inputs: Vec<Input>,
    /// The tools and their versions.
    pub tools: Vec<Tool>,
    /// Digest of `checks.json`.
    pub checks_digest: DigestSet,
}

/// An in-toto v1 statement. Fields a later version may add are ignored, as in-toto asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    /// [`STATEMENT_TYPE`].
    #[serde(rename = "_type")]
    pub statement_type: String,
    /// Every file of the bundle but the envelope, in path order.
    pub subject: Vec<Subject>,
    /// [`PREDICATE_TYPE`].
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// What is said about them.
    pub predicate: Predicate,
}

impl Predicate {
    /// What `checks`, whose file has these `bytes`, says.
    pub fn of(checks: &Checks, bytes: &[u8]) -> Self {
        Predicate {
            product: checks.product.clone(),
            entry: checks.entry.clone(),
            claims: checks.claims.clone(),
            inputs: checks.inputs.clone(),
            tools: checks.tools.clone(),
            checks_digest: DigestSet { sha256: Digest::of(bytes) },
        }
    }
}

impl Statement {
    /// The statement about all of these files.
    pub fn new(files: &FileSet, predicate: Predicate) -> Self {
        let subject = files
            .iter()
            .map(|(name, bytes)| Subject { name: name.clone(), digest: DigestSet { sha256: Digest::of(bytes) } })
            .collect();
        Statement {
            statement_type: STATEMENT_TYPE.to_string(),
            subject,
            predicate_type: PREDICATE_TYPE.to_string(),
            predicate,
        }
    }

    /// The statement as indented JSON: the payload that is signed.
    pub fn to_bytes(&self) -> Vec<u8> {
        crate::json_bytes(self)
    }
}
