//! Runs, their steps, their log, and what their checks and claims were.

use crate::connection::{Connection, Row, first, text};
use crate::page::{Listed, Page};
use crate::projects::json;
use crate::values;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_base::json::Json;
use proofmark_base::time::Timestamp;
use proofmark_evidence::check::{ClaimLevel, Verdict};
use proofmark_kernel::organization::{OrganizationId, ProjectId};
use proofmark_kernel::run::{Run, RunEvent, RunEventKind, RunId, RunStatus, Step, StepStatus};
use serde_json::Value;

const COLUMNS: &str = "id, organization_id, project_id, workflow, input, status, result, error, retry_of, created_by,
    created_at, started_at, ended_at, version";

fn optional<T: serde::de::DeserializeOwned>(row: &Row, name: &str) -> Result<Option<T>> {
    row.json_opt(name)
}

fn read(row: &Row) -> Result<Run> {
    Ok(Run {
        id: row.parsed("id")?,
        organization: row.parsed("organization_id")?,
        project: row.parsed("project_id")?,
        workflow: row.text("workflow")?,
        input: row.json("input")?,
        status: row.parsed("status")?,
        result: optional(row, "result")?,
        error: optional(row, "error")?,
        retry_of: row.parsed_opt("retry_of")?,
        created_by: row.parsed("created_by")?,
        created_at: row.time("created_at")?,
        started_at: row.time_opt("started_at")?,
        ended_at: row.time_opt("ended_at")?,
        version: row.int("version")?,
    })
}

/// Adds one.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn insert(on: &mut dyn Connection, r: &Run) -> Result<()> {
    let sql =
        "INSERT INTO platform_runs (id, organization_id, project_id, workflow, input, status, result, error, retry_of,
        created_by, created_at, started_at, ended_at, last_event, version)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, CAST(? AS BIGINT), CAST(? AS BIGINT), 0, ?)";
    let values = values![
        text(r.id),
        text(r.organization),
        text(r.project),
        &r.workflow,
        r.input.as_str(),
        r.status.name(),
        r.result.as_ref().map(Json::as_str),
        r.error.as_ref().map(json).transpose()?,
        r.retry_of.map(|r| r.to_string()),
        text(r.created_by),
        r.created_at,
        r.started_at,
        r.ended_at,
        r.version
    ];
    on.execute(sql, values).await?;
    Ok(())
}

/// One of an organization.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn get(on: &mut dyn Connection, organization: OrganizationId, id: RunId) -> Result<Option<Run>> {
    let sql = format!("SELECT {COLUMNS} FROM platform_runs WHERE organization_id = ? AND id = ?");
    first(on, &sql, values![text(organization), text(id)]).await?.map(|r| read(&r)).transpose()
}

/// One of whichever organization. Needs the system scope.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn find(on: &mut dyn Connection, id: RunId) -> Result<Option<Run>> {
    let sql = format!("SELECT {COLUMNS} FROM platform_runs WHERE id = ?");
    first(on, &sql, values![text(id)]).await?.map(|r| read(&r)).transpose()
}

/// Those of a project, newest first; in one state only, if named.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn list(
    on: &mut dyn Connection,
    organization: OrganizationId,
    project: ProjectId,
    status: Option<RunStatus>,
    page: Page<RunId>,
) -> Result<Listed<Run, RunId>> {
    let of = [("organization_id = ?", Some(text(organization))), ("project_id = ?", Some(text(project)))];
    let status = status.map(|s| ("status = ?", Some(s.name().into())));
    let from = format!("{COLUMNS} FROM platform_runs");
    page.read(on, &from, of.into_iter().chain(status), read, |r| r.id).await
}

/// How many runs of an organization have not ended.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn open(on: &mut dyn Connection, organization: OrganizationId) -> Result<i64> {
    let sql = "SELECT COUNT(*) AS number FROM platform_runs WHERE organization_id = ? AND ended_at IS NULL";
    match first(on, sql, values![text(organization)]).await? {
        Some(row) => row.int("number"),
        None => Ok(0),
    }
}

