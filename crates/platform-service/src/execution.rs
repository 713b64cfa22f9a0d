//! How a run shows while a workflow executes it: state, steps and log, written by the worker. Each function works in the
//! caller's transaction, so that a durable step can commit it with its checkpoint; [`Reporter`] is for what happens
//! within a step, which may be told twice when the step is repeated.

use crate::platform::Platform;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_base::json::Json;
use proofmark_base::time::Timestamp;
use proofmark_kernel::audit::Record;
use proofmark_kernel::event::{Event, EventId, EventKind};
use proofmark_kernel::run::{Run, RunError, RunEventKind, RunId, RunStatus, StepStatus};
use proofmark_store::{Connection, Scope, audit, outbox, runs};
use serde_json::{Value, json};
use std::time::Duration;

/// The run, in the transaction of its worker.
///
/// # Errors
/// `run.not-found`.
pub async fn load(on: &mut dyn Connection, id: RunId) -> Result<Run> {
    runs::find(on, id).await?.ok_or_else(|| Error::not_found("run"))
}

/// The error with which a workflow stops when its run was cancelled.
pub fn cancelled() -> Error {
    Error::new(Kind::Conflict, "run.cancelled", "the run was cancelled")
}

/// Goes to another state and tells so. A run that is in that state already stays in it: the step that says so is repeated.
///
/// # Errors
/// `run.cancelled` where somebody cancelled it; `run.state`.
pub async fn become_(platform: &Platform, on: &mut dyn Connection, id: RunId, next: RunStatus) -> Result<Run> {
    change(platform, on, id, next, |_| {}).await
}

/// The run did what it was to do.
///
/// # Errors
/// As [`become_`].
pub async fn succeed(platform: &Platform, on: &mut dyn Connection, id: RunId, result: Value) -> Result<Run> {
    let result = Json::of(&result)?;
    change(platform, on, id, RunStatus::Succeeded, |run| run.result = Some(result)).await
}

/// The run has its result and waits for people.
///
/// # Errors
/// As [`become_`].
pub async fn wait(platform: &Platform, on: &mut dyn Connection, id: RunId, result: Value) -> Result<Run> {
    let result = Json::of(&result)?;
    change(platform, on, id, RunStatus::Waiting, |run| run.result = Some(result)).await
}

/// The run failed. `result` is what there is to show all the same.
///
/// # Errors
/// As [`become_`].
pub async fn fail(
    platform: &Platform,
    on: &mut dyn Connection,
    id: RunId,
    error: RunError,
    result: Option<Value>,
) -> Result<Run> {
    let now = platform.now();
    let result = result.as_ref().map(Json::of).transpose()?;
    let run = change(platform, on, id, RunStatus::Failed, |run| {
        run.error = Some(error);
        if result.is_some() {
            run.result = result;
        }
    })
    .await?;
    runs::steps_end(on, id, StepStatus::Failed, now).await?;
    Ok(run)
}

async fn change(
    platform: &Platform,
    on: &mut dyn Connection,
    id: RunId,
    next: RunStatus,
    more: impl FnOnce(&mut Run),
) -> Result<Run> {
    let now = platform.now();
    let mut run = load(on, id).await?;
    if run.status == RunStatus::Cancelled {
        return Err(cancelled());
    }
    if run.status == next {
        return Ok(run);
    }
    run.become_(next, now)?;
    more(&mut run);
    runs::update(on, &run).await?;
    let mut data = json!({"status": next});
    if let Some(error) = &run.error {
        data["error"] = json!(error);
    }
    runs::event(on, id, run.organization, now, RunEventKind::Status, data).await?;
    let event = Event {
        id: EventId::new(now, &*platform.random),
        kind: EventKind::RunStatusChanged,
        organization: run.organization,
        project: Some(run.project),
        subject: id.to_string(),
        data: json!({"status": next, "workflow": run.workflow}),
        at: now,
    };
    outbox::append(on, &event).await?;
    if next.ended() {
        let detail = json!({"status": next, "error": run.error.as_ref().map(|e| e.code.clone())});
        record(platform, on, &run, "run.end", detail).await?;
    }
    Ok(run)
}

