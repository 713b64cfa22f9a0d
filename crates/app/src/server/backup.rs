//! `proofmark backup`: everything of an installation in one file, while its servers run.

use crate::cli::Backup;
use crate::console;
use crate::failure::{FAILED, Failure};
use crate::server::{places, settings};
use proofmark_base::error::{Error, Kind, Result};
use proofmark_base::time::Clock;
use proofmark_platform_service::maintenance::admin::Console;
use proofmark_store::archive::{self, About, Written};
use proofmark_store::migrate;
use proofmark_store::system::{SystemClock, SystemRandom};
use serde_json::json;
use std::fmt::Write;
use std::fs::File;
use std::io::BufWriter;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Writes a backup; status 4 where blobs are missing from it.
///
/// # Errors
/// What cannot be read or written. Nothing stays then.
pub fn backup(options: &Backup, console: &mut console::Console) -> std::result::Result<u8, Failure> {
    let settings = settings(&options.server)?;
    let target = &options.output;
    if target.exists() && !options.force {
        let text = format!("{} exists already", target.display());
        return Err(Error::new(Kind::Conflict, "backup.exists", text)
            .help("name another file, or say `--force` to replace it")
            .into());
    }
    let keys = places::key_texts(&settings)?;
    let about = About {
        program: env!("CARGO_PKG_VERSION").into(),
        at: SystemClock.now(),
        keys: places::fingerprints(&keys)?,
        with_keys: match (options.with_keys, keys) {
            (false, _) => None,
            (true, [Some(signing), Some(secrets)]) => Some((signing, secrets)),
            (true, _) => {
                let error = Error::invalid("key.unusable", "there are no key files to put into the backup");
                return Err(error.help("say where they are: PROOFMARK_SIGNING_KEY, PROOFMARK_SECRETS_KEY").into());
            }
        },
    };
    let kept = about.with_keys.is_some();
    let unfinished = Unfinished::new(target)?;
    let written = places::run(async {
        let (database, blobs) = (places::database(&settings).await?, places::blobs(&settings).await?);
        if migrate::missing(&database).await?.len() < migrate::known().count() {
            // everybody's personal data is read: each log says so, and so does the backup's copy of it
            let here = Console { database: &database, now: about.at, random: &SystemRandom };
            here.note_everywhere("backup.create", &json!({"with_keys": kept})).await?;
        }
        let mut tell = |what: &str| console.progress(&format!("backup: {what}"));
        let file = BufWriter::with_capacity(1 << 20, unfinished.file()?);
        let written = archive::write(&database, &blobs, &about, file, &mut tell).await;
        database.close().await;
        written
    })?;
    console.progress("backup: reading it back");
    unfinished.finish(&written, target)?;
    let m = &written.manifest;
    let rows: u64 = m.rows.values().sum();
    let mut text = format!(
        "{}: {rows} rows of {} tables, {} blobs of {} bytes\n  digest  {}\n",
        target.display(),
        m.rows.len(),
        m.blobs,
        m.blob_bytes,
        written.digest
    );
    if kept {
        text.push_str("  It holds the keys of the installation: who has it can sign releases and open its secrets.\n");
    } else {
        text.push_str("  The keys are not in it: keep signing.key and secrets.key elsewhere, restoring needs them.\n");
    }
    for (digest, why) in &m.missing {
        let _ = writeln!(text, "  MISSING {digest}: {why}");
    }
    let missing: Vec<_> = m.missing.iter().map(|(d, why)| json!({"digest": d, "reason": why})).collect();
    let value = json!({"backup": {
        "file": target, "digest": written.digest, "bytes": written.length, "tables": m.rows.len(), "rows": rows,
        "blobs": m.blobs, "blob_bytes": m.blob_bytes, "keys": kept, "missing": missing,
    }});
    console.result(&text, &value);
    Ok(if m.missing.is_empty() { 0 } else { FAILED })
}

fn unwritable(path: &Path, e: std::io::Error) -> Error {
    Error::unavailable("archive.unwritable", format!("{} cannot be written: {e}", path.display())).because(e)
}

/// A file beside the target that becomes it, or goes.
struct Unfinished(PathBuf);

impl Unfinished {
    fn new(target: &Path) -> Result<Self> {
        let name =
            target.file_name().ok_or_else(|| Error::invalid("archive.unwritable", "the backup needs a file name"))?;
        let name = format!(".{}.{}.part", name.to_string_lossy(), std::process::id());
        Ok(Unfinished(target.with_file_name(name)))
    }

    fn file(&self) -> Result<File> {
        let mut options = std::fs::OpenOptions::new();
        // the hashes of passwords are in it
        options.write(true).create_new(true).mode(0o600);
        options.open(&self.0).map_err(|e| unwritable(&self.0, e))
    }

    /// Cuts it to its length, makes it lasting, reads it back, and gives it its name.
    fn finish(&self, written: &Written, target: &Path) -> Result<()> {
        let failed = |e: std::io::Error| unwritable(target, e);
        let file = std::fs::OpenOptions::new().write(true).open(&self.0).map_err(failed)?;
        file.set_len(written.length).and_then(|()| file.sync_all()).map_err(failed)?;
        let read = std::io::BufReader::with_capacity(1 << 20, File::open(&self.0).map_err(failed)?);
        let checked = archive::check(read)?;
        if checked.digest != written.digest || checked.manifest != written.manifest {
            return Err(Error::bug("the backup reads back as another one"));
        }
        std::fs::rename(&self.0, target).map_err(failed)?;
        let folder = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|f| f.sync_all()).map_err(failed)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
