//! Uploads that are under way.

use crate::connection::{Connection, Row, first, text};
use crate::values;
use proofmark_base::error::Result;
use proofmark_base::time::Timestamp;
use proofmark_kernel::artifact::{ArtifactId, Upload, UploadId};
use proofmark_kernel::organization::OrganizationId;

const COLUMNS: &str =
    "id, organization_id, project_id, name, media_type, size, digest, received, created_by, created_at,
    expires_at, artifact_id";

fn read(row: &Row) -> Result<Upload> {
    Ok(Upload {
        id: row.parsed("id")?,
        organization: row.parsed("organization_id")?,
        project: row.parsed("project_id")?,
        name: row.text("name")?,
        media_type: row.text("media_type")?,
        size: row.int("size")?,
        digest: row.parsed_opt("digest")?,
        received: row.int("received")?,
        created_by: row.parsed("created_by")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        artifact: row.parsed_opt("artifact_id")?,
    })
}

/// Adds one.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn insert(on: &mut dyn Connection, u: &Upload) -> Result<()> {
    let sql = format!("INSERT INTO platform_uploads ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    let values = values![
        text(u.id),
        text(u.organization),
        text(u.project),
        &u.name,
        &u.media_type,
        u.size,
        u.digest.map(|d| d.to_string()),
        u.received,
        text(u.created_by),
        u.created_at,
        u.expires_at,
        u.artifact.map(|a| a.to_string())
    ];
    on.execute(&sql, values).await?;
    Ok(())
}

/// One of an organization.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn get(on: &mut dyn Connection, organization: OrganizationId, id: UploadId) -> Result<Option<Upload>> {
    let sql = format!("SELECT {COLUMNS} FROM platform_uploads WHERE organization_id = ? AND id = ?");
    first(on, &sql, values![text(organization), text(id)]).await?.map(|r| read(&r)).transpose()
}

/// Whether there is one of that identifier, of whichever organization. Needs the system scope.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn exists(on: &mut dyn Connection, id: UploadId) -> Result<bool> {
    Ok(first(on, "SELECT id FROM platform_uploads WHERE id = ?", values![text(id)]).await?.is_some())
}

/// Moves the number of bytes that are here from `from` to `to`; false where somebody else moved it.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn advance(on: &mut dyn Connection, id: UploadId, from: i64, to: i64) -> Result<bool> {
    let sql = "UPDATE platform_uploads SET received = ? WHERE id = ? AND received = ? AND artifact_id IS NULL";
    Ok(on.execute(sql, values![to, text(id), from]).await? == 1)
}

/// Says what it became; false where it was said already.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn finish(on: &mut dyn Connection, id: UploadId, artifact: ArtifactId) -> Result<bool> {
    let sql = "UPDATE platform_uploads SET artifact_id = ?, received = size WHERE id = ? AND artifact_id IS NULL";
    Ok(on.execute(sql, values![text(artifact), text(id)]).await? == 1)
}

/// Bytes that the uploads under way of an organization may still come to: what a quota counts.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn pending(on: &mut dyn Connection, organization: OrganizationId, now: Timestamp) -> Result<(i64, i64)> {
    let sql = "SELECT COUNT(*) AS number, CAST(COALESCE(SUM(size), 0) AS BIGINT) AS bytes FROM platform_uploads
        WHERE organization_id = ? AND artifact_id IS NULL AND expires_at > ?";
    match first(on, sql, values![text(organization), now]).await? {
        Some(row) => Ok((row.int("number")?, row.int("bytes")?)),
        None => Ok((0, 0)),
    }
}

/// Those that were given up, at most `limit`. Needs the system scope.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn expired(on: &mut dyn Connection, now: Timestamp, limit: u32) -> Result<Vec<Upload>> {
    let sql = format!("SELECT {COLUMNS} FROM platform_uploads WHERE expires_at <= ? ORDER BY expires_at LIMIT ?");
    on.rows(&sql, values![now, limit]).await?.iter().map(read).collect()
}

/// Forgets one.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn delete(on: &mut dyn Connection, id: UploadId) -> Result<()> {
    on.execute("DELETE FROM platform_uploads WHERE id = ?", values![text(id)]).await?;
    Ok(())
}
