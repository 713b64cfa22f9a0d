//! `proofmark audit verify`: an organization's log in a database, or an export of one, without a server.

use crate::cli::{AuditVerify, ServerOptions};
use crate::console::Console;
use crate::failure::{FAILED, Failure};
use crate::server::{places, settings};
use proofmark_base::error::{Error, Result};
use proofmark_evidence::dsse::PublicKey;
use proofmark_platform_service::audit::{self, Report};
use proofmark_store::{Database, Scope, organizations};
use serde_json::{Value, json};
use std::fmt::Write;
use std::io::BufRead;

/// Verifies; status 4 where something is wrong.
///
/// # Errors
/// What cannot be read.
pub fn verify(options: &AuditVerify, console: &mut Console) -> std::result::Result<u8, Failure> {
    let trusted = crate::key::trusted(&options.key)?;
    let reports = match &options.export {
        Some(path) => {
            let file = std::fs::File::open(path).map_err(|e| {
                Error::invalid("audit.export", format!("the export {} cannot be read: {e}", path.display()))
            })?;
            vec![audit::verify_export(std::io::BufReader::new(file).lines(), &trusted)?]
        }
        None => there(&options.server, trusted)?,
    };
    let mut text = String::new();
    for r in &reports {
        let _ = writeln!(text, "{}", line(r));
        for fault in &r.faults {
            let _ = writeln!(text, "  {fault}");
        }
        if r.checkpoints == 0 && r.entries > 0 {
            let _ = writeln!(text, "  no checkpoint was verified: that the end was not cut off is not shown");
        }
    }
    console.result(&text, &json!({"audit": value(&reports)}));
    Ok(if reports.iter().all(|r| r.faults.is_empty()) { 0 } else { FAILED })
}

/// A report as one line.
pub fn line(r: &Report) -> String {
    let state = if r.faults.is_empty() { "whole" } else { "NOT WHOLE" };
    format!("{} {state}: {} entries, {} signed checkpoints", r.organization, r.entries, r.checkpoints)
}

/// Reports for programs.
pub fn value(reports: &[Report]) -> Vec<Value> {
    let value = |r: &Report| {
        json!({
            "organization": r.organization, "entries": r.entries, "checkpoints": r.checkpoints, "faults": r.faults,
        })
    };
    reports.iter().map(value).collect()
}

/// The log of every organization of a database.
///
/// # Errors
/// As [`audit::verify_database`].
pub async fn of_database(database: &Database, trusted: &[PublicKey]) -> Result<Vec<Report>> {
    let all = {
        let mut tx = database.read(Scope::System).await?;
        organizations::all(&mut tx).await?
    };
    let mut reports = Vec::new();
    for organization in all {
        reports.push(audit::verify_database(database, organization.id, trusted).await?);
    }
    Ok(reports)
}

/// The logs of the database that the options name. Who verifies changes nothing, its schema neither.
fn there(options: &ServerOptions, mut trusted: Vec<PublicKey>) -> std::result::Result<Vec<Report>, Failure> {
    let settings = settings(options)?;
    if trusted.is_empty() {
        let own = places::own_key(&settings)?;
        trusted.push(own.ok_or_else(|| {
            Error::invalid("key.unusable", "the key that checkpoints are signed with is not here")
                .help("name its public half: `--key FILE`")
        })?);
    }
    Ok(places::run(async {
        let database = places::current_database(&settings).await?;
        let reports = of_database(&database, &trusted).await;
        database.close().await;
        reports
    })?)
}