/// Writes a changed one.
///
/// # Errors
/// `run.changed` where `version - 1` is not what is there; as [`Connection::execute`].
pub async fn update(on: &mut dyn Connection, r: &Run) -> Result<()> {
    let sql = "UPDATE platform_runs SET status = ?, result = ?, error = ?, started_at = CAST(? AS BIGINT),
        ended_at = CAST(? AS BIGINT), version = ? WHERE id = ? AND version = ?";
    let values = values![
        r.status.name(),
        r.result.as_ref().map(Json::as_str),
        r.error.as_ref().map(json).transpose()?,
        r.started_at,
        r.ended_at,
        r.version,
        text(r.id),
        r.version - 1
    ];
    match on.execute(sql, values).await? {
        1 => Ok(()),
        _ => Err(Error::new(Kind::Conflict, "run.changed", "the run was changed by somebody else at the same moment")),
    }
}

/// Appends to a run's log, in the caller's transaction. Writers wait for each other at the run's row.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn event(
    on: &mut dyn Connection,
    run: RunId,
    organization: OrganizationId,
    at: Timestamp,
    kind: RunEventKind,
    data: Value,
) -> Result<RunEvent> {
    let lock = "UPDATE platform_runs SET last_event = last_event + 1 WHERE id = ? RETURNING last_event";
    let row = first(on, lock, values![text(run)]).await?.ok_or_else(|| Error::not_found("run"))?;
    let event = RunEvent { seq: row.int("last_event")?, at, kind, data };
    let sql =
        "INSERT INTO platform_run_events (run_id, organization_id, seq, at, kind, data) VALUES (?, ?, ?, ?, ?, ?)";
    let values = values![text(run), text(organization), event.seq, at, kind.name(), &event.data];
    on.execute(sql, values).await?;
    Ok(event)
}

/// The log behind number `after`, at most `limit` entries.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn events(on: &mut dyn Connection, run: RunId, after: i64, limit: u32) -> Result<Vec<RunEvent>> {
    let sql = "SELECT seq, at, kind, data FROM platform_run_events WHERE run_id = ? AND seq > ? ORDER BY seq LIMIT ?";
    let rows = on.rows(sql, values![text(run), after, limit]).await?;
    let event = |r: &Row| {
        Ok(RunEvent { seq: r.int("seq")?, at: r.time("at")?, kind: r.parsed("kind")?, data: r.json("data")? })
    };
    rows.iter().map(event).collect()
}

/// Number of the newest log entry of each of these runs, and whether the run ended: what watchers of other processes'
/// runs ask for.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn last_events(on: &mut dyn Connection, runs: &[RunId]) -> Result<Vec<(RunId, i64, bool)>> {
    if runs.is_empty() {
        return Ok(Vec::new());
    }
    let marks = vec!["?"; runs.len()].join(", ");
    let sql = format!("SELECT id, last_event, ended_at FROM platform_runs WHERE id IN ({marks})");
    let values: Vec<_> = runs.iter().map(text).collect();
    let rows = on.rows(&sql, &values).await?;
    rows.iter().map(|r| Ok((r.parsed("id")?, r.int("last_event")?, r.int_opt("ended_at")?.is_some()))).collect()
}

/// A step began, again or for the first time.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn step_began(on: &mut dyn Connection, run: &Run, name: &str, at: Timestamp) -> Result<()> {
    let sql = "INSERT INTO platform_steps (run_id, organization_id, name, position, status, attempts, started_at)
        VALUES (?, ?, ?, (SELECT COUNT(*) + 1 FROM platform_steps WHERE run_id = ?), ?, 1, ?)
        ON CONFLICT (run_id, name) DO UPDATE SET status = excluded.status, attempts = platform_steps.attempts + 1,
        started_at = excluded.started_at, ended_at = NULL, detail = NULL";
    let values = values![text(run.id), text(run.organization), name, text(run.id), StepStatus::Running.name(), at];
    on.execute(sql, values).await?;
    Ok(())
}

/// A step ended.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn step_ended(
    on: &mut dyn Connection,
    run: RunId,
    name: &str,
    status: StepStatus,
    detail: Option<&str>,
    at: Timestamp,
) -> Result<()> {
    let sql = "UPDATE platform_steps SET status = ?, ended_at = ?, detail = ? WHERE run_id = ? AND name = ?";
    on.execute(sql, values![status.name(), at, detail, text(run), name]).await?;
    Ok(())
}

