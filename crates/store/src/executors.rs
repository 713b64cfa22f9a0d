//! The registry of executors: processes that run workflows, one row for each start of one.
//!
//! Times are the database's own, never a process's. Whether an executor lives is not decided by comparing them with
//! a clock either: every beat changes `beat_at`, and who watches counts how long it sees no change.

use crate::connection::{Connection, Dialect, Row, first, text};
use crate::values;
use proofmark_base::error::{Error, Result};
use proofmark_base::time::Timestamp;

proofmark_base::id!(
    /// One start of a process that runs workflows.
    ExecutorId, "exec"
);

/// What an executor says of itself when it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Identifier, new for every start.
    pub id: ExecutorId,
    /// Name of the machine, for people.
    pub host: String,
    /// Version of the workflows it runs.
    pub version: String,
    /// Queues it takes work from.
    pub queues: Vec<String>,
    /// Tools it has.
    pub tools: Vec<String>,
}

/// A row of the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executor {
    /// What it said.
    pub registration: Registration,
    /// When it started.
    pub started_at: Timestamp,
    /// Its last sign of life.
    pub beat_at: Timestamp,
    /// When it ended in good order.
    pub stopped_at: Option<Timestamp>,
    /// When somebody else was given its work.
    pub taken_over_at: Option<Timestamp>,
}

impl Executor {
    fn read(row: &Row) -> Result<Self> {
        Ok(Executor {
            registration: Registration {
                id: row.parsed("id")?,
                host: row.text("host")?,
                version: row.text("version")?,
                queues: row.json("queues")?,
                tools: row.json("tools")?,
            },
            started_at: row.time("started_at")?,
            beat_at: row.time("beat_at")?,
            stopped_at: row.time_opt("stopped_at")?,
            taken_over_at: row.time_opt("taken_over_at")?,
        })
    }

    /// Whether it may own work: it neither ended nor lost it.
    pub fn owns_work(&self) -> bool {
        self.stopped_at.is_none() && self.taken_over_at.is_none()
    }
}

/// SQL for the database's time in microseconds, as it is at this statement.
fn now(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "CAST(unixepoch('now', 'subsec') * 1000000 AS BIGINT)",
        Dialect::Postgres => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)",
    }
}

/// Waits until no transaction of that executor is about to commit; new ones wait until ours ends. The other side of
/// the lock is in `flow`'s fence, which exists on PostgreSQL only: SQLite has one writer anyway.
async fn shut_out(on: &mut dyn Connection, id: ExecutorId) -> Result<()> {
    if on.dialect() == Dialect::Postgres {
        on.rows("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", values![text(id)]).await?;
    }
    Ok(())
}

/// Enters an executor.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn register(on: &mut dyn Connection, one: &Registration) -> Result<()> {
    let now = now(on.dialect());
    let list = |names: &[String]| serde_json::to_string(names).map_err(|e| Error::bug("a list of names").because(e));
    let sql = format!(
        "INSERT INTO platform_executors (id, host, version, queues, tools, started_at, beat_at)
         VALUES (?, ?, ?, ?, ?, {now}, {now})"
    );
    let values = values![text(one.id), &one.host, &one.version, list(&one.queues)?, list(&one.tools)?];
    on.execute(&sql, values).await?;
    Ok(())
}

/// A sign of life. False where the executor ended or its work was given to others: it must stop at once.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn beat(on: &mut dyn Connection, id: ExecutorId) -> Result<bool> {
    let now = now(on.dialect());
    // always another value, whatever the database's clock does
    let sql = format!(
        "UPDATE platform_executors SET beat_at = CASE WHEN {now} > beat_at THEN {now} ELSE beat_at + 1 END
         WHERE id = ? AND stopped_at IS NULL AND taken_over_at IS NULL"
    );
    Ok(on.execute(&sql, values![text(id)]).await? == 1)
}

/// Gives the work of an executor away, if `beat_at` is still its last sign of life. From the commit on it can record
/// nothing. True for one caller only.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn take_over(on: &mut dyn Connection, id: ExecutorId, beat_at: Timestamp) -> Result<bool> {
    shut_out(on, id).await?;
    let sql = format!(
        "UPDATE platform_executors SET taken_over_at = {} 
         WHERE id = ? AND beat_at = ? AND stopped_at IS NULL AND taken_over_at IS NULL",
        now(on.dialect())
    );
    Ok(on.execute(&sql, values![text(id), beat_at]).await? == 1)
}

