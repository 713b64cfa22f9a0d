//! Accounts of people and of programs: made, invited, shut out, let in again; passwords.

use super::members::{known, owner_left};
use super::secret::{Purpose, Secret};
use super::{Noted, not_above, note, own_session, passwords, throttle};
use crate::platform::Platform;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_kernel::action::Action;
use proofmark_kernel::organization;
use proofmark_kernel::principal::{self, Caller, Principal, PrincipalId, PrincipalKind};
use proofmark_store::{Scope, credentials, identities, principals, sessions, tokens};
use serde_json::json;
use std::time::Duration;

/// How long a link is good.
const LINK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A person to be added.
#[derive(Clone, Copy)]
pub struct NewUser<'a> {
    /// Name.
    pub name: &'a str,
    /// Address, which nobody has in this installation.
    pub email: &'a str,
    /// A first password; without one a one-time link is made with which they set it.
    pub password: Option<&'a str>,
}

/// Adds a person, without any role. Without a password, the secret of a one-time link comes back, shown once.
///
/// # Errors
/// `authorization.denied`; `name.invalid`, `email.invalid`, `password.weak`; `principal.email-taken`.
pub async fn create_user(
    platform: &Platform,
    caller: &Caller,
    new: NewUser<'_>,
) -> Result<(Principal, Option<Secret>)> {
    platform.authorizer.check(caller, Action::PrincipalManage, None)?;
    let (name, email) = (organization::name(new.name)?, principal::email(new.email)?);
    let hash = match new.password {
        Some(password) => {
            passwords::check(password, &[&name, &email])?;
            Some(platform.identity.passwords.hash(password, &*platform.random).await?)
        }
        None => None,
    };
    let mut work = platform.work(caller).await?;
    let user = Principal {
        id: PrincipalId::new(work.now, &*platform.random),
        organization: caller.organization,
        kind: PrincipalKind::User,
        name,
        email: Some(email),
        disabled_at: None,
        created_at: work.now,
        version: 1,
    };
    principals::insert(work.on(), &user).await.map_err(|e| match e.code.as_ref() {
        "store.unique" => Error::new(Kind::Conflict, "principal.email-taken", "somebody has this address already")
            .at("/email", "an address that nobody has here"),
        _ => e,
    })?;
    let now = work.now;
    let link = match hash {
        Some(hash) => {
            credentials::set_password(work.on(), caller.organization, user.id, &hash, now).await?;
            None
        }
        None => {
            let secret = Secret::new(Purpose::Once, &*platform.random);
            let hash = secret.hash();
            credentials::insert_link(work.on(), caller.organization, user.id, hash, now, now.after(LINK)).await?;
            Some(secret)
        }
    };
    work.audit("principal.create", user.id, json!({"kind": user.kind, "invited": link.is_some()})).await?;
    work.commit().await?;
    Ok((user, link))
}

/// Adds a service account, without any role: a program's, which acts by tokens or certificates.
///
/// # Errors
/// `authorization.denied`, `name.invalid`.
pub async fn create_service_account(platform: &Platform, caller: &Caller, name: &str) -> Result<Principal> {
    platform.authorizer.check(caller, Action::PrincipalManage, None)?;
    let name = organization::name(name)?;
    let mut work = platform.work(caller).await?;
    let account = Principal {
        id: PrincipalId::new(work.now, &*platform.random),
        organization: caller.organization,
        kind: PrincipalKind::ServiceAccount,
        name,
        email: None,
        disabled_at: None,
        created_at: work.now,
        version: 1,
    };
    principals::insert(work.on(), &account).await?;
    work.audit("principal.create", account.id, json!({"kind": account.kind})).await?;
    work.commit().await?;
    Ok(account)
}

