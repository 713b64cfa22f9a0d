//! The first start: whoever can read the program's output becomes the first owner, once.

use super::secret::{Purpose, Secret};
use super::{Noted, note, passwords};
use crate::platform::Platform;
use proofmark_base::digest::Digest;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_base::time::Timestamp;
use proofmark_kernel::organization::{self, Organization, OrganizationId};
use proofmark_kernel::principal::{self, Grant, Principal, PrincipalId, PrincipalKind, Role};
use proofmark_store::{Connection, Scope, credentials, organizations, principals, settings};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;

/// How long the secret is good.
const LIFE: Duration = Duration::from_secs(24 * 60 * 60);
const NAME: &str = "setup";

/// What is kept of the secret.
#[derive(Serialize, Deserialize)]
struct Kept {
    hash: Digest,
    expires_at: Timestamp,
}

/// Who begins.
#[derive(Clone, Copy)]
pub struct First<'a> {
    /// Name of the organization.
    pub organization: &'a str,
    /// Name of its first owner.
    pub name: &'a str,
    /// Their address.
    pub email: &'a str,
    /// Their password.
    pub password: &'a str,
}

/// The secret for the first sign-in, if nobody has begun yet. Each call makes a new one and ends the one before: it is
/// kept as a hash only and cannot be shown again.
///
/// # Errors
/// What the database met.
pub async fn begin(platform: &Platform) -> Result<Option<Secret>> {
    let now = platform.clock.now();
    let mut tx = platform.database.begin(Scope::System).await?;
    if !organizations::all(&mut tx).await?.is_empty() {
        return Ok(None);
    }
    let secret = Secret::new(Purpose::Once, &*platform.random);
    let kept = json!(Kept { hash: secret.hash(), expires_at: now.after(LIFE) });
    settings::set(&mut tx, NAME, &kept.to_string()).await?;
    tx.commit().await?;
    Ok(Some(secret))
}

/// The kept value, if that is the secret and it is still good.
async fn kept(on: &mut dyn Connection, secret: &str, now: Timestamp) -> Result<String> {
    let refused = || {
        Error::new(Kind::Unauthenticated, "setup.refused", "this link is not good any more")
            .help("a new one is printed when the program starts and nobody has begun yet")
    };
    let secret = Secret::read(secret).map_err(|_| refused())?;
    let value = settings::get(on, NAME).await?.ok_or_else(refused)?;
    let kept: Kept = serde_json::from_str(&value).map_err(|e| Error::bug("the kept link is none").because(e))?;
    if kept.hash == secret.hash() && now < kept.expires_at { Ok(value) } else { Err(refused()) }
}

/// Makes the organization and its first owner, who signs in with the password from then on.
///
/// # Errors
/// `setup.refused` for a wrong, used or old secret; `name.invalid`, `email.invalid`, `password.weak`.
pub async fn finish(platform: &Platform, secret: &str, first: First<'_>) -> Result<(OrganizationId, PrincipalId)> {
    let now = platform.clock.now();
    let mut tx = platform.database.read(Scope::System).await?;
    kept(&mut tx, secret, now).await?;
    drop(tx);
    let called = organization::name(first.organization).map_err(|e| moved(e, "/organization"))?;
    let name = organization::name(first.name)?;
    let email = principal::email(first.email)?;
    passwords::check(first.password, &[&name, &email, &called])?;
    let hash = platform.identity.passwords.hash(first.password, &*platform.random).await?;

    let mut tx = platform.database.begin(Scope::System).await?;
    // again, with the lock that the other transaction did not have
    let value = kept(&mut tx, secret, now).await?;
    if !settings::take(&mut tx, NAME, &value).await? || !organizations::all(&mut tx).await?.is_empty() {
        return Err(Error::new(Kind::Conflict, "setup.done", "somebody has begun already").help("sign in"));
    }
    let id = OrganizationId::new(now, &*platform.random);
    organizations::insert(&mut tx, &Organization { id, name: called, created_at: now, version: 1 }).await?;
    let owner = Principal {
        id: PrincipalId::new(now, &*platform.random),
        organization: id,
        kind: PrincipalKind::User,
        name,
        email: Some(email),
        disabled_at: None,
        created_at: now,
        version: 1,
    };
    principals::insert(&mut tx, &owner).await?;
    principals::give(&mut tx, id, owner.id, Grant { role: Role::Owner, project: None }).await?;
    credentials::set_password(&mut tx, id, owner.id, &hash, now).await?;
    let noted = Noted {
        organization: id,
        actor: Some(owner.id),
        credential: "one-time link",
        action: "organization.create",
        subject: id.to_string(),
        detail: json!({"owner": owner.id}),
    };
    note(&mut tx, now, noted).await?;
    tx.commit().await?;
    Ok((id, owner.id))
}

/// The error with its places elsewhere in the request.
fn moved(mut e: Error, at: &str) -> Error {
    e.places.iter_mut().for_each(|p| p.at = at.to_string());
    e
}