/// Writes to the audit log what a run did on its own.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn record(
    platform: &Platform,
    on: &mut dyn Connection,
    run: &Run,
    action: &str,
    detail: Value,
) -> Result<()> {
    let record = Record {
        organization: run.organization,
        at: platform.now(),
        actor: "system".into(),
        credential: "system".into(),
        action: action.into(),
        subject: run.id.to_string(),
        detail,
        trace: Some(run.id.to_string()),
    };
    audit::append(on, record).await?;
    Ok(())
}

/// A step ended.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn step_ended(
    on: &mut dyn Connection,
    run: &Run,
    name: &str,
    status: StepStatus,
    detail: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    runs::step_ended(on, run.id, name, status, detail, now).await?;
    let data = json!({"step": name, "status": status, "detail": detail});
    runs::event(on, run.id, run.organization, now, RunEventKind::Step, data).await?;
    Ok(())
}

/// Tells something about a step that has not begun; losing it harms nobody, so errors are logged.
pub async fn say(platform: &Platform, id: RunId, step: &str, text: &str) {
    let written = async {
        let mut tx = platform.database.begin(Scope::System).await?;
        let run = load(&mut tx, id).await?;
        let data = json!({"step": step, "text": text});
        runs::event(&mut tx, id, run.organization, platform.now(), RunEventKind::Log, data).await?;
        tx.commit().await
    };
    if let Err(e) = written.await {
        tracing::warn!(run = %id, step, error = %e, "what it waits for is not shown");
    }
}

/// Least time between two lines of progress of a step.
const PAUSE: Duration = Duration::from_millis(250);

/// Tells what a step does, from within it. Cheap to clone; losing a line of progress harms nobody, so errors are logged.
#[derive(Clone)]
pub struct Reporter {
    platform: Platform,
    run: Run,
    step: String,
    last: Option<Timestamp>,
}

impl Reporter {
    /// For a step that begins now; says so.
    ///
    /// # Errors
    /// `run.cancelled`; as [`Connection::execute`].
    pub async fn begin(platform: &Platform, id: RunId, step: &str) -> Result<Reporter> {
        let now = platform.now();
        let mut tx = platform.database.begin(Scope::System).await?;
        let mut run = load(&mut tx, id).await?;
        if run.status == RunStatus::Cancelled {
            return Err(cancelled());
        }
        if run.status == RunStatus::Queued {
            run = become_(platform, &mut tx, id, RunStatus::Running).await?;
        }
        runs::step_began(&mut tx, &run, step, now).await?;
        let data = json!({"step": step, "status": StepStatus::Running});
        runs::event(&mut tx, id, run.organization, now, RunEventKind::Step, data).await?;
        tx.commit().await?;
        Ok(Reporter { platform: platform.clone(), run, step: step.into(), last: None })
    }

    /// The run as it was when the step began.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// What is being done; at most four times a second.
    pub async fn progress(&mut self, what: &str) {
        let now = self.platform.now();
        if self.last.is_some_and(|l| l <= now && now.since(l) < PAUSE) {
            return;
        }
        self.last = Some(now);
        self.write(RunEventKind::Progress, json!({"step": self.step, "text": what})).await;
    }

    /// A line of output.
    pub async fn log(&self, line: &str) {
        self.write(RunEventKind::Log, json!({"step": self.step, "text": line})).await;
    }

    async fn write(&self, kind: RunEventKind, data: Value) {
        let written = async {
            let mut tx = self.platform.database.begin(Scope::System).await?;
            runs::event(&mut tx, self.run.id, self.run.organization, self.platform.now(), kind, data).await?;
            tx.commit().await
        };
        if let Err(e) = written.await {
            tracing::warn!(run = %self.run.id, step = %self.step, error = %e, "progress is not shown");
        }
    }
}
