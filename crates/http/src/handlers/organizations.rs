//! The organization.

use crate::call::Call;
use crate::reply::Reply;
use proofmark_base::error::Result;
use proofmark_contract::types::organizations::{Organization, UpdateOrganization};
use proofmark_kernel::organization;
use proofmark_platform_service::organizations;

fn shown(found: organization::Organization) -> Result<Reply> {
    let version = found.version;
    Ok(Reply::ok(&Organization::from(found))?.version(version))
}

pub(crate) async fn get(call: Call) -> Result<Reply> {
    shown(organizations::get(call.platform(), call.caller()?, call.id("organization")?).await?)
}

pub(crate) async fn update(mut call: Call) -> Result<Reply> {
    let (id, version) = (call.id("organization")?, call.version()?);
    let sent: UpdateOrganization = call.json().await?;
    shown(organizations::rename(call.platform(), call.caller()?, id, &sent.name, version).await?)
}
