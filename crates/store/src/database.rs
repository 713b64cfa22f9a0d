//! Databases and transactions on them.

use crate::connection::{Connection, Dialect, Row, Value};
use crate::readers::Snapshot;
use crate::values;
use crate::{migrate, sqlite};
use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt};
use proofmark_base::error::{Error, Kind, Result};
use proofmark_base::time::Timestamp;
use proofmark_kernel::organization::OrganizationId;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Connection as _, PgConnection, Pool, SqliteConnection};
use std::borrow::Cow;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

/// A connection to PostgreSQL that nobody has used for that long may be gone.
const ASKED_AFTER: Duration = Duration::from_secs(1);

/// Whose rows a transaction may see. On PostgreSQL row-level security holds it; queries state the organization as
/// well, so that SQLite needs no second wall to be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those of one organization.
    Organization(OrganizationId),
    /// All: for sign-in before the organization is known, sweepers, migrations.
    System,
}

/// A database of the platform.
#[derive(Clone, Debug)]
pub struct Database(Pools);

#[derive(Clone, Debug)]
enum Pools {
    Sqlite(sqlite::Pools),
    Postgres(PgPool),
}

impl Database {
    /// Opens the SQLite file, creating it if need be, and brings its schema up to date.
    ///
    /// # Errors
    /// `store.newer-schema` where the file was written by a later version, or what the file system met.
    pub async fn sqlite(file: &Path) -> Result<Self> {
        let database = Self::sqlite_as_it_is(file).await?;
        migrate::run(&database).await?;
        Ok(database)
    }

    /// The same, with whatever schema is there. For who looks before migrating.
    ///
    /// # Errors
    /// What the file system met.
    pub async fn sqlite_as_it_is(file: &Path) -> Result<Self> {
        Ok(Database(Pools::Sqlite(sqlite::Pools::open(file).await?)))
    }

    /// Connects to PostgreSQL. The schema is brought up to date under an advisory lock, so that several starting
    /// processes do it once.
    ///
    /// # Errors
    /// `store.newer-schema`, `store.url`, `store.unavailable`.
    pub async fn postgres(url: &str, connections: u32) -> Result<Self> {
        let database = Self::postgres_as_it_is(url, connections).await?;
        migrate::run(&database).await?;
        Ok(database)
    }

    /// The same, with whatever schema is there. For who looks before migrating.
    ///
    /// # Errors
    /// `store.url`, `store.unavailable`.
    pub async fn postgres_as_it_is(url: &str, connections: u32) -> Result<Self> {
        let options = PgConnectOptions::from_str(url).map_err(|e| {
            Error::invalid("store.url", "the database address is not understood")
                .help("write it as postgres://user:password@host:5432/database")
                .because(e)
        })?;
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(Duration::from_secs(10))
            // only a connection that lay unused for a while is asked whether it is still there
            .test_before_acquire(false)
            .before_acquire(|connection, about| {
                Box::pin(async move { Ok(about.idle_for < ASKED_AFTER || connection.ping().await.is_ok()) })
            })
            .connect_with(options.application_name("proofmark"))
            .await
            .map_err(error)?;
        Ok(Database(Pools::Postgres(pool)))
    }

    /// What is spoken here.
    pub fn dialect(&self) -> Dialect {
        match &self.0 {
            Pools::Sqlite(_) => Dialect::Sqlite,
            Pools::Postgres(_) => Dialect::Postgres,
        }
    }

    /// The pool of PostgreSQL, for the durable-execution library that keeps its tables beside ours.
    pub fn postgres_pool(&self) -> Option<&PgPool> {
        match &self.0 {
            Pools::Postgres(pool) => Some(pool),
            Pools::Sqlite(_) => None,
        }
    }

    /// The writing pool (one connection) of SQLite, for the durable-execution library.
    pub fn sqlite_writer(&self) -> Option<&sqlx::SqlitePool> {
        match &self.0 {
            Pools::Sqlite(pools) => Some(&pools.writer),
            Pools::Postgres(_) => None,
        }
    }

