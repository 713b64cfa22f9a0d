//! Approvals: asking, looking, deciding.

use crate::execution;
use crate::platform::{Platform, Work, stale};
use proofmark_base::digest::Digest;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_base::id::Random;
use proofmark_base::time::Timestamp;
use proofmark_kernel::action::Action;
use proofmark_kernel::approval::{Approval, ApprovalId, ApprovalStatus, CheckOutcome, Choice, Subject, objections};
use proofmark_kernel::event::{Event, EventId, EventKind};
use proofmark_kernel::organization::{Project, ProjectId};
use proofmark_kernel::principal::Caller;
use proofmark_kernel::run::{Run, RunEventKind, RunId, RunStatus};
use proofmark_store::page::{Listed, Page};
use proofmark_store::{Connection, approvals, artifacts, outbox, projects, runs};
use serde_json::json;

/// Topic on which a run is told of decisions about its approval.
pub const TOPIC: &str = "approval";

/// Why a run's evidence does not allow a release, in sentences; empty where it does.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn obstacles(on: &mut dyn Connection, project: &Project, run: RunId) -> Result<Vec<String>> {
    let checks: Vec<CheckOutcome> =
        runs::checks(on, run).await?.into_iter().map(|c| CheckOutcome { id: c.id, verdict: c.verdict }).collect();
    let claims = runs::claims(on, run).await?;
    Ok(objections(&project.policy, &claims, &checks))
}

/// Makes the request for a run's artifacts, in the caller's transaction, where the evidence allows it. The workflow
/// calls it in its own step; people by [`request`].
///
/// # Errors
/// `approval.evidence` with every reason why there can be no release; `approval.open` where one is pending.
pub async fn open(on: &mut dyn Connection, run: &Run, now: Timestamp, random: &dyn Random) -> Result<Approval> {
    let project = projects::get(on, run.organization, run.project).await?;
    let project = project.ok_or_else(|| Error::not_found("project"))?;
    let reasons = obstacles(on, &project, run.id).await?;
    if !reasons.is_empty() {
        let detail = "the evidence does not meet the project's policy";
        return Err(reasons
            .into_iter()
            .fold(Error::new(Kind::Conflict, "approval.evidence", detail), |e, reason| e.at("/run", reason)));
    }
    let made = artifacts::of_run(on, run.organization, run.id).await?;
    let subjects: Vec<Subject> = made.into_iter().map(|a| Subject { name: a.name, digest: a.digest }).collect();
    if subjects.is_empty() {
        return Err(Error::new(Kind::Conflict, "approval.nothing", "the run made nothing that could be approved"));
    }
    let approval = Approval {
        id: ApprovalId::new(now, random),
        organization: run.organization,
        project: run.project,
        run: run.id,
        subjects,
        policy: project.policy,
        policy_version: project.policy_version,
        authors: vec![run.created_by],
        decisions: Vec::new(),
        status: ApprovalStatus::Pending,
        created_at: now,
        version: 1,
    };
    approvals::insert(on, &approval).await.map_err(|e| match e.code.as_ref() {
        "store.unique" => {
            Error::new(Kind::Conflict, "approval.open", "there is a pending request for this run already")
        }
        _ => e,
    })?;
    let data = json!({"approval": approval.id, "status": approval.status});
    runs::event(on, run.id, run.organization, now, RunEventKind::Approval, data).await?;
    Ok(approval)
}

/// Tells others that a run's work waits for approval, in the workflow's transaction.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn announce(platform: &Platform, on: &mut dyn Connection, run: &Run, approval: &Approval) -> Result<()> {
    let detail = json!({"run": run.id, "binding": approval.binding()});
    execution::record(platform, on, run, "approval.request", detail).await?;
    let event = Event {
        id: EventId::new(platform.now(), &*platform.random),
        kind: EventKind::ApprovalRequested,
        organization: run.organization,
        project: Some(run.project),
        subject: approval.id.to_string(),
        data: json!({"run": run.id}),
        at: platform.now(),
    };
    outbox::append(on, &event).await
}

