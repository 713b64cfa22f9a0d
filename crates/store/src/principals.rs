//! Principals and the roles they hold.

use crate::connection::{Connection, Row, first, text};
use crate::page::{Listed, Page};
use crate::values;
use proofmark_base::error::Result;
use proofmark_base::time::Timestamp;
use proofmark_kernel::organization::{OrganizationId, ProjectId};
use proofmark_kernel::principal::{Grant, Principal, PrincipalId, Role};

const COLUMNS: &str = "id, organization_id, kind, name, email, disabled_at, created_at, version";

/// A principal from a row with its columns.
///
/// # Errors
/// A column is missing or holds something else.
pub fn read(row: &Row) -> Result<Principal> {
    Ok(Principal {
        id: row.parsed("id")?,
        organization: row.parsed("organization_id")?,
        kind: row.parsed("kind")?,
        name: row.text("name")?,
        email: row.text_opt("email")?,
        disabled_at: row.time_opt("disabled_at")?,
        created_at: row.time("created_at")?,
        version: row.int("version")?,
    })
}

/// Adds one.
///
/// # Errors
/// `store.unique` where the address is taken; as [`Connection::execute`].
pub async fn insert(on: &mut dyn Connection, p: &Principal) -> Result<()> {
    let sql =
        "INSERT INTO platform_principals (id, organization_id, kind, name, email, disabled_at, created_at, version)
        VALUES (?, ?, ?, ?, ?, CAST(? AS BIGINT), ?, ?)";
    let values = values![
        text(p.id),
        text(p.organization),
        p.kind.name(),
        &p.name,
        p.email.clone(),
        p.disabled_at,
        p.created_at,
        p.version
    ];
    on.execute(sql, values).await?;
    Ok(())
}

/// One of an organization.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn get(on: &mut dyn Connection, organization: OrganizationId, id: PrincipalId) -> Result<Option<Principal>> {
    let sql = format!("SELECT {COLUMNS} FROM platform_principals WHERE organization_id = ? AND id = ?");
    first(on, &sql, values![text(organization), text(id)]).await?.map(|r| read(&r)).transpose()
}

/// The user with that address, in whichever organization. Needs the system scope.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn by_email(on: &mut dyn Connection, email: &str) -> Result<Option<Principal>> {
    let sql = format!("SELECT {COLUMNS} FROM platform_principals WHERE email = ?");
    first(on, &sql, values![email]).await?.map(|r| read(&r)).transpose()
}

/// Those of an organization, newest first.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn list(
    on: &mut dyn Connection,
    organization: OrganizationId,
    page: Page<PrincipalId>,
) -> Result<Listed<Principal, PrincipalId>> {
    let of = [("organization_id = ?", Some(text(organization)))];
    page.read(on, &format!("{COLUMNS} FROM platform_principals"), of, read, |p| p.id).await
}

/// Those of an organization, or all of the installation, oldest first. All needs the system scope.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn all(on: &mut dyn Connection, organization: Option<OrganizationId>) -> Result<Vec<Principal>> {
    let of = organization.map(|o| o.to_string()).unwrap_or_default();
    let sql = format!("SELECT {COLUMNS} FROM platform_principals WHERE (? = '' OR organization_id = ?) ORDER BY id");
    on.rows(&sql, values![&of, &of]).await?.iter().map(read).collect()
}

/// Writes a changed one; false where `version - 1` is not what is there.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn update(on: &mut dyn Connection, p: &Principal) -> Result<bool> {
    let sql = "UPDATE platform_principals SET name = ?, email = ?, disabled_at = CAST(? AS BIGINT), version = ?
        WHERE organization_id = ? AND id = ? AND version = ?";
    let values =
        values![&p.name, p.email.clone(), p.disabled_at, p.version, text(p.organization), text(p.id), p.version - 1];
    Ok(on.execute(sql, values).await? == 1)
}

fn grant(row: &Row) -> Result<Grant> {
    let project = row.text("project_id")?;
    let project = if project.is_empty() { None } else { Some(row.parsed("project_id")?) };
    Ok(Grant { role: row.parsed("role")?, project })
}

fn place(project: Option<ProjectId>) -> String {
    project.map(|p| p.to_string()).unwrap_or_default()
}

/// The roles of a principal.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn grants(on: &mut dyn Connection, principal: PrincipalId) -> Result<Vec<Grant>> {
    let sql = "SELECT role, project_id FROM platform_grants WHERE principal_id = ? ORDER BY project_id, role";
    on.rows(sql, values![text(principal)]).await?.iter().map(grant).collect()
}

/// Everybody's roles in an organization.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn all_grants(on: &mut dyn Connection, organization: OrganizationId) -> Result<Vec<(PrincipalId, Grant)>> {
    let sql = "SELECT principal_id, role, project_id FROM platform_grants WHERE organization_id = ?
        ORDER BY principal_id, project_id, role";
    let rows = on.rows(sql, values![text(organization)]).await?;
    rows.iter().map(|r| Ok((r.parsed("principal_id")?, grant(r)?))).collect()
}

/// Gives a role; false where it was held already.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn give(
    on: &mut dyn Connection,
    organization: OrganizationId,
    to: PrincipalId,
    grant: Grant,
) -> Result<bool> {
    let sql = "INSERT INTO platform_grants (organization_id, principal_id, role, project_id) VALUES (?, ?, ?, ?)
        ON CONFLICT DO NOTHING";
    let values = values![text(organization), text(to), grant.role.name(), place(grant.project)];
    Ok(on.execute(sql, values).await? == 1)
}

/// Takes a role; false where it was not held.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn take(
    on: &mut dyn Connection,
    organization: OrganizationId,
    from: PrincipalId,
    grant: Grant,
) -> Result<bool> {
    let sql =
        "DELETE FROM platform_grants WHERE organization_id = ? AND principal_id = ? AND role = ? AND project_id = ?";
    let values = values![text(organization), text(from), grant.role.name(), place(grant.project)];
    Ok(on.execute(sql, values).await? == 1)
}

/// How many principals that are not shut out hold a role in the whole organization.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn holders(on: &mut dyn Connection, organization: OrganizationId, role: Role) -> Result<i64> {
    let sql = "SELECT COUNT(*) AS number FROM platform_grants g JOIN platform_principals p ON p.id = g.principal_id
        WHERE g.organization_id = ? AND g.role = ? AND g.project_id = '' AND p.disabled_at IS NULL";
    match first(on, sql, values![text(organization), role.name()]).await? {
        Some(row) => row.int("number"),
        None => Ok(0),
    }
}

/// Shuts somebody out at that moment, or lets them in again; false where there is nobody of that identifier.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn set_disabled(
    on: &mut dyn Connection,
    organization: OrganizationId,
    id: PrincipalId,
    at: Option<Timestamp>,
) -> Result<bool> {
    let sql = "UPDATE platform_principals SET disabled_at = CAST(? AS BIGINT), version = version + 1
        WHERE organization_id = ? AND id = ?";
    Ok(on.execute(sql, values![at, text(organization), text(id)]).await? == 1)
}
