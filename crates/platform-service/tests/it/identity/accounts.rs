//! Invitations, passwords, shutting out, another organization's people.

use crate::on_both;
use crate::support::{ADDRESS, PASSWORD, World, ada, done, enter, give, program, somebody};
use proofmark_base::error::Kind;
use proofmark_kernel::organization::{Organization, OrganizationId};
use proofmark_kernel::principal::{Caller, Credential, Grant, Principal, PrincipalId, PrincipalKind, Role};
use proofmark_platform_service::Platform;
use proofmark_platform_service::identity::accounts::{self, NewUser};
use proofmark_platform_service::identity::{authenticate, members, tokens, totp};
use proofmark_store::page::Page;
use proofmark_store::{Scope, organizations, principals};
use std::time::Duration;

on_both!(
    an_invitation_is_good_once_and_for_a_week,
    a_changed_password_ends_the_other_sessions,
    who_is_shut_out_is_out_at_once,
    another_organization_s_people_are_not_there,
    nobody_reaches_above_themselves,
);

const NEW: &str = "seven paper boats upstream";
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

async fn an_invitation_is_good_once_and_for_a_week(w: &World) {
    let p = &w.platform;
    let ada = ada(p).await;
    let new = NewUser { name: "Grace Hopper", email: "Grace@example.org", password: None };
    let (grace, link) = accounts::create_user(p, &ada.caller, new).await.unwrap();
    let link = link.unwrap();
    let taken = accounts::create_user(p, &ada.caller, new).await.unwrap_err();
    assert_eq!((taken.kind, taken.code.as_ref()), (Kind::Conflict, "principal.email-taken"));

    // a weak password does not cost the link, and the link is no credential
    let weak = accounts::accept(p, link.expose(), "GraceHopper1").await.unwrap_err();
    assert_eq!(weak.code, "password.weak");
    assert!(authenticate(p, link.expose(), ADDRESS).await.is_err());
    assert_eq!(accounts::accept(p, link.expose(), NEW).await.unwrap(), grace.id);
    assert_eq!(accounts::accept(p, link.expose(), NEW).await.unwrap_err().code, "link.refused");
    let session = enter(p, "grace@example.org", NEW).await.unwrap();

    // a later link ends the one before, and using it ends the sessions
    let first = accounts::invite(p, &ada.caller, grace.id).await.unwrap();
    let second = accounts::invite(p, &ada.caller, grace.id).await.unwrap();
    assert_eq!(accounts::accept(p, first.expose(), PASSWORD).await.unwrap_err().code, "link.refused");
    authenticate(p, session.secret.expose(), ADDRESS).await.unwrap();
    accounts::accept(p, second.expose(), PASSWORD).await.unwrap();
    assert!(authenticate(p, session.secret.expose(), ADDRESS).await.is_err());
    assert!(enter(p, "grace@example.org", NEW).await.is_err());
    enter(p, "grace@example.org", PASSWORD).await.unwrap();

    let late = accounts::invite(p, &ada.caller, grace.id).await.unwrap();
    w.clock.on(WEEK);
    let runs = p.identity.passwords.runs();
    assert_eq!(accounts::accept(p, late.expose(), NEW).await.unwrap_err().code, "link.refused");
    assert_eq!(p.identity.passwords.runs(), runs, "a bad link costs no hash");
    let ci = program(p, &ada.caller, &[]).await;
    assert_eq!(accounts::invite(p, &ada.caller, ci.id).await.unwrap_err().code, "principal.no-user");
}

async fn a_changed_password_ends_the_other_sessions(w: &World) {
    let p = &w.platform;
    let a = ada(p).await;
    let b = enter(p, "ada@example.org", PASSWORD).await.unwrap();
    let wrong = accounts::change_password(p, &b.caller, "not the password", NEW).await.unwrap_err();
    assert_eq!((wrong.kind, wrong.code.as_ref()), (Kind::Forbidden, "password.wrong"));
    let weak = accounts::change_password(p, &b.caller, PASSWORD, "ada ada ada ada").await.unwrap_err();
    assert_eq!(weak.code, "password.weak");
    accounts::change_password(p, &b.caller, PASSWORD, NEW).await.unwrap();
    assert!(authenticate(p, a.secret.expose(), ADDRESS).await.is_err());
    authenticate(p, b.secret.expose(), ADDRESS).await.unwrap();
    assert!(enter(p, "ada@example.org", PASSWORD).await.is_err());
    enter(p, "ada@example.org", NEW).await.unwrap();

    // whoever holds a session cannot try passwords without end
    let mut last = None;
    for _ in 0..7 {
        last = Some(accounts::change_password(p, &b.caller, "a wrong guess", PASSWORD).await.unwrap_err());
    }
    assert_eq!(last.unwrap().code, "sign-in.throttled");
    // a token changes no password, whatever it may do otherwise
    let token =
        Caller { credential: Credential::Token(proofmark_kernel::principal::TokenId::from_bits(1)), ..b.caller };
    assert_eq!(accounts::change_password(p, &token, NEW, PASSWORD).await.unwrap_err().code, "authorization.session");
}

