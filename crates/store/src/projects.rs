//! Projects.

use crate::connection::{Connection, Row, Value, first, text};
use crate::page::{Listed, Page};
use crate::values;
use proofmark_base::error::{Error, Result};
use proofmark_kernel::approval::Policy;
use proofmark_kernel::organization::{OrganizationId, Project, ProjectId};

const COLUMNS: &str = "id, organization_id, name, policy, policy_version, created_by, created_at, archived_at, version";

fn read(row: &Row) -> Result<Project> {
    Ok(Project {
        id: row.parsed("id")?,
        organization: row.parsed("organization_id")?,
        name: row.text("name")?,
        policy: row.json("policy")?,
        policy_version: row.int("policy_version")?,
        created_by: row.parsed("created_by")?,
        created_at: row.time("created_at")?,
        archived_at: row.time_opt("archived_at")?,
        version: row.int("version")?,
    })
}

fn policy(policy: &Policy) -> Result<Value> {
    json(policy)
}

/// A value as the JSON text that is stored.
pub(crate) fn json<T: serde::Serialize>(value: &T) -> Result<Value> {
    serde_json::to_string(value).map(Value::Text).map_err(|e| Error::bug("a value has no JSON form").because(e))
}

/// Adds one.
///
/// # Errors
/// `store.unique` where the name is taken; as [`Connection::execute`].
pub async fn insert(on: &mut dyn Connection, p: &Project) -> Result<()> {
    let sql = format!("INSERT INTO platform_projects ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, CAST(? AS BIGINT), ?)");
    let values = values![
        text(p.id),
        text(p.organization),
        &p.name,
        policy(&p.policy)?,
        p.policy_version,
        text(p.created_by),
        p.created_at,
        p.archived_at,
        p.version
    ];
    on.execute(&sql, values).await?;
    Ok(())
}

/// One of an organization.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn get(on: &mut dyn Connection, organization: OrganizationId, id: ProjectId) -> Result<Option<Project>> {
    let sql = format!("SELECT {COLUMNS} FROM platform_projects WHERE organization_id = ? AND id = ?");
    first(on, &sql, values![text(organization), text(id)]).await?.map(|r| read(&r)).transpose()
}

/// Those of an organization, newest first.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn list(
    on: &mut dyn Connection,
    organization: OrganizationId,
    archived: bool,
    page: Page<ProjectId>,
) -> Result<Listed<Project, ProjectId>> {
    let archived = if archived { "archived_at IS NOT NULL" } else { "archived_at IS NULL" };
    let of = [("organization_id = ?", Some(text(organization))), (archived, None)];
    page.read(on, &format!("{COLUMNS} FROM platform_projects"), of, read, |p| p.id).await
}

/// Writes a changed one; false where `version - 1` is not what is there.
///
/// # Errors
/// `store.unique` where the name is taken; as [`Connection::execute`].
pub async fn update(on: &mut dyn Connection, p: &Project) -> Result<bool> {
    let sql = "UPDATE platform_projects SET name = ?, policy = ?, policy_version = ?, archived_at = CAST(? AS BIGINT),
        version = ? WHERE organization_id = ? AND id = ? AND version = ?";
    let values = values![
        &p.name,
        policy(&p.policy)?,
        p.policy_version,
        p.archived_at,
        p.version,
        text(p.organization),
        text(p.id),
        p.version - 1
    ];
    Ok(on.execute(sql, values).await? == 1)
}
