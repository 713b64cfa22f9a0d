//! Who is asking: accounts, passwords and second factors, sessions, tokens, service accounts, single sign-on.

pub mod accounts;
pub mod authenticate;
mod cache;
pub mod certificates;
pub mod members;
pub mod oidc;
pub mod otp;
pub mod passwords;
pub mod secret;
pub mod sessions;
pub mod setup;
pub mod sign_in;
mod throttle;
pub mod tokens;
pub mod totp;

pub use authenticate::authenticate;
pub use certificates::authenticate_certificate;
pub use sign_in::{SignIn, SignedIn, sign_in};

use crate::platform::Platform;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_base::time::Timestamp;
use proofmark_kernel::action::Action;
use proofmark_kernel::audit::Record;
use proofmark_kernel::organization::{OrganizationId, ProjectId};
use proofmark_kernel::principal::{Caller, Credential, PrincipalId, Role, SessionId};
use proofmark_store::{Connection, audit};

/// What identity keeps in the process, beside the database.
#[derive(Default)]
pub struct Identity {
    /// Hashes passwords.
    pub passwords: passwords::Passwords,
    cache: cache::Cache,
    providers: Vec<oidc::SingleSignOn>,
}

impl Identity {
    /// With a provider of single sign-on.
    #[must_use]
    pub fn with_provider(mut self, provider: oidc::SingleSignOn) -> Self {
        self.providers.push(provider);
        self
    }

    /// Has everybody of that identifier looked up anew at their next request. To be called after the commit of whatever
    /// changed what they may: roles, revoked credentials, a shut-out account.
    pub fn forget(&self, principal: PrincipalId) {
        self.cache.forget(principal);
    }
}

/// How much a role can do to others: nobody gives a role above their own, or touches the account of somebody above.
fn rank(role: Role) -> u8 {
    match role {
        Role::Owner => 2,
        Role::Admin => 1,
        Role::Engineer | Role::Marketer | Role::Approver | Role::Auditor | Role::Viewer => 0,
    }
}

/// The highest rank that the caller has there.
fn rank_of(caller: &Caller, project: Option<ProjectId>) -> u8 {
    let here = caller.grants.iter().filter(|g| g.project.is_none() || g.project == project);
    here.map(|g| rank(g.role)).max().unwrap_or(0)
}

/// Refuses a change of somebody's account by people below them.
async fn not_above(on: &mut dyn Connection, caller: &Caller, target: PrincipalId) -> Result<()> {
    let theirs = proofmark_store::principals::grants(on, target).await?;
    if theirs.iter().map(|g| rank(g.role)).max().unwrap_or(0) > rank_of(caller, None) {
        return Err(Error::new(Kind::Forbidden, "member.above", "this account has a role above yours")
            .help("only an owner can change the account of an owner, and only an admin or owner that of an admin"));
    }
    Ok(())
}

/// One's own credentials are changed by somebody who signed in, never by a token.
fn own_session(platform: &Platform, caller: &Caller) -> Result<SessionId> {
    platform.authorizer.check(caller, Action::TokenOwn, None)?;
    match caller.credential {
        Credential::Session(id) => Ok(id),
        Credential::Token(_) | Credential::Certificate(_) | Credential::System => Err(Error::new(
            Kind::Forbidden,
            "authorization.session",
            "this is done by people who signed in, not by tokens",
        )
        .help("sign in and do it there")),
    }
}

/// An audit entry in a transaction without a unit of work: of somebody who is signing in, or for whom nobody asked.
pub(crate) struct Noted<'a> {
    pub(crate) organization: OrganizationId,
    pub(crate) actor: Option<PrincipalId>,
    pub(crate) credential: &'a str,
    pub(crate) action: &'a str,
    pub(crate) subject: String,
    pub(crate) detail: serde_json::Value,
}

pub(crate) async fn note(on: &mut dyn Connection, now: Timestamp, noted: Noted<'_>) -> Result<()> {
    let record = Record {
        organization: noted.organization,
        at: now,
        actor: noted.actor.map_or_else(|| "system".into(), |a| a.to_string()),
        credential: noted.credential.into(),
        action: noted.action.into(),
        subject: noted.subject,
        detail: noted.detail,
        trace: crate::trace::current(),
    };
    audit::append(on, record).await?;
    Ok(())
}
