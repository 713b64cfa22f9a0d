//! Artifacts: names for bytes. The bytes themselves lie in the blob store under their digest.

use crate::connection::{Connection, Row, first, text};
use crate::page::{Listed, Page};
use crate::values;
use proofmark_base::digest::Digest;
use proofmark_base::error::Result;
use proofmark_kernel::artifact::{Artifact, ArtifactId};
use proofmark_kernel::organization::{OrganizationId, ProjectId};
use proofmark_kernel::run::RunId;

const COLUMNS: &str = "id, organization_id, project_id, run_id, name, media_type, digest, size, created_by, created_at";

fn read(row: &Row) -> Result<Artifact> {
    Ok(Artifact {
        id: row.parsed("id")?,
        organization: row.parsed("organization_id")?,
        project: row.parsed("project_id")?,
        run: row.parsed_opt("run_id")?,
        name: row.text("name")?,
        media_type: row.text("media_type")?,
        digest: row.parsed("digest")?,
        size: row.int("size")?,
        created_by: row.parsed("created_by")?,
        created_at: row.time("created_at")?,
    })
}

/// Adds one. A run's artifact of the same name is left as it is: a step that is repeated makes the same bytes.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn insert(on: &mut dyn Connection, a: &Artifact) -> Result<()> {
    let sql = format!(
        "INSERT INTO platform_artifacts ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
    );
    let values = values![
        text(a.id),
        text(a.organization),
        text(a.project),
        a.run.map(|r| r.to_string()),
        &a.name,
        &a.media_type,
        a.digest,
        a.size,
        text(a.created_by),
        a.created_at
    ];
    on.execute(&sql, values).await?;
    Ok(())
}

/// One of an organization.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn get(on: &mut dyn Connection, organization: OrganizationId, id: ArtifactId) -> Result<Option<Artifact>> {
    let sql = format!("SELECT {COLUMNS} FROM platform_artifacts WHERE organization_id = ? AND id = ?");
    first(on, &sql, values![text(organization), text(id)]).await?.map(|r| read(&r)).transpose()
}

/// Those of a project, newest first.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn list(
    on: &mut dyn Connection,
    organization: OrganizationId,
    project: ProjectId,
    page: Page<ArtifactId>,
) -> Result<Listed<Artifact, ArtifactId>> {
    let of = [("organization_id = ?", Some(text(organization))), ("project_id = ?", Some(text(project)))];
    page.read(on, &format!("{COLUMNS} FROM platform_artifacts"), of, read, |a| a.id).await
}

/// Everything that a run made, by name.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn of_run(on: &mut dyn Connection, organization: OrganizationId, run: RunId) -> Result<Vec<Artifact>> {
    let sql =
        format!("SELECT {COLUMNS} FROM platform_artifacts WHERE organization_id = ? AND run_id = ? ORDER BY name");
    on.rows(&sql, values![text(organization), text(run)]).await?.iter().map(read).collect()
}

/// Whether anything of any organization still has these bytes. Needs the system scope.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn in_use(on: &mut dyn Connection, digest: Digest) -> Result<bool> {
    let sql = "SELECT id FROM platform_artifacts WHERE digest = ? LIMIT 1";
    Ok(first(on, sql, values![digest]).await?.is_some())
}
