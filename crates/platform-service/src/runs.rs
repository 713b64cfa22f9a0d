//! Runs: starting, looking, stopping, repeating.

use crate::maintenance::collect::STEPS;
use crate::platform::Platform;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_base::json::Json;
use proofmark_evidence::check::ClaimLevel;
use proofmark_kernel::action::Action;
use proofmark_kernel::artifact::Artifact;
use proofmark_kernel::event::EventKind;
use proofmark_kernel::organization::ProjectId;
use proofmark_kernel::principal::Caller;
use proofmark_kernel::run::{Run, RunEvent, RunEventKind, RunId, RunStatus, Step, StepStatus};
use proofmark_store::page::{Listed, Page};
use proofmark_store::runs::CheckRow;
use proofmark_store::{Connection, artifacts, runs};
use serde_json::{Value, json};

/// Starts a run: it is accepted here and a worker takes it. Nothing is lost in between: the request lies in the outbox.
///
/// # Errors
/// `project.not-found`, `project.archived`, `workflow.unknown`, `authorization.denied` also for a workflow of another
/// field than the caller's, what the workflow says about its input, `run.artifact` for an artifact that is not of the
/// project, `run.too-many`.
pub async fn create(
    platform: &Platform,
    caller: &Caller,
    project: ProjectId,
    workflow: &str,
    input: Value,
) -> Result<Run> {
    begin(platform, caller, project, workflow, input, None).await
}

async fn begin(
    platform: &Platform,
    caller: &Caller,
    project: ProjectId,
    workflow: &str,
    input: Value,
    retry: Option<(RunId, Option<String>)>,
) -> Result<Run> {
    let mut work = platform.work(caller).await?;
    let found = work.project(Action::RunCreate, project).await?;
    if found.archived_at.is_some() {
        return Err(Error::new(Kind::Conflict, "project.archived", "nothing can be started in an archived project"));
    }
    let definition = platform.workflows.get(workflow)?;
    platform.authorizer.check_workflow(caller, Action::RunCreate, Some(project), definition.name())?;
    let input = definition.accept(input)?;
    for id in definition.artifacts(&input) {
        let artifact = artifacts::get(work.on(), caller.organization, id).await?;
        if artifact.is_none_or(|a| a.project != project) {
            return Err(Error::invalid("run.artifact", "an artifact that the input names is not in this project")
                .at("/input", format!("there is no {id} in the project")));
        }
    }
    if runs::open(work.on(), caller.organization).await? >= platform.limits.open_runs {
        return Err(Error::new(
            Kind::BudgetExceeded,
            "run.too-many",
            "too many runs of the organization have not ended",
        )
        .help("wait for some to end, or cancel some")
        .retry_after(60));
    }
    let run = Run {
        id: RunId::new(work.now, &*platform.random),
        organization: caller.organization,
        project,
        workflow: definition.name().into(),
        input: Json::of(&input)?,
        status: RunStatus::Queued,
        result: None,
        error: None,
        retry_of: retry.as_ref().map(|(of, _)| *of),
        created_by: caller.principal,
        created_at: work.now,
        started_at: None,
        ended_at: None,
        version: 1,
    };
    runs::insert(work.on(), &run).await?;
    let (now, status) = (work.now, json!({"status": RunStatus::Queued}));
    runs::event(work.on(), run.id, run.organization, now, RunEventKind::Status, status).await?;
    let from = retry.and_then(|(of, step)| step.map(|s| json!({"run": of, "step": s})));
    let detail = json!({"project": project, "workflow": run.workflow, "retry_of": run.retry_of});
    work.audit(Action::RunCreate.name(), run.id, detail).await?;
    let data = json!({"workflow": run.workflow, "queue": definition.queue(), "from": from});
    work.event(EventKind::RunRequested, Some(project), run.id, data).await?;
    work.commit().await?;
    Ok(run)
}

/// The run, if the caller may do `action` where it is.
async fn access(
    platform: &Platform,
    on: &mut dyn Connection,
    caller: &Caller,
    action: Action,
    id: RunId,
) -> Result<Run> {
    let run = runs::get(on, caller.organization, id).await?.ok_or_else(|| Error::not_found("run"))?;
    platform.may_in(caller, action, run.project, "run")?;
    Ok(run)
}

/// One run.
///
/// # Errors
/// `run.not-found`.
pub async fn get(platform: &Platform, caller: &Caller, id: RunId) -> Result<Run> {
    let mut tx = platform.read(caller).await?;
    access(platform, &mut tx, caller, Action::RunRead, id).await
}

