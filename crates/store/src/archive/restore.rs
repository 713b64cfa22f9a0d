//! Restoring an archive into a database and a blob store with nothing in them.

use super::catalog::{self, Column, Table};
use super::read::{Checked, Item, Walk};
use super::write::COUNTERS;
use super::{damaged, hold, other_version};
use crate::connection::{Connection, Dialect, Value, first};
use crate::database::{Database, Scope};
use crate::{Blobs, audit, migrate, organizations, values, webhooks};
use futures_util::stream::StreamExt;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_base::time::Timestamp;
use proofmark_kernel::audit::Record;
use serde_json::json;
use std::io::Read;

/// Values in one statement: both databases take more.
const VALUES: usize = 10_000;

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Rows of all tables.
    pub rows: u64,
    /// Blobs, and their bytes.
    pub blobs: u64,
    /// Bytes of the blobs.
    pub blob_bytes: u64,
    /// The schema of the archive.
    pub schema: i64,
    /// Migrations that were applied to its rows.
    pub migrated: Vec<migrate::Migration>,
    /// Processes whose work is given to others: those that lived when the backup was made.
    pub executors: u64,
    /// Uploads whose bytes have to be sent again: they were under way.
    pub uploads: u64,
    /// Webhooks that were switched off.
    pub webhooks_off: u64,
}

/// What becomes of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// They go on where they were.
    GoOn,
    /// A copy beside the original: its webhooks are switched off, so that receivers are not told twice.
    Copy,
}

/// Looks whether an archive can be restored there. Changes nothing.
///
/// # Errors
/// `restore.newer-schema`, `restore.other-migrations`, `restore.workflow-schema` where it belongs to another version;
/// `restore.not-empty` where something is in the database or the blob store, naming it; `store.newer-schema`.
pub async fn ready(checked: &Checked, database: &Database, blobs: &Blobs) -> Result<()> {
    let header = &checked.header;
    let known: Vec<_> = migrate::known().collect();
    let program = proofmark_base::id::shown(&header.program);
    let whose = format!("it was written by Proofmark {program}");
    if header.schema.len() > known.len() {
        let why = format!(
            "the backup has schema {}, and this program knows up to {}: {whose}",
            header.schema.len(),
            known.len()
        );
        return Err(other_version("restore.newer-schema", why).help("restore it with that version, or a later one"));
    }
    if let Some(((_, _), (migration, _))) = header.schema.iter().zip(&known).find(|((_, a), (_, b))| a != b) {
        let why = format!("the backup was made with another migration {} ({})", migration.number, migration.name);
        return Err(other_version("restore.other-migrations", format!("{why}: {whose}"))
            .help("this program and that backup do not belong together"));
    }
    if header.schema.is_empty() {
        return Err(damaged("it has no schema"));
    }
    let mut tx = database.read(Scope::System).await?;
    let there = migrate::version(&mut tx).await?;
    drop(tx);
    migrate::missing(database).await?;
    let mut tx = database.read(Scope::System).await?;
    let flow = catalog::workflow_schema(&mut tx).await?;
    if let (Some(theirs), Some(ours)) = (header.workflow_schema, flow)
        && theirs != ours
    {
        let why = format!("the backup's workflows have schema {theirs}, and this program's {ours}: {whose}");
        return Err(other_version("restore.workflow-schema", why).help("restore it with that version, then upgrade"));
    }
    let mut found = Vec::new();
    for table in catalog::tables(&mut tx).await? {
        let sql = format!("SELECT COUNT(*) AS number FROM {}", table.sql);
        let rows = first(&mut tx, &sql, values![]).await?.map_or(Ok(0), |r| r.int("number"))?;
        if rows > 0 {
            found.push(format!("{rows} rows of {}", table.name));
        }
    }
    drop(tx);
    if found.is_empty() && there > header.schema.len() as i64 {
        // rows of an older schema belong into its tables, and go forward with them
        found.push(format!("tables of schema {there}, and the backup has schema {}", header.schema.len()));
    }
    let (mut foreign, mut listed) = (0_u64, blobs.list());
    while let Some(blob) = listed.next().await.transpose()? {
        // those of the archive may be there: a restore that broke off is done again
        foreign += u64::from(!checked.blobs.contains(&blob.digest));
    }
    if foreign > 0 {
        found.push(format!("{foreign} blobs that are not the backup's"));
    }
    if found.is_empty() {
        return Ok(());
    }
    let what = match found.split_at(found.len().min(5)) {
        (some, []) => some.join(", "),
        (some, more) => format!("{} and {} more", some.join(", "), more.len()),
    };
    let error = Error::new(Kind::Conflict, "restore.not-empty", format!("there is something already: {what}"));
    Err(error.help("name a database and a place for blobs with nothing in them"))
}

