//! API tokens: made, listed, revoked. People make their own; those of service accounts are made by who may manage tokens.

use super::members::known;
use super::not_above;
use super::secret::{Purpose, Secret};
use crate::authorization::scopes;
use crate::platform::Platform;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_base::time::Timestamp;
use proofmark_kernel::action::Action;
use proofmark_kernel::organization;
use proofmark_kernel::principal::{Caller, Credential, PrincipalId, PrincipalKind, TokenId};
use proofmark_store::page::{Listed, Page};
use proofmark_store::tokens::{self, Token};
use serde_json::json;
use std::time::Duration;

/// Longest life of a token.
pub const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);
/// Most tokens in force of one account.
const MOST: i64 = 100;

/// A token to be made.
#[derive(Clone, Copy)]
pub struct NewToken<'a> {
    /// Name for people.
    pub name: &'a str,
    /// What it is limited to; all that its owner's roles give if none.
    pub scopes: Option<&'a [String]>,
    /// When it ends: in the future, at most [`LONGEST`] from now.
    pub expires_at: Timestamp,
}

/// Makes a token, the caller's own or a service account's. The secret is shown once.
///
/// A token makes only tokens that can do no more and live no longer than itself.
///
/// # Errors
/// `authorization.denied`, `principal.not-found`, `member.above`; `token.person` for another person's;
/// `name.invalid`, `token.scope`, `token.expiry`, `token.many`.
pub async fn create(
    platform: &Platform,
    caller: &Caller,
    of: Option<PrincipalId>,
    new: NewToken<'_>,
) -> Result<(Token, Secret)> {
    let of = of.unwrap_or(caller.principal);
    let action = if of == caller.principal { Action::TokenOwn } else { Action::TokenManage };
    platform.authorizer.check(caller, action, None)?;
    let name = organization::name(new.name)?;
    let wanted = new.scopes.map(scopes::read).transpose()?;
    let mut work = platform.work(caller).await?;
    let now = work.now;
    let expiry =
        |why: &str| Err(Error::invalid("token.expiry", "the token's end cannot be used").at("/expires_at", why));
    if new.expires_at <= now {
        return expiry("it has passed");
    }
    if new.expires_at > now.after(LONGEST) {
        return expiry("a token lives a year at most");
    }
    let owner = known(work.on(), caller.organization, of).await?;
    if of != caller.principal {
        not_above(work.on(), caller, of).await?;
        if owner.kind != PrincipalKind::ServiceAccount {
            return Err(Error::new(Kind::Forbidden, "token.person", "people make their own tokens"));
        }
    }
    if let Credential::Token(id) = caller.credential {
        let this = tokens::get(work.on(), caller.organization, id).await?.ok_or_else(|| Error::not_found("token"))?;
        if new.expires_at > this.expires_at {
            return expiry("a token makes none that lives longer than itself");
        }
        let more = match (&caller.scopes, &wanted) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(have), Some(want)) => !scopes::within(want, have),
        };
        if more {
            return Err(Error::new(Kind::Forbidden, "token.scope", "a token makes none that can do more than itself")
                .at("/scopes", "scopes within those of the token in use"));
        }
    }
    if tokens::count(work.on(), of, now).await? >= MOST {
        return Err(Error::new(Kind::Conflict, "token.many", "the account has 100 tokens in force")
            .help("revoke those that are not used any more"));
    }
    let secret = Secret::new(Purpose::Token, &*platform.random);
    let token = Token {
        id: TokenId::new(now, &*platform.random),
        organization: caller.organization,
        principal: of,
        name,
        scopes: wanted,
        created_by: caller.principal,
        created_at: now,
        expires_at: new.expires_at,
        seen_at: None,
        revoked_at: None,
    };
    tokens::insert(work.on(), &token, secret.hash()).await?;
    let detail = json!({"principal": of, "scopes": token.scopes, "expires_at": token.expires_at});
    work.audit("token.create", token.id, detail).await?;
    work.commit().await?;
    Ok((token, secret))
}

/// Tokens, newest first: with `of` those of one account, the caller's own or any; without, everybody's.
///
/// # Errors
/// `authorization.denied`, `authorization.scope`.
pub async fn list(
    platform: &Platform,
    caller: &Caller,
    of: Option<PrincipalId>,
    page: Page<TokenId>,
) -> Result<Listed<Token, TokenId>> {
    let action = if of == Some(caller.principal) { Action::TokenOwn } else { Action::TokenManage };
    platform.authorizer.check(caller, action, None)?;
    let mut tx = platform.read(caller).await?;
    tokens::list(&mut tx, caller.organization, of, page).await
}

/// One token, the caller's own or, for who may manage tokens, any.
///
/// # Errors
/// `token.not-found`, also where it is not the caller's to see.
pub async fn get(platform: &Platform, caller: &Caller, id: TokenId) -> Result<Token> {
    let mut tx = platform.read(caller).await?;
    let token = tokens::get(&mut tx, caller.organization, id).await?.ok_or_else(|| Error::not_found("token"))?;
    visible(platform, caller, &token)?;
    Ok(token)
}

fn visible(platform: &Platform, caller: &Caller, token: &Token) -> Result<()> {
    if token.principal == caller.principal {
        return platform.authorizer.check(caller, Action::TokenOwn, None);
    }
    platform.authorizer.check(caller, Action::TokenManage, None).map_err(|e| match e.code.as_ref() {
        "authorization.denied" => Error::not_found("token"),
        _ => e,
    })
}

/// Revokes a token: in this process at once, in others within seconds. A token may revoke itself.
///
/// # Errors
/// `token.not-found`, `member.above`; `token.revoked` a second time.
pub async fn revoke(platform: &Platform, caller: &Caller, id: TokenId) -> Result<()> {
    let mut work = platform.work(caller).await?;
    let now = work.now;
    let token = tokens::get(work.on(), caller.organization, id).await?.ok_or_else(|| Error::not_found("token"))?;
    if caller.credential != Credential::Token(id) {
        visible(platform, caller, &token)?;
    }
    if token.principal != caller.principal {
        not_above(work.on(), caller, token.principal).await?;
    }
    if !tokens::revoke(work.on(), id, now).await? {
        return Err(Error::new(Kind::Conflict, "token.revoked", "the token was revoked already"));
    }
    work.audit("token.revoke", id, json!({"principal": token.principal})).await?;
    work.commit().await?;
    platform.identity.forget(token.principal);
    Ok(())
}
