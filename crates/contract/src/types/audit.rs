//! The audit log.

use super::Shape;
use crate::fields::{self, of};
use proofmark_base::digest::Digest;
use proofmark_base::time::Timestamp;
use proofmark_kernel::{audit, organization};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An entry of the audit log. Each field is part of what `hash` covers.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// In whose log.
    #[schema(value_type = fields::OrganizationId)]
    pub organization: organization::OrganizationId,
    /// Number in it, from 1 without gaps.
    pub seq: i64,
    /// When.
    #[schema(value_type = fields::Time)]
    pub at: Timestamp,
    /// Who: a principal, or `system`.
    pub actor: String,
    /// How they showed who they are.
    pub credential: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// More about it: JSON, as the text that was hashed.
    pub detail: String,
    /// Trace of the request in whose course it happened.
    #[schema(required)]
    pub trace: Option<String>,
    /// Hash of the entry before.
    #[schema(value_type = fields::Digest)]
    pub previous: Digest,
    /// Hash of this one.
    #[schema(value_type = fields::Digest)]
    pub hash: Digest,
}

impl From<audit::Entry> for AuditEntry {
    fn from(e: audit::Entry) -> Self {
        AuditEntry {
            organization: e.organization,
            seq: e.seq,
            at: e.at,
            actor: e.actor,
            credential: e.credential,
            action: e.action,
            subject: e.subject,
            detail: e.detail,
            trace: e.trace,
            previous: e.previous,
            hash: e.hash,
        }
    }
}

impl Shape for AuditEntry {
    fn example() -> Self {
        let organization: organization::OrganizationId = of::<_, fields::OrganizationId>();
        let record = audit::Record {
            organization,
            at: of::<_, fields::Time>(),
            actor: of::<String, fields::PrincipalId>(),
            credential: format!("session {}", of::<String, fields::SessionId>()),
            action: "project.create".into(),
            subject: of::<String, fields::ProjectId>(),
            detail: serde_json::json!({ "name": "radar" }),
            trace: Some("4bf92f3577b34da6a3ce929d0e0e4736".into()),
        };
        audit::Entry::new(record, 1, audit::genesis(organization)).into()
    }
}

/// What an examination of the log found.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AuditVerdict {
    /// Whether nothing is wrong.
    pub intact: bool,
    /// Entries that were examined.
    pub entries: i64,
    /// Signed checkpoints that were examined with them.
    pub checkpoints: i64,
    /// What is wrong, in sentences, the first hundred.
    pub faults: Vec<String>,
}

impl Shape for AuditVerdict {
    fn example() -> Self {
        AuditVerdict { intact: true, entries: 1204, checkpoints: 2, faults: Vec::new() }
    }
}
