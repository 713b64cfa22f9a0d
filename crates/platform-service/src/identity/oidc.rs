//! Single sign-on by OpenID Connect: authorization code with PKCE (RFC 7636), state bound to the browser, nonce; roles
//! from the provider's groups.
//!
//! A person is known by issuer and subject. Roles that the groups gave are marked: they follow the groups at each
//! sign-in. Roles that somebody gave by hand stay whatever the groups say.

mod groups;
mod provider;

pub use provider::{GroupRole, Http, Provider, SingleSignOn, Web};

use super::secret::{Purpose, Secret};
use super::{Noted, SignedIn, note, sign_in};
use crate::platform::Platform;
use openidconnect::PkceCodeChallenge;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_base::time::Timestamp;
use proofmark_kernel::organization::{self, OrganizationId};
use proofmark_kernel::principal::{self, Principal, PrincipalId, PrincipalKind};
use proofmark_store::identities::{self, UnderWay};
use proofmark_store::{Connection, Scope, organizations, principals};
use provider::Person;
use serde_json::json;
use std::time::Duration;

/// How long somebody may take at the provider.
const LIFE: Duration = Duration::from_secs(10 * 60);

/// A sign-in that goes to the provider.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Where to send the browser.
    pub url: String,
    /// To be kept by the browser, in a cookie for this sign-in only, and shown to [`finish`]: a link with somebody
    /// else's state signs nobody in.
    pub browser: Secret,
}

/// Names of the providers, for the sign-in page.
pub fn providers(platform: &Platform) -> Vec<&str> {
    platform.identity.providers.iter().map(|p| p.provider.name.as_str()).collect()
}

fn named<'a>(platform: &'a Platform, name: &str) -> Result<&'a SingleSignOn> {
    let found = platform.identity.providers.iter().find(|p| p.provider.name == name);
    found.ok_or_else(|| Error::not_found("provider"))
}

/// Sends somebody to a provider. `then` is the page of ours that they go to afterwards; anything else becomes `/`.
///
/// # Errors
/// `provider.not-found`; `oidc.unavailable` where the provider does not answer.
pub async fn begin(platform: &Platform, provider: &str, then: &str) -> Result<Begun> {
    let sso = named(platform, provider)?;
    let fresh = || Secret::new(Purpose::Once, &*platform.random);
    let (state, nonce, browser, verifier) = (fresh(), fresh(), fresh(), fresh());
    let challenge = PkceCodeChallenge::from_code_verifier_sha256(&provider::verifier(&verifier));
    let now = platform.clock.now();
    let url = sso.authorize_url(now, state.expose(), nonce.expose(), challenge).await?;
    let local = then.starts_with('/')
        && !then.starts_with("//")
        && then.len() <= 500
        && !then.contains(|c: char| c == '\\' || c.is_control());
    let sealed = platform.sealer.seal(&*platform.random, &purpose(&state), verifier.expose().as_bytes())?;
    let under_way = UnderWay {
        provider: provider.to_string(),
        browser: browser.hash(),
        nonce: nonce.expose().to_string(),
        verifier: sealed,
        then: if local { then.to_string() } else { "/".to_string() },
    };
    let mut tx = platform.database.begin(Scope::System).await?;
    identities::begin(&mut tx, state.hash(), &under_way, now, now.after(LIFE)).await?;
    tx.commit().await?;
    Ok(Begun { url, browser })
}

fn purpose(state: &Secret) -> String {
    format!("oidc {}", state.hash())
}

/// Somebody came back from a provider, with its `state` and `code`, and with what [`begin`] gave the browser. Signs
/// them in; gives the page they go to as well.
///
/// # Errors
/// `oidc.state` for a sign-in that was not begun by this browser, is over or was used; `oidc.refused` where the provider
/// does not stand by the code or its identity token is not good; `oidc.unavailable`; `oidc.email`, `oidc.unknown` and
/// `oidc.account-exists` where who it is may not come in.
pub async fn finish(platform: &Platform, state: &str, code: &str, browser: &str) -> Result<(SignedIn, String)> {
    let lost = || {
        Error::new(Kind::Unauthenticated, "oidc.state", "this sign-in was not begun here, is over, or took too long")
            .help("begin again")
    };
    let (state, browser) = (Secret::read(state).map_err(|_| lost())?, Secret::read(browser).map_err(|_| lost())?);
    let now = platform.clock.now();
    let mut tx = platform.database.begin(Scope::System).await?;
    let under_way = identities::take(&mut tx, state.hash(), now).await?.ok_or_else(lost)?;
    tx.commit().await?;
    if under_way.browser != browser.hash() {
        return Err(lost());
    }
    let sso = named(platform, &under_way.provider)?;
    let verifier = platform.sealer.open(&purpose(&state), &under_way.verifier)?;
    let verifier = String::from_utf8(verifier).map_err(|e| Error::bug("a verifier that is no text").because(e))?;
    let person = sso.person(now, code, verifier, &under_way.nonce).await?;
    let signed_in = enter(platform, &sso.provider, person).await?;
    platform.identity.forget(signed_in.caller.principal);
    Ok((signed_in, under_way.then))
}

