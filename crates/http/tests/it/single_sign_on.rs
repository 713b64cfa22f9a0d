//! Signing in at a real provider, as a browser does it: from one address to the next, with cookies and without a script.

use crate::world::{World, code_of, config, json_of};
use proofmark_kernel::principal::Role;
use proofmark_testkit::services::{USERS, User};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const ADA: &User = &USERS[0];
const GRACE: &User = &USERS[1];
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// The cookies that an answer sets, whole.
fn set(answer: &Response) -> Vec<String> {
    answer.headers().get_all("set-cookie").iter().map(|v| v.to_str().unwrap().to_string()).collect()
}

/// The cookie of that name as a browser sends it back.
fn kept(answer: &Response, name: &str) -> String {
    let all = set(answer);
    let line =
        all.iter().find(|line| line.starts_with(&format!("{name}="))).unwrap_or_else(|| panic!("{name}: {all:?}"));
    line.split(';').next().unwrap().to_string()
}

/// Begins, and signs in at the provider: where the browser is sent back to, and its cookie.
async fn visited(world: &World, query: &str, user: &User) -> (String, String) {
    let begun = world.client.get(world.url(&format!("/api/v1/single-sign-on/corporate/begin{query}"))).send().await;
    let begun = begun.unwrap();
    assert_eq!(begun.status(), StatusCode::SEE_OTHER);
    let to = begun.headers()["location"].to_str().unwrap().to_string();
    let cookie = kept(&begun, "proofmark_sign_in");
    let back = tokio::task::block_in_place(|| world.provider.as_ref().unwrap().visit(&to, user));
    (back.strip_prefix("http://127.0.0.1").unwrap().to_string(), cookie)
}

