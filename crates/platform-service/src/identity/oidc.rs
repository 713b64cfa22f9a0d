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
pub const LIFE: Duration = Duration::from_secs(10 * 60);

/// A sign-in that goes to the provider.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Where to send the browser.
    pub url: String,
    /// To be kept by the browser, in a cookie for this sign-in only, and shown to [`finish`]: a link with somebody
    /// else's state signs nobody in.
    pub browser: Secret,
}

/// The address of a server at `url` that a provider of that name sends browsers back to.
pub fn callback(url: &str, name: &str) -> String {
    format!("{url}/api/v1/single-sign-on/{name}/callback")
}

/// Names of the providers, for the sign-in page.
pub fn providers(platform: &Platform) -> Vec<&str> {
    platform.identity.providers.iter().map(|p| p.provider.name.as_str()).collect()
}

fn named<'a>(platform: &'a Platform, name: &str) -> Result<&'a SingleSignOn> {
    let found = platform.identity.providers.iter().find(|p| p.provider.name == name);
    found.ok_or_else(|| Error::not_found("provider"))
}

/// Sends somebody to a provider. `then` is the page of ours that they go to afterwards, if one is to be gone to; anything
/// that is no page of ours becomes `/`.
///
/// # Errors
/// `provider.not-found`; `oidc.unavailable` where the provider does not answer.
pub async fn begin(platform: &Platform, provider: &str, then: Option<&str>) -> Result<Begun> {
    let sso = named(platform, provider)?;
    let fresh = || Secret::new(Purpose::Once, &*platform.random);
    let (state, nonce, browser, verifier) = (fresh(), fresh(), fresh(), fresh());
    let challenge = PkceCodeChallenge::from_code_verifier_sha256(&provider::verifier(&verifier));
    let now = platform.clock.now();
    let url = sso.authorize_url(now, state.expose(), nonce.expose(), challenge).await?;
    let sealed = platform.sealer.seal(&*platform.random, &purpose(&state), verifier.expose().as_bytes())?;
    let under_way = UnderWay {
        provider: provider.to_string(),
        browser: browser.hash(),
        nonce: nonce.expose().to_string(),
        verifier: sealed,
        then: then.map_or("", |then| if ours(then) { then } else { "/" }).to_string(),
    };
    let mut tx = platform.database.begin(Scope::System).await?;
    identities::begin(&mut tx, state.hash(), &under_way, now, now.after(LIFE)).await?;
    tx.commit().await?;
    Ok(Begun { url, browser })
}

/// Whether it is a page of this program, whatever a browser makes of it.
fn ours(then: &str) -> bool {
    let plain = |c: char| c.is_ascii_graphic() && c != '\\';
    then.starts_with('/') && !then.starts_with("//") && then.len() <= 500 && then.chars().all(plain)
}

fn purpose(state: &Secret) -> String {
    format!("oidc {}", state.hash())
}

/// What a browser comes back with.
#[derive(Clone, Copy)]
pub struct Returned<'a> {
    /// The provider whose address it came back to.
    pub provider: &'a str,
    /// What names the sign-in.
    pub state: &'a str,
    /// What stands for the person.
    pub code: Option<&'a str>,
    /// Why there is no code.
    pub error: Option<&'a str>,
    /// Who says so (RFC 9207).
    pub issuer: Option<&'a str>,
    /// What [`begin`] gave the browser.
    pub browser: &'a str,
}

/// Somebody came back from a provider. Signs them in; gives the page they go to as well, if they said one.
///
/// # Errors
/// `oidc.state` for a sign-in that was not begun by this browser at this provider, is over or was used; `oidc.denied`
/// where the provider let nobody in; `oidc.refused` where it does not stand by the code or its identity token is not good;
/// `oidc.unavailable`; `oidc.email`, `oidc.unknown` and `oidc.account-exists` where who it is may not come in.
pub async fn finish(platform: &Platform, returned: Returned<'_>) -> Result<(SignedIn, Option<String>)> {
    let lost = || {
        Error::new(Kind::Unauthenticated, "oidc.state", "this sign-in was not begun here, is over, or took too long")
            .help("begin again")
    };
    let read = |text| Secret::read(text).map_err(|_| lost());
    let (state, browser) = (read(returned.state)?, read(returned.browser)?);
    let now = platform.clock.now();
    let mut tx = platform.database.begin(Scope::System).await?;
    let under_way = identities::take(&mut tx, state.hash(), now).await?.ok_or_else(lost)?;
    tx.commit().await?;
    if under_way.browser != browser.hash() || under_way.provider != returned.provider {
        return Err(lost());
    }
    let sso = named(platform, &under_way.provider)?;
    // another provider's answer, sent to this one's address
    if returned.issuer.is_some_and(|issuer| issuer != sso.provider.issuer) {
        return Err(lost());
    }
    if let Some(error) = returned.error {
        return Err(denied(&sso.provider, error));
    }
    let code = returned.code.ok_or_else(lost)?;
    let verifier = platform.sealer.open(&purpose(&state), &under_way.verifier)?;
    let verifier = String::from_utf8(verifier).map_err(|e| Error::bug("a verifier that is no text").because(e))?;
    let person = sso.person(now, code, verifier, &under_way.nonce).await?;
    let signed_in = enter(platform, &sso.provider, person).await?;
    platform.identity.forget(signed_in.caller.principal);
    Ok((signed_in, Some(under_way.then).filter(|then| !then.is_empty())))
}

/// The error for a provider that sends nobody. What it says of it in its own words is not shown: anybody can write that
/// into an address.
fn denied(provider: &Provider, error: &str) -> Error {
    match error {
        "access_denied"
        | "login_required"
        | "interaction_required"
        | "consent_required"
        | "account_selection_required" => {
            Error::new(Kind::Forbidden, "oidc.denied", "the provider did not let you in, or you turned back there")
                .help("begin again, or ask whoever runs the provider")
        }
        "server_error" | "temporarily_unavailable" => {
            Error::unavailable("oidc.unavailable", "the sign-in provider says that it cannot work now").retry_after(5)
        }
        _ => {
            let known = ["invalid_request", "invalid_scope", "unauthorized_client", "unsupported_response_type"];
            let error = if known.contains(&error) { error } else { "another error" };
            tracing::warn!(provider = provider.name, error, "the provider refuses how it is asked");
            Error::unavailable("oidc.config", format!("the provider refuses how it is asked ({error})"))
                .help("tell whoever runs this server: scopes or client are not as the provider wants them")
        }
    }
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
        Some((at, id)) if at == organization => {
            let user = super::members::known(&mut tx, organization, id).await?;
            if user.disabled_at.is_some() {
                let detail = json!({"reason": "the account is shut out", "issuer": provider.issuer});
                written(&mut tx, now, &user, "session.sign-in-failed", detail).await?;
                tx.commit().await?;
                return Err(shut_out());
            }
            user
        }
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
        return Err(shut_out());
    }
    groups::follow(&mut tx, provider, &user, &person.groups, now).await?;
    let signed_in = sign_in::begin(platform, &mut tx, &user, "oidc", now).await?;
    tx.commit().await?;
    Ok(signed_in)
}

fn shut_out() -> Error {
    Error::new(Kind::Unauthenticated, "sign-in.refused", "this account cannot sign in")
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