/// The runs of a project, newest first.
///
/// # Errors
/// `project.not-found`.
pub async fn list(
    platform: &Platform,
    caller: &Caller,
    project: ProjectId,
    status: Option<RunStatus>,
    page: Page<RunId>,
) -> Result<Listed<Run, RunId>> {
    let mut tx = platform.read(caller).await?;
    platform.project(&mut tx, caller, Action::RunRead, project).await?;
    runs::list(&mut tx, caller.organization, project, status, page).await
}

/// The steps of a run in the order in which they began.
///
/// # Errors
/// `run.not-found`.
pub async fn steps(platform: &Platform, caller: &Caller, id: RunId) -> Result<Vec<Step>> {
    let mut tx = platform.read(caller).await?;
    access(platform, &mut tx, caller, Action::RunRead, id).await?;
    runs::steps(&mut tx, id).await
}

/// What a run made, by name.
///
/// # Errors
/// `run.not-found`.
pub async fn artifacts(platform: &Platform, caller: &Caller, id: RunId) -> Result<Vec<Artifact>> {
    let mut tx = platform.read(caller).await?;
    access(platform, &mut tx, caller, Action::RunRead, id).await?;
    artifacts::of_run(&mut tx, caller.organization, id).await
}

/// What was checked in a run, and what is claimed of each target.
///
/// # Errors
/// `run.not-found`.
pub async fn evidence(
    platform: &Platform,
    caller: &Caller,
    id: RunId,
) -> Result<(Vec<CheckRow>, Vec<(String, ClaimLevel)>)> {
    let mut tx = platform.read(caller).await?;
    access(platform, &mut tx, caller, Action::RunRead, id).await?;
    Ok((runs::checks(&mut tx, id).await?, runs::claims(&mut tx, id).await?))
}

/// A run's log behind number `after`, at most `limit` entries.
///
/// # Errors
/// `run.not-found`.
pub async fn events(
    platform: &Platform,
    caller: &Caller,
    id: RunId,
    after: i64,
    limit: u32,
) -> Result<(Run, Vec<RunEvent>)> {
    let mut tx = platform.read(caller).await?;
    let run = access(platform, &mut tx, caller, Action::RunRead, id).await?;
    let events = runs::events(&mut tx, id, after, limit).await?;
    Ok((run, events))
}

/// Stops a run. It is cancelled for everybody from here on; its worker is told and lets go within seconds.
///
/// # Errors
/// `run.not-found`, `authorization.denied`, `run.state` where it ended already.
pub async fn cancel(platform: &Platform, caller: &Caller, id: RunId) -> Result<Run> {
    let mut work = platform.work(caller).await?;
    let mut run = access(platform, work.on(), caller, Action::RunCancel, id).await?;
    platform.authorizer.check_workflow(caller, Action::RunCancel, Some(run.project), &run.workflow)?;
    let now = work.now;
    run.become_(RunStatus::Cancelled, now)?;
    runs::update(work.on(), &run).await?;
    runs::steps_end(work.on(), id, StepStatus::Cancelled, now).await?;
    let status = json!({"status": RunStatus::Cancelled});
    runs::event(work.on(), id, run.organization, now, RunEventKind::Status, status).await?;
    work.audit(Action::RunCancel.name(), id, json!({})).await?;
    work.event(EventKind::RunCancelRequested, Some(run.project), id, json!({})).await?;
    work.commit().await?;
    Ok(run)
}

/// Repeats a run that ended, as a new run: from its beginning, or from a step with the results of those before it.
///
/// # Errors
/// `run.not-found`, `run.state` where it has not ended, `run.step` for a step that it does not have, and as [`create`].
pub async fn retry(platform: &Platform, caller: &Caller, id: RunId, from_step: Option<String>) -> Result<Run> {
    let run = get(platform, caller, id).await?;
    if !run.status.ended() {
        let text = format!("the run is {}: only one that ended can be repeated", run.status);
        return Err(Error::new(Kind::Conflict, "run.state", text));
    }
    if let Some(step) = &from_step {
        if run.ended_at.is_none_or(|ended| ended < platform.now().before(STEPS)) {
            let text = "the run ended too long ago: what its steps made was kept for 30 days";
            return Err(Error::invalid("run.step", text).at("/from_step", "leave it out to repeat the whole run"));
        }
        let known = steps(platform, caller, id).await?;
        if !known.iter().any(|s| s.name == *step) {
            let names: Vec<&str> = known.iter().map(|s| s.name.as_str()).collect();
            return Err(Error::invalid("run.step", "the run has no step of that name")
                .at("/from_step", format!("its steps are {}", names.join(", "))));
        }
    }
    begin(platform, caller, run.project, &run.workflow, run.input.value()?, Some((id, from_step))).await
}
