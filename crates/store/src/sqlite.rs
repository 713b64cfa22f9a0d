//! SQLite behind [`Connection`]: one connection that writes, several that read, write-ahead log.

use crate::connection::{Columns, Connection, Dialect, Row, Value};
use crate::database::error;
use async_trait::async_trait;
use proofmark_base::error::Result;
use sqlx::query::Query;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteRow, SqliteSynchronous,
};
use sqlx::{Row as _, Sqlite};
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
    pub(crate) readers: SqlitePool,
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
            .connect_with(options.clone())
            .await
            .map_err(error)?;
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_with(options.create_if_missing(false).read_only(true))
            .await
            .map_err(error)?;
        Ok(Pools { writer, readers })
    }
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
    fn text(&self, name: &str) -> Result<Option<String>> {
        self.try_get(name).map_err(error)
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
