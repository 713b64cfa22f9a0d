//! Single sign-on against a real provider.

use crate::on_both;
use crate::support::{World, ada, done, give};
use proofmark_base::error::{Error, Kind, Result};
use proofmark_kernel::principal::{Credential, Grant, Role};
use proofmark_platform_service::Platform;
use proofmark_platform_service::identity::oidc::{self, GroupRole, Provider, Returned, SingleSignOn, Web};
use proofmark_platform_service::identity::{Identity, SignedIn, accounts, authenticate};
use proofmark_store::{Connection, Scope, values};
use proofmark_testkit::services::{self, CLIENT_ID, CLIENT_SECRET, Oidc, USERS, User};
use std::sync::Arc;
use std::time::Duration;

on_both!(
    groups_give_roles_and_take_only_what_they_gave,
    a_sign_in_belongs_to_one_browser_and_ends_once,
    who_may_come_in_is_the_operator_s_to_say,
    a_provider_that_is_away_is_named,
);

const CALLBACK: &str = "http://127.0.0.1:12345/callback";
const GRACE: &User = &USERS[1];
const ADA: &User = &USERS[0];

async fn provider() -> Oidc {
    tokio::task::spawn_blocking(|| services::oidc(&["http://127.0.0.1/callback"])).await.unwrap()
}

async fn ended(provider: Oidc) {
    tokio::task::spawn_blocking(move || drop(provider)).await.unwrap();
}

fn client() -> reqwest::Client {
    // another test of this process may have been first
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    client.timeout(Duration::from_secs(10)).build().unwrap()
}

fn configured(issuer: &str, groups: &[(&str, Role)]) -> Provider {
    Provider {
        name: "corporate".into(),
        issuer: issuer.into(),
        client_id: CLIENT_ID.into(),
        client_secret: CLIENT_SECRET.into(),
        redirect_uri: CALLBACK.into(),
        scopes: ["profile", "email", "groups"].map(String::from).to_vec(),
        groups_claim: "groups".into(),
        groups: groups.iter().map(|(g, r)| GroupRole { group: (*g).into(), role: *r, project: None }).collect(),
        allowed_domains: vec!["example.org".into()],
        auto_provision: true,
        link_by_email: false,
        organization: None,
    }
}

/// The platform, as it starts with that configuration.
fn with(p: &Platform, provider: Provider) -> Platform {
    let sso = SingleSignOn::new(provider, Arc::new(Web::new(client()))).unwrap();
    Platform { identity: Arc::new(Identity::default().with_provider(sso)), ..p.clone() }
}

/// What a browser does at the provider: signs in there and is sent back; `state` and `code`.
async fn visit(at: &Oidc, url: &str, user: &User) -> (String, String) {
    let back = tokio::task::block_in_place(|| at.visit(url, user));
    let query = back.strip_prefix(CALLBACK).and_then(|rest| rest.strip_prefix('?')).unwrap();
    let value = |name: &str| query.split('&').find_map(|f| f.strip_prefix(name)?.strip_prefix('=')).map(String::from);
    (value("state").unwrap(), value("code").unwrap_or_else(|| panic!("no code: {query}")))
}

async fn finish(p: &Platform, state: &str, code: &str, browser: &str) -> Result<(SignedIn, Option<String>)> {
    let code = Some(code);
    oidc::finish(p, Returned { provider: "corporate", state, code, error: None, issuer: None, browser }).await
}

async fn sign_in(p: &Platform, at: &Oidc, user: &User) -> Result<(SignedIn, Option<String>)> {
    let begun = oidc::begin(p, "corporate", Some("/runs")).await?;
    let (state, code) = visit(at, &begun.url, user).await;
    finish(p, &state, &code, begun.browser.expose()).await
}

fn everywhere(roles: &[Role]) -> Vec<Grant> {
    roles.iter().map(|r| Grant { role: *r, project: None }).collect()
}

