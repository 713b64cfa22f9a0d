//! Principals: people and service accounts, and the roles they hold.

use crate::organization::{OrganizationId, ProjectId};
use proofmark_base::digest::Digest;
use proofmark_base::error::{Error, Result};
use proofmark_base::time::Timestamp;
use serde::{Deserialize, Serialize};

proofmark_base::id!(
    /// A user or a service account.
    PrincipalId, "prn"
);
proofmark_base::id!(
    /// A session of somebody who signed in.
    SessionId, "ses"
);
proofmark_base::id!(
    /// An API token.
    TokenId, "tok"
);

proofmark_base::names!(
    /// What a principal is.
    PrincipalKind, "kind of principal", {
        /// A person.
        User = "user",
        /// A program: it signs in with tokens or certificates and approves nothing.
        ServiceAccount = "service-account",
    }
);

proofmark_base::names!(
    /// What somebody is trusted with, in an organization or in one project. What each may do is said by the shipped
    /// policies.
    Role, "role", {
        /// Everything, the organization itself included.
        Owner = "owner",
        /// Members, tokens, webhooks, policies; not the work.
        Admin = "admin",
        /// Makes and runs work of Silicon.
        Engineer = "engineer",
        /// Makes and runs work of Campaigns.
        Marketer = "marketer",
        /// Decides about approvals.
        Approver = "approver",
        /// Reads everything, the audit log included, and changes nothing.
        Auditor = "auditor",
        /// Reads the work.
        Viewer = "viewer",
    }
);

/// A user or a service account of one organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    /// Identifier.
    pub id: PrincipalId,
    /// Whose.
    pub organization: OrganizationId,
    /// What it is.
    pub kind: PrincipalKind,
    /// Name for people.
    pub name: String,
    /// Address, of users: what they sign in with, unique in this installation, lower case. Personal data.
    pub email: Option<String>,
    /// When it was shut out.
    pub disabled_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Counts changes, from 1.
    pub version: i64,
}

/// A role held in the whole organization or in one project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// Where; everywhere in the organization if none.
    pub project: Option<ProjectId>,
}

/// How somebody showed who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "by", content = "id")]
pub enum Credential {
    /// Signed in with password or single sign-on.
    Session(SessionId),
    /// An API token.
    Token(TokenId),
    /// A client certificate, by its fingerprint.
    Certificate(Digest),
    /// This program on its own account: a schedule, a sweeper.
    System,
}

/// Who is asking: made by authentication only, and handed to every use case.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The principal.
    pub principal: PrincipalId,
    /// Its organization: the only one whose data it can reach.
    pub organization: OrganizationId,
    /// What it is.
    pub kind: PrincipalKind,
    /// Roles held, with their place.
    pub grants: Vec<Grant>,
    /// How it showed who it is.
    pub credential: Credential,
    /// Actions that the credential is limited to; all that the roles give if none.
    pub scopes: Option<Vec<String>>,
}

impl Caller {
    /// Whether one of `roles` is held in the organization or in that project.
    pub fn holds(&self, roles: &[Role], project: Option<ProjectId>) -> bool {
        self.grants.iter().any(|g| roles.contains(&g.role) && (g.project.is_none() || g.project == project))
    }
}

/// An address in the form it is compared in: trimmed, lower case.
///
/// # Errors
/// `email.invalid`.
pub fn email(text: &str) -> Result<String> {
    let address = text.trim().to_lowercase();
    let wrong = || {
        Error::invalid("email.invalid", "this is not an e-mail address").at("/email", "write it as name@example.org")
    };
    let (local, domain) = address.rsplit_once('@').ok_or_else(wrong)?;
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '<' && c != '>' && c != ',' && c != '"';
    let fits = address.len() <= 254 && !local.is_empty() && local.len() <= 64 && !domain.is_empty();
    if !fits || !address.chars().all(plain) || local.contains('@') || domain.starts_with('.') || domain.ends_with('.') {
        return Err(wrong());
    }
    Ok(address)
}
