//! Writing an archive.

use super::catalog::{self, Table};
use super::hold::Hold;
use super::manifest::{self, FORMAT, Fingerprints, Header, KIND, Manifest, TableHeader};
use super::{LONGEST_PART, PART, rows, tar};
use crate::connection::{Connection, Dialect, first};
use crate::database::{Database, Scope, Transaction};
use crate::{Blobs, migrate, references, values};
use futures_util::stream::StreamExt;
use proofmark_base::digest::{Digest, Hasher};
use proofmark_base::error::{Error, Kind, Result};
use proofmark_base::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Seek, Write};

/// Columns that the database counts up by itself.
pub(super) const COUNTERS: &[(&str, &str)] = &[("platform_outbox", "seq")];

/// What the caller knows and the database does not.
#[derive(Clone, Debug)]
pub struct About {
    /// Version of this program.
    pub program: String,
    /// Now.
    pub at: Timestamp,
    /// Which keys are in use.
    pub keys: Fingerprints,
    /// Texts of the key files to go with it: of the signing and of the secrets key.
    pub with_keys: Option<(String, String)>,
}

/// What was written.
#[derive(Clone, Debug)]
pub struct Written {
    /// Bytes; what is behind them in the file is to be cut off.
    pub length: u64,
    /// Its last file.
    pub manifest: Manifest,
    /// Digest of that: the whole archive's name.
    pub digest: Digest,
}

/// Writes everything that is in the database at one moment, and the blobs that it refers to. Servers may run.
///
/// # Errors
/// `backup.nothing` where there is no schema; `store.newer-schema`; `archive.unwritable`; what database and blob store met.
/// A blob that is missing or damaged is no error: the manifest names it.
pub async fn write<W: Write + Seek>(
    database: &Database,
    blobs: &Blobs,
    about: &About,
    to: W,
    progress: &mut dyn FnMut(&str),
) -> Result<Written> {
    migrate::missing(database).await?;
    let schema = {
        let mut tx = database.read(Scope::System).await?;
        migrate::version(&mut tx).await?
    };
    if schema == 0 {
        return Err(Error::new(Kind::Conflict, "backup.nothing", "there is nothing in the database to back up"));
    }
    // before the snapshot: what is referred to in it stays from here on
    let hold = Hold::begin(database).await?;
    let written = under_hold(database, blobs, about, to, progress).await;
    // it would end by itself
    if let Err(e) = hold.end().await {
        tracing::warn!(error = %e, "the mark of the backup ends by itself");
    }
    written
}

async fn under_hold<W: Write + Seek>(
    database: &Database,
    blobs: &Blobs,
    about: &About,
    to: W,
    progress: &mut dyn FnMut(&str),
) -> Result<Written> {
    let mut tar = tar::Writer::new(to);
    let mut manifest = Manifest::default();
    let mut tx = database.survey(Scope::System).await?;
    let tables = catalog::tables(&mut tx).await?;
    let header = header(&mut tx, about, &tables).await?;
    let file = |tar: &mut tar::Writer<W>, manifest: &mut Manifest, name: &str, bytes: &[u8]| {
        manifest.files.push((name.to_string(), Digest::of(bytes)));
        tar.file(name, bytes)
    };
    file(&mut tar, &mut manifest, manifest::HEADER, &json(&header)?)?;
    if let Some((signing, secrets)) = &about.with_keys {
        file(&mut tar, &mut manifest, manifest::SIGNING, signing.as_bytes())?;
        file(&mut tar, &mut manifest, manifest::SECRETS, secrets.as_bytes())?;
    }
    for table in &tables {
        progress(&table.name);
        let sql = table.select();
        let mut stream = tx.stream(&sql);
        let (mut part, mut parts, mut number) = (Vec::with_capacity(PART), 0, 0_u64);
        while let Some(row) = stream.next().await.transpose()? {
            let before = part.len();
            rows::encode(table, &row, &mut part)?;
            number += 1;
            if before > 0 && part.len() > PART {
                parts += 1;
                let last = part.split_off(before);
                file(&mut tar, &mut manifest, &manifest::part(&table.name, parts), &part)?;
                part = last;
            }
            if part.len() as u64 > LONGEST_PART {
                return Err(Error::bug(format!("a row of {} is too long to be backed up", table.name)));
            }
        }
        if !part.is_empty() {
            file(&mut tar, &mut manifest, &manifest::part(&table.name, parts + 1), &part)?;
        }
        manifest.rows.insert(table.name.clone(), number);
    }
    progress("references");
    let wanted = references::referred(&mut tx, None).await?;
    let needed = references::needed(&mut tx).await?;
    // the rest needs no snapshot: an old one would keep the database from clearing up
    drop(tx);
    copy(blobs, &wanted, &needed, &mut tar, &mut manifest, progress).await?;
    let bytes = json(&manifest)?;
    let digest = Digest::of(&bytes);
    tar.file(manifest::MANIFEST, &bytes)?;
    tar.file(manifest::SEAL, format!("{digest}\n").as_bytes())?;
    Ok(Written { length: tar.finish()?, manifest, digest })
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(value).map_err(|e| Error::bug("an archive's own JSON").because(e))?;
    bytes.push(b'\n');
    Ok(bytes)
}

