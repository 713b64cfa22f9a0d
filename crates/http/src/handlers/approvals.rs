//! Requests for approval.

use crate::call::Call;
use crate::reply::Reply;
use proofmark_base::error::Result;
use proofmark_contract::types::approvals::{Approval, Decide};
use proofmark_kernel::approval;
use proofmark_platform_service::approvals;

fn one(approval: approval::Approval, created: bool) -> Result<Reply> {
    let version = approval.version;
    let approval = Approval::from(approval);
    let reply = if created { Reply::created(&approval) } else { Reply::ok(&approval) };
    Ok(reply?.version(version))
}

pub(crate) async fn list(call: Call) -> Result<Reply> {
    let (project, status) = (call.id("project")?, call.query.get("status")?);
    let found = approvals::list(call.platform(), call.caller()?, project, status, call.page()?).await?;
    Reply::ok(&call.listed::<_, Approval, _>(found))
}

pub(crate) async fn create(call: Call) -> Result<Reply> {
    one(approvals::request(call.platform(), call.caller()?, call.id("run")?).await?, true)
}

pub(crate) async fn get(call: Call) -> Result<Reply> {
    one(approvals::get(call.platform(), call.caller()?, call.id("approval")?).await?, false)
}

pub(crate) async fn decide(mut call: Call) -> Result<Reply> {
    let id = call.id("approval")?;
    let sent: Decide = call.json().await?;
    let made = approvals::decide(call.platform(), call.caller()?, id, sent.choice, &sent.comment, sent.binding).await?;
    one(made, true)
}
