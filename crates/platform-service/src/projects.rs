//! Projects and their approval policies.

use crate::platform::{Platform, stale};
use proofmark_base::error::{Error, Kind, Result};
use proofmark_kernel::action::Action;
use proofmark_kernel::approval::Policy;
use proofmark_kernel::event::EventKind;
use proofmark_kernel::organization::{self, Project, ProjectId};
use proofmark_kernel::principal::Caller;
use proofmark_store::page::{Listed, Page};
use proofmark_store::{approvals, projects};
use serde_json::json;

/// What can be changed about a project; what is none stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Another name.
    pub name: Option<String>,
    /// Put away, or taken out again.
    pub archived: Option<bool>,
}

fn taken(e: Error) -> Error {
    match e.code.as_ref() {
        "store.unique" => {
            Error::new(Kind::Conflict, "project.name-taken", "the organization has a project of that name")
                .at("/name", "choose another name")
        }
        _ => e,
    }
}

/// Makes a project.
///
/// # Errors
/// `name.invalid`, `policy.invalid`, `project.name-taken`, `authorization.denied`.
pub async fn create(platform: &Platform, caller: &Caller, name: &str, policy: Option<Policy>) -> Result<Project> {
    platform.authorizer.check(caller, Action::ProjectCreate, None)?;
    let name = organization::name(name)?;
    let policy = policy.unwrap_or_default();
    policy.validate()?;
    let mut work = platform.work(caller).await?;
    let project = Project {
        id: ProjectId::new(work.now, &*platform.random),
        organization: caller.organization,
        name,
        policy,
        policy_version: 1,
        created_by: caller.principal,
        created_at: work.now,
        archived_at: None,
        version: 1,
    };
    projects::insert(work.on(), &project).await.map_err(taken)?;
    work.audit(Action::ProjectCreate.name(), project.id, json!({"name": project.name})).await?;
    work.event(EventKind::ProjectCreated, Some(project.id), project.id, json!({})).await?;
    work.commit().await?;
    Ok(project)
}

/// One project.
///
/// # Errors
/// `project.not-found`.
pub async fn get(platform: &Platform, caller: &Caller, id: ProjectId) -> Result<Project> {
    let mut tx = platform.read(caller).await?;
    platform.project(&mut tx, caller, Action::ProjectRead, id).await
}

/// The projects that the caller may see, newest first.
///
/// # Errors
/// `authorization.scope`.
pub async fn list(
    platform: &Platform,
    caller: &Caller,
    archived: bool,
    page: Page<ProjectId>,
) -> Result<Listed<Project, ProjectId>> {
    let mut tx = platform.read(caller).await?;
    if platform.authorizer.check(caller, Action::ProjectRead, None).is_ok() {
        return projects::list(&mut tx, caller.organization, archived, page).await;
    }
    let mut ids: Vec<ProjectId> = caller.grants.iter().filter_map(|g| g.project).collect();
    ids.sort_unstable_by(|a, b| b.cmp(a));
    ids.dedup();
    ids.retain(|id| page.before.is_none_or(|b| *id < b));
    let mut items = Vec::new();
    let mut next = None;
    for id in ids {
        if platform.authorizer.check(caller, Action::ProjectRead, Some(id)).is_err() {
            continue;
        }
        let found = projects::get(&mut tx, caller.organization, id).await?;
        let Some(found) = found.filter(|p| p.archived_at.is_some() == archived) else { continue };
        if items.len() == page.limit.clamp(1, proofmark_store::page::MOST) as usize {
            next = items.last().map(|p: &Project| p.id);
            break;
        }
        items.push(found);
    }
    Ok(Listed { items, next })
}

/// Renames, archives or takes out again. `version` is the one that the caller saw.
///
/// # Errors
/// `project.not-found`, `version.stale`, `name.invalid`, `project.name-taken`.
pub async fn update(
    platform: &Platform,
    caller: &Caller,
    id: ProjectId,
    version: i64,
    change: Change,
) -> Result<Project> {
    let mut work = platform.work(caller).await?;
    let mut project = work.project(Action::ProjectUpdate, id).await?;
    if project.version != version {
        return Err(stale("project"));
    }
    if let Some(name) = &change.name {
        project.name = organization::name(name)?;
    }
    match change.archived {
        Some(true) if project.archived_at.is_none() => project.archived_at = Some(work.now),
        Some(false) => project.archived_at = None,
        _ => {}
    }
    project.version += 1;
    if !projects::update(work.on(), &project).await.map_err(taken)? {
        return Err(stale("project"));
    }
    let detail = json!({"name": project.name, "archived": project.archived_at.is_some()});
    work.audit(Action::ProjectUpdate.name(), id, detail).await?;
    work.event(EventKind::ProjectUpdated, Some(id), id, json!({})).await?;
    work.commit().await?;
    Ok(project)
}

/// Sets what must hold before a release. Approvals that were given or asked for under the old policy are void.
///
/// # Errors
/// `project.not-found`, `version.stale`, `policy.invalid`.
pub async fn set_policy(
    platform: &Platform,
    caller: &Caller,
    id: ProjectId,
    version: i64,
    policy: Policy,
) -> Result<Project> {
    policy.validate()?;
    let mut work = platform.work(caller).await?;
    let mut project = work.project(Action::ProjectSetPolicy, id).await?;
    if project.version != version {
        return Err(stale("project"));
    }
    if project.policy == policy {
        return Ok(project);
    }
    project.policy = policy;
    project.policy_version += 1;
    project.version += 1;
    if !projects::update(work.on(), &project).await? {
        return Err(stale("project"));
    }
    let mut void = Vec::new();
    for mut approval in approvals::standing(work.on(), caller.organization, id).await? {
        let subjects = approval.subjects.clone();
        if approval.void_unless(&subjects, &project.policy, project.policy_version) {
            if !approvals::update(work.on(), &approval).await? {
                return Err(stale("approval"));
            }
            let data = json!({"status": approval.status, "run": approval.run});
            work.event(EventKind::ApprovalDecided, Some(id), approval.id, data).await?;
            void.push(approval.id);
        }
    }
    let detail = json!({"policy": project.policy, "policy_version": project.policy_version, "void": void});
    work.audit(Action::ProjectSetPolicy.name(), id, detail).await?;
    work.event(EventKind::ProjectUpdated, Some(id), id, json!({})).await?;
    work.commit().await?;
    Ok(project)
}
