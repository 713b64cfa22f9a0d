//! What an administrator does at the machine itself: organizations and their first owners, ways back in for who is
//! locked out, accounts that must be stopped at once. Nobody authorizes this but the operating system, which lets them
//! read the database; each change is an audit entry of the actor `system` with the credential `console`.
//!
//! Servers that run see the changes at once, but for who was authenticated in the last three seconds.

use crate::identity::secret::{Purpose, Secret};
use crate::identity::{Noted, note};
use proofmark_base::error::{Error, Kind, Result};
use proofmark_base::id::Random;
use proofmark_base::time::Timestamp;
use proofmark_kernel::organization::{self, Organization, OrganizationId};
use proofmark_kernel::principal::{self, Grant, Principal, PrincipalId, PrincipalKind, Role};
use proofmark_store::{
    Connection, Database, Scope, credentials, identities, organizations, principals, sessions, tokens,
};
use serde_json::{Value, json};
use std::time::Duration;

/// How long a link is good.
const LINK: Duration = Duration::from_secs(24 * 60 * 60);
const OWNER: Grant = Grant { role: Role::Owner, project: None };

/// The console of this machine, with what it works on.
pub struct Console<'a> {
    /// Where everything is remembered.
    pub database: &'a Database,
    /// Now.
    pub now: Timestamp,
    /// For identifiers and secrets.
    pub random: &'a dyn Random,
}

/// An organization as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The organization.
    pub organization: Organization,
    /// Accounts, those that are shut out included.
    pub principals: usize,
    /// Owners who can sign in.
    pub owners: i64,
}

/// An account as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The account.
    pub principal: Principal,
    /// Its roles.
    pub grants: Vec<Grant>,
    /// Whether a second factor is asked for.
    pub second_factor: bool,
}

/// An owner with a one-time link.
#[derive(Debug)]
pub struct Invited {
    /// Whose link it is.
    pub owner: Principal,
    /// Whether the account was made now.
    pub new: bool,
    /// The secret of the link: shown once.
    pub secret: Secret,
    /// Until when it is good.
    pub until: Timestamp,
}

/// What was ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Sessions.
    pub sessions: u64,
    /// API tokens.
    pub tokens: u64,
}

