//! Signing in with a password and, where it was confirmed, a second factor.

use super::secret::{Purpose, Secret, typed};
use super::sessions::{ABSOLUTE, IDLE, KEPT};
use super::throttle::{self, Attempt};
use super::{Noted, note, otp, passwords, totp};
use crate::platform::Platform;
use proofmark_base::digest::Digest;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_base::time::Timestamp;
use proofmark_kernel::principal::{Caller, Credential, Principal, SessionId};
use proofmark_store::credentials::Credentials;
use proofmark_store::sessions::Session;
use proofmark_store::{Connection, Scope, credentials, principals, sessions};
use serde_json::json;

/// What somebody shows to sign in.
#[derive(Clone, Copy)]
pub struct SignIn<'a> {
    /// Address.
    pub email: &'a str,
    /// Password.
    pub password: &'a str,
    /// Code of the second factor, or a recovery code; asked for by `sign-in.code-needed`.
    pub code: Option<&'a str>,
    /// Where the request comes from.
    pub address: &'a str,
}

/// Somebody who signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The session's secret, for its owner's cookie: always a new one.
    pub secret: Secret,
    /// The session.
    pub session: Session,
    /// Who it is.
    pub caller: Caller,
}

/// The one error for an address that nobody has, a wrong password, a wrong code and an account that is shut out.
fn refused() -> Error {
    Error::new(Kind::Unauthenticated, "sign-in.refused", "the address, the password or the code is not right")
}

/// Signs in.
///
/// # Errors
/// `sign-in.refused`; `sign-in.code-needed` where the password is right and a code is needed; `sign-in.throttled` and
/// `sign-in.busy` with the seconds to wait.
pub async fn sign_in(platform: &Platform, shown: SignIn<'_>) -> Result<SignedIn> {
    if shown.password.len() > passwords::LONGEST || shown.email.len() > 254 {
        return Err(refused());
    }
    let email = shown.email.trim().to_lowercase();
    let attempt = throttle::begin(platform, &email, Some(shown.address)).await?;
    let mut tx = platform.database.read(Scope::System).await?;
    let known = match principals::by_email(&mut tx, &email).await? {
        Some(principal) => {
            let credentials = credentials::get(&mut tx, principal.id).await?.unwrap_or_default();
            Some((principal, credentials))
        }
        None => None,
    };
    drop(tx);
    let hash = known.as_ref().and_then(|(_, c)| c.password_hash.clone());
    // an account that does not exist, has no password or is shut out costs the same work and gives the same answer
    let right = platform.identity.passwords.verify(shown.password, hash).await?;
    let now = platform.clock.now();
    let why = match &known {
        Some((p, _)) if right && p.disabled_at.is_some() => "the account is shut out",
        Some((p, c)) if right => return factor(platform, shown, p, c, &attempt, now).await,
        Some(_) => "the password was not right",
        None => "nobody has that address",
    };
    failed(platform, known.as_ref().map(|(p, _)| p), why).await
}

/// Writes a failure down; a transaction of about the same length where there is no account to write about.
async fn failed(platform: &Platform, principal: Option<&Principal>, why: &str) -> Result<SignedIn> {
    let now = platform.clock.now();
    let mut tx = platform.database.begin(Scope::System).await?;
    match principal {
        Some(p) => {
            let noted = Noted {
                organization: p.organization,
                actor: Some(p.id),
                credential: "none",
                action: "session.sign-in-failed",
                subject: p.id.to_string(),
                detail: json!({"reason": why}),
            };
            note(&mut tx, now, noted).await?;
        }
        None => proofmark_store::throttles::set(&mut tx, "unknown account", 0, now).await?,
    }
    tx.commit().await?;
    Err(refused())
}

/// The second step: the code, where one is needed, and the session.
async fn factor(
    platform: &Platform,
    shown: SignIn<'_>,
    principal: &Principal,
    known: &Credentials,
    attempt: &Attempt,
    now: Timestamp,
) -> Result<SignedIn> {
    let mut tx = platform.database.begin(Scope::System).await?;
    let method = match (known.totp_confirmed_at, shown.code) {
        (None, _) => "password",
        (Some(_), None) => {
            attempt.undecided(&mut tx).await?;
            tx.commit().await?;
            return Err(Error::new(Kind::Unauthenticated, "sign-in.code-needed", "this account has a second factor")
                .at("/code", "the code of the authenticator app, or a recovery code")
                .help("send address and password again, with the code"));
        }
        (Some(_), Some(code)) => match accepted(platform, &mut tx, principal, known, code, now).await? {
            Some(method) => method,
            None => {
                drop(tx);
                return failed(platform, Some(principal), "the code was not right").await;
            }
        },
    };
    attempt.succeeded(&mut tx).await?;
    let signed_in = begin(platform, &mut tx, principal, method, now).await?;
    tx.commit().await?;
    Ok(signed_in)
}

/// Uses up a code of the authenticator app or a recovery code; how, if it was good.
async fn accepted(
    platform: &Platform,
    on: &mut dyn Connection,
    of: &Principal,
    known: &Credentials,
    code: &str,
    now: Timestamp,
) -> Result<Option<&'static str>> {
    if let Some(number) = otp::typed(code) {
        let sealed = known.totp_secret.as_deref().ok_or_else(|| Error::bug("a second factor without a secret"))?;
        let secret = platform.sealer.open(&totp::purpose(of.id), sealed)?;
        let Some(step) = otp::matched(&secret, number, now.seconds(), known.totp_last_step) else { return Ok(None) };
        // of two sign-ins with one code at the same moment, one finds it used
        let first = credentials::use_totp_step(on, of.id, step).await?;
        return Ok(first.then_some("password+totp"));
    }
    let Some(code) = typed(code) else { return Ok(None) };
    let good = credentials::use_recovery_code(on, of.id, Digest::of(code.as_bytes())).await?;
    Ok(good.then_some("password+recovery"))
}

/// Begins a session of somebody whose proof was accepted, and writes it down.
pub(super) async fn begin(
    platform: &Platform,
    on: &mut dyn Connection,
    principal: &Principal,
    method: &str,
    now: Timestamp,
) -> Result<SignedIn> {
    let secret = Secret::new(Purpose::Session, &*platform.random);
    let session = Session {
        id: SessionId::new(now, &*platform.random),
        organization: principal.organization,
        principal: principal.id,
        method: method.into(),
        created_at: now,
        seen_at: now,
        expires_at: now.after(ABSOLUTE),
    };
    sessions::insert(on, &session, secret.hash()).await?;
    sessions::tidy(on, principal.id, now, now.before(IDLE), KEPT).await?;
    let noted = Noted {
        organization: principal.organization,
        actor: Some(principal.id),
        credential: &format!("session {}", session.id),
        action: "session.sign-in",
        subject: session.id.to_string(),
        detail: json!({"method": method}),
    };
    note(on, now, noted).await?;
    let caller = Caller {
        principal: principal.id,
        organization: principal.organization,
        kind: principal.kind,
        grants: principals::grants(on, principal.id).await?,
        credential: Credential::Session(session.id),
        scopes: None,
    };
    Ok(SignedIn { secret, session, caller })
}
