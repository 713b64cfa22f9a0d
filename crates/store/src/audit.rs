//! The audit log.

use crate::connection::{Connection, Row, first, text};
use crate::values;
use proofmark_base::error::{Error, Result};
use proofmark_base::time::Timestamp;
use proofmark_kernel::audit::{Entry, Record, genesis};
use proofmark_kernel::organization::OrganizationId;

const COLUMNS: &str = "organization_id, seq, at, actor, credential, action, subject, detail, trace, previous, hash";

fn read(row: &Row) -> Result<Entry> {
    Ok(Entry {
        organization: row.parsed("organization_id")?,
        seq: row.int("seq")?,
        at: row.time("at")?,
        actor: row.text("actor")?,
        credential: row.text("credential")?,
        action: row.text("action")?,
        subject: row.text("subject")?,
        detail: row.text("detail")?,
        trace: row.text_opt("trace")?,
        previous: row.parsed("previous")?,
        hash: row.parsed("hash")?,
    })
}

/// Appends a record to its organization's log, in the caller's transaction: what it tells and the entry become true
/// together. Writers of one log wait for each other at its head.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn append(on: &mut dyn Connection, record: Record) -> Result<Entry> {
    let organization = text(record.organization);
    let begin = "INSERT INTO platform_audit_heads (organization_id, seq, hash) VALUES (?, 0, ?) ON CONFLICT DO NOTHING";
    on.execute(begin, values![organization.clone(), genesis(record.organization)]).await?;
    let lock = "UPDATE platform_audit_heads SET seq = seq + 1 WHERE organization_id = ? RETURNING seq, hash";
    let head = first(on, lock, values![organization.clone()]).await?;
    let head = head.ok_or_else(|| Error::bug("the audit log has no head"))?;
    let entry = Entry::new(record, head.int("seq")?, head.parsed("hash")?);
    let sql = format!("INSERT INTO platform_audit ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    let values = values![
        organization.clone(),
        entry.seq,
        entry.at,
        &entry.actor,
        &entry.credential,
        &entry.action,
        &entry.subject,
        &entry.detail,
        entry.trace.clone(),
        entry.previous,
        entry.hash
    ];
    on.execute(&sql, values).await?;
    on.execute("UPDATE platform_audit_heads SET hash = ? WHERE organization_id = ?", values![entry.hash, organization])
        .await?;
    Ok(entry)
}

/// Entries behind number `after`, oldest first, at most `limit`.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn list(on: &mut dyn Connection, organization: OrganizationId, after: i64, limit: u32) -> Result<Vec<Entry>> {
    let sql =
        format!("SELECT {COLUMNS} FROM platform_audit WHERE organization_id = ? AND seq > ? ORDER BY seq LIMIT ?");
    on.rows(&sql, values![text(organization), after, limit]).await?.iter().map(read).collect()
}

/// Number and hash of the newest entry.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn head(
    on: &mut dyn Connection,
    organization: OrganizationId,
) -> Result<Option<(i64, proofmark_base::digest::Digest)>> {
    let sql = "SELECT seq, hash FROM platform_audit_heads WHERE organization_id = ?";
    let row = first(on, sql, values![text(organization)]).await?;
    row.map(|r| Ok((r.int("seq")?, r.parsed("hash")?))).transpose()
}

/// Keeps a signed checkpoint, a DSSE envelope as JSON.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn insert_checkpoint(
    on: &mut dyn Connection,
    organization: OrganizationId,
    seq: i64,
    at: Timestamp,
    envelope: &str,
) -> Result<()> {
    let sql = "INSERT INTO platform_audit_checkpoints (organization_id, seq, at, envelope) VALUES (?, ?, ?, ?)
        ON CONFLICT DO NOTHING";
    on.execute(sql, values![text(organization), seq, at, envelope]).await?;
    Ok(())
}

/// The signed checkpoints of a log, oldest first: number and envelope.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn checkpoints(on: &mut dyn Connection, organization: OrganizationId) -> Result<Vec<(i64, String)>> {
    let sql = "SELECT seq, envelope FROM platform_audit_checkpoints WHERE organization_id = ? ORDER BY seq";
    let rows = on.rows(sql, values![text(organization)]).await?;
    rows.iter().map(|r| Ok((r.int("seq")?, r.text("envelope")?))).collect()
}
