//! A request that is sent again is answered again, and carried out once.

use crate::world::{World, code_of, json_of};
use proofmark_base::digest::Digest;
use proofmark_store::idempotency::{self, Request};
use proofmark_store::{Scope, projects};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

async fn number_of_projects(world: &World) -> usize {
    let mut tx = world.platform.database.read(Scope::System).await.unwrap();
    projects::list(&mut tx, world.organization, false, Default::default()).await.unwrap().items.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_is_carried_out_once() {
    let world = World::new().await;
    let secret = world.secret().await;
    let post = |key: &str, body: Value| {
        world.request(Method::POST, "/api/v1/projects", &secret).header("idempotency-key", key).json(&body).send()
    };
    let first = post("a", json!({ "name": "one" })).await.unwrap();
    assert!(!first.headers().contains_key("idempotency-replayed"));
    let first = json_of(first, StatusCode::CREATED).await;
    let again = post("a", json!({ "name": "one" })).await.unwrap();
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    assert_eq!(again.headers()["etag"], "\"1\"");
    assert_eq!(again.headers()["content-type"], "application/json");
    assert_eq!(json_of(again, StatusCode::CREATED).await, first);
    assert_eq!(number_of_projects(&world).await, 1);

    assert_eq!(code_of(post("a", json!({ "name": "two" })).await.unwrap(), 422).await, "idempotency.mismatch");
    // what was refused did nothing: with the key the mended request goes through
    assert_eq!(code_of(post("b", json!({ "name": "one" })).await.unwrap(), 409).await, "project.name-taken");
    assert_eq!(post("b", json!({ "name": "two" })).await.unwrap().status(), StatusCode::CREATED);
    for bad in ["", "two words", &"k".repeat(256)] {
        assert_eq!(code_of(post(bad, json!({ "name": "x" })).await.unwrap(), 400).await, "idempotency.key");
    }
    assert_eq!(number_of_projects(&world).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_one_is_carried_out() {
    let world = World::new().await;
    let secret = world.secret().await;
    let posts = (0..10).map(|_| {
        let request = world.request(Method::POST, "/api/v1/projects", &secret);
        request.header("idempotency-key", "k").json(&json!({ "name": "one" })).send()
    });
    for answer in futures_util::future::join_all(posts).await {
        let answer = answer.unwrap();
        match answer.status() {
            StatusCode::CREATED => {}
            StatusCode::CONFLICT => {
                assert_eq!(answer.headers()["retry-after"], "1");
                assert_eq!(code_of(answer, 409).await, "idempotency.in-progress");
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!(number_of_projects(&world).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_ones_own() {
    let world = World::new().await;
    let (mine, theirs) = (world.secret().await, world.session(&world.author).await.1);
    for (secret, name) in [(&mine, "one"), (&theirs, "two")] {
        let request = world.request(Method::POST, "/api/v1/projects", secret).header("idempotency-key", "k");
        assert_eq!(request.json(&json!({ "name": name })).send().await.unwrap().status(), StatusCode::CREATED);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_was_cut_off_is_not_carried_out_again_in_the_dark() {
    let world = World::new().await;
    let secret = world.secret().await;
    // as a process leaves it that died in the middle, five minutes ago
    let began = world.platform.now().before(Duration::from_secs(300));
    let request = Request {
        principal: world.owner.principal,
        organization: world.organization,
        key: "k".into(),
        fingerprint: Digest::of(b"POST /api/v1/projects Query { pairs: [] }\n{\"name\":\"one\"}"),
    };
    let mut tx = world.platform.database.begin(Scope::System).await.unwrap();
    let until = began.after(Duration::from_secs(86_400));
    idempotency::begin(&mut tx, &request, began, until).await.unwrap();
    tx.commit().await.unwrap();
    let post = world.request(Method::POST, "/api/v1/projects", &secret).header("idempotency-key", "k");
    let answer = post.json(&json!({ "name": "one" })).send().await.unwrap();
    assert_eq!(code_of(answer, 409).await, "idempotency.unknown");
    assert_eq!(number_of_projects(&world).await, 0);
}
