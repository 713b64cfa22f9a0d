//! Projects, their policies, uploads and artifacts.

use super::Shape;
use crate::fields::{self, of};
use proofmark_base::digest::Digest;
use proofmark_base::time::Timestamp;
use proofmark_evidence::check::ClaimLevel;
use proofmark_kernel::principal::Role;
use proofmark_kernel::{approval, artifact, organization, principal, run};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What must hold before something of a project is released. The author of the work never counts as a signer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The least that must be claimed for every target.
    #[schema(value_type = fields::ClaimLevel)]
    pub level: ClaimLevel,
    /// Checks that must pass, by identifier; `*` at the end stands for any rest.
    #[schema(max_items = 100)]
    pub checks: Vec<String>,
    /// Who must sign; each group is filled by people of its own.
    #[schema(min_items = 1, max_items = 10)]
    pub signers: Vec<Signers>,
}

/// So many people who hold a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Signers {
    /// Any of these roles.
    #[schema(value_type = Vec<fields::Role>, min_items = 1)]
    pub roles: Vec<Role>,
    /// How many different people.
    #[schema(minimum = 1, maximum = 20)]
    pub number: u32,
}

impl From<approval::Policy> for Policy {
    fn from(p: approval::Policy) -> Self {
        let signers = p.signers.into_iter().map(|s| Signers { roles: s.roles, number: s.number }).collect();
        Policy { level: p.level, checks: p.checks, signers }
    }
}

impl From<Policy> for approval::Policy {
    fn from(p: Policy) -> Self {
        let signers = p.signers.into_iter().map(|s| approval::Signers { roles: s.roles, number: s.number }).collect();
        approval::Policy { level: p.level, checks: p.checks, signers }
    }
}

impl Shape for Policy {
    fn example() -> Self {
        approval::Policy::default().into()
    }
}

/// A project.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Project {
    /// Identifier.
    #[schema(value_type = fields::ProjectId)]
    pub id: organization::ProjectId,
    /// Name, unique among the organization's projects that are not archived.
    pub name: String,
    /// What must hold before something is released.
    pub policy: Policy,
    /// Counts changes of the policy, from 1.
    pub policy_version: i64,
    /// Who made it.
    #[schema(value_type = fields::PrincipalId)]
    pub created_by: principal::PrincipalId,
    /// When.
    #[schema(value_type = fields::Time)]
    pub created_at: Timestamp,
    /// When it was put away: nothing new can be started in it.
    #[schema(value_type = Option<fields::Time>, required)]
    pub archived_at: Option<Timestamp>,
    /// Counts changes, from 1; the entity tag is this number in quotes.
    pub version: i64,
}

impl From<organization::Project> for Project {
    fn from(p: organization::Project) -> Self {
        Project {
            id: p.id,
            name: p.name,
            policy: p.policy.into(),
            policy_version: p.policy_version,
            created_by: p.created_by,
            created_at: p.created_at,
            archived_at: p.archived_at,
            version: p.version,
        }
    }
}

impl Shape for Project {
    fn example() -> Self {
        Project {
            id: of::<_, fields::ProjectId>(),
            name: "radar".into(),
            policy: Policy::example(),
            policy_version: 1,
            created_by: of::<_, fields::PrincipalId>(),
            created_at: of::<_, fields::Time>(),
            archived_at: None,
            version: 1,
        }
    }
}

/// A project to be made.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateProject {
    /// Name for people, 1 to 100 characters, no control characters.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// What must hold before something is released; every target tested and one approver if it is left out.
    #[serde(default)]
    pub policy: Option<Policy>,
}

impl Shape for CreateProject {
    fn example() -> Self {
        CreateProject { name: "radar".into(), policy: None }
    }
}

/// What changes in a project; what is left out stays.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateProject {
    /// A new name.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    pub name: Option<String>,
    /// Whether it is put away.
    #[serde(default)]
    pub archived: Option<bool>,
}

impl Shape for UpdateProject {
    fn example() -> Self {
        UpdateProject { name: Some("radar front end".into()), archived: None }
    }
}

