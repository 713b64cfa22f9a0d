//! Counters of failed sign-ins, one for each account name and each network address that tried.

use crate::connection::{Connection, first};
use crate::values;
use proofmark_base::error::{Error, Result};
use proofmark_base::time::Timestamp;

/// How often it failed in a row, and when last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    /// Attempts that failed, or are not decided yet.
    pub failures: i64,
    /// The last attempt.
    pub last_at: Timestamp,
}

/// The counter of that key, held until the transaction ends: attempts at the same moment wait for each other.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn hold(on: &mut dyn Connection, key: &str) -> Result<Throttle> {
    let sql = "INSERT INTO platform_throttles (name, failures, last_at) VALUES (?, 0, 0)
        ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING failures, last_at";
    let row = first(on, sql, values![key]).await?.ok_or_else(|| Error::bug("no row from an upsert"))?;
    Ok(Throttle { failures: row.int("failures")?, last_at: row.time("last_at")? })
}

/// Sets the counter.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn set(on: &mut dyn Connection, key: &str, failures: i64, now: Timestamp) -> Result<()> {
    let sql = "INSERT INTO platform_throttles (name, failures, last_at) VALUES (?, ?, ?)
        ON CONFLICT (name) DO UPDATE SET failures = excluded.failures, last_at = excluded.last_at";
    on.execute(sql, values![key, failures, now]).await?;
    Ok(())
}

/// Takes back one attempt that did not fail.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn give_back(on: &mut dyn Connection, key: &str) -> Result<()> {
    let sql = "UPDATE platform_throttles SET failures = failures - 1 WHERE name = ? AND failures > 0";
    on.execute(sql, values![key]).await?;
    Ok(())
}

/// Forgets the counter.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn clear(on: &mut dyn Connection, key: &str) -> Result<()> {
    on.execute("DELETE FROM platform_throttles WHERE name = ?", values![key]).await?;
    Ok(())
}

/// Forgets counters that nothing was added to since then.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn sweep(on: &mut dyn Connection, before: Timestamp) -> Result<u64> {
    on.execute("DELETE FROM platform_throttles WHERE last_at < ?", values![before]).await
}