    /// Makes this the only process that runs workflows on a SQLite file, for as long as what is given back lives.
    /// PostgreSQL serves many: nothing is held there.
    ///
    /// # Errors
    /// `store.in-use`.
    pub async fn sole_process(&self) -> Result<Option<sqlite::SoleProcess>> {
        match &self.0 {
            Pools::Sqlite(pools) => sqlite::sole_process(&pools.writer).await.map(Some),
            Pools::Postgres(_) => Ok(None),
        }
    }

    /// Begins a transaction that may write. Dropped without [`commit`](Transaction::commit) it is rolled back.
    ///
    /// # Errors
    /// `store.unavailable`, `store.busy`.
    pub async fn begin(&self, scope: Scope) -> Result<Transaction> {
        Ok(Transaction(match &self.0 {
            // a transaction that reads before it writes must hold the write lock from its start
            Pools::Sqlite(pools) => Open::Sqlite(begun(&pools.writer, "BEGIN IMMEDIATE").await?),
            Pools::Postgres(pool) => Open::Postgres(begun(pool, begin("BEGIN", scope)).await?),
        }))
    }

    /// Begins a transaction that only reads, from one snapshot.
    ///
    /// # Errors
    /// `store.unavailable`.
    pub async fn read(&self, scope: Scope) -> Result<Transaction> {
        Ok(Transaction(match &self.0 {
            Pools::Sqlite(pools) => Open::Reading(pools.readers.begin().await?),
            Pools::Postgres(pool) => {
                let begin = begin("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY", scope);
                Open::Postgres(begun(pool, begin).await?)
            }
        }))
    }

    /// The same for whoever reads whole tables, as a backup does: rows come as they are read, and no thread that answers
    /// requests waits for them.
    ///
    /// # Errors
    /// `store.unavailable`.
    pub async fn survey(&self, scope: Scope) -> Result<Transaction> {
        match &self.0 {
            Pools::Sqlite(pools) => Ok(Transaction(Open::Sqlite(begun(&pools.surveys, "BEGIN").await?))),
            Pools::Postgres(_) => self.read(scope).await,
        }
    }

    /// The database's own time: the one clock that processes on several machines share.
    ///
    /// # Errors
    /// `store.unavailable`.
    pub async fn now(&self) -> Result<Timestamp> {
        now(&mut self.read(Scope::System).await?).await
    }

    /// Closes every connection; what is running ends first.
    pub async fn close(&self) {
        match &self.0 {
            Pools::Sqlite(pools) => {
                pools.readers.close().await;
                pools.surveys.close().await;
                pools.writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

fn name(scope: Scope) -> String {
    match scope {
        Scope::Organization(id) => id.to_string(),
        Scope::System => "*".into(),
    }
}

/// PostgreSQL's statements for the beginning of a transaction in that scope, in one message: what [`enter`] does, without
/// a way to the server of its own.
fn begin(begin: &str, scope: Scope) -> String {
    // identifiers are letters, digits and `_`
    format!("{begin}; SELECT set_config('proofmark.organization', '{}', true)", name(scope))
}

/// Begins a transaction in a task of its own. The driver does not roll back one whose beginning was given up halfway, as
/// that of a request is whose client hung up: its connection would go back to the pool within it.
async fn begun<D: sqlx::Database>(
    pool: &Pool<D>,
    begin: impl Into<Cow<'static, str>>,
) -> Result<sqlx::Transaction<'static, D>> {
    let (pool, begin) = (pool.clone(), begin.into());
    let task = tokio::spawn(async move { pool.begin_with(begin).await });
    let begun = task.await.map_err(|e| Error::bug("the task that begins a transaction ended").because(e))?;
    begun.map_err(error)
}

/// Tells PostgreSQL's row-level security whose rows this transaction may see.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn enter(on: &mut dyn Connection, scope: Scope) -> Result<()> {
    if on.dialect() == Dialect::Postgres {
        on.rows("SELECT set_config('proofmark.organization', ?, true)", values![name(scope)]).await?;
    }
    Ok(())
}

/// The database's own time, as it is now and not as it was when the transaction began.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn now(on: &mut dyn Connection) -> Result<Timestamp> {
    let sql = match on.dialect() {
        Dialect::Sqlite => "SELECT CAST(unixepoch('now', 'subsec') * 1000000 AS BIGINT) AS at",
        Dialect::Postgres => "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) AS at",
    };
    let row = crate::connection::first(on, sql, values![]).await?;
    row.ok_or_else(|| Error::bug("no row from a query without a table"))?.time("at")
}

/// An open transaction.
pub struct Transaction(Open);

enum Open {
    Reading(Snapshot),
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

impl Transaction {
    /// Makes everything done in it lasting.
    ///
    /// # Errors
    /// As [`Connection::execute`]; nothing is kept then.
    pub async fn commit(self) -> Result<()> {
        match self.0 {
            Open::Reading(_) => Ok(()),
            Open::Sqlite(t) => t.commit().await.map_err(error),
            Open::Postgres(t) => t.commit().await.map_err(error),
        }
    }

