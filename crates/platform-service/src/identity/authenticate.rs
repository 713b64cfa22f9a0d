//! From what a request shows to who is asking. On the way of every request: a hash and a look into the cache; every few
//! seconds for each credential one query by an index.

use super::secret::{Purpose, Secret};
use super::sessions::IDLE;
use crate::platform::Platform;
use proofmark_base::digest::Digest;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_base::time::Timestamp;
use proofmark_kernel::principal::{Caller, Credential};
use proofmark_store::{Scope, sessions, tokens};
use std::sync::Arc;
use std::time::Duration;

/// Use is noted at most that often.
const NOTED: Duration = Duration::from_secs(60);

fn refused(code: &'static str, detail: &str) -> Error {
    Error::new(Kind::Unauthenticated, code, detail).help("sign in again, or use a token that is in force")
}

/// Who shows that secret: of a session (`pms_...`) or a token (`pmt_...`). `address` is where the request comes from,
/// for the log.
///
/// # Errors
/// `credential.invalid`, `session.expired`, `token.expired`, `token.revoked`, `principal.disabled`, all of the kind
/// unauthenticated; what the database met.
pub async fn authenticate(platform: &Platform, secret: &str, address: &str) -> Result<Caller> {
    let found = look_up(platform, secret).await;
    if let Err(e) = &found
        && e.kind == Kind::Unauthenticated
    {
        tracing::info!(address, code = %e.code, "a credential was refused");
    }
    found
}

async fn look_up(platform: &Platform, secret: &str) -> Result<Caller> {
    let now = platform.clock.now();
    // a cached secret was read whole once; its hash alone decides
    let hash = Digest::of(secret.as_bytes());
    if let Some(caller) = platform.identity.cache.get(&hash, now) {
        return Ok(Caller::clone(&caller));
    }
    let generation = platform.identity.cache.generation();
    let (caller, ends_at) = match Secret::read(secret)?.purpose() {
        Purpose::Session => session(platform, hash, now).await?,
        Purpose::Token => token(platform, hash, now).await?,
        Purpose::Once => return Err(refused("credential.invalid", "a one-time link is not a credential")),
    };
    platform.identity.cache.put(generation, hash, Arc::new(caller.clone()), now, ends_at);
    Ok(caller)
}

fn unknown() -> Error {
    refused("credential.invalid", "what was shown is not a valid secret of this installation")
}

fn enabled<T>(found: &sessions::Found<T>) -> Result<()> {
    match found.disabled_at {
        Some(_) => Err(refused("principal.disabled", "this account is shut out")),
        None => Ok(()),
    }
}

async fn session(platform: &Platform, hash: Digest, now: Timestamp) -> Result<(Caller, Timestamp)> {
    let mut tx = platform.database.read(Scope::System).await?;
    let found = sessions::by_secret(&mut tx, hash).await?.ok_or_else(unknown)?;
    drop(tx);
    enabled(&found)?;
    let s = &found.credential;
    let ends_at = s.expires_at.min(s.seen_at.after(IDLE));
    if now >= ends_at {
        return Err(refused("session.expired", "the session has ended"));
    }
    if now.since(s.seen_at) >= NOTED {
        noted(platform, Credential::Session(s.id), now);
    }
    let caller = Caller {
        principal: s.principal,
        organization: s.organization,
        kind: found.kind,
        credential: Credential::Session(s.id),
        scopes: None,
        grants: found.grants,
    };
    Ok((caller, ends_at))
}

async fn token(platform: &Platform, hash: Digest, now: Timestamp) -> Result<(Caller, Timestamp)> {
    let mut tx = platform.database.read(Scope::System).await?;
    let found = tokens::by_secret(&mut tx, hash).await?.ok_or_else(unknown)?;
    drop(tx);
    enabled(&found)?;
    let t = found.credential;
    if t.revoked_at.is_some() {
        return Err(refused("token.revoked", "the token was revoked"));
    }
    if now >= t.expires_at {
        return Err(refused("token.expired", "the token has ended"));
    }
    if t.seen_at.is_none_or(|seen| now.since(seen) >= NOTED) {
        noted(platform, Credential::Token(t.id), now);
    }
    let caller = Caller {
        principal: t.principal,
        organization: t.organization,
        kind: found.kind,
        credential: Credential::Token(t.id),
        scopes: t.scopes,
        grants: found.grants,
    };
    Ok((caller, t.expires_at))
}

/// Writes that a credential was used, beside the request: reading must go on where writing cannot.
fn noted(platform: &Platform, used: Credential, now: Timestamp) {
    let database = platform.database.clone();
    tokio::spawn(async move {
        let written = async {
            let mut tx = database.begin(Scope::System).await?;
            match used {
                Credential::Session(id) => sessions::seen(&mut tx, id, now).await?,
                Credential::Token(id) => tokens::seen(&mut tx, id, now).await?,
                Credential::Certificate(_) | Credential::System => {}
            }
            tx.commit().await
        };
        if let Err(e) = written.await {
            tracing::warn!(error = %e, "the use of a credential could not be noted");
        }
    });
}
