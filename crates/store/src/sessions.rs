//! Sessions: somebody who signed in, until they sign out or it ends.

use crate::connection::{Connection, Row, first, text};
use crate::values;
use proofmark_base::digest::Digest;
use proofmark_base::error::Result;
use proofmark_base::time::Timestamp;
use proofmark_kernel::organization::OrganizationId;
use proofmark_kernel::principal::{Grant, PrincipalId, PrincipalKind, SessionId};

/// A session. Its secret is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Identifier.
    pub id: SessionId,
    /// Whose house.
    pub organization: OrganizationId,
    /// Whose.
    pub principal: PrincipalId,
    /// How it began: `password`, `password+totp`, `password+recovery`, `oidc`.
    pub method: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub seen_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}

/// Somebody found by a secret, with all that authentication needs.
#[derive(Clone, Debug)]
pub struct Found<T> {
    /// The session or token.
    pub credential: T,
    /// What its owner is.
    pub kind: PrincipalKind,
    /// When its owner was shut out.
    pub disabled_at: Option<Timestamp>,
    /// The owner's roles.
    pub grants: Vec<Grant>,
}

/// What one query over a credential, its principal and the principal's roles gave: a row for each role, or one row
/// without a role.
pub(crate) fn found<T>(rows: &[Row], read: impl Fn(&Row) -> Result<T>) -> Result<Option<Found<T>>> {
    let Some(one) = rows.first() else { return Ok(None) };
    let mut grants = Vec::with_capacity(rows.len());
    for row in rows {
        if let Some(role) = row.parsed_opt("role")? {
            let project = row.text("project_id")?;
            let project = if project.is_empty() { None } else { Some(row.parsed("project_id")?) };
            grants.push(Grant { role, project });
        }
    }
    Ok(Some(Found {
        credential: read(one)?,
        kind: one.parsed("kind")?,
        disabled_at: one.time_opt("disabled_at")?,
        grants,
    }))
}

fn read(row: &Row) -> Result<Session> {
    Ok(Session {
        id: row.parsed("id")?,
        organization: row.parsed("organization_id")?,
        principal: row.parsed("principal_id")?,
        method: row.text("method")?,
        created_at: row.time("created_at")?,
        seen_at: row.time("seen_at")?,
        expires_at: row.time("expires_at")?,
    })
}

/// Adds one.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn insert(on: &mut dyn Connection, s: &Session, secret: Digest) -> Result<()> {
    let sql = "INSERT INTO platform_sessions
        (id, organization_id, principal_id, secret_hash, method, created_at, seen_at, expires_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    let values = values![
        text(s.id),
        text(s.organization),
        text(s.principal),
        secret,
        &s.method,
        s.created_at,
        s.seen_at,
        s.expires_at
    ];
    on.execute(sql, values).await?;
    Ok(())
}

/// The session with that secret, with its owner and their roles. Needs the system scope.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn by_secret(on: &mut dyn Connection, secret: Digest) -> Result<Option<Found<Session>>> {
    let sql = "SELECT s.id, s.organization_id, s.principal_id, s.method, s.created_at, s.seen_at, s.expires_at,
            p.kind, p.disabled_at, g.role, g.project_id
        FROM platform_sessions s JOIN platform_principals p ON p.id = s.principal_id
        LEFT JOIN platform_grants g ON g.principal_id = s.principal_id
        WHERE s.secret_hash = ?";
    found(&on.rows(sql, values![secret]).await?, read)
}

/// Somebody's sessions that have not ended, newest first. `idle_since`: those not used since then have ended.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn list(
    on: &mut dyn Connection,
    of: PrincipalId,
    now: Timestamp,
    idle_since: Timestamp,
) -> Result<Vec<Session>> {
    let sql = "SELECT id, organization_id, principal_id, method, created_at, seen_at, expires_at FROM platform_sessions
        WHERE principal_id = ? AND expires_at > ? AND seen_at > ? ORDER BY id DESC LIMIT 200";
    on.rows(sql, values![text(of), now, idle_since]).await?.iter().map(read).collect()
}

/// Notes that it was used.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn seen(on: &mut dyn Connection, id: SessionId, now: Timestamp) -> Result<()> {
    on.execute("UPDATE platform_sessions SET seen_at = ? WHERE id = ? AND seen_at < ?", values![now, text(id), now])
        .await?;
    Ok(())
}

/// Ends one of somebody's sessions; false where they have none of that identifier.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn delete(on: &mut dyn Connection, of: PrincipalId, id: SessionId) -> Result<bool> {
    let sql = "DELETE FROM platform_sessions WHERE principal_id = ? AND id = ?";
    Ok(on.execute(sql, values![text(of), text(id)]).await? == 1)
}

/// Ends all of somebody's sessions but one; gives how many ended.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn delete_others(on: &mut dyn Connection, of: PrincipalId, but: Option<SessionId>) -> Result<u64> {
    let but = but.map(|id| id.to_string()).unwrap_or_default();
    on.execute("DELETE FROM platform_sessions WHERE principal_id = ? AND id <> ?", values![text(of), but]).await
}

/// Forgets somebody's sessions that have ended, and the oldest beyond `keep`.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn tidy(
    on: &mut dyn Connection,
    of: PrincipalId,
    now: Timestamp,
    idle_since: Timestamp,
    keep: i64,
) -> Result<()> {
    let sql = "DELETE FROM platform_sessions WHERE principal_id = ? AND (expires_at <= ? OR seen_at <= ? OR id IN
        (SELECT id FROM platform_sessions WHERE principal_id = ? ORDER BY id DESC LIMIT 100000 OFFSET ?))";
    on.execute(sql, values![text(of), now, idle_since, text(of), keep]).await?;
    Ok(())
}

/// How many sessions have not ended: for metrics.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn count(on: &mut dyn Connection, now: Timestamp) -> Result<i64> {
    let sql = "SELECT COUNT(*) AS number FROM platform_sessions WHERE expires_at > ?";
    first(on, sql, values![now]).await?.map_or(Ok(0), |r| r.int("number"))
}
