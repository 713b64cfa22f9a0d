//! Requests for approval and what was decided.

use crate::connection::{Connection, Row, first, text};
use crate::page::{Listed, Page};
use crate::projects::json;
use crate::values;
use proofmark_base::error::Result;
use proofmark_kernel::approval::{Approval, ApprovalId, ApprovalStatus};
use proofmark_kernel::organization::{OrganizationId, ProjectId};
use proofmark_kernel::run::RunId;

const COLUMNS: &str =
    "id, organization_id, project_id, run_id, subjects, policy, policy_version, authors, decisions, status,
    created_at, version";

fn read(row: &Row) -> Result<Approval> {
    Ok(Approval {
        id: row.parsed("id")?,
        organization: row.parsed("organization_id")?,
        project: row.parsed("project_id")?,
        run: row.parsed("run_id")?,
        subjects: row.json("subjects")?,
        policy: row.json("policy")?,
        policy_version: row.int("policy_version")?,
        authors: row.json("authors")?,
        decisions: row.json("decisions")?,
        status: row.parsed("status")?,
        created_at: row.time("created_at")?,
        version: row.int("version")?,
    })
}

/// Adds one.
///
/// # Errors
/// `store.unique` where the run has an open one; as [`Connection::execute`].
pub async fn insert(on: &mut dyn Connection, a: &Approval) -> Result<()> {
    let sql = format!("INSERT INTO platform_approvals ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    let values = values![
        text(a.id),
        text(a.organization),
        text(a.project),
        text(a.run),
        json(&a.subjects)?,
        json(&a.policy)?,
        a.policy_version,
        json(&a.authors)?,
        json(&a.decisions)?,
        a.status.name(),
        a.created_at,
        a.version
    ];
    on.execute(&sql, values).await?;
    Ok(())
}

/// One of an organization.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn get(on: &mut dyn Connection, organization: OrganizationId, id: ApprovalId) -> Result<Option<Approval>> {
    let sql = format!("SELECT {COLUMNS} FROM platform_approvals WHERE organization_id = ? AND id = ?");
    first(on, &sql, values![text(organization), text(id)]).await?.map(|r| read(&r)).transpose()
}

/// The newest of a run.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn of_run(on: &mut dyn Connection, organization: OrganizationId, run: RunId) -> Result<Option<Approval>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM platform_approvals WHERE organization_id = ? AND run_id = ? ORDER BY id DESC LIMIT 1"
    );
    first(on, &sql, values![text(organization), text(run)]).await?.map(|r| read(&r)).transpose()
}

/// Those of a project, newest first; in one state only, if named.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn list(
    on: &mut dyn Connection,
    organization: OrganizationId,
    project: ProjectId,
    status: Option<ApprovalStatus>,
    page: Page<ApprovalId>,
) -> Result<Listed<Approval, ApprovalId>> {
    let of = [("organization_id = ?", Some(text(organization))), ("project_id = ?", Some(text(project)))];
    let status = status.map(|s| ("status = ?", Some(s.name().into())));
    let from = format!("{COLUMNS} FROM platform_approvals");
    page.read(on, &from, of.into_iter().chain(status), read, |a| a.id).await
}

/// Those of a project that a change of its policy concerns: pending and approved ones.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn standing(
    on: &mut dyn Connection,
    organization: OrganizationId,
    project: ProjectId,
) -> Result<Vec<Approval>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM platform_approvals WHERE organization_id = ? AND project_id = ?
        AND status IN ('pending', 'approved') ORDER BY id"
    );
    on.rows(&sql, values![text(organization), text(project)]).await?.iter().map(read).collect()
}

/// Writes a changed one; false where `version - 1` is not what is there.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn update(on: &mut dyn Connection, a: &Approval) -> Result<bool> {
    let sql = "UPDATE platform_approvals SET decisions = ?, status = ?, version = ?
        WHERE organization_id = ? AND id = ? AND version = ?";
    let values =
        values![json(&a.decisions)?, a.status.name(), a.version, text(a.organization), text(a.id), a.version - 1];
    Ok(on.execute(sql, values).await? == 1)
}

/// Writes who had a hand in the work, right after [`insert`].
///
/// # Errors
/// As [`Connection::execute`].
pub async fn set_authors(on: &mut dyn Connection, a: &Approval) -> Result<()> {
    let sql = "UPDATE platform_approvals SET authors = ? WHERE organization_id = ? AND id = ?";
    on.execute(sql, values![json(&a.authors)?, text(a.organization), text(a.id)]).await?;
    Ok(())
}
