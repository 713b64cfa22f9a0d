//! Who somebody is elsewhere: at an OpenID Connect provider, or by a client certificate; sign-ins under way to a
//! provider; and the roles that a provider gave.

use crate::connection::{Connection, Row, first, text};
use crate::sessions::{Found, found};
use crate::values;
use proofmark_base::digest::Digest;
use proofmark_base::error::Result;
use proofmark_base::time::Timestamp;
use proofmark_kernel::organization::OrganizationId;
use proofmark_kernel::principal::{Grant, PrincipalId};

/// Who the provider's `subject` is here. Needs the system scope.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn get(
    on: &mut dyn Connection,
    issuer: &str,
    subject: &str,
) -> Result<Option<(OrganizationId, PrincipalId)>> {
    let sql = "SELECT organization_id, principal_id FROM platform_identities WHERE issuer = ? AND subject = ?";
    let row = first(on, sql, values![issuer, subject]).await?;
    row.map(|r| Ok((r.parsed("organization_id")?, r.parsed("principal_id")?))).transpose()
}

/// Keeps who that subject is.
///
/// # Errors
/// `store.unique` where it is somebody already; as [`Connection::execute`].
pub async fn insert(
    on: &mut dyn Connection,
    issuer: &str,
    subject: &str,
    organization: OrganizationId,
    of: PrincipalId,
    now: Timestamp,
) -> Result<()> {
    let sql = "INSERT INTO platform_identities (issuer, subject, organization_id, principal_id, created_at)
        VALUES (?, ?, ?, ?, ?)";
    on.execute(sql, values![issuer, subject, text(organization), text(of), now]).await?;
    Ok(())
}

/// A sign-in that was sent to a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnderWay {
    /// Name of the provider.
    pub provider: String,
    /// What the browser that began it shows, hashed.
    pub browser: Digest,
    /// What the identity token must repeat.
    pub nonce: String,
    /// The sealed PKCE verifier.
    pub verifier: String,
    /// Where the person goes afterwards, within this program's pages.
    pub then: String,
}

/// Keeps it until it comes back, and forgets those that did not.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn begin(
    on: &mut dyn Connection,
    state: Digest,
    u: &UnderWay,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    on.execute("DELETE FROM platform_oidc_sign_ins WHERE expires_at <= ?", values![now]).await?;
    let sql =
        "INSERT INTO platform_oidc_sign_ins (state_hash, provider, browser_hash, nonce, verifier, then_to, expires_at)
        VALUES (?, ?, ?, ?, ?, ?, ?)";
    let values = values![state, &u.provider, u.browser, &u.nonce, &u.verifier, &u.then, expires_at];
    on.execute(sql, values).await?;
    Ok(())
}

/// Takes one that came back: once, and in time.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn take(on: &mut dyn Connection, state: Digest, now: Timestamp) -> Result<Option<UnderWay>> {
    let sql = "DELETE FROM platform_oidc_sign_ins WHERE state_hash = ? AND expires_at > ?
        RETURNING provider, browser_hash, nonce, verifier, then_to";
    let row = first(on, sql, values![state, now]).await?;
    row.map(|r| {
        Ok(UnderWay {
            provider: r.text("provider")?,
            browser: r.parsed("browser_hash")?,
            nonce: r.text("nonce")?,
            verifier: r.text("verifier")?,
            then: r.text("then_to")?,
        })
    })
    .transpose()
}

fn place(grant: Grant) -> String {
    grant.project.map(|p| p.to_string()).unwrap_or_default()
}

/// The roles that a provider gave somebody, and nobody gave by hand.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn provided(on: &mut dyn Connection, issuer: &str, of: PrincipalId) -> Result<Vec<Grant>> {
    let sql = "SELECT role, project_id FROM platform_provided_grants WHERE issuer = ? AND principal_id = ?";
    let grant = |r: &Row| {
        let project = r.text("project_id")?;
        let project = if project.is_empty() { None } else { Some(r.parsed("project_id")?) };
        Ok(Grant { role: r.parsed("role")?, project })
    };
    on.rows(sql, values![issuer, text(of)]).await?.iter().map(grant).collect()
}

/// Marks a role as given by a provider.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn mark_provided(
    on: &mut dyn Connection,
    issuer: &str,
    organization: OrganizationId,
    of: PrincipalId,
    grant: Grant,
) -> Result<()> {
    let sql = "INSERT INTO platform_provided_grants (issuer, principal_id, role, project_id, organization_id)
        VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
    on.execute(sql, values![issuer, text(of), grant.role.name(), place(grant), text(organization)]).await?;
    Ok(())
}

