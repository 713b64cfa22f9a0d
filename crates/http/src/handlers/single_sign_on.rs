//! Signing in at a provider: sending browsers there, and what they come back with.

use super::identity;
use crate::call::Call;
use crate::reply::Reply;
use crate::sign_in_page;
use axum::http::header::{HeaderValue, LOCATION, SET_COOKIE};
use axum::http::{HeaderName, StatusCode};
use proofmark_base::error::{Error, Kind, Result};
use proofmark_contract::types::identity::SignedIn;
use proofmark_contract::types::single_sign_on::{Provider, Providers};
use proofmark_kernel::principal::Credential;
use proofmark_platform_service::identity::oidc::{self, Returned};
use proofmark_platform_service::identity::sessions;

/// Where all of it is; cookies of a sign-in are sent nowhere else.
const PLACE: &str = "/api/v1/single-sign-on";
/// Where a page takes the session.
const TAKEN: &str = "/api/v1/single-sign-on/session";
/// Ties a sign-in to the browser that began it. `Lax`: the provider's page sends the browser back.
const BROWSER: &str = "proofmark_sign_in";
/// The session, for the page that `then` named.
const SESSION: &str = "proofmark_session";
/// Seconds that a page has to take the session.
const HANDOVER: u64 = 60;

fn header(text: impl AsRef<str>) -> Result<HeaderValue> {
    HeaderValue::try_from(text.as_ref()).map_err(|e| Error::bug("an address that no header can hold").because(e))
}

/// A cookie that scripts do not see; an age of 0 takes it away.
fn cookie(call: &Call, name: &str, value: &str, path: &str, site: &str, age: u64) -> Result<HeaderValue> {
    let secure = if call.state.secure() { "; Secure" } else { "" };
    header(format!("{name}={value}; Path={path}; Max-Age={age}; HttpOnly; SameSite={site}{secure}"))
}

pub(crate) async fn list(call: Call) -> Result<Reply> {
    let shown = |name: &str| Provider { name: name.into(), begin: format!("{PLACE}/{name}/begin") };
    Reply::ok(&Providers { items: oidc::providers(call.platform()).into_iter().map(shown).collect() })
}

pub(crate) async fn begin(call: Call) -> Result<Reply> {
    let then: Option<String> = call.query.get("then")?;
    let begun = oidc::begin(call.platform(), call.parameter("provider")?, then.as_deref()).await?;
    let browser = cookie(&call, BROWSER, begun.browser.expose(), PLACE, "Lax", oidc::LIFE.as_secs())?;
    Ok(Reply::empty(StatusCode::SEE_OTHER).with(LOCATION, header(begun.url)?).with(SET_COOKIE, browser))
}

pub(crate) async fn callback(call: Call) -> Result<Reply> {
    let text = |name: &str| call.query.get::<String>(name);
    let (state, code, error, issuer) = (text("state")?, text("code")?, text("error")?, text("iss")?);
    let returned = Returned {
        provider: call.parameter("provider")?,
        state: state.as_deref().unwrap_or_default(),
        code: code.as_deref(),
        error: error.as_deref(),
        issuer: issuer.as_deref(),
        browser: call.cookie(BROWSER).unwrap_or_default(),
    };
    // whatever session the browser had is not looked at: a sign-in always begins a new one
    let (begun, then) = oidc::finish(call.platform(), returned).await?;
    let over = cookie(&call, BROWSER, "", PLACE, "Lax", 0)?;
    let secret = begun.secret.expose();
    let reply = match then {
        Some(then) => {
            let session = cookie(&call, SESSION, secret, TAKEN, "Strict", HANDOVER)?;
            let reply = Reply::empty(StatusCode::SEE_OTHER).with(LOCATION, header(then)?);
            reply.and(SET_COOKIE, session)
        }
        None if sign_in_page::wanted(&call.headers) => {
            sign_in_page::signed_in(secret, begun.session.expires_at, call.state.public_url.as_deref())
        }
        None => {
            let current = Some(begun.session.id);
            let session = identity::session(begun.session, current);
            Reply::ok(&SignedIn { secret: begun.secret.expose().to_string(), session })?
        }
    };
    Ok(reply.and(SET_COOKIE, over))
}

pub(crate) async fn session(call: Call) -> Result<Reply> {
    let none = || {
        Error::new(Kind::Unauthenticated, "oidc.no-session", "no sign-in of this browser has just ended")
            .help("begin again")
    };
    // pages of others cannot read the answer, but need not make a browser ask either
    let site = call.header(&HeaderName::from_static("sec-fetch-site"));
    if site.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return Err(none());
    }
    let secret = call.cookie(SESSION).ok_or_else(none)?;
    let caller = call.state.authenticate(secret, call.address).await.map_err(|e| match e.kind {
        Kind::Unauthenticated => none().because(e),
        _ => e,
    })?;
    let Credential::Session(id) = caller.credential else { return Err(none()) };
    let found = sessions::list(call.platform(), &caller).await?;
    let found = found.into_iter().find(|s| s.id == id).ok_or_else(none)?;
    let over = cookie(&call, SESSION, "", TAKEN, "Strict", 0)?;
    let session = identity::session(found, Some(id));
    Ok(Reply::ok(&SignedIn { secret: secret.to_string(), session })?.with(SET_COOKIE, over))
}