async fn who_is_shut_out_is_out_at_once(w: &World) {
    let p = &w.platform;
    let ada = ada(p).await;
    let grace = somebody(p, &ada.caller, "grace", &[Role::Engineer]).await;
    let new = tokens::NewToken { name: "laptop", scopes: None, expires_at: w.platform.now().after(WEEK) };
    let (_, token) = tokens::create(p, &grace.caller, None, new).await.unwrap();
    for secret in [&grace.secret, &token] {
        authenticate(p, secret.expose(), ADDRESS).await.unwrap();
    }
    let link = accounts::invite(p, &ada.caller, grace.caller.principal).await.unwrap();
    accounts::disable(p, &ada.caller, grace.caller.principal).await.unwrap();
    for secret in [&grace.secret, &token] {
        assert!(authenticate(p, secret.expose(), ADDRESS).await.is_err());
    }
    assert_eq!(authenticate(p, token.expose(), ADDRESS).await.unwrap_err().code, "principal.disabled");
    assert_eq!(accounts::accept(p, link.expose(), NEW).await.unwrap_err().code, "link.refused");
    assert!(enter(p, "grace@example.org", PASSWORD).await.is_err());
    // let in again: the sessions are gone, the tokens work
    accounts::enable(p, &ada.caller, grace.caller.principal).await.unwrap();
    assert!(authenticate(p, grace.secret.expose(), ADDRESS).await.is_err());
    authenticate(p, token.expose(), ADDRESS).await.unwrap();
    accounts::revoke_credentials(p, &ada.caller, grace.caller.principal).await.unwrap();
    assert_eq!(authenticate(p, token.expose(), ADDRESS).await.unwrap_err().code, "token.revoked");
    let log = done(p, ada.caller.organization).await;
    for action in ["principal.create", "principal.disable", "principal.enable", "principal.revoke-credentials"] {
        assert_eq!(log.iter().filter(|a| *a == action).count(), 1, "{action} in {log:?}");
    }
}

/// Another organization with an owner of its own.
async fn elsewhere(p: &Platform) -> Caller {
    let now = p.now();
    let id = OrganizationId::new(now, &*p.random);
    let owner = Principal {
        id: PrincipalId::new(now, &*p.random),
        organization: id,
        kind: PrincipalKind::User,
        name: "Mallory".into(),
        email: Some("mallory@example.net".into()),
        disabled_at: None,
        created_at: now,
        version: 1,
    };
    let mut tx = p.database.begin(Scope::System).await.unwrap();
    organizations::insert(&mut tx, &Organization { id, name: "Elsewhere".into(), created_at: now, version: 1 })
        .await
        .unwrap();
    principals::insert(&mut tx, &owner).await.unwrap();
    principals::give(&mut tx, id, owner.id, Grant { role: Role::Owner, project: None }).await.unwrap();
    tx.commit().await.unwrap();
    Caller {
        principal: owner.id,
        organization: id,
        kind: PrincipalKind::User,
        grants: vec![Grant { role: Role::Owner, project: None }],
        credential: Credential::Session(proofmark_kernel::principal::SessionId::from_bits(1)),
        scopes: None,
    }
}