/// Restores an archive that was [checked](super::check) and for which the place is [`ready`]: all rows in one
/// transaction, which ends after everything was read once more and agreed with. The tables of the workflow library must
/// be there. What fails leaves the database as it was, and blobs that another try finds.
///
/// # Errors
/// `archive.*`; `restore.changed` where the file changed since it was checked; `restore.columns`, `restore.rows` where
/// rows do not fit; what database and blob store met.
pub async fn restore<R: Read>(
    from: R,
    checked: &Checked,
    database: &Database,
    blobs: &Blobs,
    (purpose, now): (Purpose, Timestamp),
    progress: &mut dyn FnMut(&str),
) -> Result<Restored> {
    let mut walk = Walk::open(from)?;
    let schema = walk.header.schema.len() as i64;
    let mut tx = database.begin(Scope::System).await?;
    migrate::run_to(&mut tx, schema).await?;
    let there = catalog::tables(&mut tx).await?;
    let mut tables = Vec::new();
    for wanted in &walk.header.tables {
        let table = there.iter().find(|t| t.name == wanted.name);
        let table = table.ok_or_else(|| columns(&format!("there is no table {}", wanted.name)))?;
        let mut known: Vec<&Column> = Vec::new();
        for (name, holds) in &wanted.columns {
            let column = table.columns.iter().find(|c| c.name == *name && c.holds == *holds);
            let column = column.filter(|c| !known.contains(c));
            known.push(column.ok_or_else(|| columns(&format!("{} has no such column {name}", wanted.name)))?);
        }
        tables.push((table, known));
    }
    let mut buffer = vec![0; 256 << 10];
    let manifest = loop {
        match walk.next()? {
            Item::Key(..) => {}
            Item::Rows(table, rows) => {
                let (table, columns) = &tables[table];
                progress(&table.name);
                insert(&mut tx, table, columns, rows).await?;
            }
            Item::Blob(digest) => {
                let mut writer = blobs.writer();
                loop {
                    match walk.chunk(&mut buffer) {
                        Ok(0) => break,
                        Ok(read) => writer.push(&buffer[..read]).await?,
                        Err(e) => {
                            writer.abandon().await;
                            return Err(e);
                        }
                    }
                }
                writer.finish_if(|made, _| if made == digest { Ok(()) } else { Err(damaged("a blob")) }).await?;
                progress("blobs");
            }
            Item::End(manifest, digest) if digest == checked.digest => break manifest,
            Item::End(..) => {
                return Err(Error::new(Kind::Conflict, "restore.changed", "the backup changed while it was restored"));
            }
        }
    };
    for (table, _) in &tables {
        let sql = format!("SELECT COUNT(*) AS number FROM {}", table.sql);
        let rows = first(&mut tx, &sql, values![]).await?.map_or(Ok(0), |r| r.int("number"))?;
        if manifest.rows.get(&table.name) != Some(&rows.unsigned_abs()) {
            return Err(Error::bug(format!("{rows} rows of {} came to be", table.name)));
        }
    }
    count_on(&mut tx, &walk.header.counters).await?;
    let (executors, uploads) = settle(&mut tx).await?;
    let migrated = migrate::run_to(&mut tx, migrate::newest()).await?;
    let webhooks_off = note(&mut tx, checked, purpose, now).await?;
    tx.commit().await?;
    Ok(Restored {
        rows: manifest.rows.values().sum(),
        blobs: manifest.blobs,
        blob_bytes: manifest.blob_bytes,
        schema,
        migrated,
        executors,
        uploads,
        webhooks_off,
    })
}

