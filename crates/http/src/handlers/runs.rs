//! Runs.

use crate::call::Call;
use crate::reply::Reply;
use proofmark_base::error::Result;
use proofmark_contract::types::projects::Artifact;
use proofmark_contract::types::runs::{Check, Checks, Claim, CreateRun, RetryRun, Run, Step};
use proofmark_kernel::run;
use proofmark_platform_service::runs;

fn one(run: run::Run, created: bool) -> Result<Reply> {
    let version = run.version;
    let run = Run::from(run);
    let reply = if created { Reply::created(&run) } else { Reply::ok(&run) };
    Ok(reply?.version(version))
}

pub(crate) async fn create(mut call: Call) -> Result<Reply> {
    let project = call.id("project")?;
    let sent: CreateRun = call.json().await?;
    one(runs::create(call.platform(), call.caller()?, project, &sent.workflow, sent.input).await?, true)
}

pub(crate) async fn list(call: Call) -> Result<Reply> {
    let (project, status) = (call.id("project")?, call.query.get("status")?);
    let found = runs::list(call.platform(), call.caller()?, project, status, call.page()?).await?;
    Reply::ok(&call.listed::<_, Run, _>(found))
}

pub(crate) async fn get(call: Call) -> Result<Reply> {
    one(runs::get(call.platform(), call.caller()?, call.id("run")?).await?, false)
}

pub(crate) async fn cancel(call: Call) -> Result<Reply> {
    one(runs::cancel(call.platform(), call.caller()?, call.id("run")?).await?, false)
}

pub(crate) async fn retry(mut call: Call) -> Result<Reply> {
    let id = call.id("run")?;
    let sent: RetryRun = call.json_or_default().await?;
    one(runs::retry(call.platform(), call.caller()?, id, sent.step).await?, true)
}

pub(crate) async fn steps(call: Call) -> Result<Reply> {
    let found = runs::steps(call.platform(), call.caller()?, call.id("run")?).await?;
    Reply::ok(&call.slice::<_, Step>(found)?)
}

pub(crate) async fn artifacts(call: Call) -> Result<Reply> {
    let found = runs::artifacts(call.platform(), call.caller()?, call.id("run")?).await?;
    Reply::ok(&call.slice::<_, Artifact>(found)?)
}

pub(crate) async fn checks(call: Call) -> Result<Reply> {
    let (checks, claims) = runs::evidence(call.platform(), call.caller()?, call.id("run")?).await?;
    let checks = checks
        .into_iter()
        .map(|c| Check { id: c.id, target: c.target, title: c.title, verdict: c.verdict, reason: c.reason })
        .collect();
    let claims = claims.into_iter().map(|(target, level)| Claim { target, level }).collect();
    Reply::ok(&Checks { checks, claims })
}
