//! Runs, their steps, their log and what was checked in them.

use super::Shape;
use crate::fields::{self, of};
use proofmark_base::json::Json;
use proofmark_base::time::Timestamp;
use proofmark_evidence::check::{ClaimLevel, Verdict};
use proofmark_kernel::{organization, principal, run};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

/// A run to be started.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRun {
    /// Name of the workflow.
    #[schema(min_length = 1, max_length = 100)]
    pub workflow: String,
    /// What it works on; the workflow's own shape.
    #[schema(value_type = Object)]
    pub input: Value,
}

impl Shape for CreateRun {
    fn example() -> Self {
        let artifact: Value = <fields::ArtifactId as fields::Example>::example();
        CreateRun {
            workflow: "silicon.translate".into(),
            input: json!({ "source": artifact, "bench": artifact, "entry": "receive", "targets": ["c"] }),
        }
    }
}

/// From where a run is repeated.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryRun {
    /// The first step that is done again; from the step that failed if it is left out.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    pub step: Option<String>,
}

impl Shape for RetryRun {
    fn example() -> Self {
        RetryRun { step: Some("record".into()) }
    }
}

/// One execution of a workflow.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Run {
    /// Identifier.
    #[schema(value_type = fields::RunId)]
    pub id: run::RunId,
    /// Where.
    #[schema(value_type = fields::ProjectId)]
    pub project: organization::ProjectId,
    /// Name of the workflow.
    pub workflow: String,
    /// What it works on; the workflow's own shape.
    #[schema(value_type = Object)]
    pub input: Json,
    /// Where it stands.
    #[schema(value_type = fields::RunStatus)]
    pub status: run::RunStatus,
    /// What came of it, once it succeeded; the workflow's own shape.
    #[schema(value_type = Option<Value>, required)]
    pub result: Option<Json>,
    /// Why it failed.
    #[schema(required)]
    pub error: Option<RunError>,
    /// The run this one repeats from a step.
    #[schema(value_type = Option<fields::RunId>, required)]
    pub retry_of: Option<run::RunId>,
    /// Who started it.
    #[schema(value_type = fields::PrincipalId)]
    pub created_by: principal::PrincipalId,
    /// When it was accepted.
    #[schema(value_type = fields::Time)]
    pub created_at: Timestamp,
    /// When a worker first took it.
    #[schema(value_type = Option<fields::Time>, required)]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[schema(value_type = Option<fields::Time>, required)]
    pub ended_at: Option<Timestamp>,
    /// Counts changes, from 1; the entity tag is this number in quotes.
    pub version: i64,
}

/// Why a run failed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RunError {
    /// Stable code.
    pub code: String,
    /// One sentence for people.
    pub detail: String,
}

impl From<run::Run> for Run {
    fn from(r: run::Run) -> Self {
        Run {
            id: r.id,
            project: r.project,
            workflow: r.workflow,
            input: r.input,
            status: r.status,
            result: r.result,
            error: r.error.map(|e| RunError { code: e.code, detail: e.detail }),
            retry_of: r.retry_of,
            created_by: r.created_by,
            created_at: r.created_at,
            started_at: r.started_at,
            ended_at: r.ended_at,
            version: r.version,
        }
    }
}

impl Shape for Run {
    fn example() -> Self {
        let CreateRun { workflow, input } = CreateRun::example();
        Run {
            id: of::<_, fields::RunId>(),
            project: of::<_, fields::ProjectId>(),
            workflow,
            input: Json::of(&input).expect("JSON"),
            status: of::<_, fields::RunStatus>(),
            result: None,
            error: None,
            retry_of: None,
            created_by: of::<_, fields::PrincipalId>(),
            created_at: of::<_, fields::Time>(),
            started_at: Some(of::<_, fields::Time>()),
            ended_at: None,
            version: 2,
        }
    }
}

/// A named step of a run.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Step {
    /// Name, unique in the run.
    pub name: String,
    /// Order of first beginning, from 1.
    pub position: i64,
    /// How it stands.
    #[schema(value_type = fields::StepStatus)]
    pub status: run::StepStatus,
    /// Times it was begun.
    pub attempts: i64,
    /// When it began last.
    #[schema(value_type = fields::Time)]
    pub started_at: Timestamp,
    /// When it ended.
    #[schema(value_type = Option<fields::Time>, required)]
    pub ended_at: Option<Timestamp>,
    /// Why it failed, or what it made, in one sentence.
    #[schema(required)]
    pub detail: Option<String>,
}

impl From<run::Step> for Step {
    fn from(s: run::Step) -> Self {
        Step {
            name: s.name,
            position: s.position,
            status: s.status,
            attempts: s.attempts,
            started_at: s.started_at,
            ended_at: s.ended_at,
            detail: s.detail,
        }
    }
}

impl Shape for Step {
    fn example() -> Self {
        Step {
            name: "record".into(),
            position: 1,
            status: of::<_, fields::StepStatus>(),
            attempts: 1,
            started_at: of::<_, fields::Time>(),
            ended_at: Some(of::<_, fields::Time>()),
            detail: Some("12 calls recorded".into()),
        }
    }
}

/// An entry of a run's log.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RunEvent {
    /// Number within the run, from 1 without gaps: what `Last-Event-ID` counts.
    pub seq: i64,
    /// When it was written.
    #[schema(value_type = fields::Time)]
    pub at: Timestamp,
    /// What about.
    #[schema(value_type = fields::RunEventKind)]
    pub kind: run::RunEventKind,
    /// The kind's own shape.
    #[schema(value_type = Object)]
    pub data: Value,
}

impl From<run::RunEvent> for RunEvent {
    fn from(e: run::RunEvent) -> Self {
        RunEvent { seq: e.seq, at: e.at, kind: e.kind, data: e.data }
    }
}

impl Shape for RunEvent {
    fn example() -> Self {
        RunEvent {
            seq: 3,
            at: of::<_, fields::Time>(),
            kind: of::<_, fields::RunEventKind>(),
            data: json!({ "name": "record", "status": "succeeded", "attempt": 1 }),
        }
    }
}

/// A check that was made in a run.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Check {
    /// Identifier: what policies name.
    pub id: String,
    /// Which target it is about, if about one.
    #[schema(required)]
    pub target: Option<String>,
    /// What was checked, for people.
    pub title: String,
    /// What came of it.
    #[schema(value_type = fields::Verdict)]
    pub verdict: Verdict,
    /// Why, in a sentence; empty for a check that passed without more to say.
    pub reason: String,
}

impl Shape for Check {
    fn example() -> Self {
        Check {
            id: "c.compare.recorded".into(),
            target: Some("c".into()),
            title: "recorded calls agree".into(),
            verdict: Verdict::Pass,
            reason: String::new(),
        }
    }
}

/// What is claimed for a target.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Claim {
    /// Target.
    pub target: String,
    /// How much.
    #[schema(value_type = fields::ClaimLevel)]
    pub level: ClaimLevel,
}

/// Everything that was checked in a run, and what is claimed from it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Checks {
    /// Checks, in the order they were made.
    pub checks: Vec<Check>,
    /// One level for each target.
    pub claims: Vec<Claim>,
}

impl Shape for Checks {
    fn example() -> Self {
        Checks { checks: vec![Check::example()], claims: vec![Claim { target: "c".into(), level: ClaimLevel::Tested }] }
    }
}