async fn another_organization_s_people_are_not_there(w: &World) {
    let p = &w.platform;
    let ada = ada(p).await;
    let mallory = elsewhere(p).await;
    let target = ada.caller.principal;
    let ci = program(p, &ada.caller, &[Role::Engineer]).await;
    let new = tokens::NewToken { name: "x", scopes: None, expires_at: p.now().after(WEEK) };
    let (token, _) = tokens::create(p, &ada.caller, Some(ci.id), new).await.unwrap();
    let role = Grant { role: Role::Viewer, project: None };
    let mut heard = vec![
        members::get(p, &mallory, target).await.unwrap_err(),
        members::grant(p, &mallory, target, role).await.unwrap_err(),
        members::revoke(p, &mallory, target, Grant { role: Role::Owner, project: None }).await.unwrap_err(),
        accounts::disable(p, &mallory, target).await.unwrap_err(),
        accounts::enable(p, &mallory, target).await.unwrap_err(),
        accounts::invite(p, &mallory, target).await.unwrap_err(),
        accounts::rename(p, &mallory, target, "Eve", 1).await.unwrap_err(),
        accounts::revoke_credentials(p, &mallory, target).await.unwrap_err(),
        totp::reset(p, &mallory, target).await.unwrap_err(),
        tokens::create(p, &mallory, Some(ci.id), new).await.unwrap_err(),
        tokens::get(p, &mallory, token.id).await.unwrap_err(),
        tokens::revoke(p, &mallory, token.id).await.unwrap_err(),
    ];
    assert!(heard.iter().all(|e| e.kind == Kind::NotFound), "{heard:?}");
    heard.retain(|e| e.code == "principal.not-found");
    assert_eq!(heard.len(), 10);
    let listed = members::list(p, &mallory, Page::default()).await.unwrap();
    assert_eq!(listed.items.iter().map(|m| m.principal.id).collect::<Vec<_>>(), [mallory.principal]);
    assert!(tokens::list(p, &mallory, None, Page::default()).await.unwrap().items.is_empty());
    assert!(tokens::list(p, &mallory, Some(ci.id), Page::default()).await.unwrap().items.is_empty());
    assert_eq!(members::list(p, &ada.caller, Page::default()).await.unwrap().items.len(), 2);
}

async fn nobody_reaches_above_themselves(w: &World) {
    let p = &w.platform;
    let ada = ada(p).await;
    let admin = somebody(p, &ada.caller, "admin", &[Role::Admin]).await;
    let viewer = somebody(p, &ada.caller, "viewer", &[Role::Viewer]).await;
    let owner = ada.caller.principal;
    for e in [
        accounts::invite(p, &admin.caller, owner).await.map(|_| ()).unwrap_err(),
        accounts::disable(p, &admin.caller, owner).await.map(|_| ()).unwrap_err(),
        accounts::rename(p, &admin.caller, owner, "Eve", 1).await.map(|_| ()).unwrap_err(),
        accounts::revoke_credentials(p, &admin.caller, owner).await.unwrap_err(),
        totp::reset(p, &admin.caller, owner).await.unwrap_err(),
    ] {
        assert_eq!((e.kind, e.code.as_ref()), (Kind::Forbidden, "member.above"));
    }
    // a service account that owns things is an owner's too
    let robot = program(p, &ada.caller, &[Role::Owner]).await;
    let new = tokens::NewToken { name: "x", scopes: None, expires_at: p.now().after(WEEK) };
    assert_eq!(tokens::create(p, &admin.caller, Some(robot.id), new).await.unwrap_err().code, "member.above");
    // and an admin helps everybody else
    accounts::invite(p, &admin.caller, viewer.caller.principal).await.unwrap();
    for e in [
        accounts::invite(p, &viewer.caller, admin.caller.principal).await.map(|_| ()).unwrap_err(),
        accounts::create_service_account(p, &viewer.caller, "x").await.map(|_| ()).unwrap_err(),
        accounts::disable(p, &viewer.caller, viewer.caller.principal).await.map(|_| ()).unwrap_err(),
    ] {
        assert_eq!((e.kind, e.code.as_ref()), (Kind::Forbidden, "authorization.denied"));
    }
    let renamed = accounts::rename(p, &viewer.caller, viewer.caller.principal, "Vera", 1).await.unwrap();
    assert_eq!((renamed.name.as_str(), renamed.version), ("Vera", 2));
    let stale = accounts::rename(p, &viewer.caller, viewer.caller.principal, "Vera", 1).await.unwrap_err();
    assert_eq!(stale.kind, Kind::Precondition);
    give(p, &admin.caller, viewer.caller.principal, Role::Engineer).await;
}
