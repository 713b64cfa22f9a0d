//! Brings a database's schema up to date: forward only, each migration once, in one transaction.
//!
//! A migration is a file of statements, each ending in `;` at the end of a line, in the SQL that both databases share.
//! `-- only postgres` and `-- only sqlite` begin a part for one of them, `-- both` ends it. A migration that was
//! released is never edited: its digest is kept with it and a difference stops the start.
//!
//! Servers of the version before still run while a migration is applied: it only adds ("expand"), and what nobody uses
//! any more is removed a version later ("contract"). docs/how-to/administer.md has the rule.

use crate::connection::{Connection, Dialect, first};
use crate::database::{Database, Scope};
use crate::values;
use proofmark_base::digest::Digest;
use proofmark_base::error::{Error, Kind, Result};

/// All migrations in order; the first has number 1.
pub(crate) const MIGRATIONS: &[(&str, &str)] = &[
    ("platform", include_str!("../migrations/0001_platform.sql")),
    ("indexes", include_str!("../migrations/0002_indexes.sql")),
    ("lists", include_str!("../migrations/0003_lists.sql")),
];

/// What processes that start at the same moment agree on: any number, the same for all.
const LOCK: i64 = 0x70_726f_6f66;

/// A migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migration {
    /// Its number, from 1: the schema that it leads to.
    pub number: i64,
    /// What it is called.
    pub name: &'static str,
}

/// The schema that this program works with.
pub fn newest() -> i64 {
    MIGRATIONS.len() as i64
}

/// The migrations of this program with the digests of their texts.
pub fn known() -> impl Iterator<Item = (Migration, Digest)> {
    (1..).zip(MIGRATIONS).map(|(number, (name, sql))| (Migration { number, name }, Digest::of(sql.as_bytes())))
}

/// Runs what is missing; gives that.
///
/// # Errors
/// `store.newer-schema` where a later version has been here; `store.edited-migration`.
pub async fn run(database: &Database) -> Result<Vec<Migration>> {
    let mut tx = database.begin(Scope::System).await?;
    let made = run_to(&mut tx, newest()).await?;
    tx.commit().await?;
    Ok(made)
}

/// What [`run`] would do.
///
/// # Errors
/// As [`run`].
pub async fn missing(database: &Database) -> Result<Vec<Migration>> {
    let mut tx = database.read(Scope::System).await?;
    let there = version(&mut tx).await?;
    if there > 0 {
        compare(&mut tx).await?;
    }
    Ok(known().map(|(m, _)| m).filter(|m| m.number > there).collect())
}

/// Runs what is missing up to that number, in the caller's transaction; others that migrate wait for its end. For rows of
/// an older schema that are to go forward with their tables.
///
/// # Errors
/// As [`run`].
pub async fn run_to(on: &mut dyn Connection, last: i64) -> Result<Vec<Migration>> {
    if on.dialect() == Dialect::Postgres {
        on.rows("SELECT pg_advisory_xact_lock(?)", values![LOCK]).await?;
    }
    on.execute(
        "CREATE TABLE IF NOT EXISTS platform_migrations (
            number BIGINT PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL)",
        values![],
    )
    .await?;
    let done = compare(on).await?;
    let mut made = Vec::new();
    for (number, (name, sql)) in (1_i64..).zip(MIGRATIONS).skip(done).take_while(|(n, _)| *n <= last) {
        for statement in statements(sql, on.dialect()) {
            on.execute(&statement, values![]).await.map_err(|e| {
                Error::bug(format!("migration {number} ({name}) failed at `{}`", proofmark_base::id::shown(&statement)))
                    .because(e)
            })?;
        }
        let digest = Digest::of(sql.as_bytes());
        on.execute(
            "INSERT INTO platform_migrations (number, name, digest) VALUES (?, ?, ?)",
            values![number, *name, digest],
        )
        .await?;
        made.push(Migration { number, name });
    }
    Ok(made)
}

/// Compares the migrations that a database has with those of this program; gives their number.
async fn compare(on: &mut dyn Connection) -> Result<usize> {
    let done = on.rows("SELECT number, name, digest FROM platform_migrations ORDER BY number", values![]).await?;
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
    Ok(done.len())
}

/// Number of the newest migration that a database has; 0 where there is none.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn version(on: &mut dyn Connection) -> Result<i64> {
    let there = match on.dialect() {
        Dialect::Sqlite => {
            "SELECT COUNT(*) AS number FROM sqlite_master WHERE type = 'table' AND name = 'platform_migrations'"
        }
        Dialect::Postgres => {
            "SELECT CAST(COUNT(*) AS BIGINT) AS number FROM pg_class
             WHERE oid = to_regclass('platform_migrations') AND relkind = 'r'"
        }
    };
    let none = || Error::bug("no row from an aggregate");
    if first(on, there, values![]).await?.ok_or_else(none)?.int("number")? == 0 {
        return Ok(0);
    }
    let row = first(on, "SELECT COALESCE(MAX(number), 0) AS number FROM platform_migrations", values![]).await?;
    row.ok_or_else(none)?.int("number")
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
        assert_eq!(version(&mut tx).await.unwrap(), newest());
        let later = newest() + 1;
        tx.execute("INSERT INTO platform_migrations VALUES (?, 'later', 'x')", values![later]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(missing(&database).await.unwrap_err().code, "store.newer-schema");
        assert_eq!(Database::sqlite(&file).await.unwrap_err().code, "store.newer-schema");
        let mut tx = database.begin(Scope::System).await.unwrap();
        tx.execute("DELETE FROM platform_migrations WHERE name = 'later'", values![]).await.unwrap();
        tx.execute("UPDATE platform_migrations SET digest = 'x' WHERE number = 1", values![]).await.unwrap();
        tx.commit().await.unwrap();
        database.close().await;
        assert_eq!(Database::sqlite(&file).await.unwrap_err().code, "store.edited-migration");
    }

    #[tokio::test]
    async fn what_is_missing_is_said_and_then_done() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::sqlite_as_it_is(&folder.path().join("a.db")).await.unwrap();
        let all: Vec<Migration> = known().map(|(m, _)| m).collect();
        assert_eq!(missing(&database).await.unwrap(), all);
        assert_eq!(run(&database).await.unwrap(), all);
        assert!(missing(&database).await.unwrap().is_empty() && run(&database).await.unwrap().is_empty());
    }
}
