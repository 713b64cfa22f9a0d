//! `proofmark restore`: a backup into a database and a place for blobs with nothing in them.

use crate::cli::Restore;
use crate::console::Console;
use crate::failure::{FAILED, Failure};
use crate::server::config::Settings;
use crate::server::{audit, places, settings};
use proofmark_base::error::{Error, Kind, Result};
use proofmark_base::time::Clock;
use proofmark_platform_service::audit::Report;
use proofmark_store::archive::{self, Checked, Purpose, Restored};
use proofmark_store::system::SystemClock;
use serde_json::json;
use std::fmt::Write;
use std::fs::File;
use std::io::{BufReader, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Restores; status 4 where the audit log is not whole or blobs were missing from the backup already.
///
/// # Errors
/// What the backup or the place is refused for. Nothing of it shows in the database then.
pub fn restore(options: &Restore, console: &mut Console) -> std::result::Result<u8, Failure> {
    let settings = settings(&options.server)?;
    let mut trusted = crate::key::trusted(&options.key)?;
    console.progress("restore: checking the backup");
    let checked = archive::check(open(&options.file)?)?;
    places::data_folder(&settings)?;
    let lacking = keys(&settings, &checked)?;
    if trusted.is_empty() {
        trusted.extend(places::own_key(&settings)?);
    }
    let (restored, reports) = places::run(async {
        let database = places::any_database(&settings).await?;
        let blobs = places::blobs(&settings).await?;
        // no server may start on it in the meantime
        let sole = database.sole_process().await?;
        archive::ready(&checked, &database, &blobs).await?;
        proofmark_flow::prepare(&database).await?;
        // once more, now that the workflow library's tables are there to compare with
        archive::ready(&checked, &database, &blobs).await?;
        let mut tell = |what: &str| console.progress(&format!("restore: {what}"));
        let how = (if options.copy { Purpose::Copy } else { Purpose::GoOn }, SystemClock.now());
        let restored = archive::restore(open(&options.file)?, &checked, &database, &blobs, how, &mut tell).await?;
        console.progress("restore: verifying the audit log");
        let reports = audit::of_database(&database, &trusted).await?;
        drop(sole);
        database.close().await;
        Ok((restored, reports))
    })?;
    Ok(tell(&checked, &restored, &reports, &lacking, !trusted.is_empty(), console))
}

fn open(file: &Path) -> Result<BufReader<File>> {
    let opened = File::open(file).map_err(|e| {
        Error::invalid("archive.unreadable", format!("the backup {} cannot be read: {e}", file.display()))
    })?;
    Ok(BufReader::with_capacity(1 << 20, opened))
}

/// Puts keys of the backup where the server looks for them; gives the files that are still to be brought. Keys that are
/// there must be those that belong to the data.
fn keys(settings: &Settings, checked: &Checked) -> Result<Vec<String>> {
    let files = places::key_files(settings, &places::data(settings));
    let there = places::key_texts(settings)?;
    let (have, want) = (places::fingerprints(&there)?, &checked.header.keys);
    let other = |path: &Path| {
        let text = format!("the key in {} is not the one that belongs to the backup", path.display());
        Error::new(Kind::Conflict, "restore.other-key", text)
            .help("put the installation's own key there, or move this one away")
    };
    if have.signing.is_some() && want.signing.is_some() && have.signing != want.signing {
        return Err(other(&files[0]));
    }
    if have.secrets.is_some() && want.secrets.is_some() && have.secrets != want.secrets {
        return Err(other(&files[1]));
    }
    let brought = match &checked.keys {
        Some((signing, secrets)) => {
            let texts = [Some(signing.clone()), Some(secrets.clone())];
            if places::fingerprints(&texts)? != *want {
                return Err(Error::invalid("archive.damaged", "the keys in the backup are not those that it says"));
            }
            texts
        }
        None => [None, None],
    };
    let mut lacking = Vec::new();
    for ((path, there), brought) in files.iter().zip(&there).zip(&brought) {
        match (there, brought) {
            (Some(_), _) => {}
            (None, Some(text)) => {
                let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
                made.and_then(|mut f| f.write_all(text.as_bytes()).and_then(|()| f.sync_all())).map_err(|e| {
                    Error::unavailable(
                        "key.unusable",
                        format!("the key file {} cannot be written: {e}", path.display()),
                    )
                })?;
            }
            (None, None) => lacking.push(path.display().to_string()),
        }
    }
    Ok(lacking)
}

fn tell(
    checked: &Checked,
    restored: &Restored,
    reports: &[Report],
    lacking: &[String],
    trusted: bool,
    console: &mut Console,
) -> u8 {
    let header = &checked.header;
    let mut text = format!(
        "Restored the backup of {} (Proofmark {}, schema {}): {} rows, {} blobs of {} bytes\n",
        header.created_at, header.program, restored.schema, restored.rows, restored.blobs, restored.blob_bytes
    );
    for m in &restored.migrated {
        let _ = writeln!(text, "  migrated to schema {} ({})", m.number, m.name);
    }
    for r in reports {
        let _ = writeln!(text, "  audit log of {}", audit::line(r));
        for fault in &r.faults {
            let _ = writeln!(text, "    {fault}");
        }
    }
    if !trusted {
        text.push_str("  No checkpoint was verified: name the signing key's public half with `--key FILE`\n");
    }
    if restored.uploads > 0 {
        let _ = writeln!(text, "  {} uploads were under way: their senders begin again", restored.uploads);
    }
    if restored.webhooks_off > 0 {
        let _ = writeln!(text, "  {} webhooks were switched off", restored.webhooks_off);
    }
    for path in lacking {
        let _ = writeln!(
            text,
            "  LACKS {path}: put the installation's own key there before a server starts, or it makes a new one"
        );
    }
    for (digest, why) in &checked.manifest.missing {
        let _ = writeln!(text, "  MISSING {digest}: {why}");
    }
    let whole = reports.iter().all(|r| r.faults.is_empty()) && checked.manifest.missing.is_empty();
    let missing: Vec<_> = checked.manifest.missing.iter().map(|(d, why)| json!({"digest": d, "reason": why})).collect();
    let value = json!({"restore": {
        "digest": checked.digest, "created_at": header.created_at, "program": header.program, "schema": restored.schema,
        "migrated": restored.migrated.iter().map(|m| m.number).collect::<Vec<_>>(), "rows": restored.rows,
        "blobs": restored.blobs, "blob_bytes": restored.blob_bytes, "uploads": restored.uploads,
        "executors": restored.executors, "webhooks_off": restored.webhooks_off, "keys_lacking": lacking, "missing": missing, "audit": audit::value(reports),
    }});
    console.result(&text, &value);
    if whole { 0 } else { FAILED }
}