async fn header(tx: &mut Transaction, about: &About, tables: &[Table]) -> Result<Header> {
    let rows = tx.rows("SELECT name, digest FROM platform_migrations ORDER BY number", values![]).await?;
    let schema = rows.iter().map(|r| Ok((r.text("name")?, r.parsed("digest")?))).collect::<Result<_>>()?;
    let table = |t: &Table| TableHeader {
        name: t.name.clone(),
        columns: t.columns.iter().map(|c| (c.name.clone(), c.holds)).collect(),
    };
    Ok(Header {
        kind: KIND.into(),
        format: FORMAT,
        program: about.program.clone(),
        created_at: about.at,
        schema,
        workflow_schema: catalog::workflow_schema(tx).await?,
        keys: about.keys.clone(),
        counters: counters(tx).await?,
        tables: tables.iter().map(table).collect(),
    })
}

async fn counters(on: &mut dyn Connection) -> Result<BTreeMap<String, i64>> {
    let mut found = BTreeMap::new();
    for (table, column) in COUNTERS {
        let row = match on.dialect() {
            Dialect::Sqlite => {
                let sql = "SELECT CAST(seq AS BIGINT) AS number FROM sqlite_sequence WHERE name = ?";
                first(on, sql, values![*table]).await?
            }
            Dialect::Postgres => {
                // rows that were restored were given their numbers elsewhere
                let sql = format!(
                    "SELECT GREATEST((SELECT MAX({column}) FROM {table}),
                        pg_sequence_last_value(CAST(pg_get_serial_sequence(?, ?) AS regclass))) AS number"
                );
                first(on, &sql, values![*table, *column]).await?
            }
        };
        if let Some(last) = row.map(|r| r.int_opt("number")).transpose()?.flatten() {
            found.insert(format!("{table}.{column}"), last);
        }
    }
    Ok(found)
}

/// Copies blobs. Those of `wanted` that are not there are no blobs at all, only texts that look like a digest, unless
/// they are `needed`.
async fn copy<W: Write + Seek>(
    blobs: &Blobs,
    wanted: &BTreeSet<Digest>,
    needed: &BTreeSet<Digest>,
    tar: &mut tar::Writer<W>,
    manifest: &mut Manifest,
    progress: &mut dyn FnMut(&str),
) -> Result<()> {
    let mut all = Hasher::new();
    for digest in wanted {
        let read = match blobs.get(*digest, None).await {
            Ok(read) => read,
            Err(e) if e.kind == Kind::NotFound => {
                if needed.contains(digest) {
                    manifest.missing.push((*digest, "it is not in the blob store".into()));
                }
                continue;
            }
            Err(e) => return Err(e),
        };
        let (size, mut stream) = (read.size, read.stream);
        let start = tar.begin(&manifest::blob(*digest), size)?;
        let copied: Result<()> = async {
            while let Some(chunk) = stream.next().await {
                tar.data(&chunk?)?;
            }
            Ok(())
        }
        .await;
        match copied {
            Ok(()) => tar.end()?,
            Err(e) if e.code == "blob.corrupt" => {
                tar.back_to(start)?;
                manifest.missing.push((*digest, e.detail));
                continue;
            }
            Err(e) => return Err(e),
        }
        all.update(format!("{digest}\n").as_bytes());
        manifest.blobs += 1;
        manifest.blob_bytes += size;
        if manifest.blobs.is_multiple_of(100) {
            progress(&format!("{} blobs", manifest.blobs));
        }
    }
    manifest.blobs_digest = Some(all.finish());
    Ok(())
}