impl Console<'_> {
    async fn note(
        &self,
        on: &mut dyn Connection,
        of: OrganizationId,
        action: &str,
        subject: String,
        detail: Value,
    ) -> Result<()> {
        note(on, self.now, Noted { organization: of, actor: None, credential: "console", action, subject, detail })
            .await
    }

    /// Writes to every organization's log what is done to all of them.
    ///
    /// # Errors
    /// What the database met.
    pub async fn note_everywhere(&self, action: &str, detail: &Value) -> Result<()> {
        let mut tx = self.database.begin(Scope::System).await?;
        for organization in organizations::all(&mut tx).await? {
            let id = organization.id;
            self.note(&mut tx, id, action, id.to_string(), detail.clone()).await?;
        }
        tx.commit().await
    }

    /// Every organization, oldest first.
    ///
    /// # Errors
    /// What the database met.
    pub async fn organizations(&self) -> Result<Vec<Listed>> {
        let mut tx = self.database.read(Scope::System).await?;
        let mut listed = Vec::new();
        for organization in organizations::all(&mut tx).await? {
            let owners = identities::owners(&mut tx, organization.id).await?;
            let principals = principals::all(&mut tx, Some(organization.id)).await?.len();
            listed.push(Listed { organization, principals, owners });
        }
        Ok(listed)
    }

    /// Makes an organization and its first owner, who sets a password with the link.
    ///
    /// # Errors
    /// `name.invalid`, `email.invalid`; `organization.name-taken`, `principal.email-taken`.
    pub async fn create_organization(&self, name: &str, email: &str) -> Result<(Organization, Invited)> {
        let name = organization::name(name)?;
        let email = principal::email(email)?;
        let mut tx = self.database.begin(Scope::System).await?;
        if organizations::all(&mut tx).await?.iter().any(|o| o.name == name) {
            let text = format!("there is an organization `{name}` already");
            return Err(Error::new(Kind::Conflict, "organization.name-taken", text)
                .help("`proofmark admin link` makes a link for one that is there"));
        }
        let made =
            Organization { id: OrganizationId::new(self.now, self.random), name, created_at: self.now, version: 1 };
        organizations::insert(&mut tx, &made).await?;
        let detail = json!({"name": made.name});
        self.note(&mut tx, made.id, "organization.create", made.id.to_string(), detail).await?;
        let invited = self.invite(&mut tx, made.id, &email).await?;
        tx.commit().await?;
        Ok((made, invited))
    }

    /// A link with which an owner of the organization sets a new password: whoever has that address and is made an owner if
    /// they are none, a new account, or without an address the oldest owner.
    ///
    /// # Errors
    /// `organization.not-found`; `email.invalid`; `principal.email-taken` where somebody of another organization has the
    /// address; `principal.disabled`; `admin.no-owner` where there is none and no address.
    pub async fn link(&self, organization: &str, email: Option<&str>) -> Result<(Organization, Invited)> {
        let email = email.map(principal::email).transpose()?;
        let mut tx = self.database.begin(Scope::System).await?;
        let of = self.organization(&mut tx, organization).await?;
        let email = match email {
            Some(email) => email,
            None => {
                let all = principals::all(&mut tx, Some(of.id)).await?;
                let mut oldest = None;
                for p in all.into_iter().filter(|p| p.disabled_at.is_none() && p.kind == PrincipalKind::User) {
                    if oldest.is_none() && principals::grants(&mut tx, p.id).await?.contains(&OWNER) {
                        oldest = p.email;
                    }
                }
                oldest.ok_or_else(|| {
                    Error::new(Kind::Conflict, "admin.no-owner", "the organization has no owner who is not shut out")
                        .help("say whom to make one: `--email ADDRESS`")
                })?
            }
        };
        let invited = self.invite(&mut tx, of.id, &email).await?;
        tx.commit().await?;
        Ok((of, invited))
    }

    async fn organization(&self, on: &mut dyn Connection, named: &str) -> Result<Organization> {
        let all = organizations::all(on).await?;
        let found: Vec<&Organization> = all.iter().filter(|o| o.id.to_string() == named || o.name == named).collect();
        match found[..] {
            [one] => Ok(one.clone()),
            [] => Err(Error::not_found("organization").help("`proofmark admin organizations` lists them")),
            _ => Err(Error::new(Kind::Conflict, "admin.ambiguous", "several organizations have that name")
                .help("say its identifier: `proofmark admin organizations` lists them")),
        }
    }

    async fn invite(&self, on: &mut dyn Connection, of: OrganizationId, email: &str) -> Result<Invited> {
        identities::lock_members(on, of).await?;
        let (owner, new) = match principals::by_email(on, email).await? {
            Some(p) if p.organization != of => {
                return Err(Error::new(
                    Kind::Conflict,
                    "principal.email-taken",
                    "somebody of another organization has this address already",
                )
                .help("an address belongs to one account of the installation"));
            }
            Some(p) if p.disabled_at.is_some() => {
                return Err(Error::new(Kind::Conflict, "principal.disabled", "the account is shut out")
                    .help("let it in first: `proofmark admin enable`"));
            }
            Some(p) => (p, false),
            None => {
                let local = email.split('@').next().unwrap_or(email);
                let made = Principal {
                    id: PrincipalId::new(self.now, self.random),
                    organization: of,
                    kind: PrincipalKind::User,
                    name: organization::name(local)?,
                    email: Some(email.into()),
                    disabled_at: None,
                    created_at: self.now,
                    version: 1,
                };
                principals::insert(on, &made).await?;
                let detail = json!({"kind": made.kind, "invited": true});
                self.note(on, of, "principal.create", made.id.to_string(), detail).await?;
                (made, true)
            }
        };
        if principals::give(on, of, owner.id, OWNER).await? {
            let detail = json!({"role": Role::Owner, "project": null});
            self.note(on, of, "member.grant", owner.id.to_string(), detail).await?;
        }
        let secret = Secret::new(Purpose::Once, self.random);
        let until = self.now.after(LINK);
        credentials::insert_link(on, of, owner.id, secret.hash(), self.now, until).await?;
        self.note(on, of, "principal.invite", owner.id.to_string(), json!({})).await?;
        Ok(Invited { owner, new, secret, until })
    }

    /// Accounts, of all organizations or one, oldest first. Personal data: that it was read is an audit entry.
    ///
    /// # Errors
    /// `organization.not-found`; what the database met.
    pub async fn principals(&self, organization: Option<&str>) -> Result<Vec<Account>> {
        let mut tx = self.database.begin(Scope::System).await?;
        let of = match organization {
            Some(named) => Some(self.organization(&mut tx, named).await?.id),
            None => None,
        };
        let mut accounts = Vec::new();
        for principal in principals::all(&mut tx, of).await? {
            let grants = principals::grants(&mut tx, principal.id).await?;
            let kept = credentials::get(&mut tx, principal.id).await?.unwrap_or_default();
            accounts.push(Account { principal, grants, second_factor: kept.totp_confirmed_at.is_some() });
        }
        for read in organizations::all(&mut tx).await? {
            let number = accounts.iter().filter(|a| a.principal.organization == read.id).count();
            if number > 0 {
                let detail = json!({"principals": number});
                self.note(&mut tx, read.id, "principal.read", read.id.to_string(), detail).await?;
            }
        }
        tx.commit().await?;
        Ok(accounts)
    }

    /// An account by its identifier or address.
    async fn named(&self, on: &mut dyn Connection, named: &str) -> Result<Principal> {
        let found = match named.parse::<PrincipalId>() {
            Ok(id) => principals::all(on, None).await?.into_iter().find(|p| p.id == id),
            Err(_) => principals::by_email(on, &named.trim().to_lowercase()).await?,
        };
        found.ok_or_else(|| Error::not_found("principal").help("`proofmark admin principals` lists them"))
    }

    /// Shuts an account out, or lets it in again: its sessions end, its tokens and certificates stop working while it is
    /// shut out. The last owner can be shut out, too: [`link`](Console::link) makes another.
    ///
    /// # Errors
    /// `principal.not-found`.
    pub async fn set_disabled(&self, named: &str, out: bool) -> Result<(Principal, Ended)> {
        let mut tx = self.database.begin(Scope::System).await?;
        let mut principal = self.named(&mut tx, named).await?;
        identities::lock_members(&mut tx, principal.organization).await?;
        let mut ended = Ended::default();
        if principal.disabled_at.is_some() != out {
            principal.disabled_at = out.then_some(self.now);
            principal.version += 1;
            principals::set_disabled(&mut tx, principal.organization, principal.id, principal.disabled_at).await?;
            if out {
                ended.sessions = sessions::delete_others(&mut tx, principal.id, None).await?;
            }
            let action = if out { "principal.disable" } else { "principal.enable" };
            let detail = json!({"sessions": ended.sessions});
            self.note(&mut tx, principal.organization, action, principal.id.to_string(), detail).await?;
        }
        tx.commit().await?;
        Ok((principal, ended))
    }

    /// Takes somebody's second factor and recovery codes away; false where there was none. Their sessions end.
    ///
    /// # Errors
    /// `principal.not-found`.
    pub async fn reset_second_factor(&self, named: &str) -> Result<(Principal, bool)> {
        let mut tx = self.database.begin(Scope::System).await?;
        let principal = self.named(&mut tx, named).await?;
        let (of, id) = (principal.organization, principal.id);
        let had = credentials::get(&mut tx, id).await?.is_some_and(|c| c.totp_secret.is_some());
        if had {
            credentials::set_totp(&mut tx, of, id, None, self.now).await?;
            credentials::set_recovery_codes(&mut tx, of, id, &[]).await?;
            let sessions = sessions::delete_others(&mut tx, id, None).await?;
            self.note(&mut tx, of, "totp.reset", id.to_string(), json!({"sessions": sessions})).await?;
        }
        tx.commit().await?;
        Ok((principal, had))
    }

    /// Ends all sessions and API tokens of an account without shutting it out.
    ///
    /// # Errors
    /// `principal.not-found`.
    pub async fn revoke_sessions(&self, named: &str) -> Result<(Principal, Ended)> {
        let mut tx = self.database.begin(Scope::System).await?;
        let principal = self.named(&mut tx, named).await?;
        let ended = Ended {
            sessions: sessions::delete_others(&mut tx, principal.id, None).await?,
            tokens: tokens::revoke_all(&mut tx, principal.id, self.now).await?,
        };
        let detail = json!({"sessions": ended.sessions, "tokens": ended.tokens});
        let (of, id) = (principal.organization, principal.id.to_string());
        self.note(&mut tx, of, "principal.revoke-credentials", id, detail).await?;
        tx.commit().await?;
        Ok((principal, ended))
    }
}
