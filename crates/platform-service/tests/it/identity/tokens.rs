//! API tokens: what they are limited to, and when they end.

use crate::on_both;
use crate::support::{ADDRESS, World, ada, done, program, somebody};
use proofmark_base::error::Kind;
use proofmark_base::time::Clock;
use proofmark_kernel::action::Action;
use proofmark_kernel::principal::{Credential, PrincipalKind, Role};
use proofmark_platform_service::Platform;
use proofmark_platform_service::identity::tokens::{self, NewToken};
use proofmark_platform_service::identity::{Identity, authenticate, sessions, totp};
use proofmark_store::page::Page;
use std::sync::Arc;
use std::time::Duration;

on_both!(
    a_token_acts_within_its_scopes,
    a_revoked_token_is_refused_at_once_here_and_soon_elsewhere,
    a_token_ends,
    a_token_makes_nothing_stronger_than_itself,
    tokens_of_service_accounts,
    what_is_no_token_is_refused,
    use_is_noted_once_a_minute,
);

const HOUR: Duration = Duration::from_secs(60 * 60);

fn scopes(list: &[&str]) -> Vec<String> {
    list.iter().map(|s| s.to_string()).collect()
}

async fn a_token_acts_within_its_scopes(w: &World) {
    let p = &w.platform;
    let ada = ada(p).await;
    let grace = somebody(p, &ada.caller, "grace", &[Role::Engineer]).await;
    let wanted = scopes(&["run.*", "*.read", "run.create"]);
    let new = NewToken { name: " laptop ", scopes: Some(&wanted), expires_at: p.now().after(HOUR) };
    let (token, secret) = tokens::create(p, &grace.caller, None, new).await.unwrap();
    assert_eq!(
        (token.name.as_str(), token.scopes.clone()),
        ("laptop", Some(scopes(&["*.read", "run.*", "run.create"])))
    );
    let caller = authenticate(p, secret.expose(), ADDRESS).await.unwrap();
    assert_eq!(caller.credential, Credential::Token(token.id));
    assert_eq!((caller.kind, caller.grants.clone()), (PrincipalKind::User, grace.caller.grants.clone()));
    p.authorizer.check(&caller, Action::RunCreate, None).unwrap();
    assert_eq!(p.authorizer.check(&caller, Action::ArtifactCreate, None).unwrap_err().code, "authorization.scope");
    assert_eq!(p.authorizer.check(&caller, Action::AuditRead, None).unwrap_err().code, "authorization.denied");
    assert_eq!(tokens::create(p, &caller, None, new).await.unwrap_err().code, "authorization.scope");
    assert_eq!(totp::enrol(p, &caller, "x").await.unwrap_err().code, "authorization.scope");
    // the owner sees it, an admin sees it, others do not
    assert_eq!(tokens::get(p, &grace.caller, token.id).await.unwrap().name, "laptop");
    assert_eq!(tokens::get(p, &ada.caller, token.id).await.unwrap().id, token.id);
    let other = somebody(p, &ada.caller, "other", &[Role::Engineer]).await;
    for e in [
        tokens::get(p, &other.caller, token.id).await.map(|_| ()).unwrap_err(),
        tokens::revoke(p, &other.caller, token.id).await.unwrap_err(),
    ] {
        assert_eq!((e.kind, e.code.as_ref()), (Kind::NotFound, "token.not-found"));
    }
    let e = tokens::list(p, &other.caller, Some(grace.caller.principal), Page::default()).await.unwrap_err();
    assert_eq!(e.code, "authorization.denied");
    let own = tokens::list(p, &grace.caller, Some(grace.caller.principal), Page::default()).await.unwrap();
    assert_eq!(own.items.len(), 1);
}

async fn a_revoked_token_is_refused_at_once_here_and_soon_elsewhere(w: &World) {
    let p = &w.platform;
    // another process on the same database: its own memory
    let elsewhere = Platform { identity: Arc::new(Identity::default()), ..p.clone() };
    let ada = ada(p).await;
    let new = NewToken { name: "laptop", scopes: None, expires_at: p.now().after(HOUR) };
    let (token, secret) = tokens::create(p, &ada.caller, None, new).await.unwrap();
    let caller = authenticate(p, secret.expose(), ADDRESS).await.unwrap();
    authenticate(&elsewhere, secret.expose(), ADDRESS).await.unwrap();
    // the token itself may do it: whoever finds one can end it
    tokens::revoke(p, &caller, token.id).await.unwrap();
    let e = authenticate(p, secret.expose(), ADDRESS).await.unwrap_err();
    assert_eq!((e.kind, e.code.as_ref()), (Kind::Unauthenticated, "token.revoked"));
    w.clock.on(Duration::from_secs(3));
    assert_eq!(authenticate(&elsewhere, secret.expose(), ADDRESS).await.unwrap_err().code, "token.revoked");
    assert_eq!(tokens::revoke(p, &ada.caller, token.id).await.unwrap_err().code, "token.revoked");
    let log = done(p, ada.caller.organization).await;
    assert_eq!(log[log.len() - 2..], ["token.create", "token.revoke"]);
}