async fn back(world: &World, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = world.client.get(world.url(path));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

async fn roles(world: &World, secret: &str) -> BTreeSet<String> {
    let me = json_of(world.request(Method::GET, "/api/v1/me", secret).send().await.unwrap(), StatusCode::OK).await;
    let grants = me["grants"].as_array().unwrap();
    grants.iter().map(|g| g["role"].as_str().unwrap().to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_the_provider_vouches_for_gets_a_session_with_the_roles_of_their_groups() {
    let world = World::with_provider(
        config(),
        &[("engineers", Role::Engineer), ("approvers", Role::Approver), ("marketing", Role::Marketer)],
    )
    .await;
    let list = json_of(back(&world, "/api/v1/single-sign-on", &[]).await, StatusCode::OK).await;
    assert_eq!(list, json!({ "items": [{ "name": "corporate", "begin": "/api/v1/single-sign-on/corporate/begin" }] }));

    let begun = back(&world, "/api/v1/single-sign-on/corporate/begin", &[]).await;
    let (name, rest) = set(&begun)[0].split_once("=pmo_").map(|(n, r)| (n.to_string(), r.to_string())).unwrap();
    let attributes = rest.split_once("; ").unwrap().1;
    assert_eq!(name, "proofmark_sign_in");
    assert_eq!(attributes, "Path=/api/v1/single-sign-on; Max-Age=600; HttpOnly; SameSite=Lax");
    assert!(begun.headers()["location"].to_str().unwrap().starts_with(world.provider.as_ref().unwrap().issuer()));

    let (path, cookie) = visited(&world, "", ADA).await;
    // parameters that the provider has of its own are no fault
    let path = format!("{path}&session_state=1.2");
    let done = back(&world, &path, &[("cookie", &cookie)]).await;
    assert_eq!(kept(&done, "proofmark_sign_in"), "proofmark_sign_in=", "it is over");
    let session = json_of(done, StatusCode::OK).await;
    assert_eq!(session["session"]["method"], "oidc");
    let secret = session["secret"].as_str().unwrap();
    assert_eq!(roles(&world, secret).await, BTreeSet::from(["engineer".into(), "approver".into()]));
    let (path, cookie) = visited(&world, "", GRACE).await;
    let grace = json_of(back(&world, &path, &[("cookie", &cookie)]).await, StatusCode::OK).await;
    assert_eq!(roles(&world, grace["secret"].as_str().unwrap()).await, BTreeSet::from(["marketer".into()]));
    assert_ne!(grace["session"]["principal"], session["session"]["principal"]);

    let none = back(&world, "/api/v1/single-sign-on/elsewhere/begin", &[]).await;
    assert_eq!(code_of(none, 404).await, "provider.not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_shown_pages_without_a_script() {
    let mut config = config();
    config.public_url = Some("https://proofmark.example.org".into());
    let world = World::with_provider(config, &[]).await;
    let begun = back(&world, "/api/v1/single-sign-on/corporate/begin", &[("accept", BROWSER)]).await;
    assert!(set(&begun)[0].ends_with("; HttpOnly; SameSite=Lax; Secure"), "over HTTPS only: {:?}", set(&begun));
    let (path, cookie) = visited(&world, "", GRACE).await;
    let page = back(&world, &path, &[("cookie", &cookie), ("accept", BROWSER)]).await;
    assert_eq!(
        (page.status(), page.headers()["content-type"].to_str().unwrap()),
        (StatusCode::OK, "text/html; charset=utf-8")
    );
    assert_eq!(page.headers()["cache-control"], "no-store");
    assert_eq!(page.headers()["referrer-policy"], "no-referrer");
    assert_eq!(page.headers()["x-frame-options"], "DENY");
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_string();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("script-src") && !policy.contains("unsafe"));
    let text = page.text().await.unwrap();
    assert!(!text.contains("<script") && text.contains("export PROOFMARK_SERVER=https://proofmark.example.org\n"));
    let secret = text.split_once("PROOFMARK_TOKEN=").unwrap().1.split('<').next().unwrap();
    assert!(roles(&world, secret).await.is_empty());

    // looked at again, and for whoever the provider refuses
    for (path, code) in [
        (path.clone(), "oidc.state"),
        ("/api/v1/single-sign-on/corporate/callback?error=%3Cscript%3Ealert(1)%3C/script%3E".into(), "oidc.state"),
        ("/api/v1/single-sign-on/elsewhere/begin".into(), "provider.not-found"),
    ] {
        let page = back(&world, &path, &[("cookie", &cookie), ("accept", BROWSER)]).await;
        assert!(page.status().is_client_error());
        assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8", "{path}");
        let text = page.text().await.unwrap();
        assert!(text.contains(code) && !text.contains("<script"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_ours_takes_the_session_and_a_page_of_others_is_not_gone_to() {
    let world = World::with_provider(config(), &[("marketing", Role::Viewer)]).await;
    for (then, goes) in [
        ("?then=/runs%3Fx=1", "/runs?x=1"),
        ("?then=https://evil.example/", "/"),
        ("?then=//evil.example/", "/"),
        ("?then=/%5Cevil.example/", "/"),
        ("?then=/%09/evil.example/", "/"),
        ("?then=javascript:alert(1)", "/"),
        ("?then=/a%0D%0ASet-Cookie:%20x=y", "/"),
    ] {
        let (path, cookie) = visited(&world, then, GRACE).await;
        let sent = back(&world, &path, &[("cookie", &cookie), ("accept", BROWSER)]).await;
        assert_eq!(
            (sent.status(), sent.headers()["location"].to_str().unwrap()),
            (StatusCode::SEE_OTHER, goes),
            "{then}"
        );
        let line = set(&sent).into_iter().find(|c| c.starts_with("proofmark_session=pms_")).unwrap();
        assert!(
            line.ends_with("; Path=/api/v1/single-sign-on/session; Max-Age=60; HttpOnly; SameSite=Strict"),
            "{line}"
        );
        assert!(!sent.headers()["location"].to_str().unwrap().contains("pms_"), "no secret in an address");
        let session = kept(&sent, "proofmark_session");
        assert_eq!(sent.text().await.unwrap(), "");

        let take = |headers: Vec<(&'static str, String)>| {
            let mut request = world.client.get(world.url("/api/v1/single-sign-on/session"));
            for (name, value) in headers {
                request = request.header(name, value);
            }
            async move { request.send().await.unwrap() }
        };
        let cross = take(vec![("cookie", session.clone()), ("sec-fetch-site", "cross-site".into())]).await;
        assert_eq!(code_of(cross, 401).await, "oidc.no-session");
        assert_eq!(code_of(take(vec![]).await, 401).await, "oidc.no-session");
        let taken = take(vec![("cookie", session.clone()), ("sec-fetch-site", "same-origin".into())]).await;
        assert_eq!(kept(&taken, "proofmark_session"), "proofmark_session=", "it is over");
        assert!(taken.headers().get("access-control-allow-origin").is_none());
        let taken = json_of(taken, StatusCode::OK).await;
        assert_eq!(format!("proofmark_session={}", taken["secret"].as_str().unwrap()), session);
        assert_eq!(taken["session"]["method"], "oidc");
        assert_eq!(roles(&world, taken["secret"].as_str().unwrap()).await, BTreeSet::from(["viewer".into()]));
    }
    // the cookie is a credential there and nowhere else
    let (_, secret) = world.session(&world.owner).await;
    let cookie = format!("proofmark_session={secret}");
    let me = back(&world, "/api/v1/me", &[("cookie", &cookie)]).await;
    assert_eq!(code_of(me, 401).await, "authentication.required");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_another_browser_began_signs_nobody_in() {
    let world = World::with_provider(config(), &[]).await;
    // login CSRF: an attacker's way back, opened by somebody else
    let (attackers, _) = visited(&world, "", GRACE).await;
    let (_, victims) = visited(&world, "", GRACE).await;
    assert_eq!(code_of(back(&world, &attackers, &[("cookie", &victims)]).await, 401).await, "oidc.state");
    let (path, cookie) = visited(&world, "", GRACE).await;
    assert_eq!(code_of(back(&world, &path, &[]).await, 401).await, "oidc.state");
    json_of(back(&world, &path, &[("cookie", &cookie)]).await, StatusCode::OK).await;
    assert_eq!(code_of(back(&world, &path, &[("cookie", &cookie)]).await, 401).await, "oidc.state", "good once");
    // a cookie that somebody else planted beside ours
    let (path, cookie) = visited(&world, "", GRACE).await;
    let both = format!("proofmark_sign_in=pmo_planted; {cookie}");
    assert_eq!(code_of(back(&world, &path, &[("cookie", &both)]).await, 401).await, "oidc.state");
    // another provider's address
    let (path, cookie) = visited(&world, "", GRACE).await;
    let path = path.replace("/corporate/", "/other/");
    assert_eq!(code_of(back(&world, &path, &[("cookie", &cookie)]).await, 401).await, "oidc.state");

    // session fixation: what the browser had before is neither used nor extended
    let (_, planted) = world.session(&world.author).await;
    let (path, cookie) = visited(&world, "", GRACE).await;
    let cookies = format!("{cookie}; proofmark_session={planted}");
    let bearer = format!("Bearer {planted}");
    let done = back(&world, &path, &[("cookie", &cookies), ("authorization", &bearer)]).await;
    let done = json_of(done, StatusCode::OK).await;
    assert_ne!(done["secret"], Value::String(planted));
    assert_ne!(done["session"]["principal"], json!(world.author.principal));
    // signed in again, it is another session
    let (path, cookie) = visited(&world, "", GRACE).await;
    let again = json_of(back(&world, &path, &[("cookie", &cookie)]).await, StatusCode::OK).await;
    assert_ne!(again["secret"], done["secret"]);
    assert_ne!(again["session"]["id"], done["session"]["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_provider_refuses_is_said_and_a_provider_that_is_away_is_named() {
    let mut world = World::with_provider(config(), &[]).await;
    for (error, status, code) in [
        ("access_denied", 403, "oidc.denied"),
        ("temporarily_unavailable", 503, "oidc.unavailable"),
        ("invalid_scope", 503, "oidc.config"),
        ("made_up%3Cb%3E", 503, "oidc.config"),
    ] {
        let (path, cookie) = visited(&world, "", GRACE).await;
        let (place, query) = path.split_once('?').unwrap();
        let state = query.split('&').find(|p| p.starts_with("state=")).unwrap();
        let path = format!("{place}?{state}&error={error}&error_description=call%20555-1234");
        let answer = back(&world, &path, &[("cookie", &cookie)]).await;
        let problem = json_of(answer, StatusCode::from_u16(status).unwrap()).await;
        assert_eq!(problem["code"], code);
        let text = problem.to_string();
        assert!(!text.contains("555") && !text.contains("made_up"), "its own words are anybody's: {text}");
    }
    // a new server would ask the provider what it is; this one has its word for ten minutes and asks for the person
    let (path, cookie) = visited(&world, "", GRACE).await;
    let mut at = world.provider.take().unwrap();
    let at = tokio::task::spawn_blocking(move || {
        at.stop();
        at
    })
    .await
    .unwrap();
    let away = back(&world, &path, &[("cookie", &cookie)]).await;
    assert!(away.headers().contains_key("retry-after"));
    assert_eq!(code_of(away, 503).await, "oidc.unavailable");
    // everything else goes on
    let secret = world.secret().await;
    json_of(world.request(Method::GET, "/api/v1/me", &secret).send().await.unwrap(), StatusCode::OK).await;
    json_of(back(&world, "/readyz", &[]).await, StatusCode::OK).await;
    tokio::task::spawn_blocking(move || drop(at)).await.unwrap();
}
