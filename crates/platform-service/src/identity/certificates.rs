//! Client certificates of service accounts, registered by fingerprint. That whoever shows one holds its key is the TLS
//! handshake's to check; what it says about names or times is not looked at, only that it is the registered one.

use super::members::known;
use super::{cache, not_above};
use crate::platform::Platform;
use proofmark_base::digest::Digest;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_kernel::action::Action;
use proofmark_kernel::principal::{Caller, Credential, PrincipalId, PrincipalKind};
use proofmark_store::Scope;
use proofmark_store::identities::{self, Certificate};
use serde_json::json;
use std::sync::Arc;

/// Largest certificate, bytes.
const LARGEST: usize = 16 << 10;

/// Registers a certificate, in DER form, for a service account.
///
/// # Errors
/// `authorization.denied`, `principal.not-found`, `member.above`; `certificate.person` for a person's account,
/// `certificate.invalid`, `certificate.taken`.
pub async fn register(platform: &Platform, caller: &Caller, of: PrincipalId, der: &[u8]) -> Result<Certificate> {
    platform.authorizer.check(caller, Action::TokenManage, None)?;
    // a DER sequence whose length field spans the whole: enough to tell a certificate from a file of another kind
    let whole = match der {
        [0x30, 0x81, a, rest @ ..] => usize::from(*a) == rest.len(),
        [0x30, 0x82, a, b, rest @ ..] => usize::from(*a) << 8 | usize::from(*b) == rest.len(),
        _ => false,
    };
    if !whole || der.len() > LARGEST {
        return Err(Error::invalid("certificate.invalid", "this is not one certificate in DER form")
            .at("/certificate", "one certificate, as its PEM file has it"));
    }
    let mut work = platform.work(caller).await?;
    let account = known(work.on(), caller.organization, of).await?;
    not_above(work.on(), caller, of).await?;
    if account.kind != PrincipalKind::ServiceAccount {
        return Err(Error::invalid("certificate.person", "people sign in; certificates are for service accounts"));
    }
    let certificate = Certificate {
        fingerprint: Digest::of(der),
        organization: caller.organization,
        principal: of,
        created_by: caller.principal,
        created_at: work.now,
    };
    identities::insert_certificate(work.on(), &certificate).await.map_err(|e| match e.code.as_ref() {
        "store.unique" => Error::new(Kind::Conflict, "certificate.taken", "the certificate is registered already"),
        _ => e,
    })?;
    work.audit("certificate.register", of, json!({"fingerprint": certificate.fingerprint})).await?;
    work.commit().await?;
    Ok(certificate)
}

/// The certificates of a service account, oldest first.
///
/// # Errors
/// `authorization.denied`, `principal.not-found`.
pub async fn list(platform: &Platform, caller: &Caller, of: PrincipalId) -> Result<Vec<Certificate>> {
    platform.authorizer.check(caller, Action::TokenManage, None)?;
    let mut tx = platform.read(caller).await?;
    known(&mut tx, caller.organization, of).await?;
    identities::certificates(&mut tx, of).await
}

/// Takes a certificate's registration away: refused here at once, by other processes within seconds.
///
/// # Errors
/// `authorization.denied`, `principal.not-found`, `member.above`, `certificate.not-found`.
pub async fn revoke(platform: &Platform, caller: &Caller, of: PrincipalId, fingerprint: Digest) -> Result<()> {
    platform.authorizer.check(caller, Action::TokenManage, None)?;
    let mut work = platform.work(caller).await?;
    known(work.on(), caller.organization, of).await?;
    not_above(work.on(), caller, of).await?;
    if !identities::delete_certificate(work.on(), of, fingerprint).await? {
        return Err(Error::not_found("certificate"));
    }
    work.audit("certificate.revoke", of, json!({"fingerprint": fingerprint})).await?;
    work.commit().await?;
    platform.identity.forget(of);
    Ok(())
}

/// Who shows that certificate, in DER form, in a TLS handshake that showed its key as well.
///
/// # Errors
/// `certificate.unknown`, `principal.disabled`, both of the kind unauthenticated; what the database met.
pub async fn authenticate_certificate(platform: &Platform, der: &[u8]) -> Result<Caller> {
    let now = platform.clock.now();
    let fingerprint = Digest::of(der);
    // a certificate is public: its bytes must not be found where bearer secrets are looked up by their hash
    let key = Digest::of(format!("certificate {fingerprint}").as_bytes());
    if let Some(caller) = platform.identity.cache.get(&key, now) {
        return Ok(Caller::clone(&caller));
    }
    let generation = platform.identity.cache.generation();
    let mut tx = platform.database.read(Scope::System).await?;
    let found = identities::by_fingerprint(&mut tx, fingerprint).await?;
    drop(tx);
    let refused = |code: &'static str, text: &str| Error::new(Kind::Unauthenticated, code, text);
    let found = found.ok_or_else(|| refused("certificate.unknown", "the client certificate is not registered"))?;
    if found.disabled_at.is_some() {
        return Err(refused("principal.disabled", "this account is shut out"));
    }
    let caller = Caller {
        principal: found.credential.principal,
        organization: found.credential.organization,
        kind: found.kind,
        grants: found.grants,
        credential: Credential::Certificate(fingerprint),
        scopes: None,
    };
    let ends_at = now.after(cache::LIFE);
    platform.identity.cache.put(generation, key, Arc::new(caller.clone()), now, ends_at);
    Ok(caller)
}
