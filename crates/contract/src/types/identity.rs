//! Setting up, signing in, principals and their roles, tokens.

use super::Shape;
use crate::fields::{self, of};
use proofmark_base::time::Timestamp;
use proofmark_kernel::{organization, principal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The first organization and its owner.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// The secret of the one-time link that the first start printed.
    #[schema(min_length = 1, max_length = 200)]
    pub link: String,
    /// Name of the organization.
    #[schema(min_length = 1, max_length = 100)]
    pub organization: String,
    /// Name of its owner.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// Address they will sign in with.
    #[schema(max_length = 254, format = Email)]
    pub email: String,
    /// Their password, at least 12 characters.
    #[schema(min_length = 12, max_length = 1000, format = Password)]
    pub password: String,
}

impl Shape for Setup {
    fn example() -> Self {
        Setup {
            link: "pmo_Yk3nD0c5n9".into(),
            organization: "Example Radio".into(),
            name: "Ada Example".into(),
            email: "ada@example.org".into(),
            password: "four plain words here".into(),
        }
    }
}

/// What was set up.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SetupDone {
    /// The organization.
    #[schema(value_type = fields::OrganizationId)]
    pub organization: organization::OrganizationId,
    /// Its owner, who can sign in now.
    #[schema(value_type = fields::PrincipalId)]
    pub principal: principal::PrincipalId,
}

impl Shape for SetupDone {
    fn example() -> Self {
        SetupDone { organization: of::<_, fields::OrganizationId>(), principal: of::<_, fields::PrincipalId>() }
    }
}

/// Proof of who somebody is.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// Address.
    #[schema(max_length = 254)]
    pub email: String,
    /// Password.
    #[schema(max_length = 1000, format = Password)]
    pub password: String,
    /// Six digits of the authenticator, or a recovery code, for accounts that have one.
    #[serde(default)]
    #[schema(max_length = 64)]
    pub code: Option<String>,
}

impl Shape for SignIn {
    fn example() -> Self {
        SignIn { email: "ada@example.org".into(), password: "four plain words here".into(), code: None }
    }
}

/// A session that was begun.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct SignedIn {
    /// What to send as `Authorization: Bearer`. Shown once.
    pub secret: String,
    /// The session.
    pub session: Session,
}

impl Shape for SignedIn {
    fn example() -> Self {
        SignedIn { secret: "pms_Yk3nD0c5n9".into(), session: Session::example() }
    }
}

/// A session of somebody who signed in.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// Identifier.
    #[schema(value_type = fields::SessionId)]
    pub id: principal::SessionId,
    /// Whose.
    #[schema(value_type = fields::PrincipalId)]
    pub principal: principal::PrincipalId,
    /// How they signed in: `password`, `password+totp`, `password+recovery`, `oidc`.
    pub method: String,
    /// When it began.
    #[schema(value_type = fields::Time)]
    pub created_at: Timestamp,
    /// When it was used last, to the minute.
    #[schema(value_type = fields::Time)]
    pub seen_at: Timestamp,
    /// When it ends by itself.
    #[schema(value_type = fields::Time)]
    pub expires_at: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}

impl Shape for Session {
    fn example() -> Self {
        Session {
            id: of::<_, fields::SessionId>(),
            principal: of::<_, fields::PrincipalId>(),
            method: "password".into(),
            created_at: of::<_, fields::Time>(),
            seen_at: of::<_, fields::Time>(),
            expires_at: "2026-11-22T21:40:22.123000Z".parse().expect("a time"),
            current: true,
        }
    }
}

/// A role held in the whole organization or in one project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The role.
    #[schema(value_type = fields::Role)]
    pub role: principal::Role,
    /// Where; everywhere in the organization if null.
    #[serde(default)]
    #[schema(value_type = Option<fields::ProjectId>)]
    pub project: Option<organization::ProjectId>,
}

impl From<principal::Grant> for Grant {
    fn from(g: principal::Grant) -> Self {
        Grant { role: g.role, project: g.project }
    }
}

impl From<Grant> for principal::Grant {
    fn from(g: Grant) -> Self {
        principal::Grant { role: g.role, project: g.project }
    }
}

/// A user or a service account.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Principal {
    /// Identifier.
    #[schema(value_type = fields::PrincipalId)]
    pub id: principal::PrincipalId,
    /// What it is.
    #[schema(value_type = fields::PrincipalKind)]
    pub kind: principal::PrincipalKind,
    /// Name for people.
    pub name: String,
    /// Address, of users. Personal data.
    #[schema(required)]
    pub email: Option<String>,
    /// Roles held.
    pub grants: Vec<Grant>,
    /// When it was shut out.
    #[schema(value_type = Option<fields::Time>, required)]
    pub disabled_at: Option<Timestamp>,
    /// When it was made.
    #[schema(value_type = fields::Time)]
    pub created_at: Timestamp,
    /// Counts changes, from 1; the entity tag is this number in quotes.
    pub version: i64,
}

