//! Roles that follow a provider's groups.

use super::provider::Provider;
use super::written;
use proofmark_base::error::Result;
use proofmark_base::time::Timestamp;
use proofmark_kernel::principal::{Grant, Principal, Role};
use proofmark_store::{Connection, identities, principals, projects};
use serde_json::json;
use std::collections::BTreeSet;

/// Gives what the groups give and takes what they gave before and give no more. What somebody gave by hand stays.
pub(super) async fn follow(
    on: &mut dyn Connection,
    provider: &Provider,
    user: &Principal,
    groups: &[String],
    now: Timestamp,
) -> Result<()> {
    let mut wanted = BTreeSet::new();
    for g in provider.groups.iter().filter(|g| groups.contains(&g.group)) {
        // a project that is gone, or of another organization, gives nothing
        let there = match g.project {
            Some(project) => projects::get(on, user.organization, project).await?.is_some(),
            None => true,
        };
        if there {
            wanted.insert(Grant { role: g.role, project: g.project });
        }
    }
    for grant in identities::provided(on, &provider.issuer, user.id).await? {
        if !wanted.contains(&grant) {
            take(on, provider, user, grant, now).await?;
        }
    }
    for grant in wanted {
        if principals::give(on, user.organization, user.id, grant).await? {
            identities::mark_provided(on, &provider.issuer, user.organization, user.id, grant).await?;
            let detail = json!({"role": grant.role, "project": grant.project, "issuer": provider.issuer});
            written(on, now, user, "member.grant", detail).await?;
        }
    }
    Ok(())
}

async fn take(
    on: &mut dyn Connection,
    provider: &Provider,
    user: &Principal,
    grant: Grant,
    now: Timestamp,
) -> Result<()> {
    principals::take(on, user.organization, user.id, grant).await?;
    let owner = grant == (Grant { role: Role::Owner, project: None });
    if owner && identities::owners(on, user.organization).await? == 0 {
        // an organization without an owner could not be mended by anybody
        principals::give(on, user.organization, user.id, grant).await?;
        tracing::warn!(principal = %user.id, "the last owner left the provider's group of owners and stays an owner");
        return Ok(());
    }
    identities::unmark_provided(on, user.id, grant).await?;
    let detail = json!({"role": grant.role, "project": grant.project, "issuer": provider.issuer});
    written(on, now, user, "member.revoke", detail).await
}
