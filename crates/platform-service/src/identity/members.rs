//! Members of an organization and the roles they hold.
//!
//! Nobody gives or takes a role above their own, and the last owner who can sign in stays an owner.

use super::{rank, rank_of};
use crate::platform::Platform;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_kernel::action::Action;
use proofmark_kernel::organization::OrganizationId;
use proofmark_kernel::principal::{Caller, Grant, Principal, PrincipalId, PrincipalKind, Role};
use proofmark_store::page::{Listed, Page};
use proofmark_store::{Connection, identities, principals, projects};
use serde_json::json;

/// Somebody and the roles they hold.
#[derive(Clone, Debug)]
pub struct Member {
    /// Who.
    pub principal: Principal,
    /// Roles, in the order of place and name.
    pub grants: Vec<Grant>,
}

/// Members of the caller's organization, newest first. Personal data: reading it is written to the audit log.
///
/// # Errors
/// `authorization.denied`; what the database met.
pub async fn list(
    platform: &Platform,
    caller: &Caller,
    page: Page<PrincipalId>,
) -> Result<Listed<Member, PrincipalId>> {
    platform.authorizer.check(caller, Action::PrincipalRead, None)?;
    let mut work = platform.work(caller).await?;
    let listed = principals::list(work.on(), caller.organization, page).await?;
    let mut members = Vec::with_capacity(listed.items.len());
    for principal in listed.items {
        let grants = principals::grants(work.on(), principal.id).await?;
        members.push(Member { principal, grants });
    }
    work.audit("principal.read", caller.organization, json!({"principals": members.len()})).await?;
    work.commit().await?;
    Ok(Listed { items: members, next: listed.next })
}

/// One member. Everybody may read about themselves.
///
/// # Errors
/// `principal.not-found`, `authorization.denied`.
pub async fn get(platform: &Platform, caller: &Caller, id: PrincipalId) -> Result<Member> {
    if id == caller.principal {
        platform.authorizer.check(caller, Action::OrganizationRead, None)?;
        let mut tx = platform.read(caller).await?;
        let principal = known(&mut tx, caller.organization, id).await?;
        return Ok(Member { principal, grants: principals::grants(&mut tx, id).await? });
    }
    platform.authorizer.check(caller, Action::PrincipalRead, None)?;
    let mut work = platform.work(caller).await?;
    let principal = known(work.on(), caller.organization, id).await?;
    let grants = principals::grants(work.on(), id).await?;
    work.audit("principal.read", id, json!({})).await?;
    work.commit().await?;
    Ok(Member { principal, grants })
}

/// The principal, in that organization.
pub(super) async fn known(on: &mut dyn Connection, organization: OrganizationId, id: PrincipalId) -> Result<Principal> {
    principals::get(on, organization, id).await?.ok_or_else(|| Error::not_found("principal"))
}

fn above(caller: &Caller, grant: Grant) -> Result<()> {
    if rank(grant.role) > rank_of(caller, grant.project) {
        let text = format!("the role {} is above yours", grant.role);
        return Err(Error::new(Kind::Forbidden, "member.above", text)
            .at("/role", "a role up to your own")
            .help("an owner can give and take it"));
    }
    Ok(())
}

/// Gives a role in the organization or in a project; false where it was held already. A role that came from a
/// provider's group and is given by hand stays when the group goes.
///
/// # Errors
/// `principal.not-found`, `project.not-found`, `authorization.denied`, `member.above`; `member.approver` for a service
/// account, which approves nothing.
pub async fn grant(platform: &Platform, caller: &Caller, to: PrincipalId, grant: Grant) -> Result<bool> {
    platform.authorizer.check(caller, Action::PrincipalManage, grant.project)?;
    above(caller, grant)?;
    let mut work = platform.work(caller).await?;
    identities::lock_members(work.on(), caller.organization).await?;
    let principal = known(work.on(), caller.organization, to).await?;
    if let Some(project) = grant.project {
        projects::get(work.on(), caller.organization, project).await?.ok_or_else(|| Error::not_found("project"))?;
    }
    if principal.kind == PrincipalKind::ServiceAccount && grant.role == Role::Approver {
        return Err(
            Error::invalid("member.approver", "a service account cannot approve").at("/role", "any role but approver")
        );
    }
    let new = principals::give(work.on(), caller.organization, to, grant).await?;
    let was_provided = identities::unmark_provided(work.on(), to, grant).await?;
    if new || was_provided {
        work.audit("member.grant", to, json!({"role": grant.role, "project": grant.project})).await?;
    }
    work.commit().await?;
    platform.identity.forget(to);
    Ok(new)
}

/// Takes a role; false where it was not held.
///
/// # Errors
/// `principal.not-found`, `authorization.denied`, `member.above`; `member.last-owner`.
pub async fn revoke(platform: &Platform, caller: &Caller, from: PrincipalId, grant: Grant) -> Result<bool> {
    platform.authorizer.check(caller, Action::PrincipalManage, grant.project)?;
    above(caller, grant)?;
    let mut work = platform.work(caller).await?;
    identities::lock_members(work.on(), caller.organization).await?;
    known(work.on(), caller.organization, from).await?;
    let held = principals::take(work.on(), caller.organization, from, grant).await?;
    identities::unmark_provided(work.on(), from, grant).await?;
    if grant == (Grant { role: Role::Owner, project: None }) {
        owner_left(work.on(), caller.organization).await?;
    }
    if held {
        work.audit("member.revoke", from, json!({"role": grant.role, "project": grant.project})).await?;
    }
    work.commit().await?;
    platform.identity.forget(from);
    Ok(held)
}

/// Refuses what would leave the organization without an owner who can sign in. To be asked after the change, under
/// [`identities::lock_members`].
pub(super) async fn owner_left(on: &mut dyn Connection, organization: OrganizationId) -> Result<()> {
    if identities::owners(on, organization).await? > 0 {
        return Ok(());
    }
    Err(Error::new(Kind::Conflict, "member.last-owner", "the organization would have no owner who can sign in")
        .help("make somebody else an owner first; one who was invited counts once the link was used"))
}
