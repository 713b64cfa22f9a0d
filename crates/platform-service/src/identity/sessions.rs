//! One's own sessions: which there are, and ending them.

use super::own_session;
use crate::platform::Platform;
use proofmark_base::error::{Error, Result};
use proofmark_kernel::action::Action;
use proofmark_kernel::principal::{Caller, Credential, SessionId};
use proofmark_store::sessions::{self, Session};
use serde_json::json;
use std::time::Duration;

/// A session that was not used for so long has ended.
pub const IDLE: Duration = Duration::from_secs(12 * 60 * 60);
/// A session ends after that, however much it was used.
pub const ABSOLUTE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Most sessions of one person: the oldest gives way.
pub(super) const KEPT: i64 = 50;

/// The caller's sessions that have not ended, newest first.
///
/// # Errors
/// `authorization.scope`; what the database met.
pub async fn list(platform: &Platform, caller: &Caller) -> Result<Vec<Session>> {
    platform.authorizer.check(caller, Action::TokenOwn, None)?;
    let now = platform.clock.now();
    let mut tx = platform.read(caller).await?;
    sessions::list(&mut tx, caller.principal, now, now.before(IDLE)).await
}

/// Ends the session that the caller uses.
///
/// # Errors
/// `session.not-found` where it ended already, or the caller uses none.
pub async fn sign_out(platform: &Platform, caller: &Caller) -> Result<()> {
    match caller.credential {
        Credential::Session(id) => end(platform, caller, id, "session.sign-out").await,
        Credential::Token(_) | Credential::Certificate(_) | Credential::System => Err(Error::not_found("session")),
    }
}

/// Ends one of the caller's sessions.
///
/// # Errors
/// `session.not-found`; `authorization.session` for tokens.
pub async fn revoke(platform: &Platform, caller: &Caller, id: SessionId) -> Result<()> {
    own_session(platform, caller)?;
    end(platform, caller, id, "session.revoke").await
}

async fn end(platform: &Platform, caller: &Caller, id: SessionId, action: &str) -> Result<()> {
    let mut work = platform.work(caller).await?;
    if !sessions::delete(work.on(), caller.principal, id).await? {
        return Err(Error::not_found("session"));
    }
    work.audit(action, id, json!({})).await?;
    work.commit().await?;
    platform.identity.forget(caller.principal);
    Ok(())
}

/// Ends all of the caller's sessions but the one in use; how many.
///
/// # Errors
/// `authorization.session` for tokens.
pub async fn revoke_others(platform: &Platform, caller: &Caller) -> Result<u64> {
    let this = own_session(platform, caller)?;
    let mut work = platform.work(caller).await?;
    let ended = sessions::delete_others(work.on(), caller.principal, Some(this)).await?;
    work.audit("session.revoke-others", caller.principal, json!({"sessions": ended})).await?;
    work.commit().await?;
    platform.identity.forget(caller.principal);
    Ok(ended)
}