impl Principal {
    /// One with its roles.
    pub fn new(p: principal::Principal, grants: impl IntoIterator<Item = principal::Grant>) -> Self {
        Principal {
            id: p.id,
            kind: p.kind,
            name: p.name,
            email: p.email,
            grants: grants.into_iter().map(Grant::from).collect(),
            disabled_at: p.disabled_at,
            created_at: p.created_at,
            version: p.version,
        }
    }
}

impl Shape for Principal {
    fn example() -> Self {
        Principal {
            id: of::<_, fields::PrincipalId>(),
            kind: of::<_, fields::PrincipalKind>(),
            name: "Ada Example".into(),
            email: Some("ada@example.org".into()),
            grants: vec![Grant { role: of::<_, fields::Role>(), project: None }],
            disabled_at: None,
            created_at: of::<_, fields::Time>(),
            version: 1,
        }
    }
}

/// Who is asking, and what they may.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// The principal.
    #[schema(value_type = fields::PrincipalId)]
    pub principal: principal::PrincipalId,
    /// Its organization.
    #[schema(value_type = fields::OrganizationId)]
    pub organization: organization::OrganizationId,
    /// What it is.
    #[schema(value_type = fields::PrincipalKind)]
    pub kind: principal::PrincipalKind,
    /// Roles held.
    pub grants: Vec<Grant>,
    /// How they showed who they are: `session`, `token`, `certificate`.
    pub credential: String,
    /// Actions that the token in use is limited to; null for all that the roles give.
    #[schema(required)]
    pub scopes: Option<Vec<String>>,
}

impl Shape for Me {
    fn example() -> Self {
        Me {
            principal: of::<_, fields::PrincipalId>(),
            organization: of::<_, fields::OrganizationId>(),
            kind: of::<_, fields::PrincipalKind>(),
            grants: vec![Grant { role: of::<_, fields::Role>(), project: None }],
            credential: "session".into(),
            scopes: None,
        }
    }
}

/// A new password.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// The one in force.
    #[schema(max_length = 1000, format = Password)]
    pub current: String,
    /// The new one, at least 12 characters.
    #[schema(min_length = 12, max_length = 1000, format = Password)]
    pub new: String,
}

impl Shape for ChangePassword {
    fn example() -> Self {
        ChangePassword { current: "four plain words here".into(), new: "four other words there".into() }
    }
}

/// Whether an authenticator is asked for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Totp {
    /// Whether it is asked for at sign-in.
    pub confirmed: bool,
    /// Recovery codes that are left.
    pub recovery_codes: i64,
}

impl Shape for Totp {
    fn example() -> Self {
        Totp { confirmed: true, recovery_codes: 10 }
    }
}

/// The password, as proof that it is still oneself.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Password {
    /// The password in force.
    #[schema(max_length = 1000, format = Password)]
    pub password: String,
}

impl Shape for Password {
    fn example() -> Self {
        Password { password: "four plain words here".into() }
    }
}

/// An authenticator that is being set up.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct TotpStart {
    /// The shared secret in base 32. Shown once.
    pub secret: String,
    /// The same as an `otpauth:` address, for a square code.
    pub uri: String,
}

impl Shape for TotpStart {
    fn example() -> Self {
        TotpStart {
            secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP".into(),
            uri: "otpauth://totp/Proofmark:ada@example.org?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Proofmark"
                .into(),
        }
    }
}

/// Codes that each stand for the authenticator once.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct RecoveryCodes {
    /// They. Shown once.
    pub recovery_codes: Vec<String>,
}

impl Shape for RecoveryCodes {
    fn example() -> Self {
        RecoveryCodes { recovery_codes: vec!["k7m2-9qxd-4hvt".into()] }
    }
}

/// A code of the authenticator.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TotpCode {
    /// Six digits.
    #[schema(pattern = "^[0-9]{6}$")]
    pub code: String,
}

impl Shape for TotpCode {
    fn example() -> Self {
        TotpCode { code: "492039".into() }
    }
}

/// Proof for taking the authenticator away.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TotpRemove {
    /// The password.
    #[schema(max_length = 1000, format = Password)]
    pub password: String,
    /// Six digits of the authenticator, or a recovery code.
    #[schema(max_length = 64)]
    pub code: String,
}

impl Shape for TotpRemove {
    fn example() -> Self {
        TotpRemove { password: "four plain words here".into(), code: "492039".into() }
    }
}

/// A principal to be added.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePrincipal {
    /// What it is.
    #[schema(value_type = fields::PrincipalKind)]
    pub kind: principal::PrincipalKind,
    /// Name for people.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// Address: users have one, service accounts none.
    #[serde(default)]
    #[schema(max_length = 254)]
    pub email: Option<String>,
    /// First password of a user, at least 12 characters; without one a one-time link is made with which they set it.
    #[serde(default)]
    #[schema(min_length = 12, max_length = 1000, format = Password)]
    pub password: Option<String>,
}

