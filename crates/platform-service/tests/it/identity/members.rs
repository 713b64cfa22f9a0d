//! Giving and taking roles.

use crate::on_both;
use crate::support::{ADDRESS, World, ada, done, give, program, somebody};
use proofmark_base::error::Kind;
use proofmark_kernel::organization::ProjectId;
use proofmark_kernel::principal::{Grant, PrincipalId, Role};
use proofmark_platform_service::identity::accounts::{self, NewUser};
use proofmark_platform_service::identity::{authenticate, members};
use proofmark_store::page::Page;

on_both!(
    a_role_counts_from_the_next_request_on,
    the_last_owner_stays,
    two_owners_cannot_take_each_other_away,
    nobody_gives_more_than_they_have,
);

const OWNER: Grant = Grant { role: Role::Owner, project: None };

async fn a_role_counts_from_the_next_request_on(w: &World) {
    let p = &w.platform;
    let ada = ada(p).await;
    let grace = somebody(p, &ada.caller, "grace", &[]).await;
    let id = grace.caller.principal;
    let held = async || authenticate(p, grace.secret.expose(), ADDRESS).await.unwrap().grants;
    assert_eq!(held().await, []);
    let viewer = Grant { role: Role::Viewer, project: None };
    assert!(members::grant(p, &ada.caller, id, viewer).await.unwrap());
    assert!(!members::grant(p, &ada.caller, id, viewer).await.unwrap());
    assert_eq!(held().await, [viewer]);
    assert!(members::revoke(p, &ada.caller, id, viewer).await.unwrap());
    assert!(!members::revoke(p, &ada.caller, id, viewer).await.unwrap());
    assert_eq!(held().await, []);
    let nowhere = Grant { role: Role::Viewer, project: Some(ProjectId::from_bits(5)) };
    assert_eq!(members::grant(p, &ada.caller, id, nowhere).await.unwrap_err().code, "project.not-found");
    let nobody = members::grant(p, &ada.caller, PrincipalId::from_bits(5), viewer).await.unwrap_err();
    assert_eq!(nobody.code, "principal.not-found");
    // everybody reads about themselves, and not everybody about others
    assert_eq!(members::get(p, &grace.caller, id).await.unwrap().principal.name, "grace");
    assert_eq!(members::get(p, &grace.caller, ada.caller.principal).await.unwrap_err().kind, Kind::Forbidden);
    assert_eq!(members::list(p, &grace.caller, Page::default()).await.unwrap_err().kind, Kind::Forbidden);
    let log = done(p, ada.caller.organization).await;
    assert_eq!(log.iter().filter(|a| *a == "member.grant").count(), 1, "what changed nothing is no change");
    assert_eq!(log.iter().filter(|a| *a == "member.revoke").count(), 1);
}

async fn the_last_owner_stays(w: &World) {
    let p = &w.platform;
    let ada = ada(p).await;
    let me = ada.caller.principal;
    let refused = async || {
        let taken = members::revoke(p, &ada.caller, me, OWNER).await.unwrap_err();
        assert_eq!((taken.kind, taken.code.as_ref()), (Kind::Conflict, "member.last-owner"));
        let out = accounts::disable(p, &ada.caller, me).await.unwrap_err();
        assert_eq!(out.code, "member.last-owner");
    };
    refused().await;
    // a program that owns things, and somebody who never came, are no owners to rely on
    program(p, &ada.caller, &[Role::Owner]).await;
    let invited = NewUser { name: "Grace", email: "grace@example.org", password: None };
    let (grace, link) = accounts::create_user(p, &ada.caller, invited).await.unwrap();
    give(p, &ada.caller, grace.id, Role::Owner).await;
    refused().await;
    accounts::accept(p, link.unwrap().expose(), "seven paper boats upstream").await.unwrap();
    assert!(members::revoke(p, &ada.caller, me, OWNER).await.unwrap());
    // what was refused left nothing behind
    let log = done(p, ada.caller.organization).await;
    assert_eq!(log.iter().filter(|a| *a == "member.revoke").count(), 1);
    assert!(!log.iter().any(|a| a == "principal.disable"));
}

async fn two_owners_cannot_take_each_other_away(w: &World) {
    let p = &w.platform;
    let a = ada(p).await;
    let b = somebody(p, &a.caller, "grace", &[Role::Owner]).await;
    for _ in 0..5 {
        let (x, y) = tokio::join!(
            members::revoke(p, &a.caller, b.caller.principal, OWNER),
            members::revoke(p, &b.caller, a.caller.principal, OWNER),
        );
        let refused = [&x, &y].into_iter().filter(|r| r.as_ref().is_err_and(|e| e.code == "member.last-owner"));
        assert_eq!(refused.count(), 1, "{x:?} {y:?}");
        let (left, gone) = if x.is_ok() { (&a, &b) } else { (&b, &a) };
        give(p, &left.caller, gone.caller.principal, Role::Owner).await;
    }
}

async fn nobody_gives_more_than_they_have(w: &World) {
    let p = &w.platform;
    let ada = ada(p).await;
    let admin = somebody(p, &ada.caller, "admin", &[Role::Admin]).await;
    let engineer = somebody(p, &ada.caller, "engineer", &[Role::Engineer]).await;
    let to = engineer.caller.principal;
    for role in Role::ALL {
        let given = members::grant(p, &admin.caller, to, Grant { role, project: None }).await;
        match role {
            Role::Owner => assert_eq!(given.unwrap_err().code, "member.above"),
            Role::Engineer => assert!(!given.unwrap()),
            _ => assert!(given.unwrap()),
        }
        let e = members::grant(p, &engineer.caller, to, Grant { role, project: None }).await.unwrap_err();
        assert_eq!(e.code, "authorization.denied");
    }
    let e = members::revoke(p, &admin.caller, ada.caller.principal, OWNER).await.unwrap_err();
    assert_eq!(e.code, "member.above");
    let ci = program(p, &ada.caller, &[Role::Engineer]).await;
    let approver = Grant { role: Role::Approver, project: None };
    assert_eq!(members::grant(p, &ada.caller, ci.id, approver).await.unwrap_err().code, "member.approver");
}
