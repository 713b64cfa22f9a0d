//! The reading end of the outbox: relays claim events that are due, and write down what became of them.
//!
//! On PostgreSQL several relays work side by side: a claim moves `due_at` behind the end of the hold, so that what a
//! relay that died was holding comes up again by itself. On SQLite there is one relay and nothing is held.

use crate::connection::{Connection, Dialect, Row, Value, first};
use crate::database::now;
use crate::values;
use proofmark_base::error::{Error, Result};
use proofmark_base::time::Timestamp;
use proofmark_kernel::event::Event;
use std::collections::BTreeSet;
use std::time::Duration;

/// An event in a relay's hands.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Its place in the order in which events were written.
    pub seq: i64,
    /// The event.
    pub event: Event,
    /// Times that some consumer failed.
    pub attempts: i64,
    /// Consumers that have it.
    pub done: BTreeSet<String>,
}

/// An earlier event about the same subject that some consumer has not got.
#[derive(Clone, Debug)]
pub struct Earlier {
    /// Its place in the order.
    pub seq: i64,
    /// What it is about, organization and subject.
    pub subject: (String, String),
    /// Consumers that have it.
    pub done: BTreeSet<String>,
}

/// What became of an event.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Which.
    pub seq: i64,
    /// Consumers that have it now.
    pub done: BTreeSet<String>,
    /// And so?
    pub end: End,
}

/// What happens with an event next.
#[derive(Clone, Debug)]
pub enum End {
    /// All have it.
    Delivered,
    /// Somebody failed; it is tried again.
    Failed {
        /// After this.
        again: Duration,
        /// Why.
        failure: String,
    },
    /// It waits for an earlier one about the same subject.
    Waits {
        /// This long, before it is looked at again.
        again: Duration,
    },
}

fn names(row: &Row) -> Result<BTreeSet<String>> {
    Ok(row.text("done")?.split_whitespace().map(String::from).collect())
}

fn joined(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// Takes up to `limit` events that are due, in order; on PostgreSQL nobody else gets them for the time of `hold`.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn claim(on: &mut dyn Connection, hold: Duration, limit: i64) -> Result<Vec<Claimed>> {
    const COLUMNS: &str = "seq, id, organization_id, kind, project_id, subject, data, at, attempts, done";
    const DUE: &str = "FROM platform_outbox WHERE delivered_at IS NULL AND due_at <= ? ORDER BY seq LIMIT ?";
    let now = now(on).await?;
    let rows = match on.dialect() {
        Dialect::Sqlite => on.rows(&format!("SELECT {COLUMNS} {DUE}"), values![now, limit]).await?,
        Dialect::Postgres => {
            let sql = format!(
                "UPDATE platform_outbox SET due_at = ? WHERE seq IN (SELECT seq {DUE} FOR UPDATE SKIP LOCKED)
                 RETURNING {COLUMNS}"
            );
            on.rows(&sql, values![now.after(hold), now, limit]).await?
        }
    };
    let mut claimed: Vec<Claimed> = rows
        .iter()
        .map(|row| {
            Ok(Claimed {
                seq: row.int("seq")?,
                event: Event {
                    id: row.parsed("id")?,
                    kind: row.parsed("kind")?,
                    organization: row.parsed("organization_id")?,
                    project: row.parsed_opt("project_id")?,
                    subject: row.text("subject")?,
                    data: row.json("data")?,
                    at: row.time("at")?,
                },
                attempts: row.int("attempts")?,
                done: names(row)?,
            })
        })
        .collect::<Result<_>>()?;
    claimed.sort_by_key(|c| c.seq);
    Ok(claimed)
}

/// Undelivered events about the same subjects as these, written before the last of them, that failed fewer than
/// `patience` times; those claimed are among them.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn earlier(on: &mut dyn Connection, claimed: &[Claimed], patience: i64) -> Result<Vec<Earlier>> {
    let subjects: BTreeSet<(String, &str)> =
        claimed.iter().map(|c| (c.event.organization.to_string(), c.event.subject.as_str())).collect();
    let Some(last) = claimed.iter().map(|c| c.seq).max() else { return Ok(Vec::new()) };
    let pairs = vec!["(?, ?)"; subjects.len()].join(", ");
    let sql = format!(
        "SELECT seq, organization_id, subject, done FROM platform_outbox
         WHERE delivered_at IS NULL AND attempts < ? AND seq < ? AND (organization_id, subject) IN (VALUES {pairs})"
    );
    let mut values: Vec<Value> = vec![patience.into(), last.into()];
    for (organization, subject) in subjects {
        values.push(organization.into());
        values.push(subject.into());
    }
    let rows = on.rows(&sql, &values).await?;
    rows.iter()
        .map(|row| {
            let subject = (row.text("organization_id")?, row.text("subject")?);
            Ok(Earlier { seq: row.int("seq")?, subject, done: names(row)? })
        })
        .collect()
}

/// Writes down what became of events.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn settle(on: &mut dyn Connection, outcomes: &[Outcome]) -> Result<()> {
    let now = now(on).await?;
    for outcome in outcomes {
        let done = joined(&outcome.done);
        match &outcome.end {
            End::Delivered => {
                let sql = "UPDATE platform_outbox SET delivered_at = ?, done = ?, failure = NULL
                           WHERE seq = ? AND delivered_at IS NULL";
                on.execute(sql, values![now, done, outcome.seq]).await?
            }
            End::Failed { again, failure } => {
                let sql = "UPDATE platform_outbox SET attempts = attempts + 1, due_at = ?, done = ?, failure = ?
                           WHERE seq = ? AND delivered_at IS NULL";
                on.execute(sql, values![now.after(*again), done, failure, outcome.seq]).await?
            }
            End::Waits { again } => {
                let sql = "UPDATE platform_outbox SET due_at = ?, done = ? WHERE seq = ? AND delivered_at IS NULL";
                on.execute(sql, values![now.after(*again), done, outcome.seq]).await?
            }
        };
    }
    Ok(())
}

/// How far behind delivery is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Events that somebody has not got.
    pub events: i64,
    /// Those of them where somebody failed.
    pub failing: i64,
    /// Age of the oldest.
    pub oldest: Duration,
    /// Time until the next is due.
    pub next: Option<Duration>,
}

/// How far behind delivery is.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn backlog(on: &mut dyn Connection) -> Result<Backlog> {
    let now = now(on).await?;
    let sql = "SELECT COUNT(*) AS events, MIN(at) AS oldest, MIN(due_at) AS next,
                      COALESCE(SUM(CASE WHEN attempts > 0 THEN 1 ELSE 0 END), 0) AS failing
               FROM platform_outbox WHERE delivered_at IS NULL";
    let row = first(on, sql, values![]).await?.ok_or_else(|| Error::bug("no row from an aggregate"))?;
    Ok(Backlog {
        events: row.int("events")?,
        failing: row.int("failing")?,
        oldest: row.time_opt("oldest")?.map(|at| now.since(at)).unwrap_or_default(),
        next: row.time_opt("next")?.map(|at| at.since(now)),
    })
}

/// Forgets up to `limit` events that were delivered before that moment; how many.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn prune(on: &mut dyn Connection, delivered_before: Timestamp, limit: i64) -> Result<u64> {
    let sql = "DELETE FROM platform_outbox WHERE seq IN (
                   SELECT seq FROM platform_outbox WHERE delivered_at IS NOT NULL AND delivered_at < ? LIMIT ?)";
    on.execute(sql, values![delivered_before, limit]).await
}
