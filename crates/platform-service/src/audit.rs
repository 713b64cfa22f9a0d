//! The audit log: reading, sealing, verifying, exporting.

use crate::platform::Platform;
use proofmark_base::error::{Error, Result};
use proofmark_base::time::Timestamp;
use proofmark_evidence::dsse::{self, Envelope, PublicKey, SecretKey};
use proofmark_kernel::action::Action;
use proofmark_kernel::audit::{Checkpoint, Entry, Fault, Verifier};
use proofmark_kernel::organization::OrganizationId;
use proofmark_kernel::principal::Caller;
use proofmark_store::{Database, Scope, audit, organizations};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Entries that are read at a time.
const BATCH: u32 = 1_000;

/// Entries behind number `after`, oldest first.
///
/// # Errors
/// `authorization.denied`.
pub async fn list(platform: &Platform, caller: &Caller, after: i64, limit: u32) -> Result<Vec<Entry>> {
    platform.authorizer.check(caller, Action::AuditRead, None)?;
    let mut tx = platform.read(caller).await?;
    audit::list(&mut tx, caller.organization, after, limit.clamp(1, BATCH)).await
}

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Whose log.
    pub organization: OrganizationId,
    /// Entries read.
    pub entries: i64,
    /// Checkpoints whose signatures are good.
    pub checkpoints: usize,
    /// What is wrong, in sentences; empty where nothing is.
    pub faults: Vec<String>,
}

/// Verifies the caller's organization's log. That it was verified is an entry of its own.
///
/// # Errors
/// `authorization.denied`.
pub async fn verify(platform: &Platform, caller: &Caller) -> Result<Report> {
    platform.authorizer.check(caller, Action::AuditRead, None)?;
    let report = verify_database(&platform.database, caller.organization, &[platform.signer.public()]).await?;
    let mut work = platform.work(caller).await?;
    let detail = json!({"entries": report.entries, "faults": report.faults.len()});
    work.audit("audit.verify", caller.organization, detail).await?;
    work.commit().await?;
    Ok(report)
}

/// Verifies an organization's log as it lies in a database. `trusted` are the keys that checkpoints may be signed with;
/// without any, only the chain is verified, and the report counts no checkpoint.
///
/// # Errors
/// As [`proofmark_store::Connection::rows`]. A row that cannot be read at all is an error, too.
pub async fn verify_database(
    database: &Database,
    organization: OrganizationId,
    trusted: &[PublicKey],
) -> Result<Report> {
    let mut tx = database.read(Scope::Organization(organization)).await?;
    let mut envelopes = audit::checkpoints(&mut tx, organization).await?;
    if trusted.is_empty() {
        envelopes.clear();
    }
    let mut check = Checker::new(organization, envelopes.iter().map(|(_, e)| e.as_str()), trusted);
    let mut after = 0;
    loop {
        let batch = audit::list(&mut tx, organization, after, BATCH).await?;
        let Some(last) = batch.last() else { break };
        after = last.seq;
        batch.iter().for_each(|e| check.verifier.entry(e));
    }
    let head = audit::head(&mut tx, organization).await?;
    let mut report = check.finish();
    // the head is written with each entry: rows cut off behind the last checkpoint show here
    if let Some((seq, _)) = head.filter(|(seq, _)| *seq != report.entries) {
        report.faults.push(format!("the log ends at entry {}, and its head says {seq}", report.entries));
    }
    Ok(report)
}

/// Checks entries and checkpoints together.
struct Checker {
    organization: OrganizationId,
    verifier: Verifier,
    good: usize,
    bad: Vec<String>,
}

impl Checker {
    fn new<'a>(organization: OrganizationId, envelopes: impl Iterator<Item = &'a str>, trusted: &[PublicKey]) -> Self {
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        for (i, envelope) in envelopes.enumerate() {
            match checkpoint(envelope, trusted) {
                Ok(c) if c.organization == organization => good.push(c),
                Ok(c) => bad.push(format!("checkpoint {} is of the log of {}", i + 1, c.organization)),
                Err(why) => bad.push(format!("checkpoint {} is not good: {why}", i + 1)),
            }
        }
        Checker { organization, good: good.len(), verifier: Verifier::new(organization, good), bad }
    }

    fn finish(self) -> Report {
        let (entries, faults) = self.verifier.finish();
        let mut all = self.bad;
        all.extend(faults.iter().map(Fault::to_string));
        Report { organization: self.organization, entries, checkpoints: self.good, faults: all }
    }
}

fn checkpoint(envelope: &str, trusted: &[PublicKey]) -> std::result::Result<Checkpoint, String> {
    let verified =
        Envelope::from_bytes(envelope.as_bytes()).and_then(|e| e.verify(trusted)).map_err(|e| e.to_string())?;
    serde_json::from_slice(&verified.payload).map_err(|e| e.to_string())
}

