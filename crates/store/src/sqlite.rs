//! SQLite behind [`Connection`]: one connection that writes, several that read ([`crate::readers`]), write-ahead log.

use crate::connection::{Columns, Connection, Dialect, Row, Value};
use crate::database::{error, full};
use crate::readers::Readers;
use async_trait::async_trait;
use proofmark_base::error::{Error, Kind, Result};
use sqlx::query::Query;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteRow, SqliteSynchronous,
};
use sqlx::{Connection as _, Row as _, Sqlite};
use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

/// How long a statement waits for another process's lock, such as a backup's.
const BUSY: Duration = Duration::from_secs(10);

/// Pools on one file.
#[derive(Clone, Debug)]
pub(crate) struct Pools {
    /// One connection: writers wait in line here, in order, instead of failing on each other's locks.
    pub(crate) writer: SqlitePool,
    /// Readers see the last commit and never wait for the writer.
    pub(crate) readers: Readers,
    /// For those who read whole tables; opened when somebody does.
    pub(crate) surveys: SqlitePool,
}

impl Pools {
    /// Opens the file, creating it if need be.
    pub(crate) async fn open(file: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            // an answered request must survive a power cut
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY)
            .statement_cache_capacity(256);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            // a file does not hang up: asking would be a third of what a short transaction costs
            .test_before_acquire(false)
            // a full disk makes SQLite end a transaction by itself, and the driver then counts one that is not there:
            // no transaction could begin on that connection any more
            .before_acquire(|connection, _| {
                Box::pin(async move {
                    if connection.is_in_transaction() {
                        // lets a rollback that is on its way arrive
                        connection.ping().await?;
                    }
                    Ok(!connection.is_in_transaction())
                })
            })
            .connect_with(options.clone())
            .await
            .map_err(error)?;
        let surveys = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(Duration::from_secs(10))
            .connect_lazy_with(options.create_if_missing(false).read_only(true));
        Ok(Pools { writer, readers: Readers::open(file)?, surveys })
    }
}

/// What an extended result code of SQLite means; none where it is no trouble of the database's.
pub(crate) fn met(code: i32) -> Option<Error> {
    match code {
        // SQLITE_BUSY and its variants
        5 | 261 | 517 => Some(Error::unavailable("store.busy", "the database is busy").retry_after(1)),
        // SQLITE_IOERR and its variants, SQLITE_FULL
        _ if matches!(code & 0xff, 10 | 13) => Some(full()),
        _ => None,
    }
}

/// Holds a SQLite file against other processes that would run workflows on it; let go of when dropped or when the
/// process ends, however it ends.
#[derive(Debug)]
pub struct SoleProcess {
    _held: SqliteConnection,
}

/// Takes that hold. It is a lock on a file beside the database, so that readers and backups are not in its way.
pub(crate) async fn sole_process(writer: &SqlitePool) -> Result<SoleProcess> {
    let options = writer.connect_options();
    let mut name = options.get_filename().as_os_str().to_os_string();
    name.push("-executor");
    let beside = SqliteConnectOptions::new()
        .filename(name)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Memory)
        // a process that is being replaced may need a moment to end
        .busy_timeout(Duration::from_secs(2));
    let in_use = |e: sqlx::Error| match error(e) {
        e if e.code == "store.busy" => {
            Error::new(Kind::Unavailable, "store.in-use", "another process runs workflows on this SQLite database")
                .help("stop it first; several processes need PostgreSQL")
        }
        e => e,
    };
    let mut held = SqliteConnection::connect_with(&beside).await.map_err(in_use)?;
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut held).await.map_err(in_use)?;
    Ok(SoleProcess { _held: held })
}

impl Columns for SqliteRow {
    fn int(&self, name: &str) -> Result<Option<i64>> {
        self.try_get(name).map_err(error)
    }
    fn real(&self, name: &str) -> Result<Option<f64>> {
        self.try_get(name).map_err(error)
    }
    fn bool(&self, name: &str) -> Result<Option<bool>> {
        self.try_get(name).map_err(error)
    }
    fn text(&self, name: &str) -> Result<Option<Cow<'_, str>>> {
        Ok(self.try_get::<Option<&str>, _>(name).map_err(error)?.map(Cow::Borrowed))
    }
}

fn bound<'q>(sql: &'q str, values: &'q [Value]) -> Query<'q, Sqlite, SqliteArguments<'q>> {
    values.iter().fold(sqlx::query(sql), |q, v| match v {
        Value::Null => q.bind(None::<&str>),
        Value::Int(v) => q.bind(*v),
        Value::Real(v) => q.bind(*v),
        Value::Bool(v) => q.bind(*v),
        Value::Text(v) => q.bind(v.as_str()),
    })
}

#[async_trait]
impl Connection for SqliteConnection {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    async fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64> {
        Ok(bound(sql, values).execute(self).await.map_err(error)?.rows_affected())
    }

    async fn rows(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>> {
        Ok(bound(sql, values).fetch_all(self).await.map_err(error)?.into_iter().map(Row::new).collect())
    }
}

#[cfg(test)]
mod tests {
    use crate::{Connection, Database, Scope, values};

    #[tokio::test]
    async fn a_full_disk_does_not_keep_the_writer_from_writing_later() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::sqlite(&folder.path().join("a.db")).await.unwrap();
        let mut tx = database.begin(Scope::System).await.unwrap();
        tx.execute("CREATE TABLE filled (text TEXT)", values![]).await.unwrap();
        tx.rows("PRAGMA max_page_count = 100", values![]).await.unwrap();
        tx.commit().await.unwrap();
        let text = "x".repeat(1 << 20);
        for _ in 0..3 {
            let mut tx = database.begin(Scope::System).await.unwrap();
            let full = tx.execute("INSERT INTO filled VALUES (?)", values![&text]).await;
            drop(tx);
            match full {
                Err(e) => assert_eq!(e.code, "store.full"),
                // another connection, which the limit does not bind
                Ok(_) => return,
            }
        }
        panic!("the limit is a connection's own: the second begins anew");
    }
}
