//! The second factor: an authenticator app's codes, and recovery codes for when the app is lost.

use super::members::known;
use super::secret::{code, typed};
use super::{accounts, not_above, otp, own_session};
use crate::platform::Platform;
use proofmark_base::digest::Digest;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_kernel::action::Action;
use proofmark_kernel::principal::{Caller, PrincipalId};
use proofmark_store::credentials;
use serde_json::json;

/// Who issues, as the app shows it.
const ISSUER: &str = "Proofmark";
/// Recovery codes of one account.
const RECOVERY: usize = 8;

/// What an app needs, shown once. It is not printed with `Debug`.
#[derive(Clone)]
pub struct Enrolment {
    /// The secret in base 32, for typing.
    pub secret: String,
    /// The `otpauth` address, for a square code.
    pub uri: String,
}

impl std::fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Enrolment")
    }
}

/// How the second factor stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Whether it is asked for at sign-in.
    pub confirmed: bool,
    /// Recovery codes left.
    pub recovery_codes: i64,
}

/// What a sealed secret belongs to.
pub(super) fn purpose(of: PrincipalId) -> String {
    format!("totp {of}")
}

/// How the caller's second factor stands.
///
/// # Errors
/// `authorization.scope`; what the database met.
pub async fn status(platform: &Platform, caller: &Caller) -> Result<Status> {
    platform.authorizer.check(caller, Action::TokenOwn, None)?;
    let mut tx = platform.read(caller).await?;
    let kept = credentials::get(&mut tx, caller.principal).await?.unwrap_or_default();
    let recovery_codes = credentials::recovery_codes(&mut tx, caller.principal).await?;
    Ok(Status { confirmed: kept.totp_confirmed_at.is_some(), recovery_codes })
}

/// Makes a secret for the caller's app. It is asked for once [`confirm`] has seen a code of it.
///
/// # Errors
/// `authorization.session`, `password.wrong`, `sign-in.throttled`; `totp.confirmed` where there is one in use.
pub async fn enrol(platform: &Platform, caller: &Caller, password: &str) -> Result<Enrolment> {
    own_session(platform, caller)?;
    let user = accounts::again(platform, caller, password).await?;
    let mut secret = [0; otp::SECRET];
    platform.random.fill(&mut secret);
    let sealed = platform.sealer.seal(&*platform.random, &purpose(user.id), &secret)?;
    let mut work = platform.work(caller).await?;
    let now = work.now;
    let kept = credentials::get(work.on(), user.id).await?.unwrap_or_default();
    if kept.totp_confirmed_at.is_some() {
        return Err(
            Error::new(Kind::Conflict, "totp.confirmed", "there is a second factor in use").help("take it away first")
        );
    }
    credentials::set_totp(work.on(), caller.organization, user.id, Some(&sealed), now).await?;
    work.audit("totp.enrol", user.id, json!({})).await?;
    work.commit().await?;
    let account = user.email.as_deref().unwrap_or(&user.name);
    Ok(Enrolment { secret: otp::base32(&secret), uri: otp::uri(ISSUER, account, &secret) })
}

fn wrong_code() -> Error {
    Error::new(Kind::Forbidden, "totp.wrong", "the code is not right")
        .at("/code", "the six digits that the app shows now")
        .help("check that the clock of the device is right")
}

/// Confirms the secret by a first code: from now on a code is asked for at sign-in. The recovery codes are shown once.
///
/// # Errors
/// `authorization.session`; `totp.not-found` before [`enrol`]; `totp.confirmed`, `totp.wrong`.
pub async fn confirm(platform: &Platform, caller: &Caller, shown: &str) -> Result<Vec<String>> {
    own_session(platform, caller)?;
    let mut work = platform.work(caller).await?;
    let now = work.now;
    let kept = credentials::get(work.on(), caller.principal).await?.unwrap_or_default();
    let sealed = kept.totp_secret.ok_or_else(|| Error::not_found("totp"))?;
    if kept.totp_confirmed_at.is_some() {
        return Err(Error::new(Kind::Conflict, "totp.confirmed", "the second factor is in use already"));
    }
    let secret = platform.sealer.open(&purpose(caller.principal), &sealed)?;
    let step = otp::typed(shown)
        .and_then(|number| otp::matched(&secret, number, now.seconds(), kept.totp_last_step))
        .ok_or_else(wrong_code)?;
    // this code is used: it does not open a session as well
    if !credentials::use_totp_step(work.on(), caller.principal, step).await? {
        return Err(wrong_code());
    }
    credentials::confirm_totp(work.on(), caller.principal, now).await?;
    let codes: Vec<String> = (0..RECOVERY).map(|_| code(&*platform.random)).collect();
    let hashes: Vec<Digest> = codes.iter().map(|c| Digest::of(c.as_bytes())).collect();
    credentials::set_recovery_codes(work.on(), caller.organization, caller.principal, &hashes).await?;
    work.audit("totp.confirm", caller.principal, json!({"recovery_codes": codes.len()})).await?;
    work.commit().await?;
    Ok(codes)
}

/// Takes the caller's second factor away, with password and a code or recovery code.
///
/// # Errors
/// `authorization.session`, `password.wrong`, `sign-in.throttled`, `totp.not-found`, `totp.wrong`.
pub async fn disable(platform: &Platform, caller: &Caller, password: &str, shown: &str) -> Result<()> {
    own_session(platform, caller)?;
    // the password is counted as an attempt, and so bounds how often codes can be tried
    accounts::again(platform, caller, password).await?;
    let mut work = platform.work(caller).await?;
    let now = work.now;
    let kept = credentials::get(work.on(), caller.principal).await?.unwrap_or_default();
    let sealed = kept.totp_secret.ok_or_else(|| Error::not_found("totp"))?;
    if kept.totp_confirmed_at.is_some() {
        let good = match otp::typed(shown) {
            Some(number) => {
                let secret = platform.sealer.open(&purpose(caller.principal), &sealed)?;
                otp::matched(&secret, number, now.seconds(), kept.totp_last_step).is_some()
            }
            None => match typed(shown) {
                Some(code) => {
                    let hash = Digest::of(code.as_bytes());
                    credentials::use_recovery_code(work.on(), caller.principal, hash).await?
                }
                None => false,
            },
        };
        if !good {
            return Err(wrong_code());
        }
    }
    away(&mut work, caller, caller.principal, "totp.disable").await?;
    work.commit().await
}

async fn away(work: &mut crate::platform::Work<'_>, caller: &Caller, of: PrincipalId, action: &str) -> Result<()> {
    let now = work.now;
    credentials::set_totp(work.on(), caller.organization, of, None, now).await?;
    credentials::set_recovery_codes(work.on(), caller.organization, of, &[]).await?;
    work.audit(action, of, json!({})).await
}

/// Takes somebody's second factor away: they lost the app and the recovery codes.
///
/// # Errors
/// `authorization.denied`, `principal.not-found`, `member.above`.
pub async fn reset(platform: &Platform, caller: &Caller, of: PrincipalId) -> Result<()> {
    platform.authorizer.check(caller, Action::PrincipalManage, None)?;
    let mut work = platform.work(caller).await?;
    known(work.on(), caller.organization, of).await?;
    not_above(work.on(), caller, of).await?;
    away(&mut work, caller, of, "totp.reset").await?;
    work.commit().await
}