/// Signs the present end of every log that went on since its last checkpoint; gives how many.
///
/// # Errors
/// As [`proofmark_store::Connection::execute`].
pub async fn seal(database: &Database, signer: &SecretKey, now: Timestamp) -> Result<usize> {
    let mut tx = database.begin(Scope::System).await?;
    let mut sealed = 0;
    for organization in organizations::all(&mut tx).await? {
        let Some((seq, hash)) = audit::head(&mut tx, organization.id).await? else { continue };
        let last = audit::checkpoints(&mut tx, organization.id).await?.last().map_or(0, |(seq, _)| *seq);
        if seq <= last {
            continue;
        }
        let checkpoint = Checkpoint { organization: organization.id, seq, hash, at: now };
        let payload = serde_json::to_vec(&checkpoint).map_err(|e| Error::bug("a checkpoint has no JSON").because(e))?;
        let envelope = String::from_utf8(dsse::sign(&payload, signer).to_bytes())
            .map_err(|e| Error::bug("an envelope is no text").because(e))?;
        audit::insert_checkpoint(&mut tx, organization.id, seq, now, &envelope).await?;
        sealed += 1;
    }
    tx.commit().await?;
    Ok(sealed)
}

/// A line of an export: JSON Lines, entries in order, checkpoints at the end.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Line {
    /// An entry.
    Entry(Box<Entry>),
    /// A signed checkpoint: the text of its envelope.
    Checkpoint(String),
}

/// Entries per batch of an export, and the checkpoints after the last: call again with the last number until it gives
/// nothing. The export itself is an entry.
///
/// # Errors
/// `authorization.denied`.
pub async fn export_began(platform: &Platform, caller: &Caller, format: &str) -> Result<i64> {
    platform.authorizer.check(caller, Action::AuditRead, None)?;
    let mut work = platform.work(caller).await?;
    work.audit("audit.export", caller.organization, json!({"format": format})).await?;
    let head = audit::head(work.on(), caller.organization).await?;
    work.commit().await?;
    Ok(head.map_or(0, |(seq, _)| seq))
}

/// The signed checkpoints of the caller's organization's log: the text of each envelope.
///
/// # Errors
/// `authorization.denied`.
pub async fn checkpoints(platform: &Platform, caller: &Caller) -> Result<Vec<String>> {
    platform.authorizer.check(caller, Action::AuditRead, None)?;
    let mut tx = platform.read(caller).await?;
    Ok(audit::checkpoints(&mut tx, caller.organization).await?.into_iter().map(|(_, e)| e).collect())
}

/// Verifies an export, JSON Lines as [`Line`]s, without a database.
///
/// # Errors
/// `audit.export`, with the number of a line that cannot be read.
pub fn verify_export(lines: impl Iterator<Item = std::io::Result<String>>, trusted: &[PublicKey]) -> Result<Report> {
    let (mut entries, mut envelopes) = (Vec::new(), Vec::new());
    for (number, line) in (1..).zip(lines) {
        let line = line.map_err(|e| Error::unavailable("audit.export", "the export cannot be read").because(e))?;
        if line.trim().is_empty() {
            continue;
        }
        let read: Line = serde_json::from_str(&line)
            .map_err(|e| Error::invalid("audit.export", format!("line {number} is no line of an export: {e}")))?;
        match read {
            Line::Entry(e) => entries.push(*e),
            Line::Checkpoint(c) => envelopes.push(c),
        }
    }
    let first = entries.first().ok_or_else(|| Error::invalid("audit.export", "the export has no entries"))?;
    let mut check = Checker::new(first.organization, envelopes.iter().map(String::as_str), trusted);
    entries.iter().for_each(|e| check.verifier.entry(e));
    Ok(check.finish())
}

/// An entry as a line of ArcSight's Common Event Format, revision 27: what SIEM systems read.
pub fn cef(entry: &Entry, version: &str) -> String {
    let header = |s: &str| s.replace('\\', "\\\\").replace('|', "\\|").replace(['\n', '\r'], " ");
    let value = |s: &str| s.replace('\\', "\\\\").replace('=', "\\=").replace('\n', "\\n").replace('\r', "\\r");
    let severity = if entry.action.ends_with(".failed") || entry.action.ends_with(".denied") { 6 } else { 3 };
    format!(
        "CEF:0|Proofmark|proofmark|{}|{}|{}|{severity}|rt={} suser={} cs1Label=credential cs1={} cs2Label=subject cs2={} cs3Label=detail cs3={} cs4Label=hash cs4={} cn1Label=seq cn1={} externalId={}",
        header(version),
        header(&entry.action),
        header(&entry.action),
        entry.at.millis(),
        value(&entry.actor),
        value(&entry.credential),
        value(&entry.subject),
        value(&entry.detail),
        entry.hash,
        entry.seq,
        value(entry.trace.as_deref().unwrap_or_default()),
    )
}
