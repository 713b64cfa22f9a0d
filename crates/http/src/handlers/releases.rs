//! Releases.

use crate::call::Call;
use crate::reply::Reply;
use proofmark_base::error::Result;
use proofmark_contract::types::approvals::{CreateRelease, Release, RevokeRelease};
use proofmark_kernel::release;
use proofmark_platform_service::releases;

fn one(release: release::Release, created: bool) -> Result<Reply> {
    let version = release.version;
    let release = Release::from(release);
    let reply = if created { Reply::created(&release) } else { Reply::ok(&release) };
    Ok(reply?.version(version))
}

pub(crate) async fn create(mut call: Call) -> Result<Reply> {
    let sent: CreateRelease = call.json().await?;
    one(releases::create(call.platform(), call.caller()?, sent.approval, &sent.name).await?, true)
}

pub(crate) async fn list(call: Call) -> Result<Reply> {
    let found = releases::list(call.platform(), call.caller()?, call.id("project")?, call.page()?).await?;
    Reply::ok(&call.listed::<_, Release, _>(found))
}

pub(crate) async fn get(call: Call) -> Result<Reply> {
    one(releases::get(call.platform(), call.caller()?, call.id("release")?).await?, false)
}

pub(crate) async fn download(call: Call) -> Result<Reply> {
    let envelope = releases::envelope(call.platform(), call.caller()?, call.id("release")?).await?;
    Ok(Reply::raw("application/vnd.in-toto+json", envelope))
}

pub(crate) async fn revoke(mut call: Call) -> Result<Reply> {
    let (id, version) = (call.id("release")?, call.version()?);
    let sent: RevokeRelease = call.json().await?;
    one(releases::revoke(call.platform(), call.caller()?, id, version, &sent.reason).await?, true)
}
