//! The audit log: one chain of entries for each organization. Each entry's hash covers its content and the hash before
//! it, so that an edit, a deletion or a swap shows; signed checkpoints show a cut-off end.

use crate::organization::OrganizationId;
use proofmark_base::digest::Digest;
use proofmark_base::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// What is to be written, before it has its place in the chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// In whose log.
    pub organization: OrganizationId,
    /// When, by the writing process's clock; order comes from the sequence number.
    pub at: Timestamp,
    /// Who: a principal, or `system`.
    pub actor: String,
    /// How they showed who they are: `session ses_...`, `token tok_...`, `certificate`, `system`.
    pub credential: String,
    /// What was done: an action's name, or `session.sign-in` and the like.
    pub action: String,
    /// To what: an identifier.
    pub subject: String,
    /// More about it. No secrets; personal data only by identifier.
    pub detail: Value,
    /// Identifier of the request or run in whose course it happened.
    pub trace: Option<String>,
}

/// An entry in its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// In whose log.
    pub organization: OrganizationId,
    /// Number in it, from 1 without gaps.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// How they showed who they are.
    pub credential: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// More about it, as the JSON text that was hashed.
    pub detail: String,
    /// Identifier of the request or run in whose course it happened.
    pub trace: Option<String>,
    /// Hash of the entry before; [`genesis`] for the first.
    pub previous: Digest,
    /// Hash of this one.
    pub hash: Digest,
}

/// What the first entry of an organization's log follows: different for each, so that logs cannot be exchanged.
pub fn genesis(organization: OrganizationId) -> Digest {
    Digest::of(format!("proofmark audit log of {organization}").as_bytes())
}

impl Entry {
    /// The record as number `seq` behind the entry with the hash `previous`.
    pub fn new(record: Record, seq: i64, previous: Digest) -> Self {
        let mut entry = Entry {
            organization: record.organization,
            seq,
            at: record.at,
            actor: record.actor,
            credential: record.credential,
            action: record.action,
            subject: record.subject,
            detail: record.detail.to_string(),
            trace: record.trace,
            previous,
            hash: previous,
        };
        entry.hash = entry.computed();
        entry
    }

    /// The hash that this content must have: SHA-256 over the hash before and, for each field, the length of its text in
    /// bytes (64 bits, little-endian) and the text. Every field has a known length, so no two entries share an encoding.
    pub fn computed(&self) -> Digest {
        let (seq, at) = (self.seq.to_string(), self.at.to_string());
        let organization = self.organization.to_string();
        let trace = self.trace.as_deref().unwrap_or_default();
        let fields: [&str; 9] =
            [&organization, &seq, &at, &self.actor, &self.credential, &self.action, &self.subject, &self.detail, trace];
        let mut bytes = self.previous.as_bytes().to_vec();
        for field in fields {
            bytes.extend_from_slice(&(field.len() as u64).to_le_bytes());
            bytes.extend_from_slice(field.as_bytes());
        }
        Digest::of(&bytes)
    }
}

/// The state of a log that was signed: how far it went and the hash of its last entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Whose log.
    pub organization: OrganizationId,
    /// Number of the last entry.
    pub seq: i64,
    /// Its hash.
    pub hash: Digest,
    /// When it was signed.
    pub at: Timestamp,
}

/// What is wrong with a log, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Number of the entry where it shows.
    pub seq: i64,
    /// What.
    pub what: FaultKind,
}

/// The ways in which a log can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The content does not have the hash that stands with it.
    Edited,
    /// An entry is missing before this one, or entries changed places.
    Gap,
    /// It does not follow the entry before it.
    Unlinked,
    /// It belongs to another organization's log.
    Foreign,
    /// A checkpoint was signed over another entry of this number.
    Contradicted,
    /// A checkpoint was signed over this number, and the log ends before it.
    CutOff,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.what {
            FaultKind::Edited => "was edited: its content does not have its hash",
            FaultKind::Gap => "does not stand in its place: entries are missing or out of order before it",
            FaultKind::Unlinked => "does not follow the entry before it",
            FaultKind::Foreign => "belongs to the log of another organization",
            FaultKind::Contradicted => "is not the one over which a checkpoint was signed",
            FaultKind::CutOff => "is missing: a checkpoint was signed over it, and the log ends before it",
        };
        write!(f, "entry {} {what}", self.seq)
    }
}

/// Checks a log as it is read, in order, in constant memory.
#[derive(Clone, Debug)]
pub struct Verifier {
    organization: OrganizationId,
    seq: i64,
    hash: Digest,
    /// Ascending by sequence number.
    checkpoints: Vec<Checkpoint>,
    next_checkpoint: usize,
    faults: Vec<Fault>,
}

/// Most faults that are listed: after a cut everything is wrong.
const LISTED: usize = 100;

impl Verifier {
    /// For an organization's log and the checkpoints whose signatures were found good.
    pub fn new(organization: OrganizationId, mut checkpoints: Vec<Checkpoint>) -> Self {
        checkpoints.retain(|c| c.organization == organization);
        checkpoints.sort_by_key(|c| c.seq);
        let hash = genesis(organization);
        Verifier { organization, seq: 0, hash, checkpoints, next_checkpoint: 0, faults: Vec::new() }
    }

    fn fault(&mut self, seq: i64, what: FaultKind) {
        if self.faults.len() < LISTED {
            self.faults.push(Fault { seq, what });
        }
    }

    /// The next entry.
    pub fn entry(&mut self, entry: &Entry) {
        if entry.organization != self.organization {
            self.fault(entry.seq, FaultKind::Foreign);
        }
        if entry.seq != self.seq + 1 {
            self.fault(entry.seq, FaultKind::Gap);
        } else if entry.previous != self.hash {
            self.fault(entry.seq, FaultKind::Unlinked);
        }
        if entry.computed() != entry.hash {
            self.fault(entry.seq, FaultKind::Edited);
        }
        while let Some(c) = self.checkpoints.get(self.next_checkpoint).filter(|c| c.seq <= entry.seq) {
            // a number that was left out is a gap already
            let contradicted = c.seq == entry.seq && c.hash != entry.hash;
            self.next_checkpoint += 1;
            if contradicted {
                self.fault(entry.seq, FaultKind::Contradicted);
            }
        }
        self.seq = entry.seq;
        self.hash = entry.hash;
    }

    /// Everything found, when no entry is left.
    pub fn finish(mut self) -> (i64, Vec<Fault>) {
        if let Some(last) = self.checkpoints.last().filter(|c| c.seq > self.seq).map(|c| c.seq) {
            self.fault(last, FaultKind::CutOff);
        }
        (self.seq, self.faults)
    }
}

#[cfg(test)]
mod tests;