/// Lets in whom a provider vouches for.
async fn enter(platform: &Platform, provider: &Provider, person: Person) -> Result<SignedIn> {
    let email = person.email.as_deref().map(principal::email).transpose()?;
    if !provider.allowed_domains.is_empty() {
        let domain = email.as_deref().and_then(|e| e.rsplit_once('@')).map(|(_, domain)| domain);
        let allowed = |domain: &str| provider.allowed_domains.iter().any(|d| d.eq_ignore_ascii_case(domain));
        if !person.email_verified || !domain.is_some_and(allowed) {
            return Err(Error::new(
                Kind::Forbidden,
                "oidc.email",
                "the provider shows no verified address of an allowed domain",
            ));
        }
    }
    let now = platform.clock.now();
    let mut tx = platform.database.begin(Scope::System).await?;
    let organization = house(&mut tx, provider).await?;
    identities::lock_members(&mut tx, organization).await?;
    let user = match identities::get(&mut tx, &provider.issuer, &person.subject).await? {
        Some((at, id)) if at == organization => super::members::known(&mut tx, organization, id).await?,
        Some(_) => return Err(Error::not_found("principal")),
        None => {
            let user = newcomer(platform, &mut tx, provider, organization, &person, email, now).await?;
            identities::insert(&mut tx, &provider.issuer, &person.subject, organization, user.id, now).await?;
            let detail = json!({"issuer": provider.issuer});
            written(&mut tx, now, &user, "identity.link", detail).await?;
            user
        }
    };
    if user.disabled_at.is_some() {
        return Err(Error::new(Kind::Unauthenticated, "sign-in.refused", "this account cannot sign in"));
    }
    groups::follow(&mut tx, provider, &user, &person.groups, now).await?;
    let signed_in = sign_in::begin(platform, &mut tx, &user, "oidc", now).await?;
    tx.commit().await?;
    Ok(signed_in)
}

/// The organization that a provider's people belong to.
async fn house(on: &mut dyn Connection, provider: &Provider) -> Result<OrganizationId> {
    if let Some(organization) = provider.organization {
        return Ok(organization);
    }
    match organizations::all(on).await?.as_slice() {
        [one] => Ok(one.id),
        _ => Err(Error::unavailable("oidc.config", "the provider's configuration does not say for which organization")),
    }
}

/// Who comes for the first time: somebody with that address who was added before, or somebody new.
async fn newcomer(
    platform: &Platform,
    on: &mut dyn Connection,
    provider: &Provider,
    organization: OrganizationId,
    person: &Person,
    email: Option<String>,
    now: Timestamp,
) -> Result<Principal> {
    let verified = email.filter(|_| person.email_verified);
    if let Some(email) = &verified
        && let Some(user) = principals::by_email(on, email).await?
    {
        if provider.link_by_email && user.organization == organization && user.kind == PrincipalKind::User {
            return Ok(user);
        }
        return Err(Error::new(Kind::Conflict, "oidc.account-exists", "there is an account with this address already")
            .help("sign in as before; an operator can allow linking accounts by address"));
    }
    if !provider.auto_provision {
        return Err(Error::new(Kind::Forbidden, "oidc.unknown", "nobody has added you yet")
            .help("ask an admin to add you with the address that the provider knows"));
    }
    let name = person.name.as_deref().or(verified.as_deref()).unwrap_or(&person.subject);
    let name: String = name.chars().filter(|c| !c.is_control()).take(organization::NAME_LENGTH).collect();
    let user = Principal {
        id: PrincipalId::new(now, &*platform.random),
        organization,
        kind: PrincipalKind::User,
        name: organization::name(&name).unwrap_or_else(|_| "Unnamed".into()),
        email: verified,
        disabled_at: None,
        created_at: now,
        version: 1,
    };
    principals::insert(on, &user).await?;
    written(on, now, &user, "principal.create", json!({"kind": user.kind, "issuer": provider.issuer})).await?;
    Ok(user)
}

/// An audit entry of what the provider's word brought about.
async fn written(
    on: &mut dyn Connection,
    now: Timestamp,
    user: &Principal,
    action: &str,
    detail: serde_json::Value,
) -> Result<()> {
    let noted = Noted {
        organization: user.organization,
        actor: Some(user.id),
        credential: "oidc",
        action,
        subject: user.id.to_string(),
        detail,
    };
    note(on, now, noted).await
}