/// Ends an executor in good order. From the commit on it can record nothing.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn stop(on: &mut dyn Connection, id: ExecutorId) -> Result<()> {
    shut_out(on, id).await?;
    let sql = format!(
        "UPDATE platform_executors SET stopped_at = {}
         WHERE id = ? AND stopped_at IS NULL AND taken_over_at IS NULL",
        now(on.dialect())
    );
    on.execute(&sql, values![text(id)]).await?;
    Ok(())
}

/// Those that may own work.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn owners(on: &mut dyn Connection) -> Result<Vec<Executor>> {
    let sql = "SELECT * FROM platform_executors WHERE stopped_at IS NULL AND taken_over_at IS NULL ORDER BY id";
    on.rows(sql, values![]).await?.iter().map(Executor::read).collect()
}

/// The newest `limit`, newest first.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn newest(on: &mut dyn Connection, limit: u32) -> Result<Vec<Executor>> {
    let sql = "SELECT * FROM platform_executors ORDER BY id DESC LIMIT ?";
    on.rows(sql, values![limit]).await?.iter().map(Executor::read).collect()
}

/// One executor.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn find(on: &mut dyn Connection, id: ExecutorId) -> Result<Option<Executor>> {
    first(on, "SELECT * FROM platform_executors WHERE id = ?", values![text(id)])
        .await?
        .as_ref()
        .map(Executor::read)
        .transpose()
}

/// Forgets executors that have owned nothing for a day. Gives their number.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn forget(on: &mut dyn Connection) -> Result<u64> {
    let sql = format!(
        "DELETE FROM platform_executors WHERE COALESCE(stopped_at, taken_over_at) < {} - 86400000000",
        now(on.dialect())
    );
    on.execute(&sql, values![]).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::{Database, Scope};

    fn registration(bits: u128) -> Registration {
        Registration {
            id: ExecutorId::from_bits(bits),
            host: "here".into(),
            version: "1".into(),
            queues: vec!["a".into()],
            tools: vec![],
        }
    }

    #[tokio::test]
    async fn work_is_given_away_once_and_only_from_who_is_silent() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::sqlite(&folder.path().join("a.db")).await.unwrap();
        let mut tx = database.begin(Scope::System).await.unwrap();
        let one = registration(1);
        register(&mut tx, &one).await.unwrap();
        let seen = owners(&mut tx).await.unwrap();
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].registration, one);
        // it beat since: what was seen is not true any more
        assert!(beat(&mut tx, one.id).await.unwrap());
        assert!(!take_over(&mut tx, one.id, seen[0].beat_at).await.unwrap());
        let seen = find(&mut tx, one.id).await.unwrap().unwrap();
        assert!(take_over(&mut tx, one.id, seen.beat_at).await.unwrap());
        assert!(!take_over(&mut tx, one.id, seen.beat_at).await.unwrap());
        assert!(!beat(&mut tx, one.id).await.unwrap());
        assert!(owners(&mut tx).await.unwrap().is_empty());
        assert!(!find(&mut tx, one.id).await.unwrap().unwrap().owns_work());
    }

    #[tokio::test]
    async fn every_beat_changes_the_row_though_the_clock_went_back() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::sqlite(&folder.path().join("a.db")).await.unwrap();
        let mut tx = database.begin(Scope::System).await.unwrap();
        let one = registration(1);
        register(&mut tx, &one).await.unwrap();
        let ahead = 9_000_000_000_000_000_i64;
        tx.execute("UPDATE platform_executors SET beat_at = ?", values![ahead]).await.unwrap();
        assert!(beat(&mut tx, one.id).await.unwrap());
        assert_eq!(find(&mut tx, one.id).await.unwrap().unwrap().beat_at.micros(), ahead + 1);
    }

    #[tokio::test]
    async fn who_stopped_owns_nothing_and_is_forgotten_after_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::sqlite(&folder.path().join("a.db")).await.unwrap();
        let mut tx = database.begin(Scope::System).await.unwrap();
        let one = registration(1);
        register(&mut tx, &one).await.unwrap();
        stop(&mut tx, one.id).await.unwrap();
        assert!(!beat(&mut tx, one.id).await.unwrap());
        assert_eq!(forget(&mut tx).await.unwrap(), 0);
        tx.execute("UPDATE platform_executors SET stopped_at = stopped_at - 90000000000", values![]).await.unwrap();
        assert_eq!(forget(&mut tx).await.unwrap(), 1);
    }
}