/// Every step that is at work ends with the run.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn steps_end(on: &mut dyn Connection, run: RunId, status: StepStatus, at: Timestamp) -> Result<()> {
    let sql = "UPDATE platform_steps SET status = ?, ended_at = ? WHERE run_id = ? AND ended_at IS NULL";
    on.execute(sql, values![status.name(), at, text(run)]).await?;
    Ok(())
}

/// The steps of a run in the order in which they first began.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn steps(on: &mut dyn Connection, run: RunId) -> Result<Vec<Step>> {
    let sql = "SELECT run_id, name, position, status, attempts, started_at, ended_at, detail FROM platform_steps
        WHERE run_id = ? ORDER BY position, name";
    let step = |r: &Row| {
        Ok(Step {
            run: r.parsed("run_id")?,
            name: r.text("name")?,
            position: r.int("position")?,
            status: r.parsed("status")?,
            attempts: r.int("attempts")?,
            started_at: r.time("started_at")?,
            ended_at: r.time_opt("ended_at")?,
            detail: r.text_opt("detail")?,
        })
    };
    on.rows(sql, values![text(run)]).await?.iter().map(step).collect()
}

/// A check of a run as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckRow {
    /// Identifier.
    pub id: String,
    /// Target it is about; all if none.
    pub target: Option<String>,
    /// What is checked.
    pub title: String,
    /// Verdict.
    pub verdict: Verdict,
    /// Why, if not passed.
    pub reason: String,
}

/// Keeps the checks and claims of a run's evidence; what was kept before is replaced.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn set_evidence(
    on: &mut dyn Connection,
    run: RunId,
    organization: OrganizationId,
    checks: &[CheckRow],
    claims: &[(String, ClaimLevel)],
) -> Result<()> {
    for table in ["platform_checks", "platform_claims"] {
        on.execute(&format!("DELETE FROM {table} WHERE run_id = ?"), values![text(run)]).await?;
    }
    let sql =
        "INSERT INTO platform_checks (run_id, organization_id, position, check_id, target, title, verdict, reason)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    for (position, c) in (1_i64..).zip(checks) {
        let verdict = word(&c.verdict)?;
        let values =
            values![text(run), text(organization), position, &c.id, c.target.clone(), &c.title, verdict, &c.reason];
        on.execute(sql, values).await?;
    }
    let sql = "INSERT INTO platform_claims (run_id, organization_id, target, level) VALUES (?, ?, ?, ?)";
    for (target, level) in claims {
        on.execute(sql, values![text(run), text(organization), target, word(level)?]).await?;
    }
    Ok(())
}

/// The checks of a run's evidence, in its order.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn checks(on: &mut dyn Connection, run: RunId) -> Result<Vec<CheckRow>> {
    let sql = "SELECT check_id, target, title, verdict, reason FROM platform_checks WHERE run_id = ? ORDER BY position";
    let check = |r: &Row| {
        Ok(CheckRow {
            id: r.text("check_id")?,
            target: r.text_opt("target")?,
            title: r.text("title")?,
            verdict: unworded(&r.text("verdict")?)?,
            reason: r.text("reason")?,
        })
    };
    on.rows(sql, values![text(run)]).await?.iter().map(check).collect()
}

/// What is claimed of each target.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn claims(on: &mut dyn Connection, run: RunId) -> Result<Vec<(String, ClaimLevel)>> {
    let sql = "SELECT target, level FROM platform_claims WHERE run_id = ? ORDER BY target";
    let rows = on.rows(sql, values![text(run)]).await?;
    rows.iter().map(|r| Ok((r.text("target")?, unworded(&r.text("level")?)?))).collect()
}

/// An enum of the evidence as the word it is in JSON.
fn word<T: serde::Serialize>(value: &T) -> Result<String> {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => Ok(word),
        _ => Err(Error::bug("a verdict or level is no word")),
    }
}

fn unworded<T: serde::de::DeserializeOwned>(word: &str) -> Result<T> {
    serde_json::from_value(Value::String(word.into()))
        .map_err(|e| Error::bug(format!("`{word}` is no verdict or level")).because(e))
}
