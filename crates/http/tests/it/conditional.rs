//! Entity tags, versions, pages.

use crate::world::{World, code_of, json_of};
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_made_on_what_was_seen() {
    let world = World::new().await;
    let secret = world.secret().await;
    let made =
        world.request(Method::POST, "/api/v1/projects", &secret).json(&json!({ "name": "a" })).send().await.unwrap();
    assert_eq!(made.headers()["etag"], "\"1\"");
    let id = json_of(made, StatusCode::CREATED).await["id"].as_str().unwrap().to_string();
    let path = format!("/api/v1/projects/{id}");
    let patch = |tag: &'static str| {
        let request = world.request(Method::PATCH, &path, &secret).json(&json!({ "name": "b" }));
        if tag.is_empty() { request } else { request.header("if-match", tag) }.send()
    };
    assert_eq!(code_of(patch("").await.unwrap(), 428).await, "request.if-match");
    assert_eq!(code_of(patch("*").await.unwrap(), 412).await, "request.stale");
    assert_eq!(code_of(patch("\"2\"").await.unwrap(), 412).await, "version.stale");
    let changed = patch("\"1\"").await.unwrap();
    assert_eq!(changed.headers()["etag"], "\"2\"");
    assert_eq!(json_of(changed, StatusCode::OK).await["name"], "b");
    assert_eq!(code_of(patch("\"1\"").await.unwrap(), 412).await, "version.stale");

    let get = |tag: &'static str| world.request(Method::GET, &path, &secret).header("if-none-match", tag).send();
    assert_eq!(get("\"1\"").await.unwrap().status(), StatusCode::OK);
    let known = get("\"1\", W/\"2\"").await.unwrap();
    assert_eq!((known.status(), known.headers()["etag"].to_str().unwrap()), (StatusCode::NOT_MODIFIED, "\"2\""));
    let head = world.request(Method::HEAD, &path, &secret).send().await.unwrap();
    assert_eq!((head.status(), head.headers()["etag"].to_str().unwrap()), (StatusCode::OK, "\"2\""));
    assert!(head.bytes().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_writers_of_one_version_do_not_both_win() {
    let world = World::new().await;
    let secret = world.secret().await;
    let path = format!("/api/v1/projects/{}", world.project().await.id);
    let writes = (0..8).map(|i| {
        let body = json!({ "name": format!("name {i}") });
        world.request(Method::PATCH, &path, &secret).header("if-match", "\"1\"").json(&body).send()
    });
    let answers = futures_util::future::join_all(writes).await;
    let mut statuses: Vec<u16> = answers.into_iter().map(|a| a.unwrap().status().as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412, 412, 412, 412, 412]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_show_everything_once() {
    let world = World::new().await;
    let secret = world.secret().await;
    let mut wanted = BTreeSet::new();
    for _ in 0..7 {
        wanted.insert(world.project().await.id.to_string());
    }
    let mut found = Vec::new();
    let mut path = "/api/v1/projects?limit=3".to_string();
    let mut first_cursor = String::new();
    for _ in 0..10 {
        let page = json_of(world.request(Method::GET, &path, &secret).send().await.unwrap(), StatusCode::OK).await;
        found.extend(page["items"].as_array().unwrap().iter().map(|p| p["id"].as_str().unwrap().to_string()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        if first_cursor.is_empty() {
            first_cursor = next.to_string();
            // what is made meanwhile does not disturb the pages that follow
            world.project().await;
        }
        path = format!("/api/v1/projects?limit=3&cursor={next}");
    }
    assert_eq!(found.len(), 7);
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), wanted);
    let elsewhere = format!("/api/v1/projects?archived=true&cursor={first_cursor}");
    let answer = world.request(Method::GET, &elsewhere, &secret).send().await.unwrap();
    assert_eq!(code_of(answer, 400).await, "request.cursor");
    let broken = format!("/api/v1/projects?cursor={}A", first_cursor);
    let answer = world.request(Method::GET, &broken, &secret).send().await.unwrap();
    assert_eq!(code_of(answer, 400).await, "request.cursor");
}
