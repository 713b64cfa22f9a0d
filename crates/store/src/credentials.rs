//! How people prove who they are: password hashes, second factors, recovery codes, one-time links.

use crate::connection::{Connection, first, text};
use crate::values;
use proofmark_base::digest::Digest;
use proofmark_base::error::Result;
use proofmark_base::time::Timestamp;
use proofmark_kernel::organization::OrganizationId;
use proofmark_kernel::principal::PrincipalId;

/// What is known for checking somebody's sign-in. No secret is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// Argon2id in PHC form; none for people who only come by single sign-on.
    pub password_hash: Option<String>,
    /// The sealed secret of the second factor.
    pub totp_secret: Option<String>,
    /// When its first code was shown; it is asked for from then on.
    pub totp_confirmed_at: Option<Timestamp>,
    /// The last time step whose code was accepted: none is accepted twice.
    pub totp_last_step: i64,
}

/// Those of a user.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn get(on: &mut dyn Connection, of: PrincipalId) -> Result<Option<Credentials>> {
    let sql = "SELECT password_hash, totp_secret, totp_confirmed_at, totp_last_step FROM platform_credentials
        WHERE principal_id = ?";
    let Some(row) = first(on, sql, values![text(of)]).await? else { return Ok(None) };
    Ok(Some(Credentials {
        password_hash: row.text_opt("password_hash")?,
        totp_secret: row.text_opt("totp_secret")?,
        totp_confirmed_at: row.time_opt("totp_confirmed_at")?,
        totp_last_step: row.int("totp_last_step")?,
    }))
}

/// Sets a password's hash; the second factor stays as it is.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn set_password(
    on: &mut dyn Connection,
    organization: OrganizationId,
    of: PrincipalId,
    hash: &str,
    now: Timestamp,
) -> Result<()> {
    let sql = "INSERT INTO platform_credentials (principal_id, organization_id, password_hash, totp_last_step, changed_at)
        VALUES (?, ?, ?, 0, ?)
        ON CONFLICT (principal_id) DO UPDATE SET password_hash = excluded.password_hash, changed_at = excluded.changed_at";
    on.execute(sql, values![text(of), text(organization), hash, now]).await?;
    Ok(())
}

/// Sets the sealed secret of a second factor that is not confirmed yet, or takes the second factor away.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn set_totp(
    on: &mut dyn Connection,
    organization: OrganizationId,
    of: PrincipalId,
    sealed: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    let sql =
        "INSERT INTO platform_credentials (principal_id, organization_id, totp_secret, totp_last_step, changed_at)
        VALUES (?, ?, ?, 0, ?)
        ON CONFLICT (principal_id) DO UPDATE SET totp_secret = excluded.totp_secret, totp_confirmed_at = NULL,
            totp_last_step = 0, changed_at = excluded.changed_at";
    on.execute(sql, values![text(of), text(organization), sealed, now]).await?;
    Ok(())
}

/// Marks the second factor as confirmed.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn confirm_totp(on: &mut dyn Connection, of: PrincipalId, now: Timestamp) -> Result<()> {
    let sql = "UPDATE platform_credentials SET totp_confirmed_at = ?, changed_at = ? WHERE principal_id = ?";
    on.execute(sql, values![now, now, text(of)]).await?;
    Ok(())
}

/// Takes a time step as used; false where it, or a later one, was used already.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn use_totp_step(on: &mut dyn Connection, of: PrincipalId, step: i64) -> Result<bool> {
    let sql = "UPDATE platform_credentials SET totp_last_step = ? WHERE principal_id = ? AND totp_last_step < ?";
    Ok(on.execute(sql, values![step, text(of), step]).await? == 1)
}

/// Replaces somebody's recovery codes by these; none takes them away.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn set_recovery_codes(
    on: &mut dyn Connection,
    organization: OrganizationId,
    of: PrincipalId,
    hashes: &[Digest],
) -> Result<()> {
    on.execute("DELETE FROM platform_recovery_codes WHERE principal_id = ?", values![text(of)]).await?;
    for hash in hashes {
        let sql = "INSERT INTO platform_recovery_codes (principal_id, code_hash, organization_id) VALUES (?, ?, ?)";
        on.execute(sql, values![text(of), *hash, text(organization)]).await?;
    }
    Ok(())
}

/// Uses a recovery code up; false where there is no such unused code.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn use_recovery_code(on: &mut dyn Connection, of: PrincipalId, hash: Digest) -> Result<bool> {
    let sql = "DELETE FROM platform_recovery_codes WHERE principal_id = ? AND code_hash = ?";
    Ok(on.execute(sql, values![text(of), hash]).await? == 1)
}

/// How many recovery codes are left.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn recovery_codes(on: &mut dyn Connection, of: PrincipalId) -> Result<i64> {
    let sql = "SELECT COUNT(*) AS number FROM platform_recovery_codes WHERE principal_id = ?";
    first(on, sql, values![text(of)]).await?.map_or(Ok(0), |r| r.int("number"))
}

/// Keeps a one-time link by which somebody sets a password. Earlier links of theirs end.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn insert_link(
    on: &mut dyn Connection,
    organization: OrganizationId,
    of: PrincipalId,
    hash: Digest,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    on.execute("DELETE FROM platform_links WHERE principal_id = ? OR expires_at <= ?", values![text(of), now]).await?;
    let sql = "INSERT INTO platform_links (secret_hash, organization_id, principal_id, created_at, expires_at)
        VALUES (?, ?, ?, ?, ?)";
    on.execute(sql, values![hash, text(organization), text(of), now, expires_at]).await?;
    Ok(())
}

/// Uses a one-time link up: whose it was, if it was still good. Needs the system scope.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn use_link(
    on: &mut dyn Connection,
    hash: Digest,
    now: Timestamp,
) -> Result<Option<(OrganizationId, PrincipalId)>> {
    let sql = "DELETE FROM platform_links WHERE secret_hash = ? AND expires_at > ?
        RETURNING organization_id, principal_id";
    let row = first(on, sql, values![hash, now]).await?;
    row.map(|r| Ok((r.parsed("organization_id")?, r.parsed("principal_id")?))).transpose()
}
