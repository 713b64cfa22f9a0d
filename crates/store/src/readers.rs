//! Reading from SQLite on the thread that asks.
//!
//! The driver of the writing connection hands each statement to a thread of its own and waits for it. A read of a few
//! rows takes some microseconds, and the switches between threads for its beginning, its queries and its end several
//! times as long. Readers of a write-ahead log wait for nobody, and queries give pages, so they may run where they are.

use crate::connection::{Columns, Connection, Dialect, Row, Value};
use async_trait::async_trait;
use proofmark_base::error::{Error, Result};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{OpenFlags, ToSql, params_from_iter};
use std::borrow::Cow;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections, and so transactions at the same time; more wait.
const MOST: u32 = 4;
/// How long one waits for a connection.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a statement waits while another process recovers the write-ahead log, the one lock that stops readers. It
/// holds up a thread that has other work.
const BUSY: Duration = Duration::from_secs(1);
/// Statements that a connection keeps prepared.
const PREPARED: usize = 256;

/// Connections that read one file.
#[derive(Clone, Debug)]
pub(crate) struct Readers(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    file: PathBuf,
    idle: Mutex<Vec<rusqlite::Connection>>,
    places: Arc<Semaphore>,
}

impl Readers {
    /// Opens the file, which must be there and have its write-ahead log.
    pub(crate) fn open(file: &Path) -> Result<Self> {
        let places = Arc::new(Semaphore::new(MOST as usize));
        let readers = Readers(Arc::new(Inner { file: file.into(), idle: Mutex::default(), places }));
        let first = readers.connect()?;
        readers.idle().push(first);
        Ok(readers)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<rusqlite::Connection>> {
        // a connection is put in or taken out whole
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connect(&self) -> Result<rusqlite::Connection> {
        // one thread at a time has a connection, so SQLite need not see to it
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = rusqlite::Connection::open_with_flags(&self.0.file, flags).map_err(error)?;
        connection.busy_timeout(BUSY).map_err(error)?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        Ok(connection)
    }

    /// Begins a transaction: all that is read in it is of one commit.
    ///
    /// # Errors
    /// `store.unavailable`.
    pub(crate) async fn begin(&self) -> Result<Snapshot> {
        let place = tokio::time::timeout(PATIENCE, Arc::clone(&self.0.places).acquire_owned()).await;
        let Ok(Ok(place)) = place else {
            return Err(Error::unavailable("store.unavailable", "the database cannot be reached").retry_after(2));
        };
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.connect()?,
        };
        run(&connection, "BEGIN")?;
        Ok(Snapshot { connection: Some(connection), readers: self.clone(), _place: place })
    }

    /// Closes every connection; transactions that are open end first.
    pub(crate) async fn close(&self) {
        // fails where it was closed before
        let all = self.0.places.acquire_many(MOST).await;
        self.0.places.close();
        self.idle().clear();
        drop(all);
    }
}

fn run(connection: &rusqlite::Connection, sql: &str) -> Result<()> {
    connection.prepare_cached(sql).and_then(|mut statement| statement.execute([])).map(drop).map_err(error)
}

/// A transaction that reads.
pub(crate) struct Snapshot {
    /// None only while it ends.
    connection: Option<rusqlite::Connection>,
    readers: Readers,
    _place: OwnedSemaphorePermit,
}

impl Snapshot {
    fn connection(&self) -> Result<&rusqlite::Connection> {
        self.connection.as_ref().ok_or_else(|| Error::bug("a transaction that has ended"))
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        // one that does not end is closed, which ends it
        if run(&connection, "ROLLBACK").is_ok() {
            self.readers.idle().push(connection);
        }
    }
}

#[async_trait]
impl Connection for Snapshot {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    async fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64> {
        let mut statement = self.connection()?.prepare_cached(sql).map_err(error)?;
        let changed = statement.execute(params_from_iter(values)).map_err(error)?;
        Ok(changed as u64)
    }

