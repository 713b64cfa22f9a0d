//! Runs: one durable execution of a workflow, its states, its steps and its log.

use crate::organization::{OrganizationId, ProjectId};
use crate::principal::PrincipalId;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_base::json::Json;
use proofmark_base::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

proofmark_base::id!(
    /// A run.
    RunId, "run"
);

proofmark_base::names!(
    /// Where a run stands.
    RunStatus, "run status", {
        /// Accepted; no worker has it yet.
        Queued = "queued",
        /// A worker has it.
        Running = "running",
        /// It waits for a person.
        Waiting = "waiting",
        /// It did what it was to do.
        Succeeded = "succeeded",
        /// It ended without; the error says why.
        Failed = "failed",
        /// Somebody stopped it.
        Cancelled = "cancelled",
    }
);

impl RunStatus {
    /// Whether nothing more will happen.
    pub fn ended(self) -> bool {
        matches!(self, RunStatus::Succeeded | RunStatus::Failed | RunStatus::Cancelled)
    }

    /// Whether a run may go from here to `next`. A run that ended stays as it is; a retry is a run of its own.
    pub fn may_become(self, next: RunStatus) -> bool {
        use RunStatus::{Cancelled, Failed, Queued, Running, Succeeded, Waiting};
        match (self, next) {
            (Queued, Running | Failed | Cancelled) => true,
            (Running, Queued | Waiting | Succeeded | Failed | Cancelled) => true,
            (Waiting, Running | Succeeded | Failed | Cancelled) => true,
            (Queued | Running | Waiting | Succeeded | Failed | Cancelled, _) => false,
        }
    }
}

/// One execution of a workflow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Identifier, of the durable execution too.
    pub id: RunId,
    /// Whose.
    pub organization: OrganizationId,
    /// Where.
    pub project: ProjectId,
    /// Name of the workflow: `silicon.translate`.
    pub workflow: String,
    /// What it works on; the workflow's own shape.
    pub input: Json,
    /// Where it stands.
    pub status: RunStatus,
    /// What came of it, once it succeeded.
    pub result: Option<Json>,
    /// Why it failed.
    pub error: Option<RunError>,
    /// The run this one repeats from a step.
    pub retry_of: Option<RunId>,
    /// Who started it: nobody approves their own work.
    pub created_by: PrincipalId,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When a worker first took it.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Counts changes, from 1.
    pub version: i64,
}

/// Why a run failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunError {
    /// Stable code.
    pub code: String,
    /// One sentence for people.
    pub detail: String,
}

impl Run {
    /// Goes to another state.
    ///
    /// # Errors
    /// `run.state` where that is no way.
    pub fn become_(&mut self, next: RunStatus, now: Timestamp) -> Result<()> {
        if !self.status.may_become(next) {
            return Err(Error::new(
                Kind::Conflict,
                "run.state",
                format!("the run is {} and cannot become {next}", self.status),
            ));
        }
        if next == RunStatus::Running && self.started_at.is_none() {
            self.started_at = Some(now);
        }
        if next.ended() {
            self.ended_at = Some(now);
        }
        self.status = next;
        self.version += 1;
        Ok(())
    }
}

proofmark_base::names!(
    /// What an entry of a run's log is about.
    RunEventKind, "kind of event", {
        /// The run's state changed.
        Status = "status",
        /// A step began, was tried again, or ended.
        Step = "step",
        /// What is being done at the moment.
        Progress = "progress",
        /// A line of output.
        Log = "log",
        /// An artifact was made.
        Artifact = "artifact",
        /// An approval was asked for or decided.
        Approval = "approval",
    }
);

/// An entry of a run's log: append-only, numbered from 1 without gaps, which is what `Last-Event-ID` counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunEvent {
    /// Number within the run.
    pub seq: i64,
    /// When it was written, by the database's time.
    pub at: Timestamp,
    /// What about.
    pub kind: RunEventKind,
    /// The kind's own shape; see `docs/api`.
    pub data: Value,
}

proofmark_base::names!(
    /// How a step stands.
    StepStatus, "step status", {
        /// At work, or about to be tried again.
        Running = "running",
        /// Done; its result is kept and it will not run again.
        Succeeded = "succeeded",
        /// It gave up.
        Failed = "failed",
        /// The run was stopped while it worked.
        Cancelled = "cancelled",
    }
);

/// A named step of a run, as its log tells it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Which run.
    pub run: RunId,
    /// Name, unique in the run: `record`, `target c`.
    pub name: String,
    /// Order of first beginning, from 1.
    pub position: i64,
    /// How it stands.
    pub status: StepStatus,
    /// Times it was begun.
    pub attempts: i64,
    /// When it began last.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it failed, or what it made, in one sentence.
    pub detail: Option<String>,
}

#[cfg(test)]
mod tests;
