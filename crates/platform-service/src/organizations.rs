//! The caller's organization. A principal belongs to one, so there is one to read and to rename; making another is the
//! operator's, outside the API: no role stands above organizations.

use crate::platform::{Platform, stale};
use proofmark_base::error::{Error, Result};
use proofmark_kernel::action::Action;
use proofmark_kernel::organization::{self, Organization, OrganizationId};
use proofmark_kernel::principal::Caller;
use proofmark_store::{Connection, organizations};
use serde_json::json;

/// Any other organization is not there, for whoever asks.
async fn own(on: &mut dyn Connection, caller: &Caller, id: OrganizationId) -> Result<Organization> {
    let unknown = || Error::not_found("organization");
    if id != caller.organization {
        return Err(unknown());
    }
    organizations::get(on, id).await?.ok_or_else(unknown)
}

/// The organization.
///
/// # Errors
/// `organization.not-found`, `authorization.scope`.
pub async fn get(platform: &Platform, caller: &Caller, id: OrganizationId) -> Result<Organization> {
    let mut tx = platform.read(caller).await?;
    let found = own(&mut tx, caller, id).await?;
    platform.authorizer.check(caller, Action::OrganizationRead, None)?;
    Ok(found)
}

/// Renames it; `version` is the one that the caller saw.
///
/// # Errors
/// `organization.not-found`, `authorization.denied`, `authorization.scope`, `name.invalid`, `version.stale`.
pub async fn rename(
    platform: &Platform,
    caller: &Caller,
    id: OrganizationId,
    name: &str,
    version: i64,
) -> Result<Organization> {
    let mut work = platform.work(caller).await?;
    let mut found = own(work.on(), caller, id).await?;
    platform.authorizer.check(caller, Action::OrganizationUpdate, None)?;
    let name = organization::name(name)?;
    if found.version != version {
        return Err(stale("organization"));
    }
    let before = std::mem::replace(&mut found.name, name);
    found.version += 1;
    if !organizations::update(work.on(), &found).await? {
        return Err(stale("organization"));
    }
    work.audit(Action::OrganizationUpdate.name(), id, json!({"name": found.name, "before": before})).await?;
    work.commit().await?;
    Ok(found)
}