/// Asks for approval of what a run made.
///
/// # Errors
/// `run.not-found`, `run.state` where it has not succeeded, and as [`open`].
pub async fn request(platform: &Platform, caller: &Caller, id: RunId) -> Result<Approval> {
    let mut work = platform.work(caller).await?;
    let run = runs::get(work.on(), caller.organization, id).await?.ok_or_else(|| Error::not_found("run"))?;
    platform.may_in(caller, Action::RunCreate, run.project, "run")?;
    platform.authorizer.check_workflow(caller, Action::RunCreate, Some(run.project), &run.workflow)?;
    if run.status != RunStatus::Succeeded {
        return Err(Error::new(Kind::Conflict, "run.state", format!("the run is {}, not succeeded", run.status)));
    }
    let now = work.now;
    let mut approval = open(work.on(), &run, now, &*platform.random).await?;
    // whoever asks has a hand in it
    if !approval.authors.contains(&caller.principal) {
        approval.authors.push(caller.principal);
        approvals::set_authors(work.on(), &approval).await?;
    }
    work.audit("approval.request", approval.id, json!({"run": id, "binding": approval.binding()})).await?;
    work.event(EventKind::ApprovalRequested, Some(run.project), approval.id, json!({"run": id})).await?;
    work.commit().await?;
    Ok(approval)
}

/// One request.
///
/// # Errors
/// `approval.not-found`.
pub async fn get(platform: &Platform, caller: &Caller, id: ApprovalId) -> Result<Approval> {
    let mut tx = platform.read(caller).await?;
    access(platform, &mut tx, caller, Action::ApprovalRead, id).await
}

async fn access(
    platform: &Platform,
    on: &mut dyn Connection,
    caller: &Caller,
    action: Action,
    id: ApprovalId,
) -> Result<Approval> {
    let found = approvals::get(on, caller.organization, id).await?.ok_or_else(|| Error::not_found("approval"))?;
    platform.may_in(caller, action, found.project, "approval")?;
    Ok(found)
}

/// The requests of a project, newest first.
///
/// # Errors
/// `project.not-found`.
pub async fn list(
    platform: &Platform,
    caller: &Caller,
    project: ProjectId,
    status: Option<ApprovalStatus>,
    page: Page<ApprovalId>,
) -> Result<Listed<Approval, ApprovalId>> {
    let mut tx = platform.read(caller).await?;
    platform.project(&mut tx, caller, Action::ApprovalRead, project).await?;
    approvals::list(&mut tx, caller.organization, project, status, page).await
}

/// A person's decision. `saw` is the binding of what was shown to them: [`Approval::binding`].
///
/// # Errors
/// `approval.not-found`, and as [`Approval::decide`]; `approval.changed` also where the run's artifacts or the
/// project's policy are others by now.
pub async fn decide(
    platform: &Platform,
    caller: &Caller,
    id: ApprovalId,
    choice: Choice,
    comment: &str,
    saw: Digest,
) -> Result<Approval> {
    let mut work = platform.work(caller).await?;
    let mut approval = access(platform, work.on(), caller, Action::ApprovalDecide, id).await?;
    if void_if_changed(&mut work, &mut approval).await? {
        settle(&mut work, &approval).await?;
        work.commit().await?;
        return Err(Error::new(
            Kind::Precondition,
            "approval.changed",
            "the bytes or the policy changed: the request is void",
        )
        .help("ask for a new approval"));
    }
    let now = work.now;
    approval.decide(caller, choice, comment, saw, now)?;
    settle(&mut work, &approval).await?;
    let detail = json!({"choice": choice, "binding": saw, "status": approval.status, "run": approval.run});
    work.audit(Action::ApprovalDecide.name(), id, detail).await?;
    work.commit().await?;
    Ok(approval)
}

/// Compares the request with what the run's artifacts and the project's policy are now.
async fn void_if_changed(work: &mut Work<'_>, approval: &mut Approval) -> Result<bool> {
    let now = artifacts::of_run(work.on(), approval.organization, approval.run).await?;
    let subjects: Vec<Subject> = now.into_iter().map(|a| Subject { name: a.name, digest: a.digest }).collect();
    let project = projects::get(work.on(), approval.organization, approval.project).await?;
    let project = project.ok_or_else(|| Error::not_found("project"))?;
    Ok(approval.void_unless(&subjects, &project.policy, project.policy_version))
}

async fn settle(work: &mut Work<'_>, approval: &Approval) -> Result<()> {
    if !approvals::update(work.on(), approval).await? {
        return Err(stale("approval"));
    }
    let now = work.now;
    let data = json!({"approval": approval.id, "status": approval.status});
    runs::event(work.on(), approval.run, approval.organization, now, RunEventKind::Approval, data).await?;
    let data = json!({"status": approval.status, "run": approval.run});
    work.event(EventKind::ApprovalDecided, Some(approval.project), approval.id, data).await
}
