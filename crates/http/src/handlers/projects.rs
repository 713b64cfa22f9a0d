//! Projects and their policies.

use crate::call::Call;
use crate::reply::Reply;
use proofmark_base::error::Result;
use proofmark_contract::types::projects::{CreateProject, Policy, Project, UpdateProject};
use proofmark_platform_service::projects;

fn one(project: proofmark_kernel::organization::Project, created: bool) -> Result<Reply> {
    let version = project.version;
    let project = Project::from(project);
    let reply = if created { Reply::created(&project) } else { Reply::ok(&project) };
    Ok(reply?.version(version))
}

pub(crate) async fn create(mut call: Call) -> Result<Reply> {
    let sent: CreateProject = call.json().await?;
    let policy = sent.policy.map(Into::into);
    one(projects::create(call.platform(), call.caller()?, &sent.name, policy).await?, true)
}

pub(crate) async fn list(call: Call) -> Result<Reply> {
    let archived = call.query.get("archived")?.unwrap_or(false);
    let found = projects::list(call.platform(), call.caller()?, archived, call.page()?).await?;
    Reply::ok(&call.listed::<_, Project, _>(found))
}

pub(crate) async fn get(call: Call) -> Result<Reply> {
    one(projects::get(call.platform(), call.caller()?, call.id("project")?).await?, false)
}

pub(crate) async fn update(mut call: Call) -> Result<Reply> {
    let (id, version) = (call.id("project")?, call.version()?);
    let sent: UpdateProject = call.json().await?;
    let change = projects::Change { name: sent.name, archived: sent.archived };
    one(projects::update(call.platform(), call.caller()?, id, version, change).await?, false)
}

pub(crate) async fn set_policy(mut call: Call) -> Result<Reply> {
    let (id, version) = (call.id("project")?, call.version()?);
    let policy: Policy = call.json().await?;
    one(projects::set_policy(call.platform(), call.caller()?, id, version, policy.into()).await?, false)
}