/// A one-time link for somebody to set a new password with: an invitation again, or for who forgot theirs. Links made
/// before end. The present password stays good until the link is used.
///
/// # Errors
/// `authorization.denied`, `principal.not-found`, `member.above`; `principal.no-user` for service accounts.
pub async fn invite(platform: &Platform, caller: &Caller, id: PrincipalId) -> Result<Secret> {
    platform.authorizer.check(caller, Action::PrincipalManage, None)?;
    let mut work = platform.work(caller).await?;
    let user = known(work.on(), caller.organization, id).await?;
    not_above(work.on(), caller, id).await?;
    if user.kind != PrincipalKind::User {
        return Err(Error::invalid("principal.no-user", "only people have passwords").help("make a token instead"));
    }
    let secret = Secret::new(Purpose::Once, &*platform.random);
    let now = work.now;
    credentials::insert_link(work.on(), caller.organization, id, secret.hash(), now, now.after(LINK)).await?;
    work.audit("principal.invite", id, json!({})).await?;
    work.commit().await?;
    Ok(secret)
}

/// Sets a password with a one-time link. All sessions of the account end; the second factor stays.
///
/// # Errors
/// `link.refused` for a wrong, used or old link; `password.weak`, after which the link is still good.
pub async fn accept(platform: &Platform, secret: &str, password: &str) -> Result<PrincipalId> {
    let refused = || {
        Error::new(Kind::Unauthenticated, "link.refused", "this link is not good any more")
            .help("ask whoever sent it for a new one")
    };
    let secret = Secret::read(secret).ok().filter(|s| s.purpose() == Purpose::Once).ok_or_else(refused)?;
    let now = platform.clock.now();
    // looked up first and rolled back: a wrong link must not cost a hash, a weak password must not cost the link
    let mut tx = platform.database.begin(Scope::System).await?;
    let (organization, id) = credentials::use_link(&mut tx, secret.hash(), now).await?.ok_or_else(refused)?;
    let user = known(&mut tx, organization, id).await?;
    drop(tx);
    if user.disabled_at.is_some() {
        return Err(refused());
    }
    passwords::check(password, &[&user.name, user.email.as_deref().unwrap_or_default()])?;
    let hash = platform.identity.passwords.hash(password, &*platform.random).await?;

    let mut tx = platform.database.begin(Scope::System).await?;
    credentials::use_link(&mut tx, secret.hash(), now).await?.ok_or_else(refused)?;
    credentials::set_password(&mut tx, organization, id, &hash, now).await?;
    let ended = sessions::delete_others(&mut tx, id, None).await?;
    let noted = Noted {
        organization,
        actor: Some(id),
        credential: "one-time link",
        action: "password.set",
        subject: id.to_string(),
        detail: json!({"sessions": ended}),
    };
    note(&mut tx, now, noted).await?;
    tx.commit().await?;
    platform.identity.forget(id);
    Ok(id)
}

/// Asks the caller's own password again, before what a stolen session must not do.
///
/// # Errors
/// `password.wrong`, `sign-in.throttled`.
pub(super) async fn again(platform: &Platform, caller: &Caller, password: &str) -> Result<Principal> {
    let wrong = || {
        Error::new(Kind::Forbidden, "password.wrong", "the password is not right")
            .at("/current", "your present password")
    };
    let mut tx = platform.read(caller).await?;
    let user = known(&mut tx, caller.organization, caller.principal).await?;
    let hash = credentials::get(&mut tx, caller.principal).await?.and_then(|c| c.password_hash);
    drop(tx);
    let email = user.email.as_deref().unwrap_or_default();
    if password.len() > passwords::LONGEST {
        return Err(wrong());
    }
    let attempt = throttle::begin(platform, email, None).await?;
    if !platform.identity.passwords.verify(password, hash).await? {
        return Err(wrong());
    }
    let mut tx = platform.database.begin(Scope::System).await?;
    attempt.succeeded(&mut tx).await?;
    tx.commit().await?;
    Ok(user)
}

