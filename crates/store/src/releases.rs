//! Releases.

use crate::connection::{Connection, Row, first, text};
use crate::page::{Listed, Page};
use crate::projects::json;
use crate::values;
use proofmark_base::error::Result;
use proofmark_kernel::approval::ApprovalId;
use proofmark_kernel::organization::{OrganizationId, ProjectId};
use proofmark_kernel::release::{Release, ReleaseId};

const COLUMNS: &str =
    "id, organization_id, project_id, run_id, approval_id, name, subjects, envelope, created_by, created_at,
    revocation, version";

fn read(row: &Row) -> Result<Release> {
    let revocation = if row.text_opt("revocation")?.is_none() { None } else { Some(row.json("revocation")?) };
    Ok(Release {
        id: row.parsed("id")?,
        organization: row.parsed("organization_id")?,
        project: row.parsed("project_id")?,
        run: row.parsed("run_id")?,
        approval: row.parsed("approval_id")?,
        name: row.text("name")?,
        subjects: row.json("subjects")?,
        envelope: row.parsed("envelope")?,
        created_by: row.parsed("created_by")?,
        created_at: row.time("created_at")?,
        revocation,
        version: row.int("version")?,
    })
}

/// Adds one.
///
/// # Errors
/// `store.unique` where the approval was used or the name is taken; as [`Connection::execute`].
pub async fn insert(on: &mut dyn Connection, r: &Release) -> Result<()> {
    let sql = format!("INSERT INTO platform_releases ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    let values = values![
        text(r.id),
        text(r.organization),
        text(r.project),
        text(r.run),
        text(r.approval),
        &r.name,
        json(&r.subjects)?,
        r.envelope,
        text(r.created_by),
        r.created_at,
        r.revocation.as_ref().map(json).transpose()?,
        r.version
    ];
    on.execute(&sql, values).await?;
    Ok(())
}

/// One of an organization.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn get(on: &mut dyn Connection, organization: OrganizationId, id: ReleaseId) -> Result<Option<Release>> {
    let sql = format!("SELECT {COLUMNS} FROM platform_releases WHERE organization_id = ? AND id = ?");
    first(on, &sql, values![text(organization), text(id)]).await?.map(|r| read(&r)).transpose()
}

/// The one that an approval was used for.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn of_approval(
    on: &mut dyn Connection,
    organization: OrganizationId,
    approval: ApprovalId,
) -> Result<Option<Release>> {
    let sql = format!("SELECT {COLUMNS} FROM platform_releases WHERE organization_id = ? AND approval_id = ?");
    first(on, &sql, values![text(organization), text(approval)]).await?.map(|r| read(&r)).transpose()
}

/// Those of a project, newest first.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn list(
    on: &mut dyn Connection,
    organization: OrganizationId,
    project: ProjectId,
    page: Page<ReleaseId>,
) -> Result<Listed<Release, ReleaseId>> {
    let of = [("organization_id = ?", Some(text(organization))), ("project_id = ?", Some(text(project)))];
    page.read(on, &format!("{COLUMNS} FROM platform_releases"), of, read, |r| r.id).await
}

/// Writes a changed one; false where `version - 1` is not what is there.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn update(on: &mut dyn Connection, r: &Release) -> Result<bool> {
    let sql =
        "UPDATE platform_releases SET revocation = ?, version = ? WHERE organization_id = ? AND id = ? AND version = ?";
    let revocation = r.revocation.as_ref().map(json).transpose()?;
    Ok(on.execute(sql, values![revocation, r.version, text(r.organization), text(r.id), r.version - 1]).await? == 1)
}
