//! Releases: approved bytes with their proof mark, an in-toto statement that names subjects, inputs, checks and
//! approvals, for signing by DSSE.

use crate::approval::{Approval, ApprovalId, ApprovalStatus, Decision, Policy, Subject};
use crate::organization::{OrganizationId, Project, ProjectId};
use crate::principal::PrincipalId;
use crate::run::{Run, RunId};
use proofmark_base::digest::Digest;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_base::time::Timestamp;
use proofmark_evidence::statement::{DigestSet, STATEMENT_TYPE};
use serde::{Deserialize, Serialize};

proofmark_base::id!(
    /// A release.
    ReleaseId, "rel"
);

/// The `predicateType` of a release.
pub const PREDICATE_TYPE: &str = "https://proofmark.dev/attestation/release/v1";

/// Something released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Identifier.
    pub id: ReleaseId,
    /// Whose.
    pub organization: OrganizationId,
    /// Where.
    pub project: ProjectId,
    /// The run whose work it is.
    pub run: RunId,
    /// The approval that allowed it.
    pub approval: ApprovalId,
    /// Name and version as people call it: `fm_receiver 1.2`.
    pub name: String,
    /// What is released.
    pub subjects: Vec<Subject>,
    /// Digest of the signed envelope, which is an artifact of the project.
    pub envelope: Digest,
    /// Who released it.
    pub created_by: PrincipalId,
    /// When.
    pub created_at: Timestamp,
    /// Whether and why it was revoked.
    pub revocation: Option<Revocation>,
    /// Counts changes, from 1.
    pub version: i64,
}

/// A release taken back: it stays listed, with the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// Why, in words.
    pub reason: String,
    /// Who.
    pub by: PrincipalId,
    /// When.
    pub at: Timestamp,
}

impl Release {
    /// Takes it back.
    ///
    /// # Errors
    /// `release.revoked` a second time, `release.reason` without a reason.
    pub fn revoke(&mut self, reason: &str, by: PrincipalId, now: Timestamp) -> Result<()> {
        if self.revocation.is_some() {
            return Err(Error::new(Kind::Conflict, "release.revoked", "the release was revoked already"));
        }
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > 2_000 {
            return Err(
                Error::invalid("release.reason", "a revocation needs its reason").at("/reason", "1 to 2000 characters")
            );
        }
        self.revocation = Some(Revocation { reason: reason.to_string(), by, at: now });
        self.version += 1;
        Ok(())
    }
}

/// A subject in the statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementSubject {
    /// Name.
    pub name: String,
    /// Digest of its bytes.
    pub digest: DigestSet,
}

/// What a release says about its subjects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Predicate {
    /// The release.
    pub release: ReleaseId,
    /// Name and version.
    pub name: String,
    /// Where.
    pub organization: OrganizationId,
    /// Where.
    pub project: ProjectId,
    /// The run whose work it is.
    pub run: RunId,
    /// The workflow that made it.
    pub workflow: String,
    /// The policy that was met.
    pub policy: Policy,
    /// Its version.
    pub policy_version: i64,
    /// Who approved, bound to what.
    pub decisions: Vec<Decision>,
    /// Who released it.
    pub released_by: PrincipalId,
    /// When.
    pub released_at: Timestamp,
}

/// An in-toto v1 statement of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// [`STATEMENT_TYPE`].
    #[serde(rename = "_type")]
    pub statement_type: String,
    /// What is released.
    pub subject: Vec<StatementSubject>,
    /// [`PREDICATE_TYPE`].
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// What is said about it.
    pub predicate: Predicate,
}

/// Proof that an approval stands for exactly these bytes under today's policy: made by [`approved`] only, and the only
/// thing a release is made from.
#[derive(Clone, Copy, Debug)]
pub struct Approved<'a>(&'a Approval);

/// Checks that an approval stands. `subjects` are digests of the bytes as they were read just now.
///
/// # Errors
/// `release.not-approved` where it is pending, rejected or void; `release.changed` where bytes or policy are others now.
pub fn approved<'a>(approval: &'a Approval, subjects: &[Subject], project: &Project) -> Result<Approved<'a>> {
    if approval.status != ApprovalStatus::Approved {
        let text = format!("the approval is {}", approval.status);
        return Err(Error::new(Kind::Conflict, "release.not-approved", text));
    }
    if approval.project != project.id || approval.clone().void_unless(subjects, &project.policy, project.policy_version)
    {
        let text = "the bytes or the policy are not those that were approved";
        return Err(Error::new(Kind::Conflict, "release.changed", text).help("ask for a new approval"));
    }
    Ok(Approved(approval))
}

/// The statement of a release, the payload that is signed: indented JSON with a final line feed, the same bytes for
/// the same values.
pub fn statement(
    id: ReleaseId,
    name: &str,
    approved: Approved<'_>,
    run: &Run,
    by: PrincipalId,
    now: Timestamp,
) -> Vec<u8> {
    let approval = approved.0;
    let subject = approval
        .subjects
        .iter()
        .map(|s| StatementSubject { name: s.name.clone(), digest: DigestSet { sha256: s.digest } })
        .collect();
    let statement = Statement {
        statement_type: STATEMENT_TYPE.to_string(),
        subject,
        predicate_type: PREDICATE_TYPE.to_string(),
        predicate: Predicate {
            release: id,
            name: name.to_string(),
            organization: approval.organization,
            project: approval.project,
            run: run.id,
            workflow: run.workflow.clone(),
            policy: approval.policy.clone(),
            policy_version: approval.policy_version,
            decisions: approval.decisions.clone(),
            released_by: by,
            released_at: now,
        },
    };
    let mut bytes = serde_json::to_vec_pretty(&statement).expect("string keys and infallible serializers");
    bytes.push(b'\n');
    bytes
}

#[cfg(test)]
mod tests;
