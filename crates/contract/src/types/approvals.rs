//! Approvals and releases.

use super::Shape;
use super::projects::{Policy, Signers};
use crate::fields::{self, of};
use proofmark_base::digest::Digest;
use proofmark_base::time::Timestamp;
use proofmark_kernel::principal::Role;
use proofmark_kernel::{approval, organization, principal, release, run};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Bytes under approval.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Subject {
    /// Name, unique in the request.
    pub name: String,
    /// Digest of the bytes.
    #[schema(value_type = fields::Digest)]
    pub digest: Digest,
}

impl From<approval::Subject> for Subject {
    fn from(s: approval::Subject) -> Self {
        Subject { name: s.name, digest: s.digest }
    }
}

impl Shape for Subject {
    fn example() -> Self {
        Subject { name: "c/receiver.c".into(), digest: of::<_, fields::Digest>() }
    }
}

/// A person's decision.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Decision {
    /// Who.
    #[schema(value_type = fields::PrincipalId)]
    pub principal: principal::PrincipalId,
    /// Roles they held in the project when they decided.
    #[schema(value_type = Vec<fields::Role>)]
    pub roles: Vec<Role>,
    /// What.
    #[schema(value_type = fields::Choice)]
    pub choice: approval::Choice,
    /// Why, in their words.
    pub comment: String,
    /// What it is bound to.
    #[schema(value_type = fields::Digest)]
    pub binding: Digest,
    /// When.
    #[schema(value_type = fields::Time)]
    pub at: Timestamp,
}

/// A request for approval.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Approval {
    /// Identifier.
    #[schema(value_type = fields::ApprovalId)]
    pub id: approval::ApprovalId,
    /// Where.
    #[schema(value_type = fields::ProjectId)]
    pub project: organization::ProjectId,
    /// The run whose work it is.
    #[schema(value_type = fields::RunId)]
    pub run: run::RunId,
    /// What is to be released.
    pub subjects: Vec<Subject>,
    /// The policy as it was when the request was made.
    pub policy: Policy,
    /// The policy's version then.
    pub policy_version: i64,
    /// One digest for subjects and policy: what a decision names and is bound to.
    #[schema(value_type = fields::Digest)]
    pub binding: Digest,
    /// Whoever had a hand in the work: their decisions do not count.
    #[schema(value_type = Vec<fields::PrincipalId>)]
    pub authors: Vec<principal::PrincipalId>,
    /// Decisions, oldest first.
    pub decisions: Vec<Decision>,
    /// Groups that still want people, with how many.
    pub missing: Vec<Signers>,
    /// Where it stands.
    #[schema(value_type = fields::ApprovalStatus)]
    pub status: approval::ApprovalStatus,
    /// When it was made.
    #[schema(value_type = fields::Time)]
    pub created_at: Timestamp,
    /// Counts changes, from 1; the entity tag is this number in quotes.
    pub version: i64,
}

impl From<approval::Approval> for Approval {
    fn from(a: approval::Approval) -> Self {
        let (binding, missing) = (a.binding(), a.missing());
        let decision = |d: approval::Decision| Decision {
            principal: d.principal,
            roles: d.roles,
            choice: d.choice,
            comment: d.comment,
            binding: d.binding,
            at: d.at,
        };
        Approval {
            id: a.id,
            project: a.project,
            run: a.run,
            subjects: a.subjects.into_iter().map(Subject::from).collect(),
            policy: a.policy.into(),
            policy_version: a.policy_version,
            binding,
            authors: a.authors,
            decisions: a.decisions.into_iter().map(decision).collect(),
            missing: missing.into_iter().map(|s| Signers { roles: s.roles, number: s.number }).collect(),
            status: a.status,
            created_at: a.created_at,
            version: a.version,
        }
    }
}

impl Shape for Approval {
    fn example() -> Self {
        let policy = Policy::example();
        Approval {
            id: of::<_, fields::ApprovalId>(),
            project: of::<_, fields::ProjectId>(),
            run: of::<_, fields::RunId>(),
            subjects: vec![Subject::example()],
            missing: policy.signers.clone(),
            policy,
            policy_version: 1,
            binding: of::<_, fields::Digest>(),
            authors: vec![of::<_, fields::PrincipalId>()],
            decisions: Vec::new(),
            status: of::<_, fields::ApprovalStatus>(),
            created_at: of::<_, fields::Time>(),
            version: 1,
        }
    }
}