/// Changes the caller's own password; their other sessions end.
///
/// # Errors
/// `authorization.session` for tokens; `password.wrong`, `password.weak`, `sign-in.throttled`.
pub async fn change_password(platform: &Platform, caller: &Caller, current: &str, new: &str) -> Result<()> {
    let this = own_session(platform, caller)?;
    let user = again(platform, caller, current).await?;
    passwords::check(new, &[&user.name, user.email.as_deref().unwrap_or_default()])?;
    let hash = platform.identity.passwords.hash(new, &*platform.random).await?;
    let mut work = platform.work(caller).await?;
    let now = work.now;
    credentials::set_password(work.on(), caller.organization, caller.principal, &hash, now).await?;
    let ended = sessions::delete_others(work.on(), caller.principal, Some(this)).await?;
    work.audit("password.change", caller.principal, json!({"sessions": ended})).await?;
    work.commit().await?;
    platform.identity.forget(caller.principal);
    Ok(())
}

/// Shuts an account out: its sessions end, its tokens and certificates stop working while it is shut out.
///
/// # Errors
/// `authorization.denied`, `principal.not-found`, `member.above`, `member.last-owner`.
pub async fn disable(platform: &Platform, caller: &Caller, id: PrincipalId) -> Result<Principal> {
    set_disabled(platform, caller, id, true).await
}

/// Lets an account in again.
///
/// # Errors
/// As [`disable`].
pub async fn enable(platform: &Platform, caller: &Caller, id: PrincipalId) -> Result<Principal> {
    set_disabled(platform, caller, id, false).await
}

async fn set_disabled(platform: &Platform, caller: &Caller, id: PrincipalId, out: bool) -> Result<Principal> {
    platform.authorizer.check(caller, Action::PrincipalManage, None)?;
    let mut work = platform.work(caller).await?;
    identities::lock_members(work.on(), caller.organization).await?;
    let mut principal = known(work.on(), caller.organization, id).await?;
    not_above(work.on(), caller, id).await?;
    if principal.disabled_at.is_some() == out {
        return Ok(principal);
    }
    principal.disabled_at = out.then_some(work.now);
    principal.version += 1;
    if !principals::update(work.on(), &principal).await? {
        return Err(crate::platform::stale("account"));
    }
    if out {
        sessions::delete_others(work.on(), id, None).await?;
        owner_left(work.on(), caller.organization).await?;
    }
    work.audit(if out { "principal.disable" } else { "principal.enable" }, id, json!({})).await?;
    work.commit().await?;
    platform.identity.forget(id);
    Ok(principal)
}

/// Renames an account; `version` is the one the caller read.
///
/// # Errors
/// `authorization.denied`, `principal.not-found`, `member.above`, `name.invalid`, `version.stale`.
pub async fn rename(
    platform: &Platform,
    caller: &Caller,
    id: PrincipalId,
    name: &str,
    version: i64,
) -> Result<Principal> {
    if id == caller.principal {
        own_session(platform, caller)?;
    } else {
        platform.authorizer.check(caller, Action::PrincipalManage, None)?;
    }
    let name = organization::name(name)?;
    let mut work = platform.work(caller).await?;
    let mut principal = known(work.on(), caller.organization, id).await?;
    not_above(work.on(), caller, id).await?;
    if principal.version != version {
        return Err(crate::platform::stale("account"));
    }
    principal.name = name;
    principal.version += 1;
    if !principals::update(work.on(), &principal).await? {
        return Err(crate::platform::stale("account"));
    }
    work.audit("principal.update", id, json!({"changed": ["name"]})).await?;
    work.commit().await?;
    Ok(principal)
}

/// Ends everything an account can be reached with, without shutting it out: sessions and tokens. For a lost device.
///
/// # Errors
/// `authorization.denied`, `principal.not-found`, `member.above`.
pub async fn revoke_credentials(platform: &Platform, caller: &Caller, id: PrincipalId) -> Result<()> {
    platform.authorizer.check(caller, Action::PrincipalManage, None)?;
    let mut work = platform.work(caller).await?;
    known(work.on(), caller.organization, id).await?;
    not_above(work.on(), caller, id).await?;
    let now = work.now;
    let sessions = sessions::delete_others(work.on(), id, None).await?;
    let tokens = tokens::revoke_all(work.on(), id, now).await?;
    work.audit("principal.revoke-credentials", id, json!({"sessions": sessions, "tokens": tokens})).await?;
    work.commit().await?;
    platform.identity.forget(id);
    Ok(())
}
