//! `proofmark audit verify`: an organization's log in a database, or an export of one, without a server.

use crate::cli::{AuditVerify, ServerOptions};
use crate::console::Console;
use crate::failure::{FAILED, Failure};
use crate::server::{assembly, settings};
use proofmark_base::error::Error;
use proofmark_evidence::dsse::PublicKey;
use proofmark_platform_service::audit::{self, Report};
use proofmark_store::{Scope, organizations};
use serde_json::json;
use std::fmt::Write;
use std::io::BufRead;

/// Verifies; status 4 where something is wrong.
///
/// # Errors
/// What cannot be read.
pub fn verify(options: &AuditVerify, console: &mut Console) -> Result<u8, Failure> {
    let trusted = crate::key::trusted(&options.key)?;
    let reports = match &options.export {
        Some(path) => {
            let file = std::fs::File::open(path).map_err(|e| {
                Error::invalid("audit.export", format!("the export {} cannot be read: {e}", path.display()))
            })?;
            vec![audit::verify_export(std::io::BufReader::new(file).lines(), &trusted)?]
        }
        None => of_database(&options.server, trusted)?,
    };
    let mut text = String::new();
    for r in &reports {
        let state = if r.faults.is_empty() { "whole" } else { "NOT WHOLE" };
        let _ =
            writeln!(text, "{} {state}: {} entries, {} signed checkpoints", r.organization, r.entries, r.checkpoints);
        for fault in &r.faults {
            let _ = writeln!(text, "  {fault}");
        }
        if r.checkpoints == 0 && r.entries > 0 {
            let _ = writeln!(text, "  no checkpoint was verified: that the end was not cut off is not shown");
        }
    }
    let value: Vec<_> = reports
        .iter()
        .map(|r| json!({"organization": r.organization, "entries": r.entries, "checkpoints": r.checkpoints, "faults": r.faults}))
        .collect();
    console.result(&text, &json!({"audit": value}));
    Ok(if reports.iter().all(|r| r.faults.is_empty()) { 0 } else { FAILED })
}

fn of_database(options: &ServerOptions, mut trusted: Vec<PublicKey>) -> Result<Vec<Report>, Failure> {
    let settings = settings(options)?;
    let data = std::path::PathBuf::from(settings.get("data"));
    if settings.given("database").is_none() && !data.join("proofmark.db").exists() {
        return Err(settings.unusable("data", "there is no database in it").into());
    }
    if trusted.is_empty() {
        let path = settings.given("signing-key").map_or_else(|| data.join("signing.key"), Into::into);
        let text = std::fs::read_to_string(&path).map_err(|e| {
            Error::invalid("key.unusable", format!("the key file {} cannot be read: {e}", path.display()))
                .help("name the public key that checkpoints are signed with: `--key FILE`")
        })?;
        let key = proofmark_evidence::dsse::SecretKey::from_file(&text).map_err(|e| {
            Error::invalid("key.unusable", format!("the key file {} cannot be used: {e}", path.display()))
        })?;
        trusted.push(key.public());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Error::unavailable("server.threads", "no threads can be started").because(e))?;
    let reports = runtime.block_on(async {
        let database = assembly::database(&settings, &data).await?;
        let all = {
            let mut tx = database.read(Scope::System).await?;
            organizations::all(&mut tx).await?
        };
        let mut reports = Vec::new();
        for organization in all {
            reports.push(audit::verify_database(&database, organization.id, &trusted).await?);
        }
        database.close().await;
        Ok::<_, Error>(reports)
    })?;
    Ok(reports)
}
