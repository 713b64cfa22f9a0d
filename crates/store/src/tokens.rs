//! API tokens: for programs, limited in scope and time.

use crate::connection::{Connection, Row, first, text};
use crate::page::{Listed, Page};
use crate::sessions::{Found, found};
use crate::values;
use proofmark_base::digest::Digest;
use proofmark_base::error::{Error, Result};
use proofmark_base::time::Timestamp;
use proofmark_kernel::organization::OrganizationId;
use proofmark_kernel::principal::{PrincipalId, TokenId};

/// A token. Its secret is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Identifier.
    pub id: TokenId,
    /// Whose house.
    pub organization: OrganizationId,
    /// On whose account it acts.
    pub principal: PrincipalId,
    /// Name for people.
    pub name: String,
    /// What it is limited to; all that its owner's roles give if none.
    pub scopes: Option<Vec<String>>,
    /// Who made it.
    pub created_by: PrincipalId,
    /// When.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was last used, to the minute.
    pub seen_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

const COLUMNS: &str =
    "id, organization_id, principal_id, name, scopes, created_by, created_at, expires_at, seen_at, revoked_at";

fn read(row: &Row) -> Result<Token> {
    Ok(Token {
        id: row.parsed("id")?,
        organization: row.parsed("organization_id")?,
        principal: row.parsed("principal_id")?,
        name: row.text("name")?,
        scopes: row.json_opt("scopes")?,
        created_by: row.parsed("created_by")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        seen_at: row.time_opt("seen_at")?,
        revoked_at: row.time_opt("revoked_at")?,
    })
}

/// Adds one.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn insert(on: &mut dyn Connection, t: &Token, secret: Digest) -> Result<()> {
    let scopes = t.scopes.as_ref().map(serde_json::to_string).transpose();
    let scopes = scopes.map_err(|e| Error::bug("scopes that are no JSON").because(e))?;
    let sql = "INSERT INTO platform_tokens
        (id, organization_id, principal_id, name, secret_hash, scopes, created_by, created_at, expires_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let values = values![
        text(t.id),
        text(t.organization),
        text(t.principal),
        &t.name,
        secret,
        scopes,
        text(t.created_by),
        t.created_at,
        t.expires_at
    ];
    on.execute(sql, values).await?;
    Ok(())
}

/// The token with that secret, with its owner and their roles. Needs the system scope.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn by_secret(on: &mut dyn Connection, secret: Digest) -> Result<Option<Found<Token>>> {
    let sql = "SELECT t.id, t.organization_id, t.principal_id, t.name, t.scopes, t.created_by, t.created_at,
            t.expires_at, t.seen_at, t.revoked_at, p.kind, p.disabled_at, g.role, g.project_id
        FROM platform_tokens t JOIN platform_principals p ON p.id = t.principal_id
        LEFT JOIN platform_grants g ON g.principal_id = t.principal_id
        WHERE t.secret_hash = ?";
    found(&on.rows(sql, values![secret]).await?, read)
}

/// One of an organization.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn get(on: &mut dyn Connection, organization: OrganizationId, id: TokenId) -> Result<Option<Token>> {
    let sql = format!("SELECT {COLUMNS} FROM platform_tokens WHERE organization_id = ? AND id = ?");
    first(on, &sql, values![text(organization), text(id)]).await?.map(|r| read(&r)).transpose()
}

/// Those of an organization, or of one principal of it, newest first; ended and revoked ones too.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn list(
    on: &mut dyn Connection,
    organization: OrganizationId,
    of: Option<PrincipalId>,
    page: Page<TokenId>,
) -> Result<Listed<Token, TokenId>> {
    let all = [("organization_id = ?", Some(text(organization)))];
    let of = of.map(|p| ("principal_id = ?", Some(text(p))));
    page.read(on, &format!("{COLUMNS} FROM platform_tokens"), all.into_iter().chain(of), read, |t| t.id).await
}

/// How many of somebody's tokens are in force.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn count(on: &mut dyn Connection, of: PrincipalId, now: Timestamp) -> Result<i64> {
    let sql = "SELECT COUNT(*) AS number FROM platform_tokens
        WHERE principal_id = ? AND revoked_at IS NULL AND expires_at > ?";
    first(on, sql, values![text(of), now]).await?.map_or(Ok(0), |r| r.int("number"))
}

/// Notes that it was used.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn seen(on: &mut dyn Connection, id: TokenId, now: Timestamp) -> Result<()> {
    let sql = "UPDATE platform_tokens SET seen_at = ? WHERE id = ? AND (seen_at IS NULL OR seen_at < ?)";
    on.execute(sql, values![now, text(id), now]).await?;
    Ok(())
}

/// Revokes one; false where it was revoked before.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn revoke(on: &mut dyn Connection, id: TokenId, now: Timestamp) -> Result<bool> {
    let sql = "UPDATE platform_tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL";
    Ok(on.execute(sql, values![now, text(id)]).await? == 1)
}

/// Revokes all of somebody's; gives how many were in force.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn revoke_all(on: &mut dyn Connection, of: PrincipalId, now: Timestamp) -> Result<u64> {
    let sql = "UPDATE platform_tokens SET revoked_at = ? WHERE principal_id = ? AND revoked_at IS NULL";
    on.execute(sql, values![now, text(of)]).await
}