async fn groups_give_roles_and_take_only_what_they_gave(w: &World) {
    let owner = ada(&w.platform).await;
    let at = provider().await;
    let before = with(
        &w.platform,
        configured(
            at.issuer(),
            &[("marketing", Role::Marketer), ("marketing", Role::Viewer), ("engineers", Role::Engineer)],
        ),
    );
    assert_eq!(oidc::providers(&before), ["corporate"]);
    let (first, then) = sign_in(&before, &at, GRACE).await.unwrap();
    assert_eq!(then.as_deref(), Some("/runs"));
    assert_eq!(first.caller.grants, everywhere(&[Role::Marketer, Role::Viewer]));
    assert_eq!(first.session.method, "oidc");
    let caller = authenticate(&before, first.secret.expose(), "192.0.2.1").await.unwrap();
    assert_eq!((caller.principal, caller.credential), (first.caller.principal, Credential::Session(first.session.id)));
    let log = done(&before, first.caller.organization).await;
    assert_eq!(
        log[log.len() - 5..],
        ["principal.create", "identity.link", "member.grant", "member.grant", "session.sign-in"]
    );

    // by hand: one that the group gave as well, and one that it did not
    let id = first.caller.principal;
    for role in [Role::Viewer, Role::Auditor] {
        let grant = Grant { role, project: None };
        proofmark_platform_service::identity::members::grant(&before, &owner.caller, id, grant).await.unwrap();
    }
    // the configuration gives other roles from now on
    let after = with(&w.platform, configured(at.issuer(), &[("marketing", Role::Approver)]));
    let (second, _) = sign_in(&after, &at, GRACE).await.unwrap();
    assert_eq!(second.caller.principal, id, "the same person");
    assert_ne!(second.session.id, first.session.id);
    let mut roles: Vec<Role> = second.caller.grants.iter().map(|g| g.role).collect();
    roles.sort();
    assert_eq!(roles, [Role::Approver, Role::Auditor, Role::Viewer]);
    // the roles count for the session that was there before, too
    let caller = authenticate(&after, first.secret.expose(), "192.0.2.1").await.unwrap();
    assert_eq!(caller.grants.len(), 3);

    // an owner by group, the last who can sign in, stays one
    let owners = with(&w.platform, configured(at.issuer(), &[("marketing", Role::Owner)]));
    sign_in(&owners, &at, GRACE).await.unwrap();
    accounts::disable(&owners, &sign_in(&owners, &at, GRACE).await.unwrap().0.caller, owner.caller.principal)
        .await
        .unwrap();
    let (third, _) = sign_in(&after, &at, GRACE).await.unwrap();
    assert!(third.caller.holds(&[Role::Owner], None));
    accounts::enable(&owners, &third.caller, owner.caller.principal).await.unwrap();
    let (fourth, _) = sign_in(&after, &at, GRACE).await.unwrap();
    assert!(!fourth.caller.holds(&[Role::Owner], None));
    ended(at).await;
}

