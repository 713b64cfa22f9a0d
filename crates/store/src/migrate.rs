//! Brings a database's schema up to date: forward only, each migration once, in one transaction.
//!
//! A migration is a file of statements, each ending in `;` at the end of a line, in the SQL that both databases share.
//! `-- only postgres` and `-- only sqlite` begin a part for one of them, `-- both` ends it. A migration that was
//! released is never edited: its digest is kept with it and a difference stops the start.

use crate::connection::{Connection, Dialect, first};
use crate::database::{Database, Scope};
use crate::values;
use proofmark_base::digest::Digest;
use proofmark_base::error::{Error, Kind, Result};

/// All migrations in order; the first has number 1.
pub(crate) const MIGRATIONS: &[(&str, &str)] = &[("platform", include_str!("../migrations/0001_platform.sql"))];

/// What processes that start at the same moment agree on: any number, the same for all.
const LOCK: i64 = 0x70_726f_6f66;

/// Runs what is missing.
///
/// # Errors
/// `store.newer-schema` where a later version has been here; `store.edited-migration`.
pub(crate) async fn run(database: &Database) -> Result<()> {
    let mut tx = database.begin(Scope::System).await?;
    if tx.dialect() == Dialect::Postgres {
        tx.rows("SELECT pg_advisory_xact_lock(?)", values![LOCK]).await?;
    }
    tx.execute(
        "CREATE TABLE IF NOT EXISTS platform_migrations (
            number BIGINT PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL)",
        values![],
    )
    .await?;
    let done = tx.rows("SELECT number, name, digest FROM platform_migrations ORDER BY number", values![]).await?;
    if done.len() > MIGRATIONS.len() {
        let text = format!("the database has schema {}, and this program knows up to {}", done.len(), MIGRATIONS.len());
        return Err(Error::new(Kind::Unavailable, "store.newer-schema", text)
            .help("start the version of Proofmark that wrote it, or a later one; schemas are not taken back"));
    }
    for (row, (name, sql)) in done.iter().zip(MIGRATIONS) {
        if row.text("digest")? != Digest::of(sql.as_bytes()).to_string() {
            let text = format!("the database was made with another migration {} ({name})", row.int("number")?);
            return Err(Error::new(Kind::Unavailable, "store.edited-migration", text)
                .help("this program and that database do not belong together"));
        }
    }
    for (number, (name, sql)) in (1_i64..).zip(MIGRATIONS).skip(done.len()) {
        for statement in statements(sql, tx.dialect()) {
            tx.execute(&statement, values![]).await.map_err(|e| {
                Error::bug(format!("migration {number} ({name}) failed at `{}`", proofmark_base::id::shown(&statement)))
                    .because(e)
            })?;
        }
        let digest = Digest::of(sql.as_bytes());
        tx.execute(
            "INSERT INTO platform_migrations (number, name, digest) VALUES (?, ?, ?)",
            values![number, *name, digest],
        )
        .await?;
    }
    tx.commit().await
}

/// Number of the newest migration that a database has.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn version(on: &mut dyn Connection) -> Result<i64> {
    let row = first(on, "SELECT COALESCE(MAX(number), 0) AS number FROM platform_migrations", values![]).await?;
    row.ok_or_else(|| Error::bug("no row from an aggregate"))?.int("number")
}

/// The statements of a file for that dialect, comments left out.
fn statements(sql: &str, dialect: Dialect) -> Vec<String> {
    let (mut found, mut statement, mut wanted) = (Vec::new(), String::new(), true);
    for line in sql.lines() {
        let line = line.trim_end();
        if let Some(comment) = line.trim_start().strip_prefix("--") {
            wanted = match comment.trim() {
                "only postgres" => dialect == Dialect::Postgres,
                "only sqlite" => dialect == Dialect::Sqlite,
                "both" => true,
                _ => wanted,
            };
            continue;
        }
        if !wanted || line.is_empty() {
            continue;
        }
        statement.push_str(line);
        statement.push('\n');
        if line.ends_with(';') {
            found.push(std::mem::take(&mut statement));
        }
    }
    if !statement.trim().is_empty() {
        found.push(statement);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_for_one_database_are_kept_from_the_other() {
        let sql = "-- a comment\nCREATE TABLE a (\n  b TEXT\n);\n-- only postgres\nSELECT 1;\n-- only sqlite\nSELECT 2;\n-- both\nSELECT 3;\n";
        let (lite, post) = (statements(sql, Dialect::Sqlite), statements(sql, Dialect::Postgres));
        assert_eq!(lite, ["CREATE TABLE a (\n  b TEXT\n);\n", "SELECT 2;\n", "SELECT 3;\n"]);
        assert_eq!(post, ["CREATE TABLE a (\n  b TEXT\n);\n", "SELECT 1;\n", "SELECT 3;\n"]);
    }

    #[tokio::test]
    async fn a_newer_or_edited_schema_stops_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.db");
        let database = Database::sqlite(&file).await.unwrap();
        let mut tx = database.begin(Scope::System).await.unwrap();
        assert_eq!(version(&mut tx).await.unwrap(), MIGRATIONS.len() as i64);
        tx.execute("UPDATE platform_migrations SET digest = 'x' WHERE number = 1", values![]).await.unwrap();
        tx.commit().await.unwrap();
        database.close().await;
        assert_eq!(Database::sqlite(&file).await.unwrap_err().code, "store.edited-migration");
    }
}
