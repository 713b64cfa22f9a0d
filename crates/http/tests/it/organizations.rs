//! The organization: read, renamed by those who may, and not there for others.

use crate::world::{World, code_of, json_of};
use proofmark_kernel::principal::Role;
use proofmark_platform_service::identity::tokens;
use proofmark_store::{Scope, audit};
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn it_is_renamed_on_the_version_that_was_seen() {
    let world = World::new().await;
    let secret = world.secret().await;
    let me = json_of(world.request(Method::GET, "/api/v1/me", &secret).send().await.unwrap(), StatusCode::OK).await;
    let path = format!("/api/v1/organizations/{}", me["organization"].as_str().unwrap());
    let get = || world.request(Method::GET, &path, &secret);
    let read = get().send().await.unwrap();
    assert_eq!(read.headers()["etag"], "\"1\"");
    assert_eq!(json_of(read, StatusCode::OK).await["name"], "First");
    assert_eq!(get().header("if-none-match", "\"1\"").send().await.unwrap().status(), 304);

    let patch = |name: &str| world.request(Method::PATCH, &path, &secret).json(&json!({ "name": name }));
    assert_eq!(code_of(patch("Radio").send().await.unwrap(), 428).await, "request.if-match");
    let renamed = patch(" Radio ").header("if-match", "\"1\"").send().await.unwrap();
    assert_eq!(renamed.headers()["etag"], "\"2\"");
    assert_eq!(json_of(renamed, StatusCode::OK).await["name"], "Radio");
    let late = patch("Television").header("if-match", "\"1\"").send().await.unwrap();
    assert_eq!(code_of(late, 412).await, "version.stale");
    let empty = patch("  ").header("if-match", "\"2\"").send().await.unwrap();
    assert_eq!(code_of(empty, 400).await, "name.invalid");

    let mut tx = world.platform.database.read(Scope::System).await.unwrap();
    let log = audit::list(&mut tx, world.organization, 0, 100).await.unwrap();
    let entries: Vec<_> = log.iter().filter(|e| e.action == "organization.update").collect();
    assert_eq!(entries.len(), 1, "what was refused left nothing");
    assert_eq!(entries[0].detail, r#"{"name":"Radio","before":"First"}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_one_is_not_there_and_a_token_does_what_its_scopes_say() {
    let world = World::new().await;
    let (_, stranger) = world.session(&world.user(world.other, &[Role::Owner]).await).await;
    let path = format!("/api/v1/organizations/{}", world.organization);
    let get = world.request(Method::GET, &path, &stranger).send().await.unwrap();
    assert_eq!(code_of(get, 404).await, "organization.not-found");
    let patch =
        world.request(Method::PATCH, &path, &stranger).header("if-match", "\"1\"").json(&json!({ "name": "Mine" }));
    assert_eq!(code_of(patch.send().await.unwrap(), 404).await, "organization.not-found");

    let scopes = ["organization.read".to_string()];
    let expires_at = world.platform.now().after(Duration::from_secs(600));
    let new = tokens::NewToken { name: "reader", scopes: Some(&scopes), expires_at };
    let owner = world.session(&world.owner).await.0;
    let (_, token) = tokens::create(&world.platform, &owner, None, new).await.unwrap();
    let get = world.request(Method::GET, &path, token.expose()).send().await.unwrap();
    assert_eq!(json_of(get, StatusCode::OK).await["name"], "First");
    let patch = world.request(Method::PATCH, &path, token.expose()).header("if-match", "\"1\"");
    let refused = patch.json(&json!({ "name": "Mine" })).send().await.unwrap();
    assert_eq!(code_of(refused, 403).await, "authorization.scope");
}