async fn a_sign_in_belongs_to_one_browser_and_ends_once(w: &World) {
    ada(&w.platform).await;
    let at = provider().await;
    let p = &with(&w.platform, configured(at.issuer(), &[]));
    let lost = |e: Error| assert_eq!((e.kind, e.code.as_ref()), (Kind::Unauthenticated, "oidc.state"));
    let refused = |e: Error| assert_eq!((e.kind, e.code.as_ref()), (Kind::Unauthenticated, "oidc.refused"));

    // an attacker's link, opened by somebody else's browser
    let attackers = oidc::begin(p, "corporate", None).await.unwrap();
    let victims = oidc::begin(p, "corporate", None).await.unwrap();
    let (state, code) = visit(&at, &attackers.url, GRACE).await;
    lost(finish(p, &state, &code, victims.browser.expose()).await.unwrap_err());
    // it is used up by that
    lost(finish(p, &state, &code, attackers.browser.expose()).await.unwrap_err());
    lost(finish(p, "pmo_x", &code, victims.browser.expose()).await.unwrap_err());

    // an attacker's code in one's own sign-in: made for another PKCE challenge
    let (own, _) = visit(&at, &victims.url, GRACE).await;
    let other = oidc::begin(p, "corporate", None).await.unwrap();
    let (_, stolen) = visit(&at, &other.url, GRACE).await;
    refused(finish(p, &own, &stolen, victims.browser.expose()).await.unwrap_err());

    // an identity token that was made for another sign-in
    let begun = oidc::begin(p, "corporate", None).await.unwrap();
    let (state, code) = visit(&at, &begun.url, GRACE).await;
    let mut tx = p.database.begin(Scope::System).await.unwrap();
    tx.execute("UPDATE platform_oidc_sign_ins SET nonce = 'another'", values![]).await.unwrap();
    tx.commit().await.unwrap();
    refused(finish(p, &state, &code, begun.browser.expose()).await.unwrap_err());

    // what comes back to another provider's address, from another issuer, or without anything
    for (provider, issuer, code) in
        [("other", None, Some("x")), ("corporate", Some("https://evil.example"), Some("x")), ("corporate", None, None)]
    {
        let begun = oidc::begin(p, "corporate", None).await.unwrap();
        let (state, _) = visit(&at, &begun.url, GRACE).await;
        let browser = begun.browser.expose();
        let returned = Returned { provider, state: &state, code, error: None, issuer, browser };
        lost(oidc::finish(p, returned).await.unwrap_err());
    }

    // whom the provider does not send: what it says in its own words is not repeated
    for (error, kind, code) in [
        ("access_denied", Kind::Forbidden, "oidc.denied"),
        ("temporarily_unavailable", Kind::Unavailable, "oidc.unavailable"),
        ("invalid_scope", Kind::Unavailable, "oidc.config"),
        ("<b>call us</b>", Kind::Unavailable, "oidc.config"),
    ] {
        let begun = oidc::begin(p, "corporate", None).await.unwrap();
        let (state, good) = visit(&at, &begun.url, GRACE).await;
        let browser = begun.browser.expose();
        let returned = Returned {
            provider: "corporate",
            state: &state,
            code: Some(&good),
            error: Some(error),
            issuer: Some(at.issuer()),
            browser,
        };
        let e = oidc::finish(p, returned).await.unwrap_err();
        assert_eq!((e.kind, e.code.as_ref()), (kind, code));
        assert!(!e.detail.contains("call us"), "{e}");
        lost(oidc::finish(p, Returned { error: None, ..returned }).await.unwrap_err());
    }

    // a made-up code
    let begun = oidc::begin(p, "corporate", None).await.unwrap();
    let (state, _) = visit(&at, &begun.url, GRACE).await;
    refused(finish(p, &state, "made-up", begun.browser.expose()).await.unwrap_err());

    // too late
    let begun = oidc::begin(p, "corporate", None).await.unwrap();
    let (state, code) = visit(&at, &begun.url, GRACE).await;
    w.clock.on(Duration::from_secs(600));
    lost(finish(p, &state, &code, begun.browser.expose()).await.unwrap_err());

    // pages of others are no place to go
    for (then, goes) in [
        ("/runs?x=1", "/runs?x=1"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/\tevil", "/"),
        ("/\u{ff0f}evil.example", "/"),
        ("", "/"),
    ] {
        let begun = oidc::begin(p, "corporate", Some(then)).await.unwrap();
        let (state, code) = visit(&at, &begun.url, GRACE).await;
        assert_eq!(finish(p, &state, &code, begun.browser.expose()).await.unwrap().1.as_deref(), Some(goes));
    }
    assert_eq!(oidc::begin(p, "elsewhere", None).await.unwrap_err().code, "provider.not-found");
    ended(at).await;
}

async fn who_may_come_in_is_the_operator_s_to_say(w: &World) {
    let owner = ada(&w.platform).await;
    let at = provider().await;
    let base = configured(at.issuer(), &[]);
    let tried = async |provider: Provider, user| sign_in(&with(&w.platform, provider), &at, user).await;

    let e = tried(Provider { allowed_domains: vec!["example.com".into()], ..base.clone() }, GRACE).await.unwrap_err();
    assert_eq!((e.kind, e.code.as_ref()), (Kind::Forbidden, "oidc.email"));
    let e = tried(Provider { auto_provision: false, ..base.clone() }, GRACE).await.unwrap_err();
    assert_eq!((e.kind, e.code.as_ref()), (Kind::Forbidden, "oidc.unknown"));
    // the provider's word does not take over an account that is here, unless the operator trusts it so far
    let e = tried(base.clone(), ADA).await.unwrap_err();
    assert_eq!((e.kind, e.code.as_ref()), (Kind::Conflict, "oidc.account-exists"));
    let (linked, _) = tried(Provider { link_by_email: true, ..base.clone() }, ADA).await.unwrap();
    assert_eq!(linked.caller.principal, owner.caller.principal);
    // linked once, it stays so
    let (again, _) = tried(base.clone(), ADA).await.unwrap();
    assert_eq!(again.caller.principal, owner.caller.principal);

    let (grace, _) = tried(base.clone(), GRACE).await.unwrap();
    assert_eq!(grace.caller.grants, [], "no group, no role");
    accounts::disable(&w.platform, &owner.caller, grace.caller.principal).await.unwrap();
    assert_eq!(tried(base.clone(), GRACE).await.unwrap_err().code, "sign-in.refused");
    let log = done(&w.platform, owner.caller.organization).await;
    assert_eq!(log.last().unwrap(), "session.sign-in-failed");
    accounts::enable(&w.platform, &owner.caller, grace.caller.principal).await.unwrap();
    give(&w.platform, &owner.caller, grace.caller.principal, Role::Viewer).await;
    assert_eq!(tried(base, GRACE).await.unwrap().0.caller.grants, everywhere(&[Role::Viewer]));
    ended(at).await;
}

async fn a_provider_that_is_away_is_named(w: &World) {
    ada(&w.platform).await;
    let mut at = provider().await;
    let p = &with(&w.platform, configured(at.issuer(), &[]));
    let begun = oidc::begin(p, "corporate", None).await.unwrap();
    let (state, code) = visit(&at, &begun.url, GRACE).await;
    let mut at = tokio::task::spawn_blocking(move || {
        at.stop();
        at
    })
    .await
    .unwrap();
    let e = finish(p, &state, &code, begun.browser.expose()).await.unwrap_err();
    assert_eq!((e.kind, e.code.as_ref()), (Kind::Unavailable, "oidc.unavailable"));
    let fresh = with(&w.platform, configured(at.issuer(), &[]));
    assert_eq!(oidc::begin(&fresh, "corporate", None).await.unwrap_err().code, "oidc.unavailable");
    let at = tokio::task::spawn_blocking(move || {
        at.start();
        at
    })
    .await
    .unwrap();
    sign_in(&fresh, &at, GRACE).await.unwrap();
    ended(at).await;
}

#[test]
fn a_configuration_that_protects_nothing_is_refused() {
    let http = || Arc::new(Web::new(client()));
    let base = configured("https://id.example.org", &[]);
    SingleSignOn::new(base.clone(), http()).map(|_| ()).unwrap();
    for (provider, at) in [
        (Provider { issuer: "http://id.example.org".into(), ..base.clone() }, "issuer"),
        (Provider { issuer: "http://localhost.example.org".into(), ..base.clone() }, "issuer"),
        (Provider { issuer: "id".into(), ..base.clone() }, "issuer"),
        (Provider { redirect_uri: "/callback".into(), ..base.clone() }, "redirect-uri"),
        (Provider { name: "a/b".into(), ..base.clone() }, "name"),
    ] {
        let e = SingleSignOn::new(provider, http()).map(|_| ()).unwrap_err();
        assert_eq!((e.code.as_ref(), e.places[0].at.as_str()), ("oidc.config", at));
    }
}