    async fn rows(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>> {
        // who reads page after page, as an export does, lets others at the thread now and then
        tokio::task::coop::consume_budget().await;
        let mut statement = self.connection()?.prepare_cached(sql).map_err(error)?;
        let names: Vec<Box<str>> = statement.column_names().into_iter().map(Box::from).collect();
        let width = names.len();
        // room for some rows, so that a page does not grow into it again and again
        let mut table = Table { names, cells: Vec::with_capacity(8 * width), text: String::with_capacity(4096) };
        let mut found = statement.query(params_from_iter(values)).map_err(error)?;
        let mut number = 0;
        while let Some(row) = found.next().map_err(error)? {
            for column in 0..width {
                table.push(row.get_ref(column).map_err(error)?)?;
            }
            number += 1;
        }
        let table = Arc::new(table);
        let row = |n| Row::new(One { table: Arc::clone(&table), first: n * width, likely: AtomicUsize::new(0) });
        Ok((0..number).map(row).collect())
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Int(v) => ValueRef::Integer(*v),
            Value::Real(v) => ValueRef::Real(*v),
            Value::Bool(v) => ValueRef::Integer(i64::from(*v)),
            Value::Text(v) => ValueRef::Text(v.as_bytes()),
        }))
    }
}

/// The rows of a query, all their texts in one: a page of a list is many cells, and an allocation for each would take
/// longer than the query.
struct Table {
    names: Vec<Box<str>>,
    /// Row by row.
    cells: Vec<Cell>,
    text: String,
}

enum Cell {
    Null,
    Int(i64),
    Real(f64),
    /// Where it stands in the texts.
    Text(Range<usize>),
}

impl Table {
    fn push(&mut self, value: ValueRef<'_>) -> Result<()> {
        self.cells.push(match value {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(v) => Cell::Int(v),
            ValueRef::Real(v) => Cell::Real(v),
            ValueRef::Text(v) => match std::str::from_utf8(v) {
                Ok(text) => {
                    let start = self.text.len();
                    self.text.push_str(text);
                    Cell::Text(start..self.text.len())
                }
                Err(e) => return Err(Error::bug("the database holds text that is not UTF-8").because(e)),
            },
            ValueRef::Blob(_) => return Err(Error::bug("the database holds bytes where none are written")),
        });
        Ok(())
    }
}

/// One of its rows.
struct One {
    table: Arc<Table>,
    /// Its first cell.
    first: usize,
    /// The column that will be asked for next, if they are asked for in their order.
    likely: AtomicUsize,
}

impl One {
    fn cell(&self, name: &str) -> Result<&Cell> {
        let names = &self.table.names;
        let likely = self.likely.load(Ordering::Relaxed);
        let at = match names.get(likely) {
            Some(n) if **n == *name => Some(likely),
            _ => names.iter().position(|n| **n == *name),
        };
        let at = at.ok_or_else(|| Error::bug(format!("a query gives no column {name}")))?;
        self.likely.store(at + 1, Ordering::Relaxed);
        self.table.cells.get(self.first + at).ok_or_else(|| Error::bug("a row that is not there"))
    }

    fn read<'s, T>(&'s self, name: &str, of: impl FnOnce(&'s Cell) -> Option<T>) -> Result<Option<T>> {
        match self.cell(name)? {
            Cell::Null => Ok(None),
            cell => of(cell).map(Some).ok_or_else(|| Error::bug(format!("the column {name} is of another type"))),
        }
    }
}

impl Columns for One {
    fn int(&self, name: &str) -> Result<Option<i64>> {
        self.read(name, |c| if let Cell::Int(v) = c { Some(*v) } else { None })
    }
    fn real(&self, name: &str) -> Result<Option<f64>> {
        self.read(name, |c| match c {
            Cell::Real(v) => Some(*v),
            Cell::Int(v) => Some(*v as f64),
            _ => None,
        })
    }
    fn bool(&self, name: &str) -> Result<Option<bool>> {
        self.read(name, |c| if let Cell::Int(v) = c { Some(*v != 0) } else { None })
    }
    fn text(&self, name: &str) -> Result<Option<Cow<'_, str>>> {
        let text = &self.table.text;
        self.read(name, |c| match c {
            Cell::Text(at) => text.get(at.clone()).map(Cow::Borrowed),
            _ => None,
        })
    }
}