/// An upload to be begun.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateUpload {
    /// Name the artifact will have: a relative path of 1 to 400 bytes.
    #[schema(min_length = 1, max_length = 400)]
    pub name: String,
    /// Media type (RFC 6838).
    #[schema(max_length = 200)]
    pub media_type: String,
    /// Number of bytes that will come.
    #[schema(minimum = 0)]
    pub size: i64,
    /// Digest that the bytes will have; what arrives is refused if it has another.
    #[serde(default)]
    #[schema(value_type = Option<fields::Digest>)]
    pub digest: Option<Digest>,
}

impl Shape for CreateUpload {
    fn example() -> Self {
        CreateUpload { name: "receiver.py".into(), media_type: "text/x-python".into(), size: 1311, digest: None }
    }
}

/// An upload that is under way.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Upload {
    /// Identifier.
    #[schema(value_type = fields::UploadId)]
    pub id: artifact::UploadId,
    /// Where it goes.
    #[schema(value_type = fields::ProjectId)]
    pub project: organization::ProjectId,
    /// Name the artifact will have.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Bytes that were announced.
    pub size: i64,
    /// Digest that was announced.
    #[schema(value_type = Option<fields::Digest>, required)]
    pub digest: Option<Digest>,
    /// Bytes that are safely here: where the next request goes on.
    pub received: i64,
    /// When it began.
    #[schema(value_type = fields::Time)]
    pub created_at: Timestamp,
    /// After this it is forgotten.
    #[schema(value_type = fields::Time)]
    pub expires_at: Timestamp,
    /// What it became, once all is here.
    #[schema(value_type = Option<fields::ArtifactId>, required)]
    pub artifact: Option<artifact::ArtifactId>,
}

impl From<artifact::Upload> for Upload {
    fn from(u: artifact::Upload) -> Self {
        Upload {
            id: u.id,
            project: u.project,
            name: u.name,
            media_type: u.media_type,
            size: u.size,
            digest: u.digest,
            received: u.received,
            created_at: u.created_at,
            expires_at: u.expires_at,
            artifact: u.artifact,
        }
    }
}

impl Shape for Upload {
    fn example() -> Self {
        Upload {
            id: of::<_, fields::UploadId>(),
            project: of::<_, fields::ProjectId>(),
            name: "receiver.py".into(),
            media_type: "text/x-python".into(),
            size: 1311,
            digest: None,
            received: 0,
            created_at: of::<_, fields::Time>(),
            expires_at: "2026-11-23T09:40:22.123000Z".parse().expect("a time"),
            artifact: None,
        }
    }
}

/// Bytes of a project under a name.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Artifact {
    /// Identifier.
    #[schema(value_type = fields::ArtifactId)]
    pub id: artifact::ArtifactId,
    /// Where.
    #[schema(value_type = fields::ProjectId)]
    pub project: organization::ProjectId,
    /// The run that made it; null for what was uploaded.
    #[schema(value_type = Option<fields::RunId>, required)]
    pub run: Option<run::RunId>,
    /// Relative path.
    pub name: String,
    /// Media type.
    pub media_type: String,
    /// Digest of the bytes.
    #[schema(value_type = fields::Digest)]
    pub digest: Digest,
    /// Number of bytes.
    pub size: i64,
    /// Who put it here.
    #[schema(value_type = fields::PrincipalId)]
    pub created_by: principal::PrincipalId,
    /// When.
    #[schema(value_type = fields::Time)]
    pub created_at: Timestamp,
}

impl From<artifact::Artifact> for Artifact {
    fn from(a: artifact::Artifact) -> Self {
        Artifact {
            id: a.id,
            project: a.project,
            run: a.run,
            name: a.name,
            media_type: a.media_type,
            digest: a.digest,
            size: a.size,
            created_by: a.created_by,
            created_at: a.created_at,
        }
    }
}

impl Shape for Artifact {
    fn example() -> Self {
        Artifact {
            id: of::<_, fields::ArtifactId>(),
            project: of::<_, fields::ProjectId>(),
            run: None,
            name: "receiver.py".into(),
            media_type: "text/x-python".into(),
            digest: of::<_, fields::Digest>(),
            size: 1311,
            created_by: of::<_, fields::PrincipalId>(),
            created_at: of::<_, fields::Time>(),
        }
    }
}
