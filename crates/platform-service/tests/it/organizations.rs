//! The organization is its own people's, on both databases: use cases and row-level security agree.

use crate::on_both;
use crate::support::{World, ada, done, somebody};
use proofmark_base::error::Kind;
use proofmark_kernel::organization::{Organization, OrganizationId};
use proofmark_kernel::principal::Role;
use proofmark_platform_service::organizations;
use proofmark_store::{Scope, organizations as rows};

on_both!(it_is_renamed_by_those_who_may_and_another_is_not_there);

async fn it_is_renamed_by_those_who_may_and_another_is_not_there(w: &World) {
    let p = &w.platform;
    let ada = ada(p).await.caller;
    let here = ada.organization;
    let other =
        Organization { id: OrganizationId::from_bits(7), name: "Other".into(), created_at: p.now(), version: 1 };
    let mut tx = p.database.begin(Scope::System).await.unwrap();
    rows::insert(&mut tx, &other).await.unwrap();
    tx.commit().await.unwrap();

    let viewer = somebody(p, &ada, "viewer", &[Role::Viewer]).await.caller;
    assert_eq!(organizations::get(p, &viewer, here).await.unwrap().name, "Analytical Engines");
    let refused = organizations::rename(p, &viewer, here, "Mine", 1).await.unwrap_err();
    assert_eq!((refused.kind, refused.code.as_ref()), (Kind::Forbidden, "authorization.denied"));
    let renamed = organizations::rename(p, &ada, here, "Engines", 1).await.unwrap();
    assert_eq!((renamed.name.as_str(), renamed.version), ("Engines", 2));
    assert_eq!(organizations::get(p, &viewer, here).await.unwrap(), renamed);
    assert_eq!(organizations::rename(p, &ada, here, "Late", 1).await.unwrap_err().code, "version.stale");
    for id in [other.id, OrganizationId::from_bits(8)] {
        assert_eq!(organizations::get(p, &ada, id).await.unwrap_err().code, "organization.not-found");
        let gone = organizations::rename(p, &ada, id, "Mine", 1).await.unwrap_err();
        assert_eq!(gone.code, "organization.not-found");
    }
    let mut tx = p.database.read(Scope::System).await.unwrap();
    assert_eq!(rows::get(&mut tx, other.id).await.unwrap(), Some(other));
    let log = done(p, here).await;
    assert_eq!(log.iter().filter(|a| *a == "organization.update").count(), 1);
}