/// Switches webhooks off where it is to be; every organization's audit log says that it is a copy from here on.
async fn note(on: &mut dyn Connection, checked: &Checked, purpose: Purpose, now: Timestamp) -> Result<u64> {
    let mut all_off = 0;
    for organization in organizations::all(on).await? {
        let mut off = 0_u64;
        if purpose == Purpose::Copy {
            for webhook in webhooks::enabled(on, organization.id).await? {
                off += u64::from(webhooks::disable(on, webhook.id, now, "restored as a copy").await?);
            }
        }
        let record = Record {
            organization: organization.id,
            at: now,
            actor: "system".into(),
            credential: "console".into(),
            action: "backup.restore".into(),
            subject: organization.id.to_string(),
            detail: json!({"backup": checked.digest, "created_at": checked.header.created_at, "webhooks_off": off}),
            trace: None,
        };
        audit::append(on, record).await?;
        all_off += off;
    }
    Ok(all_off)
}

fn columns(why: &str) -> Error {
    Error::invalid("restore.columns", format!("the backup does not fit its schema: {why}"))
}

async fn insert(on: &mut dyn Connection, table: &Table, columns: &[&Column], rows: Vec<Vec<Value>>) -> Result<()> {
    let most = (VALUES / columns.len()).max(1);
    let mut rows = rows.into_iter();
    loop {
        let batch: Vec<Vec<Value>> = rows.by_ref().take(most).collect();
        if batch.is_empty() {
            return Ok(());
        }
        let sql = table.insert(columns, batch.len());
        let values: Vec<Value> = batch.into_iter().flatten().collect();
        on.execute(&sql, &values).await.map_err(|e| match e.kind {
            Kind::Unavailable => e,
            _ => {
                Error::invalid("restore.rows", format!("rows of {} do not go into the database", table.name)).because(e)
            }
        })?;
    }
}

/// Numbers that the database gives go on where they were.
async fn count_on(on: &mut dyn Connection, counters: &std::collections::BTreeMap<String, i64>) -> Result<()> {
    for (table, column) in COUNTERS {
        let Some(last) = counters.get(&format!("{table}.{column}")).filter(|n| **n > 0) else { continue };
        match on.dialect() {
            Dialect::Postgres => {
                let sql = "SELECT setval(CAST(pg_get_serial_sequence(?, ?) AS regclass), ?) AS number";
                on.rows(sql, values![*table, *column, *last]).await?;
            }
            Dialect::Sqlite => {
                let sql = "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?";
                if on.execute(sql, values![*last, *table]).await? == 0 {
                    on.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", values![*table, *last]).await?;
                }
            }
        }
    }
    Ok(())
}

/// What was true of processes and bytes that are not here: gives the number of executors and of uploads.
async fn settle(on: &mut dyn Connection) -> Result<(u64, u64)> {
    // their work is put back on its queues by whoever starts first
    let sql =
        "UPDATE platform_executors SET taken_over_at = beat_at WHERE stopped_at IS NULL AND taken_over_at IS NULL";
    let executors = on.execute(sql, values![]).await?;
    // pieces of uploads are not in a backup: their senders ask how far they are, and begin again
    let sql = "UPDATE platform_uploads SET received = 0 WHERE artifact_id IS NULL AND received > 0";
    let uploads = on.execute(sql, values![]).await?;
    // events that a relay held are due at once
    let sql = "UPDATE platform_outbox SET due_at = at WHERE delivered_at IS NULL AND due_at > at";
    on.execute(sql, values![]).await?;
    let sql = format!("DELETE FROM platform_settings WHERE name LIKE '{}%'", hold::PREFIX);
    on.execute(&sql, values![]).await?;
    Ok((executors, uploads))
}
