//! One server and two workers on PostgreSQL, S3 and NATS; the worker that works is killed.

use crate::processes::{Server, Site, Watcher, begin, client, pause, token, worker};
use proofmark_testkit::services::{self, OwnPostgres};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Status of a health endpoint, and its JSON.
async fn health(url: &str, path: &str) -> (u16, serde_json::Value) {
    let answer = client().get(format!("{url}{path}")).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// Waits until `/readyz` has that dependency in that state.
async fn shows(url: &str, name: &str, ready: bool) {
    let began = Instant::now();
    loop {
        let (_, found) = health(url, "/readyz").await;
        let dependencies = found["dependencies"].as_array().unwrap();
        if let Some(one) = dependencies.iter().find(|d| d["name"] == name && d["ready"] == ready) {
            assert_eq!(one["reason"].is_null(), ready, "{one}");
            assert_eq!(health(url, "/livez").await.0, 200);
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{name} is not shown as {ready}: {found}");
        pause(200).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_take_over_from_each_other_and_give_the_bytes_of_the_command_line() {
    let site = Site::shared().await;
    let server = site.server("127.0.0.1:0");
    let token = token(&server, &client()).await;
    let mut there = begin(&server.url, &token, &site.at("project"), &site.at("there"));
    let watcher = Watcher::new(&server, &token);
    let run = watcher.run().await;
    // nobody works yet: the run waits
    pause(500).await;
    assert!(!there.ended() && watcher.steps(&run).await.unwrap().is_empty());
    let first = site.worker();
    watcher.works_on(&run, "model").await;
    let second = site.worker();
    // SIGKILL, wherever it is in its steps
    drop(first);
    assert!(!there.ended());
    there.end().await;
    drop((second, server));
    site.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_away_is_named_and_waited_for_and_nothing_is_lost() {
    let (postgres, nats) =
        tokio::task::spawn_blocking(|| (services::own_postgres(), services::own_nats())).await.unwrap();
    let (postgres, events) = (Arc::new(Mutex::new(postgres)), nats.url().to_string());
    let own = Arc::clone(&postgres);
    let made = move || {
        let mut postgres = own.lock().unwrap();
        let database = postgres.fresh_database();
        postgres.stop();
        database
    };
    let site = Site::new(made, || events).await;
    let blocking = async |what: fn(&mut OwnPostgres)| {
        let postgres = Arc::clone(&postgres);
        tokio::task::spawn_blocking(move || what(&mut postgres.lock().unwrap())).await.unwrap();
    };
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{free}");

    // the server and its workers start without their database
    let (variables, listen) = (site.environment.clone(), free.to_string());
    let server = tokio::task::spawn_blocking(move || Server::run(&["--listen", &listen], &variables));
    let health = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut variables = site.environment.clone();
    variables.push(("PROOFMARK_HEALTH_LISTEN", health.to_string()));
    let works = worker(&variables);
    let health_url = format!("http://{health}");
    let began = Instant::now();
    while tokio::net::TcpStream::connect(free).await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(30), "the server does not listen");
        pause(50).await;
    }
    shows(&url, "database", false).await;
    shows(&health_url, "database", false).await;
    assert_eq!(client().get(format!("{url}/api/v1/me")).send().await.unwrap().status(), 503);
    blocking(OwnPostgres::start).await;
    let server = server.await.unwrap();
    shows(&url, "database", true).await;
    shows(&health_url, "executor", true).await;
    let token = token(&server, &client()).await;

    // both go away in the middle of a run, the database by a crash
    let mut there = begin(&server.url, &token, &site.at("project"), &site.at("there"));
    let watcher = Watcher::new(&server, &token);
    watcher.works_on(&watcher.run().await, "model").await;
    let mut nats = tokio::task::spawn_blocking(move || {
        let mut nats = nats;
        nats.stop();
        nats
    })
    .await
    .unwrap();
    blocking(OwnPostgres::crash).await;
    shows(&url, "database", false).await;
    shows(&url, "events", false).await;
    shows(&health_url, "events", false).await;
    blocking(OwnPostgres::start).await;
    let nats = tokio::task::spawn_blocking(move || {
        nats.start();
        nats
    })
    .await
    .unwrap();
    shows(&url, "database", true).await;
    shows(&url, "events", true).await;
    there.end().await;
    shows(&health_url, "executor", true).await;
    // taken every ten seconds
    let began = Instant::now();
    loop {
        let figures = client().get(format!("{health_url}/metrics")).send().await.unwrap().text().await.unwrap();
        if figures.contains("proofmark_flow_queued_runs{queue=\"silicon.c\"} 0") {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{figures}");
        pause(500).await;
    }
    drop((server, works));
    site.undisturbed().await;
    tokio::task::spawn_blocking(move || drop((postgres, nats))).await.unwrap();
}