/// A decision to be made.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decide {
    /// What.
    #[schema(value_type = fields::Choice)]
    pub choice: approval::Choice,
    /// Why, in your words.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub comment: String,
    /// The `binding` of the request as you saw it: a decision about other bytes does not count.
    #[schema(value_type = fields::Digest)]
    pub binding: Digest,
}

impl Shape for Decide {
    fn example() -> Self {
        Decide {
            choice: of::<_, fields::Choice>(),
            comment: "report and figures read".into(),
            binding: of::<_, fields::Digest>(),
        }
    }
}

/// A release to be made of what was approved.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRelease {
    /// The approval.
    #[schema(value_type = fields::ApprovalId)]
    pub approval: approval::ApprovalId,
    /// Name and version as people call it, unique in the project.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
}

impl Shape for CreateRelease {
    fn example() -> Self {
        CreateRelease { approval: of::<_, fields::ApprovalId>(), name: "fm_receiver 1.2".into() }
    }
}

/// Why a release is taken back.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeRelease {
    /// Why, in words.
    #[schema(min_length = 1, max_length = 2000)]
    pub reason: String,
}

impl Shape for RevokeRelease {
    fn example() -> Self {
        RevokeRelease { reason: "wrong coefficients for channel 3".into() }
    }
}

/// Something released.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Release {
    /// Identifier.
    #[schema(value_type = fields::ReleaseId)]
    pub id: release::ReleaseId,
    /// Where.
    #[schema(value_type = fields::ProjectId)]
    pub project: organization::ProjectId,
    /// The run whose work it is.
    #[schema(value_type = fields::RunId)]
    pub run: run::RunId,
    /// The approval that allowed it.
    #[schema(value_type = fields::ApprovalId)]
    pub approval: approval::ApprovalId,
    /// Name and version.
    pub name: String,
    /// What is released.
    pub subjects: Vec<Subject>,
    /// Digest of the signed envelope.
    #[schema(value_type = fields::Digest)]
    pub envelope: Digest,
    /// Who released it.
    #[schema(value_type = fields::PrincipalId)]
    pub created_by: principal::PrincipalId,
    /// When.
    #[schema(value_type = fields::Time)]
    pub created_at: Timestamp,
    /// Whether and why it was revoked.
    #[schema(required)]
    pub revocation: Option<Revocation>,
    /// Counts changes, from 1; the entity tag is this number in quotes.
    pub version: i64,
}

/// A release taken back.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Revocation {
    /// Why.
    pub reason: String,
    /// Who.
    #[schema(value_type = fields::PrincipalId)]
    pub by: principal::PrincipalId,
    /// When.
    #[schema(value_type = fields::Time)]
    pub at: Timestamp,
}

impl From<release::Release> for Release {
    fn from(r: release::Release) -> Self {
        Release {
            id: r.id,
            project: r.project,
            run: r.run,
            approval: r.approval,
            name: r.name,
            subjects: r.subjects.into_iter().map(Subject::from).collect(),
            envelope: r.envelope,
            created_by: r.created_by,
            created_at: r.created_at,
            revocation: r.revocation.map(|v| Revocation { reason: v.reason, by: v.by, at: v.at }),
            version: r.version,
        }
    }
}

impl Shape for Release {
    fn example() -> Self {
        Release {
            id: of::<_, fields::ReleaseId>(),
            project: of::<_, fields::ProjectId>(),
            run: of::<_, fields::RunId>(),
            approval: of::<_, fields::ApprovalId>(),
            name: "fm_receiver 1.2".into(),
            subjects: vec![Subject::example()],
            envelope: of::<_, fields::Digest>(),
            created_by: of::<_, fields::PrincipalId>(),
            created_at: of::<_, fields::Time>(),
            revocation: None,
            version: 1,
        }
    }
}