/// Takes the mark away: somebody gave the role by hand, or it was taken. True if it was there.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn unmark_provided(on: &mut dyn Connection, of: PrincipalId, grant: Grant) -> Result<bool> {
    let sql = "DELETE FROM platform_provided_grants WHERE principal_id = ? AND role = ? AND project_id = ?";
    Ok(on.execute(sql, values![text(of), grant.role.name(), place(grant)]).await? > 0)
}

/// How many people who can sign in own the organization.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn owners(on: &mut dyn Connection, organization: OrganizationId) -> Result<i64> {
    let sql = "SELECT COUNT(*) AS number FROM platform_grants g JOIN platform_principals p ON p.id = g.principal_id
        WHERE g.organization_id = ? AND g.role = 'owner' AND g.project_id = ''
            AND p.disabled_at IS NULL AND p.kind = 'user'
            AND (EXISTS (SELECT 1 FROM platform_credentials c
                    WHERE c.principal_id = p.id AND c.password_hash IS NOT NULL)
                OR EXISTS (SELECT 1 FROM platform_identities i WHERE i.principal_id = p.id))";
    first(on, sql, values![text(organization)]).await?.map_or(Ok(0), |r| r.int("number"))
}

/// Makes whoever changes the members of an organization wait for each other.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn lock_members(on: &mut dyn Connection, organization: OrganizationId) -> Result<()> {
    let sql = "UPDATE platform_organizations SET version = version WHERE id = ?";
    on.execute(sql, values![text(organization)]).await?;
    Ok(())
}

/// A client certificate of a service account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// SHA-256 of its DER form.
    pub fingerprint: Digest,
    /// Whose house.
    pub organization: OrganizationId,
    /// On whose account its holder acts.
    pub principal: PrincipalId,
    /// Who registered it.
    pub created_by: PrincipalId,
    /// When.
    pub created_at: Timestamp,
}

fn certificate(row: &Row) -> Result<Certificate> {
    Ok(Certificate {
        fingerprint: row.parsed("fingerprint")?,
        organization: row.parsed("organization_id")?,
        principal: row.parsed("principal_id")?,
        created_by: row.parsed("created_by")?,
        created_at: row.time("created_at")?,
    })
}

/// Registers a certificate.
///
/// # Errors
/// `store.unique` where it is registered already; as [`Connection::execute`].
pub async fn insert_certificate(on: &mut dyn Connection, c: &Certificate) -> Result<()> {
    let sql = "INSERT INTO platform_certificates (fingerprint, organization_id, principal_id, created_by, created_at)
        VALUES (?, ?, ?, ?, ?)";
    let values = values![c.fingerprint, text(c.organization), text(c.principal), text(c.created_by), c.created_at];
    on.execute(sql, values).await?;
    Ok(())
}

/// Takes a certificate's registration away; false where there is none.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn delete_certificate(on: &mut dyn Connection, of: PrincipalId, fingerprint: Digest) -> Result<bool> {
    let sql = "DELETE FROM platform_certificates WHERE principal_id = ? AND fingerprint = ?";
    Ok(on.execute(sql, values![text(of), fingerprint]).await? == 1)
}

/// The certificates of a service account, oldest first.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn certificates(on: &mut dyn Connection, of: PrincipalId) -> Result<Vec<Certificate>> {
    let sql = "SELECT fingerprint, organization_id, principal_id, created_by, created_at FROM platform_certificates
        WHERE principal_id = ? ORDER BY created_at, fingerprint";
    on.rows(sql, values![text(of)]).await?.iter().map(certificate).collect()
}

/// The certificate of that fingerprint, with its owner and their roles. Needs the system scope.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn by_fingerprint(on: &mut dyn Connection, fingerprint: Digest) -> Result<Option<Found<Certificate>>> {
    let sql = "SELECT c.fingerprint, c.organization_id, c.principal_id, c.created_by, c.created_at,
            p.kind, p.disabled_at, g.role, g.project_id
        FROM platform_certificates c JOIN platform_principals p ON p.id = c.principal_id
        LEFT JOIN platform_grants g ON g.principal_id = c.principal_id
        WHERE c.fingerprint = ?";
    found(&on.rows(sql, values![fingerprint]).await?, certificate)
}
