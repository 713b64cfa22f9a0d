//! Users, service accounts and their roles.

use crate::call::Call;
use crate::reply::Reply;
use proofmark_base::digest::{Digest, NotADigest};
use proofmark_base::error::{Error, Result};
use proofmark_contract::types::common::Page;
use proofmark_contract::types::identity::{CreatePrincipal, Invitation, Principal, PrincipalMade, UpdatePrincipal};
use proofmark_contract::types::organizations::{Certificate, RegisterCertificate};
use proofmark_kernel::principal::{Grant, PrincipalId, PrincipalKind};
use proofmark_platform_service::identity::members::Member;
use proofmark_platform_service::identity::{accounts, certificates, members, totp};
use proofmark_store::identities;

fn shown(member: Member) -> Principal {
    Principal::new(member.principal, member.grants)
}

pub(crate) async fn create(mut call: Call) -> Result<Reply> {
    let sent: CreatePrincipal = call.json().await?;
    let (platform, caller) = (call.platform(), call.caller()?);
    let (principal, link) = match (sent.kind, &sent.email, &sent.password) {
        (PrincipalKind::User, Some(email), password) => {
            let new = accounts::NewUser { name: &sent.name, email, password: password.as_deref() };
            accounts::create_user(platform, caller, new).await?
        }
        (PrincipalKind::ServiceAccount, None, None) => {
            (accounts::create_service_account(platform, caller, &sent.name).await?, None)
        }
        (PrincipalKind::User, None, _) => {
            return Err(
                Error::invalid("principal.email", "a user has an address").at("/email", "what they sign in with")
            );
        }
        (PrincipalKind::ServiceAccount, email, _) => {
            let at = if email.is_some() { "/email" } else { "/password" };
            return Err(Error::invalid(
                "principal.service-account",
                "a service account has neither address nor password",
            )
            .at(at, "leave it out; make a token for it"));
        }
    };
    Reply::created(&PrincipalMade {
        principal: Principal::new(principal, []),
        link: link.map(|secret| secret.expose().to_string()),
    })
}

pub(crate) async fn list(call: Call) -> Result<Reply> {
    let found = members::list(call.platform(), call.caller()?, call.page()?).await?;
    Reply::ok(&Page {
        items: found.items.into_iter().map(shown).collect(),
        next_cursor: found.next.map(|id| call.query.cursor(&call.path, id)),
    })
}

pub(crate) async fn get(call: Call) -> Result<Reply> {
    one(&call.platform().clone(), call.caller()?.clone(), call.id("principal")?).await
}

/// A principal with its roles, as it is now.
async fn one(
    platform: &proofmark_platform_service::Platform,
    caller: proofmark_kernel::principal::Caller,
    id: PrincipalId,
) -> Result<Reply> {
    let member = members::get(platform, &caller, id).await?;
    let version = member.principal.version;
    Ok(Reply::ok(&shown(member))?.version(version))
}

pub(crate) async fn update(mut call: Call) -> Result<Reply> {
    let (id, version): (PrincipalId, i64) = (call.id("principal")?, call.version()?);
    let sent: UpdatePrincipal = call.json().await?;
    let (platform, caller) = (call.platform().clone(), call.caller()?.clone());
    accounts::rename(&platform, &caller, id, &sent.name, version).await?;
    one(&platform, caller, id).await
}

pub(crate) async fn disable(call: Call) -> Result<Reply> {
    let (platform, caller, id) = (call.platform().clone(), call.caller()?.clone(), call.id("principal")?);
    accounts::disable(&platform, &caller, id).await?;
    one(&platform, caller, id).await
}

pub(crate) async fn enable(call: Call) -> Result<Reply> {
    let (platform, caller, id) = (call.platform().clone(), call.caller()?.clone(), call.id("principal")?);
    accounts::enable(&platform, &caller, id).await?;
    one(&platform, caller, id).await
}

pub(crate) async fn invite(call: Call) -> Result<Reply> {
    let link = accounts::invite(call.platform(), call.caller()?, call.id("principal")?).await?;
    Reply::created(&Invitation { link: link.expose().to_string() })
}

pub(crate) async fn revoke_credentials(call: Call) -> Result<Reply> {
    accounts::revoke_credentials(call.platform(), call.caller()?, call.id("principal")?).await?;
    Ok(Reply::done())
}

pub(crate) async fn reset_totp(call: Call) -> Result<Reply> {
    totp::reset(call.platform(), call.caller()?, call.id("principal")?).await?;
    Ok(Reply::done())
}

fn certificate(c: identities::Certificate) -> Certificate {
    Certificate {
        fingerprint: c.fingerprint,
        principal: c.principal,
        created_by: c.created_by,
        created_at: c.created_at,
    }
}

pub(crate) async fn register_certificate(mut call: Call) -> Result<Reply> {
    let of: PrincipalId = call.id("principal")?;
    let sent: RegisterCertificate = call.json().await?;
    let der = crate::tls::certificate(&sent.certificate)?;
    Reply::created(&certificate(certificates::register(call.platform(), call.caller()?, of, &der).await?))
}

pub(crate) async fn certificates(call: Call) -> Result<Reply> {
    let found = certificates::list(call.platform(), call.caller()?, call.id("principal")?).await?;
    let found: Vec<Certificate> = found.into_iter().map(certificate).collect();
    Reply::ok(&call.slice::<Certificate, Certificate>(found)?)
}

pub(crate) async fn revoke_certificate(call: Call) -> Result<Reply> {
    let of: PrincipalId = call.id("principal")?;
    let fingerprint: Digest = call.parameter("certificate")?.parse().map_err(|e: NotADigest| {
        Error::invalid("id.invalid", "this is no fingerprint").at("path:certificate", e.to_string())
    })?;
    certificates::revoke(call.platform(), call.caller()?, of, fingerprint).await?;
    Ok(Reply::done())
}

/// The role that path and query name.
fn named(call: &Call) -> Result<Grant> {
    Ok(Grant { role: call.id("role")?, project: call.query.get("project")? })
}

pub(crate) async fn grant(call: Call) -> Result<Reply> {
    let (id, grant) = (call.id("principal")?, named(&call)?);
    let (platform, caller) = (call.platform().clone(), call.caller()?.clone());
    members::grant(&platform, &caller, id, grant).await?;
    one(&platform, caller, id).await
}

pub(crate) async fn revoke(call: Call) -> Result<Reply> {
    let (id, grant) = (call.id("principal")?, named(&call)?);
    let (platform, caller) = (call.platform().clone(), call.caller()?.clone());
    members::revoke(&platform, &caller, id, grant).await?;
    one(&platform, caller, id).await
}