async fn a_token_ends(w: &World) {
    let p = &w.platform;
    let ada = ada(p).await;
    let create =
        async |expires_at| tokens::create(p, &ada.caller, None, NewToken { name: "x", scopes: None, expires_at }).await;
    for wrong in [p.now(), p.now().before(HOUR), p.now().after(tokens::LONGEST + HOUR)] {
        let e = create(wrong).await.unwrap_err();
        assert_eq!((e.code.as_ref(), e.places[0].at.as_str()), ("token.expiry", "/expires_at"));
    }
    let (_, secret) = create(p.now().after(Duration::from_secs(2))).await.unwrap();
    authenticate(p, secret.expose(), ADDRESS).await.unwrap();
    // to the moment, although it was looked up a moment ago
    w.clock.on(Duration::from_secs(2));
    assert_eq!(authenticate(p, secret.expose(), ADDRESS).await.unwrap_err().code, "token.expired");
}

async fn a_token_makes_nothing_stronger_than_itself(w: &World) {
    let p = &w.platform;
    let ada = ada(p).await;
    let wanted = scopes(&["token.own", "run.read"]);
    let ends = p.now().after(HOUR);
    let new = NewToken { name: "a", scopes: Some(&wanted), expires_at: ends };
    let (_, secret) = tokens::create(p, &ada.caller, None, new).await.unwrap();
    let caller = authenticate(p, secret.expose(), ADDRESS).await.unwrap();
    let create = async |scopes: Option<&[String]>, expires_at| {
        tokens::create(p, &caller, None, NewToken { name: "b", scopes, expires_at }).await
    };
    create(Some(&scopes(&["run.read"])), ends).await.unwrap();
    assert_eq!(create(Some(&scopes(&["run.*"])), ends).await.unwrap_err().code, "token.scope");
    assert_eq!(create(None, ends).await.unwrap_err().code, "token.scope");
    let longer = create(Some(&scopes(&["run.read"])), ends.after(HOUR)).await.unwrap_err();
    assert_eq!(longer.code, "token.expiry");
    assert_eq!(sessions::revoke_others(p, &caller).await.unwrap_err().code, "authorization.session");
    assert_eq!(sessions::sign_out(p, &caller).await.unwrap_err().kind, Kind::NotFound);
    let e = create(Some(&scopes(&["run.fly"])), ends).await.unwrap_err();
    assert_eq!((e.code.as_ref(), e.places[0].at.as_str()), ("token.scope", "/scopes/0"));
}

async fn tokens_of_service_accounts(w: &World) {
    let p = &w.platform;
    let ada = ada(p).await;
    let admin = somebody(p, &ada.caller, "admin", &[Role::Admin]).await;
    let engineer = somebody(p, &ada.caller, "engineer", &[Role::Engineer]).await;
    let ci = program(p, &ada.caller, &[Role::Engineer]).await;
    let new = NewToken { name: "pipeline", scopes: None, expires_at: p.now().after(HOUR) };
    assert_eq!(tokens::create(p, &engineer.caller, Some(ci.id), new).await.unwrap_err().code, "authorization.denied");
    let (token, secret) = tokens::create(p, &admin.caller, Some(ci.id), new).await.unwrap();
    assert_eq!((token.principal, token.created_by), (ci.id, admin.caller.principal));
    let caller = authenticate(p, secret.expose(), ADDRESS).await.unwrap();
    assert_eq!((caller.principal, caller.kind), (ci.id, PrincipalKind::ServiceAccount));
    p.authorizer.check(&caller, Action::RunCreate, None).unwrap();
    assert!(p.authorizer.check(&caller, Action::ApprovalDecide, None).is_err());
    // nobody makes a person's token but the person
    let person = Some(engineer.caller.principal);
    assert_eq!(tokens::create(p, &ada.caller, person, new).await.unwrap_err().code, "token.person");
    // it renews its own
    tokens::create(p, &caller, None, new).await.unwrap();
    assert_eq!(tokens::list(p, &admin.caller, Some(ci.id), Page::default()).await.unwrap().items.len(), 2);
}

async fn what_is_no_token_is_refused(w: &World) {
    let p = &w.platform;
    let ada = ada(p).await;
    let new = NewToken { name: "x", scopes: None, expires_at: p.now().after(HOUR) };
    let (_, secret) = tokens::create(p, &ada.caller, None, new).await.unwrap();
    let text = secret.expose();
    let digest = secret.hash().to_string();
    for wrong in [
        &text[..text.len() - 1],
        &format!("{text}0"),
        &format!(" {text}"),
        &text.replace("pmt_", "pms_"),
        &digest,
        "pmt_' OR 1=1 --",
        "\0",
    ] {
        let e = authenticate(p, wrong, ADDRESS).await.unwrap_err();
        assert_eq!((e.kind, e.code.as_ref()), (Kind::Unauthenticated, "credential.invalid"), "{wrong}");
    }
    authenticate(p, text, ADDRESS).await.unwrap();
}

async fn use_is_noted_once_a_minute(w: &World) {
    let p = &w.platform;
    let ada = ada(p).await;
    let new = NewToken { name: "x", scopes: None, expires_at: p.now().after(HOUR) };
    let (token, secret) = tokens::create(p, &ada.caller, None, new).await.unwrap();
    assert_eq!(token.seen_at, None);
    let seen = async || tokens::get(p, &ada.caller, token.id).await.unwrap().seen_at;
    let first = w.clock.now();
    authenticate(p, secret.expose(), ADDRESS).await.unwrap();
    for _ in 0..1_000 {
        if seen().await.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(seen().await, Some(first));
    for _ in 0..9 {
        w.clock.on(Duration::from_secs(6));
        authenticate(p, secret.expose(), ADDRESS).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(seen().await, Some(first));
    w.clock.on(Duration::from_secs(6));
    authenticate(p, secret.expose(), ADDRESS).await.unwrap();
    for _ in 0..1_000 {
        if seen().await != Some(first) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(seen().await, Some(w.clock.now()));
}