/// What SQLite met, in our words.
fn error(e: rusqlite::Error) -> Error {
    let made = match e.sqlite_error().map(|e| e.extended_code) {
        Some(code) => crate::sqlite::met(code),
        None => None,
    };
    made.unwrap_or_else(|| Error::bug("the database refused a statement")).because(e)
}

#[cfg(test)]
mod tests {
    use super::MOST;
    use crate::{Connection, Database, Scope, values};
    use proofmark_base::error::Kind;
    use std::time::Duration;

    async fn database(folder: &tempfile::TempDir) -> Database {
        let database = Database::sqlite(&folder.path().join("a.db")).await.unwrap();
        let mut tx = database.begin(Scope::System).await.unwrap();
        tx.execute("CREATE TABLE kept (number BIGINT, text TEXT, share REAL, bytes BLOB)", values![]).await.unwrap();
        let sql = "INSERT INTO kept VALUES (?, ?, ?, NULL)";
        tx.execute(sql, values![1_i64, "one \u{e9}", 0.5]).await.unwrap();
        tx.execute(sql, values![None::<i64>, "", 2.0]).await.unwrap();
        tx.commit().await.unwrap();
        database
    }

    #[tokio::test]
    async fn columns_are_read_in_any_order_and_by_their_type() {
        let folder = tempfile::tempdir().unwrap();
        let mut tx = database(&folder).await.read(Scope::System).await.unwrap();
        let rows = tx.rows("SELECT * FROM kept WHERE share > ? ORDER BY share", values![0.1]).await.unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].real("share").unwrap(), rows[0].int("number").unwrap()), (0.5, 1));
        assert_eq!(rows[0].text("text").unwrap(), "one \u{e9}");
        assert!(rows[0].bool("number").unwrap());
        assert_eq!((rows[1].int_opt("number").unwrap(), rows[1].text("text").unwrap()), (None, String::new()));
        for wrong in
            [rows[0].int("text").unwrap_err(), rows[0].text("number").unwrap_err(), rows[0].int("none").unwrap_err()]
        {
            assert_eq!(wrong.kind, Kind::Bug);
        }
        let bytes = tx.rows("SELECT x'ff' AS bytes", values![]).await;
        assert_eq!(bytes.err().unwrap().kind, Kind::Bug);
    }

    #[tokio::test]
    async fn a_transaction_sees_one_commit_and_writes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let database = database(&folder).await;
        let mut tx = database.read(Scope::System).await.unwrap();
        let count = "SELECT COUNT(*) AS n FROM kept";
        assert_eq!(tx.rows(count, values![]).await.unwrap()[0].int("n").unwrap(), 2);
        let mut writer = database.begin(Scope::System).await.unwrap();
        writer.execute("DELETE FROM kept", values![]).await.unwrap();
        writer.commit().await.unwrap();
        assert_eq!(tx.rows(count, values![]).await.unwrap()[0].int("n").unwrap(), 2);
        assert!(tx.execute("DELETE FROM kept", values![]).await.is_err());
        drop(tx);
        let mut tx = database.read(Scope::System).await.unwrap();
        assert_eq!(tx.rows(count, values![]).await.unwrap()[0].int("n").unwrap(), 0);
    }

    #[tokio::test]
    async fn who_comes_when_all_are_taken_waits() {
        let folder = tempfile::tempdir().unwrap();
        let database = database(&folder).await;
        let mut all = Vec::new();
        for _ in 0..MOST {
            all.push(database.read(Scope::System).await.unwrap());
        }
        let next = database.read(Scope::System);
        let mut next = std::pin::pin!(next);
        assert!(tokio::time::timeout(Duration::from_millis(50), &mut next).await.is_err());
        all.pop();
        drop(next.await.unwrap());
        drop(all);
        database.close().await;
        assert_eq!(database.read(Scope::System).await.err().unwrap().code, "store.unavailable");
    }
}