    /// Rows as they come, however many: memory holds a few. For queries that are not worth keeping prepared.
    /// Those of a SQLite transaction that is no [survey](Database::survey) come all at once.
    pub(crate) fn stream<'a>(&'a mut self, sql: &'a str) -> BoxStream<'a, Result<Row>> {
        match &mut self.0 {
            Open::Reading(t) => stream::once(t.rows(sql, &[]))
                .flat_map(|rows| match rows {
                    Ok(rows) => stream::iter(rows).map(Ok).boxed(),
                    Err(e) => stream::iter([Err(e)]).boxed(),
                })
                .boxed(),
            Open::Sqlite(t) => {
                let c: &'a mut SqliteConnection = t;
                let rows = sqlx::query(sql).persistent(false).fetch(c);
                rows.map(|row| row.map(Row::new).map_err(error)).boxed()
            }
            Open::Postgres(t) => {
                let c: &'a mut PgConnection = t;
                let rows = sqlx::query(sql).persistent(false).fetch(c);
                rows.map(|row| row.map(Row::new).map_err(error)).boxed()
            }
        }
    }

    fn inner(&mut self) -> &mut dyn Connection {
        match &mut self.0 {
            Open::Reading(t) => t,
            Open::Sqlite(t) => {
                let c: &mut SqliteConnection = t;
                c
            }
            Open::Postgres(t) => {
                let c: &mut PgConnection = t;
                c
            }
        }
    }
}

#[async_trait]
impl Connection for Transaction {
    fn dialect(&self) -> Dialect {
        match &self.0 {
            Open::Reading(_) | Open::Sqlite(_) => Dialect::Sqlite,
            Open::Postgres(_) => Dialect::Postgres,
        }
    }

    async fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64> {
        self.inner().execute(sql, values).await
    }

    async fn rows(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>> {
        self.inner().rows(sql, values).await
    }
}

pub(crate) fn full() -> Error {
    Error::unavailable("store.full", "the database's disk is full or fails").retry_after(30)
}

/// What the driver met, in our words.
pub fn error(e: sqlx::Error) -> Error {
    let made = match &e {
        sqlx::Error::Database(d) if d.is_unique_violation() => {
            Error::new(Kind::Conflict, "store.unique", "there is one already")
        }
        sqlx::Error::Database(d) if d.is_foreign_key_violation() => {
            Error::new(Kind::Conflict, "store.reference", "something else refers to it, or what it refers to is gone")
        }
        sqlx::Error::Database(d) => match d.code().as_deref() {
            // serialization failure, deadlock
            Some("40001" | "40P01") => Error::unavailable("store.busy", "the database is busy").retry_after(1),
            Some("53100") => full(),
            Some(code) if code.starts_with("28") || code == "3D000" => {
                Error::invalid("store.refused", "PostgreSQL does not let this program in")
                    .help("look at the user, the password and the database's name in the address")
            }
            // PostgreSQL's codes have five characters
            Some(code) if code.len() < 5 => code
                .parse()
                .ok()
                .and_then(sqlite::met)
                .unwrap_or_else(|| Error::bug("the database refused a statement")),
            Some(code) if code.starts_with("08") || code.starts_with("57P") || code == "53300" => {
                Error::unavailable("store.unavailable", "the database cannot be reached").retry_after(2)
            }
            _ => Error::bug("the database refused a statement"),
        },
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Tls(_) => {
            Error::unavailable("store.unavailable", "the database cannot be reached").retry_after(2)
        }
        _ => Error::bug("the database answered in a way that was not expected"),
    };
    made.because(e)
}