impl Shape for CreatePrincipal {
    fn example() -> Self {
        CreatePrincipal {
            kind: of::<_, fields::PrincipalKind>(),
            name: "Grace Example".into(),
            email: Some("grace@example.org".into()),
            password: None,
        }
    }
}

/// A principal that was added.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct PrincipalMade {
    /// The principal.
    pub principal: Principal,
    /// Secret of the one-time link with which a user sets their password, if they were given none. Shown once.
    #[schema(required)]
    pub link: Option<String>,
}

impl Shape for PrincipalMade {
    fn example() -> Self {
        PrincipalMade { principal: Principal::example(), link: Some("pmo_Yk3nD0c5n9".into()) }
    }
}

/// A one-time link.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct Invitation {
    /// Its secret. Shown once.
    pub link: String,
}

impl Shape for Invitation {
    fn example() -> Self {
        Invitation { link: "pmo_Yk3nD0c5n9".into() }
    }
}

/// A password set with a one-time link.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptInvitation {
    /// The link's secret.
    #[schema(min_length = 1, max_length = 200)]
    pub link: String,
    /// The password, at least 12 characters.
    #[schema(min_length = 12, max_length = 1000, format = Password)]
    pub password: String,
}

impl Shape for AcceptInvitation {
    fn example() -> Self {
        AcceptInvitation { link: "pmo_Yk3nD0c5n9".into(), password: "four plain words here".into() }
    }
}

/// Whose password was set.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct InvitationAccepted {
    /// Who can sign in now.
    #[schema(value_type = fields::PrincipalId)]
    pub principal: principal::PrincipalId,
}

impl Shape for InvitationAccepted {
    fn example() -> Self {
        InvitationAccepted { principal: of::<_, fields::PrincipalId>() }
    }
}

/// What changes in a principal.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdatePrincipal {
    /// A new name.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
}

impl Shape for UpdatePrincipal {
    fn example() -> Self {
        UpdatePrincipal { name: "Grace B. Example".into() }
    }
}

/// A token to be made.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateToken {
    /// Name for people.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// The service account it is for; for oneself if left out.
    #[serde(default)]
    #[schema(value_type = Option<fields::PrincipalId>)]
    pub principal: Option<principal::PrincipalId>,
    /// Actions it is limited to, `*` at the end stands for any rest; all that the roles give if left out.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub scopes: Option<Vec<String>>,
    /// When it ends, at most a year from now.
    #[schema(value_type = fields::Time)]
    pub expires_at: Timestamp,
}

impl Shape for CreateToken {
    fn example() -> Self {
        CreateToken {
            name: "build server".into(),
            principal: None,
            scopes: Some(vec!["run.read".into(), "artifact.read".into()]),
            expires_at: "2027-02-20T09:40:22.123000Z".parse().expect("a time"),
        }
    }
}

/// An API token.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// Identifier.
    #[schema(value_type = fields::TokenId)]
    pub id: principal::TokenId,
    /// Whose.
    #[schema(value_type = fields::PrincipalId)]
    pub principal: principal::PrincipalId,
    /// Name for people.
    pub name: String,
    /// Actions it is limited to; null for all that the roles give.
    #[schema(required)]
    pub scopes: Option<Vec<String>>,
    /// When it was made.
    #[schema(value_type = fields::Time)]
    pub created_at: Timestamp,
    /// When it ends.
    #[schema(value_type = fields::Time)]
    pub expires_at: Timestamp,
    /// When it was used last, to the minute.
    #[schema(value_type = Option<fields::Time>, required)]
    pub seen_at: Option<Timestamp>,
    /// When it was revoked.
    #[schema(value_type = Option<fields::Time>, required)]
    pub revoked_at: Option<Timestamp>,
}

impl Shape for Token {
    fn example() -> Self {
        Token {
            id: of::<_, fields::TokenId>(),
            principal: of::<_, fields::PrincipalId>(),
            name: "build server".into(),
            scopes: Some(vec!["run.read".into(), "artifact.read".into()]),
            created_at: of::<_, fields::Time>(),
            expires_at: "2027-02-20T09:40:22.123000Z".parse().expect("a time"),
            seen_at: None,
            revoked_at: None,
        }
    }
}

/// A token that was made.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct TokenMade {
    /// What to send as `Authorization: Bearer`. Shown once.
    pub secret: String,
    /// The token.
    pub token: Token,
}

impl Shape for TokenMade {
    fn example() -> Self {
        TokenMade { secret: "pmt_Yk3nD0c5n9".into(), token: Token::example() }
    }
}
