//! Organizations and their projects: who owns what, and where an approval policy stands.

use crate::approval::Policy;
use crate::principal::PrincipalId;
use proofmark_base::error::{Error, Result};
use proofmark_base::time::Timestamp;
use serde::{Deserialize, Serialize};

proofmark_base::id!(
    /// An organization: the wall behind which everything lies.
    OrganizationId, "org"
);
proofmark_base::id!(
    /// A project of an organization.
    ProjectId, "prj"
);

/// Whoever runs this: a company, an authority. Nothing of one is visible to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    /// Identifier.
    pub id: OrganizationId,
    /// Name for people.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Counts changes, from 1: what an ETag shows.
    pub version: i64,
}

/// A body of work with its members, its policy and its runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Identifier.
    pub id: ProjectId,
    /// Whose.
    pub organization: OrganizationId,
    /// Name, unique among the projects of an organization that are not archived.
    pub name: String,
    /// What must hold before something is released.
    pub policy: Policy,
    /// Counts changes of the policy, from 1.
    pub policy_version: i64,
    /// Who made it.
    pub created_by: PrincipalId,
    /// When.
    pub created_at: Timestamp,
    /// When it was put away: nothing new can be started in it.
    pub archived_at: Option<Timestamp>,
    /// Counts changes, from 1.
    pub version: i64,
}

/// Longest name of anything, in characters.
pub const NAME_LENGTH: usize = 100;

/// A name as people write it, without surrounding white space.
///
/// # Errors
/// `name.invalid`: empty, longer than [`NAME_LENGTH`] characters, or with control characters.
pub fn name(text: &str) -> Result<String> {
    let name = text.trim();
    let wrong = |why: &str| Err(Error::invalid("name.invalid", "the name cannot be used").at("/name", why.to_string()));
    if name.is_empty() {
        return wrong("it is empty");
    }
    if name.chars().count() > NAME_LENGTH {
        return wrong("it is longer than 100 characters");
    }
    if name.chars().any(char::is_control) {
        return wrong("it has control characters");
    }
    Ok(name.to_string())
}
