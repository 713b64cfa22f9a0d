//! The log of a run as it is written.

use crate::world::{World, code_of};
use proofmark_kernel::run::{Run, RunEventKind, RunStatus};
use proofmark_store::{Scope, runs};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

async fn log(world: &World, run: &Run, number: usize) {
    let mut tx = world.platform.database.begin(Scope::System).await.unwrap();
    for i in 0..number {
        let data = json!({ "line": format!("line {i}\nand more") });
        runs::event(&mut tx, run.id, run.organization, world.platform.now(), RunEventKind::Log, data).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn end(world: &World, run: &mut Run) {
    let mut tx = world.platform.database.begin(Scope::System).await.unwrap();
    let now = world.platform.now();
    for next in [RunStatus::Running, RunStatus::Succeeded] {
        run.become_(next, now).unwrap();
        runs::update(&mut tx, run).await.unwrap();
    }
    let status = json!({ "status": "succeeded" });
    runs::event(&mut tx, run.id, run.organization, now, RunEventKind::Status, status).await.unwrap();
    tx.commit().await.unwrap();
}

/// Numbers of the events in a stream's text, after each was checked.
fn numbers(text: &str) -> Vec<i64> {
    let mut found = Vec::new();
    for block in text.split("\n\n").filter(|b| b.starts_with("id: ")) {
        let mut lines = block.lines();
        let id: i64 = lines.next().unwrap()["id: ".len()..].parse().unwrap();
        let kind = &lines.next().unwrap()["event: ".len()..];
        let data: Value = serde_json::from_str(&lines.next().unwrap()["data: ".len()..]).unwrap();
        assert_eq!((data["seq"].as_i64().unwrap(), data["kind"].as_str().unwrap()), (id, kind));
        assert_eq!(lines.next(), None);
        found.push(id);
    }
    found
}

async fn whole(world: &World, secret: &str, run: &Run, query: &str) -> Vec<i64> {
    let path = format!("/api/v1/runs/{}/events{query}", run.id);
    let answer = world.request(Method::GET, &path, secret).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    numbers(&tokio::time::timeout(Duration::from_secs(30), answer.text()).await.expect("the stream ends").unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_sees_what_was_and_what_comes_until_the_end() {
    let world = World::new().await;
    let secret = world.secret().await;
    let project = world.project().await;
    let mut run = world.run(&project).await;
    log(&world, &run, 600).await;
    let watching = whole(&world, &secret, &run, "");
    let writing = async {
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_millis(150)).await;
            log(&world, &run, 30).await;
        }
        end(&world, &mut run.clone()).await;
    };
    let (seen, ()) = tokio::join!(watching, writing);
    let last = *seen.last().unwrap();
    assert!(last > 750);
    assert_eq!(seen, (1..=last).collect::<Vec<_>>(), "without gaps, each once");
    run = runs::find(&mut world.platform.database.read(Scope::System).await.unwrap(), run.id).await.unwrap().unwrap();
    assert_eq!(whole(&world, &secret, &run, &format!("?after={}", last - 3)).await, [last - 2, last - 1, last]);
    assert_eq!(whole(&world, &secret, &run, &format!("?after={last}")).await, Vec::<i64>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_that_comes_back_goes_on() {
    let world = World::new().await;
    let secret = world.secret().await;
    let project = world.project().await;
    let mut run = world.run(&project).await;
    log(&world, &run, 10).await;
    end(&world, &mut run).await;
    let path = format!("/api/v1/runs/{}/events?after=1", run.id);
    let get = |id: &'static str| world.request(Method::GET, &path, &secret).header("last-event-id", id).send();
    let seen = numbers(&get("8").await.unwrap().text().await.unwrap());
    assert_eq!(seen.first(), Some(&9), "Last-Event-ID goes before `after`");
    assert_eq!(code_of(get("99").await.unwrap(), 400).await, "run.event");
    assert_eq!(code_of(get("x").await.unwrap(), 400).await, "request.header");
    assert_eq!(code_of(get("-1").await.unwrap(), 400).await, "request.header");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_watchers_see_the_same() {
    let world = World::new().await;
    let secret = world.secret().await;
    let project = world.project().await;
    let run = world.run(&project).await;
    let watching = (0..100).map(|_| whole(&world, &secret, &run, ""));
    let writing = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        log(&world, &run, 50).await;
        end(&world, &mut run.clone()).await;
    };
    let (seen, ()) = tokio::join!(futures_util::future::join_all(watching), writing);
    let last = *seen[0].last().unwrap();
    assert!(last > 50 && seen.iter().all(|s| *s == (1..=last).collect::<Vec<_>>()));
}
